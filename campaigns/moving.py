"""A campaign moves from its SQLite file to PostgreSQL: the rows go over, then both sides are read again and compared.

The rows of a table go over in the order of its key, and a batch arrives whole or not at all. So what has arrived says how far
a move came that was killed: it goes on behind each table's last key.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Table,
    bindparam,
    collate,
    func,
    inspect,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from campaigns.database import UNFINISHED, DatabaseProblem, migrate, version_here, version_of
from campaigns.stores import ENGINE_LOCK_FILE, Store, said_by, shown_address
from campaigns.stores.sqlite import locked

Told = Callable[[int], object]  # so many rows more are done

# Who has none of these has begun nothing: a program that only started leaves heartbeats and the like.
BEGUN = ("campaign", "organizer", "supporter", "kept_secret")


class MoveRefused(DatabaseProblem):
    """The move cannot begin or go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What reading both sides again found."""

    rows: int
    digest: str  # SHA-256 of every row, in hexadecimal
    differences: list[str]  # a sentence for each table that is not the same on both sides


@contextmanager
def move(source: Store, target: Store, data_dir: Path, *, anew: bool = False) -> Iterator["Move"]:
    """Both stores for this move alone, the target at this program's version; raises MoveRefused and DatabaseProblem.

    `anew` throws away what an earlier move of the same file left in the target.
    """
    file = _file_of(source, target)
    with ExitStack() as stack:
        for lock in {folder.resolve() / ENGINE_LOCK_FILE for folder in (file.parent, data_dir)}:
            if not stack.enter_context(locked(lock)):
                raise MoveRefused(f"Porte-voix runs on {file}: stop it first")
        with _said(source):
            reading = _opened(source, stack)
            kept = stack.enter_context(reading.begin())  # nobody writes to it until the move ends
            _check_version(kept, file)
        with _said(target):
            writing = _opened(target, stack)
            goes_on = _look_into(writing, str(file.resolve()), target)
            migrate(target.url, moving=True)
            if not stack.enter_context(target.alone()):
                raise MoveRefused(f"Porte-voix runs on {shown_address(target.url)}: stop it first")
            if anew or not goes_on:
                _begin(writing, str(file.resolve()))
            yield Move(kept, writing)


class Move:
    """`copy()`, then `compare()`, then `finish()` where nothing differs. All may be done again, in this order."""

    def __init__(self, source: Connection, target: Engine) -> None:
        self._source, self._target = source, target
        self.tables = SQLModel.metadata.sorted_tables  # each behind those that it refers to
        self.rows = sum(_count(source, table) for table in self.tables)

    def copy(self, batch: int, told: Told) -> None:
        """Bring over what has not arrived yet, so many rows in each transaction."""
        for table in self.tables:
            self._copy(table, batch, told)
            if own := _own_references(table):
                self._refer(table, own, batch)
        with self._target.begin() as target:
            for table in self.tables:
                _count_on(table, self._source, target)
            target.execute(text("ANALYZE"))  # else the first questions are answered the slow way

    def _copy(self, table: Table, batch: int, told: Told) -> None:
        with self._target.begin() as target:
            last = target.execute(_in_order(table, target, *table.primary_key, backwards=True).limit(1)).first()
            told(_count(target, table))
        wanted = _in_order(table, self._source, *table.c)
        if last is not None:
            wanted = wanted.where(_behind(table, last))
        later = dict.fromkeys(_own_references(table))  # None: what it refers to may not be there yet
        for rows in _batches(self._source, wanted, batch):
            with self._target.begin() as target:
                target.execute(table.insert(), [{**row._mapping, **later} for row in rows])
            told(len(rows))

    def _refer(self, table: Table, own: Sequence[str], batch: int) -> None:
        """The references within a table, when all of its rows are there."""
        keys = {f"key_{column.name}": column for column in table.primary_key}
        setting = table.update().where(*(column == bindparam(name, type_=column.type) for name, column in keys.items()))
        setting = setting.values({name: bindparam(f"to_{name}") for name in own})
        wanted = _in_order(table, self._source, *table.c).where(or_(*(table.c[name].is_not(None) for name in own)))
        for rows in _batches(self._source, wanted, batch):
            values = [
                {name: row._mapping[column] for name, column in keys.items()}
                | {f"to_{name}": row._mapping[table.c[name]] for name in own}
                for row in rows
            ]
            with self._target.begin() as target:
                target.execute(setting, values)

    def compare(self, batch: int, told: Told) -> Compared:
        """Read both sides again, through the same types, and compare the count and the hash of each batch."""
        everything, seen, differences = hashlib.sha256(), 0, []
        for table in self.tables:
            with self._target.begin() as target:
                sides = [_batches(side, _in_order(table, side, *table.c), batch) for side in (self._source, target)]
                for here, there in zip_longest(*sides, fillvalue=()):
                    hashed = _hash(here)
                    if (len(here), hashed) != (len(there), _hash(there)):
                        differences.append(f"table {table.name}, from {_first_other(table, here, there)} on")
                        break
                    everything.update(hashed)
                    seen += len(here)
                    told(len(here))
        return Compared(seen, everything.hexdigest(), differences)

    def finish(self) -> None:
        """From now on the program may start on the target."""
        with self._target.begin() as target:
            target.execute(text(f"DROP TABLE {UNFINISHED}"))


# Before anything is written


def _file_of(source: Store, target: Store) -> Path:
    kinds = [store.url.get_backend_name() for store in (source, target)]
    if kinds[0] != "sqlite":
        raise MoveRefused(f"the campaign is on {shown_address(source.url)} already; only a SQLite file can be moved")
    if kinds[1] != "postgresql":
        raise MoveRefused("a move goes to PostgreSQL: write postgresql://user:password@host/name")
    file = Path(str(source.url.database))
    if not file.is_file():
        raise MoveRefused(f"there is no database {file} that could be moved; look at PORTEVOIX_DATA_DIR")
    return file


def _check_version(source: Connection, file: Path) -> None:
    here, there = version_here(), version_of(source)
    if here != there:
        raise MoveRefused(
            f"the database {file} is of version {there}, this program of version {here}: run `run_bot.py migrate`"
            " with the newer program, then move"
        )
    broken = source.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise MoveRefused(
            f"a row of {broken[0]} in {file} refers to one of {broken[2]} that is not there: restore a backup"
        )


def look_into(target: Store, source: Path) -> None:
    """Raises MoveRefused where a move of that file could not begin."""
    with ExitStack() as stack, _said(target):
        if not stack.enter_context(target.alone()):
            raise MoveRefused(f"Porte-voix runs on {shown_address(target.url)}: stop it first")
        _look_into(_opened(target, stack), str(source.resolve()), target)


def _look_into(engine: Engine, source: str, target: Store) -> bool:
    """Whether a move of the same file has begun there; raises MoveRefused where something else is there."""
    shown = shown_address(target.url)
    with engine.begin() as connection:
        there = set(inspect(connection).get_table_names())
        if UNFINISHED in there:
            begun = connection.scalar(text(f"SELECT source FROM {UNFINISHED}"))  # noqa: S608
            if begun != source:
                raise MoveRefused(f"{shown} holds half of a move from {begun}: end that one, or name an empty database")
            return True
        if there and "alembic_version" not in there:
            name = min(there)
            raise MoveRefused(f"{shown} holds data of something else (its table {name}): name an empty database")
        for name in BEGUN:
            if name in there and connection.scalar(text(f"SELECT 1 FROM {name} LIMIT 1")):  # noqa: S608
                raise MoveRefused(f"{shown} holds a campaign already (rows of {name}): name an empty database")
    return False


def _begin(engine: Engine, source: str) -> None:
    """Empty, and marked as unfinished, so that no program starts on half of a campaign."""
    with engine.begin() as target:
        target.execute(text(f"CREATE TABLE IF NOT EXISTS {UNFINISHED} (source TEXT NOT NULL)"))
        names = ", ".join([table.name for table in SQLModel.metadata.sorted_tables] + [UNFINISHED])
        target.execute(text(f"TRUNCATE {names}"))
        target.execute(text(f"INSERT INTO {UNFINISHED} VALUES (:source)"), {"source": source})  # noqa: S608


@contextmanager
def _said(store: Store) -> Iterator[None]:
    """What a store complains of, as a sentence without the values of a statement."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        raise MoveRefused(f"{shown_address(store.url)}: {said_by(error)}; run the same command again") from None


def _opened(store: Store, stack: ExitStack) -> Engine:
    engine = store.migrator()
    stack.callback(engine.dispose)
    return engine


# Rows


def _in_order(table: Table, side: Connection, *wanted: ColumnElement[Any], backwards: bool = False) -> Select[Any]:
    """By key; texts by their bytes on both sides, whatever language the server sorts by."""
    plain = side.dialect.name == "sqlite"
    keys: list[ColumnElement[Any]] = [
        collate(column, "C") if column.type.python_type is str and not plain else column for column in table.primary_key
    ]
    return select(*wanted).order_by(*(key.desc() if backwards else key for key in keys))


def _behind(table: Table, last: Row[Any]) -> ColumnElement[bool]:
    keys = list(table.primary_key)
    return tuple_(*keys) > tuple_(*(literal(value, key.type) for value, key in zip(last, keys, strict=True)))


def _batches(side: Connection, wanted: Select[Any], batch: int) -> Iterator[Sequence[Row[Any]]]:
    yield from side.execute(wanted, execution_options={"yield_per": batch}).partitions()


def _count(side: Connection, table: Table) -> int:
    return side.scalar(select(func.count()).select_from(table)) or 0


def _own_references(table: Table) -> list[str]:
    return [key.parent.name for key in table.foreign_keys if key.column.table is table]


def _hash(rows: Sequence[Row[Any]]) -> bytes:
    # PostgreSQL's texts hold no NUL: it is left out of what is written there, and so here.
    plain = [[value.replace("\0", "") if type(value) is str else value for value in row] for row in rows]
    return hashlib.sha256(repr(plain).encode("utf-8", "surrogatepass")).digest()


def _first_other(table: Table, here: Sequence[Row[Any]], there: Sequence[Row[Any]]) -> str:
    """The key of the first row that is not the same on both sides."""
    pairs = zip_longest(here, there)
    one = next(
        (mine or other for mine, other in pairs if _hash([mine] if mine else []) != _hash([other] if other else []))
    )
    return ", ".join(f"{key.name} {one._mapping[key]}" for key in table.primary_key)


def _count_on(table: Table, source: Connection, target: Connection) -> None:
    """The next row's number: behind the highest, and behind those whose person was erased."""
    column = table.autoincrement_column
    if column is None:
        return
    highest = target.scalar(select(func.max(column))) or 0
    if table.dialect_options["sqlite"]["autoincrement"]:
        given = source.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        highest = max(highest, given or 0)
    following = select(func.setval(func.pg_get_serial_sequence(table.name, column.name), highest + 1, False))
    target.execute(following)
