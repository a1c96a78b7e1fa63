"""Who is signed in to the console. A row a session, so that any process knows it and any process can end it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Campaign, Organizer, OrganizerRole, SecondFactor, SignIn
from campaigns.vault import hash_of, one_time_token

IDLE = timedelta(hours=12)  # an organizer's day
LONGEST = timedelta(days=7)  # however busy
SEEN_EVERY = timedelta(minutes=10)  # so often at most a visit is written down
CODE_WITHIN = timedelta(minutes=10)  # between the password and the code


@dataclass(frozen=True, slots=True)
class Place:
    """A campaign that an organizer may enter, and what they may do there."""

    campaign: Campaign
    role: OrganizerRole


@dataclass(frozen=True, slots=True)
class Entered:
    """Who is signed in, and where they may go."""

    sign_in: SignIn
    organizer: Organizer
    places: tuple[Place, ...]
    has_factor: bool  # a code of their telephone is asked when they log in


async def open_session(
    session: AsyncSession, organizer_id: int, now: datetime, *, device: str = "", waits_for_code: bool = False
) -> str:
    """A new session's token, which the browser keeps. One that waits for a code enters nothing until then."""
    await session.execute(delete(SignIn).where(col(SignIn.ends_at) <= now))
    token = one_time_token()
    ends_at = now + (CODE_WITHIN if waits_for_code else IDLE)
    session.add(
        SignIn(
            token_hash=hash_of(token),
            organizer_id=organizer_id,
            device=device,
            waits_for_code=waits_for_code,
            made_at=now,
            seen_at=now,
            ends_at=ends_at,
        )
    )
    await session.flush()
    return token


async def who_is(session: AsyncSession, token: str, now: datetime) -> Entered | None:
    """Who the token's session belongs to and where they may go, in one query; None where it has ended."""
    rows = await session.execute(
        select(SignIn, Organizer, OrganizerRole, Campaign, SecondFactor.confirmed_at)  # type: ignore[call-overload]
        .join(Organizer, col(Organizer.id) == col(SignIn.organizer_id))
        .outerjoin(OrganizerRole, col(OrganizerRole.organizer_id) == col(Organizer.id))
        .outerjoin(Campaign, col(Campaign.id) == col(OrganizerRole.campaign_id))
        .outerjoin(SecondFactor, col(SecondFactor.organizer_id) == col(Organizer.id))
        .where(col(SignIn.token_hash) == hash_of(token), col(SignIn.ends_at) > now)
        .order_by(col(Campaign.id))
    )
    found = rows.all()
    if not found:
        return None
    sign_in, organizer, _, _, confirmed_at = found[0]
    places = tuple(Place(row[3], row[2]) for row in found if row[3] is not None)
    return Entered(sign_in, organizer, places, confirmed_at is not None)


def is_to_be_seen(sign_in: SignIn, now: datetime) -> bool:
    """Whether this visit is worth a write."""
    return now - sign_in.seen_at >= SEEN_EVERY


async def see(session: AsyncSession, sign_in: SignIn, now: datetime) -> None:
    """Whoever works stays signed in, yet not for ever."""
    await session.execute(
        update(SignIn)
        .where(col(SignIn.id) == sign_in.id)
        .values(seen_at=now, ends_at=min(now + IDLE, sign_in.made_at + LONGEST))
        .execution_options(synchronize_session=False)
    )


async def sign_ins_of(session: AsyncSession, organizer_id: int, now: datetime) -> list[SignIn]:
    """An organizer's open sessions, the latest seen first."""
    query = select(SignIn).where(col(SignIn.organizer_id) == organizer_id, col(SignIn.ends_at) > now)
    query = query.where(~col(SignIn.waits_for_code))
    return list((await session.scalars(query.order_by(col(SignIn.seen_at).desc(), col(SignIn.id)))).all())


async def end_session(session: AsyncSession, token: str) -> None:
    await session.execute(delete(SignIn).where(col(SignIn.token_hash) == hash_of(token)))


async def end_all(session: AsyncSession, organizer_id: int, *, but: int | None = None) -> None:
    """End an organizer's sessions on every device; `but` is the id of one that stays."""
    query = delete(SignIn).where(col(SignIn.organizer_id) == organizer_id)
    await session.execute(query if but is None else query.where(col(SignIn.id) != but))
