"""/events: rallies with seats on buses, the day of the vote with its hours. One signs up on an event's card, by a bus or not.

The card's buttons carry the event's code, as its link does: who has it was shown the event. Nothing of this is sent
unasked, so that list and card stay in a silence window too. What is sent unasked is in bot.signup_messages.
"""

import re
from datetime import datetime
from html import escape

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import InputFile

from bot.visit import Keyboard, Visit, button, number, patiently
from campaigns import events, supporters
from campaigns.consents import has_consent
from campaigns.event_calendar import to_ics
from campaigns.events import KINDS, LISTED, Bus, Came, Card
from campaigns.installation import slug_of
from campaigns.models import Campaign, Event, EventKind, Participation, Purpose
from campaigns.plan_words import bus_line, coming, hour_of, hours_of, moment_of
from campaigns.signup_messages import reminders_of
from campaigns.words import Words

FROM_LINK = "event"  # the code that a deep link leaves in the dialogue until the person has joined
BUSES_TOLD = 12  # whose stops stand on the card; of more, only the buttons
CODE = re.compile(r"[\w-]{1,24}", re.ASCII)


async def list_events(visit: Visit) -> None:
    """/events: what is near the person and not over, by its time."""
    if visit.supporter is None or visit.campaign is None or not await visit.takes_part():
        await visit.say(visit.words("First join the campaign: /start"))
        return
    _, now, rows = visit.words, visit.house.clock(), []
    async with visit.house.database.read() as session:
        place = await _place(visit, session)
        found = await events.events_for(session, place, now)
        signed_up = await events.signed_up(session, place)
    for event in found[:LISTED]:
        sign = "✅" if event.id in signed_up else KINDS[event.kind][0]
        when = _.moment(event.starts_at, event.timezone, "EEE d MMM HH:mm")
        rows.append([button(f"{sign} {when} · {event.title}", f"event:card:{event.code}")])
    lines = [f"🗓 <b>{escape(visit.campaign.name)}</b> · " + _("Events"), ""]
    if not found:
        lines.append(_("No event is planned near you now. Come back soon!"))
    elif len(found) > LISTED:
        lines.append(_("The first {shown} of {all} events, by their time. Tap one:", shown=LISTED, all=len(found)))
    else:
        lines.append(_("Tap an event to see it:"))
    if any(event.id in signed_up for event in found[:LISTED]):
        lines.append("✅ " + _("you come"))
    await visit.say("\n".join(lines), rows or None)


def follow(visit: Visit, event: Event) -> str:
    """Somebody opened an event's link: its card comes once they take part. Gives why it leads nowhere, or nothing."""
    if event.ends_at > visit.house.clock():
        visit.data[FROM_LINK] = event.code
        return ""
    return visit.words("“{title}” is over; here is the campaign all the same.", title=escape(event.title))


async def show(visit: Visit, code: str) -> None:
    """An event's card as a new message, to who takes part in the campaign that the talk is about."""
    async with visit.house.database.read() as session:
        card = await events.card_of(session, await _place(visit, session), code)
    if card is None:
        await visit.tell(_unknown(visit.words))
    else:
        await visit.say(*await _shown(visit, card))


async def tapped(visit: Visit) -> None:
    """event:ACTION:CODE, and behind that the number of a bus; of a campaign that the person takes part in."""
    _, action, code, bus = (*visit.tapped, "", "", "", "")[:4]
    if not CODE.fullmatch(code) or not await _turn_to(visit, code):
        await visit.tell(_unknown(visit.words))
    elif not await visit.takes_part():
        await visit.tell(visit.words("First join the campaign: /start"))
    elif action == "card":
        await show(visit, code)
    elif action == "ics":
        await _send_ics(visit, code)
    elif action in ("come", "bus", "not"):
        await _change(visit, action, code, number(bus) or 0)


async def _turn_to(visit: Visit, code: str) -> bool:
    """Make the talk about the event's campaign; whether there is such an event."""
    async with visit.house.database.read() as session:
        event = await events.event_of_code(session, code)
        visit.campaign = await session.get(Campaign, event.campaign_id) if event else visit.campaign
    return event is not None


async def _place(visit: Visit, session: AsyncSession) -> Participation:
    assert visit.supporter is not None and visit.campaign is not None  # noqa: S101 - takes_part() said so
    place = await supporters.participation(session, visit.supporter.id, visit.campaign.id)
    assert place is not None  # noqa: S101 - the same
    return place


def _unknown(words: Words) -> str:
    return words("This event is no longer known. /events has the next ones.")


async def _change(visit: Visit, action: str, code: str, bus_id: int) -> None:
    """Write what the person wants, say what came of it, and show the card as it is now."""
    now = visit.house.clock()
    async with visit.house.database.write() as session:
        place = await _place(visit, session)
        if action == "not":
            came = await events.come_not(session, place, code, now)
        else:
            came = await events.come(session, place, code, bus_id if action == "bus" else None, now)
    if came is None:
        await visit.answer(_unknown(visit.words), alert=True)
        return
    card, what = came
    await visit.answer(_answer(visit.words, card, what), alert=what is not Came.noted)
    await visit.change_text(*await _shown(visit, card))


def _answer(words: Words, card: Card, what: Came) -> str:
    """What came of the wish to come, or not to."""
    _ = words
    if what is Came.called_off:
        return _("It is called off: it does not take place.")
    if what is Came.closed:
        return _("It has begun already.")
    if what is Came.full:
        return _("All places are taken. /events has others.")
    if what is Came.bus_full:
        return _("The last seat of this bus is taken. Choose another bus, or come on your own.")
    if what is Came.bus_gone:
        return _("This bus has left, or does not run. Choose another one, or come on your own.")
    if card.own is None:
        return _("Noted: you do not come.")
    if card.own_bus is not None:
        return "💺 " + _("Noted: you have a seat in the bus from {town}.", town=card.own_bus.town)
    return "💪 " + _("Noted: you come. Thank you!")


async def _shown(visit: Visit, card: Card) -> tuple[str, Keyboard]:
    """The card in Telegram's HTML, and its buttons."""
    _, event, now = visit.words, card.event, visit.house.clock()
    sign, kind = KINDS[event.kind]
    lines = [f"{sign} <b>{escape(event.title)}</b> · {_(kind)}", "", *when_and_where(_, event, visit.campaign)]
    if event.about:
        lines.append(f"ℹ️ {escape(event.about)}")
    if card.called_off:
        return "\n".join([*lines, "", "❌ " + _("It is called off: it does not take place.")]), []
    lines.append("👥 " + _coming(_, card))
    if card.is_over(now):
        return "\n".join([*lines, "", _("It is over.")]), []
    begun = card.has_begun(now)
    lines += [] if begun else _buses(_, card, now)
    lines += await _own(visit, card)
    if begun:
        lines += ["", _("It has begun already.")]
    calendar = [button("📅 " + _("Add to my calendar"), f"event:ics:{event.code}")]
    return "\n".join(lines), [*([] if begun else _choices(_, card, now)), calendar]


def when_and_where(words: Words, event: Event, campaign: Campaign | None) -> list[str]:
    """A line each, in Telegram's HTML."""
    hours = hours_of(words, event.starts_at, event.ends_at, event.timezone, campaign)
    if event.kind is EventKind.vote_day:
        start, end = (words.moment(at, event.timezone, "HH:mm") for at in (event.starts_at, event.ends_at))
        hours = moment_of(words, event.starts_at, event.timezone, campaign, day_only=True)
        hours += "\n🕗 " + words("The polling stations are open from {start} to {end}.", start=start, end=end)
    return [f"📅 {hours}", f"📍 {escape(event.place)}"]


def _coming(words: Words, card: Card) -> str:
    if card.event.kind is EventKind.vote_day:
        return words.many("{n} person wants to vote", "{n} people want to vote", card.coming)
    return coming(words, card.coming, card.event.capacity)


def _buses(words: Words, card: Card, now: datetime) -> list[str]:
    if not card.buses:
        return []
    if len(card.buses) > BUSES_TOLD:
        return ["", "🚌 " + words.many("{n} bus goes there.", "{n} buses go there.", len(card.buses))]
    return ["", *(f"🚌 {escape(bus_line(words, each.bus, card.event))} · {_seats(words, each, now)}" for each in card.buses)]  # fmt: skip


def _seats(words: Words, bus: Bus, now: datetime) -> str:
    if bus.bus.leaves_at <= now:
        return words("has left")
    return words.many("{n} seat free", "{n} seats free", bus.free) if bus.free else words("full")


async def _own(visit: Visit, card: Card) -> list[str]:
    """How the person comes, when they are reminded, and who sees it."""
    _, event = visit.words, card.event
    if card.own is None:
        return []
    if card.own_bus is not None:
        how = _("You come by the bus from {bus}.", bus=escape(bus_line(_, card.own_bus, event)))
    elif event.kind is EventKind.vote_day:
        how = _("You want to vote.")
    else:
        how = _("You come on your own.") if card.buses else _("You come.")
    lines = ["", f"✅ {how}"]
    async with visit.house.database.read() as session:
        place = await _place(visit, session)
        agreed = await has_consent(session, place.supporter_id, place.campaign_id, Purpose.contact)
        reminders, silenced = await reminders_of(session, card.own, place)
    if not agreed:
        return [*lines, "🔕 " + _("No reminder comes, and the team does not see your name: you chose not to be written to (/consents).")]  # fmt: skip
    if reminders:
        moments = ", ".join(_.moment(at, event.timezone, "EEE d MMM HH:mm") for at in reminders)
        lines.append("🔔 " + _("I remind you: {moments}.", moments=moments))
    if silenced:
        lines.append("🤫 " + _("Near the vote the law imposes silence: no reminder comes then."))
    return [*lines, "👁 " + _("The team sees your first name and how you come.")]


def _choices(words: Words, card: Card, now: datetime) -> Keyboard:
    """The ways to come that are open, and the way back."""
    _, code, rows = words, card.event.code, []
    if card.own is not None or not card.full:
        for each in card.buses:
            if each.free and each.bus.leaves_at > now and not (card.own and card.own.bus_id == each.bus.id):
                label = f"🚌 {each.bus.town} {hour_of(_, each.bus, card.event)} · {_seats(_, each, now)}"
                rows.append([button(label, f"event:bus:{code}:{each.bus.id}")])
        if card.own is None or card.own.bus_id is not None:
            vote = card.event.kind is EventKind.vote_day
            alone = "🗳 " + _("I want to vote") if vote else "✅ " + _("I come")
            rows.append([button("🚶 " + _("I come on my own") if card.buses else alone, f"event:come:{code}")])
    if card.own is not None:
        rows.append([button("↩ " + _("I cannot come any more"), f"event:not:{code}")])
    return rows


async def _send_ics(visit: Visit, code: str) -> None:
    async with visit.house.database.read() as session:
        card = await events.card_of(session, await _place(visit, session), code)
    assert card is not None and visit.campaign is not None  # noqa: S101 - tapped() found it
    ics = to_ics(card.event, card.own_bus, visit.campaign, visit.words, visit.house.clock())
    file = InputFile(ics, f"{slug_of(card.event.title)}.ics")
    caption = visit.words("Open it to add “{title}” to your calendar.", title=escape(card.event.title))
    await patiently(
        lambda: visit.bot.send_document(visit.chat.id, file, caption, parse_mode="HTML", disable_content_type_detection=True)
    )  # fmt: skip
