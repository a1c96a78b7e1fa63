"""One supporter, as the team of one campaign may see, take out and erase them. Each of these is written down, without a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import own_data, supporters
from campaigns.engagement import counts_of
from campaigns.models import (
    Audit,
    ChosenInterest,
    Consent,
    Event,
    EventSignup,
    Interest,
    Kind,
    Mission,
    MissionSignup,
    Participation,
    Purpose,
    Supporter,
    Territory,
)


@dataclass(frozen=True, slots=True)
class Coming:
    """A mission or an event that a person signed up for."""

    title: str
    starts_at: datetime
    timezone: str


@dataclass(frozen=True, slots=True)
class Whole:
    """What the team may see of a person; what they did not agree to is None or empty."""

    place: Participation
    person: Supporter
    territory: str | None
    name: str | None
    themes: Sequence[str]
    consents: Sequence[Consent]  # also those that were taken back, the latest first
    counts: dict[Kind, int] | None
    missions: Sequence[Coming]
    events: Sequence[Coming]


async def find_person(session: AsyncSession, campaign_id: int, number: int) -> tuple[Participation, Supporter] | None:
    """The person with this place in the campaign."""
    query = (
        select(Participation, Supporter)
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(col(Participation.id) == number, col(Participation.campaign_id) == campaign_id)
    )
    row = (await session.execute(query)).one_or_none()
    return (row[0], row[1]) if row is not None else None


async def open_person(
    session: AsyncSession, campaign_id: int, number: int, organizer_id: int, now: datetime
) -> Whole | None:
    """What the team may see of a person; that somebody looked is written down. None where there is no such person."""
    found = await find_person(session, campaign_id, number)
    if found is None:
        return None
    place, person = found
    rows = await session.scalars(
        select(Consent)
        .where(col(Consent.supporter_id) == person.id, col(Consent.campaign_id) == campaign_id)
        .order_by(col(Consent.given_at).desc(), col(Consent.id).desc())
    )
    consents = rows.all()
    agreed = {each.purpose for each in consents if each.withdrawn_at is None}
    territory = await session.get(Territory, place.territory_id or 0)
    contact = Purpose.contact in agreed
    _audit(session, campaign_id, organizer_id, now, "person opened", number)
    return Whole(
        place,
        person,
        territory.name if territory else None,
        person.first_name if contact else None,
        await _themes(session, place) if contact else (),
        consents,
        await counts_of(session, person.id, campaign_id) if Purpose.counting in agreed else None,
        await _missions(session, person.id, campaign_id) if contact else (),
        await _events(session, person.id, campaign_id) if contact else (),
    )


async def _themes(session: AsyncSession, place: Participation) -> list[str]:
    query = (
        select(Interest.name)
        .join(ChosenInterest, col(ChosenInterest.interest_id) == col(Interest.id))
        .where(col(ChosenInterest.participation_id) == place.id)
        .order_by(col(Interest.name))
    )
    return list(await session.scalars(query))


async def _missions(session: AsyncSession, supporter_id: int, campaign_id: int) -> list[Coming]:
    query = (
        select(Mission)
        .join(MissionSignup, col(MissionSignup.mission_id) == col(Mission.id))
        .where(col(MissionSignup.supporter_id) == supporter_id, col(Mission.campaign_id) == campaign_id)
        .order_by(col(Mission.starts_at).desc())
    )
    return [Coming(each.title, each.starts_at, each.timezone) for each in await session.scalars(query)]


async def _events(session: AsyncSession, supporter_id: int, campaign_id: int) -> list[Coming]:
    query = (
        select(Event)
        .join(EventSignup, col(EventSignup.event_id) == col(Event.id))
        .where(col(EventSignup.supporter_id) == supporter_id, col(Event.campaign_id) == campaign_id)
        .order_by(col(Event.starts_at).desc())
    )
    return [Coming(each.title, each.starts_at, each.timezone) for each in await session.scalars(query)]


async def export_person(
    session: AsyncSession, campaign_id: int, number: int, organizer_id: int, now: datetime
) -> bytes | None:
    """Every row that this campaign holds of a person, as JSON, to be handed to them."""
    found = await find_person(session, campaign_id, number)
    if found is None:
        return None
    data = await own_data.own_data(session, found[1].telegram_id, campaign_id)
    _audit(session, campaign_id, organizer_id, now, "person exported", number)
    return own_data.as_json(data, now)


async def erase_person(session: AsyncSession, campaign_id: int, number: int, organizer_id: int, now: datetime) -> bool:
    """Erase a person from the campaign, as they could themselves by /delete; False where there is no such person."""
    found = await find_person(session, campaign_id, number)
    if found is None:
        return False
    await supporters.forget_in(session, found[1], campaign_id, now)
    _audit(session, campaign_id, organizer_id, now, "person erased", number)
    return True


def _audit(session: AsyncSession, campaign_id: int, organizer_id: int, now: datetime, action: str, number: int) -> None:
    """The number is a place's, which leads to nobody once they are erased."""
    session.add(
        Audit(campaign_id=campaign_id, organizer_id=organizer_id, at=now, action=action, detail=f"person {number}")
    )
