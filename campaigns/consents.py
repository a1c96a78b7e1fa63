"""The rows of consents: each yes of a person to one purpose, with the wording that was shown, and its withdrawal."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Consent, Purpose, Supporter

# The version of the text that is shown before each yes; it changes when that text means something else.
WORDINGS = {
    Purpose.contact: "contact 2026-11",
    Purpose.counting: "counting 2026-11",
    Purpose.ranking: "ranking 2026-11",
    Purpose.remembering: "remembering 2026-11",
    Purpose.wall: "wall 2026-11",
    Purpose.team: "team 2026-11",
}


async def record(
    session: AsyncSession,
    supporter: Supporter,
    campaign_id: int,
    purposes: Iterable[Purpose],
    now: datetime,
    *,
    among: Iterable[Purpose],
) -> set[Purpose]:
    """Write a person's answers to the questions `among`: yes to `purposes`, no to the others; gives what they took back.

    A yes that holds already is left as it is, and so is what was not asked about. Rows are never overwritten.
    """
    asked = set(among)
    wanted = set(purposes) & asked
    query = select(Consent).where(
        col(Consent.supporter_id) == supporter.id,
        col(Consent.campaign_id) == campaign_id,
        col(Consent.purpose).in_(asked),
        col(Consent.withdrawn_at).is_(None),
    )
    taken_back = set()
    for consent in await session.scalars(query):
        if consent.purpose in wanted:
            wanted.discard(consent.purpose)
        else:
            consent.withdrawn_at = now
            taken_back.add(consent.purpose)
    session.add_all(
        Consent(
            supporter_id=supporter.id,
            campaign_id=campaign_id,
            purpose=purpose,
            wording=WORDINGS[purpose],
            language=supporter.language,
            surface="telegram",
            given_at=now,
        )
        for purpose in sorted(wanted)
    )
    return taken_back


async def has_consent(session: AsyncSession, supporter_id: int, campaign_id: int, purpose: Purpose) -> bool:
    query = select(Consent.id).where(
        col(Consent.supporter_id) == supporter_id,
        col(Consent.campaign_id) == campaign_id,
        col(Consent.purpose) == purpose,
        col(Consent.withdrawn_at).is_(None),
    )
    return await session.scalar(query) is not None


async def held(session: AsyncSession, supporter_id: int, campaign_id: int) -> dict[Purpose, Consent]:
    """The yes that hold now, of a person in a campaign."""
    query = select(Consent).where(
        col(Consent.supporter_id) == supporter_id,
        col(Consent.campaign_id) == campaign_id,
        col(Consent.withdrawn_at).is_(None),
    )
    return {consent.purpose: consent for consent in await session.scalars(query)}
