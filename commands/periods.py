"""--from and --until: a day or a moment, on the clock of the campaign."""

from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from campaigns.times import parse_local, to_utc

FromOption = Annotated[
    str | None, typer.Option("--from", help="A day or a moment, such as 2027-01-04 or “2027-01-04 08:30”.")
]
UntilOption = Annotated[str | None, typer.Option("--until", help="A day, its end included, or a moment.")]


def period(start: str | None, end: str | None, zone_name: str) -> tuple[datetime | None, datetime | None]:
    """Both ends in UTC, the second one excluded; raises TimeProblem."""
    return _moment(start, zone_name, timedelta()), _moment(end, zone_name, timedelta(days=1))


def _moment(text: str | None, zone_name: str, day_adds: timedelta) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return to_utc(parse_local(text), zone_name)
    return to_utc(datetime.combine(day + day_adds, datetime.min.time()), zone_name)
