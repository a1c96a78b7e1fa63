"""The whole state machine against chance: crashes, faults, clock jumps, humans, networks that are asked.

The networks' ledger is the truth: nothing goes out twice without a human's word or a key by which the network forbids it.

`PORTEVOIX_TEST_EXAMPLES=2000` looks for longer, and elsewhere each time.
"""

import asyncio
import itertools
import json
import logging
import os
import random
from collections import defaultdict
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import col, delete, select

from campaigns import approval, installation, posts, settling
from campaigns.approval import ApprovalRefused
from campaigns.database import Database
from campaigns.models import Campaign, Channel, LatePolicy, Post, Publication, PublicationState, SilenceWindow
from campaigns.posts import NewPost
from campaigns.publications import LEASE, MOVES, MoveRefused
from campaigns.silence_windows import add_window
from campaigns.vault import Vault
from schedules.publishing import Publisher
from schedules.settling import CLOCKS_APART, GIVE_UP, REST, Settler
from schedules.timetable import Work
from tests.schedules.power import CAN_BE_ASKED, LONG, LOST_ANSWERS, REFUSALS, Clock, PowerCut, Process, World
from tests.stores import Stores, watching

S = PublicationState
EXAMPLES = int(os.environ.get("PORTEVOIX_TEST_EXAMPLES", "0"))
KEYS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
CHANNELS = {  # network -> settings; see power.py for what each of them promises
    "telegram": {"chat_id": "@canal"},
    "x": dict.fromkeys(KEYS, "secret"),
    "mastodon": {"base_url": "https://exemple.fr", "access_token": "secret"},
    "bluesky": {"handle": "exemple.fr", "app_password": "secret"},
}
OUT_OR_MAY_BE = (S.published, S.unknown, S.sending)
SECONDS = (1, 45, 120, 270, 360, 3_600, 26 * 3_600, 9 * 86_400, -5, -1_200)
LEAPS = [timedelta(seconds=seconds) for seconds in SECONDS]
# Every change of a publication's state is kept by the database itself, so that none can be missed.
STORY = {
    "sqlite": """
CREATE TABLE story (seq INTEGER PRIMARY KEY, publication INT, old TEXT, new TEXT, looked_at INT DEFAULT 0);
CREATE TRIGGER begun AFTER INSERT ON publication
  BEGIN INSERT INTO story (publication, old, new) VALUES (NEW.id, NULL, NEW.state); END;
CREATE TRIGGER moved AFTER UPDATE OF state ON publication WHEN OLD.state IS NOT NEW.state
  BEGIN INSERT INTO story (publication, old, new) VALUES (NEW.id, OLD.state, NEW.state); END;
CREATE TRIGGER lost AFTER DELETE ON publication
  BEGIN INSERT INTO story (publication, old, new) VALUES (OLD.id, OLD.state, NULL); END
""",
    "postgresql": """
CREATE TABLE story (seq SERIAL PRIMARY KEY, publication INT, old TEXT, new TEXT, looked_at INT DEFAULT 0);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.state IS DISTINCT FROM NEW.state THEN
    INSERT INTO story (publication, old, new) VALUES (coalesce(NEW.id, OLD.id), OLD.state, NEW.state);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE ON publication FOR EACH ROW EXECUTE FUNCTION tell()
""",
}

leaps = st.sampled_from(LEAPS)
agings = st.sampled_from([timedelta(minutes=minutes) for minutes in (1, 6, 49, 51, 61, 25 * 60)])
picks = st.integers(0, 11)  # which post, publication or channel is meant, counted from the newest
# What can happen beside the Publisher's work, or in the midst of it.
events = st.one_of(
    st.tuples(st.sampled_from(["cancel", "edit", "mend", "leases", "other", "silence", "speak"]), picks, leaps),
    st.tuples(st.sampled_from(["move", "advance", "suspended", "suspended", "ask"]), picks, leaps),
    st.tuples(st.sampled_from(["it is there", "send again", "drop"]), picks, leaps),
)
crashes = st.tuples(st.sampled_from(["crash and restart", "crash of one of two"]), picks, leaps)
SETTLES = {"it is there": S.published, "send again": S.queued, "drop": S.cancelled}


class Machine(RuleBasedStateMachine):
    """Two publishers on one store, as two processes would be."""

    def __init__(self, stores: Stores) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.ending = ExitStack()
        url = self.ending.enter_context(stores.fresh(Path(self.folder.name)))
        self.eye = self.ending.enter_context(watching(url))
        for statement in STORY[stores.kind].split(";\nCREATE "):
            self.eye.exec_driver_sql(statement if statement.startswith("\n") else f"CREATE {statement}")
        self.clock = Clock()
        self.database = Database(url, Vault("a key of the tests"))
        self.world = World(self.database, self.clock)
        self.names = (f"worker {number}" for number in itertools.count(1))
        self.processes: list[Process] = []
        self.publishers: list[Publisher] = []
        self.settlers: list[Settler] = []
        self.again: defaultdict[int, int] = defaultdict(int)  # publication -> where "send again" was said in the ledger
        self.by_hand: set[int] = set()  # of which a human said "it is there", or "it is not"
        self.told = 0  # how many lines of the story were read
        self.ends_are_due = False  # a dead process left its leases
        self.run(self._prepare())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    async def _prepare(self) -> None:
        async with self.database.write() as session:
            new = Campaign(slug="", name="Campagne")
            self.campaign = await installation.add_campaign(session, new, self.clock())
            self.channels = [await self._channel(session, network) for network in CHANNELS]
        self._start()
        self._start()

    async def _channel(self, session: Any, network: str) -> Channel:
        return await installation.add_channel(session, self.campaign.id, network, network, CHANNELS[network])

    def _start(self, place: int | None = None) -> None:
        process = Process(self.world)
        publisher = Publisher(
            cast(Database, process),
            self.clock,
            process.open,
            Path(self.folder.name),
            worker=next(self.names),
            rng=random.Random(7),
        )
        settler = Settler(cast(Database, process), self.clock, process.open, Path(self.folder.name))
        if place is None:
            self.processes.append(process)
            self.publishers.append(publisher)
            self.settlers.append(settler)
        else:
            self.processes[place], self.publishers[place], self.settlers[place] = process, publisher, settler

    def teardown(self) -> None:
        try:
            self.run(self._let_networks_tell())
            self.run(self._let_all_go_out())
            self.what_happened_may_happen()
        finally:
            self.run(self.database.close())
            self.runner.close()
            self.ending.close()
            self.folder.cleanup()

    async def _let_networks_tell(self) -> None:
        """Without trouble, a network that can be asked settles what it has: liveness."""
        self.world.faults.clear()
        self._start(0)
        for channel in range(len(CHANNELS)):
            await self._event("mend", channel, LEAPS[0])
        self.clock.advance(REST)
        await self.settlers[0].tick()
        now = self.clock()
        async with self.database.read() as session:
            rows = await session.execute(
                select(Publication, Post.text, Channel.network)
                .join(Post)
                .join(Channel)
                .where(col(Publication.state) == S.unknown, col(Channel.network).in_(CAN_BE_ASKED))
                .where(col(Publication.tried_at) <= now - REST, col(Publication.tried_at) > now - GIVE_UP)
            )
            for row, text, network in rows.all():
                there = {
                    s.part
                    for s in self.world.ledger
                    if s.publication == row.id and s.text == text and s.at >= row.tried_at - CLOCKS_APART
                }
                missing = set(range(len(row.sent_parts), 2 if LONG in text else 1)) - there
                assert missing, f"publication {row.id} is on {network}, whole, and still unknown"

    async def _let_all_go_out(self) -> None:
        """Without trouble, nothing stays queued or stuck: liveness."""
        self.world.faults.clear()
        for turn in range(4):
            self.clock.advance(timedelta(days=10))
            await self._event("mend", turn, LEAPS[0])
            await self._event("leases", 0, LEAPS[0])
            await self._tick(0, None, None)
        async with self.database.read() as session:
            left = await session.scalars(
                select(Publication)
                .where(col(Publication.state).in_([S.queued, S.sending]))
                .order_by(col(Publication.id))
            )
            stuck = [(row.id, row.state) for row in left if row.due_at is not None and row.due_at <= self.clock()]
        assert stuck == []

    # --- rules

    @initialize()
    def begin(self) -> None:
        self.queue(0, len(CHANNELS), timedelta(minutes=1), LatePolicy.send, 60, long=False)

    @rule(
        first=st.integers(0, len(CHANNELS) - 1),
        channels=st.integers(1, len(CHANNELS)),
        due_in=st.sampled_from([timedelta(seconds=s) for s in (0, 1, 60, 60, 600, 90_000)]),
        policy=st.sampled_from(LatePolicy),
        grace=st.sampled_from([5, 60, 1500]),
        long=st.booleans(),
    )
    def queue(self, first: int, channels: int, due_in: timedelta, policy: LatePolicy, grace: int, long: bool) -> None:
        async def write() -> None:
            async with self.database.write() as session:
                text = f"{LONG} {self.clock()}" if long else f"court {self.clock()}"
                moment = self.clock() + due_in
                chosen = tuple((self.channels * 2)[first : first + channels])
                new = NewPost("Titre", text, publish_at=moment, channels=chosen)
                media_dir = Path(self.folder.name)
                post = await posts.add_post(session, self.campaign.id, new, media_dir=media_dir, now=self.clock())
                post.late_policy, post.grace = policy, grace

        self.run(write())

    @rule(event=events)
    def happen(self, event: tuple[str, int, timedelta]) -> None:
        self.world.arm(None, lambda _: asyncio.sleep(0))
        self.run(self._event(*event))

    @rule(leap=leaps)
    def wait(self, leap: timedelta) -> None:
        self.clock.advance(leap)

    @rule(
        who=st.sampled_from([0, 1, 2]),
        first=st.integers(0, len(CHANNELS) - 1),
        fresh=st.lists(st.booleans(), max_size=3),
        faults=st.lists(st.sampled_from(["", "", *REFUSALS, *LOST_ANSWERS]), max_size=4),
        steps=st.integers(0, 14),
        event=st.none() | events | crashes,
    )
    def tick(
        self,
        who: int,
        first: int,
        fresh: list[bool],
        faults: list[str],
        steps: int,
        event: tuple[str, int, timedelta] | None,
    ) -> None:
        """One publisher, the other one or both; mostly with posts that are due, so that there is a meanwhile."""
        for number, long in enumerate(fresh):
            self.queue(first, 1 + number % 2, timedelta(0), LatePolicy.send, 60, long=long)
        self.world.faults = faults
        self.run(self._tick(who, steps if event else None, event))

    @rule(
        who=st.sampled_from([0, 1]),
        aging=agings,
        faults=st.lists(st.sampled_from(["", "", "", *REFUSALS]), max_size=3),
        steps=st.integers(0, 6),
        event=st.none() | events | crashes,
    )
    def ask(
        self, who: int, aging: timedelta, faults: list[str], steps: int, event: tuple[str, int, timedelta] | None
    ) -> None:
        """One settler asks the networks about what is unknown, some time after it was tried."""
        self.clock.advance(aging)
        self.world.faults = faults
        self.run(self._work([self.settlers[who]], steps if event else None, event))

    async def _tick(self, who: int, steps: int | None, event: tuple[str, int, timedelta] | None) -> None:
        await self._work(self.publishers[:] if who == 2 else [self.publishers[who]], steps, event)

    async def _work(self, works: Sequence[Work], steps: int | None, event: tuple[str, int, timedelta] | None) -> None:
        """Let works tick, and one event happen in the midst of it."""

        async def meanwhile(process: Process) -> None:
            assert event is not None
            await self._event(*event, process=process)

        self.world.arm(steps, meanwhile)
        await asyncio.gather(*(work.tick() for work in works), return_exceptions=True)
        await asyncio.gather(*(publisher.settled() for publisher in self.publishers))
        self.world.disarm()  # it may be that nothing was due
        for place, process in enumerate(self.processes):
            if process.dead:
                self._start(place)
        if event is not None and event[0] == "crash and restart":
            await self.publishers[0].end_leases(every=True)
            self.ends_are_due = False

    async def _event(self, what: str, pick: int, leap: timedelta, process: Process | None = None) -> None:
        if what.startswith("crash") and process is not None:
            for each in self.processes if what == "crash and restart" else [process]:
                each.dead = True
            self.ends_are_due = True
            raise PowerCut
        if what == "advance":
            self.clock.advance(leap)
        elif what == "leases":
            await self.publishers[pick % 2].end_leases()
        elif what in ("other", "suspended"):
            other = self.publishers[1 if process is self.processes[0] else 0]
            if what == "suspended":  # as a laptop's lid does: this process wakes up when its leases are another one's
                self.clock.advance(LEASE + timedelta(seconds=1))
                await other.end_leases()
            await other.tick()
            await other.settled()
        elif what == "ask":
            async with self.database.read() as session:
                self.world.touched |= set(
                    await session.scalars(select(Publication.id).where(col(Publication.state) == S.unknown))
                )
            await self.settlers[1 if process is self.processes[0] else 0].tick()
        else:
            # In the midst of a tick, what was just queued is the most interesting.
            await self._human(what, pick if process is None else pick % 3, leap)

    async def _human(self, what: str, pick: int, leap: timedelta) -> None:
        now = self.clock()
        async with self.database.write() as session:
            newest = list(await session.scalars(select(Post).order_by(col(Post.id).desc())))
            post = newest[pick % len(newest)]
            if what == "mend":
                await self._channel(session, list(CHANNELS)[pick % len(CHANNELS)])
            elif what == "silence" and leap > timedelta(0):
                start = now - timedelta(minutes=1)
                await add_window(session, self.campaign, start, start + leap + timedelta(minutes=1), "silence")
            elif what == "speak":
                await session.execute(delete(SilenceWindow))
            elif what == "cancel":
                await posts.cancel_post(session, self.campaign.id, post.id, now)
            elif what in ("edit", "move"):
                change: dict[str, Any] = {"text": f"{post.text} !"} if what == "edit" else {"publish_at": now + leap}
                try:
                    await approval.edit(session, post, None, now, **change)
                except ApprovalRefused:  # it was taken back
                    return
            elif what in SETTLES:
                await self._settle(session, what, pick)
                return
            of_it = await session.scalars(select(Publication.id).where(col(Publication.post_id) == post.id))
            self.world.touched |= set(of_it)

    async def _settle(self, session: Any, what: str, pick: int) -> None:
        waiting = select(Publication).where(col(Publication.state).in_([S.unknown, S.failed, S.held, S.missed]))
        rows = list(await session.scalars(waiting.order_by(col(Publication.id).desc())))
        if not rows:
            return
        row, was = rows[pick % len(rows)], rows[pick % len(rows)].state
        try:
            await settling.settle(session, self.campaign.id, row.id, SETTLES[what], now=self.clock())
        except MoveRefused:
            assert row.state is was
            return
        self.world.touched.add(row.id)
        if SETTLES[what] is S.published or (was is S.unknown and SETTLES[what] is S.cancelled):
            self.by_hand.add(row.id)
        elif was is S.unknown and what == "send again":
            self.again[row.id] = len(self.world.ledger)

    # --- what always holds

    @invariant()
    def what_happened_may_happen(self) -> None:
        assert not self.world.wrong, "\n".join(self.world.wrong)
        rows = self.eye.exec_driver_sql(
            f"SELECT seq, publication, old, new FROM story WHERE seq > {self.told} ORDER BY seq"
        )
        for seq, ident, old, new in rows:
            self.told = seq
            assert new is not None, f"publication {ident} was deleted"
            if old is None:
                assert new == S.queued, f"publication {ident} began as {new}"
            else:
                assert (S(old), S(new)) in MOVES, f"publication {ident} went from {old} to {new}"
        self._the_ledger_agrees()

    def _the_ledger_agrees(self) -> None:
        rows = self.eye.exec_driver_sql(
            "SELECT publication.id, publication.state, CAST(sent_parts AS TEXT), post.state, network FROM publication "
            "JOIN post ON post.id = post_id JOIN channel ON channel.id = channel_id"
        )
        for ident, state, parts, post_state, network in rows:
            every = [s for s in self.world.ledger if s.publication == ident]
            sent = [s for s in self.world.ledger[self.again[ident] :] if s.publication == ident]
            assert len({s.part for s in sent}) == len(sent), f"publication {ident} ({state}) went out twice: {sent}"
            out, knows = [s.ident for s in sent], json.loads(parts)
            if network in CAN_BE_ASKED:  # it may name what was out before a human said "send again"
                part_of = {s.ident: s.part for s in every}
                agrees = set(out) <= set(knows) and [part_of.get(each) for each in knows] == list(range(len(knows)))
            else:
                agrees = out == knows
            if ident not in self.by_hand and (S(state) not in OUT_OR_MAY_BE or S(state) is S.published):
                assert agrees, f"publication {ident} on {network} is {state} and knows of {knows}, not of {out}"
            if state == S.queued:
                assert post_state != "cancelled", f"publication {ident} waits for ever: its post was taken back"
            if state == S.sending:
                assert self.ends_are_due, f"publication {ident} is stuck in sending"


@pytest.fixture
def quiet() -> Iterator[None]:
    """Thousands of warnings are what this test makes."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.takes_long
def test_whatever_happens_nothing_goes_out_twice_and_nothing_is_lost(stores: Stores, quiet: None) -> None:
    run_state_machine_as_test(
        lambda: Machine(stores),
        settings=settings(
            max_examples=EXAMPLES or 60,
            stateful_step_count=30,
            derandomize=not EXAMPLES,
            phases=list(Phase) if EXAMPLES else [Phase.generate],  # to make an example small takes minutes
            database=None,
        ),
    )
