"""How long a server asks to wait, in each of the ways in which servers say it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from networks.answers import waiting_time

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
DATE = {"date": format_datetime(NOW, usegmt=True)}
OTHERWISE = timedelta(minutes=5)
SOON = NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "90"}, 90),
        ({"retry-after": "0"}, 1),  # at least a second
        ({"retry-after": "-5"}, 1),
        ({"retry-after": "999999"}, 86_400),  # at most a day
        ({"retry-after": format_datetime(SOON, usegmt=True)} | DATE, 91),
        ({"x-reset": str(int(SOON.timestamp()))} | DATE, 91),  # X, Bluesky
        ({"x-reset": SOON.isoformat(timespec="microseconds").replace("+00:00", "Z")} | DATE, 91),  # Mastodon
        ({"x-reset": SOON.replace(tzinfo=None).isoformat()} | DATE, 91),  # no zone: UTC
        ({"x-reset": format_datetime(SOON, usegmt=True)} | DATE, 91),
        ({"x-reset": "90"} | DATE, 90),  # the seconds that are left
        ({"retry-after": "30", "x-reset": str(int(SOON.timestamp()))} | DATE, 30),
        ({"retry-after": "soon", "x-reset": "90"}, 90),
        ({"x-reset": str(int(NOW.timestamp()) - 60)} | DATE, 1),  # over already
        ({"x-reset": "soon"} | DATE, 300),
        ({"x-reset": ""}, 300),
        ({"x-reset": "nan"}, 300),
        ({"x-reset": "9" * 30}, 300),
        ({}, 300),
    ],
)
def test_a_wait_is_read_however_a_server_says_it(headers: dict[str, str], seconds: int) -> None:
    assert waiting_time(headers, OTHERWISE, "x-reset") == timedelta(seconds=seconds)


@pytest.mark.parametrize("date", [{}, {"date": "today"}])
def test_without_a_date_of_the_server_our_own_clock_has_to_do(date: dict[str, str]) -> None:
    reset = datetime.now(UTC) + timedelta(minutes=30)
    wait = waiting_time({"x-reset": reset.isoformat()} | date, OTHERWISE, "x-reset")
    assert timedelta(minutes=29) < wait < timedelta(minutes=31)
