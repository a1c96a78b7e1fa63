"""Suggestions: an idea that a supporter sends to the team, and the one answer that goes back to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Campaign, Participation, Suggestion, Supporter
from campaigns.rhythm import Usual, turn_of, usual_of
from campaigns.segments import silent
from campaigns.words import mark
from networks.limits import utf16_units

LONGEST = 2000  # characters of an idea
LONGEST_ANSWER = 3000  # UTF-16 units; with what stands around it, it fits into one message of 4096
MOST_OPEN = 5  # ideas of one person that wait for an answer; more at once are read by nobody


class SuggestionRefused(Exception):
    """That cannot be an idea, or an answer: `msgid` with `values` says why, to be translated."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid.format(**values))
        self.msgid, self.values = msgid, values


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has not reached the person yet."""

    suggestion: Suggestion
    supporter: Supporter
    campaign: Campaign


async def suggest(session: AsyncSession, supporter_id: int, campaign_id: int, text: str, now: datetime) -> None:
    """Store an idea; the same one again while it waits changes nothing. Raises SuggestionRefused."""
    text = text.strip()
    if len(text) > LONGEST:
        raise SuggestionRefused(
            mark("Your idea has {length} characters, at most {most}: send me a shorter one."),
            length=len(text),
            most=LONGEST,
        )
    waiting = select(Suggestion.text).where(
        col(Suggestion.supporter_id) == supporter_id,
        col(Suggestion.campaign_id) == campaign_id,
        col(Suggestion.answered_at).is_(None),
    )
    known = (await session.scalars(waiting)).all()
    if text in known:
        return
    if len(known) >= MOST_OPEN:
        raise SuggestionRefused(
            mark("{most} of your ideas wait for an answer already. Send this one when the team has answered."),
            most=MOST_OPEN,
        )
    session.add(Suggestion(campaign_id=campaign_id, supporter_id=supporter_id, text=text, written_at=now))
    await session.flush()


async def answer(
    session: AsyncSession, campaign_id: int, suggestion_id: int, text: str, organizer_id: int, now: datetime
) -> bool:
    """Write the one answer to an idea, which then goes out; False where the campaign has no such idea.

    Raises SuggestionRefused, also where somebody answered before.
    """
    text = text.strip()
    if not text:
        raise SuggestionRefused(mark("The answer is empty: write what the person shall read."))
    if (length := utf16_units(text)) > LONGEST_ANSWER:
        raise SuggestionRefused(
            mark("The answer has {length} characters, at most {most}: shorten it."), length=length, most=LONGEST_ANSWER
        )
    idea = col(Suggestion.id) == suggestion_id, col(Suggestion.campaign_id) == campaign_id
    written = await session.execute(
        update(Suggestion)
        .where(*idea, col(Suggestion.answered_at).is_(None))
        .values(answer=text, answered_at=now, organizer_id=organizer_id)
        .returning(col(Suggestion.id))
    )
    if written.scalar_one_or_none() is not None:
        return True
    if await session.scalar(select(Suggestion.id).where(*idea)) is None:
        return False
    raise SuggestionRefused(mark("Somebody answered this idea already."))


async def untold(session: AsyncSession, now: datetime, limit: int) -> list[Answer]:
    """Answers to send now, the oldest first.

    Not to who stopped, blocked the bot, or may not be written to near a vote, nor in quiet hours or a pause.
    """
    rows = await session.execute(
        select(Suggestion, Supporter, Campaign, Participation)
        .join(Supporter, col(Supporter.id) == col(Suggestion.supporter_id))
        .join(Campaign, col(Campaign.id) == col(Suggestion.campaign_id))
        .join(Participation, col(Participation.supporter_id) == col(Supporter.id))
        .where(col(Participation.campaign_id) == col(Suggestion.campaign_id))
        .where(col(Participation.stopped_at).is_(None), col(Supporter.gone_at).is_(None), ~silent(now))
        .where(col(Suggestion.answered_at).is_not(None))
        .where(col(Suggestion.sent_at).is_(None), col(Suggestion.trouble).is_(None))
        .order_by(col(Suggestion.answered_at), col(Suggestion.id))
    )
    found: list[Answer] = []
    usual: dict[int, Usual] = {}
    for suggestion, supporter, campaign, place in rows:
        if campaign.id not in usual:
            usual[campaign.id] = await usual_of(session, campaign.id)
        # They asked: neither a digest nor a limit holds an answer back.
        rhythm = replace(usual[campaign.id].rhythm(place), most_a_day=None, digest_at=None)
        if len(found) < limit and turn_of(rhythm, suggestion.answered_at, now).free:
            found.append(Answer(suggestion, supporter, campaign))
    return found


async def told(session: AsyncSession, suggestion_id: int, now: datetime, trouble: str | None = None) -> None:
    """The answer reached the person; or, with `trouble`, it did not, or may not have, and is not sent again."""
    await session.execute(
        update(Suggestion)
        .where(col(Suggestion.id) == suggestion_id)
        .values(sent_at=None if trouble else now, trouble=trouble)
    )


async def count_of_suggestions(session: AsyncSession, campaign_id: int) -> int:
    query = select(func.count()).select_from(Suggestion).where(col(Suggestion.campaign_id) == campaign_id)
    return await session.scalar(query) or 0


async def suggestions_of(
    session: AsyncSession, campaign_id: int, limit: int
) -> Sequence[tuple[Suggestion, Supporter, bool]]:
    """A campaign's ideas: those that wait for an answer, the oldest first, then the latest answered.

    Each with who sent it, and whether they may be written to: they neither stopped nor blocked the bot.
    """
    waits = col(Suggestion.answered_at).is_(None)
    rows = await session.execute(
        select(Suggestion, Supporter, col(Participation.stopped_at).is_(None) & col(Supporter.gone_at).is_(None))
        .join(Supporter, col(Supporter.id) == col(Suggestion.supporter_id))
        .join(Participation, col(Participation.supporter_id) == col(Supporter.id))
        .where(col(Suggestion.campaign_id) == campaign_id, col(Participation.campaign_id) == campaign_id)
        .order_by(waits.desc(), col(Suggestion.answered_at).desc(), col(Suggestion.written_at), col(Suggestion.id))
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]
