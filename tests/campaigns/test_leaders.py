"""Referents: their two places, what they see, their messages with a limit and a second person, and how it ends."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns import broadcasts, leaders, roles, supporters
from campaigns.broadcasts import BroadcastRefused
from campaigns.engagement import Act, record
from campaigns.figures import common_figures
from campaigns.installation import add_territory
from campaigns.leaders import LeaderRefused
from campaigns.models import (
    Audit,
    Broadcast,
    BroadcastState,
    ChatMenu,
    Kind,
    Organizer,
    OrganizerRole,
    Purpose,
    Role,
    Supporter,
    TerritoryLeader,
)
from campaigns.silence_windows import add_window

S = BroadcastState
ZOE, LEO, MIA = 101, 102, 103


@pytest.fixture
async def valley(database, campaign):
    async with database.write() as session:
        region = await add_territory(session, campaign.id, "Région")
        return await add_territory(session, campaign.id, "Vallée", region)


@pytest.fixture
def lead(database, valley, join, clock):
    """Let somebody join and take a place in the valley; gives them."""

    async def take(telegram_id=ZOE, territory=valley, **more):
        person, _ = await join(telegram_id, territory_id=territory.id)
        async with database.write() as session:
            place = await leaders.appoint(session, territory, clock(), **more)
            await leaders.accept(session, place.link_code, person, clock())
        return person

    return take


@pytest.fixture
def seat(database, valley):
    async def find(person, territory=valley):
        async with database.read() as session:
            return await leaders.seat_in(session, person.id, territory.id)

    return find


@pytest.fixture
def send(database, clock, seat):
    """Write a message to the valley, and send it or ask for a yes; gives it and whether it goes out."""

    async def write(person, text="Rendez-vous samedi"):
        place = await seat(person)
        async with database.write() as session:
            made = await leaders.write(session, place, text, clock())
            return made, await leaders.send(session, place, made, clock())

    return write


@pytest.fixture
def organizer(database, campaign, clock):
    async def add(role, telegram_id=None, email=None):
        async with database.write() as session:
            person = Organizer(email=email or f"{role}@exemple.fr", name=role, password_hash="", created_at=clock(), telegram_id=telegram_id)  # fmt: skip
            session.add(person)
            await session.flush()
            session.add(OrganizerRole(organizer_id=person.id, campaign_id=campaign.id, role=role))
            return person.id

    return add


async def state_of(database, made):
    async with database.read() as session:
        return (await session.get_one(Broadcast, made.id)).state


async def test_a_territory_has_two_places_and_a_link_lets_one_person_in_once(database, valley, join, clock):
    zoe, _ = await join(ZOE)
    leo, _ = await join(LEO)
    async with database.write() as session:
        first = await leaders.appoint(session, valley, clock())
        second = await leaders.appoint(session, valley, clock(), most_a_day=0)
        with pytest.raises(LeaderRefused, match="Vallée has two places"):
            await leaders.appoint(session, valley, clock())
        codes = first.link_code, second.link_code
        assert (await leaders.accept(session, codes[0], zoe, clock())).name == zoe.first_name
        assert await leaders.accept(session, codes[0], leo, clock()) is None  # used
        assert await leaders.accept(session, "", leo, clock()) is None
        with pytest.raises(LeaderRefused, match="already"):  # nobody is both
            await leaders.accept(session, codes[1], zoe, clock())
        await leaders.accept(session, codes[1], leo, clock())
    async with database.read() as session:
        found = await leaders.seats(session, valley.campaign_id)
        audit = list(await session.scalars(select(Audit).order_by(col(Audit.id))))
    assert [(each.name, each.leader.most_a_day) for each in found] == [(zoe.first_name, 1), (leo.first_name, 0)]
    assert [each.leader.link_code for each in found] == [None, None]
    assert [row.action for row in audit] == ["referent appointed"] * 2 + ["referent accepted"] * 2
    assert all("Maëlle" not in row.detail for row in audit)  # rows that outlive the people


@pytest.mark.parametrize("end", ["stop", "forget", "dismiss"])
async def test_whoever_leaves_frees_the_place_and_what_nobody_said_yes_to_is_dropped(
    database, campaign, valley, lead, seat, send, clock, end
):
    zoe = await lead()
    running, _ = await send(zoe)
    waiting, goes = await send(zoe)
    async with database.write() as session:
        draft = await leaders.write(session, await leaders.seat_in(session, zoe.id, valley.id), "Plus tard", clock())
    assert not goes
    async with database.write() as session:
        if end == "stop":
            await supporters.stop(session, zoe, campaign.id, clock())
        elif end == "forget":
            await supporters.forget(session, await session.get_one(Supporter, zoe.id), clock())
        else:
            place = await leaders.seat_in(session, zoe.id, valley.id)
            assert (await leaders.dismiss(session, campaign.id, place.leader.id, None, clock())).name
    async with database.read() as session:
        assert list(await session.scalars(select(TerritoryLeader))) == []
    assert await seat(zoe) is None
    assert [await state_of(database, each) for each in (running, waiting, draft)] == [S.running, S.cancelled, S.cancelled]  # fmt: skip


async def test_a_place_of_another_campaign_cannot_be_taken_back(database, rival, lead, seat, clock):
    zoe = await lead()
    place = await seat(zoe)
    async with database.write() as session:
        assert await leaders.dismiss(session, rival.id, place.leader.id, None, clock()) is None
    assert await seat(zoe) is not None


async def test_who_asked_to_be_contacted_is_seen_in_their_own_section_and_gone_at_once(
    database, campaign, valley, join, clock
):
    async with database.write() as session:
        below = await add_territory(session, campaign.id, "Hameau", valley)
    asked, _ = await join(1, Purpose.contact, Purpose.team, territory_id=valley.id)
    await join(2, Purpose.contact, territory_id=valley.id)  # did not ask
    await join(3, Purpose.team, territory_id=below.id)  # the referents of their own section, no others
    await join(4, Purpose.team)  # nowhere
    await join(5, Purpose.team, territory_id=valley.id)
    async with database.write() as session:
        await supporters.mark_gone(session, 5, clock())

    async def seen(territory):
        async with database.read() as session:
            return [each.telegram_id for each in await leaders.asked_to_be_contacted(session, territory)]

    assert await seen(valley) == [1]
    assert await seen(below) == [3]
    async with database.write() as session:
        await supporters.set_consents(session, asked, campaign.id, (), clock(), among={Purpose.team})
    assert await seen(valley) == []


@pytest.mark.parametrize(
    ("counted", "silent", "people", "sums"),
    [
        (4, 0, None, None),  # four people: nothing at all
        (4, 1, 5, None),  # five people, four of whom agreed to be counted: no sums
        (5, 1, 6, 5),
    ],
)
async def test_common_figures_are_never_of_fewer_than_five_people(
    database, campaign, valley, join, clock, counted, silent, people, sums
):
    for n in range(counted):
        person, _ = await join(n + 1, Purpose.counting, territory_id=valley.id)
        async with database.write() as session:
            await record(session, [Act(campaign.id, Kind.said_shared, clock(), person.id, once=f"{n}")])
    for n in range(silent):
        await join(100 + n, Purpose.contact, territory_id=valley.id)
    async with database.read() as session:
        here = await common_figures(session, campaign.id, valley.id)
        above = await common_figures(session, campaign.id, valley.parent_id)
    assert here == above  # those below it count
    assert here.people == people
    assert here.sums.get(Kind.said_shared) == sums
    assert here.counted == (counted if sums else None)


async def test_a_message_says_where_it_comes_from_and_goes_out_within_the_daily_limit(database, lead, send, clock):
    zoe = await lead()
    first, goes = await send(zoe)
    assert goes and first.text == "📍 Vallée\n\nRendez-vous samedi"
    assert await state_of(database, first) is S.running
    second, goes = await send(zoe)
    assert not goes and await state_of(database, second) is S.submitted
    clock.advance(timedelta(hours=15, minutes=1))  # past midnight in Paris
    _, goes = await send(zoe)
    assert goes


async def test_a_limit_of_none_asks_for_a_yes_each_time(lead, send):
    zoe = await lead(most_a_day=0)
    assert (await send(zoe))[1] is False


async def test_of_both_referents_at_once_one_is_within_the_limit(database, lead, send):
    zoe, leo = await lead(ZOE), await lead(LEO)
    sent = await asyncio.gather(send(zoe, "De Zoé"), send(leo, "De Léo"))
    assert sorted(goes for _, goes in sent) == [False, True]


async def test_nothing_is_sent_to_nobody_and_an_empty_message_is_none(database, campaign, valley, lead, send, clock):
    zoe = await lead()
    with pytest.raises(BroadcastRefused, match="is empty"):
        await send(zoe, "  ")
    with pytest.raises(BroadcastRefused, match="characters; Telegram takes 4096"):
        await send(zoe, "x" * 4090)
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + timedelta(days=1), "vote", valley.id)
    with pytest.raises(BroadcastRefused, match="Nobody would get this message"):
        await send(zoe)


async def test_the_other_referent_or_an_approver_says_yes_and_nobody_else(
    database, campaign, lead, send, organizer, join, clock
):
    zoe, leo = await lead(ZOE), await lead(LEO)
    stranger, _ = await join(7)
    editor, approver = await organizer(Role.editor), await organizer(Role.approver)
    own = await organizer(Role.admin, telegram_id=ZOE)  # Zoé is an organizer, too
    await send(zoe)
    made, _ = await send(zoe)

    async def refused(act, who, match):
        with pytest.raises(BroadcastRefused, match=match):
            async with database.write() as session:
                await act(session, await session.get_one(Broadcast, made.id), who, clock())

    await refused(leaders.give_second_yes, zoe.id, "your own")
    await refused(leaders.give_second_yes, stranger.id, "role does not let you")
    await refused(broadcasts.send, editor, "role does not let you")
    await refused(broadcasts.send, own, "your own")
    async with database.read() as session:
        by_day = await leaders.seconds(session, await session.get_one(Broadcast, made.id), clock())
        night = clock() + timedelta(hours=14)
        by_night = await leaders.seconds(session, await session.get_one(Broadcast, made.id), night)
    assert [(each.telegram_id, each.rests) for each in by_day] == [(LEO, False)]  # the approver linked no account
    assert [(each.telegram_id, each.rests) for each in by_night] == [(LEO, True)]
    async with database.write() as session:
        await leaders.give_second_yes(session, await session.get_one(Broadcast, made.id), leo.id, clock())
    assert await state_of(database, made) is S.running
    await refused(broadcasts.send, approver, "was approved|going out")


async def test_an_approver_in_the_console_may_say_yes_where_no_approval_of_posts_is_asked(
    database, campaign, lead, send, organizer, clock
):
    zoe = await lead(most_a_day=0)
    approver = await organizer(Role.approver)
    made, _ = await send(zoe)
    async with database.write() as session:
        found = await session.get_one(Broadcast, made.id)
        assert broadcasts.moves_of(found, campaign, Role.approver, own=False) == ["send", "approve", "back", "cancel"]
        assert broadcasts.moves_of(found, campaign, Role.editor, own=False) == ["cancel"]
        assert broadcasts.moves_of(found, campaign, Role.viewer, own=False) == []
        await broadcasts.send(session, found, approver, clock())
    assert await state_of(database, made) is S.running


async def test_a_no_makes_it_a_draft_that_is_nobody_elses(database, campaign, lead, send, clock):
    zoe, leo = await lead(ZOE, most_a_day=0), await lead(LEO)
    made, _ = await send(zoe)
    async with database.write() as session:
        assert [each.id for each in await broadcasts.broadcasts_of(session, campaign.id, 9)] == [made.id]
        await leaders.give_second_no(session, await session.get_one(Broadcast, made.id), leo.id, clock())
        assert await broadcasts.broadcasts_of(session, campaign.id, 9) == []
    assert await state_of(database, made) is S.draft


async def test_menus_follow_the_roles_wherever_they_are_given_or_taken(database, campaign, lead, organizer, clock):
    async def changes():
        async with database.write() as session:
            found = await roles.changed_menus(session)
            await roles.menus_are_shown(session, found)
        return {each.chat_id: (each.language, each.roles) for each in found}

    zoe = await lead()
    both = await organizer(Role.editor, telegram_id=ZOE)
    await organizer(Role.viewer, telegram_id=MIA)
    await organizer(Role.admin, telegram_id=LEO)
    assert await changes() == {ZOE: ("fr", ("leader", "organizer")), LEO: ("fr", ("organizer",))}
    assert await changes() == {}
    async with database.write() as session:
        (await session.get_one(Supporter, zoe.id)).language = "en"
    assert await changes() == {ZOE: ("en", ("leader", "organizer"))}
    async with database.write() as session:
        await leaders.leave(session, zoe.id)
        await session.delete(await session.get_one(OrganizerRole, (both, campaign.id)))
    assert await changes() == {ZOE: ("en", ())}
    async with database.read() as session:
        assert [row.chat_id for row in await session.scalars(select(ChatMenu))] == [LEO]
        assert await roles.roles_of(session, ZOE) == ()
        assert await roles.roles_of(session, LEO) == ("organizer",)
