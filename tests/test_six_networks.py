"""One campaign on six networks, by the real program and the networks' own protocols: what goes out, and what goes wrong."""

import asyncio
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from campaigns import installation
from campaigns.addresses import NewAddress, store_addresses
from campaigns.models import Campaign, Role
from sandbox.bluesky.state import DEMO_ACTORS
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS, DEMO_CHANNELS
from sandbox.facebook.state import DEMO_PAGES
from sandbox.mail.server import DEMO_LOGIN
from sandbox.mastodon.state import DEMO_MEMBERS
from sandbox.server import SandboxServer
from tests.program import Program
from tests.test_story import PASSWORD, Browser, told

X, CHAT, MEMBER, ACTOR, PAGE = DEMO_ACCOUNTS[0], DEMO_CHANNELS[0], DEMO_MEMBERS[0], DEMO_ACTORS[0], DEMO_PAGES[0]
EVERYWHERE = "Canal|X|Mastodon|Bluesky|Page|Relais"
THREAD = [
    f"{number} temps : " + "les trains roulent à l’heure. " * 8 for number in ("Premier", "Deuxième", "Troisième")
]
HEADER = "title,text,link,image,alt,publish_at,timezone,channels\n"
POSTS = "/console/c/la-region-qui-ose/posts"
QUEUE = "/console/c/la-region-qui-ose/queue"


@pytest.fixture
async def installed(program: Program, sandbox_server: SandboxServer, sandbox: SandboxClient) -> Program:
    """The campaign with its six channels, each with the settings that its network asks for, and two relays."""
    keys = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    channels: dict[str, tuple[str, dict[str, str]]] = {
        "telegram": ("Canal", {"chat_id": str(CHAT.id)}),
        "x": ("X", {"base_url": sandbox_server.x} | {key: getattr(X, key) for key in keys}),
        "mastodon": ("Mastodon", {"base_url": sandbox_server.mastodon, "access_token": MEMBER.access_token}),
        "bluesky": (
            "Bluesky",
            {"base_url": sandbox_server.bluesky, "handle": ACTOR.handle, "app_password": ACTOR.app_password},
        ),
        "facebook": (
            "Page",
            {"base_url": sandbox_server.facebook, "page_id": PAGE.id, "access_token": PAGE.access_token},
        ),
        "mail": (
            "Relais",
            {
                "host": "127.0.0.1",
                "port": str(sandbox_server.smtp_port),
                "username": DEMO_LOGIN[0],
                "password": DEMO_LOGIN[1],
                "sender": "La Région qui ose <relais@region.example>",
                "starttls": "no",
                "per_minute": "6000",
            },
        ),
    }
    database, now = program.store(program.vault), datetime.now(UTC)
    async with database.write() as session:
        campaign = await installation.add_campaign(session, Campaign(slug="", name="La Région qui ose"), now)
        for network, (name, settings) in channels.items():
            await installation.add_channel(session, campaign.id, network, name, settings)
        await installation.add_organizer(
            session, campaign.id, "camille@exemple.fr", "Camille", PASSWORD, Role.admin, now
        )
        people = [NewAddress(f"{name.lower()}@a.example", name, None) for name in ("Anne", "Blaise")]
        await store_addresses(session, campaign.id, people, now)
    await database.close()
    return program


async def queue(program: Program, folder: Path, *lines: str) -> None:
    file = folder / "posts.csv"
    file.write_text(HEADER + "".join(line + "\n" for line in lines), "utf-8")
    await told(program, "posts", "import", str(file))


def soon(seconds: int) -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}"


@pytest.mark.takes_long
async def test_a_post_and_a_thread_reach_followers_and_relays_on_six_networks(
    installed: Program, sandbox: SandboxClient, material: Path, tmp_path: Path
) -> None:
    assert (await told(installed, "channels", "check")).count("✓") == 6
    shutil.copytree(material / "images", tmp_path / "images")
    at = soon(45)
    await queue(
        installed,
        tmp_path,
        f"Lancement,C’est parti #Ose,https://exemple.fr/p,images/rassemblement.jpg,Une foule,{at},UTC,{EVERYWHERE}",
        f'Fil,"{chr(10).join([THREAD[0], "---", THREAD[1], "---", THREAD[2]])}",,,,{at},UTC,X|Mastodon|Bluesky',
    )
    await installed.start()
    accounts = {"telegram": CHAT.id, "x": X.username, "mastodon": MEMBER.username, "bluesky": ACTOR.handle}
    for service, account in accounts.items():
        parts = 1 if service == "telegram" else 4
        first, *thread = await sandbox.wait_for_ledger(parts, service=service, channel=account, within=120)
        assert first["text"] == "C’est parti #Ose\n\nhttps://exemple.fr/p"
        assert [each["text"] for each in thread] == [part.strip() for part in THREAD][: parts - 1]
        assert [each["reply_to"] for each in thread[1:]] == [each["id"] for each in thread[:-1]]
        (picture,) = first["media"]
        assert picture.get("alt") == (None if service == "telegram" else "Une foule")
    (bluesky, *_rest) = await sandbox.wait_for_ledger(4, service="bluesky", within=5)
    marked = {
        bluesky["text"].encode()[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in bluesky["facets"]
    }
    assert marked == {"#Ose", "https://exemple.fr/p"}
    (page,) = await sandbox.wait_for_ledger(1, service="facebook", within=30)
    assert (page["text"], page["media"][0]["alt"]) == ("C’est parti #Ose\n\nhttps://exemple.fr/p", "Une foule")
    mails = await sandbox.wait_for_ledger(2, service="mail", within=30)
    assert [mail["recipients"] for mail in mails] == [["anne@a.example"], ["blaise@a.example"]]
    for mail in mails:
        headers = dict(map(tuple, mail["headers"]))
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = re.fullmatch(r"<(http://\S+/unsubscribe/\S+)>", headers["List-Unsubscribe"])
        assert link is not None and link[1] in mail["text"] and link[1] in mail["html"]
    async with Browser(installed.site) as camille:
        await camille.submit("/console/login", email="camille@exemple.fr", password=PASSWORD)
        page_of_posts = (await camille.get(f"{POSTS}?lang=en")).text
    assert page_of_posts.count('class="badge state-published"') == 9  # six and three publications
    assert await installed.stop() == 0, installed.output


@pytest.mark.takes_long
async def test_an_unknown_outcome_is_settled_by_a_human_and_a_refused_token_by_a_new_one(
    installed: Program, sandbox: SandboxClient, tmp_path: Path
) -> None:
    await sandbox.fault("facebook", "cut_after", "POST /{page}/feed", count=1)
    await sandbox.fault("bluesky", "revoked", "*", count=1)
    at = soon(30)
    await queue(installed, tmp_path, f"Soir,À ce soir,https://exemple.fr/s,,,{at},UTC,Page|Bluesky|Mastodon")
    await installed.start()
    await sandbox.wait_for_ledger(1, service="mastodon", within=120)  # nobody waits for the others
    (post,) = await sandbox.wait_for_ledger(1, service="facebook", within=120)
    async with Browser(installed.site) as camille:
        await camille.submit("/console/login", email="camille@exemple.fr", password=PASSWORD)
        await until(camille, "nobody knows", "this channel rests")
        page = (await camille.get(f"{QUEUE}?lang=en&show=decide")).text
        form = re.search(r'action="(\S+/publications/\d+/settle)".*?name="csrf" value="([^"]+)"', page, re.S)
        assert form is not None
        address = f"https://www.facebook.com/{post['id']}"
        there = {"csrf": form[2], "to": "published", "url": address}
        assert (await camille.post(form[1], data=there)).status_code == 303
        assert f'href="{address}"' in (await camille.get(f"{QUEUE}?show=out")).text
        said = await told(installed, "channels", "mend", "Bluesky", "--set", f"app_password={ACTOR.app_password}")
        assert "is mended: @campagne.test" in said
        (entry,) = await sandbox.wait_for_ledger(1, service="bluesky", within=120)
        assert entry["card"] == "https://exemple.fr/s"
    assert len(await sandbox.wait_for_ledger(1, service="facebook", within=1)) == 1  # never a second time
    assert await installed.stop() == 0, installed.output


async def until(browser: httpx.AsyncClient, *said: str) -> str:
    """The list of posts as soon as it says all of this."""
    async with asyncio.timeout(60):
        while True:
            page = (await browser.get(f"{POSTS}?lang=en")).text
            if all(each in page for each in said):
                return page
            await asyncio.sleep(0.2)
