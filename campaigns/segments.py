"""Whom a message is for: only who agreed to be written to, and only by what they chose themselves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, true
from sqlmodel import col, select

from campaigns.models import ChosenInterest, Consent, Participation, Purpose, Supporter, Territory
from campaigns.silence_windows import is_silent


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a campaign's people; None: whatever it is. Nothing is inferred."""

    campaign_id: int
    territory_id: int | None = None  # and those below it
    language: str | None = None
    interest_id: int | None = None


def agreed_to(purpose: Purpose) -> ColumnElement[bool]:
    """In SQL, of a Participation: the person's yes to this purpose holds in this campaign."""
    consent = (
        select(Consent.id)
        .where(col(Consent.supporter_id) == col(Participation.supporter_id))
        .where(col(Consent.campaign_id) == col(Participation.campaign_id))
        .where(col(Consent.purpose) == purpose, col(Consent.withdrawn_at).is_(None))
    )
    return consent.exists()


def agreed_to_contact() -> ColumnElement[bool]:
    """In SQL, of a Participation: the person agreed that this campaign writes to them."""
    return agreed_to(Purpose.contact)


def with_those_below(territory_id: int) -> Select[tuple[int]]:
    """In SQL: the numbers of a territory and of those below it."""
    tree = select(Territory.id).where(col(Territory.id) == territory_id).cte(recursive=True)
    tree = tree.union_all(select(Territory.id).join(tree, col(Territory.parent_id) == tree.c.id))
    return select(tree.c.id)


def in_segment(segment: Segment) -> list[ColumnElement[bool]]:
    """In SQL, of a Participation and its Supporter: the person belongs to it, may be written to, and did not leave."""
    return [
        col(Participation.campaign_id) == segment.campaign_id,
        col(Participation.stopped_at).is_(None),
        col(Supporter.gone_at).is_(None),
        agreed_to_contact(),
        *chosen(segment),
    ]


def chosen(segment: Segment) -> list[ColumnElement[bool]]:
    """In SQL, of a Participation of its campaign and its Supporter: what they chose is what the segment asks for."""
    wanted: list[ColumnElement[bool]] = [true()]
    if segment.territory_id is not None:
        wanted.append(col(Participation.territory_id).in_(with_those_below(segment.territory_id)))
    if segment.language is not None:
        wanted.append(col(Supporter.language) == segment.language)
    if segment.interest_id is not None:
        found = select(ChosenInterest.participation_id).where(
            col(ChosenInterest.participation_id) == col(Participation.id),
            col(ChosenInterest.interest_id) == segment.interest_id,
        )
        wanted.append(found.exists())
    return wanted


def silent(now: datetime) -> ColumnElement[bool]:
    """In SQL: near a vote nobody is written to; who missed a share kit finds it under /posts afterwards."""
    return is_silent(col(Participation.campaign_id), col(Participation.territory_id), now)
