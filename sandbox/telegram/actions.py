"""What people do: they write to a bot, send pictures, tap buttons, block it."""

import asyncio
import hashlib
from collections.abc import Iterator

from sandbox.pictures import NotAPicture, copies
from sandbox.store import Json
from sandbox.telegram import media
from sandbox.telegram.entities import find_entities, length_of
from sandbox.telegram.params import Upload
from sandbox.telegram.send import LONGEST_TEXT
from sandbox.telegram.state import Bot, Chat, Message, Person, Tap
from sandbox.telegram.updates import queue
from sandbox.world import World

LONGEST_ALBUM = 10  # pictures, as a client takes them


class NotPossible(Exception):
    """A person cannot do this now"""


class Hand:
    """The hand of one person in the chat with one bot."""

    def __init__(self, world: World, bot: Bot, person: Person) -> None:
        self.world, self.bot, self.person = world, bot, person
        self.state = world.telegram
        self.chat: Chat = self.state.private_chat(bot, person)

    def say(self, text: str, group: Chat | None = None, forwarded_from: str = "") -> Json:
        """Send a text, to the bot or in a group, or forward that of somebody with this name.

        Raises NotPossible while the bot is blocked, or not in the group.
        """
        text = text.strip()
        if not 1 <= length_of(text) <= LONGEST_TEXT:
            raise NotPossible(f"a message has 1 to {LONGEST_TEXT} characters, this one {length_of(text)}")
        entities = find_entities(text, [])
        said = {"text": text} | ({"entities": entities} if entities else {})
        return self._send(said | self._origin(forwarded_from), group)

    def start(self, payload: str = "") -> Json:
        """Press START, which also unblocks the bot."""
        if self.chat.blocked:
            self.block(False)
        return self.say(f"/start {payload}".strip())

    async def photo(self, content: bytes, caption: str = "", forwarded_from: str = "") -> Json:
        """Send a picture as a photo: it arrives as smaller JPEG copies."""
        return self._send(await self._sizes(content) | _caption(caption) | self._origin(forwarded_from))

    async def album(self, contents: list[bytes], caption: str = "", forwarded_from: str = "") -> list[Json]:
        """Send several pictures at once: a message each, the caption under the first, one media_group_id on all."""
        if not 2 <= len(contents) <= LONGEST_ALBUM:
            raise NotPossible(f"an album has 2 to {LONGEST_ALBUM} pictures, this one {len(contents)}")
        photos = [await self._sizes(content) for content in contents]
        together = {"media_group_id": str(self.world.changes.bump() + 1_000_000)} | self._origin(forwarded_from)
        return [self._send(photo | together | _caption("" if i else caption)) for i, photo in enumerate(photos)]

    async def _sizes(self, content: bytes) -> Json:
        try:
            made = await asyncio.to_thread(copies, content)
        except NotAPicture as error:
            raise NotPossible(f"this is no picture: {error}") from error
        return {"photo": [file.as_photo_size() for file in self.state.add_photo(content, made)]}

    def _origin(self, name: str) -> Json:
        """Of a forwarded message: who wrote it, as somebody whose account is hidden."""
        origin = {"type": "hidden_user", "sender_user_name": name, "date": self.state.now()}
        return {"forward_origin": origin} if name else {}

    async def document(self, upload: Upload, caption: str = "") -> Json:
        """Send a file: its bytes arrive as they are."""
        if not upload.content:
            raise NotPossible("an empty file cannot be sent")
        return self._send(await media.document_content(self.state, upload) | _caption(caption))

    def sticker(self, emoji: str = "👍") -> Json:
        """Send a sticker."""
        file = self.state.add_file(emoji.encode(), "image/webp", "stickers", width=512, height=512)
        kind = {"type": "regular", "is_animated": False, "is_video": False, "emoji": emoji}
        return self._send({"sticker": file.as_photo_size() | kind})

    def voice(self, seconds: int = 3) -> Json:
        """Send a voice message."""
        file = self.state.add_file(b"OggS" + bytes(seconds), "audio/ogg", "voice")
        return self._send({"voice": file.as_file() | {"duration": seconds, "mime_type": "audio/ogg"}})

    def location(self, latitude: float, longitude: float) -> Json:
        """Send a place."""
        return self._send({"location": {"latitude": latitude, "longitude": longitude}})

    def edit(self, message_id: int, text: str) -> Json:
        """Change one's own text, or the caption of one's own picture."""
        message = self.state.message(self.chat, message_id)
        if message is None or message.payload.get("from", {}).get("id") != self.person.id:
            raise NotPossible(f"message {message_id} is none of this person")
        what, marks = ("caption", "caption_entities") if "photo" in message.payload else ("text", "entities")
        if what == "text" and "text" not in message.payload:
            raise NotPossible(f"message {message_id} has no text that could be changed")
        now, entities = self.world.clock(), find_entities(text.strip(), [])
        message.edits.append({what: message.payload.get(what, ""), "edited_at": now.isoformat()})
        head = {name: value for name, value in message.payload.items() if name not in (what, marks)}
        new = {what: text.strip(), "edit_date": self.state.now()}
        message.payload = head | new | ({marks: entities} if entities else {})
        self.state.save_message(message)
        queue(self.world, self.bot, {"edited_message": message.payload})
        return message.payload

    def tap(self, message_id: int, data: str) -> Tap:
        """Tap the inline button with this callback_data; raises NotPossible if it is not there."""
        if self.chat.blocked:
            raise NotPossible("this person has blocked the bot")
        message = self.state.message(self.chat, message_id)
        there = [button.get("callback_data") for button in buttons(message)] if message else []
        if message is None or data not in there:
            raise NotPossible(f"message {message_id} has no button {data!r}; it has {there}")
        number = f"{self.person.id}{self.world.changes.bump():012d}"
        tap = Tap(number, self.bot.id, self.person.id, self.chat.id, message_id, data, self.world.clock().isoformat())
        self.state.save_tap(tap)
        instance = hashlib.sha256(self.chat.key.encode()).hexdigest()[:16]
        query = {"id": tap.id, "from": self.person.as_user(), "message": message.payload}
        queue(self.world, self.bot, {"callback_query": query | {"chat_instance": str(int(instance, 16)), "data": data}})
        return tap

    def block(self, blocked: bool) -> None:
        """Block the bot or lift it; the bot hears of it by my_chat_member."""
        if blocked == self.chat.blocked:
            return
        self.chat.blocked = blocked
        self.state.save_chat(self.chat)
        old, new = ("member", "kicked") if blocked else ("kicked", "member")
        change: Json = {"chat": self.person.as_chat(), "from": self.person.as_user(), "date": self.state.now()}
        for name, status in (("old_chat_member", old), ("new_chat_member", new)):
            until = {"until_date": 0} if status == "kicked" else {}
            change[name] = {"user": self.bot.as_user(), "status": status} | until
        queue(self.world, self.bot, {"my_chat_member": change})

    def _send(self, content: Json, group: Chat | None = None) -> Json:
        chat = group or self.chat
        if chat.blocked:
            raise NotPossible("this person has blocked the bot")
        if group is not None and not group.member:
            raise NotPossible(f"the bot is no member of {group.title}: it hears nothing there")
        if group is None:
            chat.started = True
            self.state.save_chat(chat)
        head: Json = {"message_id": self.state.new_message_id(self.bot, chat), "date": self.state.now()}
        head |= {"chat": self.state.as_chat(chat), "from": self.person.as_user()}
        message = Message(chat.key, head["message_id"], head | content)
        self.state.save_message(message)
        queue(self.world, self.bot, {"message": message.payload})
        return message.payload


def _caption(caption: str) -> Json:
    return {"caption": caption.strip()} if caption.strip() else {}


def buttons(message: Message) -> Iterator[Json]:
    """The inline buttons of a message."""
    for row in (message.payload.get("reply_markup") or {}).get("inline_keyboard", []):
        yield from row
