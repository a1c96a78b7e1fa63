"""Two web processes behind nginx, on one PostgreSQL: what one began, the other goes on with, and nothing is lost."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from campaigns import access_tokens, engagement, installation, posts, share_links
from campaigns.access_tokens import Scope
from campaigns.database import Database
from campaigns.media import NewPicture
from campaigns.media_stores import Bucket
from campaigns.models import Campaign, Frame, Kind, Role, Upload
from campaigns.posts import NewPost
from campaigns.times import system_clock
from campaigns.vault import Vault
from sandbox.defaults import PORTRAIT
from tests.bucket import KEY as MEDIA_KEY
from tests.bucket import SECRET as MEDIA_SECRET
from tests.bucket import Storage
from tests.conftest import free_port
from tests.nginx import Nginx
from tests.program import Program
from tests.stores import Stores
from tests.web.test_frames import png as frame_png

pytestmark = pytest.mark.about_servers
KEY, PASSWORD = "the key of both", "correct horse battery"
HUMAN = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


@dataclass
class Site:
    """Two web processes, nginx in front of them, and what lies in their database and their bucket."""

    processes: list[Program]
    nginx: Nginx
    storage: Storage
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


PAGES = ("run", "--role", "web")


@pytest.fixture
async def site(stores: Stores, storage: Storage, tmp_path: Path) -> AsyncIterator[Site]:
    """Each process has a data folder of its own, as on another machine."""
    ports = [free_port(), free_port()]
    nginx = Nginx(tmp_path / "nginx", free_port(), free_port(), *ports)
    with stores.fresh(tmp_path) as url:
        shared = {"DATABASE_URL": url, "SECRET_KEY": KEY, "BOT_TOKEN": "", "PUBLIC_URL": nginx.site}
        shared |= {"MEDIA_URL": storage.url, "MEDIA_KEY": MEDIA_KEY, "MEDIA_SECRET": MEDIA_SECRET}
        processes = []
        for port in ports:
            (folder := tmp_path / f"data-{port}").mkdir()
            own = {"DATA_DIR": str(folder), "PORT": str(port)}
            processes.append(Program({f"PORTEVOIX_{name}": value for name, value in (shared | own).items()}))
        made = Site(processes, nginx, storage, Database(url, Vault(KEY)))
        await _fill(made)
        for process in processes:
            await process.start(*PAGES)
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
        bucket = Bucket(site.storage.url, MEDIA_KEY, MEDIA_SECRET, below="media")
        post = await posts.add_post(session, site.campaign.id, new, media_dir=bucket, now=now)
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
        await _log_in(client)
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

    one, other = site.processes
    for process in (one, other, one):
        await crowd(process)
        await process.start(*PAGES)
        await process.line("runs at")
    await crowd(None)
    assert set(answers) == {(302, "https://example.org/petition")}
    assert (await site.counts())[Kind.visit] == len(answers) == 600
    tried = [by for _method, path, _status, by in site.nginx.answered() if path.startswith("/s/")]
    assert any(len(by) == 2 for by in tried)  # some had to be taken over
    assert {by[-1] for by in tried} == {by[0] for by in tried}


async def test_the_live_board_shows_what_another_process_counted(site: Site) -> None:
    async with site.visitor() as client, site.visitor() as passer_by:
        await _log_in(client)
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


async def test_what_one_process_was_given_the_other_shows_and_nginx_keeps(site: Site) -> None:
    async with site.visitor() as client:
        csrf = await _log_in(client)
        form = {"csrf": csrf, "alt": "Une personne"}
        chosen = await client.post(
            "/console/c/orne/posts/pictures", data=form, files={"image": ("moi.jpg", PORTRAIT.read_bytes())}
        )
        (file,) = set(re.findall(r"[0-9a-f]{64}\.jpg", chosen.json()["html"]))
        shown = [await client.get(f"/console/c/orne/posts/pictures/{file}") for _ in range(2)]
        assert [answer.content for answer in shown] == [PORTRAIT.read_bytes()] * 2
        for _ in range(3):
            picture = await client.get(f"/media/{file}")
            assert (picture.content, picture.headers["content-type"]) == (PORTRAIT.read_bytes(), "image/jpeg")
    assert len(site.asked(f"/console/c/orne/posts/pictures/{file}")) == 2
    asked = [by for _method, path, _status, by in site.nginx.answered() if path == f"/media/{file}"]
    assert [len(by) for by in asked] == [1, 0, 0]  # kept from then on


async def test_a_frame_that_one_process_was_given_is_drawn_and_handed_out_in_kits_by_both(site: Site) -> None:
    frames = "/console/c/orne/setup/frames"
    async with site.visitor() as client:
        csrf = await _log_in(client)
        new = await client.post(
            frames, data={"csrf": csrf, "name": "Le rond"}, files={"file": ("rond.png", frame_png())}
        )
        assert new.status_code == 303, new.text
        number = new.headers["location"].rpartition("-")[2]
        assert (await client.post(f"{frames}/{number}/use", data={"csrf": csrf})).status_code == 303
        pictures = [await client.get(f"{frames}/{number}.webp") for _ in range(2)]
        assert [answer.status_code for answer in pictures] == [200, 200]
        assert pictures[0].content == pictures[1].content
        kits = [await client.get("/console/c/orne/kit/campaign.zip") for _ in range(2)]
        assert kits[0].content == kits[1].content and b"Le rond" in kits[0].content
        site.storage.stop()  # what is near stays good for badges
        form = {"frame": await _design(site), "name": "Zoé", "format": "square"}
        made = [
            await client.post("/c/orne/badge/picture", data=form, files={"photo": ("me.jpg", PORTRAIT.read_bytes())})
            for _ in range(2)
        ]
        assert [answer.status_code for answer in made] == [200, 200]
    assert len(site.asked(f"{frames}/{number}.webp")) == len(site.asked("/c/orne/badge/picture")) == 2


async def test_while_the_storage_is_away_a_picture_is_refused_in_words_and_nothing_is_stored(site: Site) -> None:
    async with site.visitor() as client:
        csrf = await _log_in(client)
        site.storage.stop()
        form, image = {"csrf": csrf}, {"image": ("moi.jpg", PORTRAIT.read_bytes()[:-1])}
        refused = await client.post("/console/c/orne/posts/pictures", data=form, files=image)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
        assert "Pictures cannot be reached just now" in refused.text
        site.storage.start()
        assert "html" in (await client.post("/console/c/orne/posts/pictures", data=form, files=image)).json()
    async with site.database.read() as session:
        assert len((await session.scalars(select(Upload))).all()) == 1


async def _log_in(client: httpx.AsyncClient) -> str:
    """Camille's session; gives the token that its forms carry."""
    form = {"email": "camille@example.org", "password": PASSWORD}
    form["csrf"] = token_in((await client.get("/console/login")).text)
    assert (await client.post("/console/login", data=form)).status_code == 303
    return token_in((await client.get("/console/c/orne/missions")).text)


async def _design(site: Site) -> str:
    async with site.database.read() as session:
        return (await session.scalars(select(Frame).where(Frame.name == "Le rond"))).one().design
