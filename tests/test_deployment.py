"""docs/deploy from one end to the other: a campaign's story through nginx, in which a replica and a worker are killed.

Everything is a process of its own (`tests.deployment`); people speak with the bot, whose updates Telegram brings through
nginx. `tests.crowd` keeps what they really did and got, and `tests.recount` counts it anew at the end.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import access_tokens, installation
from campaigns.access_tokens import Scope
from campaigns.models import Campaign, Role
from campaigns.overviews import KINDS
from campaigns.times import system_clock
from sandbox.defaults import DEMO_CHANNELS
from tests.bucket import Storage
from tests.crowd import Activist, Crowd, Plan
from tests.deployment import Deployment
from tests.recount import Recount
from tests.stores import Stores
from tests.test_story import PASSWORD, Browser
from tests.test_two_weeks import the_tables_say_the_same

pytestmark = pytest.mark.about_servers
CHANNEL = DEMO_CHANNELS[0].id
CONSOLE, SLUG = "/console/c/la-region-qui-ose", "la-region-qui-ose"
NAMES = ("Zoé", "Inès", "Malo", "Ariane", "Tom", "Léonie")
UNCOUNTED = "Tom"
MIDDAY = datetime(2026, 12, 1, 12, 0, tzinfo=ZoneInfo("Europe/Paris"))  # of the journal: no hour is quiet here
TITLES = ("Un train par heure", "La pétition", "Le débat")


@pytest.fixture
async def deployed(stores: Stores, storage: Storage, tmp_path: Path) -> AsyncIterator[Deployment]:
    with stores.fresh(tmp_path) as url:
        async with Deployment(tmp_path, url, storage) as made:
            yield made


async def install(deployed: Deployment) -> str:
    """A campaign with a channel, where one who writes needs the other's yes; gives a token that reads results."""
    now = system_clock()
    async with deployed.database.write() as session:
        new = Campaign(slug="", name="La Région qui ose", approvals=1, quiet_from=0, quiet_until=0)
        campaign = await installation.add_campaign(session, new, now)
        await installation.add_territory(session, campaign.id, "Littoral")
        await installation.add_channel(session, campaign.id, "telegram", "Canal", {"chat_id": str(CHANNEL)})
        for name, role in (("nadia", Role.editor), ("camille", Role.admin)):
            organizer = await installation.add_organizer(
                session, campaign.id, f"{name}@exemple.fr", name.title(), PASSWORD, role, now
            )
        scopes = [Scope.results_read]
        return (await access_tokens.make_token(session, campaign.id, organizer.id, "Tableau", scopes, now))[1]


# What people do


def joins(who: Activist) -> Plan:
    yield {"action": "start", "payload": f"c-{SLUG}"}
    yield from who.tap("join:contact:yes")
    yield from who.tap(f"join:counting:{'no' if who.name == UNCOUNTED else 'yes'}")
    yield from who.tap("join:ranking:no")
    yield from who.tap("join:territory:")


def shares(who: Activist) -> Plan:
    yield from who.tap("kit:wording:")
    yield from who.tap("kit:shared:")
    yield from who.tap("kit:on:", ":x")


def copies(who: Activist) -> Plan:
    yield from who.tap("kit:copy:")


def makes_a_badge(who: Activist) -> Plan:
    yield {"action": "photo"}
    yield from who.tap("badge:frame:")
    yield from who.tap("badge:name:none")
    yield from who.tap("badge:file:square")


async def comes(look: Callable[[], Awaitable[object]], wanted: object) -> None:
    """What is looked at is as it must be, within a minute and a half; each look is a round trip."""
    seen = await look()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(90):
            while seen != wanted:
                seen = await look()
    assert seen == wanted


class Story:
    """One campaign from its first person to its results."""

    def __init__(self, deployed: Deployment, photo: bytes, nadia: Browser, camille: Browser) -> None:
        self.deployed, self._photo = deployed, photo
        self._nadia, self.camille = nadia, camille
        self.crowd = Crowd(deployed.sandbox, lambda: MIDDAY, photo)
        self.titles: dict[int, str] = {}

    async def everybody(self, plan: Callable[[Activist], Plan]) -> None:
        await self.crowd.play([(who, plan(who)) for who in self.crowd.people.values()])

    async def begin(self) -> None:
        for browser, name in ((self._nadia, "nadia"), (self.camille, "camille")):
            page = await browser.submit("/console/login", email=f"{name}@exemple.fr", password=PASSWORD)
            assert page.status_code == 200 and page.url.path.startswith(CONSOLE)
        for name in NAMES:
            await self.crowd.add(name, "fr")
        await self.everybody(joins)

    async def post(self, title: str, picture: bytes | None = None) -> None:
        """Nadia writes it, Camille says yes, and it is due."""
        new: dict[str, Any] = {
            "title": title,
            "text": f"{title}\nOn y va, ensemble.",
            "when": "now",
            "share_kit": "yes",
        }
        new |= {"link": "https://exemple.fr/agir", "wording.1": f"{title} : et vous ?", "timezone": "Europe/Paris"}
        new["channels"] = "1"
        if picture is not None:
            new |= {"picture": await self._chosen(picture), "picture_alt": "Une personne"}
        page = await self._nadia.submit(f"{CONSOLE}/posts/new", **new)
        assert page.status_code == 200 and title in page.text
        waiting = (await self.camille.get(f"{CONSOLE}/approvals")).text
        number = int(re.findall(r"posts/(\d+)/approve", waiting)[0])
        self.titles[number] = title
        self.crowd.note("kit", title=title, territory=None)
        assert (await self._press(self.camille, f"{CONSOLE}/approvals", f"posts/{number}/approve")).status_code == 200

    async def _chosen(self, picture: bytes) -> str:
        form = {"csrf": await self._csrf(self._nadia, f"{CONSOLE}/posts/new"), "alt": "Une personne"}
        files = {"image": ("moi.jpg", picture)}
        answer = await self._nadia.post(f"{CONSOLE}/posts/pictures", data=form, files=files)
        return re.findall(r'name="picture" value="([^"]+)"', answer.json()["html"])[0]

    async def _csrf(self, browser: Browser, path: str) -> str:
        return re.findall(r'name="csrf" value="([^"]+)"', (await browser.get(path)).text)[0]

    async def _press(self, browser: Browser, page: str, button: str, **fields: str) -> Any:
        form = {"csrf": await self._csrf(browser, page), **fields}
        return await browser.post(f"{CONSOLE}/{button}", data=form, follow_redirects=True)

    async def kits_come(self, title: str) -> None:
        """To everybody, by the bot of a worker, and their rows are written behind them."""
        for person in self.crowd.people:
            await self.deployed.sandbox.message(person, lambda message: title in str(message))
        number = next(number for number, known in self.titles.items() if known == title)
        sent = f"SELECT count(*) FROM handout WHERE state = 'sent' AND post_id = {number}"

        async def served() -> object:
            return self.deployed.ask(sent)

        await comes(served, [(len(NAMES),)])
        self.crowd.note("tick")
        await self.crowd.look("sent")

    async def is_out(self, *titles: str) -> None:
        """The channel's followers see these, in this order, each once."""
        out = await self.deployed.sandbox.wait_for_ledger(len(titles), service="telegram", channel=CHANNEL)
        assert [str(entry["text"]).partition("\n")[0] for entry in out] == list(titles)

    async def links_are_followed(self, times: int) -> None:
        """From each card so many visitors, the first of whom comes twice; and a network that looks at the page."""
        links = {token for who in self.crowd.people.values() for token in re.findall(r"/s/([\w-]+)", str(who.texts()))}
        visitors = [(f"{number}", True) for number in (0, *range(times))] + [("facebookexternalhit/1.1", False)]
        fetched = []
        for token in sorted(links):
            for name, human in visitors:
                agent = f"Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/{name} Firefox/145.0" if human else name
                self.crowd.note("click", token=token, visitor=agent, human=human)
                fetched.append(self.deployed.fetch(f"/s/{token}", agent))
        assert {answer.status_code for answer in await asyncio.gather(*fetched)} == {200, 302}

    async def windows_are_opened(self) -> None:
        for who in self.crowd.people.values():
            for address in who.windows("x")[-1:]:
                token = address.rpartition("/o/")[2].partition("/")[0]
                self.crowd.note("open", who.id, token=token, network="x", human=True)
                assert (await self.deployed.fetch(address, f"Mozilla/5.0 {who.id}")).status_code == 302

    async def badges_on_the_web(self, *names: str) -> None:
        """Each made by one replica and saved by whichever comes next."""
        async with self.deployed.browser() as visitor:
            frame = re.findall(r'name="frame" value="([^"]+)"', (await visitor.get(f"/c/{SLUG}/badge")).text)[0]
            for name in names:
                form = {"frame": frame, "name": name, "format": "square"}
                made = await visitor.post(
                    f"/c/{SLUG}/badge/picture", data=form, files={"photo": ("me.jpg", self._photo)}
                )
                assert (made.status_code, made.headers["content-type"]) == (200, "image/jpeg")
                self.crowd.note("web_badge", done="made", number=name)
                saved = await visitor.post("/badge-downloaded", data={"receipt": made.headers["badge-receipt"]})
                assert saved.status_code == 204
                self.crowd.note("web_badge", done="downloaded", number=name)
                await visitor.get("/healthz")  # so that the next picture is the other one's turn

    async def settle_the_unknown(self) -> None:
        """Camille looked at the channel: it is there."""
        asked = "SELECT id FROM publication WHERE post_id = (SELECT id FROM post WHERE title = 'La pétition')"
        [(number,)] = self.deployed.ask(asked)

        async def to_decide() -> object:
            return re.findall(r"publications/(\d+)/settle", (await self.camille.get(f"{CONSOLE}/queue")).text)

        await comes(to_decide, [str(number)])
        answer = await self._press(self.camille, f"{CONSOLE}/queue", f"publications/{number}/settle", to="published")
        assert answer.status_code == 200


@pytest.mark.takes_long
@pytest.mark.timeout(600)  # seconds; eight processes start and end on two busy cores
async def test_a_campaign_goes_on_through_nginx_while_a_replica_and_a_worker_are_killed(
    deployed: Deployment, portrait: bytes
) -> None:
    token = await install(deployed)
    replica, other, worker, *clocks = await asyncio.gather(
        deployed.start("web", 0),
        deployed.start("web", 1),
        deployed.start("worker"),
        *(deployed.start("clock") for _ in range(2)),
    )
    async with deployed.browser() as nadia, deployed.browser() as camille:
        story = Story(deployed, portrait, nadia, camille)
        await story.begin()
        await story.post(TITLES[0], picture=portrait)
        await story.is_out(TITLES[0])
        await story.kits_come(TITLES[0])
        await story.everybody(shares)
        await story.links_are_followed(2)
        await story.badges_on_the_web("Awa", "Bo", "Chloé")

        gates = [await deployed.sandbox.hold("telegram", "sendMessage") for _ in NAMES]
        copied = asyncio.create_task(story.everybody(copies))
        for gate in gates:
            await deployed.sandbox.held(gate)
        await replica.kill()  # with the answers to half of them in its hands
        for gate in gates:
            await deployed.sandbox.release(gate)
        await asyncio.gather(copied, story.links_are_followed(4), story.badges_on_the_web("Dina", "Ezio"))
        await story.windows_are_opened()

        gate = await deployed.sandbox.hold("telegram", "sendMessage", "after", target=CHANNEL)
        await story.post(TITLES[1])
        await deployed.sandbox.held(gate)
        await story.kits_come(TITLES[1])
        heir = await deployed.start("worker")
        await worker.kill()  # Telegram has the post, and nobody heard it say so
        await story.post(TITLES[2])
        await story.is_out(*TITLES)
        await story.kits_come(TITLES[2])
        await story.settle_the_unknown()

        back, second = await asyncio.gather(deployed.start("web", 0), deployed.start("worker"))
        await story.everybody(makes_a_badge)
        await story.links_are_followed(5)
        recount = Recount(story.titles, {}, [], CHANNEL)
        recount.read(story.crowd.journal)
        await all_of_it_was_seen(deployed, story, recount, token)
    for process in (other, back, heir, second, *clocks):
        assert await process.stop() == 0, process.output
    assert "Traceback" not in deployed.output


async def all_of_it_was_seen(deployed: Deployment, story: Story, recount: Recount, token: str) -> None:
    """The journal, the rows, the API and the console say the same."""
    assert recount.wrong == []
    assert recount.on_channel == dict.fromkeys(TITLES, 1)
    assert set(recount.kits.values()) == {1} and len(recount.kits) == len(TITLES) * len(NAMES)
    figures = recount.of_campaign()
    assert {"received", "opened", "copied", "said_shared", "visit", "badge_made", "badge_downloaded"} <= set(figures)
    await the_tables_say_the_same(deployed.database, story.titles, recount)
    assert deployed.ask("SELECT state, count(*) FROM publication GROUP BY 1") == [("published", len(TITLES))]
    async with deployed.nginx.visitor(authorization=f"Bearer {token}") as program:
        whole = (await program.get("/api/v1/results")).json()
        assert (whole["people"], nonzero(whole["counts"])) == (len(NAMES), figures)
        for number, title in story.titles.items():
            post = (await program.get(f"/api/v1/results/posts/{number}")).json()
            assert nonzero(post["counts"]) == {k: n for (of, k), n in recount.of_posts().items() if of == title}
            assert post["publications"]["published"] == 1
    await the_console_shows(story, recount)
    updates = deployed.asked(r"/telegram/.*")
    assert {by[-1] for status, by in updates if status == 200} == {0, 1}
    assert any((status, by) == (502, [0]) for status, by in updates)  # what the killed one had came again, to the other
    for path in (f"{CONSOLE}/.*", "/s/.*", f"/c/{SLUG}/badge/picture"):
        assert {by[-1] for _, by in deployed.asked(path)} == {0, 1}, path
    assert {status for status, _ in deployed.asked(r"/s/.*")} == {200, 302}


async def the_console_shows(story: Story, recount: Recount) -> None:
    """Of the campaign and of each person, who has noughts where they are not counted; sums by day come within seconds."""
    own = recount.tallies()
    page = (await story.camille.get(f"{CONSOLE}/results/supporters")).text
    rows = dict(re.findall(r'<th scope="row">([^<]+)</th>(.*?)</tr>', page, re.S))
    shown = {name: [int(n) for n in re.findall(r"<td[^>]*>(\d+)</td>", row)] for name, row in rows.items()}
    assert shown == {who.name: [own[who.id, str(kind)] for kind in KINDS] for who in story.crowd.people.values()}
    assert shown[UNCOUNTED] == [0] * len(KINDS)
    whole = [recount.of_campaign()[str(kind)] for kind in KINDS]

    async def figures() -> object:
        page = (await story.camille.get(f"{CONSOLE}/results")).text
        return [int(n) for n in re.findall(r'<p class="figure mb-1">(\d+)', page)]

    await comes(figures, whole)


def nonzero(counts: dict[str, int]) -> dict[str, int]:
    return {kind: n for kind, n in counts.items() if n}
