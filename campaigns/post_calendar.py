"""The timetable as an iCalendar file: one event a post, on the wall clock of its own zone."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from icalendar import Calendar, Event

from campaigns.models import Campaign, PostState
from campaigns.post_export import ExportedPost
from campaigns.times import to_utc, zone
from networks.threads import whole


def to_ics(posts: Sequence[ExportedPost], campaign: Campaign, now: datetime) -> bytes:
    """RFC 5545: every post that has a moment. The UID is the post's own, so that a later file moves the same event."""
    calendar = Calendar()
    calendar.add("prodid", "-//Porte-voix//posts//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", campaign.name)
    timed = [(one, one.post.publish_at) for one in posts if one.post.publish_at is not None]
    for one, at in timed:
        calendar.add_component(_event(one, campaign, at, now))
    years = [at.year for _, at in timed] or [now.year]
    calendar.add_missing_timezones(date(min(years) - 1, 1, 1), date(max(years) + 2, 1, 1))
    written: bytes = calendar.to_ical()
    return written


def _event(one: ExportedPost, campaign: Campaign, at: datetime, now: datetime) -> Event:
    post = one.post
    event = Event()
    event.add("uid", f"post-{post.id}@{campaign.slug}.porte-voix")
    event.add("dtstamp", now)
    event.add("dtstart", local_start(at, post.timezone))
    event.add("summary", post.title)
    event.add("description", _description(one))
    event.add("status", _STATUS.get(post.state, "TENTATIVE"))
    event.add("transp", "TRANSPARENT")  # whoever looks after it may have another appointment
    categories: list[Any] = sorted({channel.network for _, channel in one.publications})
    if categories:
        event.add("categories", categories)
    if post.link:
        event.add("url", post.link)
    return event


_STATUS = {PostState.scheduled: "CONFIRMED", PostState.cancelled: "CANCELLED"}


def local_start(at: datetime, zone_name: str) -> datetime:
    """With its zone; but an iCalendar wall clock cannot say the second of the hour that comes twice: that one is UTC."""
    local = at.astimezone(zone(zone_name))
    return local if to_utc(local.replace(tzinfo=None), zone_name) == at else at


def _description(one: ExportedPost) -> str:
    lines = [whole(one.post.text), ""]
    for publication, channel in one.publications:
        told = " · ".join(filter(None, (publication.state.value, publication.url, publication.reason)))
        lines.append(f"{channel.name} ({channel.network}): {told}")
    if one.post.share_kit:
        lines.append("share kit")
    return "\n".join(lines)
