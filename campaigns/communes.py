"""Communes: the towns of a campaign with their territories, how the list is filled, and how somebody finds theirs."""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import and_, case, delete, func, insert, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Commune, Territory
from campaigns.post_files import BadCell, FileRefused, csv_rows

NEEDED, OPTIONAL = ("name", "postcode", "territory"), ("lat", "lon")
LONGEST_NAME = 80  # characters; the longest in France has 45
NAMES_TOLD = 20  # territories that the message about an unknown one lists
FEWEST_LETTERS = 2  # with one, half of the towns would fit
FARTHEST = 50.0  # kilometres from a location to the town that is taken for its own
DEGREE = 111.2  # kilometres of a degree of latitude
TABLE: Any = Commune.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class NewCommune:
    """One good line of a list."""

    name: str
    postcode: str
    territory_id: int
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class ReadCommunes:
    """The good lines, and everything that is wrong with the others."""

    communes: tuple[NewCommune, ...]
    bad: tuple[BadCell, ...]


def fold(text: str) -> str:
    """A name as it is compared: no capitals, accents, hyphens or apostrophes, and "St" written out."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    words = re.sub(r"[\W_]+", " ", letters).split()
    return " ".join({"st": "saint", "ste": "sainte"}.get(word, word) for word in words)


def read_communes(path: Path, territories: Sequence[Territory]) -> ReadCommunes:
    """Read and check a CSV with the columns name, postcode, territory, and lat, lon if it has them; raises FileRefused."""
    by_name = {territory.name.casefold(): territory for territory in territories}
    names = _names_of(territories)
    good: list[NewCommune] = []
    bad: list[BadCell] = []
    lines: dict[tuple[str, str], int] = {}
    rows = [(line, row) for line, row in csv_rows(path, _check_header) if any(row.values())]
    longest = max((len(row.get("postcode", "")) for _, row in rows), default=0)
    for line, row in rows:
        wrong = _wrong_cells(row, by_name, names)
        if (longest, len(row.get("postcode", ""))) == (5, 4):
            wrong.append(
                ("postcode", "has 4 digits, others have 5: a spreadsheet took the first 0; make the column text")
            )
        key = row.get("postcode", ""), row.get("name", "")
        if key in lines:
            wrong.append(("name", f"“{key[1]}” with postcode {key[0]} stands on line {lines[key]} already"))
        lines.setdefault(key, line)
        bad += [BadCell(line, column, message) for column, message in wrong]
        if not wrong:
            where = _degrees(row.get("lat", ""), 90), _degrees(row.get("lon", ""), 180)
            good.append(NewCommune(key[1], key[0], by_name[row["territory"].casefold()].id, *where))
    return ReadCommunes(tuple(good), tuple(bad))


def _check_header(path: Path, header: Sequence[str]) -> None:
    unknown = [name for name in header if name and name not in NEEDED + OPTIONAL]
    if unknown or len(header) != len(set(header)) or not set(NEEDED) <= set(header):
        raise FileRefused(f"{path}, line 1: the columns are {', '.join(NEEDED)}, and, if you have them, lat, lon")


def _names_of(territories: Sequence[Territory]) -> str:
    """What a wrong line may choose from; a line of a long list cannot hold hundreds."""
    names = sorted(each.name for each in territories)
    more = ["…"] if len(names) > NAMES_TOLD else []
    return ", ".join([*names[:NAMES_TOLD], *more]) or "none yet; run: python run_bot.py territories add"


def _wrong_cells(row: Mapping[str, str], territories: Mapping[str, Territory], names: str) -> list[tuple[str, str]]:
    wrong = []
    name, postcode, territory = (row.get(column, "") for column in NEEDED)
    if not fold(name) or len(name) > LONGEST_NAME or not name.replace("\u00a0", " ").isprintable():
        wrong.append(("name", f"must be a name of at most {LONGEST_NAME} characters"))
    if not re.fullmatch(r"[0-9]{2,10}", postcode):
        wrong.append(("postcode", f"“{postcode}” is none: 2 to 10 digits"))
    if territory.casefold() not in territories:
        wrong.append(("territory", f"territory “{territory}” is unknown; there are: {names}"))
    given = {column: row.get(column, "") for column in OPTIONAL}
    for column, most in zip(OPTIONAL, (90, 180), strict=True):
        if given[column] and _degrees(given[column], most) is None:
            wrong.append((column, f"“{given[column]}” is no number of degrees from -{most} to {most}"))
        elif not given[column] and any(given.values()):
            wrong.append((column, "is empty while the other one is not"))
    return wrong


def _degrees(text: str, most: int) -> float | None:
    """Degrees with a point or a comma; None for anything else."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) <= most else None


async def store_communes(session: AsyncSession, campaign_id: int, communes: Sequence[NewCommune]) -> None:
    """Make these the campaign's communes, whatever they were. People keep the territories that they chose."""
    await session.execute(delete(Commune).where(col(Commune.campaign_id) == campaign_id))
    rows = [
        {
            "campaign_id": campaign_id,
            "territory_id": new.territory_id,
            "name": new.name,
            "folded": fold(new.name),
            "postcode": new.postcode,
            "latitude": new.latitude,
            "longitude": new.longitude,
        }
        for new in communes
    ]
    if rows:
        await (await session.connection()).execute(insert(TABLE), rows)


async def count(session: AsyncSession, campaign_id: int) -> int:
    """How many communes the campaign has."""
    query = select(func.count()).select_from(Commune).where(col(Commune.campaign_id) == campaign_id)
    return await session.scalar(query) or 0


async def any_known(session: AsyncSession, campaign_id: int) -> bool:
    """Whether the campaign imported communes."""
    query = select(Commune.id).where(col(Commune.campaign_id) == campaign_id).limit(1)
    return await session.scalar(query) is not None


async def any_located(session: AsyncSession, campaign_id: int) -> bool:
    """Whether a location may find one."""
    query = select(Commune.id).where(col(Commune.campaign_id) == campaign_id, col(Commune.latitude).is_not(None))
    return await session.scalar(query.limit(1)) is not None


async def find(session: AsyncSession, campaign_id: int, typed: str, limit: int) -> list[Commune]:
    """The communes that what was typed may mean, such as "st mart", "69" or "69004 lyon"; those that begin so come first."""
    words = fold(typed).split()
    digits, name = "".join(filter(str.isdecimal, words)), " ".join(w for w in words if not w.isdecimal())
    if len(digits) < FEWEST_LETTERS and len(name) < FEWEST_LETTERS:
        return []
    wanted, folded = [col(Commune.campaign_id) == campaign_id], col(Commune.folded)
    if digits:
        wanted.append(col(Commune.postcode).startswith(digits))
    if name:  # it holds letters and spaces only, so nothing in it means anything to LIKE
        wanted.append(or_(folded.startswith(name), folded.contains(f" {name}")))
    order = case((folded == name, 0), (folded.startswith(name), 1), else_=2)
    query = select(Commune).where(*wanted).order_by(order, folded, col(Commune.postcode)).limit(limit)
    return list(await session.scalars(query))


async def near(session: AsyncSession, campaign_id: int, latitude: float, longitude: float, limit: int) -> list[Commune]:
    """The communes nearest to a location, at most FARTHEST kilometres away; the location itself goes nowhere."""
    shrink = max(math.cos(math.radians(latitude)), 0.01)  # a degree of longitude is shorter than one of latitude
    north, east = col(Commune.latitude) - latitude, (col(Commune.longitude) - longitude) * shrink
    reach = FARTHEST / DEGREE
    within = and_(north.between(-reach, reach), east.between(-reach, reach), north * north + east * east <= reach**2)
    query = (
        select(Commune)
        .where(col(Commune.campaign_id) == campaign_id, col(Commune.latitude).is_not(None), within)
        .order_by(north * north + east * east, col(Commune.id))
        .limit(limit)
    )
    return list(await session.scalars(query))
