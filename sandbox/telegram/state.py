"""Who and what there is in the stand-in for Telegram: bots, people, chats, messages, files, button taps."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sandbox.changes import Changes
from sandbox.pictures import Copy
from sandbox.store import Json, Store


@dataclass
class Bot:
    """A bot and the updates that it has not confirmed."""

    id: int
    token: str
    username: str
    first_name: str
    next_update: int = 100_000_001
    next_message: int = 1
    commands: dict[str, list[Json]] = field(default_factory=dict)
    webhook: Json | None = None
    allowed_updates: list[str] | None = None
    description: str = ""

    def as_user(self) -> Json:
        """The bot as a User."""
        return {"id": self.id, "is_bot": True, "first_name": self.first_name, "username": self.username}


@dataclass
class Person:
    """Somebody who talks to bots. `photo` is shown, hidden (privacy settings) or none."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    photo: str = "none"
    photo_sizes: list[Json] = field(default_factory=list)

    def _names(self) -> Json:
        names = {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}
        return {key: value for key, value in names.items() if value}

    def as_user(self) -> Json:
        """The person as a User."""
        language = {"language_code": self.language_code} if self.language_code else {}
        return {"id": self.id, "is_bot": False} | self._names() | language

    def as_chat(self) -> Json:
        """The person's private chat as a Chat."""
        return {"id": self.id, "type": "private"} | self._names()


@dataclass
class Chat:
    """A private chat of one bot and one person, or a channel or group (bot_id 0) that all bots see."""

    key: str
    id: int
    type: str  # private, channel, group, supergroup
    bot_id: int = 0
    title: str | None = None
    username: str | None = None
    started: bool = False
    blocked: bool = False
    member: bool = True
    admin: bool = True
    migrated_to: int | None = None
    next_message: int = 1
    reply_keyboard: Json | None = None

    def as_chat(self) -> Json:
        """The channel or group as a Chat."""
        names = {"title": self.title, "username": self.username}
        return {"id": self.id, "type": self.type} | {key: value for key, value in names.items() if value}


@dataclass
class Message:
    """A message as it stands, with what it was before each edit."""

    chat: str
    id: int
    payload: Json
    edits: list[Json] = field(default_factory=list)
    deleted: bool = False
    version: int = 0


@dataclass
class File:
    """Something that was uploaded, or a copy made of it."""

    file_id: str
    file_unique_id: str
    sha256: str
    size: int
    path: str
    mime: str
    name: str | None = None
    width: int = 0
    height: int = 0
    group: str = ""  # the copies of one photo share it; it ends with the SHA-256 of what was uploaded

    def as_file(self) -> Json:
        """The ids and the size."""
        return {"file_id": self.file_id, "file_unique_id": self.file_unique_id, "file_size": self.size}

    def as_photo_size(self) -> Json:
        """The file as a PhotoSize."""
        return self.as_file() | {"width": self.width, "height": self.height}


@dataclass
class Tap:
    """A callback query and how the bot answered it."""

    id: str
    bot_id: int
    person: int
    chat_id: int
    message_id: int
    data: str
    at: str
    answer: Json | None = None


@dataclass
class InlineQuery:
    """What somebody typed behind the bot's name in some chat, the bot's answer, and what they sent of it."""

    id: str
    bot_id: int
    person: int
    query: str
    offset: str
    at: str
    answer: Json | None = None
    cached: bool = False  # answered from what Telegram kept: the bot never heard of it
    chosen: list[str] = field(default_factory=list)


def chat_key(bot_id: int, chat_id: int) -> str:
    """Private chats belong to a bot; channels and groups are the same for all."""
    return f"{bot_id}:{chat_id}" if chat_id > 0 else str(chat_id)


class TelegramState:
    """Everything the stand-in knows, written through to the store."""

    def __init__(self, store: Store, changes: Changes, clock: Callable[[], datetime]) -> None:
        self.store, self.changes, self.clock = store, changes, clock
        self._floor = changes.version  # after a restart every chat counts as changed at that version
        self._touched: dict[str, int] = {}
        self.bots = {bot.token: bot for bot in (Bot(**doc) for doc in store.all("bot"))}
        self.people = {person.id: person for person in (Person(**doc) for doc in store.all("person"))}
        self.chats = {chat.key: chat for chat in (Chat(**doc) for doc in store.all("chat"))}
        self.files = {file.file_id: file for file in (File(**doc) for doc in store.all("file"))}
        self.groups: dict[str, list[File]] = {}
        for file in self.files.values():
            self.groups.setdefault(file.group, []).append(file)
        self.taps = {tap.id: tap for tap in (Tap(**doc) for doc in store.all("tap"))}
        self.inline = {query.id: query for query in (InlineQuery(**doc) for doc in store.all("inline"))}
        self.messages: dict[str, dict[int, Message]] = {}
        for message in sorted((Message(**doc) for doc in store.all("message")), key=lambda each: each.id):
            self.messages.setdefault(message.chat, {})[message.id] = message
        self.updates: dict[int, dict[int, Json]] = {bot.id: {} for bot in self.bots.values()}
        for doc in sorted(store.all("update"), key=lambda each: int(each["update"]["update_id"])):
            self.updates.setdefault(doc["bot"], {})[doc["update"]["update_id"]] = doc["update"]

    def touch(self, topic: str) -> int:
        """Count a change of a chat (by its key) or of a bot's commands."""
        self._touched[topic] = self.changes.bump()
        return self._touched[topic]

    def version(self, *topics: str) -> int:
        """The change counter at the last change of any of these."""
        return max(self._touched.get(topic, self._floor) for topic in topics)

    def now(self) -> int:
        """The time as Telegram gives it: seconds since 1970."""
        return int(self.clock().timestamp())

    def add_bot(self, token: str, username: str) -> Bot:
        """A bot with this token; the digits before the colon are its id."""
        name = username.lstrip("@")
        title = name.removesuffix("_bot").replace("_", " ").capitalize()
        bot = Bot(int(token.partition(":")[0]), token, name, title)
        self.bots[token] = bot
        self.updates.setdefault(bot.id, {})
        self.save_bot(bot)
        return bot

    def bot_named(self, username: str) -> Bot | None:
        """The bot with this username, with or without @."""
        wanted = username.lstrip("@").lower()
        return next((bot for bot in self.bots.values() if bot.username.lower() == wanted), None)

    def private_chat(self, bot: Bot, person: Person) -> Chat:
        """The chat of a bot with a person, made at the first call."""
        key = chat_key(bot.id, person.id)
        if key not in self.chats:
            self.chats[key] = Chat(key, person.id, "private", bot_id=bot.id)
            self.save_chat(self.chats[key])
        return self.chats[key]

    def chat_named(self, name: str) -> Chat | None:
        """The public channel or group @name."""
        wanted = name.lstrip("@").lower()
        return next((chat for chat in self.chats.values() if chat.username and chat.username.lower() == wanted), None)

    def as_chat(self, chat: Chat) -> Json:
        """A Chat as the Bot API writes it."""
        return self.people[chat.id].as_chat() if chat.type == "private" else chat.as_chat()

    def new_message_id(self, bot: Bot | None, chat: Chat) -> int:
        """Private chats share one counter a bot; a channel has its own."""
        holder: Bot | Chat = bot if chat.type == "private" and bot is not None else chat
        message_id = holder.next_message
        holder.next_message += 1
        if isinstance(holder, Bot):
            self.save_bot(holder)
        else:
            self.save_chat(holder)
        return message_id

    def message(self, chat: Chat, message_id: int) -> Message | None:
        """A message that is still there."""
        found = self.messages.get(chat.key, {}).get(message_id)
        return None if found is None or found.deleted else found

    def save_bot(self, bot: Bot) -> None:
        """Write a bot."""
        self.store.put("bot", bot.id, asdict(bot), self.changes.bump())

    def save_person(self, person: Person) -> None:
        """Write a person."""
        self.people[person.id] = person
        self.store.put("person", person.id, asdict(person), self.changes.bump())

    def save_chat(self, chat: Chat) -> None:
        """Write a chat."""
        self.chats[chat.key] = chat
        self.store.put("chat", chat.key, asdict(chat), self.touch(chat.key))

    def save_tap(self, tap: Tap) -> None:
        """Write a callback query."""
        self.taps[tap.id] = tap
        self.store.put("tap", tap.id, asdict(tap), self.touch(chat_key(tap.bot_id, tap.chat_id)))

    def save_inline(self, query: InlineQuery) -> None:
        """Write an inline query."""
        self.inline[query.id] = query
        self.store.put("inline", query.id, asdict(query), self.changes.bump())

    def save_message(self, message: Message) -> None:
        """Write a message; its version is the change counter of this write."""
        self.messages.setdefault(message.chat, {})[message.id] = message
        message.version = self.touch(message.chat)
        self.store.put("message", f"{message.chat}/{message.id}", asdict(message), message.version)

    def add_update(self, bot: Bot, what: Json) -> Json:
        """Queue an update for a bot; it stays until the bot confirms it."""
        update = {"update_id": bot.next_update} | what
        bot.next_update += 1
        self.save_bot(bot)
        self.updates.setdefault(bot.id, {})[update["update_id"]] = update
        self.store.put("update", update["update_id"], {"bot": bot.id, "update": update}, self.changes.bump())
        return update

    def confirm_update(self, bot: Bot, update_id: int) -> None:
        """Forget an update that the bot has taken."""
        self.updates[bot.id].pop(update_id, None)
        self.store.remove("update", update_id)
        self.changes.bump()

    def add_file(
        self,
        content: bytes,
        mime: str,
        folder: str,
        name: str | None = None,
        *,
        group: str = "",
        width: int = 0,
        height: int = 0,
    ) -> File:
        """Keep bytes as a file with the two ids of Telegram."""
        sha256 = self.store.put_blob(content)
        number = len(self.files) + 1
        mark = hashlib.sha256(f"{number}:{sha256}".encode()).hexdigest()
        ending = _ending(name, mime)
        file = File(
            file_id=f"AgACAgQAAx{mark[:40]}",
            file_unique_id=f"AQAD{sha256[:12]}",
            sha256=sha256,
            size=len(content),
            path=f"{folder}/file_{number}{ending}",
            mime=mime,
            name=name,
            width=width,
            height=height,
            group=group,
        )
        self.files[file.file_id] = file
        self.groups.setdefault(group, []).append(file)
        self.store.put("file", file.file_id, asdict(file), self.changes.bump())
        return file

    def add_photo(self, original: bytes, made: list[Copy]) -> list[File]:
        """The copies of a photo as files. No method gives the original out; the ledger names it by its hash."""
        group = f"{len(self.groups)}:{self.store.put_blob(original)}"
        return [
            self.add_file(copy.content, "image/jpeg", "photos", group=group, width=copy.width, height=copy.height)
            for copy in made
        ]


def _ending(name: str | None, mime: str) -> str:
    known = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "audio/ogg": ".oga"}
    if mime in known:
        return known[mime]
    tail = (name or "").rpartition(".")[2]
    return f".{tail}" if tail.isascii() and tail.isalnum() and len(tail) < 8 and "." in (name or "") else ""
