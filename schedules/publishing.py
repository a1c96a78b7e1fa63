"""Due -> claim -> send -> record.

One task drains one channel, in order, and holds its lease meanwhile. For each publication:
1. `sending` is written and committed; from here on a crash leaves `unknown`, never a second post;
2. the network is called once, with the content as it stands now;
3. what came of it is written, in one commit with step 1 of the channel's next publication.
The steps of all channels share their commits (BatchWriter), so a hundred channels cost one disk write.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import media, publications
from campaigns.addresses import recipients_of
from campaigns.batches import BatchWriter
from campaigns.database import Database
from campaigns.keeping_back import is_metered, keep_back
from campaigns.media_stores import MediaAway, MediaHome
from campaigns.models import Channel, PublicationState
from campaigns.publications import Begin, Content, Finish, GiveBack
from campaigns.stores import STORE_AWAY, said_by
from campaigns.times import Clock
from campaigns.traces import at_work
from networks import NEEDS_RECIPIENTS
from networks.base import Network, OutgoingPost, Recipient, parts_out
from networks.errors import (
    ChannelRevoked,
    NetworkDown,
    NetworkProblem,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
    TurnLost,
)
from schedules.pulse import MaySend, always
from schedules.timetable import Outage

log = logging.getLogger(__name__)

CALL_TIMEOUT = 240.0  # seconds; ends before the lease of publications.LEASE does
BATCH = 50  # publications looked up at a time on one channel
# Seconds that a batch of steps waits for those of more channels where the one before it was of more than FEW: networks take
# longer, and each batch costs its statements, however few they are about.
GATHER, FEW = 0.02, 2
FIRST_WAIT = timedelta(seconds=5)  # after a network could not be reached; doubles each time
LONGEST_WAIT = timedelta(minutes=15)
MOST_ATTEMPTS = 12  # about an hour and a half of a network that cannot be reached
HALF_OUT = timedelta(
    hours=6
)  # after its moment, how long the rest of a thread or a mailing is tried, whatever the attempts
STORE_PAUSE = 2.0  # seconds between tries to write to a store that is away
PICTURES_AWAY = "its pictures cannot be read: {where} does not answer ({said}); it goes out by itself when that does, so look at the storage, and at PORTEVOIX_MEDIA_URL and its keys"
PARTLY_OUT = "{parts} of its parts or messages are out, the rest is not: {reason}; “try again” goes on with the rest"

NetworkOpener = Callable[[Channel], Network]  # raises networks.errors.ChannelRevoked where the settings do not do
Observer = Callable[[Channel, Exception | None], None]  # told of each attempt: what went wrong, or None when it is out


def back_off(attempts: int, rng: random.Random) -> timedelta:
    """How long to wait after so many attempts: doubling, at most a quarter of an hour, with jitter of a half."""
    longest = min(FIRST_WAIT * float(2 ** min(attempts - 1, 20)), LONGEST_WAIT)
    return longest * (0.5 + rng.random() / 2)


class PicturesAway(NetworkDown):
    """The storage of a post's pictures does not answer: the post waits until it does."""


class AddressesAway(NetworkDown):
    """The database went away before the addresses could be read, to which this goes; it goes out as soon as it is back."""


async def outgoing(content: Content, media_dir: MediaHome) -> OutgoingPost:
    """What is said, with its pictures; PostRejected where one is gone, PicturesAway where nobody can tell."""
    try:
        pictures = tuple([await asyncio.to_thread(media.load, media_dir, medium) for medium in content.media])
    except MediaAway as away:
        raise PicturesAway(PICTURES_AWAY.format(where=away.where, said=away.said)) from None
    except OSError as error:
        raise PostRejected(
            f"its picture {error.filename} is gone ({error.strerror}): write the post again with the picture"
        ) from error
    return OutgoingPost(
        str(content.publication_id),
        content.text,
        content.link,
        pictures,
        content.sent_parts,
        content.title,
        written_at=content.written_at,
        reply_to=content.reply_to,
    )


def say_left(count: int) -> None:
    """What a dead worker left in `sending`."""
    if count:
        log.warning(
            "%d publications were being sent when the program stopped; they are “unknown” until a human looks", count
        )


class Publisher:
    """Drains the channels of an installation. `tick` may be called at any time and from several processes."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        open_network: NetworkOpener,
        media_dir: MediaHome,
        *,
        worker: str,
        rng: random.Random | None = None,
        site_url: str = "",
        observe: Observer = lambda channel, problem: None,
        may_send: MaySend = always,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._open_network = open_network
        self._media_dir = media_dir
        self.worker = worker  # the name that leases bear; another one only while nothing is drained
        self._rng = rng or random.Random()
        self._site_url = site_url  # where people stop a network that writes to them
        self._observe = observe
        self._may_send = may_send
        self._pause = pause
        self._writer = BatchWriter(database, publications.write_steps, gather=GATHER, siblings=FEW, together=True)
        self._turns = BatchWriter(database, self._take_turns, gather=GATHER, siblings=FEW)
        self._returns = BatchWriter(
            database, publications.give_back_channels, gather=GATHER, siblings=FEW, together=True
        )
        self._draining: dict[int, asyncio.Task[None]] = {}
        self._outage = Outage()
        self._stopping = False

    async def tick(self) -> None:
        """Start to drain each channel that has something due; returns at once."""
        if self._stopping:
            return
        async with self._database.read() as session:
            ready = await publications.channels_with_work(session, self._clock())
        for channel_id in ready:
            if channel_id not in self._draining:
                task = asyncio.create_task(self._drain_or_wait(channel_id))
                self._draining[channel_id] = task
                task.add_done_callback(lambda _, done=channel_id: self._draining.pop(done, None))  # type: ignore[misc]

    async def _drain_or_wait(self, channel_id: int) -> None:
        """A store that can be read and not written, as on a full disk, is said once and not at every tick."""
        try:
            await self.drain(channel_id)
        except STORE_AWAY as error:
            self._outage.away(error)

    async def settled(self) -> None:
        """Wait until every channel that is being drained now has nothing due any more."""
        while self._draining:
            await asyncio.gather(*self._draining.values(), return_exceptions=True)

    async def stop(self) -> None:
        """Let the publications in flight end, and begin none."""
        self._stopping = True
        await self.settled()

    async def end_leases(self, *, every: bool = False) -> None:
        """Turn what dead workers left in `sending` into `unknown`; not what this one has, however long the store was away."""
        async with self._database.write() as session:
            say_left(await publications.end_leases(session, self._clock(), every=every, but=self.worker))

    async def drain(self, channel_id: int) -> None:
        """Publish what is due on a channel, in order, until nothing is; at once nothing where another worker does so."""
        with at_work("channel", channel=channel_id):
            await self._drain_in_order(channel_id)

    async def _drain_in_order(self, channel_id: int) -> None:
        turn = await self._turn(channel_id)
        if turn is None:
            return  # another worker got there first, or the program stops
        wait_until: datetime | None = None
        rest: str | None = None
        network: Network | None = None
        try:
            network = self._open_network(turn.channel)
            await self._publish_all(turn, network)
        except _ChannelWaits as waits:
            wait_until, rest = waits.until, waits.rest
        except ChannelRevoked as problem:  # the settings do not even open
            rest = str(problem)
        except STORE_AWAY as error:  # the channel has done nothing that it should wait for
            self._outage.away(error)
        except Exception:
            log.exception("channel %d could not be drained", channel_id)
            wait_until = self._clock() + LONGEST_WAIT
        finally:
            if network is not None:
                await network.close()
            await self._give_back(GiveBack(channel_id, self.worker, wait_until, rest))
        self._outage.back()
        if rest:
            log.error("channel %d rests; why stands in the console, under Channels", channel_id)

    async def _give_back(self, end: GiveBack) -> None:
        """However long the store is away: of a channel that is leased, and that nobody drains, nothing would go out."""
        while True:
            try:
                await self._returns.write([end])
                return
            except STORE_AWAY:
                if self._stopping:
                    raise
                await self._pause(STORE_PAUSE)

    async def _publish_all(self, turn: "_Turn | None", network: Network) -> None:
        """Publish what is due on a channel until nothing is; raises _ChannelWaits where the channel must wait."""
        while turn is not None and turn.due:
            last: list[Begin | Finish] = []
            began, finished = False, True
            for publication_id in turn.due:
                if self._stopping or not self._may_send() or not self._outlasts_a_call(turn.channel):
                    finished = False
                    break
                content = (await self._write_down([*last, Begin(publication_id, self._clock(), self.worker)]))[-1]
                last = []
                if content is None:
                    continue  # moved, taken back, or claimed by another process in the meantime
                began = True
                with at_work("publication", **_ids(content, turn.channel)) as seen:
                    finish, waits = await self._send(content, network, turn.channel)
                    seen["outcome"] = finish.state.value
                last = [finish]
                if waits is not None:
                    await self._write_down(last)
                    raise waits
            await self._write_down(last)
            if not began or (turn.whole and finished):
                return  # the next tick looks again; going on at once might spin
            turn = await self._turn(turn.channel.id)

    async def _write_down(self, steps: Sequence[Begin | Finish]) -> Sequence[Content | None]:
        """A store that is away for a moment must not make `unknown` what a network gave a receipt for: it is waited for.

        Nor what it was asked to claim and did, in the moment when it went: that is claimed once more.
        """
        said = False
        while True:
            try:
                return await self._writer.write(steps)
            except STORE_AWAY as error:
                if self._stopping:
                    raise
                if not said:
                    what = "what came of" if any(isinstance(step, Finish) for step in steps) else "the beginning of"
                    log.error("%s a publication cannot be written yet (%s)", what, said_by(error))
                said = True
                steps = [replace(step, again=True) if isinstance(step, Begin) else step for step in steps]
                await self._pause(STORE_PAUSE)

    def _outlasts_a_call(self, channel: Channel) -> bool:
        """Whether our lease does; else another worker could begin beside us, so the next turn makes it longer first."""
        until = channel.lease_until
        return until is not None and until - self._clock() >= timedelta(seconds=CALL_TIMEOUT)

    async def _turn(self, channel_id: int) -> "_Turn | None":
        """Lease a channel, or make its lease longer; None where another worker has it, or this one begins nothing more."""
        if self._stopping or not self._may_send():
            return None
        (turn,) = await self._turns.write([channel_id])
        return cast("_Turn | None", turn)

    async def _take_turns(self, session: AsyncSession, channel_ids: Sequence[int]) -> list["_Turn | None"]:
        now = self._clock()
        channels = await publications.lease_channels(session, channel_ids, self.worker, now)
        await keep_back(session, channels, now)
        due = await publications.due_on(session, list(channels), now, BATCH)
        # A channel with a cap or a quota sends one a turn, so that each is weighed after the last one.
        due |= {i: due[i][:1] for i, channel in channels.items() if is_metered(channel)}
        return [
            _Turn(channels[i], due[i], whole=len(due[i]) < BATCH and not is_metered(channels[i]))
            if i in channels
            else None
            for i in channel_ids
        ]

    async def _send(
        self, content: Content, network: Network, channel: Channel
    ) -> tuple[Finish, "_ChannelWaits | None"]:
        """Call the network once; what to write, and whether the channel has to wait."""
        try:
            post = await outgoing(content, self._media_dir)
            if channel.network in NEEDS_RECIPIENTS:
                post = replace(post, recipients=await self._recipients(channel))
            post = replace(post, may_go_on=self._may_send)
            post.keep_turn()
            async with asyncio.timeout(CALL_TIMEOUT):
                receipt = await network.publish(post)
        except TimeoutError:
            silent = OutcomeUnknown(f"the network did not answer within {CALL_TIMEOUT:.0f} s; look at the channel")
            self._observe(channel, silent)
            return self._failure(content, silent)
        except NetworkProblem as problem:
            self._observe(channel, problem)
            return self._failure(content, problem)
        except Exception as error:  # a bug of ours or of a library: the call may have gone out
            log.exception("publication %d", content.publication_id)
            self._observe(channel, error)
            return self._failure(
                content, OutcomeUnknown(f"unexpected {type(error).__name__} while sending; look at the channel")
            )
        self._observe(channel, None)
        log.info("publication %d is out", content.publication_id)
        finish = Finish(
            content.publication_id,
            PublicationState.published,
            content.attempts,
            remote_id=receipt.remote_id,
            url=receipt.url,
            sent_at=self._clock(),
            sent_parts=receipt.parts,
            reason=receipt.note or None,
            settings=receipt.settings,
        )
        return finish, None

    async def _recipients(self, channel: Channel) -> tuple[Recipient, ...]:
        try:
            async with self._database.read() as session:
                return await recipients_of(session, channel, self._site_url)
        except STORE_AWAY as error:
            self._outage.away(error)
            raise AddressesAway from None

    def _failure(self, content: Content, problem: NetworkProblem) -> tuple[Finish, "_ChannelWaits | None"]:
        state, waits = PublicationState.queued, None
        now = self._clock()
        parts = problem.sent_parts or content.sent_parts
        if isinstance(problem, RateLimited):
            waits = _ChannelWaits(until=now + problem.retry_after)
        elif isinstance(problem, ChannelRevoked):
            waits = _ChannelWaits(rest=str(problem))
        elif isinstance(problem, TurnLost | AddressesAway):
            waits = _ChannelWaits()
        elif isinstance(problem, PicturesAway) or (
            isinstance(problem, NetworkDown) and self._may_try_again(content, parts, now)
        ):
            waits = _ChannelWaits(until=now + back_off(content.attempts, self._rng))
        elif isinstance(problem, OutcomeUnknown):
            state = PublicationState.unknown
        else:
            state = PublicationState.failed
        log.warning("publication %d: %s (%s)", content.publication_id, state, type(problem).__name__)
        reason, out = str(problem), len(parts_out(parts))
        if state is PublicationState.failed and out:
            reason = PARTLY_OUT.format(parts=out, reason=reason)
        return Finish(content.publication_id, state, content.attempts, reason=reason, sent_parts=parts), waits

    def _may_try_again(self, content: Content, parts: Sequence[str], now: datetime) -> bool:
        """Where the network is down: a few times; for longer where it went out in part, yet not for ever."""
        if content.attempts < MOST_ATTEMPTS:
            return True
        return bool(parts_out(parts)) and content.due_at is not None and now - content.due_at < HALF_OUT


def _ids(content: Content, channel: Channel) -> dict[str, int]:
    return {"campaign": channel.campaign_id, "post": content.post_id, "publication": content.publication_id}


@dataclass(frozen=True, slots=True)
class _Turn:
    """A channel that this worker has leased, and what is due on it, in order."""

    channel: Channel
    due: list[int]
    whole: bool  # nothing else was due


class _ChannelWaits(Exception):
    """We send nothing more on the channel now, nobody does until a moment or until it is mended; its publications keep their order."""

    def __init__(self, *, until: datetime | None = None, rest: str | None = None) -> None:
        super().__init__(rest or until)
        self.until = until
        self.rest = rest
