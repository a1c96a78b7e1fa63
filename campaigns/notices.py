"""What organizers must hear of at once: a channel that came to rest, posts that did not go out or may not have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import (
    Campaign,
    Channel,
    Organizer,
    OrganizerRole,
    Post,
    PostState,
    Publication,
    PublicationState,
    Supporter,
)
from campaigns.organizers import WHOLE, WRITERS
from campaigns.sentences import within
from campaigns.words import Words

LISTED = 5  # posts in one message; the console has them all
SETTLES = timedelta(minutes=2)  # an unknown outcome is asked of the network first, after a minute
LONGEST_REASON = 500  # characters; what a network says may be a whole page


@dataclass(frozen=True, slots=True)
class Failure:
    """A publication that failed, or whose outcome is unknown, at an attempt that nobody was told of."""

    publication_id: int
    attempt: int
    title: str
    state: PublicationState
    reason: str | None


async def whom_to_tell(session: AsyncSession, campaign_id: int) -> list[tuple[int, Words]]:
    """The Telegram accounts of the campaign's organizers who linked one, each with the language that they speak there."""
    query = (
        select(Organizer.telegram_id, func.coalesce(col(Supporter.language), col(Organizer.language)))
        .join(OrganizerRole, col(OrganizerRole.organizer_id) == col(Organizer.id))
        .outerjoin(Supporter, col(Supporter.telegram_id) == col(Organizer.telegram_id))
        .where(col(OrganizerRole.campaign_id) == campaign_id, col(OrganizerRole.role).in_(WRITERS), WHOLE)
        .where(col(Organizer.telegram_id).is_not(None))
        .order_by(col(Organizer.id))
    )
    rows = (await session.execute(query)).all()
    return [(ident, Words(language)) for ident, language in rows if ident is not None]


async def resting_untold(session: AsyncSession) -> list[tuple[Channel, str, int]]:
    """Channels whose rest nobody was told of, each with its campaign's slug and with how many of its posts wait."""
    waiting = (
        select(func.count())
        .select_from(Publication)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(col(Publication.channel_id) == col(Channel.id), col(Publication.state) == PublicationState.queued)
        .where(col(Post.state) == PostState.scheduled)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(Channel, Campaign.slug, waiting)
        .join(Campaign, col(Campaign.id) == col(Channel.campaign_id))
        .where(col(Channel.resting_reason).is_not(None), col(Channel.told_resting_at).is_(None))
        .order_by(col(Channel.id))
    )
    return [(channel, slug, count) for channel, slug, count in rows.all()]


async def told_of_rest(session: AsyncSession, channel: Channel, now: datetime) -> None:
    """Unless it was mended while the message was on its way: then its next rest is news."""
    await session.execute(
        update(Channel)
        .where(col(Channel.id) == channel.id, col(Channel.resting_reason) == channel.resting_reason)
        .values(told_resting_at=now)
        .execution_options(synchronize_session=False)
    )


async def failures_untold(session: AsyncSession, now: datetime) -> list[tuple[Channel, list[Failure]]]:
    """By channel, what failed or stays unknown and nobody was told of."""
    settles_no_more = or_(
        col(Publication.state) == PublicationState.failed,
        col(Publication.tried_at).is_(None),
        col(Publication.tried_at) <= now - SETTLES,
    )
    rows = await session.execute(
        select(Channel, Publication, Post.title)
        .join(Publication, col(Publication.channel_id) == col(Channel.id))
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(col(Publication.state).in_([PublicationState.failed, PublicationState.unknown]))
        .where(col(Publication.told_attempt) < col(Publication.attempts), settles_no_more)
        .order_by(col(Channel.id), col(Publication.due_at), col(Publication.id))
    )
    found: dict[int, tuple[Channel, list[Failure]]] = {}
    for channel, row, title in rows.all():
        failure = Failure(row.id, row.attempts, title, row.state, row.reason)
        found.setdefault(channel.id, (channel, []))[1].append(failure)
    return list(found.values())


async def told_of_failures(session: AsyncSession, failures: Sequence[Failure]) -> None:
    for failure in failures:
        await session.execute(
            update(Publication)
            .where(col(Publication.id) == failure.publication_id)
            .values(told_attempt=failure.attempt)
            .execution_options(synchronize_session=False)
        )


def _short(words: Words, reason: str | None) -> str:
    text = within(words, (reason or "").strip())
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"


def words_of_rest(_: Words, channel: Channel, waiting: int, address: str = "") -> str:
    """What organizers read of a channel that rests; `address`: the channel's in the console, where it is known."""
    return "\n\n".join(
        [
            "⚠️ " + _("Channel “{channel}” ({network}) is at rest.", channel=channel.name, network=channel.network),
            _("What the network said: {reason}", reason=_short(_, channel.resting_reason)),
            _.many("{n} post waits; it is not lost.", "{n} posts wait; none is lost.", waiting)
            if waiting
            else _("No post waits on it now."),
            *_what_to_do(_, channel, address),
            _("The other settings stay. What waited then goes on by the late policy of each post."),
        ]
    )


def _what_to_do(_: Words, channel: Channel, address: str) -> tuple[str, ...]:
    if not address:
        return (
            _(
                'What to do: get a new credential, then run `run_bot.py channels mend "{channel}" --set …` with it. If the old one works again, `run_bot.py channels check "{channel}"` is enough.',
                channel=channel.name,
            ),
        )
    return (
        _(
            "What to do: get a new credential, and give it to the channel in the console; if the old one works again, “Check now” is enough: {address}",
            address=address,
        ),
        _('On the server, `run_bot.py channels mend "{channel}" --set …` does the same.', channel=channel.name),
    )


def words_of_failures(_: Words, channel: Channel, failures: Sequence[Failure], console: str) -> str:
    """What organizers read of posts that did not go out on a channel, or may not have."""
    failed = [failure for failure in failures if failure.state is PublicationState.failed]
    parts = ["⚠️ " + _("Channel “{channel}” ({network}):", channel=channel.name, network=channel.network)]
    if failed:
        parts.append(_.many("{n} post did not go out.", "{n} posts did not go out.", len(failed)))
    if unknown := len(failures) - len(failed):
        parts.append(
            _.many(
                "Of {n} post nobody can tell whether it went out.",
                "Of {n} posts nobody can tell whether they went out.",
                unknown,
            )
        )
    parts += [f"• {failure.title} — {_short(_, failure.reason)}" for failure in failures[:LISTED]]
    if len(failures) > LISTED:
        parts.append(_.many("and {n} more", "and {n} more", len(failures) - LISTED))
    parts.append(_("Decide here, /desk, or in the console: {address}", address=console))
    return "\n".join(parts)
