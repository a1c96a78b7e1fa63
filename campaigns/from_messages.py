"""A post made of messages: its title, its link, its hashtag, and its moment, as people write them on a phone."""

import re
from contextlib import suppress
from datetime import datetime, timedelta

from campaigns.posts import is_web_address
from campaigns.slots import WEEKDAYS, minute_of_day
from campaigns.times import TimeProblem, parse_local, zone

LONGEST_TITLE = 60  # characters; a line of a list
_HOUR = re.compile(r"(\d)[^\S\n]*[hH](?:[^\S\n]*(\d{2})\b(?!:))?")  # "18 h 30"
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})")  # without its year
_NAMED = {"today": 0, "aujourd'hui": 0, "tomorrow": 1, "demain": 1, "après-demain": 2}
_BETWEEN = {"at", "on", "the", "à", "a", "le", "ce", "this"}


def title_of(text: str) -> str:
    """What the team calls the post: the first words of its first line; empty where the text is."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(line) <= LONGEST_TITLE:
        return line
    cut = line[: LONGEST_TITLE - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" \u202f\u00a0,;:.!?–—") + "…"


def text_and_link(text: str) -> tuple[str, str | None]:
    """An address at the end of a text is the post's link, which supporters get as their own; else the text as it is."""
    before, _, last = text.rstrip().rpartition("\n" if "\n" in text.rstrip() else " ")
    if before.strip() and " " in last.strip():
        before, last = before + "\n" + last.strip().rpartition(" ")[0], last.strip().rpartition(" ")[2]
    if before.strip() and last.startswith(("https://", "http://")) and is_web_address(last):
        return before.rstrip(), last
    return text.strip(), None


def with_hashtag(text: str, hashtag: str) -> str:
    """The text with the hashtag (without its "#") behind it, unless it is there."""
    if not hashtag or re.search(rf"#{re.escape(hashtag)}(?!\w)", text, re.IGNORECASE):
        return text
    return f"{text} #{hashtag}" if text else f"#{hashtag}"


def read_moment(text: str, zone_name: str, now: datetime) -> datetime:
    """A moment on the wall clock of a zone: "2026-12-01 08:30", "01/12/2026 18h", "demain 18h30", "Saturday 10:00", "18h".

    A day of the week is the next one, a time alone is the next time it is so late. Raises TimeProblem.
    """
    with suppress(TimeProblem):
        return parse_local(text)
    here = now.astimezone(zone(zone_name)).replace(tzinfo=None)
    words = _HOUR.sub(r"\1h\2", text.lower().replace("’", "'")).replace(",", " ").split()
    times = [minute for word in words if (minute := minute_of_day(word)) is not None]
    days = [word for word in words if minute_of_day(word) is None and word not in _BETWEEN]
    if len(times) != 1 or len(days) > 1:
        raise _unread(text)
    at = timedelta(minutes=times[0])
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    if not days:
        return midnight + at if midnight + at > here else midnight + timedelta(days=1) + at
    day = days[0]
    if day in _NAMED:
        return midnight + timedelta(days=_NAMED[day]) + at
    if day in WEEKDAYS:
        ahead = (WEEKDAYS[day] - here.weekday()) % 7
        return midnight + timedelta(days=ahead if ahead or midnight + at > here else 7) + at
    if found := _DAY.fullmatch(day):
        with suppress(ValueError):
            moment = midnight.replace(month=int(found[2]), day=int(found[1])) + at
            return moment if moment > here else moment.replace(year=moment.year + 1)
    raise _unread(text)


def _unread(text: str) -> TimeProblem:
    return TimeProblem(f"“{text}” is no moment; write one such as tomorrow 18:00, Saturday 10:30 or 01/12/2026 08:30")
