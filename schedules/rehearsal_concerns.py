"""What a human should look at before a queue goes out; none of it needs the queue to be played."""

import enum
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations, pairwise

from rapidfuzz.fuzz import ratio
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Campaign, Channel, Media, Post, PostVersion, Publication
from campaigns.silence_windows import windows_of
from campaigns.stamp import credited, stamp_of, stamped
from campaigns.times import zone
from networks.base import OutgoingPost
from networks.limits import PictureFacts, problems

ALIKE = 75.0  # per cent of rapidfuzz's ratio without addresses, case and spaces; another town's name in a short text is above
CLOSE = timedelta(minutes=5)
# The same message on several Telegram channels or to several lists is what they are for; nobody forbids it.
MAY_REPEAT = frozenset({"telegram", "mail"})
_ADDRESS = re.compile(r"https?://\S+")


class Concern(enum.StrEnum):
    alike = "“{title}” on {channel} ({when}) and “{other}” on {other_channel} ({other_when}) are {percent} % alike. {policy}"
    refused = "“{title}” on {channel} ({when}) will be refused: {problem}"
    silent = "“{title}” on {channel} ({when}) falls into silence ({window}, until {until}): it will be held"
    close = "“{title}” and “{other}” on {channel} are {minutes} min apart ({when}, {other_when})"


X_POLICY = "X forbids near-identical posts across accounts: give each account its own wording"
OTHER_POLICY = "Who follows both reads it twice, and it looks automatic: give each account its own wording"


@dataclass(frozen=True, slots=True)
class Warned:
    """A concern and its values; as text it is English."""

    concern: Concern
    values: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.concern.value.format(**self.values)


@dataclass(frozen=True, slots=True)
class Coming:
    """A publication that is to go out, and what it will say there."""

    publication: Publication
    post: Post
    channel: Channel
    text: str
    facts: tuple[PictureFacts, ...]

    @property
    def when(self) -> str:
        at = self.publication.due_at
        return f"{at.astimezone(zone(self.post.timezone)):%Y-%m-%d %H:%M}" if at else ""

    def named(self, **more: str) -> dict[str, str]:
        return {"title": self.post.title, "channel": self.channel.name, "when": self.when, **more}


async def look(session: AsyncSession, campaign: Campaign, publication_ids: Sequence[int]) -> list[Warned]:
    """All concerns of these publications, the gravest kind first."""
    coming = await _coming(session, campaign, set(publication_ids))
    return [*_refused(coming), *await _silent(session, campaign, coming), *_alike(coming), *_close(coming)]


async def _coming(session: AsyncSession, campaign: Campaign, ids: set[int]) -> list[Coming]:
    rows = await session.execute(
        select(Publication, Post, Channel, PostVersion.text)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .outerjoin(
            PostVersion, (col(PostVersion.post_id) == col(Post.id)) & (col(PostVersion.network) == col(Channel.network))
        )
        .where(col(Post.campaign_id) == campaign.id, col(Publication.due_at).is_not(None))
        .order_by(col(Publication.due_at), col(Publication.id))
    )
    pictures: dict[int, list[PictureFacts]] = defaultdict(list)
    credits: dict[int, list[str]] = defaultdict(list)
    media = select(Media).join(Post, col(Post.id) == col(Media.post_id)).where(col(Post.campaign_id) == campaign.id)
    for m in await session.scalars(media.order_by(col(Media.position))):
        credits[m.post_id].append(m.credit)
        pictures[m.post_id].append(PictureFacts(m.file, m.mime, m.width, m.height, m.size, m.alt))
    stamp = stamp_of(campaign)
    return [
        Coming(
            publication,
            post,
            channel,
            stamped(credited(version or post.text, credits[post.id]), stamp),
            tuple(pictures[post.id]),
        )
        for publication, post, channel, version in rows.all()
        if publication.id in ids
    ]


def _refused(coming: Sequence[Coming]) -> list[Warned]:
    return [
        Warned(Concern.refused, one.named(problem=problem))
        for one in coming
        for problem in problems(one.channel.network, OutgoingPost("", one.text, one.post.link), one.facts)
    ]


async def _silent(session: AsyncSession, campaign: Campaign, coming: Sequence[Coming]) -> list[Warned]:
    windows = await windows_of(session, campaign.id)
    found = []
    for one in coming:
        at = one.publication.due_at
        for window in windows:
            if at and window.territory_id == one.channel.territory_id and window.starts_at <= at < window.ends_at:
                until = f"{window.ends_at.astimezone(zone(one.post.timezone)):%Y-%m-%d %H:%M}"
                found.append(Warned(Concern.silent, one.named(window=window.reason, until=until)))
                break
    return found


def _alike(coming: Sequence[Coming]) -> list[Warned]:
    """Pairs on different accounts of one network, each publication with the one most like it."""
    by_network: dict[str, dict[int, list[tuple[Coming, str]]]] = defaultdict(lambda: defaultdict(list))
    for one in coming:
        if one.channel.network not in MAY_REPEAT:
            bare = " ".join(_ADDRESS.sub("", one.text).casefold().split())
            by_network[one.channel.network][one.channel.id].append((one, bare))
    found = []
    for network, accounts in by_network.items():
        policy = X_POLICY if network == "x" else OTHER_POLICY
        for mine, others in combinations(accounts.values(), 2):
            for one, text in mine:
                # Of a text's many likenesses the nearest is enough: a campaign that repeats itself has thousands.
                alike, other = max(
                    ((ratio(text, its, score_cutoff=ALIKE), other) for other, its in others), key=lambda pair: pair[0]
                )
                if alike:
                    more = {"other": other.post.title, "other_channel": other.channel.name}
                    values = one.named(**more, other_when=other.when, percent=f"{alike:.0f}", policy=policy)
                    found.append(Warned(Concern.alike, values))
    return found


def _close(coming: Sequence[Coming]) -> list[Warned]:
    by_channel: dict[int, list[Coming]] = defaultdict(list)
    for one in coming:
        by_channel[one.channel.id].append(one)
    found = []
    for line in by_channel.values():
        for one, after in pairwise(line):
            first, second = one.publication.due_at, after.publication.due_at
            if first and second and second - first < CLOSE:
                minutes = f"{(second - first).total_seconds() / 60:.0f}"
                values = one.named(other=after.post.title, other_when=after.when, minutes=minutes)
                found.append(Warned(Concern.close, values))
    return found
