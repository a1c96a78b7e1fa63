"""/desk: what waits for a human, what goes out next, which channel rests. Each decision is two taps, checked as it is made."""

from html import escape

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from telegram import InlineKeyboardButton

from bot import approvals, seats
from bot.visit import Keyboard, Visit, button, number
from campaigns import installation, posts, settling
from campaigns.decisions import STATES, ToDecide, answers_to, to_decide
from campaigns.models import Channel, Post, Publication, PublicationState
from campaigns.organizers import Seat
from campaigns.publications import MoveRefused
from campaigns.sentences import told
from campaigns.words import Words

A_PAGE, NEXT, NAMED = 6, 5, 2  # things to decide on a page; posts to come; channels of one that are named
LONGEST_LABEL, SHOWN, LONGEST_REASON = 40, 700, 600  # characters of a button, of a text, of a network's reason
SHORT = 150  # characters of a title, or a reason, in the list
SIGNS = {
    PublicationState.unknown: "❓",
    PublicationState.failed: "⚠️",
    PublicationState.held: "⏸",
    PublicationState.missed: "🕓",
}


async def begin(visit: Visit) -> None:
    """/desk"""
    seat = await seats.choose(visit, "desk:c")
    if seat is not None:
        await visit.say(*await _overview(visit, seat, 0))


async def tapped(visit: Visit) -> None:
    """desk:c:CAMPAIGN, desk:page:CAMPAIGN:N, desk:post:POST, desk:pub:PUBLICATION, desk:to:PUBLICATION:STATE:ATTEMPT."""
    _, action, value, *more = (*visit.tapped, "", "", "")
    ident = number(value) or 0
    if action in ("c", "page"):
        seat = await seats.seat_in(visit, ident)
        if seat is not None:
            await visit.change_text(*await _overview(visit, seat, number(more[0]) or 0))
            return
    elif action == "post":
        found = await approvals.find(visit, ident)
        if found is not None:
            text, keyboard = approvals.card(visit.words, *found)
            await visit.change_text(text, [*keyboard, _back(visit.words, found[0])])
            return
    else:
        async with visit.house.database.read() as session:
            one = await _publication(session, ident)
        seat = await seats.seat_in(visit, one.post.campaign_id) if one else None
        if one is not None and seat is not None:
            await (_decide(visit, seat, one, more) if action == "to" else _show(visit, seat, one))
            return
    await visit.change_keyboard(None)
    await seats.refuse(visit)


async def _publication(session: AsyncSession, publication_id: int) -> ToDecide | None:
    row = (
        await session.execute(
            select(Post, Publication, Channel)
            .join(Publication, col(Publication.post_id) == col(Post.id))
            .join(Channel, col(Channel.id) == col(Publication.channel_id))
            .where(col(Publication.id) == publication_id)
        )
    ).first()
    return ToDecide(*row) if row else None


def _back(words: Words, seat: Seat) -> list[InlineKeyboardButton]:
    return [button("◀ " + words("Back"), f"desk:page:{seat.campaign.id}:0")]


async def _overview(visit: Visit, seat: Seat, page: int) -> tuple[str, Keyboard]:
    """What is to decide, a page of it as buttons; what comes next; what rests."""
    _, zone, now = visit.words, seat.campaign.timezone, visit.house.clock()
    async with visit.house.database.read() as session:
        waiting = await to_decide(session, seat.campaign.id)
        coming = await posts.next_due(session, seat.campaign.id, now, NEXT)
        resting = [each for each in await installation.channels(session, seat.campaign.id) if each.resting_reason]
    pages = max(1, -(-len(waiting) // A_PAGE))
    page = min(page, pages - 1)
    lines = ["🗂 <b>" + _("Desk") + f"</b> · {escape(seat.campaign.name)}", ""]
    if waiting:
        lines.append(_.many("{n} thing waits for you:", "{n} things wait for you:", len(waiting)))
        kinds = {each.publication.state for each in waiting if each.publication}
        lines += [f"{sign} {_(STATES[state])}" for state, sign in SIGNS.items() if state in kinds]
    else:
        lines.append("✨ " + _("Nothing waits for you."))
    lines += ["", "<b>" + _("Next") + "</b>"]
    for post, due, names in coming:
        where = ", ".join(names) if len(names) <= NAMED else _.many("{n} channel", "{n} channels", len(names))
        lines.append(f"• {_.moment(due, zone)} · {escape(post.title[:SHORT])} · {escape(where)}")
    if not coming:
        lines.append(_("Nothing is scheduled."))
    for channel in resting:
        reason = escape(told(_, channel.resting_reason or "")[:SHORT])
        lines += ["", "💤 " + _("“{channel}” rests: {reason}", channel=escape(channel.name), reason=reason)]
    rows = [[_button(each)] for each in waiting[page * A_PAGE : (page + 1) * A_PAGE]]
    turn = [(f"◀ {page}/{pages}", page - 1)] if page else []
    turn += [(f"{page + 2}/{pages} ▶", page + 1)] if page + 1 < pages else []
    rows.append([button(label, f"desk:page:{seat.campaign.id}:{to}") for label, to in turn])
    rows.append([button("🔄 " + _("Look again"), f"desk:page:{seat.campaign.id}:{page}")])
    return "\n".join(lines), [row for row in rows if row]


def _button(each: ToDecide) -> InlineKeyboardButton:
    title = each.post.title
    if each.publication is None or each.channel is None:
        return button(f"✋ {title}"[:LONGEST_LABEL], f"desk:post:{each.post.id}")
    channel = f" · {each.channel.name}"[: LONGEST_LABEL // 2]
    sign, room = SIGNS[each.publication.state], LONGEST_LABEL - len(channel)
    shown = title if len(title) <= room else title[: room - 1].rstrip() + "…"
    return button(f"{sign} {shown}{channel}", f"desk:pub:{each.publication.id}")


async def _show(visit: Visit, seat: Seat, one: ToDecide) -> None:
    """One publication: what it says, why it stands as it does, and what may be decided."""
    _, publication, channel = visit.words, one.publication, one.channel
    assert publication is not None and channel is not None  # noqa: S101 - it was looked up with both
    text = one.post.text if len(one.post.text) <= SHOWN else one.post.text[:SHOWN].rstrip() + "…"
    sign = SIGNS.get(publication.state, "•")
    lines = [
        f"<b>{escape(one.post.title)}</b> · {escape(channel.name)}",
        f"{sign} {_(STATES[publication.state])}",
        f"<blockquote>{escape(text)}</blockquote>",
    ]
    if publication.due_at is not None:
        lines.append("🕐 " + _.moment(publication.due_at, one.post.timezone))
    if publication.reason:
        lines.append(escape(told(_, publication.reason)[:LONGEST_REASON]))
    answers = [
        button(_(label), f"desk:to:{publication.id}:{to}:{publication.attempts}")
        for to, label in answers_to(publication)
    ]
    await visit.change_text("\n".join(lines), [*([answers] if answers else []), _back(_, seat)])


async def _decide(visit: Visit, seat: Seat, one: ToDecide, more: list[str]) -> None:
    """Write what was decided, unless it was decided, or tried again, meanwhile."""
    assert one.publication is not None  # noqa: S101 - it was looked up with the rest
    words, ident = visit.words, one.publication.id
    try:
        to = PublicationState(more[0])
        async with visit.house.database.write() as session:
            current = await session.get_one(Publication, ident)
            if current.attempts != number(more[1]):
                raise MoveRefused(MoveRefused.__doc__)
            await settling.settle(
                session, seat.campaign.id, ident, to, now=visit.house.clock(), organizer_id=seat.organizer.id
            )
    except (MoveRefused, ValueError):
        await visit.answer(words("This was decided already"), alert=True)
    else:
        await visit.answer(words("Noted."))
    await visit.change_text(*await _overview(visit, seat, 0))
