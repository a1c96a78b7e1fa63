"""What Mastodon accepts as a status and as a picture, and how it writes them."""

import html
import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import regex

from sandbox.mastodon.state import Attachment, Member, Status
from sandbox.pictures import NotAPicture, read_header
from sandbox.reach import reach
from sandbox.social import Call, Refusal
from sandbox.store import Json
from sandbox.world import World

LONGEST = 500  # characters, with addresses as 23 and mentions without their domain
PER_URL = 23
MOST_PICTURES = 4
LARGEST_IMAGE = 16 * 1024 * 1024  # bytes
LARGEST_MATRIX = 33_177_600  # pixels
LONGEST_ALT = 1500
KINDS = ("image/jpeg", "image/png", "image/gif", "image/webp")
URL = re.compile(r"https?://[^\s<>«»]+[^\s<>«».,;:!?…)'’\"]")
MENTION = re.compile(r"(?<![\w/])@(\w+)@((?:[\w-]+\.)+\w+)")
HASHTAG = re.compile(r"(?<![\w/&])#(\w*[^\W\d]\w*)")


def invalid(what: str) -> Refusal:
    """422"""
    return Refusal(422, {"error": f"Validation failed: {what}"})


def length(text: str) -> int:
    """As Mastodon's StatusLengthValidator counts."""
    return len(regex.findall(r"\X", MENTION.sub(r"@\1", URL.sub("x" * PER_URL, text))))


def create(call: Call) -> tuple[Status, bool]:
    """Accept a status, or find the one of the same key (then False); raises Refusal."""
    world, member, given = call.world, call.account, call.fields
    state, key = world.mastodon, call.request.headers.get("idempotency-key", "")
    if key and (known := state.known(member, key)):
        return known, False
    text, media = str(given.get("status") or ""), _media(world, member, given.get("media_ids") or [])
    if not text.strip() and not media:
        raise invalid("Text can't be blank")
    if length(text) + len(str(given.get("spoiler_text") or "")) > LONGEST:
        raise invalid(f"Text character limit of {LONGEST} exceeded")
    reply_to = str(given.get("in_reply_to_id") or "") or None
    if reply_to and (reply_to not in state.statuses or state.statuses[reply_to].deleted):
        raise Refusal(404, {"error": "The post you are trying to reply to does not appear to exist."})
    at, ids = world.clock().isoformat(), [each.id for each in media]
    language, visibility = given.get("language"), str(given.get("visibility") or "public")
    status = Status(state.new_id(), member.id, text, at, ids, reply_to, language, visibility)
    for each in media:
        each.used = True
        state.save_media(each)
    state.save_status(status)
    if key:
        state.remember(member, key, status)
    world.ledger.add(
        service="mastodon",
        channel=member.username,
        operation="POST /api/v1/statuses",
        at=at,
        id=status.id,
        text=text,
        reply_to=reply_to,
        key=key or None,
        media=[{"kind": "photo", "sha256": each.sha256, "alt": each.alt, "focus": each.focus} for each in media],
    )
    return status, True


def _media(world: World, member: Member, ids: list[str]) -> list[Attachment]:
    if len(ids) > MOST_PICTURES:
        raise invalid(f"Cannot attach more than {MOST_PICTURES} files")
    found = [world.mastodon.media.get(str(each)) for each in ids]
    mine = [each for each in found if each is not None and each.owner == member.id and not each.used]
    if len(mine) < len(ids):
        raise invalid("Media attachments are not found, or attached already")
    if not all(ready(world, each) for each in mine):
        raise Refusal(422, {"error": "Cannot attach files that have not finished processing. Try again in a moment!"})
    return mine


def ready(world: World, media: Attachment) -> bool:
    """Whether the server is done with a picture."""
    return world.clock() >= datetime.fromisoformat(media.ready_at)


def upload(call: Call) -> Attachment:
    """Keep a picture for a later status; raises Refusal."""
    world, content, alt = call.world, call.upload, call.fields.get("description") or None
    if content is None:
        raise invalid("File can't be blank")
    if len(content) > LARGEST_IMAGE:
        raise invalid(f"File file size must be less than {LARGEST_IMAGE // 1024**2} MB")
    try:
        header = read_header(content)
    except NotAPicture:
        raise invalid("File content type is invalid") from None
    if header.mime not in KINDS or header.width * header.height > LARGEST_MATRIX:
        raise invalid("File content type is invalid")
    if alt and len(alt) > LONGEST_ALT:
        raise invalid(f"Description is too long (maximum is {LONGEST_ALT} characters)")
    waits = timedelta(seconds=call.fault.seconds if call.fault else 0)
    media = Attachment(
        world.mastodon.new_id(),
        call.account.id,
        world.store.put_blob(content),
        header.mime,
        header.width,
        header.height,
        (world.clock() + waits).isoformat(),
        alt,
        focus=call.fields.get("focus") or None,
    )
    world.mastodon.save_media(media)
    return media


def media_json(call: Call, media: Attachment, *, done: bool) -> Json:
    """A MediaAttachment; its url is null while the server works on it."""
    address = f"{base(call)}/files/{media.sha256}"
    meta: Json = {"original": {"width": media.width, "height": media.height}}
    if media.focus:
        x, y = map(float, media.focus.split(","))
        meta["focus"] = {"x": x, "y": y}
    shown: Json = {"id": media.id, "type": "image", "url": address if done else None, "preview_url": address}
    return shown | {"remote_url": None, "meta": meta, "description": media.alt, "blurhash": None}


def base(call: Call) -> str:
    """The address of the server."""
    return str(call.request.url).partition("/api/")[0]


def account_json(call: Call, member: Member) -> Json:
    """An Account."""
    return {
        "id": member.id,
        "username": member.username,
        "acct": member.username,
        "display_name": member.name,
        "url": f"{base(call)}/@{member.username}",
        "bot": True,
        "locked": False,
        "created_at": "2026-01-01T00:00:00.000Z",
    }


def status_json(call: Call, status: Status) -> Json:
    """A Status."""
    state = call.world.mastodon
    address = f"{base(call)}/@{call.account.username}/{status.id}"
    seen = reach(status.id, status.at, call.world.clock())
    return {
        "id": status.id,
        "created_at": datetime.fromisoformat(status.at).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "in_reply_to_id": status.reply_to,
        "in_reply_to_account_id": call.account.id if status.reply_to else None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": status.visibility,
        "language": status.language,
        "uri": address,
        "url": address,
        "content": as_html(status.text, base(call)),
        "reblog": None,
        "favourites_count": seen["likes"],
        "reblogs_count": seen["reposts"],
        "replies_count": seen["replies"],
        "account": account_json(call, call.account),
        "media_attachments": [media_json(call, state.media[each], done=True) for each in status.media],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "card": None,
        "poll": None,
    }


def as_html(text: str, server: str) -> str:
    """A text as Mastodon writes it: paragraphs, shortened links, mentions without their domain."""

    def link(match: re.Match[str]) -> str:
        address = html.unescape(match[0])
        start = f"{urlsplit(address).scheme}://"
        shown, rest = address[len(start) :][:30], address[len(start) :][30:]
        spans = f'<span class="invisible">{start}</span><span class="{"ellipsis" if rest else ""}">{html.escape(shown)}</span>'
        spans += f'<span class="invisible">{html.escape(rest)}</span>'
        return f'<a href="{html.escape(address)}" target="_blank" rel="nofollow noopener" translate="no">{spans}</a>'

    safe = URL.sub(link, html.escape(text, quote=False))
    safe = MENTION.sub(
        r'<span class="h-card" translate="no"><a href="https://\2/@\1" class="u-url mention">@<span>\1</span></a></span>',
        safe,
    )
    tag = rf'<a href="{server}/tags/\1" class="mention hashtag" rel="tag">#<span>\1</span></a>'
    safe = HASHTAG.sub(tag, safe)
    paragraphs = re.split(r"\n{2,}", safe.strip())
    return "".join(f"<p>{each.replace(chr(10), '<br />')}</p>" for each in paragraphs)
