"""/rhythm: when, and how often, the campaign writes to a person unasked; each campaign by itself."""

from datetime import datetime
from html import escape

from telegram import InlineKeyboardButton

from bot import interests
from bot.visit import Keyboard, Visit, button, number
from campaigns import supporters
from campaigns.models import Campaign
from campaigns.rhythm import PAUSE, Rhythm, set_rhythm, usual_of
from campaigns.words import Words

HOURS = 24
QUIET = ((21, 8), (20, 9), (22, 7), (18, 12))  # hours that are offered beside the campaign's own
A_DAY = (1, 2, 3, 5)  # messages
DIGESTS = (8, 12, 18, 20)  # hours


Wishes = dict[str, int | datetime | None]


async def overview(visit: Visit) -> None:
    """/rhythm, of the campaign that the talk is about."""
    if visit.campaign is None or not await visit.takes_part():
        await visit.say(visit.words("First join the campaign: /start"))
        return
    await visit.say(*await _overview(visit, visit.campaign))


async def tapped(visit: Visit) -> None:
    """rhythm:ACTION:VALUE:CAMPAIGN, of a campaign that the person takes part in."""
    _, action, value, about = (*visit.tapped, "", "", "")[:4]
    if action == "show":  # under a card or a message, which stays as it is
        await overview(visit)
        return
    async with visit.house.database.read() as session:
        visit.campaign = await session.get(Campaign, number(about) or 0)
    if visit.campaign is None or not await visit.takes_part():
        await visit.answer(visit.words("First join the campaign: /start"), alert=True)
        return
    if action == "quiet":
        await visit.change_text(*await _quiet(visit, visit.campaign))
        return
    if action in ("themes", "theme"):
        await interests.choose(visit, visit.campaign, number(value) if action == "theme" else None)
        return
    if action == "often":
        await visit.change_text(*await _often(visit, visit.campaign))
        return
    wishes = _wishes(visit, action, value)
    if wishes:
        await _change(visit, visit.campaign, wishes)
        await visit.answer(visit.words("Noted: it holds from now on."))
    await visit.change_text(*await _overview(visit, visit.campaign))


def _wishes(visit: Visit, action: str, value: str) -> Wishes:
    """What a button asks for, as columns of Participation; empty for none, and for what was written there by hand."""
    first, second = (number(part) for part in (*value.split("-"), "")[:2])
    if action == "hours" and first is not None and second is not None and max(first, second) < HOURS:
        return {"quiet_from": first, "quiet_until": second}
    if action == "once":
        return {"most_a_day": None, "digest_at": None}
    if action == "most" and first in A_DAY:
        return {"most_a_day": first, "digest_at": None}
    if action == "digest" and first in DIGESTS:
        return {"most_a_day": None, "digest_at": first}
    if action == "pause":
        return {"paused_until": visit.house.clock() + PAUSE}
    return {"paused_until": None} if action == "go" else {}


async def _change(visit: Visit, campaign: Campaign, wishes: Wishes) -> None:
    assert visit.supporter is not None  # noqa: S101 - tapped() saw to it
    async with visit.house.database.write() as session:
        place = await supporters.participation(session, visit.supporter.id, campaign.id)
        if place is not None:
            await set_rhythm(session, place, visit.house.clock(), **wishes)


async def _now(visit: Visit, campaign: Campaign) -> Rhythm:
    """How the person is written to."""
    assert visit.supporter is not None  # noqa: S101 - takes_part() said so
    async with visit.house.database.read() as session:
        place = await supporters.participation(session, visit.supporter.id, campaign.id)
        usual = await usual_of(session, campaign.id)
    assert place is not None  # noqa: S101 - takes_part() said so
    return usual.rhythm(place)


async def _overview(visit: Visit, campaign: Campaign) -> tuple[str, Keyboard]:
    assert visit.supporter is not None  # noqa: S101 - takes_part() said so
    rhythm, now, _ = await _now(visit, campaign), visit.house.clock(), visit.words
    async with visit.house.database.read() as session:
        joined = await supporters.campaigns_of(session, visit.supporter.id)
    lines = [
        "🌙 " + quiet_hours(_, rhythm.quiet_from, rhythm.quiet_until),
        "📬 " + how_often(_, rhythm.most_a_day, rhythm.digest_at),
    ]
    pause = button("⏸ " + _("Pause for a week"), f"rhythm:pause::{campaign.id}")
    if rhythm.paused_until is not None and rhythm.paused_until > now:
        until = _.moment(rhythm.paused_until, rhythm.zone, "EEEE d MMMM HH:mm")
        lines.append("⏸ " + _("Paused until {moment}", moment=until))
        pause = button("▶ " + _("Go on now"), f"rhythm:go::{campaign.id}")
    text = [
        f"<b>{escape(campaign.name)}</b> · " + _("When I write to you"),
        "\n".join(lines),
        _("What waits comes later: nothing is lost. You can always look it up: /posts"),
        _("Your clock shows {time}.", time=_.moment(now, rhythm.zone, "HH:mm")),
    ]
    rows = [
        [button("🌙 " + _("Quiet hours"), f"rhythm:quiet::{campaign.id}"), button("📬 " + _("How often"), f"rhythm:often::{campaign.id}")],
        [pause, button("🔕 " + _("No more messages"), "me:stop")],
    ]  # fmt: skip
    if await interests.any_offered(visit, campaign):
        rows.append([button("⭐ " + _("My themes"), f"rhythm:themes::{campaign.id}")])
    rows += [[button(f"↪ {other.name}", f"rhythm:all::{other.id}")] for other in joined if other.id != campaign.id]
    return "\n\n".join(text), rows


def how_often(words: Words, most_a_day: int | None, digest_at: int | None) -> str:
    """In words: each at once, so many a day, or one digest."""
    if digest_at is not None:
        return words("A single message a day, at {time}", time=_hour(words, digest_at))
    if most_a_day is not None:
        return words.many("At most {n} message a day", "At most {n} messages a day", most_a_day)
    return words("Each message at once")


def quiet_hours(words: Words, first: int, last: int) -> str:
    """In words."""
    if first == last:
        return words("At any hour")
    return words("Nothing between {start} and {end}", start=_hour(words, first), end=_hour(words, last))


def _hour(words: Words, hour: int) -> str:
    return words("{hour}:00", hour=hour)


async def _quiet(visit: Visit, campaign: Campaign) -> tuple[str, Keyboard]:
    """The quiet hours to choose from."""
    rhythm, _ = await _now(visit, campaign), visit.words
    usual = campaign.quiet_from, campaign.quiet_until
    offered = dict.fromkeys([*([usual] if usual[0] != usual[1] else []), *QUIET, (0, 0)])
    mine = rhythm.quiet_from, rhythm.quiet_until
    mine = mine if mine[0] != mine[1] else (0, 0)
    rows = [
        [button(_ticked(hours == mine) + quiet_hours(_, *hours), f"rhythm:hours:{hours[0]}-{hours[1]}:{campaign.id}")]
        for hours in offered
    ]
    text = f"<b>{escape(campaign.name)}</b> · " + _("Quiet hours")
    return text + "\n\n" + _("When shall I not write to you by myself?"), [*rows, [_back(visit, campaign)]]


async def _often(visit: Visit, campaign: Campaign) -> tuple[str, Keyboard]:
    """Each message at once, so many a day, or one digest."""
    rhythm, _ = await _now(visit, campaign), visit.words
    free = rhythm.most_a_day is None and rhythm.digest_at is None
    a_day = [
        button(
            _ticked(rhythm.digest_at is None and rhythm.most_a_day == n) + f"≤ {n}", f"rhythm:most:{n}:{campaign.id}"
        )
        for n in A_DAY
    ]
    digests = [
        button(_ticked(rhythm.digest_at == hour) + _hour(_, hour), f"rhythm:digest:{hour}:{campaign.id}")
        for hour in DIGESTS
    ]
    text = [
        f"<b>{escape(campaign.name)}</b> · " + _("How often"),
        _("Each message at once, at most so many a day, or a single one a day with all that there is to share, at the hour that you choose?"),
    ]  # fmt: skip
    once = [button(_ticked(free) + _("Each message at once"), f"rhythm:once::{campaign.id}")]
    return "\n\n".join(text), [once, a_day, digests, [_back(visit, campaign)]]


def _ticked(chosen: bool) -> str:
    return "✅ " if chosen else ""


def _back(visit: Visit, campaign: Campaign) -> InlineKeyboardButton:
    return button("◀ " + visit.words("Back"), f"rhythm:all::{campaign.id}")
