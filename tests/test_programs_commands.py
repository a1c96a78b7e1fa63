"""Letting programs in and telling them, from the command line: `tokens` and `webhooks`."""

import httpx
import pytest

from tests.program import Program
from tests.stores import stored_bytes
from tests.test_commands import done, refused

WHO = ("organizers", "add", "camille@example.org", "--name", "Camille")


@pytest.fixture
async def ready(program: Program) -> Program:
    """A campaign with an editor, on a machine without a bot."""
    program.set(BOT_TOKEN="")
    await done(program, "campaigns", "add", "Campagne")
    await done(program, *WHO, "--role", "editor", "--password", "long enough indeed")
    return program


async def test_a_token_is_made_used_listed_and_revoked(ready: Program) -> None:
    said = await done(ready, "tokens", "add", "camille@example.org", "Site web", "--scope", "all", "--days", "30")
    assert "Token 1 “Site web” acts for Camille in Campagne, until" in said and "webhooks:write" not in said
    secret = said.splitlines()[-1]
    assert secret.startswith("pv_")
    await ready.start()
    async with httpx.AsyncClient(base_url=ready.site, headers={"Authorization": f"Bearer {secret}"}) as client:
        assert (await client.get("/api/v1/me")).json()["organizer"] == "Camille"
        listed = await done(ready, "tokens", "list")
        assert "Site web" in listed and secret[-4:] in listed and "until" in listed
        assert secret not in listed and "never" not in listed
        assert "opens nothing any more" in await done(ready, "tokens", "revoke", "1")
        assert (await client.get("/api/v1/me")).status_code == 401  # at once, in the program that runs
    assert "revoked" in await done(ready, "tokens", "list")
    await ready.stop()
    assert secret not in ready.output
    assert secret.encode() not in stored_bytes(ready.store_url)


async def test_a_token_that_cannot_be_made_is_one_sentence(ready: Program) -> None:
    add = ("tokens", "add", "camille@example.org", "Site")
    assert "is no scope; choose from posts:read" in await refused(ready, *add, "--scope", "posts")
    assert "does not allow webhooks:write" in await refused(ready, *add, "--scope", "webhooks:write")
    assert "no organizer has the address" in await refused(
        ready, "tokens", "add", "x@example.org", "a", "--scope", "all"
    )
    assert "see: python run_bot.py tokens list" in await refused(ready, "tokens", "revoke", "7")
    assert "There is no token yet" in await done(ready, "tokens", "list")
    await done(ready, "campaigns", "add", "Autre")
    said = await refused(ready, *add, "--scope", "all", "--campaign", "autre")
    assert "no role in this campaign" in said


async def test_a_webhook_is_added_listed_tried_and_removed(ready: Program) -> None:
    url = "https://hooks.invalid/porte-voix"  # a name that never exists
    said = await done(ready, "webhooks", "add", url, "--on", "failed", "--on", "unknown")
    assert "Webhook 1 is told of: failed, unknown." in said
    secret = next(line for line in said.splitlines() if line.startswith("whsec_"))
    listed = await done(ready, "webhooks", "list")
    assert url in listed and secret not in listed
    code, tried = await ready.call("webhooks", "test", "1")
    assert code == 1 and "cannot be reached" in tried and "Traceback" not in tried
    assert "0 messages" in await done(ready, "webhooks", "retry", "1")
    assert "told nothing more" in await done(ready, "webhooks", "remove", "1")
    assert "There is no webhook yet" in await done(ready, "webhooks", "list")


async def test_a_webhook_that_cannot_be_is_one_sentence(ready: Program) -> None:
    assert "lies inside this machine's networks" in await refused(ready, "webhooks", "add", "https://10.0.0.1/")
    assert "begins with https://" in await refused(ready, "webhooks", "add", "http://example.org/")
    for command in ("test", "retry", "remove"):
        assert "see: python run_bot.py webhooks list" in await refused(ready, "webhooks", command, "7")
