"""A publication's moves: what may happen, that nothing else does, and that it goes out once."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns import posts, publications, settling
from campaigns.batches import BatchWriter
from campaigns.installation import add_channel
from campaigns.media import NewPicture
from campaigns.models import Channel, Post, Publication
from campaigns.models import PublicationState as S
from campaigns.publications import LEASE, MOVES, Begin, Finish, GiveBack, Mover, MoveRefused, may, write_steps

SECOND = timedelta(seconds=1)
PAIRS = list(itertools.product(S, S))


@pytest.fixture
async def publication(database, add, telegram) -> Publication:
    """One that is due."""
    await add(telegram)
    async with database.read() as session:
        return (await session.scalars(select(Publication))).one()


@pytest.fixture
def step(database):
    """Writes one step and returns its answer."""

    async def write(*steps):
        async with database.write() as session:
            return (await write_steps(session, steps))[0]

    return write


@pytest.fixture
def put(database, clock):
    """Puts a publication into a state, as if its history had led there."""

    async def into(publication, state, **values):
        async with database.write() as session:
            row = await session.get_one(Publication, publication.id)
            row.state, row.lease_until = state, clock() + LEASE if state is S.sending else None
            for name, value in values.items():
                setattr(row, name, value)

    return into


@pytest.fixture
def look(database):
    async def at(row):
        async with database.read() as session:
            return await session.get_one(type(row), row.id)

    return at


# The whole table


def test_the_table_of_moves_is_this_one():
    """A move that is added here must be thought of there, and the other way round."""
    assert {
        (S.queued, S.sending): Mover.engine,
        (S.sending, S.published): Mover.engine,
        (S.sending, S.failed): Mover.engine,
        (S.sending, S.unknown): Mover.engine,
        (S.sending, S.queued): Mover.engine,
        (S.queued, S.held): Mover.engine,
        (S.queued, S.missed): Mover.engine,
        (S.queued, S.cancelled): Mover.human,
        (S.held, S.queued): Mover.human,
        (S.held, S.cancelled): Mover.human,
        (S.missed, S.queued): Mover.human,
        (S.missed, S.cancelled): Mover.human,
        (S.failed, S.queued): Mover.human,
        (S.failed, S.cancelled): Mover.human,
        (S.unknown, S.published): Mover.either,
        (S.unknown, S.queued): Mover.either,
        (S.unknown, S.cancelled): Mover.human,
    } == MOVES


@pytest.mark.parametrize("state", S)
async def test_only_what_is_queued_can_begin(publication, step, put, look, clock, state):
    await put(publication, state)
    answer = await step(Begin(publication.id, clock()))
    allowed = MOVES.get((state, S.sending)) is Mover.engine
    assert (answer is not None) is allowed
    assert (await look(publication)).state is (S.sending if allowed else state)


@pytest.mark.parametrize(("state", "to"), PAIRS)
async def test_only_what_is_being_sent_can_be_finished_and_only_as_the_table_says(
    publication, step, put, look, state, to
):
    await put(publication, state, url="https://exemple.org/1", attempts=1)
    finish = Finish(publication.id, to, 1, url="https://exemple.org/2")
    if (S.sending, to) not in MOVES:
        with pytest.raises(MoveRefused, match=f"from sending to {to}"):
            await step(finish)
    else:
        await step(finish)
    moved = state is S.sending and MOVES.get((state, to)) is Mover.engine
    row = await look(publication)
    assert row.state is (to if moved else state)
    assert row.url == f"https://exemple.org/{2 if moved else 1}"


@pytest.mark.parametrize(("state", "to"), PAIRS)
async def test_a_human_moves_only_what_the_table_leaves_to_humans(
    database, publication, put, look, campaign, clock, state, to
):
    await put(publication, state)

    async def settle():
        async with database.write() as session:
            await settling.settle(session, campaign.id, publication.id, to, now=clock())

    if may(Mover.human, state, to):
        await settle()
        assert (await look(publication)).state is to
    else:
        with pytest.raises(MoveRefused, match="cannot be moved there from the state it is in"):
            await settle()
        assert (await look(publication)).state is state


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("every", [True, False])
async def test_the_end_of_a_lease_moves_only_what_was_being_sent(database, publication, put, look, clock, state, every):
    await put(publication, state)
    clock.advance(LEASE)
    async with database.write() as session:
        moved = await publications.end_leases(session, clock(), every=every)
    assert moved == (state is S.sending)
    assert (await look(publication)).state is (S.unknown if state is S.sending else state)


# Begin


async def test_a_claim_is_written_with_its_lease_before_the_call(publication, step, look, clock):
    content = await step(Begin(publication.id, clock()))
    row = await look(publication)
    assert (row.state, row.attempts, row.lease_until) == (S.sending, 1, clock() + LEASE)
    assert (content.publication_id, content.text, content.attempts) == (
        publication.id,
        "Rendez-vous samedi à 13 h 45",
        1,
    )


async def test_the_content_is_that_of_the_moment_of_sending(database, add, telegram, x, step, clock, picture):
    pictures = tuple(NewPicture(name, picture("PNG", colour=name)) for name in ("red", "blue"))
    stored = await add(
        telegram, x, versions={"x": "Court"}, link="https://exemple.org", pictures=pictures, text="Ancien"
    )
    async with database.write() as session:
        (await session.get_one(Post, stored.id)).text = "Nouveau"
        ids = {p.channel_id: p.id for p in await session.scalars(select(Publication))}
    long, short = await step(Begin(ids[telegram.id], clock())), await step(Begin(ids[x.id], clock()))
    assert (long.text, long.link, short.text) == ("Nouveau", "https://exemple.org", "Court")
    assert [m.position for m in long.media] == [0, 1]
    assert len({m.file for m in long.media}) == 2


async def test_two_workers_that_claim_at_once_get_it_once(database, publication, clock):
    """Each has a writer of its own, and in one batch of one writer too."""
    writers = [BatchWriter(database, write_steps) for _ in range(3)]
    answers = await asyncio.gather(*(w.write([Begin(publication.id, clock())]) for w in writers * 4))
    assert sum(content is not None for (content,) in answers) == 1


async def test_a_claim_twice_in_one_batch_is_answered_once(database, publication, clock):
    async with database.write() as session:
        answers = await write_steps(session, [Begin(publication.id, clock()), Begin(publication.id, clock())])
    assert [content is not None for content in answers] == [True, False]


async def test_many_steps_in_one_batch_are_each_answered_in_their_place(database, add, telegram, step, clock):
    for _ in range(3):
        await add(telegram)
    async with database.read() as session:
        one, two, three = (await session.scalars(select(Publication.id).order_by(col(Publication.id)))).all()
    await step(Begin(two, clock()))
    async with database.write() as session:
        answers = await write_steps(
            session, [Begin(three, clock()), Finish(two, S.published, 1), Begin(999, clock()), Begin(one, clock())]
        )
    assert [content and content.publication_id for content in answers] == [three, None, None, one]


async def test_a_post_before_its_moment_does_not_begin(publication, step, look, clock):
    assert await step(Begin(publication.id, clock() - SECOND)) is None
    assert (await look(publication)).state is S.queued


async def test_a_cancelled_post_does_not_begin(database, publication, step, look, campaign, clock):
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, publication.post_id, clock())
    assert await step(Begin(publication.id, clock())) is None
    assert (await look(publication)).state is S.cancelled


async def test_what_came_back_of_a_post_that_was_cancelled_meanwhile_does_not_begin_again(
    database, publication, step, campaign, telegram, clock
):
    await step(Begin(publication.id, clock()))
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, publication.post_id, clock())
    await step(Finish(publication.id, S.queued, 1, reason="the network asks to wait 5 s"))
    assert await step(Begin(publication.id, clock())) is None
    async with database.read() as session:
        assert await publications.channels_with_work(session, clock()) == []
        assert await publications.due_on(session, [telegram.id], clock(), 10) == {telegram.id: []}


async def test_a_post_that_was_moved_does_not_begin(publication, step, put, clock):
    await put(publication, S.queued, due_at=clock() + timedelta(days=1))
    assert await step(Begin(publication.id, clock())) is None
    clock.advance(timedelta(days=1))
    assert await step(Begin(publication.id, clock())) is not None


async def test_a_draft_does_not_begin(database, add, telegram, step, clock):
    await add(telegram, publish_at=None)
    async with database.read() as session:
        draft = (await session.scalars(select(Publication.id))).one()
    assert await step(Begin(draft, clock())) is None


# Finish


async def test_a_receipt_is_written_and_the_lease_ends(publication, step, look, clock):
    await step(Begin(publication.id, clock()))
    await step(
        Finish(publication.id, S.published, 1, None, "42", "https://t.me/laregionquiose/42", clock(), ("42", "43"))
    )
    row = await look(publication)
    assert (row.state, row.remote_id, row.url) == (S.published, "42", "https://t.me/laregionquiose/42")
    assert (row.sent_at, row.sent_parts, row.lease_until) == (clock(), ["42", "43"], None)


async def test_the_parts_that_went_out_are_handed_to_the_next_attempt(publication, step, clock):
    await step(Begin(publication.id, clock()))
    await step(Finish(publication.id, S.queued, 1, "the network asks to wait 5 s", sent_parts=("42",)))
    content = await step(Begin(publication.id, clock()))
    assert (content.attempts, content.sent_parts) == (2, ("42",))


async def test_a_worker_that_comes_back_after_its_row_became_unknown_changes_nothing(
    database, publication, step, look, clock
):
    await step(Begin(publication.id, clock()))
    clock.advance(LEASE)
    async with database.write() as session:
        assert await publications.end_leases(session, clock()) == 1
    before = await look(publication)
    await step(Finish(publication.id, S.published, 1, remote_id="42", url="https://exemple.org", sent_at=clock()))
    assert (await look(publication)).model_dump() == before.model_dump()
    assert before.state is S.unknown
    assert "say “it is there” or “send again”" in before.reason


async def test_one_refused_move_undoes_the_steps_around_it(database, add, telegram, publication, look, clock):
    with pytest.raises(MoveRefused):
        async with database.write() as session:
            await write_steps(session, [Begin(publication.id, clock()), Finish(publication.id, S.cancelled, 1)])
    assert (await look(publication)).state is S.queued


# Leases


async def test_a_lease_that_still_runs_is_left_alone_unless_the_engine_is_alone(
    database, publication, step, look, clock
):
    await step(Begin(publication.id, clock()))
    clock.advance(LEASE - SECOND)
    async with database.write() as session:
        assert await publications.end_leases(session, clock()) == 0
    assert (await look(publication)).state is S.sending
    async with database.write() as session:
        assert await publications.end_leases(session, clock(), every=True) == 1
    assert (await look(publication)).state is S.unknown


async def test_a_channel_belongs_to_one_worker_until_its_lease_ends(database, telegram, clock):
    async def lease(worker):
        async with database.write() as session:
            return (await publications.lease_channels(session, [telegram.id], worker, clock())).get(telegram.id)

    assert (await lease("a")).leased_by == "a"
    assert await lease("b") is None
    clock.advance(LEASE - SECOND)
    assert await lease("b") is None
    assert (await lease("a")).lease_until == clock() + LEASE  # made longer by who has it
    clock.advance(LEASE)
    assert (await lease("b")).leased_by == "b"
    assert await lease("a") is None


async def test_of_many_channels_those_that_another_worker_has_are_left_out(database, telegram, x, clock):
    async with database.write() as session:
        await publications.lease_channels(session, [telegram.id], "a", clock())
        taken = await publications.lease_channels(session, [telegram.id, x.id], "b", clock())
        assert {channel.id: channel.leased_by for channel in taken.values()} == {x.id: "b"}


async def test_two_workers_that_want_a_channel_at_once_get_it_once(database, telegram, clock):
    async def lease(worker):
        async with database.write() as session:
            return (await publications.lease_channels(session, [telegram.id], worker, clock())).get(telegram.id)

    taken = await asyncio.gather(*(lease(f"worker {n}") for n in range(8)))
    assert sum(channel is not None for channel in taken) == 1


async def test_only_the_worker_that_has_a_channel_can_give_it_back(database, telegram, look, clock):
    async with database.write() as session:
        await publications.lease_channels(session, [telegram.id], "a", clock())
        await publications.give_back_channels(session, [GiveBack(telegram.id, "b", rest="revoked")])
    assert ((row := await look(telegram)).leased_by, row.resting_reason) == ("a", None)
    async with database.write() as session:
        await publications.give_back_channels(session, [GiveBack(telegram.id, "a")])
    assert ((row := await look(telegram)).leased_by, row.lease_until) == (None, None)


async def test_a_dead_workers_channel_is_freed_with_its_lease(database, telegram, x, look, clock):
    async with database.write() as session:
        await publications.lease_channels(session, [telegram.id], "dead", clock())
    clock.advance(LEASE)
    async with database.write() as session:
        await publications.lease_channels(session, [x.id], "alive", clock())
        await publications.end_leases(session, clock())
    assert (await look(telegram)).leased_by is None
    assert (await look(x)).leased_by == "alive"
    async with database.write() as session:
        await publications.end_leases(session, clock(), every=True)
    assert (await look(x)).leased_by is None


@pytest.mark.parametrize(
    ("values", "later", "ready"),
    [
        ({}, timedelta(), True),
        ({"rest": "the token was revoked"}, timedelta(days=30), False),  # until it is mended
        ({"wait_until": timedelta(minutes=5)}, timedelta(minutes=4), False),  # the network asked to wait
        ({"wait_until": timedelta(minutes=5)}, timedelta(minutes=5), True),
    ],
)
async def test_a_channel_that_rests_or_waits_has_no_work(database, publication, telegram, clock, values, later, ready):
    if "wait_until" in values:
        values = {"wait_until": clock() + values["wait_until"]}
    async with database.write() as session:
        await publications.lease_channels(session, [telegram.id], "a", clock())
        await publications.give_back_channels(session, [GiveBack(telegram.id, "a", **values)])
    clock.advance(later)
    async with database.write() as session:
        assert await publications.channels_with_work(session, clock()) == ([telegram.id] if ready else [])
        assert (bool(await publications.lease_channels(session, [telegram.id], "b", clock()))) is ready


async def test_what_is_due_on_a_channel_goes_out_in_the_order_of_its_moments(database, add, telegram, x, clock):
    for minutes in (30, 10, 20, 10, 90):
        await add(telegram, publish_at=clock() + timedelta(minutes=minutes), title=str(minutes))
    await add(x, publish_at=clock() + timedelta(minutes=5))
    clock.advance(timedelta(hours=1))
    async with database.read() as session:
        due = await publications.due_on(session, [telegram.id, x.id], clock(), 10)
        assert due == {telegram.id: [2, 4, 3, 1], x.id: [6]}  # of one moment the first written; the last is not due yet
        assert await publications.due_on(session, [telegram.id], clock(), 2) == {telegram.id: [2, 4]}
        assert await publications.channels_with_work(session, clock()) == [telegram.id, x.id]


# What a human decides


async def test_send_again_means_all_of_it_when_nobody_knows_what_went_out(
    database, publication, put, look, campaign, clock
):
    await put(publication, S.unknown, sent_parts=["42"], reason="the network did not answer")
    async with database.write() as session:
        await settling.settle(session, campaign.id, publication.id, S.queued, now=clock())
    assert ((row := await look(publication)).sent_parts, row.reason) == ([], None)


async def test_send_again_goes_on_behind_the_parts_that_certainly_went_out(
    database, publication, put, look, campaign, clock
):
    await put(publication, S.failed, sent_parts=["42"], reason="refused")
    async with database.write() as session:
        await settling.settle(session, campaign.id, publication.id, S.queued, now=clock())
    assert (await look(publication)).sent_parts == ["42"]


@pytest.mark.parametrize("state", [S.unknown, S.failed])
async def test_send_again_of_a_post_that_was_taken_back_cancels_it(
    database, publication, put, look, campaign, clock, state
):
    """Queued, it would wait for ever."""
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, publication.post_id, clock())
    await put(publication, state)
    async with database.write() as session:
        await settling.settle(session, campaign.id, publication.id, S.queued, now=clock())
    assert (await look(publication)).state is S.cancelled


async def test_what_the_network_lets_go_out_again_is_cancelled_where_its_post_was_taken_back(
    database, publication, put, look, campaign, clock
):
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, publication.post_id, clock())
    await put(publication, S.unknown)
    async with database.write() as session:
        await settling.settle_by_asking(session, publication, S.queued, clock())
    assert (await look(publication)).state is S.cancelled


async def test_it_is_there_keeps_the_moment_and_the_address(database, publication, put, look, campaign, clock):
    await put(publication, S.unknown)
    async with database.write() as session:
        await settling.settle(
            session, campaign.id, publication.id, S.published, url="https://exemple.org/1", now=clock()
        )
    assert ((row := await look(publication)).url, row.sent_at) == ("https://exemple.org/1", clock())


async def test_nobody_settles_another_campaigns_publication(database, publication, put, look, rival, clock):
    await put(publication, S.unknown)
    with pytest.raises(MoveRefused):
        async with database.write() as session:
            await settling.settle(session, rival.id, publication.id, S.queued, now=clock())
    assert (await look(publication)).state is S.unknown


async def test_a_mended_channel_sends_again(database, telegram, look, clock):
    async with database.write() as session:
        await publications.lease_channels(session, [telegram.id], "a", clock())
        await publications.give_back_channels(session, [GiveBack(telegram.id, "a", rest="the token was revoked")])
    async with database.write() as session:
        await add_channel(session, telegram.campaign_id, "telegram", telegram.name, {"chat_id": "@autre"})
    row: Channel = await look(telegram)
    assert (row.resting_reason, row.settings) == (None, {"chat_id": "@autre"})


async def test_a_late_word_of_an_earlier_attempt_changes_nothing(publication, step, look, database, clock, campaign):
    """A worker hung; a human said "send again"; a second worker sends: what the first one says now is not of this attempt."""
    await step(Begin(publication.id, clock()))
    async with database.write() as session:
        await publications.end_leases(session, clock(), every=True)
        await settling.settle(session, campaign.id, publication.id, S.queued, now=clock())
    await step(Begin(publication.id, clock()))
    await step(Finish(publication.id, S.failed, 1, "late"))
    assert (await look(publication)).state is S.sending
    await step(Finish(publication.id, S.published, 2))
    assert (await look(publication)).state is S.published


async def test_what_comes_back_to_the_queue_of_a_cancelled_post_is_cancelled(
    publication, step, look, database, clock, campaign
):
    await step(Begin(publication.id, clock()))
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, publication.post_id, clock())
    await step(Finish(publication.id, S.queued, 1, "the network asks to wait 5 s"))
    assert (await look(publication)).state is S.cancelled
