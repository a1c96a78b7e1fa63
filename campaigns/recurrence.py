"""Posts that come again: "0 8 * * mon-fri" or "every first Tuesday at 09:00", and which wording is next.

Cron is read as cron programs read it. APScheduler's own reading (3.11) counts weekdays from Monday, takes "both days" as
an and, and lets through "lastx" or "mon-fri/2", so each field is read here first and handed over as plain numbers.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from campaigns.slots import WEEKDAYS, minute_of_day, moments
from campaigns.times import TimeProblem, zone

MISSED = 100  # moments that `missed` gives at most: who comes back after a year needs no list of a year
HOUR = timedelta(hours=1)
LEAP_YEAR = 2000  # so that 29 February counts as a day that comes
EXAMPLE = "write 0 8 * * mon-fri or every first Tuesday at 09:00"
_CRON_WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # cron counts from Sunday; its 7 is Sunday too
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_POSITIONS = {
    "first": "1st",
    "second": "2nd",
    "third": "3rd",
    "fourth": "4th",
    "fifth": "5th",
    "last": "last",
    "1st": "1st",
    "2nd": "2nd",
    "3rd": "3rd",
    "4th": "4th",
    "5th": "5th",
    "premier": "1st",
    "1er": "1st",
    "deuxième": "2nd",
    "troisième": "3rd",
    "quatrième": "4th",
    "cinquième": "5th",
    "dernier": "last",
    "dernière": "last",
}
_SENTENCE = re.compile(
    r"(?:every|each|chaque|tous les|toutes les|le)\s+(?P<what>.+?)"
    r"(?P<month>\s+(?:of\s+(?:the|each|every)\s+month|du\s+mois|de\s+chaque\s+mois))?"
    r"\s+(?:at|à|a)\s+(?P<time>\d\S*(?:\s+h(?:\s+\d\d)?)?)"
)


class RecurrenceProblem(ValueError):
    """A recurrence that cannot be used; the message quotes it and says what to write instead."""


@dataclass(frozen=True)
class Recurrence:
    """When a post comes again, by the wall clock of `zone_name` (IANA); `str` gives the text, which can be read back."""

    text: str
    zone_name: str
    _trigger: Any = field(repr=False, compare=False)
    _zone: ZoneInfo = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def next(self, after: datetime) -> datetime | None:
        """The first moment after `after`, in UTC; None where none comes before the year 10000.

        A time in the spring gap comes at the end of the gap, a time in the doubled hour once, the first time.
        """
        return next(moments(self._trigger, self._zone, after), None)

    def missed(self, since: datetime, until: datetime, limit: int = MISSED) -> list[datetime]:
        """The moments after `since`, up to and with `until`, in UTC, oldest first; of more than `limit`, the latest.

        The work is bounded too: it looks back from `until` over longer and longer spans, never over all of a long pause.
        """
        span = max(limit, 1) * HOUR  # no recurrence comes more often than hourly
        while True:
            start = max(since, until - span) if until - since > span else since
            found = list(takewhile(lambda moment: moment <= until, moments(self._trigger, self._zone, start)))
            if len(found) >= limit or start == since:
                return found[-limit:] if limit > 0 else []
            span *= 2


def parse_recurrence(text: str, zone: str) -> Recurrence:
    """Read five fields of cron, or words in English or French such as "chaque premier mardi à 09:00".

    Raises RecurrenceProblem for what is neither, never comes (30 February), comes more often than once an hour, and for
    a zone that does not exist.
    """
    place = _zone(zone)
    plain = " ".join(unicodedata.normalize("NFC", text).lower().split())
    fields = plain.split()
    said = _SENTENCE.fullmatch(plain)
    if said is not None:
        trigger = _by_words(text, said)
    elif len(fields) == 5 and re.match(r"[\d*]", plain):
        trigger = _by_cron(text, fields)
    else:
        raise RecurrenceProblem(f"“{text}” is not a recurrence; {EXAMPLE}")
    return Recurrence(plain, place.key, trigger, place)


def wording_of(
    n_texts: int, recent: Sequence[tuple[datetime, int]], now: datetime, not_within: timedelta
) -> int | None:
    """Which of `n_texts` texts is next: the one unused for longest, those never used first and in their order.

    `recent` holds (moment, index of the text used then), in any order. None where each was used less than `not_within`
    before `now`, or will be used after it.
    """
    last_used: dict[int, datetime] = {}
    for moment, index in recent:
        last_used[index] = max(moment, last_used.get(index, moment))
    never = datetime.min.replace(tzinfo=UTC)
    free = [i for i in range(n_texts) if i not in last_used or now - last_used[i] >= not_within]
    return min(free, key=lambda index: (last_used.get(index, never), index), default=None)


def _zone(name: str) -> ZoneInfo:
    try:
        return zone(name)
    except TimeProblem as problem:
        raise RecurrenceProblem(str(problem)) from None


def _by_words(text: str, said: re.Match[str]) -> Any:
    at = minute_of_day(said["time"].replace(" ", ""))
    if at is None:
        raise RecurrenceProblem(f"“{said['time']}” in “{text}” is not a time of day; write one such as 08:30")
    clock = {"hour": at // 60, "minute": at % 60, "timezone": UTC}
    what = said["what"].split()
    if what in (["day"], ["jour"], ["jours"]) and not said["month"]:
        return CronTrigger(day="*", **clock)
    position = _POSITIONS.get(what[0])
    if position is not None and len(what) == 2 and what[1] in WEEKDAYS:
        return CronTrigger(day=f"{position} {_day_name(what[1])}", **clock)
    days = [word for word in re.split(r"[\s,]+", said["what"]) if word not in ("and", "et")]
    for word in days:
        if word not in WEEKDAYS:
            raise RecurrenceProblem(f"“{word}” in “{text}” is not understood; {EXAMPLE}")
    if said["month"]:
        raise RecurrenceProblem(
            f"“{text}” does not say which {days[0]} of the month; write every first Tuesday at 09:00"
        )
    return CronTrigger(day_of_week=",".join(_day_name(day) for day in days), **clock)


def _day_name(word: str) -> str:
    return _CRON_WEEK[(WEEKDAYS[word] + 1) % 7]


def _by_cron(text: str, fields: Sequence[str]) -> Any:
    minutes = _values(text, fields[0], 0, 59)
    hours = _values(text, fields[1], 0, 23)
    days = _values(text, fields[2], 1, 31)
    months = _values(text, fields[3], 1, 12, _MONTHS)
    weekdays = _values(text, fields[4], 0, 7, _CRON_WEEK)
    if len(minutes) > 1:
        raise RecurrenceProblem(
            f"“{text}” comes more often than once an hour; write one minute, such as {minutes[0]} {' '.join(fields[1:])}"
        )
    if fields[2] != "*" and fields[4] != "*":
        raise RecurrenceProblem(
            f"“{text}” names days of the month and days of the week, which cron programs read in two ways; "
            "write one of them as *, or every first Monday at 08:00"
        )
    if min(days) > max(monthrange(LEAP_YEAR, month)[1] for month in months):
        raise RecurrenceProblem(f"“{text}” never comes: no such day in any month it names; {EXAMPLE}")
    return CronTrigger(
        minute=minutes[0],
        hour=_list(hours),
        day=_list(days),
        month=_list(months),
        day_of_week=",".join(sorted({_CRON_WEEK[day] for day in weekdays})),
        timezone=UTC,
    )


def _list(values: Sequence[int]) -> str:
    return ",".join(map(str, values))


def _values(text: str, piece: str, low: int, high: int, names: Sequence[str] = ()) -> list[int]:
    """All numbers that one field of cron means, rising; names count from `low`. Raises RecurrenceProblem."""
    found: set[int] = set()
    week = names == _CRON_WEEK
    for part in piece.split(","):
        match = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?", part, re.ASCII)
        if match is None:
            raise RecurrenceProblem(f"“{part}” in “{text}” is not understood; {EXAMPLE}")
        step = int(match[3] or 1)
        first = _number(text, match[1], low, high, names) if match[1] else low
        last = _number(text, match[2], low, high, names) if match[2] else first
        if match[2] is None and (match[1] is None or match[3]):
            last = 6 if week else high  # 7 is Sunday again
        if week and match[2] and last < first:
            last += 7  # fri-mon goes over the week's end
        if step == 0 or last < first:
            raise RecurrenceProblem(f"“{part}” in “{text}” means no moment; {EXAMPLE}")
        found.update(value % 7 if week else value for value in range(first, last + 1, step))
    return sorted(found)


def _number(text: str, word: str, low: int, high: int, names: Sequence[str]) -> int:
    if word in names:
        return low + names.index(word)
    if not re.fullmatch(r"\d{1,2}", word, re.ASCII) or not low <= int(word) <= high:
        raise RecurrenceProblem(f"“{word}” in “{text}” is not between {low} and {high}; {EXAMPLE}")
    return int(word)
