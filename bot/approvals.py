"""A post that waits for a yes, on a phone: what it says, and two buttons. A yes is to what was read, and to nothing else."""

import asyncio
from dataclasses import dataclass
from functools import partial
from html import escape

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from telegram import Bot, InlineKeyboardMarkup

from bot import seats
from bot.visit import House, Keyboard, Visit, button, number, patiently, unasked
from campaigns import approval, media, posts
from campaigns.approval import ApprovalRefused, Standing
from campaigns.approval_notices import News, Notice, Reader
from campaigns.decisions import moves_of
from campaigns.media_stores import MediaAway
from campaigns.models import Channel, Media, Organizer, Post, PostState, PostVersion, Publication
from campaigns.organizers import Seat, seats_of
from campaigns.words import Words
from networks.limits import TELEGRAM_CAPTION
from networks.share_intents import LABELS
from networks.telegram import send_text

WAIT_WHY = "approval: why"
SHOWN, SHOWN_VERSION, LONGEST_LINK = 1800, 220, 300  # characters of the text, of another network's text, of the link
LARGEST_PHOTO = 10_000_000  # bytes; what Telegram takes as a photo
LONGEST_WHY = 500  # characters, as in the console


@dataclass(frozen=True, slots=True)
class Read:
    """A post as somebody reads it who is asked for a yes."""

    post: Post
    version: int
    standing: Standing
    author: str
    versions: list[PostVersion]
    publications: list[tuple[Publication, Channel]]
    pictures: list[Media]


async def read(session: AsyncSession, seat: Seat, post_id: int) -> Read | None:
    """The post of the organizer's own campaign as it stands; None for any other."""
    post = await posts.find_post(session, seat.campaign.id, post_id)
    if post is None:
        return None
    author = await session.get(Organizer, post.author_id) if post.author_id else None
    versions = await session.scalars(select(PostVersion).where(col(PostVersion.post_id) == post.id))
    return Read(
        post,
        await approval.version_of(session, post.id),
        await approval.standing(session, seat.campaign, post),
        author.name if author else "",
        list(versions.all()),
        (await posts.publications_of(session, [post.id]))[post.id],
        list(await posts.pictures_of(session, post.id)),
    )


def card(words: Words, seat: Seat, at: Read) -> tuple[str, Keyboard]:
    """The post in Telegram's HTML, how it stands, and what this organizer may do about it."""
    _, post = words, at.post
    by = " · " + _("by {name}", name=escape(at.author)) if at.author else ""
    lines = [f"📝 <b>{escape(post.title)}</b>{by} · {escape(seat.campaign.name)}", _quoted(post.text, SHOWN)]
    for version in at.versions:
        lines.append(f"{LABELS.get(version.network, version.network)}: {_quoted(version.text, SHOWN_VERSION)}")
    if post.link:
        lines.append("🔗 " + escape(post.link[:LONGEST_LINK]))
    if at.pictures:
        lines.append("🖼 " + _.many("{n} picture", "{n} pictures", len(at.pictures)))
    if post.publish_at:
        lines.append("🕐 " + _.moment(post.publish_at, post.timezone))
    if at.publications:
        lines.append("📡 " + escape(", ".join(channel.name for _publication, channel in at.publications)))
    if post.share_kit:
        lines.append("🤝 " + _("Supporters receive it in the bot, ready to share."))
    lines += ["", _state(_, at)]
    moves = moves_of(seat.role, seat.organizer.id, post, at.standing)
    signs = {"approve": "✅ ", "send-back": "↩ ", "submit": "📨 "}
    row = [button(signs[move] + _(label), f"yes:{move}:{post.id}:{at.version}") for move, label in moves]
    rows = [[button("🖼 " + _("Show the pictures"), f"yes:pictures:{post.id}")]] if at.pictures and moves else []
    return "\n".join(lines), [*rows, row] if row else rows


def _quoted(text: str, most: int) -> str:
    return f"<blockquote>{escape(text if len(text) <= most else text[:most].rstrip() + '…')}</blockquote>"


def _state(words: Words, at: Read) -> str:
    post, standing = at.post, at.standing
    if post.state is PostState.submitted:
        said = words("{given} of {needed} have said yes.", given=len(standing.given), needed=standing.needed)
        return "✋ " + words("Waits for a yes.") + " " + said
    if post.state in (PostState.scheduled, PostState.approved):
        return "✅ " + words("Approved: it goes out.")
    if post.state is PostState.cancelled:
        return "🚫 " + words("Taken back: it does not go out.")
    if standing.sent_back:
        return "↩ " + words("Sent back: {why}", why=escape(standing.sent_back))
    return "📝 " + words("A draft: nothing goes out before it is submitted.")


async def deliver(house: House, bot: Bot, notice: Notice, reader: Reader) -> None:
    """Ask one organizer for their yes, or tell an author what became of their post; raises networks.errors."""
    title = escape(notice.post.title)
    async with house.database.read() as session:
        places = await seats_of(session, reader.telegram_id)
        seat = next((each for each in places if each.campaign.id == notice.post.campaign_id), None)
        at = await read(session, seat, notice.post.id) if seat is not None else None
    if seat is None or at is None:
        return  # the role is gone meanwhile
    words = Words(reader.language, seat.campaign.inclusive)
    text, keyboard = card(words, seat, at)
    if notice.news is News.approved:
        text, keyboard = "✅ " + words("Your post “{title}” has its yes, and goes out.", title=title), []
    elif notice.news is News.sent_back:
        said = words("{name} sent back your post “{title}”: {why}", name=escape(notice.by), title=title, why=escape(notice.why) or "–")  # fmt: skip
        console = words("Change it in the console: {address}", address=f"{house.settings.site_url}/console")
        text = f"↩ {said}\n{console}"
    markup = InlineKeyboardMarkup(keyboard) if keyboard else None
    await unasked(send_text(bot, reader.telegram_id, text, html=True, markup=markup))


async def tapped(visit: Visit) -> None:
    """yes:MOVE:POST:VERSION, checked against the role and the post as they are now."""
    _, action, post_id, version = (*visit.tapped, "", "", "")[:4]
    found = await find(visit, number(post_id) or 0)
    if action == "later":
        await _end(visit)
        await visit.change_keyboard(None)
    elif found is None:
        await visit.change_keyboard(None)
        await seats.refuse(visit)
    elif action == "pictures":
        await _send_pictures(visit, found[1].pictures)
    elif found[1].version != number(version):
        await visit.answer(visit.words("It was changed meanwhile: here it is as it stands now."), alert=True)
        await visit.change_text(*card(visit.words, *found))
    elif action == "send-back":
        await _ask_why(visit, *found)
    elif action in ("approve", "submit"):
        await _move(visit, action, *found)


async def find(visit: Visit, post_id: int) -> tuple[Seat, Read] | None:
    """The post with the seat from which this person may look at it; None where they may not, or not any more."""
    async with visit.house.database.read() as session:
        for seat in await seats_of(session, visit.user.id):
            at = await read(session, seat, post_id)
            if at is not None:
                return seat, at
    return None


async def _move(visit: Visit, action: str, seat: Seat, at: Read) -> None:
    """Write a yes, or submit a draft again; then the card shows the true state, whoever was first."""
    move = {"approve": approval.approve, "submit": approval.submit}[action]
    said = visit.words("It was changed meanwhile: here it is as it stands now.")
    try:
        async with visit.house.database.write() as session:
            post = await session.get_one(Post, at.post.id)
            if await approval.version_of(session, post.id) == at.version:
                await move(session, post, seat.organizer.id, visit.house.clock())
                said = visit.words("Noted.")
    except ApprovalRefused as refused:
        await visit.answer(visit.words(refused.msgid, **refused.values)[:200], alert=True)
    else:
        await visit.answer(said)
    await _redraw(visit, seat, at.post.id)


async def _redraw(visit: Visit, seat: Seat, post_id: int, message_id: int | None = None) -> None:
    async with visit.house.database.read() as session:
        at = await read(session, seat, post_id)
    if at is None:
        return
    if message_id is None:
        await visit.change_text(*card(visit.words, seat, at))
    else:
        await visit.change_message(message_id, *card(visit.words, seat, at))


async def _ask_why(visit: Visit, seat: Seat, at: Read) -> None:
    query, title = visit.update.callback_query, escape(at.post.title)
    if query is None or query.message is None:
        return
    before = visit.data.get("back", {}).get("step", "") if visit.step == WAIT_WHY else visit.step
    asked = {"post": at.post.id, "version": at.version, "card": query.message.message_id, "step": before}
    await visit.remember(WAIT_WHY, back=asked)
    text = visit.words("Why does “{title}” go back? One sentence; its author reads it.", title=title)
    await visit.say("↩ " + text, [[button("◀ " + visit.words("Not now"), f"yes:later:{at.post.id}")]])


def _leave(visit: Visit) -> None:
    """Go back to what the dialogue was about before the question; the caller writes that."""
    if visit.step == WAIT_WHY:
        visit.step = visit.data.pop("back", {}).get("step", "")


async def _end(visit: Visit) -> None:
    _leave(visit)
    await visit.remember(visit.step)


async def take_text(visit: Visit) -> bool:
    """Why a post goes back; False where nobody asked."""
    asked = visit.data.get("back")
    if visit.step != WAIT_WHY or asked is None:
        return False
    found = await find(visit, asked["post"])
    if found is None:
        await _end(visit)
        await seats.refuse(visit)
        return True
    seat, at = found
    said = ""
    try:
        async with visit.house.database.write() as session:
            post = await session.get_one(Post, at.post.id)
            if await approval.version_of(session, post.id) == asked["version"]:
                why = visit.text[:LONGEST_WHY]
                await approval.send_back(session, post, seat.organizer.id, visit.house.clock(), why)
                said = "↩ " + visit.words("Sent back, with your sentence.")
            else:
                said = visit.words("It was changed meanwhile: here it is as it stands now.")
            _leave(visit)
            await visit.remember_in(session)
    except ApprovalRefused as refused:
        await _end(visit)
        said = escape(visit.words(refused.msgid, **refused.values))
    await visit.say(said)
    await _redraw(visit, seat, at.post.id, asked["card"])
    return True


async def _send_pictures(visit: Visit, pictures: list[Media]) -> None:
    """The pictures with what is said of each, as the networks get them."""
    for picture in pictures:
        try:
            content = (await asyncio.to_thread(media.load, visit.house.settings.media, picture)).data
        except MediaAway:
            said = visit.words("Pictures cannot be reached just now. Try again in a minute.")
            await visit.answer(said, alert=True)
            return
        except OSError:
            await visit.answer(visit.words("The picture is gone from the data folder."), alert=True)
            return
        send = visit.bot.send_photo if picture.size <= LARGEST_PHOTO else visit.bot.send_document
        caption = (picture.alt or visit.words("No description."))[:TELEGRAM_CAPTION]
        await patiently(partial(send, visit.chat.id, content, caption=caption))
