"""A post while it is being written: the form's fields as they were typed, and the post that they make."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.datastructures import FormData

from campaigns.media import NewPicture
from campaigns.models import Campaign, Channel, LatePolicy
from campaigns.pasted_text import cleaned
from campaigns.posts import NewPost, Problem
from campaigns.times import TimeProblem, parse_local, to_utc, zone
from campaigns.words import mark
from networks.boosts import boost_of
from web.uploads import text_of

_ = mark
NOW, AT, QUEUE, SERIES, NEVER = "now", "at", "queue", "series", "draft"
WHEN = {  # in the order in which they stand
    NOW: _("At once"),
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
MOST_WORDINGS = 12
MOST_PICTURES = 10  # above every network's own limit
WEB, BOOST = "web", "boost"  # what the link is: a page, or a post that supporters are to repost


@dataclass
class Chosen:
    """A picture as the form has it: its file in the media folder, and what was typed of it."""

    file: str
    name: str = ""
    alt: str = ""
    credit: str = ""
    x: str = "50"  # per cent
    y: str = "50"


@dataclass
class Draft:
    """The form's fields as they were typed."""

    title: str = ""
    text: str = ""
    link: str = ""
    link_is: str = WEB
    pictures: list[Chosen] = field(default_factory=list)
    territory: str = ""
    kit_language: str = ""
    kit_interest: str = ""
    version: str = ""  # of the post, as it was when it was read; empty: a new one
    sketch: str = ""
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


def fresh(campaign: Campaign, channels: Sequence[Channel], now: datetime, asked: Mapping[str, str]) -> Draft:
    """An empty form: every channel, the next full hour but one, or the day and time that the address asks for."""
    at = (now + timedelta(hours=2)).astimezone(zone(campaign.timezone))
    date, time = asked.get("date", ""), asked.get("time", "")
    return Draft(
        date=date if re.fullmatch(r"\d{4}-\d\d-\d\d", date) else f"{at:%Y-%m-%d}",
        time=time if re.fullmatch(r"\d\d:\d\d", time) else f"{at:%H}:00",
        timezone=campaign.timezone,
        channels={str(channel.id) for channel in channels},
    )


def of_post(post: NewPost, version: int) -> Draft:
    """The form of a post that was written before."""
    at = post.publish_at
    return Draft(
        title=post.title,
        text=post.text,
        link=post.link or "",
        link_is=BOOST if boost_of(post.link or "") else WEB,
        pictures=[Chosen(p.name, p.name, p.alt, p.credit, *map(str, p.focus)) for p in post.pictures],
        territory=str(post.territory_id or ""),
        kit_language=post.kit_language or "",
        kit_interest=str(post.kit_interest_id or ""),
        version=str(version),
        when=AT if at else NEVER,
        date=f"{at:%Y-%m-%d}" if at else "",
        time=f"{at:%H:%M}" if at else "",
        timezone=post.timezone,
        late_policy=post.late_policy,
        grace=str(post.grace),
        share_kit=post.share_kit,
        channels={str(channel.id) for channel in post.channels},
        versions=dict(post.versions),
        wordings=[*post.wordings, ""],
    )


def read(form: FormData, channels: Sequence[Channel]) -> Draft:
    """What a form says, without what a text processor hides in what is pasted."""
    when, link_is = text_of(form, "when"), text_of(form, "link_is")
    return Draft(
        title=" ".join(_clean(form, "title").split()),
        text=_clean(form, "text"),
        link=_clean(form, "link"),
        link_is=BOOST if link_is == BOOST else WEB,
        pictures=_pictures(form),
        territory=text_of(form, "territory"),
        kit_language=text_of(form, "kit_language"),
        kit_interest=text_of(form, "kit_interest"),
        version=text_of(form, "version"),
        sketch=text_of(form, "sketch"),
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
        versions={channel.network: _clean(form, f"text.{channel.network}") for channel in channels},
        wordings=_wordings(form),
    )


def _clean(form: FormData, name: str) -> str:
    return cleaned(text_of(form, name)).strip()


def _wordings(form: FormData) -> list[str]:
    """In the order of their numbers, which the page gives anew when one is moved; one empty place stays."""
    numbers = sorted(int(found[1]) for name in form if (found := re.fullmatch(r"wording\.(\d{1,3})", name)))
    written = [text for text in (_clean(form, f"wording.{n}") for n in numbers) if text]
    return [*written[:MOST_WORDINGS], ""]


def _pictures(form: FormData) -> list[Chosen]:
    """The fields of the pictures stand side by side; who is ticked under picture_drop goes."""
    dropped = set(form.getlist("picture_drop"))

    def column(name: str) -> list[str]:
        return [cleaned(value).strip() for value in form.getlist(name) if isinstance(value, str)]

    files = column("picture")[:MOST_PICTURES]
    rest = (column(f"picture_{name}") + [""] * len(files) for name in ("name", "alt", "credit", "x", "y"))
    found = [Chosen(*row) for row in zip(files, *rest, strict=False)]
    return [each for each in {each.file: each for each in found}.values() if each.file not in dropped]


def post_of(
    draft: Draft, channels: Sequence[Channel], pictures: Sequence[NewPicture], now: datetime
) -> tuple[NewPost, list[Problem]]:
    """The post that a form makes `now`, and what in it cannot be read; the rules look at the rest."""
    problems: list[Problem] = []
    made = NewPost(
        title=draft.title,
        text=draft.text,
        link=draft.link or None,
        publish_at=_moment(draft, now, problems),
        timezone=draft.timezone,
        channels=tuple(channel for channel in channels if str(channel.id) in draft.channels),
        share_kit=draft.share_kit,
        versions={network: text for network, text in draft.versions.items() if text},
        wordings=tuple(filter(None, draft.wordings)),
        pictures=tuple(pictures),
        territory_id=number(draft.territory) or None,
        kit_language=draft.kit_language or None,
        kit_interest_id=number(draft.kit_interest) or None,
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
    if draft.link_is == BOOST and not boost_of(draft.link):
        problems.append(Problem("link", _("Write the whole address of a post on X, Mastodon or Bluesky.")))
    return made, problems


def number(text: str) -> int:
    """A row's number out of a form; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def picture_of(chosen: Chosen, data: bytes) -> NewPicture:
    focus = (min(number(chosen.x), 100), min(number(chosen.y), 100))
    return NewPicture(chosen.name or chosen.file, data, chosen.alt, chosen.credit, focus)


def _moment(draft: Draft, now: datetime, problems: list[Problem]) -> datetime | None:
    if draft.when == NOW:
        return now
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
