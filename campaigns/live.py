"""Live from a rally: each message of an organizer is a post that goes out ten seconds later, behind the one before.

Until a channel has claimed it, it can be changed and taken back; the row decides, as for any other post.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import approval, editing
from campaigns.forecast import Outlook, forecast
from campaigns.from_messages import text_and_link, title_of, with_hashtag
from campaigns.media import NewPicture
from campaigns.media_stores import MediaHome
from campaigns.models import Campaign, Channel, LatePolicy, Post, PostState, PublicationState
from campaigns.posts import NOT_OUT, NewPost, add_post, cancel_post, find_post, publications_of
from campaigns.stamp import stamp_of, stamped
from networks import NEEDS_RECIPIENTS
from networks.base import OutgoingPost
from networks.limits import text_problems

UNDO = timedelta(seconds=10)
ENDS_AFTER = timedelta(hours=6)  # without a message; whoever forgot it says nothing in public by mistake
GRACE = 15  # minutes; what is told live and comes later than that is asked about


class InSilence(Exception):
    """A channel keeps silence at that moment: its name, why, and until when."""

    def __init__(self, channel: str, reason: str, until: datetime) -> None:
        super().__init__(f"{channel}: {reason}")
        self.channel, self.reason, self.until = channel, reason, until


@dataclass(frozen=True, slots=True)
class Session:
    """Who speaks where; `thread_id` is the first post of the session, None before it."""

    campaign: Campaign
    organizer_id: int
    channels: tuple[Channel, ...]
    hashtag: str
    media_dir: MediaHome
    thread_id: int | None = None


@dataclass(frozen=True, slots=True)
class Undone:
    """The channels on which a post was taken back, and those that had begun to send it."""

    taken_back: tuple[str, ...]
    out: tuple[str, ...]


def channels_for(channels: Sequence[Channel]) -> list[Channel]:
    """Those that may speak live: not those that write to people, a message each."""
    return [channel for channel in channels if channel.network not in NEEDS_RECIPIENTS]


def _words_of(text: str, live: Session, networks: Sequence[str]) -> NewPost:
    """Title, text, link and versions: the hashtag stands behind the text, unless it is there or has no room."""
    bare, link = text_and_link(text)
    whole, stamp = with_hashtag(bare, live.hashtag), stamp_of(live.campaign)

    def fits(network: str, written: str) -> bool:
        return not text_problems(network, OutgoingPost("", stamped(written, stamp), link))

    versions = {name: bare for name in networks if bare and not fits(name, whole) and fits(name, bare)}
    return NewPost(title_of(whole), whole, link, versions=versions)


async def say(
    session: AsyncSession, live: Session, text: str, pictures: Sequence[NewPicture], now: datetime
) -> tuple[Post, list[Outlook]]:
    """Queue a message for ten seconds from now; with what its channels will make of it.

    Raises PostRefused, InSilence, or ApprovalRefused where a second person must say yes; then nothing is stored.
    """
    new = replace(
        _words_of(text, live, [channel.network for channel in live.channels]),
        publish_at=now + UNDO,
        timezone=live.campaign.timezone,
        channels=live.channels,
        pictures=tuple(pictures),
        late_policy=LatePolicy.ask,
        grace=GRACE,
    )
    outlooks = await forecast(session, live.campaign, new, now)
    for outlook in outlooks:
        if outlook.window is not None:
            raise InSilence(outlook.channel.name, outlook.window.reason, outlook.window.ends_at)
    post = await add_post(
        session, live.campaign.id, new, media_dir=live.media_dir, now=now, author_id=live.organizer_id
    )
    post.thread_id = live.thread_id
    await approval.go_live(session, post, live.organizer_id, now)
    return post, outlooks


async def change(session: AsyncSession, live: Session, post_id: int, text: str, now: datetime) -> bool:
    """Give a post that no channel has claimed another text; False where it is too late. Raises as `say`."""
    post = await _unclaimed(session, live, post_id)
    if post is None:
        return False
    before = await editing.as_written(session, post, live.media_dir)
    words = _words_of(text, live, [channel.network for channel in before.channels])
    new = replace(before, title=words.title, text=words.text, link=words.link, versions=words.versions)
    await _change(session, live, post, before, new, now)
    return True


async def add_picture(session: AsyncSession, live: Session, post_id: int, picture: NewPicture, now: datetime) -> bool:
    """The next picture of an album joins the post of the first; False where it is too late. Raises as `say`."""
    post = await _unclaimed(session, live, post_id)
    if post is None:
        return False
    before = await editing.as_written(session, post, live.media_dir)
    new = replace(before, pictures=(*before.pictures, picture))
    await _change(session, live, post, before, new, now)
    return True


async def _change(
    session: AsyncSession, live: Session, post: Post, before: NewPost, new: NewPost, now: datetime
) -> None:
    """An edit takes every yes back, also the author's own: it is given anew."""
    await editing.change_post(session, post, before, new, live.organizer_id, now, live.media_dir)
    if post.state is PostState.draft:
        await approval.submit(session, post, live.organizer_id, now)
    await approval.go_live(session, post, live.organizer_id, now)


async def _unclaimed(session: AsyncSession, live: Session, post_id: int) -> Post | None:
    """The organizer's own post while it waits on every channel."""
    post = await find_post(session, live.campaign.id, post_id)
    if post is None or post.author_id != live.organizer_id or post.state is not PostState.scheduled:
        return None
    rows = (await publications_of(session, [post.id]))[post.id]
    return post if all(row.state is PublicationState.queued for row, _channel in rows) else None


async def undo(
    session: AsyncSession, campaign_id: int, post_id: int, organizer_id: int, now: datetime
) -> Undone | None:
    """Take a post back wherever no channel has claimed it; None for a post that is not the organizer's own."""
    post = await find_post(session, campaign_id, post_id)
    if post is None or post.author_id != organizer_id:
        return None
    rows = (await publications_of(session, [post.id]))[post.id]
    not_out = (*NOT_OUT, PublicationState.failed)  # what was refused is not tried again either
    waiting = tuple(channel.name for row, channel in rows if row.state in not_out)
    gone = (PublicationState.cancelled, *not_out)
    out = tuple(channel.name for row, channel in rows if row.state not in gone)
    if waiting:
        await cancel_post(session, campaign_id, post_id, now, organizer_id)
    return Undone(waiting, out)
