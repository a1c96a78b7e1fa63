"""How far a broadcast is, in one message that changes while it runs, with the ways to pause it, go on and end it."""

from collections.abc import Awaitable
from html import escape

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Bot, InlineKeyboardMarkup
from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot.visit import Keyboard, Visit, button, number, unasked
from campaigns import broadcast_watches, broadcasts, installation, leaders
from campaigns.broadcast_watches import Watched
from campaigns.broadcasts import BroadcastRefused
from campaigns.figures import SMALLEST
from campaigns.models import Broadcast, BroadcastState
from campaigns.words import Words

BAR = 10  # boxes

S = BroadcastState


def shown(watched: Watched) -> tuple[str, Keyboard]:
    """The message in Telegram's HTML, and its buttons."""
    words, of = Words(watched.language, watched.inclusive), watched
    where = f" · {escape(of.territory)}" if of.territory else ""
    lines = [f"📣 <b>{escape(of.campaign)}</b>{where}", "", *_figures(words, of), _state(words, of)]
    labels = {
        "pause": "⏸ " + words("Pause"),
        "resume": "▶ " + words("Go on"),
        "cancel": "✖ " + (words("Cancel…") if of.progress.state is S.running else words("Cancel for good")),
    }
    keys = [button(labels[move], f"going:{move}:{of.broadcast_id}") for move in of.moves if move in labels]
    return "\n".join(lines), [keys] if keys else []


def _figures(words: Words, of: Watched) -> list[str]:
    """What arrived and what did not; to a referent never of fewer than five people."""
    now, n = of.progress, words.number
    if of.by_leader and now.people < SMALLEST:
        return [words("To fewer than {n} people", n=SMALLEST), ""]
    reached = now.sent + now.failed + now.unknown
    share = 1.0 if now.state is S.done else min(reached / max(now.people, 1), 1.0)
    bar = "▰" * int(share * BAR) + "▱" * (BAR - int(share * BAR))
    lines = [f"{bar} {words.percent(int(share * 100) / 100)}", ""]
    lines.append("✅ " + words("Arrived: {n} of {all}", n=n(now.sent), all=n(now.people)))
    if now.failed:
        lines.append("🚫 " + words("Not possible, mostly because they blocked the bot: {n}", n=n(now.failed)))
    if now.unknown:
        lines.append("❔ " + words("Not known, and not sent twice: {n}", n=n(now.unknown)))
    if now.waiting:
        lines.append("🌙 " + words("Waits for the hour that they chose: {n}", n=n(now.waiting)))
    return [*lines, ""]


def _state(words: Words, of: Watched) -> str:
    now = of.progress
    if now.state is S.running:
        if now.left <= now.waiting:
            return words("Goes on as people may be written to.")
        return "⏳ " + words("About {duration} to go", duration=words.duration(now.takes))
    if now.state is S.paused:
        return "⏸ " + words("Paused: whoever has it has it, the others wait.")
    if now.state is S.cancelled:
        return "✖ " + words("Cancelled: whoever does not have it will not get it.")
    at = words.moment(now.ended_at, of.timezone, "EEE d MMM HH:mm") if now.ended_at else ""
    return "🏁 " + words("Done: {moment}", moment=at)


async def refresh(bot: Bot, watched: Watched) -> None:
    """Edit somebody's message; raises networks.errors, PostRejected where it is not there any more."""
    text, keyboard = shown(watched)
    markup = InlineKeyboardMarkup(keyboard) if keyboard else None
    edit = bot.edit_message_text(text, watched.chat_id, watched.message_id, parse_mode=ParseMode.HTML, reply_markup=markup)  # fmt: skip
    await unasked(_unless_the_same(edit))


async def _unless_the_same(edit: Awaitable[object]) -> None:
    try:
        await edit
    except BadRequest as error:
        if "not modified" not in error.message:
            raise


async def begin(visit: Visit, broadcast_id: int) -> None:
    """The message whose button let it go out shows from now on how far it is."""
    query = visit.update.callback_query
    if query is None or query.message is None:
        return
    async with visit.house.database.write() as session:
        broadcast = await session.get_one(Broadcast, broadcast_id)
        await _watch(session, visit, broadcast, query.message.message_id)
        found = await _own(session, visit, broadcast_id)
    if found is not None:
        await visit.change_text(*shown(found))


async def _watch(session: AsyncSession, visit: Visit, broadcast: Broadcast, message_id: int) -> None:
    organizer = await installation.organizer_of(session, visit.user.id)
    if broadcast.supporter_id is not None and visit.supporter and broadcast.supporter_id == visit.supporter.id:
        await broadcast_watches.watch(session, broadcast.id, message_id, supporter_id=visit.supporter.id)
    elif organizer is not None:
        await broadcast_watches.watch(session, broadcast.id, message_id, organizer_id=organizer.id)


async def _own(session: AsyncSession, visit: Visit, broadcast_id: int) -> Watched | None:
    everybody = await broadcast_watches.watched(session, broadcast_id)
    return next((each for each in everybody if each.chat_id == visit.user.id), None)


async def tapped(visit: Visit) -> None:
    """going:MOVE:BROADCAST. To cancel what runs pauses it first: nobody else gets it while one thinks."""
    _, move, value = (*visit.tapped, "", "")[:3]
    moves = {"pause": broadcasts.pause, "resume": broadcasts.resume, "cancel": broadcasts.cancel}
    if move not in moves:
        return
    refusal, ident = None, number(value) or 0
    async with visit.house.database.read() as session:
        broadcast = await session.get(Broadcast, ident)
    if broadcast is None:
        await visit.answer(visit.words("This message is no longer known."), alert=True)
        return
    if move == "cancel" and broadcast.state is S.running:
        move = "pause"
    try:
        async with visit.house.database.write() as session:
            broadcast = await session.get_one(Broadcast, ident)
            who = await _actor(session, visit, broadcast)
            await moves[move](session, broadcast, who, visit.house.clock())
    except BroadcastRefused as refused:
        refusal = visit.words(refused.msgid, **refused.values)
    if refusal is not None:
        await visit.answer(refusal, alert=True)
    if refusal != visit.words(broadcasts.NOT_ALLOWED):
        await begin(visit, ident)


async def _actor(session: AsyncSession, visit: Visit, broadcast: Broadcast) -> int | None:
    """The organizer who acts; None for the referent who wrote it. Raises BroadcastRefused for anybody else."""
    mine = broadcast.supporter_id is not None and visit.supporter and broadcast.supporter_id == visit.supporter.id
    if mine and await leaders.seat_in(session, broadcast.supporter_id or 0, broadcast.territory_id) is not None:
        return None
    organizer = await installation.organizer_of(session, visit.user.id)
    if organizer is None:
        raise BroadcastRefused(broadcasts.NOT_ALLOWED)
    return organizer.id
