"""What the people of each territory did, with those below it; never a figure of fewer than five people.

A section with too few is told together with others of the same territory, so many that the row is of five people and of
two parts at least: else what is missing from the territory's sum would tell of it. What is told so has no page of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.dialects import Worded
from campaigns.engagement import no_counts
from campaigns.figures import SMALLEST
from campaigns.models import Kind, Territory, TerritoryPeople
from campaigns.periods import Period

Sums = dict[Kind, int]


@dataclass(slots=True, eq=False)  # compared by what they hold, trees would be walked
class Part:
    """A territory with those below it, or the people of a territory who are in none of those below it (`direct`)."""

    territory: Territory
    direct: bool = False
    people: int = 0
    counted: int = 0
    sums: Sums = field(default_factory=no_counts)
    below: list["Part"] = field(default_factory=list)

    def add(self, other: "Part") -> None:
        self.people += other.people
        self.counted += other.counted
        for kind, count in other.sums.items():
            self.sums[kind] += count

    @property
    def tells_of_few(self) -> bool:
        """Of one to four people, or so many who are counted; of nobody, where there are acts of who left meanwhile."""
        few_counted = self.counted < SMALLEST and (self.counted > 0 or any(self.sums.values()))
        return 0 < self.people < SMALLEST or few_counted


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: one part, or several that are told together."""

    depth: int
    parts: tuple[Part, ...]

    @property
    def together(self) -> bool:
        return len(self.parts) > 1

    @property
    def whole(self) -> Part:
        if not self.together:
            return self.parts[0]
        sum_of = Part(self.parts[0].territory)
        for part in self.parts:
            sum_of.add(part)
        return sum_of


async def territories_of(session: AsyncSession, campaign_id: int, period: Period, today: date) -> list[Part]:
    """The territories at the top of the tree, each with those below it."""
    known = (
        await session.scalars(
            select(Territory).where(col(Territory.campaign_id) == campaign_id).order_by(col(Territory.name))
        )
    ).all()
    sums = await _sums(session, campaign_id, period, today)
    rows = await session.execute(
        select(TerritoryPeople.territory_id, TerritoryPeople.people, TerritoryPeople.counted)
        .join(Territory, col(Territory.id) == col(TerritoryPeople.territory_id))
        .where(col(Territory.campaign_id) == campaign_id)
    )
    return _tree(known, sums, {row[0]: (row[1], row[2]) for row in rows})


# Thousands of rows of three columns: as they are, without a type that looks at each.
_SUMS = "SELECT territory_id, kind, sum(count) FROM territory_tally WHERE campaign_id = :campaign AND span = :span AND since BETWEEN {0} AND {1} GROUP BY territory_id, kind"  # fmt: skip
_SUMMED = Worded(
    sqlite=_SUMS.format(":first", ":last"),
    postgresql=_SUMS.format("CAST(:first AS date)", "CAST(:last AS date)"),
)


async def _sums(session: AsyncSession, campaign_id: int, period: Period, today: date) -> dict[int, Sums]:
    found: dict[int, Sums] = defaultdict(no_counts)
    for sign, span, first, last in period.spans(today):
        days = {"first": first.isoformat(), "last": last.isoformat()}
        for territory_id, kind, count in await _SUMMED.rows(session, campaign=campaign_id, span=span.value, **days):
            found[territory_id][kind] += sign * int(count)  # PostgreSQL sums to a decimal
    return found


def _tree(known: Sequence[Territory], sums: dict[int, Sums], people: dict[int, tuple[int, int]]) -> list[Part]:
    below: dict[int | None, list[Territory]] = defaultdict(list)
    ids = {each.id for each in known}
    for each in known:
        below[each.parent_id if each.parent_id in ids else None].append(each)

    def part(territory: Territory) -> Part:
        own = Part(territory, True, *people.get(territory.id, (0, 0)), sums.get(territory.id) or no_counts())
        whole = Part(territory)
        whole.add(own)
        children = [part(child) for child in below[territory.id]]
        for child in children:
            whole.add(child)
        if children:
            whole.below = [*children, *([own] if own.people or any(own.sums.values()) else [])]
        return whole

    return [part(each) for each in below[None]]


def lines_of(tops: Iterable[Part], *, depth: int = 0, deepest: int = 1) -> list[Line]:
    """The rows that may be shown, those of a territory behind it, down to `deepest`."""
    found: list[Line] = []
    for line in _told(list(tops), depth):
        found.append(line)
        if not line.together and depth < deepest and line.parts[0].below:
            found += lines_of(line.parts[0].below, depth=depth + 1, deepest=deepest)
    return found


def _told(parts: list[Part], depth: int) -> list[Line]:
    """Siblings as rows; too small ones together with as many others as it takes. Empty where all are too few."""
    few = [each for each in parts if each.tells_of_few]
    rest = sorted((each for each in parts if not each.tells_of_few), key=lambda each: each.counted)
    takes = [each for each in rest if each.counted]  # nobody's company hides nobody
    while few and takes and (len(few) < 2 or sum(each.counted for each in few) < SMALLEST):
        few.append(takes.pop(0))
    if few and (len(few) < 2 or sum(each.counted for each in few) < SMALLEST):
        return []
    shown = [each for each in parts if each not in few]
    lines = [Line(depth, (each,)) for each in sorted(shown, key=lambda each: -each.sums[Kind.visit])]
    return [*lines, *([Line(depth, tuple(few))] if few else [])]


def told_alone(tops: Iterable[Part]) -> Iterator[Part]:
    """The territories whose figures may be told by themselves, beside each other and beside what they lie in."""
    for line in _told(list(tops), 0):
        if not line.together and not line.parts[0].direct:
            yield line.parts[0]
            yield from told_alone(line.parts[0].below)


def find(tops: Iterable[Part], territory_id: int) -> tuple[Part, tuple[Territory, ...]] | None:
    """A territory that is told by itself, and those above it from the top down; None where it is told with others."""
    for line in _told(list(tops), 0):
        if line.together or line.parts[0].direct:
            continue
        part = line.parts[0]
        if part.territory.id == territory_id:
            return part, ()
        deeper = find(part.below, territory_id)
        if deeper is not None:
            return deeper[0], (part.territory, *deeper[1])
    return None
