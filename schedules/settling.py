"""Asks the networks about publications of unknown outcome, where they can be asked.

Found: it is published, with its address. Not found: it goes out again only where the network itself forbids doubles, with
the key of the first attempt; elsewhere it stays unknown, and a human decides.
"""

import logging
from datetime import datetime, timedelta

from campaigns import settling
from campaigns.database import Database
from campaigns.media_stores import MediaHome
from campaigns.models import PublicationState
from campaigns.publications import Finish
from campaigns.settling import Unknown
from campaigns.times import Clock
from networks.base import Network
from networks.errors import NetworkProblem
from schedules.publishing import NetworkOpener, outgoing

log = logging.getLogger(__name__)

REST = timedelta(minutes=1)  # what was just accepted may not be listed yet
AGAIN = timedelta(minutes=5)  # between two questions about one publication
GIVE_UP = timedelta(hours=24)
CLOCKS_APART = timedelta(minutes=2)  # a network whose clock is behind ours says that a post is older than its attempt
# How long a network remembers the key of an attempt; by then a repeat could double. Mastodon keeps it one hour.
KEYS_LAST = {"mastodon": timedelta(minutes=50)}


class Settler:
    """A work of the timetable."""

    def __init__(self, database: Database, clock: Clock, open_network: NetworkOpener, media_dir: MediaHome) -> None:
        self._database, self._clock, self._open_network, self._media_dir = database, clock, open_network, media_dir
        self._asked: dict[tuple[int, int], datetime] = {}  # publication and attempt -> when it was asked about last
        self._looked: datetime | None = None

    async def tick(self) -> None:
        """Ask about each unknown publication that was not asked about for a while."""
        now = self._clock()
        if self._looked is not None and abs(now - self._looked) < REST / 4:
            return
        self._looked = now
        async with self._database.read() as session:
            unknown = await settling.unknown_ones(session, now - REST)
        for one in unknown:
            key = (one.publication.id, one.publication.attempts)
            asked = self._asked.get(key)
            tried = one.publication.tried_at or now
            if (asked is None or now - asked >= AGAIN) and now - tried < GIVE_UP:
                self._asked[key] = now
                await self._ask(one, tried, now - tried)

    async def _ask(self, one: Unknown, tried: datetime, age: timedelta) -> None:
        publication, channel, content = one.publication, one.channel, one.content
        ids = {"publication": publication.id, "channel": channel.id}
        network: Network | None = None
        try:
            network = self._open_network(channel)
            if not network.can_find:
                return
            receipt = await network.find(await outgoing(content, self._media_dir), tried - CLOCKS_APART)
            may_repeat = network.idempotent and _key_holds(one, age)
        except NetworkProblem as problem:
            log.info("publication %d stays unknown: %s", publication.id, type(problem).__name__, extra=ids)
            return
        except Exception:  # a bug of ours or of a library: the others can be asked about all the same
            log.exception("publication %d stays unknown", publication.id, extra=ids)
            return
        finally:
            if network is not None:
                await network.close()
        now = self._clock()
        async with self._database.write() as session:
            if receipt is not None:
                found = Finish(
                    publication.id,
                    PublicationState.published,
                    publication.attempts,
                    remote_id=receipt.remote_id,
                    url=receipt.url,
                    sent_at=now,
                    sent_parts=receipt.parts,
                )
                await settling.settle_by_asking(session, publication, PublicationState.published, now, receipt=found)
            elif may_repeat:
                await settling.settle_by_asking(session, publication, PublicationState.queued, now)

    async def end_leases(self, *, every: bool = False) -> None:
        """It holds none."""

    async def stop(self) -> None:
        """A question changes nothing on the network: it may be left."""


def _key_holds(one: Unknown, age: timedelta) -> bool:
    """Whether a repeat with the attempt's key cannot double.

    A network that forgets keys is also asked by the text: of a post that was edited since, it cannot say that it is not
    there, and the repeat may wait in the queue for longer than the key lasts.
    """
    lasts = KEYS_LAST.get(one.channel.network)
    return lasts is None or (age < lasts and not one.edited)
