"""Share kits and broadcasts to the supporters who agreed to be written to, at the pace that Telegram takes.

One feeder goes through the people of each run in turn, a page at a time, and puts off who rests, where the campaign does
many at a time; workers serve one person each: 1. wait for a turn of the bot's pace, 2. write the handout, 3. call Telegram, 4. write what came of it.
Steps 2 and 4 of many workers share a transaction. A run begins anew at each start and leaves out who has a handout, so
nothing else needs to be remembered. Who gets one digest a day is served with all of their posts that wait, at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import handouts, supporters
from campaigns.batches import BatchWriter
from campaigns.database import Database
from campaigns.handouts import Candidate, Claim, Digest, Outcome, Run
from campaigns.models import HandoutState, Post, Supporter
from campaigns.rhythm import Rhythm, Usual, turn_of, usual_of
from campaigns.stores import STORE_AWAY, said_by
from campaigns.times import Clock
from campaigns.traces import at_work
from networks.errors import (
    ChannelRevoked,
    ChatMoved,
    NetworkDown,
    NetworkProblem,
    OutcomeUnknown,
    RateLimited,
    TurnLost,
)
from networks.pace import Pace
from schedules.pulse import MaySend, always
from schedules.timetable import Outage

log = logging.getLogger(__name__)

WORKERS = 96  # messages in flight at most: 1,000 a second, each of which takes a tenth of a second
SWEEP = 5_000  # participations that one statement looks at where the campaign rests; a write of a tenth of a second
PAGE = 200  # people of one run before the next has its turn; at Telegram's rates about 7 seconds
DOWN_WAIT = timedelta(seconds=10)
STORE_PAUSE = 2.0  # seconds between tries to write to a store that is away
UNCLEAR = 3  # messages in a row without a clear answer; then Telegram gets a rest, lest all people become unknown

# Sends one card or message and returns its id. Raises networks.errors; ChannelRevoked means that this person is gone.
Deliver = Callable[[Run | Digest, Supporter], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Due:
    """One person to be served, by one claim, or by one for each post of their digest."""

    claims: tuple[Claim, ...]
    supporter: Supporter
    until: datetime  # when they begin to rest


class Broadcaster:
    """Serves the people of every run that is due."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        deliver: Deliver,
        pace: Pace,
        observe: Callable[[str], None] = lambda outcome: None,
        *,
        may_send: MaySend = always,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`observe` is told how each message ended."""
        self._database = database
        self._clock = clock
        self._deliver = deliver
        self._pace = pace
        self._observe = observe
        self._may_send = may_send
        self._pause = pause
        self._rows: BatchWriter[Claim | Outcome] = BatchWriter(
            database, lambda session, items: handouts.write(session, items, clock())
        )
        self._waiting: asyncio.Queue[Due] = asyncio.Queue(WORKERS)
        self._task: asyncio.Task[None] | None = None
        self._interruptible: set[asyncio.Task[None]] = set()  # workers without a person in hand
        self._unclear = 0
        self._ending = False  # the drain under way: whoever has served a person takes no other
        self._outage = Outage()
        self._stopping = False

    async def tick(self) -> None:
        """Unless it is under way already, start to serve what is due; returns at once."""
        if self._stopping or self.busy:
            return
        async with self._database.read() as session:
            due = await self.is_due(session)
        if due and not self._stopping:
            self._task = asyncio.create_task(self._drain())

    @property
    def busy(self) -> bool:
        return self._task is not None and not self._task.done()

    async def is_due(self, session: AsyncSession) -> bool:
        return bool(await handouts.runs(session, self._clock()))

    async def settled(self) -> None:
        """Wait until nothing is due and nothing in flight."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def leave_off(self) -> None:
        """Let what is in flight end, and serve nobody else until the next tick."""
        self._ending = True
        for worker in self._interruptible:
            worker.cancel()

    async def stop(self) -> None:
        """Let what is in flight end, and begin nothing."""
        self._stopping = True
        for worker in self._interruptible:
            worker.cancel()
        await self.settled()

    async def end_leases(self, *, every: bool = False) -> None:
        """Take care of handouts that a dead process left, of people who never answered, and of badges left unfinished."""
        async with self._database.write() as session:
            await supporters.forget_photos(session, self._clock())
            await supporters.forget_strangers(session, self._clock())
            left = await handouts.end_leases(session, self._clock(), every=every)
        if left:
            log.warning("%d messages were being sent to people when the program stopped; they are “unknown”", left)

    async def _drain(self) -> None:
        """Feed the workers until nothing is due; what goes wrong with the store ends it, and the next tick begins anew."""
        self._waiting, self._ending = asyncio.Queue(WORKERS), False
        workers = [asyncio.create_task(self._work()) for _ in range(WORKERS)]
        self._interruptible.update(workers)
        feeder = asyncio.create_task(self._feed())
        try:
            await asyncio.wait([feeder, *workers], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._ending = True
            feeder.cancel()
            for worker in workers:
                if worker in self._interruptible:
                    worker.cancel()
            ended = await asyncio.gather(feeder, *workers, return_exceptions=True)
            self._interruptible.difference_update(workers)
        self._tell_of([error for error in ended if isinstance(error, Exception)])

    def _tell_of(self, errors: Sequence[Exception]) -> None:
        away = next((error for error in errors if isinstance(error, STORE_AWAY)), None)
        if away is not None:
            self._outage.away(away)
        elif errors:
            log.error("handouts stopped for a moment", exc_info=errors[0])
        else:
            self._outage.back()

    async def _feed(self) -> None:
        """Hand people to the workers, a page of each run in turn; returns when nothing more can be done now."""
        cursors: dict[tuple[str, int], int] = {}
        swept: dict[tuple[str, int], int] = {}
        usual: dict[int, Usual] = {}  # of each campaign
        handed_on = False  # whether somebody may still be in hand
        while not self._stopping and self._may_send():
            async with self._database.read() as session:
                due = await handouts.runs(session, self._clock())
                for campaign_id in {run.what.campaign_id for run in due} - usual.keys():
                    usual[campaign_id] = await usual_of(session, campaign_id)
            fed = False
            for run in due:
                if await self._sweep(run, usual[run.what.campaign_id], swept):
                    fed = True
                    continue
                after = cursors.get(run.key, 0)
                page = await self._feed_page(run, due, usual[run.what.campaign_id], after)
                if page or after:
                    # Behind the last one, look once more from the first: who could not be served waits again.
                    cursors[run.key] = page[-1].participation_id if page else 0
                    fed = handed_on = True
                if not page:
                    await self._waiting.join()
                if not page and not after:
                    fed |= await self._end(run)
            if not fed:
                if not handed_on:
                    return
                await self._waiting.join()  # who could not be served waits again, and their run is due again
                handed_on = False

    async def _sweep(self, run: Run, usual: Usual, swept: dict[tuple[str, int], int]) -> bool:
        """Where the campaign rests, let the handouts of the next ones who chose nothing wait; whether there were any."""
        now = self._clock()
        turn = handouts.usual_turn(run, usual, now)
        if turn.free or run.handed_out:
            swept.pop(run.key, None)
            return False
        after = swept.get(run.key, 0)
        async with self._database.write() as session:
            last = await handouts.put_off_usual(session, run, usual, turn.until, now, after=after, limit=SWEEP)
        swept[run.key] = last or after
        return last is not None

    async def _feed_page(self, run: Run, due: Sequence[Run], usual: Usual, after: int) -> Sequence[Candidate]:
        """Hand on who may be written to now, and let the others' handouts wait; everybody who was looked at."""
        now = self._clock()
        async with self._database.read() as session:
            page = await handouts.candidates(session, run, now, after=after, limit=PAGE)
            turns = await handouts.turns(session, run, usual, page, now)
        people = list(zip(page, turns, strict=True))
        resting = {each.supporter.id: turn.until for each, (_, turn) in people if not turn.free}
        if resting:
            async with self._database.write() as session:
                await handouts.put_off(session, run, resting)
        for each, (rhythm, turn) in people:
            if turn.free:
                claim = Claim(run, each.participation_id, each.supporter.id, handouts.limit_of(rhythm, now))
                others = _digest(run, due, rhythm, now)
                claims = (claim, *(replace(claim, run=other) for other in others))
                await self._waiting.put(Due(claims, each.supporter, turn.until))
        return page

    async def _end(self, run: Run) -> bool:
        """Close a run that has nobody left to serve now; whether it did."""
        async with self._database.write() as session:
            ended = await handouts.end(session, run, self._clock())
        if ended:
            async with self._database.read() as session:  # counting a million would hold up who writes
                rest = await handouts.waiting(session, run)
            what = "broadcast" if run.text else "share kit of post"
            more = f", but for {rest} who rest now" if rest else ""
            log.info("%s %d has reached everybody%s", what, run.what.id, more, extra=_ids(run))
        return ended

    async def _work(self) -> None:
        this = asyncio.current_task()
        assert this is not None  # noqa: S101 - _drain() made a task of it
        while True:
            due = await self._waiting.get()
            try:
                await self._pace.turn(str(due.supporter.telegram_id))
                self._interruptible.discard(this)
                if (
                    self._clock() >= due.until
                ):  # they began to rest while Telegram asked to wait: the feeder sees it, too
                    self._pace.give_back()
                elif not self._may_send():  # another worker goes on with them
                    return
                elif not self._ending and not self._stopping:
                    await self._serve(due.claims, due.supporter)
            finally:
                self._waiting.task_done()
            if self._ending or self._stopping:
                return
            self._interruptible.add(this)

    async def _serve(self, claims: tuple[Claim, ...], supporter: Supporter) -> None:
        """Write, send, write."""
        granted = await self._rows.write(claims)
        held = [(claim.run, number) for claim, number in zip(claims, granted, strict=True) if number is not None]
        if not held:  # the person left, or the run was stopped
            self._pace.give_back()
            return
        (run, handout_id), *others = held
        posts = tuple(each.what for each, _ in held if isinstance(each.what, Post))
        begun = Outcome(run, handout_id, supporter.id, HandoutState.unknown, card=not others)
        with at_work("message", **_ids(run), handout=handout_id) as seen:
            outcome = await self._send(Digest(posts) if others else run, begun, supporter)
            seen["outcome"] = outcome.state.value
        self._observe(outcome.state.value)
        self._unclear = self._unclear + 1 if outcome.state is HandoutState.unknown else 0
        if self._unclear >= UNCLEAR:
            self._pace.halt(DOWN_WAIT.total_seconds())
        await self._write_down([outcome, *(replace(outcome, run=each, handout_id=number) for each, number in others)])

    async def _write_down(self, outcomes: Sequence[Outcome]) -> None:
        """However long the store is away: what is known of a message must not become `unknown`."""
        said = False
        while True:
            try:
                await self._rows.write(outcomes)
                return
            except STORE_AWAY as error:
                if self._stopping:
                    raise
                if not said:
                    log.warning("what came of a message cannot be written yet (%s)", said_by(error))
                said = True
                await self._pause(STORE_PAUSE)

    async def _send(self, what: Run | Digest, outcome: Outcome, supporter: Supporter) -> Outcome:
        """The outcome as it came."""

        def came(state: HandoutState, **more: object) -> Outcome:
            return replace(outcome, state=state, **more)  # type: ignore[arg-type]

        try:
            if not self._may_send():
                raise TurnLost
            return came(HandoutState.sent, message_id=await self._deliver(what, supporter))
        except TurnLost as problem:
            return came(HandoutState.queued, reason=str(problem))
        except RateLimited as problem:
            self._pace.flood(problem.retry_after.total_seconds())
            return came(HandoutState.queued)
        except NetworkDown as problem:
            self._pace.halt(DOWN_WAIT.total_seconds())
            return came(HandoutState.queued, reason=str(problem))
        except OutcomeUnknown as problem:
            return came(HandoutState.unknown, reason=str(problem))
        except ChannelRevoked as problem:
            return came(HandoutState.failed, reason=str(problem), gone=True)
        except ChatMoved as problem:  # nothing was written: it goes to the new number
            return came(HandoutState.queued, reason=str(problem), moved_to=problem.chat_id)
        except NetworkProblem as problem:
            return came(HandoutState.failed, reason=str(problem))
        except Exception as error:
            log.exception("handout %d", outcome.handout_id)
            return came(HandoutState.unknown, reason=f"unexpected {type(error).__name__}")


def _ids(run: Run) -> dict[str, int]:
    what = "post" if isinstance(run.what, Post) else "broadcast"
    return {"campaign": run.what.campaign_id, what: run.what.id}


def _digest(run: Run, due: Sequence[Run], rhythm: Rhythm, now: datetime) -> list[Run]:
    """The other posts that go out together with this one, to who wants one digest a day."""
    if rhythm.digest_at is None or not isinstance(run.what, Post):
        return []
    of_campaign = [
        each for each in due if isinstance(each.what, Post) and each.what.campaign_id == run.what.campaign_id
    ]
    return [each for each in of_campaign if each.key != run.key and turn_of(rhythm, each.moment, now).free]
