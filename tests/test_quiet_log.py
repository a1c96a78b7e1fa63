"""A campaign's day at DEBUG, with much that goes wrong: the log is JSON from its first line to its last, and names nobody."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS, DEMO_CHANNELS
from sandbox.server import SandboxServer
from tests.program import Program
from tests.test_six_networks import (
    ACTOR,
    DEMO_LOGIN,
    EVERYWHERE,
    MEMBER,
    PAGE,
    PASSWORD,
    Browser,
    installed,
    told,
)
from tests.test_story import BROWSER, buttons, tap

__all__ = ["installed"]  # a fixture
WORDS = ("Girouette", "Cornemuse", "Tournesol", "Pissenlit")  # of posts, messages and names; in no line of ours
HEADER = "title,text,link,channels,publish_at,timezone,share_kit\n"
SITE = re.compile(r"http://127\.0\.0\.1:\d+")


async def come(program: Program, *patterns: str) -> None:
    """Wait until each of these has been in a line, in whatever order."""
    missing = set(patterns)
    while missing:
        line = await program.line("|".join(missing))
        missing = {each for each in missing if not re.search(each, line)}


async def zoe_joins(sandbox: SandboxClient, portrait: bytes) -> int:
    zoe = await sandbox.person("Zoé", last_name="Tournesol", username="zoe_tournesol", language_code="fr")
    await sandbox.start(zoe)
    await tap(sandbox, zoe, "join:contact:yes")
    await tap(sandbox, zoe, "join:counting:yes")
    await tap(sandbox, zoe, "join:ranking:no")
    await sandbox.message(zoe, lambda m: "Bienvenue, Zoé" in m.get("text", ""))
    await sandbox.say(zoe, "Une Cornemuse pour la fête")
    await sandbox.say(zoe, "/badge")
    await sandbox.send_photo(zoe, portrait)
    await tap(sandbox, zoe, "badge:frame:")
    await sandbox.message(zoe, lambda m: "Quel nom" in m.get("text", ""))
    await sandbox.say(zoe, "Zoé Tournesol")
    await tap(sandbox, zoe, "badge:file:square")
    await sandbox.message(zoe, lambda m: "document" in m, within=60)
    return zoe


async def posts_go_out_and_fail(program: Program, sandbox: SandboxClient, folder: Path, slowness: float) -> None:
    await sandbox.fault("mail", "blocked", "RCPT", target="blaise@a.example", count=None)
    await sandbox.fault("mastodon", "error_before", count=2)
    await sandbox.fault("x", "blocked", "POST /2/tweets", count=1)
    await sandbox.fault("facebook", "revoked", count=1)
    due = datetime.now(UTC) + timedelta(seconds=5 + 3 * slowness)  # not before this machine has imported it
    moment = f"{due:%Y-%m-%d %H:%M:%S},UTC"
    file = folder / "posts.csv"
    long = " ".join(["Pissenlit"] * 200)  # more than a caption, a toot or a tweet takes
    rows = f"Girouette,Une Girouette au vent,https://exemple.fr/pissenlit,{EVERYWHERE},{moment},oui\n"
    rows += f"Trop long,{long},,Canal|Page,{moment},non\n"
    file.write_text(HEADER + rows, "utf-8")
    await told(program, "posts", "import", str(file))


async def people_follow(program: Program, card: dict[str, Any]) -> None:
    link = re.search(r"http\S+/s/[\w-]+", str(card["text"]))
    assert link is not None
    opens = {b["text"]: b["url"] for b in buttons(card) if "url" in b}
    async with Browser(program.site) as friend:
        assert (await friend.get(link[0])).status_code == 302
        await friend.get(opens["X"])
        await friend.get(link[0] + "-cut")
        await friend.get("/s/Pissenlit")
        await friend.get("/api/v1/me", headers={"Authorization": "Bearer pv_Cornemuse"})
        await friend.submit("/console/login", email="pissenlit@exemple.fr", password="Cornemuse et Girouette")
        await friend.submit("/console/login", email="camille@exemple.fr", password=PASSWORD)
        assert (await friend.get("/console/c/la-region-qui-ose/results?q=Pissenlit")).status_code == 200


async def the_store_breaks(program: Program, sandbox: SandboxClient, zoe: int) -> None:
    """Errors whose words hold a statement and its values."""
    program.ask("ALTER TABLE dialogue RENAME TO gone")
    await sandbox.say(zoe, "Encore une Cornemuse")
    await sandbox.message(zoe, lambda m: "Quelque chose n’a pas marché" in m.get("text", ""))
    program.ask("ALTER TABLE campaign RENAME TO gone_too")
    async with Browser(program.site) as friend:
        assert (await friend.get("/c/Pissenlit/badge")).status_code in (500, 503)


def personal(program: Program, zoe: int) -> set[str]:
    """What must stand in no line."""
    ask = program.ask
    found = {*WORDS, "Zoé", "zoe_tournesol", str(zoe), "Camille", "camille@exemple.fr", PASSWORD, "Blaise", "a.example"}
    found |= {program.token, program.token.partition(":")[2], str(DEMO_CHANNELS[0].id), str(abs(DEMO_CHANNELS[0].id))}
    found |= {token for (token,) in ask("SELECT token FROM share_link")}
    found |= {token for (token,) in ask("SELECT open_token FROM share_link WHERE open_token IS NOT NULL")}
    account = DEMO_ACCOUNTS[0]
    found |= {account.consumer_key, account.consumer_secret, account.access_token, account.access_token_secret}
    found |= {MEMBER.access_token, ACTOR.app_password, ACTOR.handle, PAGE.access_token, *DEMO_LOGIN}
    return found | {BROWSER, "Firefox", "pv_", "exemple.fr", "127.0.0.1"}


async def test_at_debug_every_line_is_json_and_no_line_names_anybody(
    installed: Program, sandbox: SandboxClient, sandbox_server: SandboxServer, tmp_path: Path, portrait: bytes
) -> None:
    program = installed
    started = time.monotonic()
    await told(program, "campaigns", "set", "--quiet", "none")  # the story is told at any hour
    slowness = time.monotonic() - started  # seconds that a command takes here
    program.set(LOG_LEVEL="DEBUG", LOG_FORMAT="json")
    await program.start()
    zoe = await zoe_joins(sandbox, portrait)
    await posts_go_out_and_fail(program, sandbox, tmp_path, slowness)
    await come(program, "channel [0-9]+ rests", "PostRejected", "NetworkDown|OutcomeUnknown", "has reached everybody")
    card = await sandbox.message(zoe, lambda m: "Girouette" in m.get("text", ""), within=60)
    await people_follow(program, card)
    secret = personal(program, zoe)
    await the_store_breaks(program, sandbox, zoe)
    await program.stop()
    lines = program.output.splitlines()
    events = [json.loads(line) for line in lines]
    for line in lines:
        said = SITE.sub("", line) if "Porte-voix runs at" in line else line
        assert not [each for each in secret if each in said], line
    it_tells_what_it_did(events)


def it_tells_what_it_did(events: list[dict[str, Any]]) -> None:
    for event in events:
        assert datetime.fromisoformat(event["time"]).utcoffset() == timedelta(0)
        assert {"level", "logger", "event"} <= event.keys()
    routes = {(e.get("method"), e.get("route")) for e in events if e["logger"] == "web.served"}
    assert {("GET", "/s/{token}"), ("GET", "/o/{open_token}/{network}"), ("POST", "/console/login")} <= routes
    assert {("GET", "/api/v1/me"), ("GET", "/console/c/{slug}/results")} <= routes
    assert {"message", "callback_query"} <= {e["update"] for e in events if e["logger"] == "bot.handling"}
    out = [e for e in events if "is out" in e["event"]]
    assert out and all({"campaign", "post", "channel", "publication"} <= e.keys() for e in out)
    assert any(e["level"] == "warning" and "PostRejected" in e["event"] for e in events), "something was refused"
    assert any("rests" in e["event"] and "channel" in e for e in events)
    assert all(e["ms"] >= 0 and e["status"] >= 200 for e in events if e["logger"] == "web.served")
    broken = [e for e in events if e.get("exception")]
    assert broken and all(each["frames"] for e in broken for each in e["exception"][:1])


async def test_what_ends_a_program_of_json_is_a_line_of_json(program: Program) -> None:
    program.set(LOG_FORMAT="json", HOST="203.0.113.7")  # an address of documents, which no machine has
    code, said = await program.call("run")
    lines = [json.loads(line) for line in said.splitlines()]
    assert code == 1 and "PORTEVOIX_PORT" in lines[-1]["event"] and lines[-1]["level"] == "critical"


async def test_a_new_installations_key_is_printed_on_a_terminal_and_kept_out_of_a_log(program: Program) -> None:
    program.set(LOG_FORMAT="json")
    await program.start()
    line = json.loads(await program.line("nobody can log in yet"))
    assert "organizers add" in line["event"] and "key=" not in program.output
    assert await program.stop() == 0


async def test_an_unknown_format_is_refused_with_those_that_there_are(program: Program) -> None:
    program.set(LOG_FORMAT="xml")
    code, said = await program.call("run")
    assert code == 1 and "PORTEVOIX_LOG_FORMAT: must be text or json" in said
