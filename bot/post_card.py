"""The one card of a draft: what it says, how long it is on each channel, when it goes out, what is wrong with it."""

from dataclasses import dataclass
from html import escape

from bot.post_draft import KEPT, NOW, SLOT, Draft, new_post
from bot.visit import Keyboard, Visit, button
from campaigns import approval, installation
from campaigns.forecast import Outlook, forecast, warnings_of
from campaigns.models import Channel
from campaigns.organizers import Seat
from campaigns.posts import NewPost, Problem, check_post
from campaigns.sentences import told
from campaigns.stamp import stamp_of, stamped
from campaigns.words import Words
from networks.base import OutgoingPost
from networks.limits import LIMITS, count

SHOWN = 1500  # characters of the text on the card
LONGEST_NAME = 28  # characters of a channel on its button
LISTED, LONGEST_LINE = 5, 300  # problems; characters of one, and of the link


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft as it stands: the post it makes, the campaign's channels, and what the rules say of it."""

    draft: Draft
    seat: Seat
    post: NewPost
    channels: list[Channel]
    problems: list[Problem]
    outlooks: list[Outlook]
    yeses: int  # organizers who must say yes first


async def checked(visit: Visit, draft: Draft, seat: Seat) -> Checked:
    """Look at a draft by the rules of the campaign, as the console does."""
    now = visit.house.clock()
    async with visit.house.database.read() as session:
        channels = list(await installation.channels(session, seat.campaign.id))
    post = await new_post(visit, draft, seat.campaign, channels)
    found = [each for each in check_post(post, now, stamp_of(seat.campaign)) if each.field != "title"]
    outlooks: list[Outlook] = []
    async with visit.house.database.read() as session:
        if not any(each.field == "publish_at" for each in found):
            outlooks = await forecast(session, seat.campaign, post, now)
        first = min((each.due_at for each in outlooks if each.due_at), default=now if draft.when != KEPT else None)
        yeses = await approval.needed_at(session, seat.campaign, first)
    return Checked(draft, seat, post, channels, found, outlooks, yeses)


def card(visit: Visit, at: Checked) -> tuple[str, Keyboard]:
    """The card in Telegram's HTML, and its buttons."""
    _, draft, zone = visit.words, at.draft, at.seat.campaign.timezone
    lines = ["📝 <b>" + _("New post") + f"</b> · {escape(at.seat.campaign.name)}", ""]
    if at.post.text:
        shown = at.post.text if len(at.post.text) <= SHOWN else at.post.text[:SHOWN].rstrip() + "…"
        lines.append(f"<blockquote>{escape(shown)}</blockquote>")
    else:
        lines.append("<i>" + _("Send me the text, pictures, or both; forward them if you like.") + "</i>")
    if at.post.link:
        lines.append("🔗 " + escape(at.post.link[:LONGEST_LINE]))
    if draft.pictures:
        pictures = _.many("{n} picture", "{n} pictures", len(draft.pictures))
        bare = sum(not piece.alt for piece in draft.pictures)
        lines.append("🖼 " + pictures + (" · " + _("{n} without a description", n=bare) if bare else ""))
    lines += ["", "🕐 " + _when(_, at), *_channel_lines(_, at, zone)]
    if draft.share_kit:
        lines.append("🤝 " + _("Supporters receive it in the bot, ready to share."))
    if at.yeses and draft.when != KEPT:
        lines.append("✋ " + _("Somebody else must say yes before it goes out."))
    if draft.pieces and at.problems:
        lines += ["", *(f"⚠️ {escape(told(_, each.message)[:LONGEST_LINE])}" for each in at.problems[:LISTED])]
        if len(at.problems) > LISTED:
            lines.append(_.many("and {n} more", "and {n} more", len(at.problems) - LISTED))
    return "\n".join(lines), _buttons(_, at)


def _when(words: Words, at: Checked) -> str:
    when = at.draft.when
    if when == NOW:
        return words("It goes out at once.")
    if when == SLOT:
        return words("It goes out in the next free slot of each channel.")
    if when == KEPT:
        return words("It is kept as a draft; the console goes on with it.")
    assert at.post.publish_at is not None  # noqa: S101 - a moment was chosen
    first = min((each.due_at for each in at.outlooks if each.due_at), default=None)
    shown = words.moment(first, at.seat.campaign.timezone) if first else f"{at.post.publish_at:%Y-%m-%d %H:%M}"
    return words("It goes out on {moment}.", moment=shown)


def _channel_lines(words: Words, at: Checked, zone: str) -> list[str]:
    """A line a chosen channel, with what it costs and meets there."""
    lines, known = [], {each.channel.id: each for each in at.outlooks}
    for channel in at.post.channels:
        body = OutgoingPost("", stamped(at.post.text, stamp_of(at.seat.campaign)), at.post.link).body
        used, most = count(channel.network, body), LIMITS[channel.network].characters
        said = [f"{words.number(used)}/{words.number(most)}"] if body else []
        outlook = known.get(channel.id)
        if outlook is not None and at.draft.when == SLOT and outlook.due_at:
            said.insert(0, words.moment(outlook.due_at, zone))
        if outlook is not None and outlook.cost and body:
            said.append(words.dollars(outlook.cost))
        lines.append(" · ".join([f"📡 {escape(channel.name)}", *said]))
        if outlook is not None:
            lines += [f"   ⚠️ {escape(each)}" for each in warnings_of(words, outlook, zone)]
    return lines


def _buttons(words: Words, at: Checked) -> Keyboard:
    draft = at.draft

    def chosen(on: bool, label: str) -> str:
        return ("✅ " if on else "▫️ ") + label

    channels = [
        button(chosen(each.id in draft.channels, each.name[:LONGEST_NAME]), f"post:ch:{each.id}")
        for each in at.channels
    ]
    channels.append(button(chosen(draft.share_kit, words("Supporters’ kit")), "post:kit"))
    rows = [channels[i : i + 2] for i in range(0, len(channels), 2)]
    moment = draft.when not in (NOW, SLOT, KEPT)
    rows += [
        [
            button(chosen(draft.when == NOW, words("At once")), "post:when:now"),
            button(chosen(draft.when == SLOT, words("Next slot")), "post:when:slot"),
        ],
        [
            button(chosen(moment, words("Pick a time")), "post:when:at"),
            button(chosen(draft.when == KEPT, words("As a draft")), "post:when:draft"),
        ],
    ]
    if draft.undescribed:
        rows.append([button("👁 " + words("Describe the pictures"), "post:alt")])
    rows.append([button("🗑 " + words("Throw away"), "post:drop"), button("📨 " + words("Submit"), "post:send")])
    return rows
