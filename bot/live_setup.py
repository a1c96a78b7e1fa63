"""Before a live session: on which channels, with which hashtag. What of it the dialogue keeps."""

import re
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import Any

from bot.visit import Keyboard, Visit, button, number
from campaigns import installation, live
from campaigns.models import Channel
from campaigns.organizers import Seat

SETTING_UP, HASHTAG, ON = "live: set up", "live: hashtag", "live"
REMEMBERED = 20  # messages that can still be changed, or of whose album more may come
LONGEST_NAME, LONGEST_HASHTAG = 28, 60  # characters


@dataclass(frozen=True, slots=True)
class Live:
    """A session. `said` holds (message, post, album) of the last ones; post 0 was refused. `last` is in ISO 8601."""

    campaign: int
    channels: tuple[int, ...] = ()
    hashtag: str = ""
    begun: bool = False
    last: str = ""
    thread: int | None = None
    said: tuple[tuple[int, int, str], ...] = ()
    count: int = 0
    card: int = 0  # the message with the buttons: how it is set up; then the last "goes out"
    undo: int = 0  # the post which that card takes back; 0: it is that of the set-up

    def post_of(self, message_id: int) -> int | None:
        return next((post for message, post, _ in self.said if message == message_id), None)

    def with_said(self, message_id: int, post_id: int, album: str) -> "Live":
        others = [each for each in self.said if each[0] != message_id]
        return replace(self, said=(*others, (message_id, post_id, album))[-REMEMBERED:])


def live_of(visit: Visit) -> Live | None:
    kept: dict[str, Any] | None = visit.data.get("live")
    if kept is None:
        return None
    said = tuple((each[0], each[1], each[2]) for each in kept["said"])
    return Live(**kept | {"said": said, "channels": tuple(kept["channels"])})


async def keep(visit: Visit, step: str, session: Live | None) -> None:
    """Write where the session stands; None ends it."""
    await visit.remember(step, live=asdict(session) if session else None)


async def channels_of(visit: Visit, seat: Seat) -> list[Channel]:
    async with visit.house.database.read() as session:
        return live.channels_for(await installation.channels(session, seat.campaign.id))


async def begin(visit: Visit, seat: Seat) -> None:
    """Show what would be said where; nothing is, before the last tap."""
    known = await channels_of(visit, seat)
    session = Live(seat.campaign.id, tuple(channel.id for channel in known), seat.campaign.hashtag)
    await show(visit, session, seat)


async def show(visit: Visit, session: Live, seat: Seat, *, in_place: bool = False) -> None:
    text, keyboard = card(visit, session, seat, await channels_of(visit, seat))
    if in_place:
        await keep(visit, SETTING_UP, session)
        await visit.change_message(session.card, text, keyboard)
        return
    await keep(visit, SETTING_UP, replace(session, card=await visit.say(text, keyboard)))


def card(visit: Visit, session: Live, seat: Seat, known: list[Channel]) -> tuple[str, Keyboard]:
    _ = visit.words
    hashtag = f"#{session.hashtag}" if session.hashtag else _("none")
    lines = [
        "🔴 <b>" + _("Live") + f"</b> · {escape(seat.campaign.name)}",
        "",
        _("Once you begin, each text and each picture that you send me here is published after ten seconds. Until then you can take it back, or edit your message."),
        "",
        "#️⃣ " + _("Hashtag: {hashtag}", hashtag=escape(hashtag)),
    ]  # fmt: skip
    if not known:
        lines.append("⚠️ " + _("This campaign has no channel that could speak live."))
    channels = [
        button(("✅ " if each.id in session.channels else "▫️ ") + each.name[:LONGEST_NAME], f"live:ch:{each.id}")
        for each in known
    ]
    rows = [channels[i : i + 2] for i in range(0, len(channels), 2)]
    rows.append([button("#️⃣ " + _("Other hashtag"), "live:tag")])
    rows.append([button("◀ " + _("Not now"), "live:end"), button("🔴 " + _("Begin"), "live:go")])
    return "\n".join(lines), rows


def toggled(session: Live, value: str) -> Live:
    channel = number(value) or 0
    kept = tuple(each for each in session.channels if each != channel)
    return replace(session, channels=kept if channel in session.channels else (*session.channels, channel))


async def ask_hashtag(visit: Visit, session: Live) -> None:
    await keep(visit, HASHTAG, session)
    await visit.say("#️⃣ " + visit.words("Which hashtag comes with each post? Send it to me, or “-” for none."))


async def take_hashtag(visit: Visit, session: Live, seat: Seat) -> None:
    hashtag = visit.text.lstrip("#").strip()
    if visit.text.strip() in ("-", "–", "—"):
        await show(visit, replace(session, hashtag=""), seat)
    elif re.fullmatch(r"\w+", hashtag) and len(hashtag) <= LONGEST_HASHTAG and not hashtag.isdecimal():
        await show(visit, replace(session, hashtag=hashtag), seat)
    else:
        await visit.say(visit.words("A hashtag is one word, such as #{example}: no spaces, no dashes.", example="Convention2027"))  # fmt: skip
