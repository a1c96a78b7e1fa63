"""A Telegram that is cheap enough not to be what is measured: `python bench/telegram_stub.py`, which prints its port.

It knows getUpdates, sendMessage, answerCallbackQuery and getMe, answers anything else `true`, and is told what to do by
GET /reset?…; GET /stats gives its own ledger. Standard library only: any interpreter runs it.
"""

import asyncio
import json
import re
import socket
import time
from collections import Counter
from urllib.parse import parse_qs, urlsplit

OFFSET = re.compile(rb'offset"?[=:\r\n ]+"?(\d+)')
LIMIT = re.compile(rb'limit"?[=:\r\n ]+"?(\d+)')
CHAT = re.compile(rb'chat_id"?[=:\r\n ]+"?(-?\d+)')
POST = re.compile(rb"post-(\d+)-(\d+)")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
ME = {"id": 42, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
HELD = 0.5  # seconds of a long poll without updates
FIRST_CHAT = 100_000
CHATS = 2_000  # who writes; they are supporters too
TEXT = "/badge"


def person(chat: int) -> dict[str, object]:
    return {"id": chat, "first_name": "Zoé", "last_name": "Núñez", "username": f"user{chat}"}


def message(number: int) -> dict[str, object]:
    chat = FIRST_CHAT + number % CHATS
    return {
        "update_id": number + 1,
        "message": {
            "message_id": number + 1,
            "date": 1_790_000_000,
            "from": {**person(chat), "is_bot": False, "language_code": "fr"},
            "chat": {**person(chat), "type": "private"},
            "text": TEXT,
            "entities": [{"type": "bot_command", "offset": 0, "length": len(TEXT)}],
        },
    }


def tap(number: int) -> dict[str, object]:
    chat = FIRST_CHAT + number % CHATS
    under = {"message_id": 1, "date": 1_790_000_000, "chat": {**person(chat), "type": "private"}, "text": "?"}
    sender = {**person(chat), "is_bot": False, "language_code": "fr"}
    query = {"id": str(number), "from": sender, "chat_instance": "1", "data": "menu:badge", "message": under}
    return {"update_id": number + 1, "callback_query": query}


class Telegram:
    """What it was told, and what it saw."""

    def __init__(self) -> None:
        self.reset({})

    def reset(self, told: dict[str, float]) -> None:
        self.delay = told.get("delay", 0.0)  # seconds until an answer to sendMessage
        self.per_second = told.get("per_second", 0.0)  # messages; 0: no limit
        self.floods = int(told.get("floods", 0))  # how many 429s to give that no rule asks for, one each 100 messages
        self.tap_every = told.get("tap_every", 0.0)  # seconds; 0: nobody taps
        self.updates = [json.dumps(message(i)).encode() for i in range(int(told.get("updates", 0)))]
        self.polled = False  # whether somebody asked for updates
        self.tapped: dict[bytes, float] = {}  # chat -> when
        self.waits: list[float] = []  # seconds from a tap to the message that answers it
        self.got: Counter[bytes] = Counter()  # chat -> broadcast messages
        self.times: list[float] = []  # when each of them came
        self.posts: dict[bytes, list[int]] = {}  # channel -> its posts, by what stands in their texts, as they came
        self.answers = self.injected = self.crossed = self.refused = 0
        self.first = self.last = 0.0  # when the first updates were handed out, when the last message came
        self.room, self.filled = 30.0, time.perf_counter()
        self.told = self.blocked_until = 0.0

    def stats(self) -> dict[str, object]:
        return {
            "answers": self.answers,
            "seconds": self.last - self.first,
            "people": len(self.got),
            "messages": sum(self.got.values()),
            "doubled": sum(count > 1 for count in self.got.values()),
            "injected": self.injected,
            "crossed": self.crossed,
            "refused": self.refused,
            "times": self.times,
            "posts": {channel.decode(): posts for channel, posts in self.posts.items()},
            "waits": self.waits,
        }

    def flood(self, now: float) -> int:
        """Seconds to wait if this message is too much, else 0: 30 at once, then `per_second`."""
        if self.injected < self.floods and len(self.times) >= 100 * (self.injected + 1):
            self.injected += 1
            self.told, self.blocked_until = now + 2 * self.delay, now + 2
            return 2
        if (
            now < self.blocked_until - 0.001
        ):  # within a flood wait; what was on its way before the bot could know is no fault
            self.crossed += now < self.told
            self.refused += now >= self.told
            return 2
        if self.per_second:
            self.room = min(30.0, self.room + (now - self.filled) * self.per_second)
            self.filled = now
            if self.room < 1:
                self.refused += 1
                return 1
            self.room -= 1
        return 0

    def send(self, body: bytes) -> bytes:
        now = time.perf_counter()
        if wait := self.flood(now):
            return (
                b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":%d}}'
                % wait
            )
        found = CHAT.search(body)
        assert found is not None
        chat = found.group(1)
        self.last = now
        if b"BROADCAST" in body:
            self.got[chat] += 1
            self.times.append(now)
        elif post := POST.search(body):
            self.posts.setdefault(post[1], []).append(int(post[2]))
        else:
            self.answers += 1
            if (since := self.tapped.pop(chat, None)) is not None:
                self.waits.append(now - since)
        return (
            b'{"ok":true,"result":{"message_id":%d,"from":{"id":42,"is_bot":true,"first_name":"Bench","username":"bench_bot"},'
            b'"chat":{"id":%s,"first_name":"Zo\\u00e9","type":"private"},"date":1790000000,"text":"An answer"}}'
            % (self.answers + len(self.times) + sum(map(len, self.posts.values())), chat)
        )

    def waiting(self, asked: bytes) -> list[bytes]:
        self.polled = True
        offset, limit = OFFSET.search(asked), LIMIT.search(asked)
        start = max(int(offset.group(1)) - 1, 0) if offset else 0
        found = self.updates[start : start + (int(limit.group(1)) if limit else 100)]
        if found and not self.first:
            self.first = time.perf_counter()
        return found

    async def people_tap(self) -> None:
        while True:
            await asyncio.sleep(self.tap_every or 0.2)
            if self.tap_every and self.polled:
                number = len(self.updates)
                now = time.perf_counter()
                if now > self.blocked_until:  # within a flood wait no answer can be given
                    self.tapped[b"%d" % (FIRST_CHAT + number % CHATS)] = now
                self.updates.append(json.dumps(tap(number)).encode())


TELEGRAM = Telegram()


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as far as clients of the Bot API use it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self.buffer, 0, end)
            whole = end + 4 + (int(length.group(1)) if length else 0)
            if len(self.buffer) < whole:
                return
            target, body = self.buffer.split(b" ", 2)[1], self.buffer[end + 4 : whole]
            self.buffer = self.buffer[whole:]
            self.answer(target, body)

    def answer(self, target: bytes, body: bytes) -> None:
        path, _, query = target.partition(b"?")
        if path.endswith(b"/sendMessage"):
            later = TELEGRAM.delay
            asyncio.get_running_loop().call_later(later, self.reply, TELEGRAM.send(body)) if later else self.reply(
                TELEGRAM.send(body)
            )
        elif path.endswith(b"/getUpdates"):
            self.updates(query + b"&" + body, asyncio.get_running_loop().time() + HELD)
        elif path == b"/reset":
            TELEGRAM.reset({name: float(value[0]) for name, value in parse_qs(urlsplit(target.decode()).query).items()})
            self.reply(b"{}")
        elif path == b"/stats":
            self.reply(json.dumps(TELEGRAM.stats()).encode())
        else:
            self.reply(b'{"ok":true,"result":%s}' % (json.dumps(ME).encode() if path.endswith(b"/getMe") else b"true"))

    def updates(self, asked: bytes, until: float) -> None:
        if isinstance(self.transport, asyncio.Transport) and self.transport.is_closing():
            return  # of a process that is gone
        loop = asyncio.get_running_loop()
        found = TELEGRAM.waiting(asked)
        if found or loop.time() >= until or b"timeout=0" in asked or b"timeout" not in asked:
            self.reply(b'{"ok":true,"result":[%s]}' % b",".join(found))
        else:
            loop.call_later(0.005, self.updates, asked, until)

    def reply(self, body: bytes) -> None:
        status = b"429 Too Many Requests" if body.startswith(b'{"ok":false') else b"200 OK"
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        if isinstance(self.transport, asyncio.Transport) and not self.transport.is_closing():
            self.transport.write(head + body)


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    server = await asyncio.get_running_loop().create_server(Connection, sock=listener)
    print(listener.getsockname()[1], flush=True)
    tapping = asyncio.create_task(TELEGRAM.people_tap())
    async with server:
        await asyncio.gather(server.serve_forever(), tapping)


if __name__ == "__main__":
    asyncio.run(main())
