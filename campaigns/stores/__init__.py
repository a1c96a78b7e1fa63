"""Where the rows are: SQLite's file or PostgreSQL's server, by the address."""

import re

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from campaigns.stores.base import (
    BUSY_TIMEOUT,
    ENGINE_LOCK_FILE,
    OLDER_RUNS,
    STORE_AWAY,
    DatabaseAway,
    DatabaseProblem,
    Hold,
    Store,
    is_full,
    plain,
    said_by,
    shown_address,
)
from campaigns.stores.postgresql import Postgresql
from campaigns.stores.sqlite import Sqlite

__all__ = [
    "BUSY_TIMEOUT",
    "ENGINE_LOCK_FILE",
    "OLDER_RUNS",
    "STORE_AWAY",
    "DatabaseAway",
    "DatabaseProblem",
    "Hold",
    "Store",
    "is_full",
    "plain",
    "said_by",
    "shown_address",
    "store_at",
]


def store_at(address: str) -> Store:
    """The store that an address names; raises DatabaseProblem where it names none."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        shown = re.sub(r":[^:/]*@", ":***@", address)
        raise DatabaseProblem(
            f"PORTEVOIX_DATABASE_URL “{shown}” is not a database's address: write sqlite:///folder/file or"
            " postgresql://user:password@host/name"
        ) from None
    kind = url.get_backend_name()
    if kind == "sqlite":
        return Sqlite(url)
    if kind in ("postgresql", "postgres"):
        return Postgresql(url)
    raise DatabaseProblem(f"PORTEVOIX_DATABASE_URL: this version stores in SQLite or PostgreSQL, not in {kind}")
