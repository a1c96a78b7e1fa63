"""Becoming a referent by a link, `/start l-CODE`: what one will see and do, then a yes. And the question whether the section's
referents may contact somebody, which is asked where there are any.
"""

from html import escape

from bot.consents import asked as asked_before
from bot.visit import Visit, button, number
from campaigns import leaders, supporters
from campaigns.consents import has_consent
from campaigns.leaders import LeaderRefused, Seat
from campaigns.models import Campaign, Purpose

WAITING = "leader"  # in the dialogue: the code of who has to join first


async def follow(visit: Visit, code: str) -> bool:
    """Take the campaign and the territory from a referent's link; False where it is void, which was said."""
    seat = await _seat(visit, code)
    if seat is None:
        await visit.say(_void(visit))
        return False
    async with visit.house.database.read() as session:
        visit.campaign = await session.get(Campaign, seat.territory.campaign_id)
    if await visit.takes_part():
        await _offer(visit, seat)
        return False
    visit.data |= {WAITING: code, "territory_id": seat.territory.id}
    return True


def _void(visit: Visit) -> str:
    return visit.words("This code was used already, or is not known. Please ask for a new one: each works once.")


async def _seat(visit: Visit, code: str) -> Seat | None:
    async with visit.house.database.read() as session:
        return await leaders.invitation(session, code)


async def after_welcome(visit: Visit) -> None:
    """Somebody has joined, or said where they are: the place that waits for them, or the question of the team's contact."""
    code = visit.data.pop(WAITING, None)
    if code is None:
        await _ask_contact(visit)
        return
    await visit.remember(visit.step)
    seat = await _seat(visit, code)
    await (_offer(visit, seat) if seat is not None else visit.say(_void(visit)))


async def _offer(visit: Visit, seat: Seat) -> None:
    _, name = visit.words, escape(seat.territory.name)
    campaign = escape(visit.campaign.name if visit.campaign else "")
    text = [
        f"🧭 <b>{name}</b> · {campaign}",
        _("Will you be one of the two referents of {territory}?", territory=name),
        "👀 " + _("You see the common figures of its people (never of fewer than five), the reports of missions there, and the first names of who asked to be contacted. What you see is for you alone: copy it nowhere."),
        "✉️ " + _.many("You may write to its people: {n} message a day of both referents together; a further one waits for somebody else’s yes.", "You may write to its people: {n} messages a day of both referents together; a further one waits for somebody else’s yes.", seat.leader.most_a_day),
        _("The other referent, the team, and who reads your messages know that they come from you two. You can give it back at any time."),
    ]  # fmt: skip
    yes = button("✅ " + _("Yes, I take it on"), f"leader:yes:{seat.leader.link_code}")
    await visit.say("\n\n".join(text), [[yes], [button(_("No, thank you"), "leader:no")]])


async def _ask_contact(visit: Visit) -> None:
    """Where the section has referents, and the person is none of them and did not say yes already."""
    if visit.supporter is None or visit.campaign is None:
        return
    who = visit.supporter.id, visit.campaign.id
    async with visit.house.database.read() as session:
        place = await supporters.participation(session, *who)
        there = await leaders.referents(session, place.territory_id) if place and place.territory_id else []
        agreed = await has_consent(session, *who, Purpose.team)
    if not there or agreed or any(each.id == visit.supporter.id for each in there):
        return
    _, asked = visit.words, visit.campaign.id
    answers = [
        button("📇 " + _("Yes, they may"), f"leader:contact:yes:{asked}"),
        button(_("No, thank you"), f"leader:contact:no:{asked}"),
    ]
    await visit.say("\n\n".join(asked_before(_, Purpose.team)), [answers])


async def tapped(visit: Visit) -> None:
    """leader:yes:CODE, leader:no, leader:contact:ANSWER:CAMPAIGN."""
    _, action, value, about = (*visit.tapped, "", "", "")[:4]
    if action == "yes":
        await _accept(visit, value)
    elif action == "contact":
        await _answer_contact(visit, value == "yes", number(about) or 0)
    else:
        await visit.change_keyboard(None)
        await visit.say(visit.words("Understood. The link stays good, should you change your mind."))


async def _accept(visit: Visit, code: str) -> None:
    seat, _ = await _seat(visit, code), visit.words
    if seat is not None:
        async with visit.house.database.read() as session:
            visit.campaign = await session.get(Campaign, seat.territory.campaign_id)
    if seat is None or visit.supporter is None or not await visit.takes_part():
        await visit.tell(_void(visit) if seat is None else _("First join the campaign: /start"))
        return
    try:
        async with visit.house.database.write() as session:
            taken = await leaders.accept(session, code, visit.supporter, visit.house.clock())
    except LeaderRefused as refused:
        await visit.tell(_(refused.msgid, **refused.values))
        return
    if taken is None:  # somebody else took it meanwhile
        await visit.tell(_void(visit))
        return
    await visit.change_keyboard(None)
    name = escape(taken.territory.name)
    await visit.say("🧭 " + _("Thank you! You are a referent of {territory}. All that you need: /team", territory=name))


async def _answer_contact(visit: Visit, agreed: bool, campaign_id: int) -> None:
    async with visit.house.database.read() as session:
        visit.campaign = await session.get(Campaign, campaign_id)
    await visit.change_keyboard(None)
    if visit.supporter is None or visit.campaign is None or not await visit.takes_part():
        await visit.answer(visit.words("First join the campaign: /start"), alert=True)
        return
    asked = {Purpose.team}
    async with visit.house.database.write() as session:
        now = visit.house.clock()
        await supporters.set_consents(session, visit.supporter, campaign_id, asked if agreed else (), now, among=asked)
    said = visit.words("Noted: yes.") if agreed else visit.words("Noted: no. It holds from now on.")
    await visit.say(f"📇 {said} " + visit.words("It can be changed at any time: /consents"))
