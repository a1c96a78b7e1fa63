"""/team, for a territory's referents: common figures, missions' reports, who asked to be contacted, and a message to all."""

from html import escape

from bot import about_me, team_kit, team_messages
from bot.missions import report_lines
from bot.visit import Keyboard, Visit, button, in_messages, number
from campaigns import leaders, missions
from campaigns.figures import SMALLEST, Common, common_figures
from campaigns.leaders import Seat
from campaigns.mission_reports import Report
from campaigns.missions import KINDS, Overview
from campaigns.models import Campaign, Kind
from campaigns.words import mark

FIGURES = (
    (Kind.opened, "👆", mark("Share windows opened: {n}")),
    (Kind.said_shared, "🗣", mark("Shares that they told us of: {n}")),
    (Kind.visit, "🔗", mark("Visits through their links: {n}")),
    (Kind.badge_made, "🖼", mark("Badges made: {n}")),
    (Kind.recruited, "🤝", mark("People whom they brought in: {n}")),
    (Kind.mission_done, "🧭", mark("Missions done: {n}")),
)
LISTED = 8  # missions, the latest
NAMES = 40  # people in one message


async def overview(visit: Visit) -> None:
    """/team: the territory that one leads, the first of several. To anybody else this command does not exist."""
    seats = await _seats(visit)
    if not seats:
        await about_me.unknown(visit)
        return
    await visit.say(*await _overview(visit, seats[0], seats))


async def _seats(visit: Visit) -> list[Seat]:
    """The places that the person holds; in the campaign that the talk is about first."""
    if visit.supporter is None:
        return []
    async with visit.house.database.read() as session:
        seats = await leaders.seats_of(session, visit.supporter.id)
    here = visit.campaign.id if visit.campaign else 0
    return sorted(seats, key=lambda seat: seat.territory.campaign_id != here)


async def tapped(visit: Visit) -> None:
    """team:ACTION:VALUE:TERRITORY, of a territory that the person leads."""
    _, action, value, about = (*visit.tapped, "", "", "")[:4]
    seats = await _seats(visit)
    seat = next((each for each in seats if each.territory.id == number(about)), None)
    if seat is None:
        await visit.answer(visit.words("You are not a referent of this territory."), alert=True)
        await visit.change_keyboard(None)
    elif action == "all":
        await visit.change_text(*await _overview(visit, seat, seats))
    elif action == "reports":
        await visit.change_text(*await _reports(visit, seat))
    elif action == "mission":
        await _mission(visit, seat, number(value) or 0)
    elif action == "contacts":
        await visit.change_text(*await _contacts(visit, seat, number(value) or 0))
    elif action == "kit":
        await team_kit.send(visit, seat)
    elif action == "leave":
        await visit.change_text(*_leave(visit, seat))
    elif action == "left":
        await _left(visit, seat)
    else:
        await team_messages.tapped(visit, seat, action, number(value) or 0)


async def _overview(visit: Visit, seat: Seat, seats: list[Seat]) -> tuple[str, Keyboard]:
    _, here = visit.words, seat.territory
    async with visit.house.database.read() as session:
        campaign = await session.get_one(Campaign, here.campaign_id)
        common = await common_figures(session, here.campaign_id, here.id)
        asked = await leaders.asked_to_be_contacted(session, here)
        both = await leaders.referents(session, here.id)
    others = [escape(each.first_name) for each in both if each.id != seat.leader.supporter_id]
    text = [
        f"🧭 <b>{escape(here.name)}</b> · {escape(campaign.name)}",
        "\n".join(_figures(visit, common)),
        "👥 " + (_("With you: {name}", name=others[0]) if others else _("The other referent’s place is free.")),
    ]
    rows = [
        [button("✉️ " + _("Write to the territory"), f"team:write::{here.id}")],
        [
            button("📝 " + _("Reports"), f"team:reports::{here.id}"),
            button("📇 " + _("To contact ({n})", n=_.number(len(asked))), f"team:contacts:0:{here.id}"),
        ],
        [button("🧰 " + _("The campaign’s kit"), f"team:kit::{here.id}")],
        *([button(f"↪ {each.territory.name}", f"team:all::{each.territory.id}")] for each in seats if each.territory.id != here.id),
        [button("🚪 " + _("Give my place back"), f"team:leave::{here.id}")],
    ]  # fmt: skip
    return "\n\n".join(text), rows


def _figures(visit: Visit, common: Common) -> list[str]:
    """A line for each sum; where fewer than five people would be told of, that alone is said."""
    _ = visit.words
    if common.people is None:
        return [_("Fewer than {n} people: figures would tell of each of them.", n=SMALLEST)]
    lines = ["🙋 " + _("People, here and in the sections below: {n}", n=f"<b>{_.number(common.people)}</b>")]
    if common.counted is None:
        return [*lines, _("Fewer than {n} of them agreed to be counted: there are no sums.", n=SMALLEST)]
    lines += [f"{sign} " + _(text, n=f"<b>{_.number(common.sums.get(kind, 0))}</b>") for kind, sign, text in FIGURES]
    return [*lines, "<i>" + _("Sums of the {n} who agreed to be counted.", n=_.number(common.counted)) + "</i>"]


async def _reports(visit: Visit, seat: Seat) -> tuple[str, Keyboard]:
    _, here = visit.words, seat.territory
    found = await _overviews(visit, seat, LISTED)
    rows = []
    for each in found:
        when = _.moment(each.mission.starts_at, each.mission.timezone, "d MMM")
        label = f"📝 {len(each.reports)} · {when} · {each.mission.title}"
        rows.append([button(label, f"team:mission:{each.mission.id}:{here.id}")])
    lines = [f"🧭 <b>{escape(here.name)}</b> · " + _("Missions’ reports"), ""]
    lines.append(_("The latest missions, with the number of reports. Tap one to read them:") if found else _("There is no mission of your territory yet."))  # fmt: skip
    return "\n".join(lines), [*rows, [button("◀ " + _("Back"), f"team:all::{here.id}")]]


async def _overviews(visit: Visit, seat: Seat, limit: int | None = None) -> list[Overview]:
    here = seat.territory
    async with visit.house.database.read() as session:
        return await missions.overviews(session, here.campaign_id, limit, territory_id=here.id)


async def _mission(visit: Visit, seat: Seat, mission_id: int) -> None:
    """Who comes and what they report, in as many messages as it takes."""
    _ = visit.words
    each = next((each for each in await _overviews(visit, seat) if each.mission.id == mission_id), None)
    if each is None:
        await visit.answer(_("This mission is no longer known. /missions has the next ones."), alert=True)
        return
    mission, reports = each.mission, each.reports
    when = _.moment(mission.starts_at, mission.timezone, "EEEE d MMMM HH:mm")
    lines = [
        f"{KINDS[mission.kind][0]} <b>{escape(mission.title)}</b>",
        f"📅 {when} · 📍 {escape(mission.place)}",
        "👥 " + _.many("{n} person signed up", "{n} people signed up", len(each.people)),
        "📝 " + _.many("{n} report", "{n} reports", len(reports)),
    ]
    together = Report(each.total("doors"), each.total("talks"), each.total("leaflets"))
    if together.has_numbers:
        lines += ["", "<b>" + _("Together") + "</b>", *report_lines(_, together)]
    for one in reports:
        own = one.signup
        lines += ["", f"<b>{escape(one.name or _('somebody who left'))}</b>"]
        lines += map(escape, report_lines(_, Report(own.doors, own.talks, own.leaflets, own.remark)))
    for text in in_messages(lines):
        await visit.say(text)


async def _contacts(visit: Visit, seat: Seat, page: int) -> tuple[str, Keyboard]:
    """Who asked for it, a page of first names that lead to them."""
    _, here = visit.words, seat.territory
    async with visit.house.database.read() as session:
        asked = await leaders.asked_to_be_contacted(session, here)
    shown = asked[page * NAMES : (page + 1) * NAMES]
    lines = [f"🧭 <b>{escape(here.name)}</b> · " + _("Who asked to be contacted"), ""]
    lines += [f'• <a href="tg://user?id={each.telegram_id}">{escape(each.first_name)}</a>' for each in shown]
    if asked:
        lines += ["", _("Tap a name to write to them. Where nothing opens, their settings forbid it. Whoever takes their yes back is no longer here.")]  # fmt: skip
    else:
        lines.append(_("Nobody yet. People are asked when they join, and find it in /consents."))
    turn = []
    if page:
        turn.append(button("◀", f"team:contacts:{page - 1}:{here.id}"))
    if (page + 1) * NAMES < len(asked):
        turn.append(button("▶", f"team:contacts:{page + 1}:{here.id}"))
    return "\n".join(lines), [*([turn] if turn else []), [button("◀ " + _("Back"), f"team:all::{here.id}")]]


def _leave(visit: Visit, seat: Seat) -> tuple[str, Keyboard]:
    _, here = visit.words, seat.territory
    text = _(
        "Give your place as a referent of {territory} back? The team can fill it anew.", territory=escape(here.name)
    )
    sure = button("🚪 " + _("Yes, give it back"), f"team:left::{here.id}")
    return text, [[sure], [button("◀ " + _("Back"), f"team:all::{here.id}")]]


async def _left(visit: Visit, seat: Seat) -> None:
    here = seat.territory
    async with visit.house.database.write() as session:
        await leaders.dismiss(session, here.campaign_id, seat.leader.id, None, visit.house.clock())
    await visit.change_text(visit.words("Done: you are no longer a referent of {territory}. Thank you!", territory=escape(here.name)))  # fmt: skip
