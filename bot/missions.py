"""/missions: what the campaign does beyond the screen. One signs up on a mission's card, and reports back in one message.

Between the question and the report, which may be days and a restart, the dialogue keeps the mission's number. Nothing
of this is sent unasked, so that the list stays in a silence window too.
"""

from html import escape

from sqlalchemy.ext.asyncio import AsyncSession

from bot.visit import Keyboard, Visit, button, number
from campaigns import missions, supporters
from campaigns.mission_reports import Report, ReportRefused, read_report
from campaigns.missions import KINDS, LISTED, Card
from campaigns.models import Campaign, Mission, Participation
from campaigns.plan_words import coming, moment_of
from campaigns.words import Words

WAIT_REPORT = "mission report"


async def list_missions(visit: Visit) -> None:
    """/missions: what one may report on, and what comes next."""
    if visit.supporter is None or visit.campaign is None or not await visit.takes_part():
        await visit.say(visit.words("First join the campaign: /start"))
        return
    _, now, rows = visit.words, visit.house.clock(), []
    async with visit.house.database.read() as session:
        place = await supporters.participation(session, visit.supporter.id, visit.campaign.id)
        assert place is not None  # noqa: S101 - takes_part() said so
        found = await missions.missions_for(session, place, now)
        signed_up = await missions.signed_up(session, place)
    for mission in found[:LISTED]:
        sign = "📝" if mission.starts_at <= now else "✅" if mission.id in signed_up else KINDS[mission.kind][0]
        when = _.moment(mission.starts_at, mission.timezone, "EEE d MMM HH:mm")
        rows.append([button(f"{sign} {when} · {mission.title}", f"mission:card:{mission.id}")])
    lines = [f"🎯 <b>{escape(visit.campaign.name)}</b> · " + _("Missions"), ""]
    if not found:
        lines.append(_("No mission is planned near you now. Come back soon!"))
    elif len(found) > LISTED:
        lines.append(_("The first {shown} of {all}, by their time. Tap one to see it:", shown=LISTED, all=len(found)))
    else:
        lines.append(_("Tap one to see it:"))
    if any(mission.starts_at > now and mission.id in signed_up for mission in found[:LISTED]):
        lines.append("✅ " + _("you come"))
    if any(mission.starts_at <= now for mission in found[:LISTED]):
        lines.append("📝 " + _("it has begun: report back if you were there"))
    await visit.say("\n".join(lines), rows or None)


async def tapped(visit: Visit) -> None:
    """mission:ACTION:MISSION, of a campaign that the person takes part in."""
    _, action, value = (*visit.tapped, "", "")[:3]
    mission_id = number(value) or 0
    if action == "later":
        await _end(visit)
        await visit.change_keyboard(None)
        return
    if not await _turn_to(visit, mission_id):
        return
    card = await _changed(visit, action, mission_id)
    if card is None:
        await visit.answer(visit.words("This mission is no longer known. /missions has the next ones."), alert=True)
    elif action == "card":
        await visit.say(*_shown(visit, card))
    elif action == "report":
        await _ask(visit, card)
    elif action in ("come", "not"):
        await _answer(visit, card, wanted=action == "come")
        await visit.change_text(*_shown(visit, card))


async def _turn_to(visit: Visit, mission_id: int) -> bool:
    """Make the talk about the mission's campaign; whether the person takes part in it. Else they are told."""
    async with visit.house.database.read() as session:
        mission = await session.get(Mission, mission_id)
        visit.campaign = await session.get(Campaign, mission.campaign_id) if mission else visit.campaign
    if await visit.takes_part():
        return True
    await visit.tell(visit.words("First join the campaign: /start"))
    return False


async def _changed(visit: Visit, action: str, mission_id: int) -> Card | None:
    """The mission's card, after the person's yes was written or taken back where they asked for that."""
    change = {"come": missions.come, "not": missions.come_not}.get(action)
    now = visit.house.clock()
    if change is None:
        async with visit.house.database.read() as session:
            return await missions.card_of(session, await _place(visit, session), mission_id)
    async with visit.house.database.write() as session:
        return await change(session, await _place(visit, session), mission_id, now)


async def _place(visit: Visit, session: AsyncSession) -> Participation:
    assert visit.supporter is not None and visit.campaign is not None  # noqa: S101 - takes_part() said so
    place = await supporters.participation(session, visit.supporter.id, visit.campaign.id)
    assert place is not None  # noqa: S101 - the same
    return place


async def _answer(visit: Visit, card: Card, *, wanted: bool) -> None:
    """What came of the wish to come, or not to."""
    _ = visit.words
    if card.called_off:
        await visit.answer(_("It is called off: it does not take place."), alert=True)
    elif card.has_begun(visit.house.clock()):
        await visit.answer(_("It has begun already. If you were there, report back."), alert=True)
    elif wanted and card.own is None:
        await visit.answer(_("All places are taken. /missions has others."), alert=True)
    elif wanted:
        await visit.answer("💪 " + _("Noted: you come. Thank you!"))
    else:
        await visit.answer(_("Noted: you do not come."))


def _shown(visit: Visit, card: Card) -> tuple[str, Keyboard]:
    """The card in Telegram's HTML, and its buttons."""
    _, mission, begun = visit.words, card.mission, card.has_begun(visit.house.clock())
    sign, kind = KINDS[mission.kind]
    lines = [
        f"{sign} <b>{escape(mission.title)}</b> · {_(kind)}",
        "",
        f"📅 {moment_of(_, mission.starts_at, mission.timezone, visit.campaign)}",
        f"📍 {escape(mission.place)}",
        *([f"🎯 {escape(mission.aim)}"] if mission.aim else []),
        "👥 " + coming(_, card.coming, mission.capacity),
    ]
    if card.called_off:
        lines[-1] = "❌ " + _("It is called off: it does not take place.")
        return "\n".join(lines), []
    if card.own is not None and card.own.reported_at is not None:
        own = card.own
        lines += ["", _("Your report:"), *map(escape, report_lines(_, Report(own.doors, own.talks, own.leaflets, own.remark)))]  # fmt: skip
        change = button("✏️ " + _("Correct it"), f"mission:report:{mission.id}")
    elif begun:
        change = button("📝 " + _("Report back"), f"mission:report:{mission.id}")
    elif card.own is not None:
        lines += ["", "✅ " + _("You come.")]
        change = button("↩ " + _("I no longer come"), f"mission:not:{mission.id}")
    elif card.full:
        return "\n".join(lines), []
    else:
        change = button("✅ " + _("I come"), f"mission:come:{mission.id}")
    return "\n".join(lines), [[change]]


def report_lines(words: Words, report: Report) -> list[str]:
    """What was understood of a report, a line each, not yet escaped."""
    n, lines = words.number, []
    if (doors := report.doors) is not None:
        lines.append("🚪 " + words.many("{count} door", "{count} doors", doors, count=n(doors)))
    if (talks := report.talks) is not None:
        lines.append("💬 " + words.many("{count} talk", "{count} talks", talks, count=n(talks)))
    if (leaflets := report.leaflets) is not None:
        lines.append("📄 " + words.many("{count} leaflet", "{count} leaflets", leaflets, count=n(leaflets)))
    if report.remark:
        lines.append(f"✍️ {report.remark}")
    return lines


async def _ask(visit: Visit, card: Card) -> None:
    _, title = visit.words, escape(card.mission.title)
    if card.called_off or not card.has_begun(visit.house.clock()):
        said = (
            _("It is called off: it does not take place.")
            if card.called_off
            else _("It has not begun yet: report back afterwards.")
        )
        await visit.answer(said, alert=True)
        return
    before = visit.data.get("mission", {}).get("step", "") if visit.step == WAIT_REPORT else visit.step
    await visit.remember(WAIT_REPORT, mission={"mission": card.mission.id, "step": before})
    text = [
        "📝 " + _("How was “{title}”? Tell me in one message: doors, talks, leaflets, whatever you counted, and a word if you like. Such as:", title=title),
        "<i>" + _("42 doors, 12 talks, 80 leaflets. A warm welcome in the rue des Lilas.") + "</i>",
    ]  # fmt: skip
    await visit.say("\n\n".join(text), [[button("◀ " + _("Not now"), f"mission:later:{card.mission.id}")]])


def _leave(visit: Visit) -> None:
    """Go back to what the dialogue was about before the question; the caller writes that."""
    if visit.step == WAIT_REPORT:
        visit.step = visit.data.pop("mission", {}).get("step", "")


async def _end(visit: Visit) -> None:
    _leave(visit)
    await visit.remember(visit.step)


async def take_text(visit: Visit) -> bool:
    """A report in the middle of this conversation; False where none was asked for."""
    asked = visit.data.get("mission")
    if visit.step != WAIT_REPORT or asked is None:
        return False
    _, mission_id = visit.words, asked["mission"]
    if not await _turn_to(visit, mission_id):
        await _end(visit)
        return True
    try:
        said = read_report(visit.text)
    except ReportRefused as refused:
        await visit.say(_(refused.msgid, **{name: escape(str(value)) for name, value in refused.values.items()}))
        return True
    async with visit.house.database.write() as session:
        card = await missions.report(session, await _place(visit, session), mission_id, said, visit.house.clock())
        _leave(visit)
        await visit.remember_in(session)
    if card is None:
        await visit.say(_("This mission is no longer known. /missions has the next ones."))
        return True
    lines = ["📝 " + _("Noted for “{title}”:", title=escape(card.mission.title)), ""]
    if not said.has_numbers:
        lines.append(_("No number of doors, talks or leaflets."))
    lines += [*map(escape, report_lines(_, said)), "", _("Thank you! The team sees it. Did I get something wrong?")]
    await visit.say("\n".join(lines), [[button("✏️ " + _("Correct it"), f"mission:report:{mission_id}")]])
    return True
