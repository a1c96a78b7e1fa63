"""When the law wants silence: windows around each polling day, by the clock of each territory.

The rule (Code électoral, L. 49): from the eve of the vote at 00:00 to the end of the polling day no electronic
propaganda goes out. It is a rule of local clocks, so one round gives one window for each territory. Who speaks to a
territory and to those below it takes the union of their windows; a national channel takes the union of all.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.times import TimeProblem, zone

DAY = timedelta(days=1)
SUNDAY = 6

# Where a national vote on a Sunday is held on the Saturday before, so that nobody votes after the mainland's result is
# known. Source: Conseil constitutionnel, "Quelles sont les conséquences du vote le samedi" (2022), and loi n° 62-1292,
# art. 3; the prohibitions of L. 49 begin there on the Friday.
SATURDAY_ZONES = frozenset(
    {
        "America/Guadeloupe",
        "America/Martinique",
        "America/Cayenne",  # Guyane
        "America/Marigot",  # Saint-Martin
        "America/St_Barthelemy",
        "America/Miquelon",  # Saint-Pierre-et-Miquelon
        "Pacific/Tahiti",  # Polynésie française has three zones
        "Pacific/Marquesas",
        "Pacific/Gambier",
    }
)


class SilenceProblem(ValueError):
    """A polling day or a silence window that cannot be used; the message says why and what to write instead."""


@dataclass(frozen=True, slots=True)
class PollingRound:
    """One round of a vote: `day` is the mainland's, also where it is held on the Saturday before.

    `territory_id` None means the whole campaign, else that territory and those below it. `saturday` False is for a vote
    that is held on the Sunday overseas too, as municipal ones are; without it their Sunday would not be silent.
    """

    day: date
    territory_id: int | None
    label: str = ""
    saturday: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """A territory. `zone` None: as its parent, at the top as the campaign."""

    id: int
    parent_id: int | None
    name: str
    zone: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """Silence from `starts_at` up to, without, `ends_at`, both UTC; `zone` is the clock to show them by.

    `territory_id` None means the whole campaign. `polling_day` is the day of the vote in the territory itself; such a
    window is of that territory alone, as those below have their own. Without one the window was made by hand and holds
    for the territories below too. Raises SilenceProblem where it ends before it begins.
    """

    starts_at: datetime
    ends_at: datetime
    territory_id: int | None
    reason: str
    zone: str = "Europe/Paris"
    polling_day: date | None = None

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise SilenceProblem(f"silence window “{self.reason}” has a moment without a time zone; write both in UTC")
        if self.ends_at <= self.starts_at:
            raise SilenceProblem(
                f"silence window “{self.reason}” ends at {self.ends_at:%Y-%m-%d %H:%M %Z}, before it begins at "
                f"{self.starts_at:%Y-%m-%d %H:%M %Z}; write a later end"
            )


def windows(
    rounds: Iterable[PollingRound],
    places: Sequence[Place],
    extra: Iterable[Window] = (),
    campaign_zone: str = "Europe/Paris",
) -> tuple[Window, ...]:
    """The windows of all rounds in all their territories and those made by hand (`extra`), in the order they begin.

    A round of the whole campaign also gives the campaign itself a window, by `campaign_zone`. Raises SilenceProblem for
    a zone that does not exist, a territory that is its own ancestor, or a round in a territory that is not there.
    """
    tree = _Tree(places)
    found = list(extra)
    for vote in rounds:
        for territory_id in _where(vote, tree):
            found.append(_window(vote, territory_id, tree.zone(territory_id, campaign_zone)))
    return tuple(sorted(found, key=lambda window: (window.starts_at, window.ends_at, window.territory_id or 0)))


def check_round(
    vote: PollingRound, now: datetime, places: Sequence[Place], campaign_zone: str = "Europe/Paris"
) -> None:
    """For who adds a polling day: raises SilenceProblem where it is past by the clock of its territory, and as `windows`."""
    tree = _Tree(places)
    windows([vote], places, (), campaign_zone)
    today = now.astimezone(tree.zone(vote.territory_id, campaign_zone)).date()
    if vote.day < today:
        raise SilenceProblem(f"polling day {vote.day} is past, today is {today}; write a day to come")


def window_at(
    silences: Iterable[Window], moment: datetime, territory_id: int | None, places: Sequence[Place]
) -> Window | None:
    """The window that keeps a channel or a post of this territory silent at `moment`; of several, the last to end.

    A territory is bound by its own windows, by those of the territories below (it speaks to them too) and by those made
    by hand for the territories above and the whole campaign. None, a national channel, is bound by all; so, to be on
    the safe side, is a territory that is not in `places`.
    """
    near = [window for window in silences if window.starts_at <= moment < window.ends_at]
    return max(_binding(near, territory_id, places), key=lambda window: window.ends_at, default=None)


def next_free(
    silences: Iterable[Window], moment: datetime, territory_id: int | None, places: Sequence[Place]
) -> datetime:
    """The first moment, not before `moment`, at which this territory may speak; windows that touch are one silence."""
    binding = _binding([window for window in silences if window.ends_at > moment], territory_id, places)
    for window in sorted(binding, key=lambda window: window.starts_at):
        if window.starts_at > moment:
            break
        moment = max(moment, window.ends_at)
    return moment


class _Tree:
    """The territories of a campaign by their ids."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = {place.id: place for place in places}

    def line(self, territory_id: int) -> Iterator[Place]:
        """The territory itself, its parent, and so on to the top."""
        seen: set[int] = set()
        here = self.places.get(territory_id)
        while here is not None:
            if here.id in seen:
                raise SilenceProblem(f"territory “{here.name}” lies within itself; give it another parent")
            seen.add(here.id)
            yield here
            here = None if here.parent_id is None else self.places.get(here.parent_id)

    def at_or_below(self, territory_id: int) -> set[int]:
        return {place for place in self.places if any(above.id == territory_id for above in self.line(place))}

    def zone(self, territory_id: int | None, campaign_zone: str) -> ZoneInfo:
        """The zone of the nearest place upwards that names one; raises SilenceProblem with that place's name."""
        line = () if territory_id is None else self.line(territory_id)
        named = next((place for place in line if place.zone), None)
        try:
            return zone(named.zone if named and named.zone else campaign_zone)
        except TimeProblem as problem:
            raise SilenceProblem(f"{f'territory “{named.name}”' if named else 'the campaign'}: {problem}") from None


def _where(vote: PollingRound, tree: _Tree) -> Collection[int | None]:
    if vote.territory_id is None:
        return [None, *tree.places]
    if vote.territory_id not in tree.places:
        raise SilenceProblem(f"polling day {vote.day} is in a territory that does not exist; choose another")
    return sorted(tree.at_or_below(vote.territory_id))


def _window(vote: PollingRound, territory_id: int | None, place: ZoneInfo) -> Window:
    # Whoever writes a Saturday for an overseas territory has moved it already.
    early = vote.saturday and vote.day.weekday() == SUNDAY and place.key in SATURDAY_ZONES
    try:
        day = vote.day - DAY if early else vote.day
        starts_at, ends_at = _midnight(day - DAY, place), _midnight(day + DAY, place)
    except OverflowError:
        raise SilenceProblem(f"polling day {vote.day} is not a date that can be used; check the year") from None
    reason = f"{vote.label}, polling day {day}" if vote.label else f"polling day {day}"
    return Window(starts_at, ends_at, territory_id, reason, place.key, day)


def _midnight(day: date, place: ZoneInfo) -> datetime:
    """The first moment of a day, in UTC: days of 23 and 25 hours come out right, as both ends are read off the clock."""
    return datetime.combine(day, time(), place).astimezone(UTC)


def _binding(silences: Sequence[Window], territory_id: int | None, places: Sequence[Place]) -> list[Window]:
    if territory_id is None or not silences:  # nearly always there is none: spare the tree
        return list(silences)
    tree = _Tree(places)
    if territory_id not in tree.places:
        return list(silences)
    below = tree.at_or_below(territory_id)
    above = {None, *(place.id for place in tree.line(territory_id))}
    return [
        window
        for window in silences
        if window.territory_id in below or (window.polling_day is None and window.territory_id in above)
    ]
