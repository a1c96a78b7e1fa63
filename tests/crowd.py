"""A crowd in the stand-in's chats: people who read their own messages, tap what stands there, and act all at once.

What they do and what the bot really sent them is written into one journal, in order; `tests.recount` reads it.
"""

import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.client import SandboxClient

Json = dict[str, Any]
Plan = Generator[Json, None, None]  # of acts; behind each, the person has read what came of it
Step = Generator[Json, None, bool]

TAKEN = 300.0  # seconds that a bot may take for what a thousand people do at once
PLAIN = str.maketrans({"\u202f": " ", "\u00a0": " "})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that really happened: an act, a message of the bot, a request on the web, a post's moment."""

    at: datetime
    what: str
    who: int  # a person's or a chat's number; 0 where nobody is meant
    detail: Json


@dataclass(eq=False)
class Activist:
    """One person with their phone."""

    id: int
    name: str
    language: str
    messages: dict[int, Json] = field(default_factory=dict)

    def buttons(self, data: str, end: str = "") -> list[tuple[int, str]]:
        """Every button whose data begins and ends so, the newest last: its message and its data."""
        return [
            (number, behind)
            for number, message in sorted(self.messages.items())
            for each in _keys(message)
            if (behind := each.get("callback_data", "")).startswith(data) and behind.endswith(end)
        ]

    def windows(self, network: str) -> list[str]:
        """The addresses of this network's share windows on the cards, the newest last."""
        found = [each.get("url", "") for _, message in sorted(self.messages.items()) for each in _keys(message)]
        return [address for address in found if "/o/" in address and f"/{network}?w=" in address]

    def texts(self) -> list[str]:
        """What stands in the chat, the newest last."""
        return [_text(message) for _, message in sorted(self.messages.items())]

    def tap(self, data: str, end: str = "", any_of: random.Random | None = None) -> Step:
        """Tap the newest such button, or any of them; False where there is none."""
        there = self.buttons(data, end)
        if not there:
            return False
        number, behind = any_of.choice(there) if any_of else there[-1]
        yield {"action": "tap", "message_id": number, "data": behind}
        return True


def say(text: str) -> Json:
    return {"action": "say", "text": text}


class Crowd:
    """`await crowd.play(plans)`: everybody's first act at once, then everybody's second, until all are through."""

    def __init__(self, sandbox: SandboxClient, clock: Callable[[], datetime], photo: bytes) -> None:
        self.people: dict[int, Activist] = {}
        self.journal: list[Event] = []
        self._sandbox, self._clock, self._photo = sandbox, clock, photo
        self._version = self._seq = 0

    def note(self, what: str, who: int = 0, **detail: Any) -> None:
        self.journal.append(Event(self._clock(), what, who, detail))

    async def add(self, name: str, language: str) -> Activist:
        person = Activist(await self._sandbox.person(name, language_code=language), name, language)
        self.people[person.id] = person
        return person

    async def play(self, plans: Sequence[tuple[Activist, Plan]]) -> None:
        assert len({person for person, _ in plans}) == len(plans), "each has two thumbs and one plan"
        left = list(plans)
        while left:
            now = [(person, plan, next(plan, None)) for person, plan in left]
            left = [(person, plan) for person, plan, act in now if act is not None]
            acts = [{"person": person.id, **act} for person, _, act in now if act is not None]
            for act in acts:
                self.note("act", act["person"], **act)
            for act in acts:
                if act["action"] == "photo":
                    await self._sandbox.send_photo(act["person"], self._photo)
            await self._sandbox.crowd([act for act in acts if act["action"] != "photo"])
            await self._sandbox.updates_taken(TAKEN)
            await self.look("told")

    async def look(self, what: str) -> None:
        """Everybody reads what changed in their chat, and the journal what the bot sent since: "told", or "sent" unasked."""
        for entry in await self._sandbox.ledger("telegram", after=self._seq):
            self._seq = int(entry["seq"])
            self.note(what, int(entry["channel"]), text=str(entry["text"]).translate(PLAIN))
        changes = await self._sandbox.crowd_changes(self._version)
        self._version = int(changes["version"])
        for message in changes["messages"]:
            if message["from"]["is_bot"] and message["chat"]["id"] in self.people:
                person = self.people[message["chat"]["id"]]
                person.messages[message["message_id"]] = message
                addresses = [each["url"] for each in _keys(message) if "url" in each]
                self.note("shown", person.id, text=_text(message), addresses=addresses)


def _keys(message: Json) -> list[Json]:
    return [each for row in (message.get("reply_markup") or {}).get("inline_keyboard", []) for each in row]


def _text(message: Json) -> str:
    return str(message.get("text") or message.get("caption") or "").translate(PLAIN)
