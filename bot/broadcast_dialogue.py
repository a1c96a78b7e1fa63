"""/broadcast, for the comms team: a text, whom it is for, how it looks and whom it reaches, a yes where one is needed, then off.

The draft is a row from its first text on, so that nothing is lost by a restart, and the console shows it, too.
"""

from html import escape

from sqlalchemy.ext.asyncio import AsyncSession

from bot import broadcast_progress, seats, second_yes
from bot.visit import Keyboard, Visit, button, number
from campaigns import broadcasts, installation, interests
from campaigns.broadcasts import BroadcastRefused, Preview, preview, segment_of
from campaigns.models import Broadcast, BroadcastState, Campaign, Interest, Organizer, Territory
from campaigns.organizers import Seat
from campaigns.segments import Segment
from campaigns.stamp import stamp_of, stamped
from campaigns.words import LANGUAGES, Words

WAIT_TEXT = "broadcast text"
A_PAGE = 8  # territories
OPEN = 5  # messages that /broadcast lists
SHORT = 28  # characters of one, on its button
STATE_SIGNS = {"draft": "✏️", "submitted": "🙋", "approved": "👍", "running": "⏳", "paused": "⏸"}
S = BroadcastState


async def begin(visit: Visit) -> None:
    """/broadcast, with the text behind it or in the next message. To who is no organizer this command does not exist."""
    behind = visit.text.partition(" ")[2].strip() if visit.text.startswith("/") else ""
    seat = await seats.choose(visit, "cast:new")
    if seat is not None and behind:
        await _write(visit, seat, behind)
    elif seat is not None:
        await _ask(visit, seat.campaign)


async def _ask(visit: Visit, campaign: Campaign, broadcast: Broadcast | None = None) -> None:
    """For the text; and what is not over can be opened again."""
    _ = visit.words
    before = visit.data.get("cast", {}).get("step", "") if visit.step == WAIT_TEXT else visit.step
    note = {"campaign": campaign.id, "step": before}
    await visit.remember(WAIT_TEXT, cast=note | ({"broadcast": broadcast.id} if broadcast else {}))
    rows: Keyboard = []
    if broadcast is None:
        async with visit.house.database.read() as session:
            latest = await broadcasts.broadcasts_of(session, campaign.id, 4 * OPEN)
        found = [each for each in latest if each.state in STATE_SIGNS][:OPEN]
        rows = [[button(f"{STATE_SIGNS[each.state]} {_line(each.text)}", f"cast:show::{each.id}")] for each in found]
    text = _("What shall the people of “{campaign}” read? Send it to me in one message. Then you choose whom it is for, and see it before it goes out.", campaign=escape(campaign.name))  # fmt: skip
    if rows:
        text += "\n\n" + _("Or open one that is not over:")
    await visit.say(f"📣 {text}", [*rows, [button("◀ " + _("Not now"), "cast:later::")]])


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHORT else line[: SHORT - 1].rstrip() + "…"


def _end(visit: Visit) -> None:
    """Go back to what the dialogue was about before the question; the caller writes that."""
    if visit.step == WAIT_TEXT:
        visit.step = visit.data.pop("cast", {}).get("step", "")


async def take_text(visit: Visit) -> bool:
    """The message in the middle of this conversation; False where none was asked for."""
    asked = visit.data.get("cast")
    if visit.step != WAIT_TEXT or asked is None:
        return False
    seat = await seats.seat_in(visit, asked["campaign"])
    if seat is None:
        _end(visit)
        await visit.remember(visit.step)
        await visit.say(visit.words(broadcasts.NOT_ALLOWED))
        return True
    await _write(visit, seat, visit.text, asked.get("broadcast"))
    return True


async def _found(session: AsyncSession, broadcast_id: int) -> Broadcast | None:
    """A broadcast; but a referent's draft is nobody else's before they ask for a yes."""
    broadcast = await session.get(Broadcast, broadcast_id)
    theirs = broadcast is not None and broadcast.supporter_id is not None and broadcast.state is S.draft
    return None if theirs else broadcast


async def _write(visit: Visit, seat: Seat, text: str, broadcast_id: int | None = None) -> None:
    campaign_id = seat.campaign.id
    try:
        async with visit.house.database.write() as session:
            broadcast = await broadcasts.find_broadcast(session, campaign_id, broadcast_id or 0)
            if broadcast is not None and broadcast.state is S.draft:
                await broadcasts.change(session, broadcast, text)
            else:
                broadcast = await broadcasts.add_broadcast(
                    session, Segment(campaign_id), text, visit.house.clock(), organizer_id=seat.organizer.id
                )
            _end(visit)
            await visit.remember_in(session)
    except BroadcastRefused as refused:
        await visit.say(visit.words(refused.msgid, **refused.values))
        return
    await visit.say(escape(stamped(broadcast.text, stamp_of(seat.campaign))))
    shown = await _card(visit, broadcast.id)
    if shown is not None:
        await visit.say(*shown)


async def _card(visit: Visit, broadcast_id: int) -> tuple[str, Keyboard] | None:
    """What a message is, whom it reaches, and what this organizer may do with it; None where they may not know of it."""
    _, now = visit.words, visit.house.clock()
    async with visit.house.database.read() as session:
        broadcast = await _found(session, broadcast_id)
        seat = await seats.seat_of(session, visit, broadcast.campaign_id) if broadcast else None
        if broadcast is None or seat is None:
            return None
        found = await preview(session, segment_of(broadcast), now)
        whom = await _whom(session, _, broadcast)
        own = await broadcasts.is_own(session, broadcast, seat.organizer.id)
        moves = broadcasts.moves_of(broadcast, seat.campaign, seat.role, own=own)
    lines = [f"📣 <b>{escape(seat.campaign.name)}</b>", "", f"🎯 {escape(whom)}", *_reach(_, found)]
    lines += ["", _(STATES[broadcast.state])] if broadcast.state in STATES else []
    return "\n".join(lines), _keys(visit, broadcast, moves, found)


STATES = {state: text for state, text in broadcasts.NOT_NOW.items() if state is not S.draft}


async def _whom(session: AsyncSession, words: Words, broadcast: Broadcast) -> str:
    """The segment in words."""
    territory = await session.get(Territory, broadcast.territory_id or 0)
    interest = await session.get(Interest, broadcast.interest_id or 0)
    parts = [words("{territory} and below", territory=territory.name)] if territory else []
    parts += [LANGUAGES[broadcast.language]] if broadcast.language else []
    parts += [words("interested in {theme}", theme=interest.name)] if interest else []
    whom = " · ".join(parts) or words("everybody who agreed to be written to")
    return whom[:1].upper() + whom[1:]


def _reach(words: Words, found: Preview) -> list[str]:
    lines = ["👥 " + words.many("To {n} person", "To {n} people", found.people)]
    if found.people:
        lines.append("⏳ " + words("Takes about {duration}, and longer for who has quiet hours", duration=words.duration(found.takes)))  # fmt: skip
    if found.silent:
        lines.append("🤫 " + words("Left out, because the law imposes silence where they are: {n}", n=words.number(found.silent)))  # fmt: skip
    return lines


def _keys(visit: Visit, broadcast: Broadcast, moves: list[str], found: Preview) -> Keyboard:
    _, ident = visit.words, broadcast.id
    send = _.many("Send it to {n} person", "Send it to {n} people", found.people)
    labels = {
        "send": "▶ " + send,
        "approve": "👍 " + _("Say yes, and send it later"),
        "submit": "🙋 " + _("Ask for a second yes"),
        "back": "↩ " + _("A draft again"),
        "cancel": "✖ " + _("Drop it"),
    }
    rows: Keyboard = []
    if broadcast.state is S.draft and broadcast.supporter_id is None:
        rows.append(
            [
                button(_("Territory"), f"cast:where:0:{ident}"),
                button(_("Language"), f"cast:langs::{ident}"),
                button(_("Theme"), f"cast:themes::{ident}"),
            ]
        )
        rows.append([button("✏️ " + _("Write it anew"), f"cast:text::{ident}")])
    if not found.people:
        moves = [move for move in moves if move not in ("send", "submit")]
    if broadcast.state in (S.running, S.paused):
        return [[button("⏳ " + _("How far it is"), f"cast:watch::{ident}")]]
    return [*rows, *([button(labels[move], f"cast:{move}::{ident}")] for move in moves if move in labels)]


async def tapped(visit: Visit) -> None:
    """cast:ACTION:VALUE:BROADCAST."""
    _, action, value, about = (*visit.tapped, "", "", "")[:4]
    if action == "later":
        _end(visit)
        await visit.remember(visit.step)
        await visit.change_keyboard(None)
        return
    async with visit.house.database.read() as session:
        broadcast = await _found(session, number(about) or 0)
        seat = await seats.seat_of(session, visit, broadcast.campaign_id if broadcast else number(value))
    if seat is None:
        await visit.answer(visit.words(broadcasts.NOT_ALLOWED), alert=True)
    elif action == "new":
        await visit.change_keyboard(None)
        await _ask(visit, seat.campaign)
    elif broadcast is None:
        await visit.answer(visit.words("This message is no longer known."), alert=True)
    elif action == "text":
        await _rewrite(visit, seat.campaign, broadcast)
    elif action == "show":
        await visit.say(escape(stamped(broadcast.text, stamp_of(seat.campaign))))
        await visit.say(*(await _card(visit, broadcast.id) or ("", [])))
    elif action == "watch":
        await broadcast_progress.begin(visit, broadcast.id)
    elif action in broadcasts.MOVES:
        await _move(visit, seat.organizer, broadcast, action)
    else:
        await _aim(visit, broadcast, action, value)


async def _rewrite(visit: Visit, campaign: Campaign, broadcast: Broadcast) -> None:
    if broadcast.state is not S.draft:
        await visit.answer(visit.words(broadcasts.NOT_NOW[broadcast.state]), alert=True)
        return
    await visit.change_keyboard(None)
    await _ask(visit, campaign, broadcast)


async def _move(visit: Visit, organizer: Organizer, broadcast: Broadcast, move: str) -> None:
    """Submit, approve, send, send back or cancel; then the card shows what came of it."""
    refusal, ident = None, broadcast.id
    try:
        async with visit.house.database.write() as session:
            broadcast = await session.get_one(Broadcast, ident)
            await broadcasts.MOVES[move](session, broadcast, organizer.id, visit.house.clock())
    except BroadcastRefused as refused:
        refusal = visit.words(refused.msgid, **refused.values)
        await visit.answer(refusal, alert=True)
    if refusal is None and move == "send":
        await broadcast_progress.begin(visit, ident)
        return
    shown = await _card(visit, ident)
    if shown is not None:
        await visit.change_text(*shown)
    if refusal is None and move == "submit":
        reached = await second_yes.ask(visit, broadcast)
        _ = visit.words
        if reached:
            await visit.say(_.many("{n} person was asked.", "{n} people were asked; the first answer counts.", reached))
        else:
            await visit.say(_("Nobody could be asked by the bot: the team finds it in its console."))


async def _aim(visit: Visit, broadcast: Broadcast, action: str, value: str) -> None:
    """The choices of whom it is for, and the choice."""
    segment, chosen = segment_of(broadcast), number(value) or 0
    choices = {"where": _territories, "langs": _languages, "themes": _themes}
    if action in choices:
        keys = await choices[action](visit, broadcast, chosen)
        await visit.change_keyboard([*keys, [button("◀ " + visit.words("Back"), f"cast:card::{broadcast.id}")]])
        return
    wanted = {
        "terr": Segment(segment.campaign_id, chosen or None, segment.language, segment.interest_id),
        "lang": Segment(segment.campaign_id, segment.territory_id, value if value in LANGUAGES else None, segment.interest_id),
        "theme": Segment(segment.campaign_id, segment.territory_id, segment.language, chosen or None),
    }.get(action)  # fmt: skip
    if wanted is not None:
        try:
            async with visit.house.database.write() as session:
                await broadcasts.change(session, await session.get_one(Broadcast, broadcast.id), None, wanted)
        except BroadcastRefused as refused:
            await visit.answer(visit.words(refused.msgid, **refused.values), alert=True)
    shown = await _card(visit, broadcast.id)
    if shown is not None:
        await visit.change_text(*shown)


async def _territories(visit: Visit, broadcast: Broadcast, page: int) -> Keyboard:
    async with visit.house.database.read() as session:
        known = await installation.territories(session, broadcast.campaign_id)
    here = known[page * A_PAGE : (page + 1) * A_PAGE]
    keys = [button(each.name, f"cast:terr:{each.id}:{broadcast.id}") for each in here]
    turn = [button("◀", f"cast:where:{page - 1}:{broadcast.id}")] if page else []
    turn += [button("▶", f"cast:where:{page + 1}:{broadcast.id}")] if (page + 1) * A_PAGE < len(known) else []
    everywhere = [button(visit.words("Everywhere"), f"cast:terr:0:{broadcast.id}")]
    return [everywhere, *(keys[i : i + 2] for i in range(0, len(keys), 2)), *([turn] if turn else [])]


async def _languages(visit: Visit, broadcast: Broadcast, page: int) -> Keyboard:
    every = [button(visit.words("Every language"), f"cast:lang::{broadcast.id}")]
    return [every, [button(name, f"cast:lang:{code}:{broadcast.id}") for code, name in LANGUAGES.items()]]


async def _themes(visit: Visit, broadcast: Broadcast, page: int) -> Keyboard:
    async with visit.house.database.read() as session:
        known = await interests.interests_of(session, broadcast.campaign_id)
    every = [button(visit.words("Whatever they are interested in"), f"cast:theme:0:{broadcast.id}")]
    return [every, *([button(each.name, f"cast:theme:{each.id}:{broadcast.id}")] for each in known)]
