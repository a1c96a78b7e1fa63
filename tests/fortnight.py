"""Two weeks of a campaign, day by day: who joins, what goes out, what people do, who leaves, and a silence in the middle."""

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI

from campaigns.database import Database
from campaigns.models import Campaign
from campaigns.posts import cancel_post
from schedules.broadcasts import Broadcaster
from schedules.publishing import Publisher
from tests.conftest import FakeClock
from tests.crowd import Activist, Crowd, Plan, say

MONDAY = datetime(2026, 11, 30, tzinfo=ZoneInfo("Europe/Paris"))
DAYS = 14
NEWCOMERS = (250, 140, 110, 100, 80, 60, 60, 60, 50, 40, 30, 20, 0, 0)  # 1,000, day by day
KITS = {  # title -> day, hour, minute
    "Un train par heure": (0, 12, 0),
    "La pétition": (3, 12, 0),
    "Vendredi soir": (4, 21, 30),  # quiet hours: it comes on Saturday morning, where no silence began meanwhile
    "Le jour du vote": (5, 12, 0),  # to who does not vote; not on the campaign's own channel
    "Et maintenant": (8, 12, 0),
    "Tard le soir": (9, 21, 30),
    "Le débat": (11, 12, 0),
}
ONLY = {"Et maintenant": "Plaine", "Tard le soir": "Littoral"}  # kits of one territory
TAKEN_BACK = ("La pétition", 10)  # and the day on which it is
SUNDAY = 6  # the Vallée votes: silence on this day and the one before
MISSIONS = {"Les Lilas": (2, 13), "Le marché": (5, 10), "La gare": (9, 12)}  # title -> day and hour at which it begins
NETWORKS = ("x", "bluesky", "telegram", "facebook", "whatsapp")
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Mobile Safari/604.1"
DESK = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
MACHINES: tuple[tuple[str, dict[str, str]], ...] = (  # who follows links and is no person: method, headers
    ("GET", {"user-agent": "TelegramBot (like TwitterBot)"}),
    ("GET", {"user-agent": "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1)"}),
    ("GET", {"user-agent": "facebookexternalhit/1.1"}),
    ("GET", {"user-agent": "WhatsApp/2.23.20.0"}),
    ("GET", {"user-agent": PHONE, "sec-purpose": "prefetch;prerender"}),
    ("HEAD", {"user-agent": DESK}),
)


def moment(day: int, hour: int, minute: int = 0) -> datetime:
    return (MONDAY + timedelta(days=day)).replace(hour=hour, minute=minute).astimezone(UTC)


# --- what a person does


def joins(who: Activist, rng: random.Random, payload: str = "") -> Plan:
    """From START to a welcome, or to a no; some leave the last question open."""
    yield {"action": "start", "payload": payload}
    contact = rng.choices(("yes", "quiet", "no"), (82, 10, 8))[0]
    if not (yield from who.tap("join:contact:", f"{contact}:1")) or contact == "no":
        return
    counting = rng.random() < 0.87
    yield from who.tap(f"join:counting:{'yes' if counting else 'no'}")
    if counting:
        yield from who.tap(f"join:ranking:{'yes' if rng.random() < 0.4 else 'no'}")
    if rng.random() < 0.9 and not payload.startswith("t-"):
        yield from who.tap("join:territory:", any_of=rng)


def shares(who: Activist, rng: random.Random) -> Plan:
    """Says that they shared it, perhaps twice, perhaps not after all."""
    network = rng.choice(NETWORKS)
    if not (yield from who.tap("kit:shared:", any_of=rng)):
        return
    said = yield from who.tap("kit:on:", f":{network}")
    if said and rng.random() < 0.3:
        yield from who.tap("kit:undo:", f":{network}")
    elif said and rng.random() < 0.2:
        yield from who.tap("kit:shared:")
        yield from who.tap("kit:on:", f":{network}")


def asks(who: Activist, rng: random.Random) -> Plan:
    yield say("/posts")
    yield from who.tap("kit:card:", any_of=rng)


def words(who: Activist, rng: random.Random) -> Plan:
    yield from who.tap("kit:wording:", any_of=rng)


def copies(who: Activist, rng: random.Random) -> Plan:
    yield from who.tap("kit:copy:", any_of=rng)


def looks(who: Activist, _: random.Random) -> Plan:
    yield say("/me")


def signs_up(who: Activist, rng: random.Random) -> Plan:
    yield say("/missions")
    yield from who.tap("mission:card:", any_of=rng)
    yield from who.tap("mission:come:")


def reports(who: Activist, rng: random.Random) -> Plan:
    """Of any mission on whose card that stands; corrected at times."""
    yield say("/missions")
    yield from who.tap("mission:card:", any_of=rng)
    for _ in range(rng.choice((1, 1, 2))):
        if (yield from who.tap("mission:report:", any_of=rng)):
            yield say(f"{rng.randint(1, 60)} portes, 3 discussions. Bon accueil.")


def changes_mind(who: Activist, rng: random.Random) -> Plan:
    yield say("/consents")
    yield from who.tap(f"consent:ask:{rng.choice(('contact', 'counting', 'counting', 'ranking'))}:")
    if not (yield from who.tap("consent:no:")):
        yield from who.tap("consent:yes:")


def makes_a_badge(who: Activist, rng: random.Random) -> Plan:
    """Perhaps in two formats; without a file the badge stays in hand: the day's next photo takes its place at once."""
    yield {"action": "photo"}
    yield from who.tap("badge:frame:")
    yield from who.tap("badge:name:none")
    if rng.random() < 0.5 and (yield from who.tap("badge:file:square")):
        yield from who.tap("badge:file:story")
        yield from who.tap("badge:end")


HABITS: dict[Callable[[Activist, random.Random], Plan], int] = {
    shares: 10,
    asks: 4,
    words: 3,
    copies: 3,
    looks: 2,
    signs_up: 2,
    reports: 6,
    makes_a_badge: 2,
}


def stops(who: Activist, rng: random.Random) -> Plan:
    if rng.random() < 0.5 or not (yield from who.tap("me:stop")):
        yield say("/stop")


def erases(who: Activist, _: random.Random) -> Plan:
    yield say("/delete")
    yield from who.tap("me:erase")
    yield from who.tap("me:erased")


def blocks(_who: Activist, _: random.Random) -> Plan:
    yield {"action": "block"}


# --- what a day brings


@dataclass(eq=False)
class Fortnight:
    """`await fortnight.live()`; everything that happens is in `crowd.journal`."""

    database: Database
    clock: FakeClock
    campaign: Campaign
    posts: dict[str, int]  # title -> number
    crowd: Crowd
    publisher: Publisher
    broadcaster: Broadcaster
    site: FastAPI
    rng: random.Random
    territories: dict[str, int]  # name -> number

    def __post_init__(self) -> None:
        self.here: list[Activist] = []
        self.left: list[Activist] = []

    async def live(self) -> None:
        for day in range(DAYS):
            await self._at(day, 8, 30)
            await self._at(day, 9, 0)
            await self._newcomers(day)
            await self._at(day, 12, 0)
            if TAKEN_BACK[1] == day:
                await self._take_back(TAKEN_BACK[0])
            await self._everyday()
            await self._at(day, 17, 0)
            await self._windows_opened()
            await self._links_followed()
            await self._departures(day)
            await self._at(day, 21, 30)

    async def _at(self, day: int, hour: int, minute: int) -> None:
        """Move the clock there, and let go out what is due."""
        self.clock.now = max(self.clock.now, moment(day, hour, minute))
        for title, when in KITS.items():
            if when == (day, hour, minute):
                self.crowd.note("kit", title=title, territory=self.territories.get(ONLY.get(title, "")))
        self.crowd.note("tick")
        await self.publisher.tick()
        await self.publisher.settled()
        await self.broadcaster.end_leases()
        await self.broadcaster.tick()
        await self.broadcaster.settled()
        await self.crowd.look("sent")

    async def _take_back(self, title: str) -> None:
        async with self.database.write() as session:
            await cancel_post(session, self.campaign.id, self.posts[title], self.clock())
        self.crowd.note("cancel", title=title)

    async def _newcomers(self, day: int) -> None:
        """Some come by an invitation, some by a territory's link; a few who left come back, by their own old link too."""
        codes = self._codes()
        plans = []
        for _ in range(NEWCOMERS[day]):
            number = len(self.crowd.people)
            who = await self.crowd.add(f"Ami {number}", "fr" if number % 2 else "en")
            payload = (
                f"t-{self.rng.choice(list(self.territories.values()))}"
                if self.rng.random() < 0.1
                else "c-la-region-qui-ose"
            )
            if codes and self.rng.random() < 0.4:
                payload = f"r-{self.rng.choice(codes)}"
            plans.append((who, joins(who, self.rng, payload)))
        back = self.rng.sample(self.left, len(self.left) // 3)
        plans += [(who, joins(who, self.rng, self._own_link(who))) for who in back]
        again = self.rng.sample(self.here, min(len(self.here), 3))
        plans += [(who, joins(who, self.rng, self._own_link(who))) for who in again]
        await self.crowd.play(plans)
        self.left = [who for who in self.left if who not in back]
        self.here += [who for who, _ in plans if who not in self.here]

    def _codes(self) -> list[str]:
        """Of the invitations that people have looked up."""
        return [code for who in self.crowd.people.values() for code in _codes_in(who)]

    def _own_link(self, who: Activist) -> str:
        own = _codes_in(who)
        return f"r-{own[-1]}" if own else ""

    async def _everyday(self) -> None:
        habits, weights = list(HABITS), list(HABITS.values())
        plans = []
        for who in self.rng.sample(self.here, min(len(self.here), 28)):
            mine = self.rng.choices(habits, weights, k=self.rng.choice((1, 2)))
            plans.append((who, _one_by_one(who, self.rng, mine)))
        await self.crowd.play(plans)

    async def _departures(self, day: int) -> None:
        """They stop, erase themselves, block the bot, or change what they agreed to."""
        ways = (stops,) * 5 + (erases,) * 4 + (blocks,) * 2 + (changes_mind,) * 5
        leaving = self.rng.sample(self.here, len(ways))
        await self.crowd.play([(who, way(who, self.rng)) for who, way in zip(leaving, ways, strict=True)])
        gone = {who for who, way in zip(leaving, ways, strict=True) if way is not changes_mind}
        self.here = [who for who in self.here if who not in gone]
        self.left += [who for who in leaving if who in gone]

    async def _windows_opened(self) -> None:
        """Each from their own card; a machine that looks ahead opens some too."""
        opened = []
        for who in self.rng.sample(list(self.crowd.people.values()), min(len(self.crowd.people), 40)):
            network = self.rng.choice(NETWORKS)
            windows = who.windows(network)
            if windows:
                address = self.rng.choice(windows)
                human = self.rng.random() < 0.85
                token = address.rpartition("/o/")[2].partition("/")[0]
                self.crowd.note("open", who.id, token=token, network=network, human=human)
                headers = {"user-agent": PHONE} | ({} if human else {"purpose": "prefetch"})
                more = "&go=1" if network == "facebook" else ""  # behind the page that shows the text to copy
                opened.append(self._fetch("10.0.0.1", "GET", address + more, headers))
        assert set(await asyncio.gather(*opened)) <= {200, 302, 410}

    async def _links_followed(self) -> None:
        """People, the same ones again, and machines."""
        links = [
            (who.id, link)
            for who in self.crowd.people.values()
            for link in dict.fromkeys(re.findall(r"https://\S+/s/[\w-]+", " ".join(who.texts())))
        ]
        followed = []
        for who, link in self.rng.sample(links, min(len(links), 30)):
            for _ in range(self.rng.choice((1, 1, 2, 3, 5))):
                address, agent = f"10.1.0.{self.rng.randint(1, 12)}", self.rng.choice((PHONE, DESK))
                method, headers = "GET", {"user-agent": agent}
                human = self.rng.random() < 0.7
                if not human:
                    method, headers = self.rng.choice(MACHINES)
                token = link.rpartition("/")[2]
                self.crowd.note("click", who, token=token, visitor=(address, agent), human=human)
                followed.append(self._fetch(address, method, link, headers))
        assert set(await asyncio.gather(*followed)) <= {200, 302}

    async def _fetch(self, address: str, method: str, url: str, headers: dict[str, str]) -> int:
        """One request from this address to the site's own pages."""
        transport = httpx.ASGITransport(self.site, client=(address, 50_000))
        answer = await transport.handle_async_request(httpx.Request(method, url, headers=headers))
        await answer.aread()
        return answer.status_code


def _codes_in(who: Activist) -> list[str]:
    return re.findall(r"start=r-([\w-]+)", " ".join(who.texts()))


def _one_by_one(who: Activist, rng: random.Random, habits: list[Callable[[Activist, random.Random], Plan]]) -> Plan:
    for habit in habits:
        yield from habit(who, rng)
