"""The whole story through HTTP: the real program, the real python-telegram-bot and tweepy, and the stand-ins.

A CSV is queued, posts go out in order and once, an activist joins, shares and makes a badge, and everybody reads the same
figures.
"""

import csv
import io
import re
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from PIL import Image

from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS, DEMO_CHANNELS
from sandbox.server import SandboxServer
from tests.program import Program

BROWSER = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
ACCOUNT, CHAT = DEMO_ACCOUNTS[0], DEMO_CHANNELS[0]
PASSWORD = "une phrase assez longue"


def due_in(wait: timedelta, material: Path, folder: Path) -> tuple[Path, list[dict[str, str]]]:
    """The campaign's CSV with every moment brought forward to the same second; what it says, in order."""
    due = datetime.now(ZoneInfo("Europe/Paris")) + wait
    with (material / "campagne.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["publish_at"], row["timezone"] = f"{due:%Y-%m-%d %H:%M:%S}", "Europe/Paris"
    shutil.copytree(material / "images", folder / "images", dirs_exist_ok=True)
    path = folder / "posts.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path, rows


async def told(program: Program, *arguments: str) -> str:
    code, said = await program.call(*arguments)
    assert code == 0, said
    return said


async def install(program: Program, server: SandboxServer) -> None:
    await told(
        program, "campaigns", "add", "La Région qui ose", "--slogan", "Osons la région", "--hashtag", "LaRégionQuiOse"
    )
    await told(program, "campaigns", "set", "--quiet", "none")  # the story is told at any hour
    for name in ("Littoral", "Vallée"):
        await told(program, "territories", "add", name)
    await told(program, "channels", "add", "telegram", "Canal Telegram", "--set", f"chat_id={CHAT.id}")
    keys = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    sets = [f"{key}={getattr(ACCOUNT, key)}" for key in keys] + [f"base_url={server.x}"]
    await told(program, "channels", "add", "x", "Compte X", *(part for pair in sets for part in ("--set", pair)))
    assert "✓ Compte X (x): @" in await told(program, "channels", "check")
    await told(program, "organizers", "add", "camille@exemple.fr", "--password", PASSWORD)


class Browser(httpx.AsyncClient):
    """A person's browser: the organizer's, or a friend's who follows a link."""

    def __init__(self, site: str, agent: str = BROWSER, **how: Any) -> None:
        super().__init__(base_url=site, headers={"User-Agent": agent, "Accept-Language": "fr"}, timeout=60, **how)

    async def submit(self, path: str, **fields: str | list[str]) -> httpx.Response:
        """Fill in the form of a page, as it stands there with its hidden fields."""
        form = (await self.get(path)).text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        return await self.post(path, data={**hidden, **fields}, follow_redirects=True)


def buttons(message: dict[str, object]) -> list[dict[str, str]]:
    markup = message.get("reply_markup") or {}
    return [b for row in markup.get("inline_keyboard", []) for b in row]  # type: ignore[attr-defined]


async def tap(sandbox: SandboxClient, person: int, data: str) -> dict[str, object]:
    """Tap the newest button that begins so; the message that it stood under."""
    message = await sandbox.message(
        person, lambda m: any(b.get("callback_data", "").startswith(data) for b in buttons(m))
    )
    full = next(b["callback_data"] for b in buttons(message) if b.get("callback_data", "").startswith(data))
    await sandbox.tap(person, message["message_id"], full)
    return message


@pytest.mark.takes_long
async def test_from_a_queued_csv_to_counted_shares(
    program: Program,
    sandbox: SandboxClient,
    sandbox_server: SandboxServer,
    material: Path,
    tmp_path: Path,
    portrait: bytes,
) -> None:
    site = program.site
    await install(program, sandbox_server)
    started = time.monotonic()
    file, rows = due_in(timedelta(hours=1), material, tmp_path)
    assert f"{len(rows)} posts would be queued, 0 lines are wrong" in await told(
        program, "posts", "import", str(file), "--dry-run"
    )
    # What lies in the past is refused: so soon, but not before this machine has imported it.
    soon = timedelta(seconds=5 + 3 * (time.monotonic() - started))
    file, rows = due_in(soon, material, tmp_path)
    assert f"{len(rows)} posts are queued" in await told(program, "posts", "import", str(file))
    await program.start()

    await published_in_order_and_once(sandbox, rows)
    zoe = await join(sandbox)
    card = await an_organizer_writes_and_she_gets_the_card(site, sandbox, zoe)
    await she_shares_and_people_follow(site, sandbox, zoe, card)
    await she_makes_a_badge(sandbox, zoe, portrait)
    await everybody_reads_the_same_figures(site, sandbox, zoe)
    assert await program.stop() == 0, program.output


async def published_in_order_and_once(sandbox: SandboxClient, rows: list[dict[str, str]]) -> None:
    for service, channel, name in (("x", ACCOUNT.username, "Compte X"), ("telegram", CHAT.id, "Canal Telegram")):
        expected = [(row.get(f"text.{service}") or row["text"]).strip() for row in rows if name in row["channels"]]
        found = [
            e
            for e in await sandbox.wait_for_ledger(len(expected), service=service, channel=channel, within=60)
            if e["text"]
        ]
        assert len(found) == len(expected)
        for entry, text in zip(found, expected, strict=True):
            assert entry["text"].startswith(text)


async def join(sandbox: SandboxClient) -> int:
    zoe = await sandbox.person("Zoé", language_code="fr")
    await sandbox.start(zoe)
    welcome = await tap(sandbox, zoe, "join:contact:yes")
    assert "La Région qui ose" in str(welcome["text"]) and "La campagne peut-elle vous écrire" in str(welcome["text"])
    await tap(sandbox, zoe, "join:counting:yes")
    await tap(sandbox, zoe, "join:ranking:no")
    territory = await tap(sandbox, zoe, "join:territory:")
    assert {"Littoral", "Vallée"} <= {b["text"] for b in buttons(territory)}
    await sandbox.message(zoe, lambda m: "Bienvenue, Zoé" in m.get("text", ""))
    return zoe


async def an_organizer_writes_and_she_gets_the_card(site: str, sandbox: SandboxClient, zoe: int) -> dict[str, object]:
    async with Browser(site) as camille:
        assert (await camille.get("/console")).status_code in (302, 303)
        await camille.submit("/console/login", email="camille@exemple.fr", password=PASSWORD)
        assert "Canal Telegram" in (await camille.get("/console/c/la-region-qui-ose/channels")).text
        soon = datetime.now(ZoneInfo("Europe/Paris")) + timedelta(minutes=1)
        moment = {"date": f"{soon:%Y-%m-%d}", "time": f"{soon:%H:%M}", "timezone": "Europe/Paris"}
        texts = {
            "title": "Dernière minute",
            "text": "Réunion ce soir à 20 h !",
            "link": "https://exemple.fr/ce-soir",
            "wording.1": "Ce soir, j’y vais.",
        }
        refused = await camille.submit("/console/c/la-region-qui-ose/posts/new", **texts, **moment)
        assert refused.status_code == 422 and "Réunion ce soir" in refused.text
        page = await camille.submit("/console/c/la-region-qui-ose/posts/new", **texts, **moment, share_kit="yes")
        assert page.status_code == 200 and "Dernière minute" in page.text
    return await sandbox.message(zoe, lambda m: "Dernière minute" in m.get("text", ""), within=90)


async def she_shares_and_people_follow(site: str, sandbox: SandboxClient, zoe: int, card: dict[str, object]) -> None:
    opens = {b["text"]: b["url"] for b in buttons(card) if "url" in b}
    assert {"WhatsApp", "X", "Facebook", "Bluesky", "Mastodon", "Telegram"} <= opens.keys()
    link = re.search(r"http\S+/s/[\w-]+", str(card["text"]))
    assert link is not None
    async with Browser(site) as own:
        for _ in range(2):  # the same window twice is one opening
            window = await own.get(opens["X"])
            assert window.headers["location"].startswith("https://x.com/intent/tweet?text=R%C3%A9union%20ce%20soir")
            assert link[0].replace(":", "%3A").replace("/", "%2F") in window.headers["location"]
        await tap(sandbox, zoe, "kit:wording:")
        await sandbox.message(zoe, lambda m: "Ce soir, j’y vais." in m.get("text", ""))
        await tap(sandbox, zoe, "kit:copy:")
        await tap(sandbox, zoe, "kit:shared:")
        await tap(sandbox, zoe, "kit:on:")
    for agent in (BROWSER, BROWSER, f"{BROWSER} another"):  # two people, one of whom comes twice
        async with Browser(site, agent) as friend:
            followed = await friend.get(link[0])
            assert (followed.status_code, followed.headers["location"]) == (302, "https://exemple.fr/ce-soir")
    for agent in ("TelegramBot (like TwitterBot)", "facebookexternalhit/1.1", "Bluesky Cardyb/1.1"):
        async with Browser(site, agent) as unfurler:
            unfurled = await unfurler.get(link[0])
            assert unfurled.status_code == 200 and 'property="og:title"' in unfurled.text
    async with Browser(site) as ahead:
        await ahead.get(link[0], headers={"Sec-Purpose": "prefetch"})
        await ahead.head(link[0])


async def she_makes_a_badge(sandbox: SandboxClient, zoe: int, portrait: bytes) -> None:
    await sandbox.say(zoe, "/badge")
    await sandbox.send_photo(zoe, portrait)
    await tap(sandbox, zoe, "badge:frame:")
    await sandbox.message(zoe, lambda m: "Quel nom" in m.get("text", ""))
    await sandbox.say(zoe, "Zoé du Littoral")
    await tap(sandbox, zoe, "badge:file:square")
    message = await sandbox.message(zoe, lambda m: "document" in m, within=60)
    file = await sandbox.file(message["document"]["file_id"])
    with Image.open(io.BytesIO(file)) as badge:
        assert (badge.format, badge.size) == ("PNG", (1080, 1080))


async def everybody_reads_the_same_figures(site: str, sandbox: SandboxClient, zoe: int) -> None:
    await sandbox.say(zoe, "/me")
    figures = str((await sandbox.message(zoe, lambda m: "Vos chiffres" in m.get("caption", "")))["caption"])
    hers = {name: int(number) for name, number in re.findall(r"(?m)^\S+ (.+?)\u202f: (\d+)$", figures)}
    assert hers["Fenêtres de partage ouvertes"] == 1
    assert hers["Partages que vous nous avez dits"] == 1
    assert hers["Visites par vos liens"] == 2
    assert hers["Messages reçus"] == 1
    assert hers["Badges faits"] == 1
    async with Browser(site) as camille:
        await camille.submit("/console/login", email="camille@exemple.fr", password=PASSWORD)
        page = (await camille.get("/console/c/la-region-qui-ose/results/supporters?lang=en")).text
    table = page[page.index("<table") :]
    names = re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', table)
    row = re.search(r'<th scope="row">Zoé</th>(.*?)</tr>', table, re.S)
    assert row is not None
    console = dict(zip(names[1:], map(int, re.findall(r"<td[^>]*>(\d+)</td>", row[1])), strict=True))
    assert (console["Received"], console["Opened"], console["Said shared"], console["Visits"]) == (1, 1, 1, 2)
