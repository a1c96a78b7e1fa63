"""Where SQLite and PostgreSQL say the same thing in other words. Who uses these asks neither which store it is on.

What SQLAlchemy says for both needs no word here: `with_for_update()`, which it leaves out for SQLite with its one writer,
`nulls_first()` and `nulls_last()`, `is_not_distinct_from()`.
"""

from typing import Any

from sqlalchemy import Boolean, Date, Float, Integer, TextClause, text
from sqlalchemy.dialects.postgresql import (  # the ON CONFLICT of both stores: SQLite's compiler writes it too
    Insert,
    insert,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["Insert", "Worded", "first_of_month", "insert", "seconds_between", "spelled", "weekday"]


class Worded:
    """A statement in each store's own words, for the few that are too hot to be put together anew at each call."""

    def __init__(self, *, sqlite: str, postgresql: str) -> None:
        self._texts = {"sqlite": text(sqlite), "postgresql": text(postgresql)}

    def on(self, session: AsyncSession) -> TextClause:
        return self._texts[session.get_bind().dialect.name]


class first_of_month(FunctionElement[Any]):
    """The first day of a day's month."""

    inherit_cache = True
    type = Date()


class weekday(FunctionElement[int]):
    """Of a day: Sunday is 0."""

    inherit_cache = True
    type = Integer()


class seconds_between(FunctionElement[float]):
    """From the first moment to the second; below 0 where the second is the earlier."""

    inherit_cache = True
    type = Float()


class spelled(FunctionElement[bool]):
    """Whether a text holds these letters, each a class in brackets such as "[eéÉ]", one behind the other."""

    inherit_cache = True
    type = Boolean()


# In SQLite's words and in PostgreSQL's; {0} and {1} are the arguments.
_WORDS: dict[type[FunctionElement[Any]], tuple[str, str]] = {
    first_of_month: ("strftime('%Y-%m-01', {0})", "CAST(date_trunc('month', {0}) AS DATE)"),
    weekday: ("CAST(strftime('%w', {0}) AS INTEGER)", "CAST(extract(dow FROM {0}) AS INTEGER)"),
    seconds_between: ("((julianday({1}) - julianday({0})) * 86400)", "extract(epoch FROM {1} - {0})"),
    spelled: ("({0} GLOB '*' || {1} || '*')", "({0} ~ {1})"),
}


def _write(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    words = _WORDS[type(element)][compiler.dialect.name == "postgresql"]
    return words.format(*(compiler.process(clause, **options) for clause in element.clauses))


for _element in _WORDS:
    compiles(_element)(_write)
