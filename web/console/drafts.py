"""A post while it is being written: the form's fields as they were typed, and the post that they make."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.datastructures import FormData

from campaigns.media import NewPicture
from campaigns.models import Campaign, Channel, LatePolicy
from campaigns.posts import NewPost, Problem
from campaigns.times import TimeProblem, parse_local, to_utc, zone
from campaigns.words import mark
from web.uploads import text_of

_ = mark
AT, QUEUE, SERIES, NEVER = "at", "queue", "series", "draft"
WHEN = {  # in the order in which they stand
    AT: _("At a moment"),
    QUEUE: _("In the queue: the next free slot of each channel"),
    SERIES: _("Again and again"),
    NEVER: _("Not yet: keep it as a draft"),
}
LATE = {
    LatePolicy.send: _("send it all the same"),
    LatePolicy.ask: _("ask me"),
    LatePolicy.drop: _("drop it"),
}
LONGEST_GRACE = 10_080  # minutes: a week


@dataclass
class Draft:
    """The form's fields as they were typed."""

    title: str = ""
    text: str = ""
    link: str = ""
    alt: str = ""
    when: str = AT
    date: str = ""
    time: str = ""
    timezone: str = ""
    recurrence: str = ""
    until: str = ""
    repeat_after: str = "0"
    late_policy: str = LatePolicy.send
    grace: str = "60"
    share_kit: bool = True
    channels: set[str] = field(default_factory=set)  # their ids, as the form has them
    versions: dict[str, str] = field(default_factory=dict)
    wordings: list[str] = field(default_factory=lambda: ["", ""])
    had_picture: bool = False


def fresh(campaign: Campaign, channels: Sequence[Channel], now: datetime) -> Draft:
    """An empty form: every channel, the next full hour but one."""
    at = (now + timedelta(hours=2)).astimezone(zone(campaign.timezone))
    return Draft(
        date=f"{at:%Y-%m-%d}",
        time=f"{at:%H}:00",
        timezone=campaign.timezone,
        channels={str(channel.id) for channel in channels},
    )


def of_post(post: NewPost) -> Draft:
    """The form of a post that was written before."""
    at = post.publish_at
    return Draft(
        title=post.title,
        text=post.text,
        link=post.link or "",
        when=AT if at else NEVER,
        date=f"{at:%Y-%m-%d}" if at else "",
        time=f"{at:%H:%M}" if at else "",
        timezone=post.timezone,
        late_policy=post.late_policy,
        grace=str(post.grace),
        share_kit=post.share_kit,
        channels={str(channel.id) for channel in post.channels},
        versions=dict(post.versions),
    )


def read(form: FormData, channels: Sequence[Channel]) -> Draft:
    """What a form says."""
    when = text_of(form, "when")
    return Draft(
        title=text_of(form, "title"),
        text=text_of(form, "text"),
        link=text_of(form, "link"),
        alt=text_of(form, "alt"),
        when=when if when in WHEN else AT,
        date=text_of(form, "date"),
        time=text_of(form, "time"),
        timezone=text_of(form, "timezone"),
        recurrence=text_of(form, "recurrence"),
        until=text_of(form, "until"),
        repeat_after=text_of(form, "repeat_after") or "0",
        late_policy=text_of(form, "late_policy") or LatePolicy.send,
        grace=text_of(form, "grace") or "60",
        share_kit=text_of(form, "share_kit") == "yes",
        channels={value for value in form.getlist("channels") if isinstance(value, str)},
        versions={channel.network: text_of(form, f"text.{channel.network}") for channel in channels},
        wordings=[text_of(form, "wording.1"), text_of(form, "wording.2")],
    )


def post_of(
    draft: Draft, channels: Sequence[Channel], picture: tuple[str, bytes] | None = None
) -> tuple[NewPost, list[Problem]]:
    """The post that a form makes, and what in it cannot be read; the rules look at the rest."""
    problems: list[Problem] = []
    made = NewPost(
        title=draft.title,
        text=draft.text,
        link=draft.link or None,
        publish_at=_moment(draft, problems),
        timezone=draft.timezone,
        channels=tuple(channel for channel in channels if str(channel.id) in draft.channels),
        share_kit=draft.share_kit,
        versions={network: text for network, text in draft.versions.items() if text},
        wordings=tuple(filter(None, draft.wordings)),
        pictures=(NewPicture(picture[0], picture[1], draft.alt),) if picture else (),
        late_policy=_late_policy(draft, problems),
        grace=_number(draft.grace, "grace", LONGEST_GRACE, problems),
        next_slot=draft.when == QUEUE,
        recurrence=draft.recurrence if draft.when == SERIES else None,
        recurs_until=_until(draft, problems) if draft.when == SERIES else None,
        repeat_after=_number(draft.repeat_after, "repeat_after", 3650, problems) if draft.when == SERIES else 0,
    )
    if draft.when == SERIES and not draft.recurrence:
        problems.append(
            Problem("recurrence", _("is empty: write every first Tuesday at 09:00, or five fields of cron"))
        )
    return made, problems


def _moment(draft: Draft, problems: list[Problem]) -> datetime | None:
    if draft.when != AT:
        return None
    if not draft.date or not draft.time:
        problems.append(Problem("publish_at", _("Choose a date and a time.")))
        return None
    try:
        return parse_local(f"{draft.date} {draft.time}")
    except TimeProblem as problem:
        problems.append(Problem("publish_at", str(problem)))
    return None


def _until(draft: Draft, problems: list[Problem]) -> datetime | None:
    """The end of the last day, on the post's clock."""
    if not draft.until:
        return None
    try:
        return to_utc(parse_local(f"{draft.until} 23:59"), draft.timezone)
    except TimeProblem as problem:
        problems.append(Problem("until", str(problem)))
    return None


def _late_policy(draft: Draft, problems: list[Problem]) -> LatePolicy:
    try:
        return LatePolicy(draft.late_policy)
    except ValueError:
        problems.append(Problem("late_policy", _("Choose one of these.")))
    return LatePolicy.send


def _number(text: str, name: str, most: int, problems: list[Problem]) -> int:
    if text.isascii() and text.isdigit() and len(text) < 8 and int(text) <= most:
        return int(text)
    problems.append(Problem(name, _("Write a whole number, not above what it may be.")))
    return 0
