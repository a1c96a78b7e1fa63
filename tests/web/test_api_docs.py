"""docs/api.md is true: every call is made with curl, and every answer that it shows has the shape that it shows."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from campaigns import installation, webhook_messages, webhooks
from campaigns.access_tokens import Scope
from campaigns.models import Publication, PublicationState, WebhookOccasion
from networks.webhooks import Outcome
from tests.web.api_world import admin_token, api_of, serve_api
from tests.web.conftest import VAULT

DOCUMENT = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def shape(value: Any) -> Any:
    """The names in it, whatever they hold; of a list, what its first row has."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value and isinstance(value[0], dict) else []
    return None


@pytest.fixture
async def ready(world: Any, picture_of: Any, tmp_path: Path) -> dict[str, str]:
    """What the page takes for granted: a publication that nobody knows of, one that failed, a territory, a picture."""
    (tmp_path / "poster.jpg").write_bytes(picture_of(1200, 630))
    async with world.database.write() as session:
        (await session.get_one(Publication, 1)).state = PublicationState.unknown
        (await session.get_one(Publication, 2)).state = PublicationState.failed
        await installation.add_territory(session, world.orne.id, "Argentan")
    return {"TOKEN": await admin_token(world)}


async def _run(commands: str, env: dict[str, str], folder: Path) -> str:
    """What a block of the page prints, an answer a line."""
    shown = re.sub(r"^curl -s", r"curl -sS -w '\\n'", commands, flags=re.MULTILINE)
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", shown, cwd=folder, env={**os.environ, **env}, stdout=-1, stderr=-1
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_every_call_works_and_every_answer_is_as_it_is_shown(
    world: Any, ready: dict[str, str], tmp_path: Path
) -> None:
    async def taken(call: Any) -> Outcome:
        return Outcome(200)

    made = 0
    with serve_api(world, send_webhook=taken) as address:
        for i, (kind, text) in enumerate(BLOCKS):
            if kind != "sh" or "curl" not in text:
                continue
            output = await _run(text, ready | {"SITE": address}, tmp_path)
            answers = [json.loads(line) for line in output.splitlines() if line]
            made += len(re.findall(r"^curl", text, re.MULTILINE))
            following = BLOCKS[i + 1] if i + 1 < len(BLOCKS) else ("", "")
            if following[0] == "json":
                example = json.loads(following[1])
                assert shape(answers[0]) == shape(example), text
                assert answers[0].get("status") == example.get("status")
                assert answers[0].get("detail") == example.get("detail")
            else:
                assert all("detail" not in answer for answer in answers), (text, output)
    assert made >= 25


async def test_the_page_names_every_address_scope_and_occasion(world: Any) -> None:
    for scope in Scope:
        assert f"`{scope}`" in DOCUMENT
    for occasion in WebhookOccasion:
        assert f"`{occasion}`" in DOCUMENT
    concrete = re.sub(r"(?<=/)\d+", "1", DOCUMENT)
    for path in api_of(world.app()).openapi()["paths"]:
        asked = re.sub(r"\{\w+\}", "1", path)
        assert f"/api/v1{asked}" in concrete or f"`{path}" in DOCUMENT, path


async def test_the_way_to_check_a_message_that_the_page_shows_works(world: Any) -> None:
    (code,) = [text for kind, text in BLOCKS if kind == "python"]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - it is the page's own
    async with world.database.write() as session:
        target, secret = await webhooks.add_target(
            session, world.orne.id, "https://hooks.example.org/", list(WebhookOccasion), world.clock()
        )
    body = webhook_messages.written("test", world.clock(), {"a": "é"})
    call = webhooks.call_of(VAULT, target, "test_1", body, world.clock())
    now = world.clock().timestamp()
    is_ours = names["is_ours"]
    assert is_ours(secret, call.headers, call.body, now)
    assert not is_ours(secret, call.headers, call.body + b" ", now)
    assert not is_ours(secret, call.headers, call.body, now + 301)
    assert not is_ours(secret, {**call.headers, "webhook-id": "test_2"}, call.body, now)
    other = "whsec_" + base64.b64encode(hmac.new(b"", b"", hashlib.sha256).digest()).decode()
    assert not is_ours(other, call.headers, call.body, now)
