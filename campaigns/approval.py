"""Draft -> submitted -> approved -> scheduled: somebody else says yes, and an edit takes every yes back.

Each move is a row of the Audit table, which nothing deletes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import changes
from campaigns.costs import reprice
from campaigns.models import (
    Approval,
    Audit,
    Campaign,
    OrganizerRole,
    PollingDay,
    Post,
    PostState,
    Publication,
    PublicationState,
    Role,
)
from campaigns.organizers import APPROVERS
from campaigns.times import to_utc, zone
from campaigns.webhook_messages import note_approval
from campaigns.words import mark


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a post stands: how many must say yes, who did (organizers' ids), and the word with which it was sent back."""

    needed: int
    given: tuple[int, ...]
    sent_back: str = ""


class ApprovalRefused(Exception):
    """This organizer may not do that to this post now: `msgid` with `values` says why, to be translated."""

    def __init__(self, msgid: str, **values: str) -> None:
        super().__init__(msgid.format(**values))
        self.msgid, self.values = msgid, values


def audit(
    session: AsyncSession, post: Post, organizer_id: int | None, now: datetime, action: str, detail: str = ""
) -> None:
    """Write down who did what; organizer None: the command line, or the program itself."""
    session.add(
        Audit(
            campaign_id=post.campaign_id,
            organizer_id=organizer_id,
            post_id=post.id,
            at=now,
            action=action,
            detail=detail,
        )
    )


async def needed(session: AsyncSession, campaign: Campaign, post: Post) -> int:
    """How many organizers beside the author must say yes: one more near a polling day, where the campaign says so."""
    return await needed_at(session, campaign, post.publish_at)


async def needed_at(session: AsyncSession, campaign: Campaign, moment: datetime | None) -> int:
    """The same for a post that would go out at that moment."""
    if not campaign.near_vote_days or moment is None:
        return campaign.approvals
    day = moment.astimezone(zone(campaign.timezone)).date()
    near = await session.scalar(
        select(PollingDay.id)
        .where(col(PollingDay.campaign_id) == campaign.id, col(PollingDay.day) >= day)
        .where(col(PollingDay.day) <= day + timedelta(days=campaign.near_vote_days))
        .limit(1)
    )
    return campaign.approvals + (near is not None)


async def standing(session: AsyncSession, campaign: Campaign, post: Post) -> Standing:
    given = await session.scalars(select(Approval.organizer_id).where(col(Approval.post_id) == post.id))
    last = await session.scalar(
        select(Audit)
        .where(col(Audit.post_id) == post.id, col(Audit.action).in_(("sent back", "submitted")))
        .order_by(col(Audit.id).desc())
        .limit(1)
    )
    said = last.detail if last is not None and last.action == "sent back" else ""
    return Standing(await needed(session, campaign, post), tuple(given.all()), said)


async def version_of(session: AsyncSession, post_id: int) -> int:
    """A number that changes whenever a post says something else, or asks for yeses anew: a yes is to what was read."""
    query = select(func.max(col(Audit.id))).where(col(Audit.post_id) == post_id)
    return await session.scalar(query.where(col(Audit.action).in_(("submitted", "edited")))) or 0


async def is_needed(session: AsyncSession, campaign: Campaign, post: Post) -> bool:
    return await needed(session, campaign, post) > 0


async def submit(session: AsyncSession, post: Post, organizer_id: int | None, now: datetime) -> None:
    """A draft goes to who approves; where nobody must, it is approved at once."""
    if post.state is not PostState.draft:
        raise ApprovalRefused(mark("“{title}” is no draft; only a draft can be submitted"), title=post.title)
    post.state, post.told_at = PostState.submitted, None
    audit(session, post, organizer_id, now, "submitted")
    await _go_on(session, post, now)
    if post.state is not PostState.submitted:
        post.told_at = now  # nobody was asked


async def approve(session: AsyncSession, post: Post, organizer_id: int, now: datetime) -> None:
    """One organizer's yes; with the last one that is needed the post is scheduled. Raises ApprovalRefused."""
    if post.state is not PostState.submitted:
        raise ApprovalRefused(
            mark("“{title}” was not submitted; only a submitted post can be approved"), title=post.title
        )
    if organizer_id == post.author_id:
        raise ApprovalRefused(mark("“{title}” is your own; somebody else must approve it"), title=post.title)
    role = await session.get(OrganizerRole, (organizer_id, post.campaign_id))
    if role is None or role.role not in APPROVERS:
        raise ApprovalRefused(mark("approving “{title}” takes the role approver or admin"), title=post.title)
    if await session.get(Approval, (post.id, organizer_id)):
        raise ApprovalRefused(mark("you approved “{title}” already; one more must"), title=post.title)
    session.add(Approval(post_id=post.id, organizer_id=organizer_id, approved_at=now))
    await session.flush()
    audit(session, post, organizer_id, now, "approved")
    await _go_on(session, post, now)


async def check_live(session: AsyncSession, campaign: Campaign, role: Role, at: datetime) -> None:
    """Whether an organizer may speak live, unread by anybody else; raises ApprovalRefused.

    Where one yes is wanted, the own yes of somebody who may approve is that one. Near a polling day, and where the
    campaign always wants two, somebody else must read each post first: nothing goes out live.
    """
    must = await needed_at(session, campaign, at)
    if must > campaign.approvals:
        raise ApprovalRefused(
            mark("so near a vote somebody else must read each post first: nothing goes out live; write it with /post")
        )
    if must > 1:
        raise ApprovalRefused(
            mark("here {n} must say yes to each post: nothing goes out live; write it with /post"), n=str(must)
        )
    if must and role not in APPROVERS:
        raise ApprovalRefused(
            mark("here somebody must say yes to each post: live takes the role approver or admin; write it with /post")
        )


async def go_live(session: AsyncSession, post: Post, organizer_id: int, now: datetime) -> None:
    """The author's own yes to a post that goes out live, where `check_live` lets it count; raises ApprovalRefused."""
    campaign = await session.get_one(Campaign, post.campaign_id)
    role = await session.get(OrganizerRole, (organizer_id, post.campaign_id))
    await check_live(session, campaign, role.role if role else Role.viewer, post.publish_at or now)
    if post.state is PostState.submitted:
        session.add(Approval(post_id=post.id, organizer_id=organizer_id, approved_at=now))
        await session.flush()
        audit(session, post, organizer_id, now, "approved", "live")
        await _go_on(session, post, now)


async def follow_series(session: AsyncSession, first: Post, post: Post, now: datetime) -> None:
    """An occurrence has the yeses of its series; where its own moment is near a vote and asks for more, it waits for them."""
    campaign = await session.get_one(Campaign, post.campaign_id)
    must = await needed(session, campaign, post)
    if must <= campaign.approvals:  # not near a vote: the yes to the series holds
        return
    given = (await session.scalars(select(Approval).where(col(Approval.post_id) == first.id))).all()
    if len(given) >= must:
        return
    post.state, post.told_at = PostState.submitted, None
    session.add_all(
        Approval(post_id=post.id, organizer_id=each.organizer_id, approved_at=each.approved_at) for each in given
    )
    audit(session, post, None, now, "submitted", post.title)
    await session.flush()


async def send_back(session: AsyncSession, post: Post, organizer_id: int, now: datetime, why: str = "") -> None:
    """A submitted post becomes a draft again, with a word for its author."""
    if post.state is not PostState.submitted:
        raise ApprovalRefused(
            mark("“{title}” was not submitted; only a submitted post can be sent back"), title=post.title
        )
    await _take_back(session, post)
    post.told_at = None
    audit(session, post, organizer_id, now, "sent back", why)


async def edit(
    session: AsyncSession,
    post: Post,
    organizer_id: int | None,
    now: datetime,
    *,
    title: str | None = None,
    text: str | None = None,
    link: str | None = None,
    publish_at: datetime | None = None,
) -> None:
    """Change a post that is not out yet; whoever approved it approved something else. The caller checked the new text.

    `publish_at` is on the wall clock of the post's zone.
    """
    if post.state is PostState.cancelled:
        raise ApprovalRefused(mark("“{title}” was taken back; write it anew"), title=post.title)
    post.title, post.text = title or post.title, text or post.text
    post.link = post.link if link is None else link or None
    if publish_at is not None:
        post.publish_at = to_utc(publish_at, post.timezone)
        await session.execute(
            update(Publication)
            .where(col(Publication.post_id) == post.id, col(Publication.state) == PublicationState.queued)
            .values(due_at=post.publish_at)
        )
    await reprice(session, post)
    audit(session, post, organizer_id, now, "edited", post.text)
    if await is_needed(session, await session.get_one(Campaign, post.campaign_id), post):
        await _take_back(session, post)
        post.told_at = now
    elif post.state in (PostState.draft, PostState.approved) and post.publish_at is not None:
        post.state = PostState.scheduled


async def _take_back(session: AsyncSession, post: Post) -> None:
    await session.execute(delete(Approval).where(col(Approval.post_id) == post.id))
    post.state = PostState.draft


async def _go_on(session: AsyncSession, post: Post, now: datetime) -> None:
    """Schedule a submitted post that has every yes it needs."""
    given = (
        await session.scalar(select(func.count()).select_from(Approval).where(col(Approval.post_id) == post.id)) or 0
    )
    if given < await needed(session, await session.get_one(Campaign, post.campaign_id), post):
        return
    post.state = PostState.approved if post.publish_at is None else PostState.scheduled
    post.told_at = None
    await changes.keep(session, post, now)
    audit(session, post, None, now, post.state.value)
    await note_approval(session, post, now)
