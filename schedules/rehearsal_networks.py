"""Networks that exist in a rehearsal only: they refuse what the real ones refuse by their limits, and fail on demand."""

import enum
import random
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.channel_secrets import setting_names
from campaigns.media import NewPicture, PictureRefused
from campaigns.models import Channel
from campaigns.times import Clock
from networks import check_settings
from networks.base import OutgoingPost, Receipt
from networks.errors import ChannelRevoked, ChannelSettingsWrong, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.limits import problems

IDEMPOTENT = frozenset({"mastodon", "bluesky"})  # they forbid doubles by a key
FINDABLE = IDEMPOTENT | {"x"}  # they can be asked what is there
# Of a hundred attempts in a storm. Far more than in life, so that a short queue meets each of them.
ASKED_TO_WAIT, UNREACHABLE, NO_ANSWER = 12, 10, 5


class Faults(enum.StrEnum):
    storm = "storm"  # networks ask to wait, cannot be reached, do not answer
    crash = "crash"  # the program is killed between two steps, and started again
    dst = "dst"  # the queue lies over the nights when clocks change


class Told(enum.StrEnum):
    """What happened to a publication on its way."""

    wait = "the network asked to wait {seconds} s"
    down = "the network could not be reached"
    silent_out = "the network took it and did not answer: it is out, and the program cannot know"
    silent_lost = "the network did not answer: it is not out, and the program cannot know"
    killed_before = "the program was killed before the network had it: it is not out, and the program cannot know"
    killed_after = "the program was killed after the network took it: it is out, and the program cannot know"
    killed_idle = "the program was killed before it began with it: nothing is lost, it goes out after the restart"


@dataclass(frozen=True, slots=True)
class Note:
    at: datetime
    told: Told
    seconds: int = 0

    def __str__(self) -> str:
        return self.told.value.format(seconds=self.seconds)


class Killed(BaseException):
    """The program dies here. No handler for errors may catch it, as none catches kill -9."""


@dataclass(frozen=True, slots=True)
class Victim:
    """A publication at which the program is killed."""

    publication_id: int
    channel_id: int
    due_at: datetime
    told: Told


class FakeNetworks:
    """All channels' networks; `ledger` is what they hold in the end, `notes` what happened on the way."""

    def __init__(self, clock: Clock, faults: Faults | None, seed: int, victims: Collection[Victim] = ()) -> None:
        self._clock, self._faults, self._seed = clock, faults, seed
        self._victims = {victim.publication_id: victim for victim in victims}
        self._attempts: dict[str, int] = defaultdict(int)
        self.ledger: dict[str, Receipt] = {}
        self.notes: dict[int, list[Note]] = defaultdict(list)
        self.dead = False

    def open(self, channel: Channel) -> "FakeNetwork":
        """As commands.common.opener, whose complaint about a channel's settings it shares."""
        self._die_if_dead()
        for victim in list(self._victims.values()):
            idle = victim.told is Told.killed_idle and victim.channel_id == channel.id
            if idle and victim.due_at <= self._clock():
                self._kill(victim)
        try:
            check_settings(channel.network, dict.fromkeys(setting_names(channel), "locked") | channel.settings)
        except ChannelSettingsWrong as problem:
            raise ChannelRevoked(f"channel {channel.name}: {problem}") from problem
        return FakeNetwork(self, channel.network)

    def take(self, network: str, post: OutgoingPost) -> Receipt:
        """Publish once, unless something is to go wrong."""
        self._die_if_dead()
        self._refuse(network, post)
        victim = self._victims.get(int(post.key))
        if victim is not None and victim.told is Told.killed_before:
            self._kill(victim)
        if self._faults is Faults.storm:
            self._blow(network, post)
        receipt = self._keep(network, post)
        if victim is not None and victim.told is Told.killed_after:
            self._kill(victim)
        return receipt

    def _keep(self, network: str, post: OutgoingPost) -> Receipt:
        if network in IDEMPOTENT and post.key in self.ledger:
            return self.ledger[post.key]
        self.ledger[post.key] = Receipt(post.key, None, (post.key,))
        return self.ledger[post.key]

    def _refuse(self, network: str, post: OutgoingPost) -> None:
        try:
            facts = tuple(NewPicture("of the post", p.data, p.alt).facts() for p in post.pictures)
        except PictureRefused as error:
            raise PostRejected(str(error)) from error
        if found := problems(network, post, facts):
            raise PostRejected("; ".join(found))

    def _blow(self, network: str, post: OutgoingPost) -> None:
        """The luck of an attempt hangs on the seed, the publication and the attempt, not on who comes first."""
        self._attempts[post.key] += 1
        rng = random.Random(f"{self._seed}:{post.key}:{self._attempts[post.key]}")
        luck, notes = rng.randrange(100), self.notes[int(post.key)]
        if luck < ASKED_TO_WAIT:
            seconds = rng.choice((30, 60, 300, 900))
            notes.append(Note(self._clock(), Told.wait, seconds))
            raise RateLimited(timedelta(seconds=seconds))
        if luck < ASKED_TO_WAIT + UNREACHABLE:
            notes.append(Note(self._clock(), Told.down))
            raise NetworkDown
        if luck < ASKED_TO_WAIT + UNREACHABLE + NO_ANSWER:
            out = rng.random() < 0.5
            if out:
                self._keep(network, post)
            notes.append(Note(self._clock(), Told.silent_out if out else Told.silent_lost))
            raise OutcomeUnknown

    def _kill(self, victim: Victim) -> None:
        del self._victims[victim.publication_id]
        self.notes[victim.publication_id].append(Note(self._clock(), victim.told))
        self.dead = True
        raise Killed

    def _die_if_dead(self) -> None:
        if self.dead:  # another channel's task, in the moment of the kill
            raise Killed


class FakeNetwork:
    """A channel's way out that leads nowhere; a networks.base.Network."""

    def __init__(self, networks: FakeNetworks, network: str) -> None:
        self._networks, self._network = networks, network
        self.idempotent = network in IDEMPOTENT
        self.can_find = network in FINDABLE

    async def check(self) -> str:
        return "a rehearsal"

    async def publish(self, post: OutgoingPost) -> Receipt:
        return self._networks.take(self._network, post)

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        return self._networks.ledger.get(post.key)

    async def close(self) -> None:
        """It holds nothing."""
