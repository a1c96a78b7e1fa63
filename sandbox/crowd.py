"""The demo's other people: two supporters who join, share and make a badge, friends who follow their links, an organizer.

They do what a person would, over HTTP only, so that whoever watches sees the counts go up.
"""

import asyncio
import random
import re

import httpx

from sandbox.client import NothingCame, SandboxClient
from sandbox.defaults import PORTRAIT
from sandbox.store import Json

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PATIENCE = 86_400.0  # seconds; the demo's last posts come days later


class Crowd:
    """`play` goes on until it is cancelled."""

    def __init__(
        self,
        sandbox_url: str,
        site_url: str,
        people: tuple[int, ...] = (500001, 500002),
        organizer: tuple[int, str] | None = None,
    ) -> None:
        """`organizer` is a person and the payload by which they show the bot who they are."""
        self._client = SandboxClient(sandbox_url, patience=PATIENCE)
        self._site = httpx.AsyncClient(base_url=site_url, headers={"User-Agent": BROWSER}, timeout=30)
        self._people, self._organizer = people, organizer
        self._rng = random.Random(7)

    async def play(self) -> None:
        async with self._client, self._site:
            if self._organizer and not (await self._client.chat(self._organizer[0]))["started"]:
                await self._client.start(*self._organizer)
            await asyncio.gather(*(self._live(person) for person in self._people))

    async def _live(self, person: int) -> None:
        if not (await self._client.chat(person))["started"]:
            await self._pause(3, 6)
            await self._client.start(person)
            await self._tap(person, "join:contact:yes")
            await self._tap(person, "join:counting:yes")
            await self._tap(person, "join:ranking:", some=True)
            await self._tap(person, "join:territory:", some=True)
            if person == self._people[0]:
                await self._make_badge(person)
        seen = 0
        while True:
            card = await self._message_with(person, "kit:shared:", after=seen)
            seen = card["message_id"]
            await self._pause(2, 8)
            await self._share(person, card)

    async def _share(self, person: int, card: Json) -> None:
        """Open a share window, say so, and let friends follow the link."""
        buttons = [button for row in card["reply_markup"]["inline_keyboard"] for button in row]
        window = self._rng.choice([button["url"] for button in buttons if "url" in button])
        await self._site.get(window, follow_redirects=False)
        said = next(
            button["callback_data"] for button in buttons if button.get("callback_data", "").startswith("kit:shared:")
        )
        await self._client.tap(person, card["message_id"], said)
        await self._tap(person, "kit:on:", some=True)
        link = re.search(r"/s/[\w-]+", card.get("text") or card.get("caption") or "")
        for friend in range(self._rng.randint(1, 4) if link else 0):
            await self._pause(1, 6)
            await self._site.get(
                link[0] if link else "/", headers={"User-Agent": f"{BROWSER} {person}/{friend}"}, follow_redirects=False
            )

    async def _make_badge(self, person: int) -> None:
        await self._client.say(person, "/badge")
        await self._client.send_photo(person, PORTRAIT.read_bytes())
        await self._tap(person, "badge:frame:")
        await self._tap(person, "badge:name:mine")
        await self._tap(person, "badge:file:square")

    async def _message_with(self, person: int, data: str, *, after: int = 0) -> Json:
        """The oldest message behind `after` that has such a button."""

        def fits(chat: Json) -> Json | None:
            for message in chat["messages"]:
                rows = message.get("reply_markup", {}).get("inline_keyboard", [])
                if message["message_id"] > after and any(
                    b.get("callback_data", "").startswith(data) for row in rows for b in row
                ):
                    return dict(message)
            return None

        while True:
            try:
                chat = await self._client.wait_for(person, fits)
            except NothingCame:
                continue
            found = fits(chat)
            if found is not None:
                return found

    async def _tap(self, person: int, data: str, *, some: bool = False) -> None:
        """Tap a button when it comes; `some`: one of several that begin so."""
        message = await self._message_with(person, data)
        buttons = [
            b["callback_data"]
            for row in message["reply_markup"]["inline_keyboard"]
            for b in row
            if b.get("callback_data", "").startswith(data)
        ]
        await self._pause(1, 2)
        await self._client.tap(
            person, message["message_id"], self._rng.choice(buttons) if some else buttons[0], wait=False
        )

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self._rng.uniform(least, most))
