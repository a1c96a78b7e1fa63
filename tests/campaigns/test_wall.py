"""The support wall holds the badges of those who said yes, each person's once, and lets go of them at once."""

import io
from datetime import timedelta

import pytest
from PIL import Image
from sqlmodel import col, select

from campaigns import supporters
from campaigns.consents import has_consent
from campaigns.installation import add_territory
from campaigns.models import Consent, Purpose, Territory, WallBadge
from campaigns.supporters import Joining
from campaigns.wall import LONGEST_NAME, SMALL, WALL_WORDING, put_up, small, take_down, take_down_of, wall, wall_size

BADGE = b"a small badge, as bytes"


@pytest.fixture
def hang(database, campaign, clock):
    """Put a badge up: `await hang(person)`; without a person, that of somebody on the web page."""

    async def up(supporter=None, *, where=campaign, **changes):
        values = {"first_name": "Maëlle", "picture": BADGE, "territory_id": None, "language": "fr", "now": clock()}
        async with database.write() as session:
            return await put_up(session, where, supporter=supporter, **(values | changes))

    return up


@pytest.fixture
def shown(database, campaign):
    """The first names on the wall, as the page shows them."""

    async def names(where=campaign, limit=50, offset=0):
        async with database.read() as session:
            return [badge.first_name for badge in await wall(session, where.id, limit=limit, offset=offset)]

    return names


@pytest.fixture
def agrees(database, campaign):
    async def to_the_wall(person, where=campaign):
        async with database.read() as session:
            return await has_consent(session, person.id, where.id, Purpose.wall)

    return to_the_wall


async def test_a_supporters_badge_goes_up_with_the_consent_to_it(database, join, hang, agrees, campaign, clock):
    person, _ = await join(42, Purpose.contact)
    badge = await hang(person)
    assert (badge.picture, badge.wording, badge.shown_at) == (BADGE, WALL_WORDING, clock())
    assert await agrees(person)
    async with database.read() as session:
        consent = await session.scalar(select(Consent).where(col(Consent.purpose) == Purpose.wall))
    assert (consent.wording, consent.language, consent.given_at) == (WALL_WORDING, "fr", clock())


async def test_somebody_without_the_bot_is_no_supporter_and_their_yes_stands_with_the_badge(database, hang, clock):
    badge = await hang(language="en")
    assert (badge.supporter_id, badge.wording, badge.language) == (None, WALL_WORDING, "en")
    async with database.read() as session:
        assert (await session.scalars(select(Consent))).all() == []


async def test_a_new_badge_takes_the_place_of_the_persons_earlier_one_and_of_nobody_elses(
    database, join, hang, shown, campaign
):
    person, _ = await join(42)
    other, _ = await join(43)
    await hang(other, first_name="Awa")
    first = await hang(person)
    second = await hang(person, first_name="Maëlle-Anne", picture=b"another")
    assert await shown() == ["Maëlle-Anne", "Awa"]
    assert first.token != second.token
    async with database.read() as session:
        yes = [c for c in await session.scalars(select(Consent)) if c.purpose is Purpose.wall]
    assert len(yes) == 2  # one each; who agrees already is not written twice


async def test_the_newest_badge_comes_first_and_the_wall_is_read_by_pages(database, hang, shown, campaign, clock):
    for name in ("un", "deux", "trois"):
        await hang(first_name=name)
        clock.advance(timedelta(minutes=1))
    await hang(first_name="quatre")
    await hang(first_name="cinq")  # at the same moment
    assert await shown() == ["cinq", "quatre", "trois", "deux", "un"]
    assert await shown(limit=2, offset=2) == ["trois", "deux"]
    async with database.read() as session:
        assert await wall_size(session, campaign.id) == 5


async def test_each_campaign_has_a_wall_of_its_own(join, hang, shown, agrees, database, campaign, rival):
    person, _ = await join(42, Purpose.contact)
    await join(42, Purpose.contact, campaign_id=rival.id)
    await hang(person)
    assert await shown(rival) == [] and not await agrees(person, rival)
    await hang(person, where=rival, first_name="M.")
    async with database.write() as session:
        await take_down_of(session, person.id, rival.id)
        assert await wall_size(session, rival.id) == 0
    assert await shown() == ["Maëlle"]


async def test_the_secret_link_takes_a_badge_down_once(database, hang, shown, clock):
    await hang(first_name="Awa")
    badge = await hang()
    async with database.write() as session:
        assert await take_down(session, badge.token, clock()) is True
    async with database.write() as session:
        assert await take_down(session, badge.token, clock()) is False
    assert await shown() == ["Awa"]


@pytest.mark.parametrize("token", ["", "forged", "%", "' OR 1=1 --"])
async def test_a_forged_link_takes_nothing_down(database, hang, shown, clock, token):
    await hang()
    async with database.write() as session:
        assert await take_down(session, token, clock()) is False
    assert await shown() == ["Maëlle"]


async def test_a_supporters_link_takes_their_consent_back_too(database, join, hang, agrees, clock):
    person, _ = await join(42, Purpose.contact)
    badge = await hang(person)
    clock.advance(timedelta(days=1))
    async with database.write() as session:
        await take_down(session, badge.token, clock())
    assert not await agrees(person)
    async with database.read() as session:
        consents = {c.purpose: c.withdrawn_at for c in await session.scalars(select(Consent))}
    assert consents == {Purpose.contact: None, Purpose.wall: clock()}


async def withdraw(session, person, campaign, now):
    await supporters.set_consents(session, person, campaign.id, (), now, among={Purpose.wall})


async def stop(session, person, campaign, now):
    await supporters.stop(session, person, campaign.id, now)


async def erase(session, person, campaign, now):
    await supporters.forget(session, person, now)


@pytest.mark.parametrize("end", [withdraw, stop, erase])
async def test_a_badge_goes_at_once_when_its_consent_ends(database, join, hang, shown, campaign, clock, end):
    person, _ = await join(42)
    other, _ = await join(43)
    await hang(person)
    await hang(other, first_name="Awa")
    await hang(first_name="Inès")  # on the web page
    async with database.write() as session:
        await end(session, await supporters.find_supporter(session, 42), campaign, clock())
    assert await shown() == ["Inès", "Awa"]
    async with database.read() as session:
        assert BADGE in [badge.picture for badge in await session.scalars(select(WallBadge))]  # theirs
        assert len((await session.scalars(select(WallBadge))).all()) == 2


@pytest.mark.parametrize("end", [withdraw, stop])
async def test_who_came_down_may_go_up_again(database, join, hang, shown, agrees, campaign, clock, end):
    person, _ = await join(42)
    await hang(person)
    async with database.write() as session:
        await end(session, person, campaign, clock())
    assert not await agrees(person)
    await hang(person)
    assert await agrees(person) and await shown() == ["Maëlle"]


@pytest.mark.parametrize("purpose", [Purpose.contact, Purpose.counting, Purpose.remembering])
async def test_another_consent_that_ends_leaves_the_badge_up(database, join, hang, shown, campaign, clock, purpose):
    person, _ = await join(42)
    await hang(person)
    async with database.write() as session:
        await supporters.set_consents(session, person, campaign.id, (), clock(), among={purpose})
    assert await shown() == ["Maëlle"]


async def test_joining_again_asks_nothing_of_the_wall_and_leaves_the_badge_up(
    database, join, hang, shown, agrees, campaign, clock
):
    person, _ = await join(42, Purpose.contact, Purpose.counting)
    await hang(person)
    again = Joining(campaign.id, 42, "Maëlle", "fr", frozenset({Purpose.contact}), clock())
    async with database.write() as session:
        await supporters.join(session, again)
        assert not await has_consent(session, person.id, campaign.id, Purpose.counting)
    assert await agrees(person) and await shown() == ["Maëlle"]


async def test_a_section_that_is_dissolved_leaves_the_badge_up(database, join, hang, shown, campaign):
    async with database.write() as session:
        section = await add_territory(session, campaign.id, "Montfleury")
    badge = await hang(territory_id=section.id)
    async with database.write() as session:
        await session.delete(await session.get_one(Territory, section.id))
    async with database.read() as session:
        assert (await session.get_one(WallBadge, badge.id)).territory_id is None
    assert await shown() == ["Maëlle"]


@pytest.mark.parametrize(
    ("given", "stands"),
    [("  Maëlle\n Anne ", "Maëlle Anne"), ("é" * 300, "é" * LONGEST_NAME), ("<b>Awa</b>", "<b>Awa</b>")],
)
async def test_a_first_name_is_a_line_that_is_short_enough_to_show(hang, shown, given, stands):
    await hang(first_name=given)
    assert await shown() == [stands]


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGB")])
def test_a_badge_is_made_small(kind, mode):
    file = io.BytesIO()
    Image.new(mode, (400, 400), "#C8102E").save(file, kind)
    made = Image.open(io.BytesIO(small(file.getvalue())))
    assert (made.format, made.size) == ("JPEG", (SMALL, SMALL))
    red, green, blue = made.getpixel((120, 120))
    assert abs(red - 0xC8) + abs(green - 0x10) + abs(blue - 0x2E) < 12
