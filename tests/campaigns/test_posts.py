"""Writing a post: each check with its limit and its measured value, and the rows that it becomes."""

from datetime import UTC, datetime

import pytest
from sqlmodel import col, func, select

from campaigns import posts
from campaigns.media import NewPicture
from campaigns.models import Channel, Media, Post, PostState, PostVersion, Publication, PublicationState, Wording
from campaigns.posts import NewPost, PostRefused, Problem, add_post, check_post

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
TELEGRAM = Channel(id=1, campaign_id=1, network="telegram", name="Canal Telegram")
X = Channel(id=2, campaign_id=1, network="x", name="Compte X")
BLUESKY = Channel(id=3, campaign_id=1, network="bluesky", name="Ciel")
NARROW = "\u202f"  # the narrow no-break space of French typography


def good(**changes):
    values = {
        "title": "Lancement",
        "text": "Rendez-vous samedi",
        "publish_at": datetime(2027, 1, 16, 8, 30),
        "channels": (TELEGRAM, X),
    }
    return NewPost(**values | changes)


def test_a_good_post_has_no_problem():
    assert check_post(good(link="https://exemple.org/a?b=c#d"), NOW) == []


def test_a_draft_needs_no_moment():
    assert check_post(good(publish_at=None), NOW) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"title": "  "}, "title: is empty: give the post a title"),
        ({"title": "é" * 201}, "title: has 201 characters, at most 200"),
        ({"text": "\n "}, "text: is empty: write what is to be said"),
        ({"channels": ()}, "channels: names no channel, and there is no share kit: the post would go nowhere"),
        # links
        ({"link": "exemple.org"}, "link: “exemple.org” is not a web address"),  # without a scheme
        ({"link": "javascript:alert(1)"}, "link: “javascript:alert(1)” is not a web address"),
        ({"link": "https://exemple"}, "link: “https://exemple” is not a web address"),  # no dot in the host
        ({"link": "https://"}, "link: “https://” is not a web address"),
        ({"link": "https://[::1"}, "link: “https://[::1” is not a web address"),  # what urlsplit itself refuses
        ({"link": "https://exemple.org/a b"}, "it must begin with https:// and hold no space"),
        # moments
        ({"publish_at": datetime(2026, 12, 1, 8, 59)}, "publish_at: 2026-12-01 08:59 (Europe/Paris) is in the past"),
        ({"publish_at": datetime(2027, 3, 28, 2, 30)}, "publish_at: 2027-03-28 02:30 does not exist in Europe/Paris"),
        ({"publish_at": datetime(1, 1, 1)}, "publish_at: "),
        ({"timezone": "Europe/Pari"}, "timezone: time zone “Europe/Pari” does not exist"),
        ({"timezone": "Timezone", "publish_at": None}, "timezone: time zone “Timezone” does not exist"),  # of a draft
        # lengths
        ({"text": "a" * 4097, "channels": (TELEGRAM,)}, "text: telegram takes 4096 characters, the text has 4097"),
        ({"text": "a" * 281, "channels": (X,)}, "text: x takes 280 weighted characters, the text has 281"),
        ({"versions": {"x": "a" * 281}}, "text.x: x takes 280 weighted characters, the text has 281"),
        ({"text": "a" * 301, "channels": (BLUESKY,)}, "text: bluesky takes 300 graphemes, the text has 301"),
        ({"text": "👨‍👩‍👧‍👦" * 121, "channels": (BLUESKY,)}, "text: bluesky takes 3000 bytes, the text has 3025"),
    ],
)
def test_each_check_names_its_field_its_limit_and_what_was_measured(changes, expected):
    found = check_post(good(**changes), NOW)
    assert len(found) == 1
    assert expected in str(found[0])


@pytest.mark.parametrize("text", ["", "  ", "---", "---\n \n---"])
def test_a_text_that_says_nothing_is_named_once(text):
    assert [str(problem) for problem in check_post(good(text=text), NOW)] == [
        "text: is empty: write what is to be said"
    ]


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("a" * 279, 279),
        ("é" * 279, 279),
        ("a" * 277 + "…", 279),  # the ellipsis weighs 2
        ("a" * 277 + "€", 279),
        ("a" * 276 + NARROW + "!", 279),  # so does the narrow no-break space before "!"
        ("a" * 275 + "«\u00a0»’", 279),  # quotes, the apostrophe and the plain no-break space weigh 1
        ("a" * 277 + "👨‍👩‍👧‍👦", 279),  # a whole family weighs 2
        ("a" * 255 + " https://exemple.org/" + "long" * 90, 279),  # an address weighs 23
    ],
)
def test_x_is_counted_as_x_counts(text, weight):
    at_limit = good(text=f"{text}a", channels=(X,)) if "https" not in text else good(text=f"a{text}", channels=(X,))
    assert check_post(at_limit, NOW) == []
    over = at_limit.text.replace("a", "aa", 1)
    assert f"the text has {weight + 2}" in str(check_post(good(text=over, channels=(X,)), NOW)[0])


def test_the_link_is_counted_with_the_text():
    link = "https://exemple.org/" + "long/" * 50
    assert check_post(good(text="a" * 255, link=link, channels=(X,)), NOW) == []  # 255 + 2 + 23
    assert "the text has 281" in str(check_post(good(text="a" * 256, link=link, channels=(X,)), NOW)[0])


def test_a_version_is_counted_in_place_of_the_text_on_its_network_alone():
    assert check_post(good(text="a" * 500, versions={"x": "court"}), NOW) == []
    assert [p.field for p in check_post(good(text="a" * 500, versions={"mastodon": "court"}), NOW)] == ["text"]


def test_everything_that_is_wrong_is_said_at_once(picture):
    bad = good(
        title="", text="a" * 5000, link="ici", publish_at=datetime(2020, 1, 1), pictures=(NewPicture("a", b"?"),)
    )
    assert [p.field for p in check_post(bad, NOW)] == ["title", "link", "publish_at", "image", "text", "text"]


@pytest.mark.parametrize(
    ("kind", "size", "alt", "count", "expected"),
    [
        ("GIF", (64, 48), "", 1, "image: picture a: telegram takes JPEG, PNG, WEBP, this is image/gif"),
        (
            "PNG",
            (9000, 1001),
            "",
            1,
            "image: picture a: telegram takes width + height up to 10000 pixels, it has 10001",
        ),
        ("PNG", (2100, 100), "", 1, "image: picture a: telegram takes a ratio up to 20, it has 21"),
        ("PNG", (64, 48), "é" * 1025, 1, "alt: description of a: telegram takes 1024 characters, it has 1025"),
        ("PNG", (64, 48), "", 11, "image: pictures: telegram takes 10, the post has 11"),
    ],
)
def test_pictures_are_held_against_the_networks_limits(picture, kind, size, alt, count, expected):
    pictures = tuple(NewPicture("a", picture(kind, *size), alt) for _ in range(count))
    assert list(map(str, check_post(good(channels=(TELEGRAM,), pictures=pictures), NOW))) == [expected]


def test_a_picture_that_is_too_heavy_for_one_network_names_it(picture):
    heavy = picture("PNG") + b"\0" * 5_100_000
    assert [str(p) for p in check_post(good(pictures=(NewPicture("a.png", heavy),)), NOW)] == [
        "image: picture a.png: x takes 5 MB, it has 5.1 MB"
    ]


def test_a_blank_version_is_no_version():
    """It is not stored, so the text itself goes out, and is what is counted."""
    assert check_post(good(versions={"x": " "}), NOW) == []
    assert [p.field for p in check_post(good(text="a" * 281, versions={"x": " "}), NOW)] == ["text"]


async def _rows(database) -> dict[str, int]:
    async with database.read() as session:
        tables = (Post, PostVersion, Wording, Media, Publication)
        return {t.__name__: await session.scalar(select(func.count()).select_from(t)) for t in tables}


async def test_a_post_becomes_its_rows(database, add, telegram, x, campaign, picture, clock):
    stored = await add(
        telegram,
        x,
        title=" Lancement ",
        text=" Bonjour ",
        link="https://exemple.org",
        publish_at=datetime(2027, 1, 16, 8, 30),
        timezone="Indian/Reunion",
        versions={"x": "Court", "telegram": " "},
        wordings=("Un", "", "Deux"),
        pictures=(NewPicture("a.png", picture("PNG"), "Une affiche"),),
    )
    assert (stored.title, stored.text, stored.state) == ("Lancement", "Bonjour", PostState.scheduled)
    assert await _rows(database) == {"Post": 1, "PostVersion": 1, "Wording": 2, "Media": 1, "Publication": 2}
    async with database.read() as session:
        rows = (await session.scalars(select(Publication))).all()
        assert {(p.channel_id, p.state, p.due_at) for p in rows} == {
            (channel.id, PublicationState.queued, datetime(2027, 1, 16, 4, 30, tzinfo=UTC)) for channel in (telegram, x)
        }
        assert [m.alt for m in await posts.pictures_of(session, stored.id)] == ["Une affiche"]


async def test_the_wall_clock_is_kept_with_its_zone(database, add, telegram, campaign):
    """The hour that was meant can be shown again, also behind a clock change."""
    stored = await add(telegram, publish_at=datetime(2027, 10, 31, 2, 30), timezone="Europe/Paris")
    async with database.read() as session:
        again = await posts.find_post(session, campaign.id, stored.id)
    assert again.timezone == "Europe/Paris"
    assert again.publish_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)  # the first 02:30 of that night


async def test_a_draft_has_publications_without_a_moment(database, add, telegram):
    stored = await add(telegram, publish_at=None)
    assert stored.state is PostState.draft
    async with database.read() as session:
        assert (await session.scalars(select(Publication.due_at))).all() == [None]


async def test_nothing_is_stored_of_a_refused_post(database, add, telegram, picture, tmp_path):
    with pytest.raises(PostRefused) as refused:
        await add(telegram, text="a" * 4097, pictures=(NewPicture("a.png", picture("PNG")),), wordings=("Un",))
    assert refused.value.problems[0].field == "text"
    assert set((await _rows(database)).values()) == {0}
    assert not (tmp_path / "media").exists()


async def test_a_channel_of_another_campaign_is_refused(database, add, telegram, rival):
    with pytest.raises(PostRefused) as refused:
        await add(telegram, campaign_id=rival.id)
    assert refused.value.problems == (Problem("channels", "“Canal Telegram” belongs to another campaign"),)
    assert set((await _rows(database)).values()) == {0}


async def test_a_cancelled_post_takes_back_what_is_not_out_and_leaves_what_is(
    database, add, telegram, x, campaign, clock
):
    stored = await add(telegram, x)
    async with database.write() as session:
        out = await session.scalar(select(Publication).where(col(Publication.channel_id) == telegram.id))
        out.state = PublicationState.published
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, stored.id, clock())
    async with database.read() as session:
        assert (await posts.find_post(session, campaign.id, stored.id)).state is PostState.cancelled
        publications = (await posts.publications_of(session, [stored.id]))[stored.id]
    assert [(channel.name, publication.state) for publication, channel in publications] == [
        ("Canal Telegram", PublicationState.published),
        ("Compte X", PublicationState.cancelled),
    ]


async def test_two_campaigns_never_see_each_others_posts(database, add, telegram, campaign, rival, clock):
    ours, theirs = await add(telegram), await add(campaign_id=rival.id)
    async with database.write() as session:
        assert [p.id for p in await posts.posts_of(session, campaign.id)] == [ours.id]
        assert [p.id for p in await posts.posts_of(session, rival.id)] == [theirs.id]
        assert [p.id for p in await posts.posts_to_share(session, rival.id, clock())] == [theirs.id]
        assert await posts.find_post(session, rival.id, ours.id) is None
        await posts.cancel_post(session, rival.id, ours.id, clock())  # does nothing
        assert (await posts.find_post(session, campaign.id, ours.id)).state is PostState.scheduled


async def test_posts_stand_with_the_latest_moment_first_and_drafts_on_top(database, add, telegram, campaign):
    for title, day in (("un", 10), ("deux", 12), ("trois", 11)):
        await add(telegram, title=title, publish_at=datetime(2027, 1, day, 8, 0))
    await add(telegram, title="brouillon", publish_at=None)
    async with database.read() as session:
        assert [p.title for p in await posts.posts_of(session, campaign.id)] == ["brouillon", "deux", "trois", "un"]
        assert [p.title for p in await posts.posts_of(session, campaign.id, limit=2)] == ["brouillon", "deux"]


async def test_only_open_share_kits_are_offered(database, add, telegram, campaign, clock):
    await add(title="ouvert")
    await add(telegram, title="sans kit", share_kit=False)
    await add(title="plus tard", publish_at=datetime(2027, 1, 10, 8, 0))
    await add(title="brouillon", publish_at=None)
    taken_back = await add(title="repris")
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, taken_back.id, clock())
        assert [p.title for p in await posts.posts_to_share(session, campaign.id, clock())] == ["ouvert"]


async def test_a_post_whose_picture_cannot_be_kept_leaves_no_row(
    database, campaign, telegram, clock, picture, tmp_path
):
    (tmp_path / "media").write_text("a file where the folder should be")
    new = good(channels=(telegram,), pictures=(NewPicture("a.png", picture("PNG")),))
    with pytest.raises(OSError, match="media"):
        async with database.write() as session:
            await add_post(session, campaign.id, new, media_dir=tmp_path / "media", now=clock())
    assert set((await _rows(database)).values()) == {0}
