"""/live: at a rally each message of an organizer becomes a post at once, with ten seconds to take it back.

The session lives in the dialogue, so that a restart goes on with it. Only while the dialogue stands at ON is anything
said in public: whatever else the person begins with the bot makes the session pause.
"""

from dataclasses import asdict, replace
from datetime import datetime
from html import escape
from typing import Any

from telegram import InlineKeyboardButton
from telegram.error import NetworkError

from bot import live_setup, seats
from bot.live_setup import HASHTAG, ON, SETTING_UP, Live, keep, live_of
from bot.sent_pictures import NotForPosts, Piece, fetch, forget, piece_of
from bot.visit import Visit, button, number
from campaigns import approval, live
from campaigns.approval import ApprovalRefused
from campaigns.forecast import warnings_of
from campaigns.live import ENDS_AFTER, UNDO, InSilence, Session
from campaigns.media import NewPicture
from campaigns.organizers import Seat
from campaigns.posts import PostRefused
from campaigns.sentences import told, within

MOST_WRONG = 5  # sentences on why a message was not taken


async def begin(visit: Visit) -> None:
    """/live: set a session up; end the one that goes on; go on with one that pauses."""
    session = live_of(visit)
    if session is None or not session.begun:
        seat = await seats.choose(visit, "live:c")
        if seat is not None:
            await live_setup.begin(visit, seat)
    elif visit.step == ON:
        await _end(visit, session)
    else:
        await _go(visit, session)


async def _end(visit: Visit, session: Live) -> None:
    await _leave_card(visit, session)
    await keep(visit, "" if visit.step in (ON, SETTING_UP, HASHTAG) else visit.step, None)
    if session.begun:
        count = visit.words.many("{n} post", "{n} posts", session.count)
        await visit.say("⏹ " + visit.words("Your live session is over: {posts}. Nothing that you send me is published any more.", posts=count))  # fmt: skip


async def _lost(visit: Visit) -> None:
    """The role was taken away meanwhile."""
    await keep(visit, "" if visit.step in (ON, SETTING_UP, HASHTAG) else visit.step, None)
    await seats.refuse(visit)


async def _go(visit: Visit, session: Live) -> None:
    """Begin, or go on, where the rules of approval let this organizer speak unread."""
    seat, now, _ = await seats.seat_in(visit, session.campaign), visit.house.clock(), visit.words
    if seat is None:
        await _lost(visit)
        return
    known = [channel for channel in await live_setup.channels_of(visit, seat) if channel.id in session.channels]
    if not known:
        await visit.tell(_("Choose a channel first."))
        return
    try:
        async with visit.house.database.read() as store:
            await approval.check_live(store, seat.campaign, seat.role, now)
    except ApprovalRefused as refused:
        await visit.tell(_sentence(_(refused.msgid, **refused.values)))
        return
    await visit.change_keyboard(None)
    names = ", ".join(channel.name for channel in known)
    lines = [
        "🔴 <b>" + _("You are live") + "</b> · " + escape(names),
        _("What you send me now is published ten seconds later. To end: /live. It ends by itself after {hours} hours without a message.", hours=ENDS_AFTER.seconds // 3600),
    ]  # fmt: skip
    card = await visit.say("\n".join(lines), [[button("⏹ " + _("End"), "live:end")]])
    await keep(visit, ON, replace(session, begun=True, last=now.isoformat(), card=card))


async def tapped(visit: Visit) -> None:
    """live:ACTION:VALUE; `undo` is good under each post, the others while the session stands where they belong."""
    _, action, value = (*visit.tapped, "", "")[:3]
    session = live_of(visit)
    if action == "undo":
        await _undo(visit, number(value) or 0)
    elif action == "c":
        seat = await seats.seat_in(visit, number(value))
        await visit.change_keyboard(None)
        await (live_setup.begin(visit, seat) if seat is not None else seats.refuse(visit))
    elif session is None:
        await visit.answer(visit.words("This live session is over. For a new one: /live"), alert=True)
        await visit.change_keyboard(None)
    elif action != "end" and not session.begun and not _is_card(visit, session):
        await visit.answer(visit.words("This button is of an earlier step: go on with the last message below."))
        await visit.change_keyboard(None)
    elif action == "end":
        await visit.change_keyboard(None)
        await _end(visit, session)
    elif action == "go":
        await _go(visit, session)
    elif not session.begun:
        await _set_up(visit, session, action, value)


def _is_card(visit: Visit, session: Live) -> bool:
    """Whether the tapped message shows the session as it would begin."""
    query = visit.update.callback_query
    return query is not None and query.message is not None and query.message.message_id == session.card


async def _set_up(visit: Visit, session: Live, action: str, value: str) -> None:
    seat = await seats.seat_in(visit, session.campaign)
    if seat is None:
        await _lost(visit)
    elif action == "ch":
        await live_setup.show(visit, live_setup.toggled(session, value), seat, in_place=True)
    elif action == "tag":
        await live_setup.ask_hashtag(visit, session)


async def _undo(visit: Visit, post_id: int) -> None:
    """Take back what no channel has claimed; whoever comes too late hears where it is."""
    _, undone = visit.words, None
    async with visit.house.database.write() as store:
        for seat in await seats.seats_in(store, visit):
            undone = undone or await live.undo(store, seat.campaign.id, post_id, seat.organizer.id, visit.house.clock())
    if undone is None:
        await visit.change_keyboard(None)
        await seats.refuse(visit)
        return
    session = live_of(visit)
    if session is not None:
        if session.undo == post_id:  # its card says what became of it, and has no buttons any more
            session = replace(session, card=0, undo=0)
        gone = undone.taken_back and not undone.out
        await keep(visit, visit.step, replace(session, count=session.count - 1) if gone else session)
    taken, out = ", ".join(undone.taken_back), ", ".join(undone.out)
    if taken and out:
        said = "↩ " + _("Taken back on {channels}; too late on {others}.", channels=escape(taken), others=escape(out))
    elif out:
        said = "📣 " + _("Too late: it is out on {channels}.", channels=escape(out))
    else:
        said = "↩ " + _("Taken back: it goes out nowhere.")
    await visit.answer(_("Too late.") if out and not taken else _("Taken back."))
    await visit.change_text(said)


async def take_message(visit: Visit) -> bool:
    """A message of a session; False where none goes on. One that pauses is named before anything else is done with it."""
    session, message = live_of(visit), visit.message
    if session is None or message is None or visit.step not in (ON, HASHTAG, ""):
        return False
    seat = await seats.seat_in(visit, session.campaign)
    if seat is None:
        await _lost(visit)
    elif visit.step == HASHTAG:
        await live_setup.take_hashtag(visit, session, seat)
    elif not session.begun:
        return False
    elif visit.house.clock() - datetime.fromisoformat(session.last) > ENDS_AFTER:
        await visit.say(visit.words("Your live session had ended: no message came for {hours} hours. This one was not published.", hours=ENDS_AFTER.seconds // 3600))  # fmt: skip
        await _end(visit, session)
    elif visit.step == "":
        _ = visit.words
        rows = [[button("🔴 " + _("Go on"), "live:go"), button("⏹ " + _("End"), "live:end")]]
        await visit.say(_("Your live session pauses, because you did something else here. This message was not published."), rows)  # fmt: skip
    else:
        await _publish(visit, session, seat)
    return True


async def edited(visit: Visit) -> bool:
    """A message of a session was edited: what waits is changed, what was refused is tried again."""
    session, message = live_of(visit), visit.message
    post_id = session.post_of(message.message_id) if session and message else None
    seat = await seats.seat_in(visit, session.campaign) if session else None
    if session is None or message is None or post_id is None or seat is None:
        return False
    if not post_id:
        if visit.step == ON:
            await _publish(visit, session, seat)
        return True
    text = (message.text or message.caption or "").strip()
    try:
        async with visit.house.database.write() as store:
            changed = await live.change(store, _session(visit, session, seat, ()), post_id, text, visit.house.clock())
    except (PostRefused, InSilence, ApprovalRefused) as problem:
        await visit.say("⚠️ " + visit.words("It was not changed:") + "\n" + _why(visit, problem, seat))
        return True
    words = visit.words
    await visit.say("✏️ " + (words("Changed.") if changed else words("Too late to change it: it is out, or was taken back.")))  # fmt: skip
    return True


def _session(visit: Visit, session: Live, seat: Seat, channels: tuple[Any, ...]) -> Session:
    where = visit.house.settings.media
    return Session(seat.campaign, seat.organizer.id, channels, session.hashtag, where, session.thread)


async def _publish(visit: Visit, session: Live, seat: Seat) -> None:
    """Queue one message, or add it to the post of its album; then say where it goes, with the way to take it back."""
    message = visit.message
    assert message is not None  # noqa: S101 - take_message() and edited() looked
    if post_id := session.post_of(message.message_id):  # Telegram gave it again after a crash
        await _notice(visit, session, post_id, "⏳ " + visit.words("This message goes out, or is out already."))
        return
    try:
        piece = piece_of(visit, message)
    except NotForPosts as problem:
        await visit.say(escape(str(problem)))
        return
    pictures = [NewPicture("1", await fetch(visit, piece))] if piece.file else []
    forget(visit, piece)
    if piece.album and session.said and session.said[-1][2] == piece.album:
        await _add(visit, session, seat, piece, pictures)
        return
    try:
        session, text, post_id = await _write(visit, session, seat, piece, pictures)
    except (PostRefused, InSilence, ApprovalRefused) as problem:
        await keep(visit, ON, session.with_said(piece.message, 0, piece.album))
        await visit.say("⚠️ " + visit.words("Not published:") + "\n" + _why(visit, problem, seat))
        return
    await _notice(visit, session, post_id, text)


async def _notice(visit: Visit, session: Live, post_id: int, text: str) -> None:
    """Where a message goes, with the way to take it back; the notice before keeps its own way."""
    await _leave_card(visit, session)
    keyboard = [[_undo_button(visit, post_id), button("⏹ " + visit.words("End"), "live:end")]]
    try:
        sent = await visit.say(text, keyboard)
    except NetworkError:  # who hears that something went wrong sends it again; a second notice does no harm
        sent = await visit.say(text, keyboard)
    await keep(visit, ON, replace(session, card=sent, undo=post_id))


async def _leave_card(visit: Visit, session: Live) -> None:
    """The card is not the last one any more: only its post can still be taken back there, which may be worth a second."""
    if session.card:
        await visit.take_buttons_from(session.card, [[_undo_button(visit, session.undo)]] if session.undo else None)


def _undo_button(visit: Visit, post_id: int) -> InlineKeyboardButton:
    return button("↩ " + visit.words("Undo"), f"live:undo:{post_id}")


async def _write(
    visit: Visit, session: Live, seat: Seat, piece: Piece, pictures: list[NewPicture]
) -> tuple[Live, str, int]:
    """The post and where the session stands, in one transaction; with what the person reads of it."""
    now, _ = visit.house.clock(), visit.words
    known = await live_setup.channels_of(visit, seat)
    channels = tuple(channel for channel in known if channel.id in session.channels)
    async with visit.house.database.write() as store:
        post, outlooks = await live.say(store, _session(visit, session, seat, channels), piece.text, pictures, now)
        session = session.with_said(piece.message, post.id, piece.album)
        session = replace(session, thread=session.thread or post.id, count=session.count + 1, last=now.isoformat())
        visit.step, visit.data = ON, visit.data | {"live": asdict(session)}
        await visit.remember_in(store)
    names = escape(", ".join(channel.name for channel in channels))
    lines = ["⏳ " + _("Goes out in {n} s on {channels}.", n=UNDO.seconds, channels=names)]
    for each in outlooks:
        said = warnings_of(_, each, seat.campaign.timezone)
        lines += [f"⚠️ {escape(each.channel.name)} · {escape(sentence)}" for sentence in said]
    return session, "\n".join(lines), post.id


async def _add(visit: Visit, session: Live, seat: Seat, piece: Piece, pictures: list[NewPicture]) -> None:
    """One more picture of an album whose first is a post already."""
    post_id, added = session.said[-1][1], False
    if not post_id or not pictures:
        return  # the first was refused, and the person knows
    try:
        async with visit.house.database.write() as store:
            where, now = _session(visit, session, seat, ()), visit.house.clock()
            added = await live.add_picture(store, where, post_id, pictures[0], now)
    except (PostRefused, ApprovalRefused) as problem:
        await visit.say("⚠️ " + visit.words("One picture is not in it:") + "\n" + _why(visit, problem, seat))
        return
    await keep(visit, ON, session.with_said(piece.message, post_id, piece.album))
    if not added:
        await visit.say("⚠️ " + visit.words("One picture came too late: the post is out without it."))


def _why(visit: Visit, problem: Exception, seat: Seat) -> str:
    """Why a message is not published, in Telegram's HTML."""
    _, zone = visit.words, seat.campaign.timezone
    if isinstance(problem, PostRefused):
        said = list(dict.fromkeys(told(_, each.message) for each in problem.problems if each.field != "title"))
        return "\n".join(f"• {escape(each)}" for each in said[:MOST_WRONG])
    if isinstance(problem, InSilence):
        until, reason = _.moment(problem.until, zone), within(_, problem.reason)
        silent = _("“{channel}” keeps silence until {until}: {reason}.", channel=problem.channel, until=until, reason=reason)  # fmt: skip
        return "🤫 " + escape(silent)
    if isinstance(problem, ApprovalRefused):
        return escape(_sentence(_(problem.msgid, **problem.values)))
    return escape(str(problem))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
