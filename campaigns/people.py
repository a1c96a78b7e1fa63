"""A campaign's supporters as its team may see them: what each agreed to, and no more.

That somebody supports a campaign tells of a political opinion (GDPR, article 9). So a first name and the themes that were
chosen are shown of who agreed to be written to, and what somebody did of who agreed to be counted; of anybody else there
is a line without either.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.communes import fold
from campaigns.dialects import spelled
from campaigns.models import (
    ChosenInterest,
    Consent,
    Engagement,
    Kind,
    Participation,
    Purpose,
    Supporter,
    Tally,
    Territory,
)
from campaigns.segments import agreed_to, with_those_below

SHOWN = 50  # people on a page
COUNTED = 1000  # people; more are "more than 1,000", so that no page waits for a count
FEW = 20_000  # people of a territory who are sorted rather than looked for in the list's own order
FEW_NAMED = 5000  # people, or acts, that are handed on by people's numbers
SORTS = ("new", "old", "name", "visits")
# What a letter without accent stands for in a search: no store's own pattern knows accents.
ACCENTED = {"a": "àâäáãå", "c": "ç", "e": "éèêë", "i": "îïíì", "n": "ñ", "o": "ôöóòõ", "u": "ùûüú", "y": "ÿý"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people, and in which order; None or empty: whatever it is."""

    campaign_id: int
    territory_id: int | None = None  # and those below it
    language: str | None = None
    interest_id: int | None = None
    purposes: tuple[Purpose, ...] = ()  # each of them agreed to
    active_since: datetime | None = None  # of who agreed to be counted
    name: str = ""  # a part of a first name, of who agreed to be written to
    stopped: bool = False  # those who left instead of those who take part
    sort: str = "new"


@dataclass(frozen=True, slots=True)
class Line:
    """A person in the list; `name` and `visits` are None where they did not agree to it."""

    place: Participation
    language: str
    name: str | None
    territory: str | None
    agreed: frozenset[Purpose]
    visits: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list, with the numbers that the pages beside it begin from."""

    lines: Sequence[Line] = field(default_factory=list)
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class _Hints:
    """Where to begin, which SQLite cannot know: whether few are in the territory; who acted, or has the name, if few."""

    few_there: bool = True
    acted: list[int] | None = None
    named: list[int] | None = None


async def _hints(session: AsyncSession, wanted: Wanted) -> _Hints:
    async def few(query: Any) -> list[int] | None:
        found = list(await session.scalars(query.limit(FEW_NAMED + 1)))
        return sorted({each for each in found if each is not None}) if len(found) <= FEW_NAMED else None

    there = select(Participation.id).where(
        col(Participation.territory_id).in_(with_those_below(wanted.territory_id or 0))
    )
    people = select(func.count()).select_from(there.limit(FEW + 1).subquery())
    return _Hints(
        wanted.territory_id is None or (await session.scalar(people) or 0) <= FEW,
        await few(_acts_since(wanted)) if wanted.active_since is not None else None,
        await few(_named(wanted)) if wanted.name.strip() else None,
    )


def _named(wanted: Wanted) -> Any:
    return select(Supporter.id).where(_is_named(wanted))


def _acts_since(wanted: Wanted) -> Any:
    return select(Engagement.supporter_id).where(
        col(Engagement.campaign_id) == wanted.campaign_id,
        col(Engagement.at) >= wanted.active_since,
        col(Engagement.kind) != Kind.received,
    )


def _of(wanted: Wanted, hints: _Hints) -> list[ColumnElement[bool]]:
    """In SQL, of a Participation and its Supporter."""
    stopped = col(Participation.stopped_at)
    found = [
        col(Participation.campaign_id) == wanted.campaign_id,
        stopped.is_not(None) if wanted.stopped else stopped.is_(None),
    ]
    purposes = set(wanted.purposes)
    if wanted.territory_id is not None:
        # Plus nothing: with many people the list is read in its order, and not sorted behind the territory's index.
        place = col(Participation.territory_id) if hints.few_there else col(Participation.territory_id) + 0
        found.append(place.in_(with_those_below(wanted.territory_id)))
    if wanted.language:
        found.append(col(Supporter.language) == wanted.language)
    if wanted.interest_id is not None:
        purposes.add(Purpose.contact)
        chosen = select(ChosenInterest.participation_id).where(
            col(ChosenInterest.participation_id) == col(Participation.id),
            col(ChosenInterest.interest_id) == wanted.interest_id,
        )
        found.append(chosen.exists())
    if wanted.name.strip():
        purposes.add(Purpose.contact)
        named = _is_named(wanted)
        # Looked for on its own it reads the index of names alone; where many fit, the list is soon full.
        found.append(named if hints.named is None else col(Supporter.id).in_(hints.named))
    if wanted.sort == "name":
        purposes.add(Purpose.contact)
        found.append(col(Supporter.first_name) >= "")  # so that SQLite enters the index of names
    if wanted.sort == "visits" or wanted.active_since is not None:
        purposes.add(Purpose.counting)
    if wanted.active_since is not None:
        own = _acts_since(wanted).where(col(Engagement.supporter_id) == col(Supporter.id)).exists()
        found.append(own if hints.acted is None else col(Supporter.id).in_(hints.acted))
    return [*found, *(agreed_to(purpose) for purpose in sorted(purposes))]


def _is_named(wanted: Wanted) -> ColumnElement[bool]:
    """What was typed stands anywhere in the name, with either case and any accent; nothing in it is an operator."""
    letters = []
    for letter in fold(wanted.name):
        same = letter + ACCENTED.get(letter, "")
        letters.append(f"[{same}{same.upper()}]" if letter.isalnum() else "[^0-9]")
    return spelled(Supporter.first_name, "".join(letters)) if letters else false()  # signs alone are in no name


async def list_people(
    session: AsyncSession, wanted: Wanted, *, after: int | None = None, before: int | None = None, limit: int = SHOWN
) -> Listed:
    """A page of people, behind the one of number `after` or in front of `before` (a Participation's)."""
    backwards = before is not None and after is None
    query, keys = _ordered(wanted, await _hints(session, wanted))
    start = await _keys_of(session, wanted, before if backwards else after, keys)
    if start is not None:
        query = query.where(_beyond(keys, start, backwards=backwards))
    query = query.order_by(*(key.desc() if down != backwards else key.asc() for key, down in keys)).limit(limit + 1)
    rows = list((await session.execute(query)).all())
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    lines = await _lines(session, wanted.campaign_id, rows)
    if not lines:
        return Listed()
    first, last = lines[0].place.id, lines[-1].place.id
    if backwards:
        return Listed(lines, first if more else None, last)
    return Listed(lines, first if start is not None else None, last if more else None)


Keys = list[tuple[Any, bool]]  # columns that order, each with whether it goes down


def _ordered(wanted: Wanted, hints: _Hints) -> tuple[Any, Keys]:
    query = (
        select(Participation, Supporter)
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(*_of(wanted, hints))
    )
    number = col(Participation.id)
    if wanted.sort == "name":
        return query, [(col(Supporter.first_name), False), (number, False)]
    if wanted.sort == "visits":
        query = query.join(Tally, col(Tally.supporter_id) == col(Supporter.id)).where(
            col(Tally.campaign_id) == wanted.campaign_id, col(Tally.kind) == Kind.visit
        )
        return query, [(col(Tally.count), True), (number, True)]
    return query, [(number, wanted.sort != "old")]


async def _keys_of(session: AsyncSession, wanted: Wanted, number: int | None, keys: Keys) -> list[Any] | None:
    """Where a page begins; None for the first one, and where who stood there is gone."""
    if number is None:
        return None
    query = (
        select(*(key for key, _ in keys))
        .select_from(Participation)
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(col(Participation.id) == number, col(Participation.campaign_id) == wanted.campaign_id)
    )
    if wanted.sort == "visits":
        query = query.join(Tally, col(Tally.supporter_id) == col(Supporter.id)).where(
            col(Tally.campaign_id) == wanted.campaign_id, col(Tally.kind) == Kind.visit
        )
    row = (await session.execute(query)).one_or_none()
    return list(row) if row is not None else None


def _beyond(keys: Keys, start: list[Any], *, backwards: bool) -> ColumnElement[bool]:
    """In SQL: behind the place `start`, by one or two columns."""
    (key, down), *others = keys
    further: ColumnElement[bool] = key < start[0] if down != backwards else key > start[0]
    if not others:
        return further
    # Written with "at or beyond" first, so that the index is entered at its place.
    at_or: ColumnElement[bool] = key <= start[0] if down != backwards else key >= start[0]
    return at_or & (further | _beyond(others, start[1:], backwards=backwards))


async def _lines(session: AsyncSession, campaign_id: int, rows: Sequence[Any]) -> list[Line]:
    ids = [person.id for _, person in rows]
    agreed: dict[int, set[Purpose]] = defaultdict(set)
    yes = select(col(Consent.supporter_id), col(Consent.purpose)).where(
        col(Consent.supporter_id).in_(ids), col(Consent.campaign_id) == campaign_id, col(Consent.withdrawn_at).is_(None)
    )
    for supporter_id, purpose in await session.execute(yes):
        agreed[supporter_id].add(purpose)
    counts = select(col(Tally.supporter_id), col(Tally.count)).where(
        col(Tally.supporter_id).in_(ids), col(Tally.campaign_id) == campaign_id, col(Tally.kind) == Kind.visit
    )
    visits = {row[0]: row[1] for row in await session.execute(counts)}
    where = select(col(Territory.id), col(Territory.name)).where(
        col(Territory.id).in_([place.territory_id for place, _ in rows])
    )
    names = {row[0]: row[1] for row in await session.execute(where)}
    return [
        Line(
            place,
            person.language,
            person.first_name if Purpose.contact in agreed[person.id] else None,
            names.get(place.territory_id),
            frozenset(agreed[person.id]),
            visits.get(person.id, 0) if Purpose.counting in agreed[person.id] else None,
        )
        for place, person in rows
    ]


async def count_people(session: AsyncSession, wanted: Wanted, most: int = COUNTED) -> int:
    """How many there are, at most `most` + 1."""
    query = (
        select(Participation.id)
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(*_of(wanted, await _hints(session, wanted)))
        .limit(most + 1)
    )
    return await session.scalar(select(func.count()).select_from(query.subquery())) or 0
