"""A referent's message to their territory: written, looked at as people will see it, then sent, or shown to a second person."""

from html import escape

from bot import broadcast_progress, second_yes
from bot.visit import Keyboard, Visit, button
from campaigns import broadcasts, leaders
from campaigns.broadcasts import BroadcastRefused, Preview, preview, segment_of
from campaigns.figures import SMALLEST
from campaigns.leaders import Seat
from campaigns.models import Broadcast, BroadcastState, Campaign
from campaigns.stamp import stamp_of, stamped

WAIT_TEXT = "team message"
S = BroadcastState


async def tapped(visit: Visit, seat: Seat, action: str, broadcast_id: int) -> None:
    """team:ACTION:BROADCAST:TERRITORY, of a territory that the person leads."""
    if action == "write":
        await _ask(visit, seat, None)
        return
    if action == "later":
        _end(visit)
        await visit.remember(visit.step)
        await visit.change_keyboard(None)
        return
    async with visit.house.database.read() as session:
        broadcast = await session.get(Broadcast, broadcast_id)
    if broadcast is None or broadcast.supporter_id != seat.leader.supporter_id or broadcast.territory_id != seat.territory.id:  # fmt: skip
        await visit.answer(visit.words("This message is no longer known."), alert=True)
    elif action == "text":
        await _rewrite(visit, seat, broadcast)
    elif action == "send":
        await _send(visit, seat, broadcast)
    elif action == "ask":
        await _ask_again(visit, seat, broadcast)
    elif action == "drop":
        await _drop(visit, broadcast)


async def _ask(visit: Visit, seat: Seat, broadcast: Broadcast | None) -> None:
    _, here = visit.words, seat.territory
    before = visit.data.get("team", {}).get("step", "") if visit.step == WAIT_TEXT else visit.step
    note = {"territory": here.id, "step": before}
    await visit.remember(WAIT_TEXT, team=note | ({"broadcast": broadcast.id} if broadcast else {}))
    text = _("What shall the people of {territory}, and of the sections below it, read? Send it to me in one message. You see it before it goes out.", territory=escape(here.name))  # fmt: skip
    await visit.say(f"✉️ {text}", [[button("◀ " + _("Not now"), f"team:later::{here.id}")]])


async def _rewrite(visit: Visit, seat: Seat, broadcast: Broadcast) -> None:
    if broadcast.state is not S.draft:
        await visit.answer(visit.words(broadcasts.NOT_NOW[broadcast.state]), alert=True)
        return
    await visit.change_keyboard(None)
    await _ask(visit, seat, broadcast)


def _end(visit: Visit) -> None:
    """Go back to what the dialogue was about before the question; the caller writes that."""
    if visit.step == WAIT_TEXT:
        visit.step = visit.data.pop("team", {}).get("step", "")


async def take_text(visit: Visit) -> bool:
    """The message in the middle of this conversation; False where none was asked for."""
    asked = visit.data.get("team")
    if visit.step != WAIT_TEXT or asked is None:
        return False
    _ = visit.words
    try:
        async with visit.house.database.write() as session:
            seat = await leaders.seat_in(session, visit.supporter.id, asked["territory"]) if visit.supporter else None
            broadcast = await session.get(Broadcast, asked.get("broadcast", 0))
            if seat is not None and broadcast is not None and broadcast.state is S.draft:
                await broadcasts.change(session, broadcast, leaders.headed(seat, visit.text))
            elif seat is not None:
                broadcast = await leaders.write(session, seat, visit.text, visit.house.clock())
            _end(visit)
            await visit.remember_in(session)
    except BroadcastRefused as refused:
        await visit.say(_(refused.msgid, **refused.values))
        return True
    if seat is None or broadcast is None:
        await visit.say(_("You are not a referent of this territory."))
        return True
    await _show(visit, seat, broadcast)
    return True


async def _show(visit: Visit, seat: Seat, broadcast: Broadcast) -> None:
    """The message as people will read it, then what sending it would mean."""
    async with visit.house.database.read() as session:
        campaign = await session.get_one(Campaign, broadcast.campaign_id)
    await visit.say(escape(stamped(broadcast.text, stamp_of(campaign))))
    await visit.say(*await _card(visit, seat, broadcast))


async def _card(visit: Visit, seat: Seat, broadcast: Broadcast) -> tuple[str, Keyboard]:
    _, here, now = visit.words, seat.territory, visit.house.clock()
    async with visit.house.database.read() as session:
        found = await preview(session, segment_of(broadcast), now)
        at_once = await leaders.may_go_at_once(session, seat, now)
    lines = [
        "👆 " + _("That is how people read it, with a way to get fewer messages under it."),
        "",
        *_reach(visit, found),
    ]
    drop = [
        button("✏️ " + _("Write it anew"), f"team:text:{broadcast.id}:{here.id}"),
        button("✖ " + _("Drop it"), f"team:drop:{broadcast.id}:{here.id}"),
    ]
    if not found.people:
        return "\n".join(lines), [drop]
    if at_once:
        send = "✅ " + _("Send it now")
    else:
        lines += ["", _("Today’s messages to this territory went out. This one waits for somebody else’s yes: the other referent’s, or the team’s.")]  # fmt: skip
        send = "🙋 " + _("Ask for a second yes")
    return "\n".join(lines), [[button(send, f"team:send:{broadcast.id}:{here.id}")], drop]


def _reach(visit: Visit, found: Preview) -> list[str]:
    """How many it reaches and how long that takes; of fewer than five people no number."""
    _ = visit.words
    if not found.people:
        silent = _("Near a vote the law imposes silence: nobody here may be written to now.")
        return ["🤫 " + silent if found.silent else _("Nobody here may be written to now.")]
    if found.people < SMALLEST:
        return ["👥 " + _("To fewer than {n} people", n=SMALLEST)]
    lines = ["👥 " + _.many("To {n} person", "To {n} people", found.people)]
    lines.append("⏳ " + _("Takes about {duration}, and longer for who has quiet hours", duration=_.duration(found.takes)))  # fmt: skip
    if found.silent:
        lines.append(
            "🤫 " + _("Left out, because the law imposes silence where they are: {n}", n=_.number(found.silent))
        )
    return lines


async def _send(visit: Visit, seat: Seat, broadcast: Broadcast) -> None:
    _, goes, ident = visit.words, False, broadcast.id
    try:
        async with visit.house.database.write() as session:
            broadcast = await session.get_one(Broadcast, ident)
            here = await leaders.seat_in(session, seat.leader.supporter_id or 0, seat.territory.id)
            if here is None:  # dismissed between the tap and its turn
                raise BroadcastRefused(broadcasts.NOT_ALLOWED)
            goes = await leaders.send(session, here, broadcast, visit.house.clock())
    except BroadcastRefused as refused:
        await visit.answer(_(refused.msgid, **refused.values), alert=True)
        await _show_where_it_stands(visit, seat, ident)
        return
    if goes:
        await broadcast_progress.begin(visit, ident)
        return
    await visit.change_text(*_waits(visit, seat, broadcast))
    await _tell_who_was_asked(visit, await second_yes.ask(visit, broadcast))


async def _show_where_it_stands(visit: Visit, seat: Seat, broadcast_id: int) -> None:
    """The card of a message that was sent already: by a tap before, or by this one before a crash."""
    async with visit.house.database.read() as session:
        broadcast = await session.get_one(Broadcast, broadcast_id)
    if broadcast.state is S.submitted:
        await visit.change_text(*_waits(visit, seat, broadcast))
    elif broadcast.started_at is not None:
        await broadcast_progress.begin(visit, broadcast_id)


def _waits(visit: Visit, seat: Seat, broadcast: Broadcast) -> tuple[str, Keyboard]:
    _, here = visit.words, seat.territory
    again = button("🔔 " + _("Ask once more"), f"team:ask:{broadcast.id}:{here.id}")
    drop = button("✖ " + _("Drop it"), f"team:drop:{broadcast.id}:{here.id}")
    return "🙋 " + _("Your message waits for somebody else’s yes. You hear of it here."), [[again, drop]]


async def _ask_again(visit: Visit, seat: Seat, broadcast: Broadcast) -> None:
    if broadcast.state is not S.submitted:
        await visit.answer(visit.words(broadcasts.NOT_NOW[broadcast.state]), alert=True)
        return
    await visit.change_keyboard([[button("✖ " + visit.words("Drop it"), f"team:drop:{broadcast.id}:{seat.territory.id}")]])  # fmt: skip
    await _tell_who_was_asked(visit, await second_yes.ask(visit, broadcast))


async def _tell_who_was_asked(visit: Visit, reached: int) -> None:
    _ = visit.words
    if reached:
        await visit.say(_.many("{n} person was asked.", "{n} people were asked; the first answer counts.", reached))
    else:
        await visit.say(_("Nobody could be asked by the bot: the team finds it in its console."))


async def _drop(visit: Visit, broadcast: Broadcast) -> None:
    try:
        async with visit.house.database.write() as session:
            broadcast = await session.get_one(Broadcast, broadcast.id)
            if broadcast.state not in leaders.OPEN:
                raise BroadcastRefused(broadcasts.NOT_NOW[broadcast.state])
            await broadcasts.cancel(session, broadcast, None, visit.house.clock())
    except BroadcastRefused as refused:
        await visit.answer(visit.words(refused.msgid, **refused.values), alert=True)
        return
    await visit.change_text("✖ " + visit.words("Dropped: nobody gets it."))
