"""The weekly posting slots of a channel, "Mon-Fri 08:00, 12:30; Sat 10:00, Europe/Paris", and their moments.

APScheduler's triggers do the calendar arithmetic, on the bare wall clock, where no night is special. Left to a zone they
name moments that do not exist in the spring gap (and as many minutes late) and fire twice in autumn's doubled hour.
`moments` puts each wall-clock time on the zone's real clock itself.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from campaigns.times import TimeProblem, zone

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ENGLISH = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FRENCH = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MORE = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
WEEKDAYS: dict[str, int] = {  # 0 is Monday, as in datetime and APScheduler
    **{name: number for names in (_ENGLISH, _FRENCH) for number, name in enumerate(names)},
    **{name + "s": number for names in (_ENGLISH, _FRENCH) for number, name in enumerate(names)},
    **{name[:3]: number for names in (_ENGLISH, _FRENCH) for number, name in enumerate(names)},
    **_MORE,
}
_TIME = re.compile(r"(\d{1,2})(?::(\d{2})|h(\d{2})?)", re.ASCII)
SECOND = timedelta(seconds=1)


class SlotsProblem(ValueError):
    """Posting slots that cannot be read; the message quotes the piece and says what to write instead."""


@dataclass(frozen=True)
class Slots:
    """Weekly slots: `week` holds (weekday from Monday 0, minute of the day), each once and in order; `zone_name` is IANA."""

    week: tuple[tuple[int, int], ...]
    zone_name: str
    _trigger: Any = field(init=False, repr=False, compare=False)
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.week:
            raise SlotsProblem("there is no slot; write some such as Mon-Fri 08:00, 18:00")
        object.__setattr__(self, "week", tuple(sorted(set(self.week))))
        object.__setattr__(self, "_zone", zone(self.zone_name))
        object.__setattr__(self, "_trigger", _weekly(self.week))

    def __str__(self) -> str:
        """The canonical form, which `parse_slots` reads back: days with the same times stand together."""
        days: dict[tuple[int, ...], list[int]] = {}
        for day, slots in groupby(self.week, key=lambda slot: slot[0]):
            days.setdefault(tuple(minute for _, minute in slots), []).append(day)
        groups = (
            f"{_day_names(same)} {', '.join(f'{minute // 60:02}:{minute % 60:02}' for minute in times)}"
            for times, same in days.items()
        )
        return f"{'; '.join(groups)}, {self.zone_name}"

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """The slots from `start` up to, without, `end`: UTC, rising, none twice."""
        for moment in moments(self._trigger, self._zone, start - timedelta(microseconds=1)):
            if moment >= end:
                return
            yield moment

    def next_free(self, after: datetime, taken: Collection[datetime]) -> datetime:
        """The first slot after `after`, in UTC, that is not among `taken` (aware moments of any zone)."""
        full = {moment.astimezone(UTC) for moment in taken}
        free = (moment for moment in moments(self._trigger, self._zone, after) if moment not in full)
        for moment in free:
            return moment
        raise SlotsProblem(f"there is no free slot after {after:%Y-%m-%d %H:%M}; check the year")


def parse_slots(text: str, default_zone: str) -> Slots:
    """Read "Mon-Fri 08:00, 12:30, 18:00; Sat 10:00, Europe/Paris" or "lun-ven 8h, 18h30"; raises SlotsProblem.

    Days and their times, English or French; a zone may stand at the end, else it is `default_zone`.
    """
    words = _words(text)
    zone_name = _zone_name(words[-1]) if words else None
    if zone_name is not None:
        words.pop()
    week: set[tuple[int, int]] = set()
    for days, times in _groups(words):
        week.update((day, minute) for day in days for minute in times)
    if not week:
        raise SlotsProblem("there is no slot; write some such as Mon-Fri 08:00, 18:00")
    try:
        return Slots(tuple(week), zone_name or default_zone)
    except TimeProblem as problem:
        raise SlotsProblem(str(problem)) from None


def minute_of_day(text: str) -> int | None:
    """Minutes since 00:00 of "08:30", "8h30" or "18h"; None for what is no time of day."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or match[3] or 0)
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def moments(trigger: Any, place: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The moments after `after` of an APScheduler trigger that was made for UTC and means the wall clock of `place`.

    UTC, rising, none twice. A time in the spring gap comes at the first moment behind the gap, together with what else
    comes then; a time in the doubled hour comes the first time only.
    """
    if after.tzinfo is None:
        raise TimeProblem(f"{after:%Y-%m-%d %H:%M} has no time zone; give it one")
    last = after.astimezone(UTC)
    try:
        wall = after.astimezone(place).replace(tzinfo=UTC, fold=0)
        while (due := trigger.get_next_fire_time(None, wall)) is not None:
            moment = real_moment(due.replace(tzinfo=None), place)
            if moment > last:
                last = moment
                yield moment
            wall = due + SECOND
    except OverflowError:
        return  # behind the year 9999 nothing is due


def real_moment(wall: datetime, place: ZoneInfo) -> datetime:
    """A naive wall-clock time of a zone, in UTC: the first of two in the doubled hour, the end of the gap in the gap."""
    late = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if late.astimezone(place).replace(tzinfo=None) == wall:
        return late
    # In a gap the two folds lie on both sides of the change; halving finds its second.
    early = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    before = early.astimezone(place).utcoffset()
    while late - early > SECOND:
        middle = early + timedelta(seconds=(late - early) // SECOND // 2)
        if middle.astimezone(place).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def _weekly(week: Iterable[tuple[int, int]]) -> Any:
    days: dict[int, list[int]] = {}
    for day, minute in week:
        days.setdefault(minute, []).append(day)
    return OrTrigger(
        [
            CronTrigger(day_of_week=",".join(map(str, on)), hour=at // 60, minute=at % 60, timezone=UTC)
            for at, on in days.items()
        ]
    )


def _words(text: str) -> list[str]:
    """Days, day ranges, times, the zone, and ";" as a word of its own."""
    text = unicodedata.normalize("NFC", text)  # some keyboards write "à" as two characters
    text = re.sub(r"\b(?:every day|daily|chaque jour|tous les jours)\b", "mon-sun", text, flags=re.IGNORECASE)
    text = re.sub(r"\s*[-–—]\s*", "-", text)
    text = re.sub(r"([^\W\d]+)\s+(?:to|au|à)\s+([^\W\d]+)", r"\1-\2", text)  # "lundi à vendredi", "Mon to Fri"
    text = re.sub(r"(\d)[^\S\n]*[hH](?:[^\S\n]*(\d{2})\b(?!:))?", r"\1h\2", text)  # "18 h 30"
    text = re.sub(r"\b(?:at|à|and|et)\b", " ", text, flags=re.IGNORECASE)
    return re.sub(r"[;\n]", " ; ", text.replace(",", " ")).split()


def _groups(words: Sequence[str]) -> Iterator[tuple[list[int], list[int]]]:
    """(weekdays, minutes of the day), a group for each run of days and the times behind it."""
    days: list[int] = []
    times: list[int] = []
    named = ""
    for word in [*words, ";"]:
        at = minute_of_day(word.lower())
        if at is not None:
            if not days:
                raise SlotsProblem(f"“{word}” has no day before it; write Mon-Fri {word}")
            times.append(at)
            continue
        on = None if word == ";" else _days_of(word)
        if days and not times and word == ";":
            raise SlotsProblem(f"“{named}” has no time; write {named} 08:00")
        if times or word == ";":  # a day behind a time begins the next group
            yield days, times
            days, times, named = [], [], ""
        if on:
            days = days + on
            named = f"{named}, {word}" if named else word


def _days_of(word: str) -> list[int]:
    names = [name.rstrip(".:") for name in word.lower().split("-")]
    if re.match(r"\d", word):
        raise SlotsProblem(f"“{word}” is not a time of day; write one such as 08:00")
    if "/" in word:
        if word.lower() in _zone_names():
            raise SlotsProblem(f"time zone “{word}” does not stand at the end; write one zone, behind the last time")
        raise SlotsProblem(f"time zone “{word}” does not exist; write one such as Europe/Paris")
    if len(names) > 2 or any(name not in WEEKDAYS for name in names):
        raise SlotsProblem(f"“{word}” is not a day or a time; write Mon, Mon-Fri, lun or 08:00")
    first, last = WEEKDAYS[names[0]], WEEKDAYS[names[-1]]
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]  # Sat-Mon goes over the week's end


def _day_names(days: Sequence[int]) -> str:
    runs = [
        [day for _, day in run] for _, run in groupby(enumerate(days), key=lambda numbered: numbered[1] - numbered[0])
    ]
    return ", ".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def _zone_name(word: str) -> str | None:
    """The IANA name that is meant, whatever its case; None where it is a day, a time or a mistake."""
    if minute_of_day(word.lower()) is not None or word.lower() in WEEKDAYS:
        return None
    return _zone_names().get(word.lower())


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
