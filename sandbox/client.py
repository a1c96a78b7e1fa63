"""A small typed client for the control API, for tests: people, what they do, what was accepted, trouble."""

import ssl
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, cast
from urllib.parse import quote

import httpx

from sandbox.store import Json

LONGEST_POLL = 20.0  # seconds of one long poll; a longer wait asks several times


class SandboxError(RuntimeError):
    """The sandbox refused, with its sentence"""


class NothingCame(AssertionError):
    """What a test waited for did not come in time"""


class SandboxClient:
    """`bot` is a bot's username; without it, the only or first bot of the sandbox is meant."""

    def __init__(self, url: str, *, bot: str | None = None, patience: float = 10.0) -> None:
        self.url, self.patience = url.rstrip("/"), patience
        self._bot = bot
        limit = httpx.Timeout(10, read=LONGEST_POLL + 30)
        # Loopback speaks plain HTTP: an empty context spares the reading of all certificates for every client.
        empty = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.http = httpx.AsyncClient(base_url=f"{self.url}/control", timeout=limit, trust_env=False, verify=empty)

    async def __aenter__(self) -> "SandboxClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def _ask(self, method: str, path: str, **how: Any) -> Json:
        answer = await self.http.request(method, path, **how)
        if answer.is_error:
            raise SandboxError(f"{method} {path}: {answer.status_code} {answer.text}")
        return cast(Json, answer.json())

    async def bot(self) -> str:
        """The username of the bot that is meant."""
        if self._bot is None:
            self._bot = str((await self.state())["bots"][0]["username"])
        return self._bot

    # --- people and what they do

    async def state(self) -> Json:
        """Bots, people, channels, accounts, version."""
        return await self._ask("GET", "/state")

    async def person(self, first_name: str, **more: object) -> int:
        """Make a person (last_name, username, language_code, photo=shown|hidden|none); gives the id."""
        return int((await self._ask("POST", "/people", json={"first_name": first_name, **more}))["id"])

    async def change_person(self, person: int, **what: object) -> Json:
        """Change a person."""
        return await self._ask("PATCH", f"/people/{person}", json=what)

    async def set_profile_photo(self, person: int, picture: bytes) -> Json:
        """Give a person a profile photo."""
        return await self._ask("PUT", f"/people/{person}/photo", content=picture)

    async def channel(self, title: str, **more: object) -> int:
        """Make a channel (id, username, type=channel|group|supergroup); gives the chat_id."""
        return int((await self._ask("POST", "/channels", json={"title": title, **more}))["id"])

    async def change_channel(self, chat_id: int, **what: object) -> Json:
        """Change member, admin, title, migrated_to."""
        return await self._ask("PATCH", f"/channels/{chat_id}", json=what)

    async def _act(self, person: int, action: str, **how: Any) -> Json:
        return await self._ask("POST", f"/chats/{await self.bot()}/{person}/{action}", **how)

    async def start(self, person: int, payload: str = "") -> Json:
        """Press START, perhaps of a deep link; gives the message that the bot receives."""
        return cast(Json, (await self._act(person, "start", json={"payload": payload}))["message"])

    async def say(self, person: int, text: str, group: int | None = None) -> Json:
        """Send a text to the bot, or in a group."""
        return cast(Json, (await self._act(person, "say", json={"text": text, "group": group}))["message"])

    async def edit(self, person: int, message_id: int, text: str) -> Json:
        """Change one's own text, or the caption of one's own picture."""
        return cast(Json, (await self._act(person, "edit", json={"message_id": message_id, "text": text}))["message"])

    async def send_photo(self, person: int, picture: bytes, caption: str = "") -> Json:
        """Send a picture as a photo."""
        return await self._upload(person, "photo", picture, "photo.jpg", "image/jpeg", caption)

    async def send_album(
        self, person: int, pictures: list[bytes], caption: str = "", forwarded_from: str = ""
    ) -> list[Json]:
        """Send several pictures at once, or forward them."""
        files = [("file", (f"photo{i}.jpg", picture, "image/jpeg")) for i, picture in enumerate(pictures)]
        data = {"caption": caption, "forwarded_from": forwarded_from}
        return cast(list[Json], (await self._act(person, "album", files=files, data=data))["messages"])

    async def forward(self, person: int, text: str = "", picture: bytes | None = None, whose: str = "Élise") -> Json:
        """Forward somebody else's text, or their picture with the text as its caption."""
        if picture is None:
            sent = await self._act(person, "say", json={"text": text, "forwarded_from": whose})
        else:
            files = {"file": ("photo.jpg", picture, "image/jpeg")}
            sent = await self._act(person, "photo", files=files, data={"caption": text, "forwarded_from": whose})
        return cast(Json, sent["message"])

    async def send_document(
        self, person: int, content: bytes, name: str = "photo.jpg", mime: str = "image/jpeg", caption: str = ""
    ) -> Json:
        """Send a file."""
        return await self._upload(person, "document", content, name, mime, caption)

    async def _upload(self, person: int, action: str, content: bytes, name: str, mime: str, caption: str) -> Json:
        files = {"file": (name, content, mime)}
        return cast(Json, (await self._act(person, action, files=files, data={"caption": caption}))["message"])

    async def send_sticker(self, person: int, emoji: str = "👍") -> Json:
        """Send a sticker."""
        return cast(Json, (await self._act(person, "sticker", json={"emoji": emoji}))["message"])

    async def send_voice(self, person: int, seconds: int = 3) -> Json:
        """Send a voice message."""
        return cast(Json, (await self._act(person, "voice", json={"seconds": seconds}))["message"])

    async def send_location(self, person: int, latitude: float, longitude: float) -> Json:
        """Send a place."""
        where = {"latitude": latitude, "longitude": longitude}
        return cast(Json, (await self._act(person, "location", json=where))["message"])

    async def tap(self, person: int, message_id: int, data: str, *, wait: bool = True) -> Json:
        """Tap an inline button; waits for the bot's answer, which is under "answer" (text, show_alert, url)."""
        tap = await self._act(person, "tap", json={"message_id": message_id, "data": data})
        return await self.callback(str(tap["id"])) if wait else tap

    async def callback(self, tap_id: str, within: float | None = None) -> Json:
        """A tap once the bot has answered it; raises NothingCame."""
        wait = self.patience if within is None else within
        tap = await self._ask("GET", f"/callbacks/{tap_id}", params={"timeout": wait})
        if tap["answer"] is None:
            raise NothingCame(f"the bot did not answer the tap on {tap['data']!r} within {wait} s")
        return tap

    async def inline(self, person: int, query: str, *, offset: str = "") -> Json:
        """Type `@bot query` in some chat; waits for what the bot offers, which is under "answer" as answerInlineQuery had it."""
        asked = await self._act(person, "inline", json={"query": query, "offset": offset})
        answered = await self._ask("GET", f"/inline/{asked['id']}", params={"timeout": self.patience})
        if answered["answer"] is None:
            raise NothingCame(f"the bot did not answer the inline query {query!r} within {self.patience} s")
        return answered

    async def choose(self, person: int, inline_id: str, result_id: str) -> Json:
        """Send a result of an inline query; gives the message that the person sends in that chat."""
        chosen = await self._act(person, "choose", json={"id": inline_id, "result_id": result_id})
        return cast(Json, chosen["message"])

    async def crowd(self, acts: list[Json]) -> list[Json]:
        """Let many people act at once, in this order: {person, action, …}; gives what came of each."""
        return cast(list[Json], (await self._ask("POST", f"/crowd/{await self.bot()}", json={"acts": acts}))["done"])

    async def crowd_changes(self, after: int = 0) -> Json:
        """The messages of all private chats, as they stand, that changed since a version, and the version."""
        return await self._ask("GET", f"/crowd/{await self.bot()}", params={"after": after})

    async def block(self, person: int) -> None:
        """Block the bot."""
        await self._act(person, "block")

    async def unblock(self, person: int) -> None:
        """Lift the block."""
        await self._act(person, "unblock")

    # --- what was accepted

    async def chat(self, chat: int | str, after: int = 0, within: float = 0) -> Json:
        """A chat as it stands: messages, edits, keyboard, commands, version."""
        path = f"/chats/{await self.bot()}/{quote(str(chat))}"
        return await self._ask("GET", path, params={"after": after, "timeout": within})

    async def wait_for(self, chat: int | str, predicate: Callable[[Json], object], within: float | None = None) -> Json:
        """The chat as soon as the predicate holds for it; raises NothingCame with what is in the chat."""
        return await self._until(
            lambda version, left: self.chat(chat, version, left), predicate, within, lambda found: _spoken(found)
        )

    async def message(
        self, chat: int | str, predicate: Callable[[Json], object], within: float | None = None, after_id: int = 0
    ) -> Json:
        """The newest message for which the predicate holds, as soon as there is one."""

        def fitting(found: Json) -> list[Json]:
            return [each for each in found["messages"] if each["message_id"] > after_id and predicate(each)]

        return fitting(await self.wait_for(chat, fitting, within))[-1]

    async def tweets(self, username: str, after: int = 0, within: float = 0) -> Json:
        """An X account as it stands: tweets, media, version."""
        return await self._ask("GET", f"/x/{username}", params={"after": after, "timeout": within})

    async def social(self, service: str, account: str, after: int = 0, within: float = 0) -> Json:
        """An account on x, mastodon, bluesky or facebook as followers see it: posts, media, version."""
        return await self._ask("GET", f"/social/{service}/{account}", params={"after": after, "timeout": within})

    async def wait_for_tweets(
        self, username: str, predicate: Callable[[Json], object], within: float | None = None
    ) -> Json:
        """The account as soon as the predicate holds for it."""
        return await self._until(
            lambda version, left: self.tweets(username, version, left), predicate, within, lambda found: str(found)
        )

    async def _until(
        self,
        ask: Callable[[int, float], Any],
        predicate: Callable[[Json], object],
        within: float | None,
        show: Callable[[Json], str],
    ) -> Json:
        wait = self.patience if within is None else within
        deadline = _Deadline(wait)
        found: Json = await ask(0, 0)
        while not predicate(found):
            left = deadline.left()
            if left <= 0:
                raise NothingCame(f"not within {wait} s; there is: {show(found)}")
            found = await ask(int(found["version"]), min(left, LONGEST_POLL))
        return found

    async def ledger(
        self, service: str | None = None, channel: int | str | None = None, after: int = 0, within: float = 0
    ) -> list[Json]:
        """Everything that was accepted, in order; with `within` seconds, waits until there is something after `after`."""
        params: Json = {"after": after, "timeout": within}
        params |= {"service": service} if service else {}
        params |= {"channel": str(channel)} if channel is not None else {}
        return cast(list[Json], (await self._ask("GET", "/ledger", params=params))["entries"])

    async def wait_for_ledger(
        self, count: int, *, service: str | None = None, channel: int | str | None = None, within: float | None = None
    ) -> list[Json]:
        """The ledger as soon as it has `count` entries of a service and a channel; raises NothingCame."""
        wait = self.patience if within is None else within
        deadline = _Deadline(wait)
        entries = await self.ledger(service, channel)
        while len(entries) < count:
            left = deadline.left()
            if left <= 0:
                raise NothingCame(f"{len(entries)} of {count} entries within {wait} s: {entries}")
            after = int(entries[-1]["seq"]) if entries else 0
            entries += await self.ledger(service, channel, after, min(left, LONGEST_POLL))
        return entries

    async def requests(
        self, service: str | None = None, operation: str | None = None, after: int = 0, within: float = 0
    ) -> list[Json]:
        """Every API request with its status; 0 is a connection that was cut."""
        params: Json = {"after": after, "timeout": within}
        params |= {"service": service} if service else {}
        params |= {"operation": operation} if operation else {}
        return cast(list[Json], (await self._ask("GET", "/requests", params=params))["requests"])

    async def updates_taken(self, within: float | None = None) -> None:
        """Wait until the bot has confirmed every update; raises NothingCame."""
        wait = self.patience if within is None else within
        deadline, path = _Deadline(wait), f"/updates/{await self.bot()}"
        while True:
            left = max(deadline.left(), 0)
            found = await self._ask("GET", path, params={"below": 1, "timeout": min(left, LONGEST_POLL)})
            if not found["pending"]:
                return
            if left <= LONGEST_POLL:
                raise NothingCame(f"the bot left {found['pending']} updates unconfirmed for {wait} s")

    async def updates_left(self) -> set[int]:
        """The numbers of the updates that the bot has not confirmed."""
        return set((await self._ask("GET", f"/updates/{await self.bot()}"))["update_ids"])

    async def media(self, sha256: str) -> bytes:
        """The bytes of a picture or file by its hash, as the ledger names it."""
        return await self._bytes(f"/media/{sha256}")

    async def file(self, file_id: str) -> bytes:
        """The bytes of a Telegram file."""
        return await self._bytes(f"/files/{file_id}")

    async def _bytes(self, path: str) -> bytes:
        answer = await self.http.get(path)
        if answer.is_error:
            raise SandboxError(f"GET {path}: {answer.status_code} {answer.text}")
        return answer.content

    # --- trouble

    async def fault(
        self, service: str, kind: str, operation: str = "*", *, count: int | None = 1, **more: object
    ) -> int:
        """Switch a fault on (target, seconds, new_chat_id); count None lasts. Gives its id."""
        what = {"service": service, "kind": kind, "operation": operation, "count": count, **more}
        return int((await self._ask("POST", "/faults", json=what))["id"])

    async def clear_faults(self, fault_id: int | None = None) -> None:
        """Switch one fault off, or all."""
        await self._ask("DELETE", "/faults" if fault_id is None else f"/faults/{fault_id}")

    async def hold(self, service: str, operation: str, stage: str = "before", target: int | str | None = None) -> int:
        """Hold the next such request before or after it is accepted; gives the id of the gate."""
        what: Json = {"service": service, "operation": operation, "stage": stage}
        what |= {"target": str(target)} if target is not None else {}
        return int((await self._ask("POST", "/holds", json=what))["id"])

    async def held(self, hold_id: int, within: float | None = None) -> Json:
        """The request at the gate as soon as there is one; raises NothingCame."""
        wait = self.patience if within is None else within
        hold = await self._ask("GET", f"/holds/{hold_id}", params={"timeout": wait})
        if hold["state"] == "armed":
            raise NothingCame(f"no {hold['operation']} came to gate {hold_id} within {wait} s")
        return hold

    async def release(self, hold_id: int) -> Json:
        """Open the gate."""
        return await self._ask("POST", f"/holds/{hold_id}/release")

    async def rates(
        self,
        *,
        unlimited: bool = False,
        telegram: Json | None = None,
        x: Json | None = None,
        windows: Json | None = None,
    ) -> Json:
        """Set the limits; what is not given goes back to the real ones. `windows`: those of Mastodon and Bluesky."""
        given = {"unlimited": unlimited, "telegram": telegram, "x": x, "windows": windows}
        return await self._ask("PUT", "/rates", json=given)

    async def reset(self) -> None:
        """Back to the beginning."""
        await self._ask("POST", "/reset")


class _Deadline:
    """How many seconds are left of a wait."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, negative when it is over."""
        return self._end - time.monotonic()


def _spoken(chat: Json) -> str:
    return "\n".join(
        f"{each['message_id']}: {each.get('text') or each.get('caption') or sorted(each)}" for each in chat["messages"]
    )
