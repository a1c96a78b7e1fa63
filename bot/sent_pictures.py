"""The text and the picture of a message from an organizer; and pictures fetched from Telegram, a few of which are kept."""

from dataclasses import dataclass

from telegram import Message, MessageEntity
from telegram.error import BadRequest

from bot.visit import Visit, patiently

DOWNLOAD_LIMIT = 20_000_000  # bytes; what the Bot API lets a bot download
KEPT = 30_000_000  # bytes of pictures in memory, so that a tap on a card does not fetch them anew


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of a post: a text, a picture, or both. `file` is Telegram's reference to the picture."""

    message: int
    text: str = ""
    file: str = ""
    unique: str = ""  # the same for every copy of the file
    album: str = ""
    alt: str = ""


class NotForPosts(Exception):
    """This message is no text and no picture that a post could take; its text says why."""


def piece_of(visit: Visit, message: Message) -> Piece:
    """What a message brings to a post; raises NotForPosts with a sentence for the person."""
    text = (message.text or message.caption or "").strip()
    hidden = [e.url for e in (*message.entities, *message.caption_entities) if e.type == MessageEntity.TEXT_LINK]
    if hidden and hidden[0] and "://" not in text:  # a link behind words, which no other network knows
        text = f"{text}\n\n{hidden[0]}"
    sent = message.photo[-1] if message.photo else message.document
    if sent is None:
        if not text:
            raise NotForPosts(visit.words("A post takes text and pictures: I cannot use this."))
        return Piece(message.message_id, text)
    if message.document and not (message.document.mime_type or "").startswith("image/"):
        raise NotForPosts(visit.words("A post takes text and pictures: I cannot use this."))
    if (sent.file_size or 0) > DOWNLOAD_LIMIT:
        raise NotForPosts(
            visit.words("This file is too heavy for Telegram: at most {limit} MB. Send it as a photo.", limit=20)
        )
    return Piece(message.message_id, text, sent.file_id, sent.file_unique_id, message.media_group_id or "")


def forget(visit: Visit, *pieces: Piece) -> None:
    """The post is stored, or thrown away: its pictures leave the memory."""
    for piece in pieces:
        visit.house.pictures.pop(piece.unique, None)


async def fetch(visit: Visit, piece: Piece) -> bytes:
    """The picture's bytes; empty where Telegram has it no more, which the checks of a post name."""
    kept = visit.house.pictures
    if piece.unique in kept:
        kept.move_to_end(piece.unique)
        return kept[piece.unique]
    try:
        file = await patiently(lambda: visit.bot.get_file(piece.file))
        content = bytes(await file.download_as_bytearray())
    except BadRequest:
        return b""
    kept[piece.unique] = content
    while sum(map(len, kept.values())) > KEPT:
        kept.popitem(last=False)
    return content
