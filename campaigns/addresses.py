"""Who relays posts by e-mail: a list of addresses per territory, how it is filled, and how somebody leaves it."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Channel, MailAddress, Territory
from campaigns.post_files import BadCell, FileRefused, csv_rows
from campaigns.segments import with_those_below
from networks.base import Recipient
from networks.mail_message import AddressProblem, envelope_address

COLUMNS = ("address", "name", "territory")
TOKEN_BYTES = 16  # 128 bits: nobody guesses another's way out
LONGEST_ADDRESS, LONGEST_NAME = 254, 100  # characters; RFC 5321, and what fits in a mail program's line


@dataclass(frozen=True, slots=True)
class NewAddress:
    """One good line of a list."""

    address: str
    name: str
    territory_id: int | None


@dataclass(frozen=True, slots=True)
class ReadAddresses:
    """The good lines, and everything that is wrong with the others."""

    addresses: tuple[NewAddress, ...]
    bad: tuple[BadCell, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """What an import did. `stayed_away`: they had unsubscribed, and no list brings them back."""

    added: int
    changed: int
    stayed_away: int


def read_addresses(path: Path, territories: Sequence[Territory]) -> ReadAddresses:
    """Read and check a CSV with the columns address, name, territory (the last two may be missing); raises FileRefused."""
    by_name = {territory.name.casefold(): territory.id for territory in territories}
    good: list[NewAddress] = []
    bad: list[BadCell] = []
    lines: dict[str, int] = {}
    for line, row in csv_rows(path, _check_header):
        if not any(row.values()):
            continue
        address, wrong = row.get("address", "").lower(), _wrong_cells(row, by_name)
        if address in lines:
            wrong.append(("address", f"“{address}” stands on line {lines[address]} already"))
        lines.setdefault(address, line)
        bad += [BadCell(line, column, message) for column, message in wrong]
        if not wrong:
            territory_id = by_name.get(row.get("territory", "").casefold())
            good.append(NewAddress(address, row.get("name", ""), territory_id))
    return ReadAddresses(tuple(good), tuple(bad))


def _check_header(path: Path, header: Sequence[str]) -> None:
    unknown = [name for name in header if name and name not in COLUMNS]
    if "address" not in header or unknown or len(header) != len(set(header)):
        raise FileRefused(f"{path}, line 1: the columns are {', '.join(COLUMNS)}; address is needed")


def _wrong_cells(row: Mapping[str, str], territories: Mapping[str, int]) -> list[tuple[str, str]]:
    wrong = []
    address, name, territory = (row.get(column, "") for column in COLUMNS)
    try:
        envelope_address(address)
        if len(address) > LONGEST_ADDRESS:
            wrong.append(("address", f"has {len(address)} characters; at most {LONGEST_ADDRESS}"))
    except AddressProblem as problem:
        wrong.append(("address", str(problem) if address else "is empty"))
    if len(name) > LONGEST_NAME or not name.replace("\u202f", " ").replace("\u00a0", " ").isprintable():
        wrong.append(("name", f"must be one line of at most {LONGEST_NAME} characters"))
    if territory and territory.casefold() not in territories:
        known = ", ".join(sorted(territories)) or "none yet; run: python run_bot.py territories add"
        wrong.append(("territory", f"territory “{territory}” is unknown; there are: {known}"))
    return wrong


async def store_addresses(
    session: AsyncSession, campaign_id: int, addresses: Sequence[NewAddress], now: datetime
) -> Stored:
    """Add addresses, or change the name and territory of those that are known."""
    known = {row.address: row for row in await addresses_of(session, campaign_id, everybody=True)}
    added = changed = stayed_away = 0
    for new in addresses:
        row = known.get(new.address)
        if row is None:
            added += 1
            token = secrets.token_urlsafe(TOKEN_BYTES)
            session.add(
                MailAddress(
                    campaign_id=campaign_id,
                    territory_id=new.territory_id,
                    address=new.address,
                    name=new.name,
                    token=token,
                    added_at=now,
                )
            )
        elif row.unsubscribed_at is not None:
            stayed_away += 1
        elif (row.name, row.territory_id) != (new.name, new.territory_id):
            changed += 1
            row.name, row.territory_id = new.name, new.territory_id
    await session.flush()
    return Stored(added, changed, stayed_away)


async def addresses_of(
    session: AsyncSession, campaign_id: int, territory_id: int | None = None, *, everybody: bool = False
) -> Sequence[MailAddress]:
    """A campaign's addresses, or those of a territory and below; who unsubscribed is left out unless `everybody`."""
    query = select(MailAddress).where(col(MailAddress.campaign_id) == campaign_id).order_by(col(MailAddress.id))
    if territory_id is not None:
        query = query.where(col(MailAddress.territory_id).in_(with_those_below(territory_id)))
    if not everybody:
        query = query.where(col(MailAddress.unsubscribed_at).is_(None))
    return (await session.scalars(query)).all()


async def recipients_of(session: AsyncSession, channel: Channel, site_url: str) -> tuple[Recipient, ...]:
    """Who gets what goes out on a channel: its territory's addresses and those below, or all of the campaign."""
    rows = await addresses_of(session, channel.campaign_id, channel.territory_id)
    return tuple(Recipient(row.address, row.name, f"{site_url}/unsubscribe/{row.token}") for row in rows)


async def find_address(session: AsyncSession, token: str) -> MailAddress | None:
    return await session.scalar(select(MailAddress).where(col(MailAddress.token) == token))


async def unsubscribe(session: AsyncSession, token: str, now: datetime) -> MailAddress | None:
    """Stop writing to who has this token; None where nobody has it. The first time is the one that is kept."""
    row = await find_address(session, token)
    if row is not None and row.unsubscribed_at is None:
        row.unsubscribed_at = now
    return row
