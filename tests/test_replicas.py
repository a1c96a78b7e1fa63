"""Two web processes behind nginx, on one PostgreSQL: what one began, the other goes on with, and nothing is lost."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from campaigns import access_tokens, engagement, installation, posts, share_links
from campaigns.access_tokens import Scope
from campaigns.database import Database
from campaigns.media import NewPicture
from campaigns.models import Campaign, Kind, Role
from campaigns.posts import NewPost
from campaigns.times import system_clock
from campaigns.vault import Vault
from sandbox.defaults import PORTRAIT
from tests.conftest import free_port
from tests.nginx import Nginx
from tests.program import ROOT, Program
from tests.stores import Stores

pytestmark = pytest.mark.about_servers
KEY, PASSWORD = "the key of both", "correct horse battery"
HUMAN = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class Replica(Program):
    """The web pages alone."""

    script = ROOT / "tests/replica.py"


@dataclass
class Site:
    """The program, one more web process, nginx in front of them, and what lies in their store."""

    program: Program
    replica: Program
    nginx: Nginx
    database: Database
    campaign: Campaign = None  # type: ignore[assignment]
    link: str = ""
    token: str = ""

    def visitor(self, **headers: str) -> httpx.AsyncClient:
        return self.nginx.visitor(**{"user-agent": HUMAN, "accept-language": "en"} | headers)

    async def counts(self) -> dict[Kind, int]:
        async with self.database.read() as session:
            return await engagement.counts_of_campaign(session, self.campaign.id)

    def asked(self, path: str) -> set[int]:
        """The processes that answered requests for a path."""
        return {by[-1] for _method, asked, _status, by in self.nginx.answered() if re.fullmatch(path, asked)}


@pytest.fixture
async def site(stores: Stores, tmp_path: Path) -> AsyncIterator[Site]:
    ports = [free_port(), free_port()]
    nginx = Nginx(tmp_path / "nginx", free_port(), free_port(), *ports)
    with stores.fresh(tmp_path) as url:
        processes = []
        for kind, port in zip((Program, Replica), ports, strict=True):
            folder = tmp_path / kind.__name__
            folder.mkdir()
            environment = {"DATA_DIR": str(folder), "DATABASE_URL": url, "PORT": str(port), "SECRET_KEY": KEY}
            environment |= {"BOT_TOKEN": "", "PUBLIC_URL": nginx.site}
            processes.append(kind({f"PORTEVOIX_{name}": value for name, value in environment.items()}))
        made = Site(*processes, nginx, Database(url, Vault(KEY)))
        await _fill(made)
        for process in processes:
            await process.start("run")
        for process in processes:
            await process.line("runs at")
        await nginx.start()
        yield made
        await nginx.stop()
        for process in processes:
            await process.stop()
        await made.database.close()


async def _fill(site: Site) -> None:
    now = system_clock()
    async with site.database.write() as session:
        site.campaign = await installation.add_campaign(session, Campaign(slug="orne", name="Pour l’Orne"), now)
        await installation.add_organizer(
            session, site.campaign.id, "camille@example.org", "Camille", PASSWORD, Role.admin, now
        )
        picture = NewPicture("portrait.jpg", PORTRAIT.read_bytes(), "Une personne")
        new = NewPost("Signez", "Signez la pétition", "https://example.org/petition", publish_at=now, share_kit=True, pictures=(picture,))  # fmt: skip
        post = await posts.add_post(session, site.campaign.id, new, media_dir=site.program.folder / "media", now=now)
        site.link = (await share_links.link_for(session, post, None, site.nginx.site, now)).token
        organizer = await installation.find_organizer(session, "camille@example.org")
        _token, site.token = await access_tokens.make_token(
            session, site.campaign.id, organizer.id, "Site", [Scope.posts_read], now
        )


def token_in(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


async def test_who_logs_in_by_one_process_acts_by_the_other(site: Site) -> None:
    async with site.visitor() as client:
        form = {"email": "camille@example.org", "password": PASSWORD}
        form["csrf"] = token_in((await client.get("/console/login")).text)
        assert (await client.post("/console/login", data=form)).status_code == 303
        missions = "/console/c/orne/missions"
        for i in range(4):
            page = await client.get(missions)
            assert page.status_code == 200
            new = {"title": f"Tractage {i}", "kind": "leaflets", "place": "Gare", "starts": "2099-03-06T10:00"}
            new["csrf"] = token_in(page.text)
            assert (await client.post(missions, data=new)).status_code == 303
        page = (await client.get(missions)).text
        assert all(f"Tractage {i}" in page for i in range(4))
        assert (await client.post("/console/logout", data={"csrf": token_in(page)})).status_code == 303
        assert [(await client.get(missions)).status_code for _ in range(2)] == [303, 303]
    assert len(site.asked(missions)) == 2


async def test_who_guesses_passwords_waits_whichever_process_they_reach(site: Site) -> None:
    async with site.visitor() as client:
        form = {"email": "camille@example.org", "password": "wrong"}
        form["csrf"] = token_in((await client.get("/console/login")).text)
        said = [(await client.post("/console/login", data=form)).status_code for _ in range(7)]
    assert said == [422] * 5 + [429] * 2
    assert len(site.asked("/console/login")) == 2


async def test_a_token_asks_as_often_as_it_may_and_no_more(site: Site) -> None:
    async with site.visitor(authorization=f"Bearer {site.token}") as client:
        said = [(await client.get("/api/v1/me")).status_code for _ in range(140)]
    assert said.count(200) <= 120 and said[:100] == [200] * 100
    assert set(said[120:]) == {429}
    assert len(site.asked("/api/v1/me")) == 2


async def test_a_badge_is_made_by_one_process_saved_by_the_other_and_counted_once(site: Site) -> None:
    receipt, photo = "", {"photo": ("me.jpg", PORTRAIT.read_bytes())}
    async with site.visitor() as client:
        page = await client.get("/c/orne/badge")
        frame = re.findall(r'name="frame" value="([^"]+)"', page.text)[0]
        for format in ("square", "story", "cover", "banner"):
            form = {"frame": frame, "name": "Zoé", "format": format, "receipt": receipt}
            made = await client.post("/c/orne/badge/picture", data=form, files=photo)
            assert (made.status_code, made.headers["content-type"]) == (200, "image/jpeg")
            receipt = made.headers["badge-receipt"]
            assert (await client.post("/badge-downloaded", data={"receipt": receipt})).status_code == 204
            await client.get("/c/orne/badge")  # so that the next picture is another process's turn
        large = await client.post("/c/orne/badge/picture", data=form, files={"photo": ("me.jpg", b"\xff" * 30_000_000)})
        assert (large.status_code, large.json()["field"]) == (413, "photo")  # in the program's own words
    assert len(site.asked("/c/orne/badge/picture")) == 2
    counts = await site.counts()
    assert (counts[Kind.badge_made], counts[Kind.badge_downloaded]) == (1, 1)


async def test_a_share_link_counts_each_visit_once_while_either_process_is_killed_and_comes_back(site: Site) -> None:
    answers = []

    async def visit(numbers: Iterator[int], killed: Program | None, at: int) -> None:
        async with site.visitor() as client:
            for number in numbers:
                if killed is not None and number == at:
                    await killed.kill()
                answer = await client.get(f"/s/{site.link}", headers={"user-agent": f"{HUMAN} {number}"})
                answers.append((answer.status_code, answer.headers.get("location")))

    async def crowd(killed: Program | None) -> None:
        """Many visitors of a hundred and fifty at a time; in the middle of them a process ends."""
        numbers = iter(range(len(answers), len(answers) + 150))
        at = len(answers) + 50
        await asyncio.gather(*(visit(numbers, killed, at) for _ in range(12)))

    for process in (site.replica, site.program, site.replica):
        await crowd(process)
        await process.start("run")
        await process.line("runs at")
    await crowd(None)
    assert set(answers) == {(302, "https://example.org/petition")}
    assert (await site.counts())[Kind.visit] == len(answers) == 600
    tried = [by for _method, path, _status, by in site.nginx.answered() if path.startswith("/s/")]
    assert any(len(by) == 2 for by in tried)  # some had to be taken over
    assert {by[-1] for by in tried} == {by[0] for by in tried}


async def test_the_live_board_shows_what_another_process_counted(site: Site) -> None:
    async with site.visitor() as client, site.visitor() as passer_by:
        form = {"email": "camille@example.org", "password": PASSWORD}
        form["csrf"] = token_in((await client.get("/console/login")).text)
        assert (await client.post("/console/login", data=form)).status_code == 303
        async with client.stream("GET", "/console/c/orne/live/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.aiter_lines()
            await _board_with(lines, "Nobody has done anything yet.")
            for number in range(2):
                await passer_by.get(f"/s/{site.link}", headers={"user-agent": f"{HUMAN} {number}"})
            await _board_with(lines, "somebody came through a link")
    assert len(site.asked("/s/.*")) == 2


async def _board_with(lines: AsyncIterator[str], words: str) -> None:
    async with asyncio.timeout(60):
        async for line in lines:
            if words in line:
                return
    raise AssertionError(f"the board never said “{words}”")


async def test_what_a_proxy_shows_of_itself_and_what_it_keeps(site: Site) -> None:
    async with site.visitor() as client:
        page = await client.get("/c/orne")
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        followed = [await client.get(f"/s/{site.link}", headers={"user-agent": HUMAN}) for _ in range(2)]
        assert {answer.headers["cache-control"] for answer in followed} == {"no-store"}
    async with site.nginx.visitor() as client:  # no TLS: on to the address that has it
        answer = await client.get(f"http://campaign.example.org:{site.nginx.plain}/c/orne?a=1")
        assert (answer.status_code, answer.headers["location"]) == (301, "https://campaign.example.org/c/orne?a=1")
