"""Moments: kept in UTC, beside the name of the zone in which they were meant."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Clock = Callable[[], datetime]  # an aware moment in UTC; only run_bot.py passes the system's own


class TimeProblem(ValueError):
    """A moment that cannot be used; the message says why and what to write instead."""


def system_clock() -> datetime:
    """Now, in UTC. Called through the `Clock` that run_bot.py hands down."""
    return datetime.now(UTC)


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name, such as "Europe/Paris" or "Indian/Reunion"; raises TimeProblem."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeProblem(f"time zone “{name}” does not exist; write one such as Europe/Paris") from None


def to_utc(local: datetime, zone_name: str) -> datetime:
    """A wall-clock moment of a zone, in UTC.

    On the autumn night an hour comes twice: the first one is taken. On the spring night an hour is missing:
    TimeProblem names the two moments around the gap. A moment that carries its own offset is taken as it is.
    """
    try:
        return _to_utc(local, zone(zone_name))
    except OverflowError:
        raise TimeProblem(f"{local:%Y-%m-%d %H:%M} is not a date that can be used; check the year") from None


def _to_utc(local: datetime, place: ZoneInfo) -> datetime:
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    moment = local.replace(tzinfo=place, fold=0).astimezone(UTC)
    back = moment.astimezone(place)
    if back.replace(tzinfo=None) != local:
        gap = back.utcoffset() or timedelta()
        before = local.replace(tzinfo=place, fold=0).utcoffset() or timedelta()
        earlier = local - (gap - before)
        raise TimeProblem(
            f"{local:%Y-%m-%d %H:%M} does not exist in {place.key}: clocks go forward that night; "
            f"write {earlier:%H:%M} or {back:%H:%M}"
        )
    return moment


def parse_local(text: str) -> datetime:
    """Read "2026-12-01 08:30", "2026-12-01T08:30", "01/12/2026 08:30" or ISO 8601 with an offset; raises TimeProblem."""
    text = " ".join(text.split())
    for form in ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %Hh%M"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is a column of its own
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise TimeProblem(f"“{text}” is not a date and time; write 2026-12-01 08:30 or 01/12/2026 08:30") from None
    if len(text) <= len("2026-12-01"):
        raise TimeProblem(f"“{text}” has no time of day; write {text} 08:30")
    return moment
