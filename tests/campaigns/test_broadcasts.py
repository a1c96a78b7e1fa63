"""Broadcasts from draft to end: whom they reach, who may start them, and what is told of them."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns import broadcasts, handouts, interests, supporters
from campaigns.broadcasts import BroadcastRefused
from campaigns.installation import add_territory
from campaigns.models import (
    Audit,
    Broadcast,
    BroadcastState,
    Campaign,
    Handout,
    HandoutState,
    Interest,
    Organizer,
    OrganizerRole,
    Purpose,
    Role,
)
from campaigns.segments import Segment
from campaigns.silence_windows import add_window

S = BroadcastState


@pytest.fixture
def draft(database, campaign, clock):
    async def write(text="Rendez-vous samedi", *, organizer_id=None, **segment):
        async with database.write() as session:
            where = Segment(campaign.id, **segment)
            return await broadcasts.add_broadcast(session, where, text, clock(), organizer_id=organizer_id)

    return write


@pytest.fixture
def do(database, clock):
    """A use case on a broadcast as it is stored: `await do(broadcasts.pause, made)`."""

    async def act(use_case, made, organizer_id=None):
        async with database.write() as session:
            await use_case(session, await session.get_one(Broadcast, made.id), organizer_id, clock())
            return (await session.get_one(Broadcast, made.id)).state

    return act


@pytest.fixture
def organizer(database, campaign, clock):
    async def add(role):
        async with database.write() as session:
            person = Organizer(email=f"{role}@exemple.fr", name=role, password_hash="", created_at=clock())
            session.add(person)
            await session.flush()
            session.add(OrganizerRole(organizer_id=person.id, campaign_id=campaign.id, role=role))
            return person.id

    return add


async def test_only_what_people_chose_decides_whom_it_reaches(database, campaign, rival, join, clock):
    """Language, territory and below, interest; who agreed to no contact, stopped or is gone is never among them."""
    async with database.write() as session:
        region = await add_territory(session, campaign.id, "Région")
        valley = await add_territory(session, campaign.id, "Vallée", region)
        rail = Interest(campaign_id=campaign.id, name="Le rail")
        session.add(rail)
    _, in_valley = await join(1, territory_id=valley.id)
    await join(2, territory_id=region.id, language="en")
    _, nowhere = await join(3)
    await join(4, Purpose.counting)  # may not be written to
    stopped, _ = await join(5)
    await join(6)  # gone
    await join(7, campaign_id=rival.id)
    async with database.write() as session:
        await supporters.stop(session, stopped, campaign.id, clock())
        await supporters.mark_gone(session, 6, clock())
        for place in (in_valley, nowhere):
            await interests.choose_interests(session, place, [rail.id, 999])

    async def reached(**segment):
        async with database.read() as session:
            return (await broadcasts.preview(session, Segment(campaign.id, **segment), clock())).people

    assert await reached() == 3
    assert await reached(territory_id=region.id) == 2
    assert await reached(territory_id=valley.id) == 1
    assert await reached(language="en") == 1
    assert await reached(interest_id=rail.id) == 2
    assert await reached(interest_id=rail.id, territory_id=region.id, language="fr") == 1


async def test_the_preview_says_how_long_it_takes_and_whom_the_law_silences(database, campaign, join, clock):
    async with database.write() as session:
        silent = await add_territory(session, campaign.id, "Vote partiel")
    for n in range(59):
        await join(n + 1)
    await join(100, territory_id=silent.id)
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + timedelta(days=1), "vote", silent.id)
        found = await broadcasts.preview(session, Segment(campaign.id, territory_id=silent.id), clock())
        assert (found.people, found.silent) == (0, 1)
    assert broadcasts.duration(59) == timedelta(seconds=2)  # at 29.5 a second
    assert broadcasts.duration(100_000) == timedelta(seconds=3390)


@pytest.mark.parametrize(
    ("text", "segment", "sentence"),
    [
        ("  ", {}, "is empty"),
        ("x" * 4097, {}, "4097 characters; Telegram takes 4096"),
        ("😀" * 2049, {}, "4098 characters"),  # UTF-16 units
        ("Bonjour", {"language": "xx"}, "is not spoken here"),
        ("Bonjour", {"territory_id": 99}, "territory is not of this campaign"),
        ("Bonjour", {"interest_id": 99}, "interest is not of this campaign"),
    ],
)
async def test_a_draft_that_could_not_be_sent_is_refused(draft, text, segment, sentence):
    with pytest.raises(BroadcastRefused, match=sentence):
        await draft(text, **segment)


async def test_the_sponsor_line_counts(database, campaign, draft):
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).sponsor_line = "Payé par la liste"
    with pytest.raises(BroadcastRefused, match="Telegram takes 4096"):
        await draft("x" * 4090)


async def test_a_life_from_draft_to_cancelled_is_written_down(database, draft, do, join):
    await join(1)
    made = await draft()
    moves = (broadcasts.approve, broadcasts.start, broadcasts.pause, broadcasts.resume, broadcasts.cancel)
    assert [await do(move, made) for move in moves] == [S.approved, S.running, S.paused, S.running, S.cancelled]
    async with database.read() as session:
        written = (await session.scalars(select(Audit.action).order_by(col(Audit.id)))).all()
    assert written == [f"broadcast {state}" for state in ("approved", "running", "paused", "running", "cancelled")]


@pytest.mark.parametrize("move", [broadcasts.start, broadcasts.pause, broadcasts.resume])
async def test_a_move_that_does_not_fit_the_state_is_refused(draft, do, join, move):
    await join(1)
    with pytest.raises(BroadcastRefused, match="is a draft"):
        await do(move, await draft())


async def test_a_broadcast_to_nobody_is_not_started(draft, do):
    made = await draft()
    await do(broadcasts.approve, made)
    with pytest.raises(BroadcastRefused, match="Nobody would get this message"):
        await do(broadcasts.start, made)


@pytest.mark.parametrize(
    ("approvals", "role", "own", "refused"),
    [
        (0, Role.editor, True, None),
        (0, Role.viewer, False, "role"),
        (1, Role.approver, False, None),
        (1, Role.editor, False, "role"),
        (1, Role.admin, True, "somebody else"),
    ],
)
async def test_who_may_say_yes(database, campaign, draft, do, organizer, approvals, role, own, refused):
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).approvals = approvals
    who = await organizer(role)
    made = await draft(organizer_id=who if own else None)
    if refused is None:
        assert await do(broadcasts.approve, made, who) is S.approved
    else:
        with pytest.raises(BroadcastRefused, match=refused):
            await do(broadcasts.approve, made, who)


async def test_progress_is_counted_from_the_handouts(database, draft, do, join, clock):
    people = [(await join(n + 1))[0] for n in range(5)]
    made = await draft()
    await do(broadcasts.approve, made)
    await do(broadcasts.start, made)
    states = (HandoutState.sent, HandoutState.failed, HandoutState.unknown, HandoutState.queued)
    async with database.write() as session:
        session.add_all(
            Handout(broadcast_id=made.id, supporter_id=person.id, state=state)
            for person, state in zip(people, states, strict=False)
        )
    async with database.read() as session:
        found = await broadcasts.progress(session, made.id)
    assert (found.people, found.sent, found.failed, found.unknown, found.left) == (5, 1, 1, 1, 2)
    assert (found.state, found.started_at) == (S.running, clock())
    await do(broadcasts.cancel, made)
    async with database.read() as session:
        assert (await broadcasts.progress(session, made.id)).left == 0
        assert await session.scalar(select(Handout.state).where(col(Handout.id) == 4)) is HandoutState.skipped
        assert await handouts.runs(session, clock()) == []


async def test_a_broadcast_of_another_campaign_is_not_found(database, rival, campaign, draft):
    made = await draft()
    async with database.read() as session:
        assert await broadcasts.find_broadcast(session, rival.id, made.id) is None
        assert (await broadcasts.find_broadcast(session, campaign.id, made.id)).id == made.id


@pytest.mark.parametrize(
    ("approvals", "role", "own", "moves"),
    [
        # of a draft, after it was submitted, once it is approved, while it runs, paused
        (0, Role.editor, True, ["submit cancel", "back cancel", "cancel", "pause cancel", "cancel"]),
        (0, Role.approver, True, ["send cancel", "send back cancel", "send cancel", "pause cancel", "resume cancel"]),
        (1, Role.admin, True, ["submit cancel", "back cancel", "send cancel", "pause cancel", "resume cancel"]),
        (1, Role.admin, False, ["send approve cancel", "send approve back cancel", "send cancel", "pause cancel", "resume cancel"]),
        (1, Role.viewer, False, ["", "", "", "", ""]),
    ],
)  # fmt: skip
async def test_what_is_offered_is_what_is_allowed(
    database, campaign, draft, do, organizer, join, approvals, role, own, moves
):
    """Each move that is offered is accepted, and each other one is refused."""
    await join(1)
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).approvals = approvals
    who = await organizer(role)
    detours = {"submit", "approve"} if "send" in moves[0] or approvals == 0 else set()  # allowed where it may be sent
    # How each of the states is reached by others.
    steps = {S.draft: [], S.submitted: [broadcasts.submit], S.approved: [broadcasts.approve]}
    steps |= {S.running: [broadcasts.approve, broadcasts.start]}
    steps |= {S.paused: [*steps[S.running], broadcasts.pause]}
    for state, expected in zip(steps, moves, strict=True):
        for name, move in broadcasts.MOVES.items():
            made = await draft(organizer_id=who if own else None)
            for step in steps[state]:
                await do(step, made)
            async with database.read() as session:
                found = await session.get_one(Broadcast, made.id)
                offered = broadcasts.moves_of(found, await session.get_one(Campaign, campaign.id), role, own=own)
            assert " ".join(offered) == expected, state
            if name in offered:
                await do(move, made, who)
            elif name not in detours or state not in (S.draft, S.submitted):
                with pytest.raises(BroadcastRefused):
                    await do(move, made, who)


async def test_a_draft_may_be_written_anew_and_what_was_submitted_not(database, campaign, draft, do, join):
    await join(1)
    made = await draft("Samedi")
    async with database.write() as session:
        found = await session.get_one(Broadcast, made.id)
        await broadcasts.change(session, found, "Dimanche", Segment(campaign.id, language="fr"))
        with pytest.raises(BroadcastRefused, match="is empty"):
            await broadcasts.change(session, found, " ")
        with pytest.raises(BroadcastRefused, match="not of this campaign"):
            await broadcasts.change(session, found, None, Segment(campaign.id, territory_id=9))
        assert (found.text, found.language) == ("Dimanche", "fr")
    await do(broadcasts.submit, made)
    with pytest.raises(BroadcastRefused, match="waits for somebody else"):
        async with database.write() as session:
            await broadcasts.change(session, await session.get_one(Broadcast, made.id), "Lundi")
    await do(broadcasts.cancel, made)
    with pytest.raises(BroadcastRefused, match="was cancelled"):
        await do(broadcasts.submit, made)
