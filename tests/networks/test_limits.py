"""Each network's own counting, and what it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.base import OutgoingPost
from networks.limits import LIMITS, PictureFacts, count, problems, too_long

NARROW, NO_BREAK = "\u202f", "\u00a0"
FAMILY = "👨‍👩‍👧‍👦"  # one grapheme of seven code points: 11 UTF-16 units, 25 bytes
LINK = "https://laregionquiose.example.org/programme/mobilites/questions-reponses?page=2#train"


@pytest.mark.parametrize(
    ("text", "x", "mastodon", "bluesky", "telegram"),
    [
        ("", 0, 0, 0, 0),
        ("abc", 3, 3, 3, 3),
        ("é", 1, 1, 1, 1),
        ("e\u0301", 1, 1, 1, 2),  # the same letter in two code points, as a Mac writes file names
        ("œ", 1, 1, 1, 1),
        ("…", 2, 1, 1, 1),  # French traps on X: these weigh 2
        ("€", 2, 1, 1, 1),
        ("•", 2, 1, 1, 1),
        ("→", 2, 1, 1, 1),
        ("™", 2, 1, 1, 1),
        (NARROW, 2, 1, 1, 1),
        (f"Osez{NARROW}!", 7, 6, 6, 6),
        (NO_BREAK, 1, 1, 1, 1),  # these weigh 1
        ("’", 1, 1, 1, 1),
        ("–", 1, 1, 1, 1),
        ("«»", 2, 2, 2, 2),
        (f"«{NO_BREAK}oui{NO_BREAK}»", 7, 7, 7, 7),
        ("漢", 2, 1, 1, 1),
        ("🚆", 2, 1, 1, 2),  # beyond the first plane: two UTF-16 units
        ("❤️", 2, 1, 1, 2),  # a sign and its variation selector
        ("💃🏾", 2, 1, 1, 4),  # with a colour of skin
        ("🇫🇷", 2, 1, 1, 4),  # a flag of two letters
        (FAMILY, 2, 1, 1, 11),
        ("a\nb", 3, 3, 3, 3),
        ("#LaRégionQuiOse", 15, 15, 15, 15),
        (LINK, 23, 23, len(LINK), len(LINK)),
        ("http://a.fr", 23, 23, 11, 11),  # a short one is not shorter
        (f"Lire {LINK} ici", 32, 32, len(LINK) + 9, len(LINK) + 9),
        (f"({LINK}).", 26, 26, len(LINK) + 3, len(LINK) + 3),  # what follows an address counts by itself
        (f"{LINK}{NARROW}!", 26, 25, len(LINK) + 2, len(LINK) + 2),
        (f"{LINK} {LINK}", 47, 47, 2 * len(LINK) + 1, 2 * len(LINK) + 1),
        ("exemple.org", 23, 11, 11, 11),  # a bare domain is an address on X alone
        ("@ines", 5, 5, 5, 5),
        ("@ines@mastodon.example.org", 26, 5, 26, 26),  # only the local part counts on Mastodon
        ("Merci @ines@mastodon.example.org !", 34, 13, 34, 34),
        ("ines@exemple.org", 16, 16, 16, 16),  # an address of mail is no mention
    ],
)
def test_complaint_7_a_text_is_counted_by_each_networks_own_rule(text, x, mastodon, bluesky, telegram):
    counted = {network: count(network, text) for network in ("x", "mastodon", "bluesky", "telegram")}
    if "@ines@mastodon" in text:
        del counted["x"]  # X sees an address in it; what it makes of it is not known
        assert counted == {"mastodon": mastodon, "bluesky": bluesky, "telegram": telegram}
    else:
        assert counted == {"x": x, "mastodon": mastodon, "bluesky": bluesky, "telegram": telegram}


def test_an_unknown_network_is_not_guessed():
    with pytest.raises(KeyError):
        count("myspace", "abc")


@pytest.mark.parametrize(
    ("network", "most", "unit"),
    [
        ("telegram", 4096, "characters"),
        ("x", 280, "weighted characters"),
        ("mastodon", 500, "characters"),
        ("bluesky", 300, "graphemes"),
    ],
)
def test_a_text_at_the_limit_is_taken_and_one_more_is_not(network, most, unit):
    assert problems(network, OutgoingPost("1", "a" * most)) == []
    assert not too_long(network, "a" * most)
    assert too_long(network, "a" * (most + 1))
    assert problems(network, OutgoingPost("1", "a" * (most + 1))) == [
        f"{network} takes {most} {unit}, the text has {most + 1}: shorten it, or write a version for {network}"
    ]


def test_bluesky_counts_bytes_too():
    assert problems("bluesky", OutgoingPost("1", FAMILY * 120)) == []  # 120 graphemes, 3,000 bytes
    assert not too_long("bluesky", FAMILY * 120)
    assert too_long("bluesky", FAMILY * 121)
    assert problems("bluesky", OutgoingPost("1", FAMILY * 121)) == ["bluesky takes 3000 bytes, the text has 3025"]


@pytest.mark.parametrize("network", LIMITS)
def test_the_link_behind_the_text_is_counted_with_it(network):
    text = "a" * (LIMITS[network].characters - count(network, LINK) - 2)
    assert problems(network, OutgoingPost("1", text, LINK)) == []
    assert len(problems(network, OutgoingPost("1", f"{text}a", LINK))) == 1
    assert problems(network, OutgoingPost("1", f"{text} {LINK}", LINK)) == []  # stands in the text already


@pytest.mark.parametrize("network", LIMITS)
def test_an_empty_post_is_refused_unless_it_has_a_picture(network):
    assert problems(network, OutgoingPost("1", " \n")) == ["the post is empty: write a text"]
    assert problems(network, OutgoingPost("1", ""), (PictureFacts("a.png", "image/png", 64, 48, 100),)) == []


def facts(mime="image/jpeg", width=1200, height=675, size=100_000, alt=""):
    return PictureFacts("a.jpg", mime, width, height, size, alt)


@pytest.mark.parametrize(
    ("network", "picture", "expected"),
    [
        ("telegram", facts(), []),
        ("telegram", facts(size=10_000_000), []),
        ("telegram", facts(size=10_100_000), ["picture a.jpg: telegram takes 10 MB, it has 10.1 MB"]),
        ("telegram", facts(width=9000, height=1000), []),
        (
            "telegram",
            facts(width=9000, height=1001),
            ["picture a.jpg: telegram takes width + height up to 10000 pixels, it has 10001"],
        ),
        ("telegram", facts(width=2000, height=100), []),
        ("telegram", facts(width=100, height=2500), ["picture a.jpg: telegram takes a ratio up to 20, it has 25"]),
        ("telegram", facts("image/gif"), ["picture a.jpg: telegram takes JPEG, PNG, WEBP, this is image/gif"]),
        ("telegram", facts(alt="é" * 1025), ["description of a.jpg: telegram takes 1024 characters, it has 1025"]),
        ("x", facts("image/gif"), []),
        ("x", facts(width=9000, height=9000), []),  # no limit of pixels is known
        ("x", facts(size=5_100_000), ["picture a.jpg: x takes 5 MB, it has 5.1 MB"]),
        ("x", facts("image/tiff"), ["picture a.jpg: x takes GIF, JPEG, PNG, WEBP, this is image/tiff"]),
        ("x", facts(alt="é" * 1000), []),
        ("x", facts(alt="é" * 1001), ["description of a.jpg: x takes 1000 characters, it has 1001"]),
        ("mastodon", facts(size=16_100_000), ["picture a.jpg: mastodon takes 16 MB, it has 16.1 MB"]),
        ("mastodon", facts(alt="é" * 1501), ["description of a.jpg: mastodon takes 1500 characters, it has 1501"]),
        ("bluesky", facts(size=1_100_000), []),  # made smaller on its way out
        ("bluesky", facts(size=20_100_000), ["picture a.jpg: bluesky takes 20 MB, it has 20.1 MB"]),
        ("bluesky", facts("image/gif"), ["picture a.jpg: bluesky takes JPEG, PNG, WEBP, this is image/gif"]),
        ("facebook", facts("image/gif"), []),
        ("facebook", facts("image/webp", size=4_000_000), []),
        ("facebook", facts(size=4_100_000), ["picture a.jpg: facebook takes 4 MB, it has 4.1 MB"]),
        ("facebook", facts("image/bmp"), ["picture a.jpg: facebook takes GIF, JPEG, PNG, WEBP, this is image/bmp"]),
        ("mail", facts(size=1_800_000), []),
        ("mail", facts(size=1_900_000), ["picture a.jpg: mail takes 1.8 MB, it has 1.9 MB"]),
        ("mail", facts("image/webp"), ["picture a.jpg: mail takes GIF, JPEG, PNG, this is image/webp"]),
        (
            "telegram",  # everything at once
            facts("image/gif", 30_000, 1_000, 20_000_000),
            [
                "picture a.jpg: telegram takes JPEG, PNG, WEBP, this is image/gif",
                "picture a.jpg: telegram takes 10 MB, it has 20.0 MB",
                "picture a.jpg: telegram takes width + height up to 10000 pixels, it has 31000",
                "picture a.jpg: telegram takes a ratio up to 20, it has 30",
            ],
        ),
    ],
)
def test_a_picture_is_held_against_the_networks_limits(network, picture, expected):
    assert problems(network, OutgoingPost("1", "a"), (picture,)) == expected


@pytest.mark.parametrize(
    ("network", "most"), [("telegram", 10), ("x", 4), ("mastodon", 4), ("bluesky", 4), ("facebook", 10), ("mail", 4)]
)
def test_a_post_takes_so_many_pictures_and_no_more(network, most):
    assert problems(network, OutgoingPost("1", "a"), (facts(),) * most) == []
    assert problems(network, OutgoingPost("1", "a"), (facts(),) * (most + 1)) == [
        f"pictures: {network} takes {most}, the post has {most + 1}"
    ]


@given(st.text(max_size=300), st.sampled_from(sorted(LIMITS)))
def test_no_text_breaks_the_counting(text, network):
    assert count(network, text) >= 0
    assert too_long(network, text) is (
        count(network, text) > LIMITS[network].characters or (network == "bluesky" and len(text.encode()) > 3000)
    )
