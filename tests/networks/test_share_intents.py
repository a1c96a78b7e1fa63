"""Share windows: each network's address, with nothing lost on the way, and long texts cut at a word."""

from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import limits
from networks.limits import LIMITS, count, too_long
from networks.share_intents import IGNORES_TEXT, LABELS, SHARE_INTENTS, fitting, share_intent

LINK = "https://ose.example.org/s/AbC-123_xyz"
TEXT = "« L’eau n’est à personne\u202f! » 100 % d’audace + 1 € & #LaRégionQuiOse 💧"
Q = quote(LINK, safe="")


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("whatsapp", f"https://wa.me/?text=Osons%20%21%0A%0A{Q}"),
        ("facebook", f"https://www.facebook.com/sharer/sharer.php?u={Q}"),
        ("x", f"https://x.com/intent/tweet?text=Osons%20%21&url={Q}"),
        ("telegram", f"https://t.me/share/url?url={Q}&text=Osons%20%21"),
        ("bluesky", f"https://bsky.app/intent/compose?text=Osons%20%21%0A%0A{Q}"),
        ("mastodon", f"https://share.joinmastodon.org/#text=Osons%20%21%0A%0A{Q}"),  # the fragment stays in the browser
        ("threads", f"https://www.threads.com/intent/post?text=Osons%20%21&url={Q}"),
        ("linkedin", f"https://www.linkedin.com/sharing/share-offsite/?url={Q}"),
        ("mail", f"mailto:?subject=Osons%20%21&body=Osons%20%21%0A%0A{Q}"),
        ("sms", f"sms:?&body=Osons%20%21%0A%0A{Q}"),
    ],
)
def test_each_network_has_its_own_address(network, address):
    assert share_intent(network, "Osons !", LINK) == address


def test_every_network_with_a_window_is_tested_above_and_has_a_label():
    tested = {mark.args[1][i][0] for mark in test_each_network_has_its_own_address.pytestmark for i in range(10)}
    assert tested == set(SHARE_INTENTS) == set(LABELS)
    assert set(SHARE_INTENTS) >= IGNORES_TEXT


def test_a_network_without_a_window_is_not_guessed():
    with pytest.raises(KeyError):
        share_intent("myspace", TEXT, LINK)


@pytest.mark.parametrize("network", SHARE_INTENTS)
def test_the_address_is_plain_ascii_without_plus_or_space(network):
    address = share_intent(network, TEXT, LINK)
    assert address.isascii()
    assert not set("+ \n\"<>'«»") & set(address)


@pytest.mark.parametrize("network", sorted(set(SHARE_INTENTS) - IGNORES_TEXT))
def test_text_and_link_arrive_as_they_were(network):
    parts = urlsplit(share_intent(network, TEXT, LINK))
    arrived = parse_qs(parts.query or parts.fragment, strict_parsing=False)
    said = "\n".join(value for name in ("text", "body", "url") for value in arrived.get(name, ()))
    assert TEXT in said
    assert LINK in said


@pytest.mark.parametrize("network", sorted(IGNORES_TEXT))
def test_a_network_that_ignores_the_text_is_not_sent_it(network):
    assert "audace" not in unquote(share_intent(network, TEXT, LINK))


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Osons\nla région", "Osons"),  # the first line
        ("a" * 100, "a" * 80),
        ("\nOsons", ""),
        ("", ""),
    ],
)
def test_a_mails_subject_is_the_beginning_of_its_first_line(text, subject):
    assert parse_qs(urlsplit(share_intent("mail", text, LINK)).query).get("subject", [""]) == [subject]


def test_without_a_text_the_link_stands_alone():
    assert share_intent("whatsapp", "", LINK) == f"https://wa.me/?text={Q}"


@pytest.mark.parametrize("network", ["x", "bluesky", "mastodon"])
def test_a_text_that_fits_is_not_touched(network):
    assert fitting(network, TEXT, LINK) == TEXT
    most = LIMITS[network].characters - count(network, LINK) - 2
    assert fitting(network, "a" * most, LINK) == "a" * most


@pytest.mark.parametrize("network", ["telegram", "whatsapp", "facebook", "threads", "mail", "sms"])
def test_a_network_that_takes_long_texts_is_given_all_of_it(network):
    assert fitting(network, "mot " * 2000, LINK) == "mot " * 2000


@pytest.mark.parametrize("network", ["x", "bluesky", "mastodon"])
def test_a_long_text_is_cut_at_a_word_and_keeps_as_many_as_go(network):
    words = [f"mot{n}" for n in range(200)]
    cut = fitting(network, " ".join(words), LINK)
    kept = cut.removesuffix("…").split(" ")
    assert cut.endswith("…")
    assert kept == words[: len(kept)]
    assert not too_long(network, f"{cut}\n\n{LINK}")
    assert too_long(network, " ".join(words[: len(kept) + 1]) + f"…\n\n{LINK}")


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("a" * 240 + ", " + "b" * 100, "aaa…"),  # no comma before the ellipsis
        ("a" * 240 + ".\n" + " b" * 100, "b…"),
        ("a" * 240 + " :\u202f" + "b" * 100, "aaa…"),
        ("a" * 400, "…"),  # one word that is too long by itself
        (" " * 400, "…"),
    ],
)
def test_a_cut_leaves_no_punctuation_hanging(text, end):
    cut = fitting("x", text, LINK)
    assert cut.endswith(end)
    assert not too_long("x", f"{cut}\n\n{LINK}")


def test_a_cut_on_bluesky_also_keeps_to_the_bytes():
    cut = fitting("bluesky", "👨‍👩‍👧‍👦👨‍👩‍👧‍👦 " * 100, LINK)
    assert 2900 < len(f"{cut}\n\n{LINK}".encode()) <= 3000


def test_the_longest_text_of_a_post_is_counted_a_few_times_only(monkeypatch):
    """It runs when somebody taps a button, and X's counting takes milliseconds: the cut is found by halving."""
    counted = []
    monkeypatch.setattr(limits, "too_long", lambda network, text: counted.append(text) or too_long(network, text))
    text = "Chères camarades, voilà la suite de l’histoire de notre région… " * 64
    fitting("x", text[:4096], LINK)
    assert 0 < len(counted) <= 2 + len(text.split()).bit_length()


@given(st.text(max_size=700), st.sampled_from(sorted(SHARE_INTENTS)))
def test_every_text_gets_an_address_that_fits(text, network):
    assert share_intent(network, text, LINK).isascii()
    if network in ("x", "bluesky", "mastodon"):
        assert not too_long(network, f"{fitting(network, text, LINK)}\n\n{LINK}")
