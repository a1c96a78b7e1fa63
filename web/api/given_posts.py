"""The post that a program sent, before the rules look at it: what in it cannot be read is told field by field."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import installation, uploads
from campaigns.media import PictureRefused
from campaigns.media_stores import MediaHome
from campaigns.models import Campaign, Channel, Post
from campaigns.post_checks import NewPost, PostRefused, Problem
from campaigns.times import TimeProblem, parse_local, to_utc
from web.api.shapes import PostChange, PostGiven


async def new_post(session: AsyncSession, campaign: Campaign, given: PostGiven, media_dir: MediaHome) -> NewPost:
    """The post that was sent; raises PostRefused for what in it cannot be read, the rules look at the rest."""
    wrong: list[Problem] = []
    zone_name = given.timezone or campaign.timezone
    known = {channel.id: channel for channel in await installation.channels(session, campaign.id)}
    places = {place.id for place in await installation.territories(session, campaign.id)}
    if given.territory is not None and given.territory not in places:
        wrong.append(
            Problem("territory", f"there is no territory {given.territory}; GET /api/v1/territories lists them")
        )
    post = NewPost(
        title=given.title,
        text=given.text,
        link=given.link or None,
        publish_at=_moment("publish_at", given.publish_at, wrong),
        timezone=zone_name,
        channels=_channels(given.channels, known, wrong),
        share_kit=given.share_kit,
        versions=given.versions,
        wordings=tuple(given.wordings),
        territory_id=given.territory,
        late_policy=given.late_policy,
        grace=given.grace,
        next_slot=given.next_slot,
        recurrence=given.recurrence or None,
        recurs_until=_until(given.recurs_until, zone_name, wrong),
        repeat_after=given.repeat_after,
    )
    try:
        post = replace(post, pictures=await uploads.pictures(session, campaign.id, given.pictures, media_dir))
    except PictureRefused as refused:
        wrong.append(Problem("pictures", str(refused)))
    if wrong:
        raise PostRefused(wrong)
    return post


def _channels(numbers: list[int], known: dict[int, Channel], wrong: list[Problem]) -> tuple[Channel, ...]:
    wrong += [
        Problem("channels", f"there is no channel {number}; GET /api/v1/channels lists them")
        for number in numbers
        if number not in known
    ]
    return tuple(known[number] for number in dict.fromkeys(numbers) if number in known)


def _moment(name: str, text: str | None, wrong: list[Problem]) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_local(text)
    except TimeProblem as problem:
        wrong.append(Problem(name, str(problem)))
    return None


def _until(day: str | None, zone_name: str, wrong: list[Problem]) -> datetime | None:
    """The end of the last day, on the post's clock."""
    if day is None:
        return None
    try:
        return to_utc(parse_local(f"{day} 23:59"), zone_name)
    except TimeProblem as problem:
        wrong.append(Problem("recurs_until", str(problem)))
    return None


def changed(post: Post, before: NewPost, given: PostChange) -> NewPost:
    """The post with what is to be another; a moment that is the same one, however it is written, is not moved."""
    wrong: list[Problem] = []
    sent = given.model_fields_set
    moment = before.publish_at
    if given.publish_at is not None:
        moment = _moment("publish_at", given.publish_at, wrong)
        try:
            if moment is not None and to_utc(moment, post.timezone) == post.publish_at:
                moment = before.publish_at
        except TimeProblem as problem:
            wrong.append(Problem("publish_at", str(problem)))
    if wrong:
        raise PostRefused(wrong)
    return replace(
        before,
        title=before.title if given.title is None else given.title,
        text=before.text if given.text is None else given.text,
        link=(given.link or None) if "link" in sent else before.link,
        publish_at=moment,
        versions=before.versions if given.versions is None else given.versions,
        late_policy=given.late_policy or before.late_policy,
        grace=before.grace if given.grace is None else given.grace,
        recurrence=None,  # a series keeps its rhythm
        next_slot=False,
    )
