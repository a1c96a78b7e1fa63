"""A Facebook Page and a list of e-mail relays, by the real program: from the command line to the Page and the mailboxes."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from sandbox.client import SandboxClient
from sandbox.facebook.state import DEMO_PAGES
from sandbox.mail.server import DEMO_LOGIN
from sandbox.server import SandboxServer
from tests.program import Program

PAGE = DEMO_PAGES[0]


async def told(program: Program, *arguments: str, code: int = 0) -> str:
    ended, said = await program.call(*arguments)
    assert ended == code and "Traceback" not in said, said
    return said


def sets(**settings: str) -> list[str]:
    return [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]


@pytest.fixture
async def installed(program: Program, sandbox_server: SandboxServer, sandbox: SandboxClient) -> Program:
    page = sets(page_id=PAGE.id, access_token=PAGE.access_token, base_url=sandbox_server.facebook)
    username, password = DEMO_LOGIN
    relay = sets(
        host="127.0.0.1",
        port=str(sandbox_server.smtp_port),
        username=username,
        password=password,
        sender="La Région qui ose <relais@region.example>",
        starttls="no",
        per_minute="6000",
    )
    await told(program, "campaigns", "add", "La Région qui ose")
    await told(program, "territories", "add", "Vallée")
    await told(program, "territories", "add", "Montfleury", "--parent", "Vallée")
    await told(program, "channels", "add", "facebook", "Page", *page)
    await told(program, "channels", "add", "mail", "Relais", *relay, "--territory", "Vallée")
    return program


async def test_a_bad_list_stores_nothing_unless_told_to(installed: Program, tmp_path: Path) -> None:
    path = tmp_path / "relais.csv"
    path.write_text("address,name,territory\nanne@a.example,Anne,Vallée\nblaise,Blaise,Vallée\n", "utf-8")
    said = await told(installed, "addresses", "import", str(path), code=1)
    assert "line 3, column address: “blaise” is not an e-mail address" in said and "nothing was imported" in said
    assert "anne@a.example" not in await told(installed, "addresses", "list")
    assert "1 addresses are added" in await told(installed, "addresses", "import", str(path), "--skip-bad", code=1)
    assert "anne@a.example" in await told(installed, "addresses", "list", "--territory", "Vallée")


async def test_a_post_reaches_the_page_and_each_mailbox_and_the_link_in_it_stops_the_next(
    installed: Program, sandbox: SandboxClient, tmp_path: Path
) -> None:
    people = tmp_path / "relais.csv"
    people.write_text(
        "address,name,territory\nanne@a.example,Anne,Vallée\nblaise@a.example,Blaise,Montfleury\nzoe@a.example,Zoé,\n",
        "utf-8",
    )
    await told(installed, "addresses", "import", str(people))
    assert f"✓ Page (facebook): {PAGE.name}" in await told(installed, "channels", "check")
    soon = datetime.now(UTC) + timedelta(seconds=15)  # the import and the start of the program come first
    posts = tmp_path / "posts.csv"
    posts.write_text(
        "title,text,link,publish_at,timezone,channels\n"
        f"Lancement,C’est parti,https://exemple.fr/p,{soon:%Y-%m-%d %H:%M:%S},UTC,Page|Relais\n",
        "utf-8",
    )
    await told(installed, "posts", "import", str(posts))
    await installed.start()
    mails = await sandbox.wait_for_ledger(2, service="mail", within=30)
    (entry,) = await sandbox.wait_for_ledger(1, service="facebook", within=30)
    assert (entry["text"], entry["link"]) == ("C’est parti", "https://exemple.fr/p")
    assert [mail["channel"] for mail in mails] == ["anne@a.example", "blaise@a.example"]  # Zoé has no territory
    link = re.search(r"http://\S+/unsubscribe/\S+", mails[0]["text"])
    assert link is not None
    async with httpx.AsyncClient() as mail_program:
        answer = await mail_program.post(link[0], data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert re.search(r"anne@a.example.*unsubscribed", await told(installed, "addresses", "list"))
