"""All results of a campaign in a period, read at once; and the same as tables, for pages, files and the report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import results
from campaigns.models import Campaign, Kind, MetricKind
from campaigns.periods import Period
from campaigns.results import Acts, ChannelResult, PostResult
from campaigns.territory_results import Line, lines_of, territories_of
from campaigns.times import zone
from campaigns.words import Words, mark

_ = mark
POSTS = 20  # of a page; a file has more
IN_A_FILE = 5_000
KINDS = {  # its name, what it means
    Kind.received: (_("Received"), _("share kits that reached a supporter")),
    Kind.opened: (_("Opened"), _("share windows that were opened from a card")),
    Kind.said_shared: (_("Said shared"), _("times that somebody said so; nobody can check it")),
    Kind.visit: (_("Visits"), _("people who came through a supporter's link")),
    Kind.recruited: (_("Recruited"), _("people who joined by an invitation")),
    Kind.badge_made: (_("Badges"), _("badges that were made")),
    Kind.mission_done: (
        _("Missions done"),
        _("reports of a mission by somebody who is counted; nobody can check them"),
    ),
}
METRICS = {
    MetricKind.likes: _("Likes"),
    MetricKind.reposts: _("Reposts"),
    MetricKind.quotes: _("Quotes"),
    MetricKind.replies: _("Replies"),
    MetricKind.views: _("Views"),
}
TABLES = {  # name in an address, its words
    "days": _("By day"),
    "channels": _("By channel"),
    "territories": _("By territory"),
    "posts": _("By post"),
}
Cell = str | int | date | None


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str  # one of TABLES
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Overview:
    campaign: Campaign
    period: Period
    acts: Acts
    before: dict[Kind, int]  # in as many days before
    channels: tuple[ChannelResult, ...]
    territories: tuple[Line, ...]
    posts: tuple[PostResult, ...]


async def overview_of(
    session: AsyncSession, campaign: Campaign, period: Period, now: datetime, *, posts: int = POSTS, places: bool = True
) -> Overview:
    """With `places` also the territories, which are the most rows."""
    today = now.astimezone(zone(campaign.timezone)).date()
    tops = await territories_of(session, campaign.id, period, today) if places else []
    return Overview(
        campaign,
        period,
        await results.acts_of_campaign(session, campaign.id, period),
        await results.sums_of_campaign(session, campaign.id, period.before),
        tuple(await results.channels_of(session, campaign.id, period)),
        tuple(lines_of(tops)),
        tuple(await results.posts_of(session, campaign.id, period, limit=posts)),
    )


def sheets_of(seen: Overview, words: Words) -> list[Sheet]:
    """The tables of TABLES. Nothing in them is of one person."""
    return [sheet_of(seen, words, name) for name in TABLES]


def sheet_of(seen: Overview, words: Words, name: str) -> Sheet:
    """One of TABLES."""
    made = {"days": _days, "channels": _channels, "territories": _territories, "posts": _posts}
    return Sheet(name, words(TABLES[name]), *made[name](seen, words))


Table = tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]


def _days(seen: Overview, words: Words) -> Table:
    head = words("Day") if seen.period.daily else words("Month")
    rows: list[tuple[Cell, ...]] = [(day, *(counts[kind] for kind in KINDS)) for day, counts in seen.acts.steps.items()]
    return (head, *_names(words, KINDS)), tuple(rows)


def _channels(seen: Overview, words: Words) -> Table:
    columns = (_("Channel"), _("Network"), _("In time"), _("Late"), _("Missed"), _("Failed"), _("To look at"))
    rows = tuple(
        (
            each.channel.name,
            each.channel.network,
            each.in_time,
            each.late,
            each.missed,
            each.failed,
            each.open,
            *(each.measured.get(kind) for kind in METRICS),
        )
        for each in seen.channels
    )
    return (*map(words, columns), *(words(name) for name in METRICS.values())), rows


def _territories(seen: Overview, words: Words) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for line in seen.territories:
        whole = line.whole
        rows.append((name_of(line, words), whole.people, *(whole.sums[kind] for kind in KINDS)))
    return (words("Territory"), words("People"), *_names(words, KINDS)), tuple(rows)


def name_of(line: Line, words: Words) -> str:
    """How a row is called; of several parts, the first ones and how many more."""
    names = [
        words("{territory}, without a section", territory=part.territory.name) if part.direct else part.territory.name
        for part in line.parts
    ]
    if not line.together:
        return names[0]
    shown, more = names[:3], len(names) - 3
    listed = ", ".join(shown) + (f" + {more}" if more > 0 else "")
    return words("Others together: {names}", names=listed)


def listed(best: Sequence[tuple[int, int, int]], words: Words) -> str:
    """Hours of results.best_hours as words: "lundi à 18 h (320), jeudi à 12 h (88)"."""
    return ", ".join(
        words("{day} at {hour} ({visits})", day=words.weekday(day), hour=words.hour(hour), visits=words.number(count))
        for day, hour, count in best
    )


def _posts(seen: Overview, words: Words) -> Table:
    place = zone(seen.campaign.timezone)
    rows = tuple(
        (
            each.post.title,
            f"{each.post.publish_at.astimezone(place):%Y-%m-%d %H:%M}" if each.post.publish_at else None,
            *(each.counts[kind] for kind in results.OF_POSTS),
        )
        for each in seen.posts
    )
    return (words("Post"), words("Published"), *_names(words, results.OF_POSTS)), rows


def _names(words: Words, kinds: Sequence[Kind] | dict[Kind, tuple[str, str]]) -> Iterator[str]:
    return (words(KINDS[kind][0]) for kind in kinds)
