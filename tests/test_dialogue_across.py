"""A dialogue whose steps come to two real processes in turn: what one was told, the other goes on with."""

import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import select

from campaigns.consents import has_consent
from campaigns.engagement import counts_of_campaign
from campaigns.installation import add_campaign
from campaigns.models import Campaign, Kind, Purpose, Supporter
from campaigns.times import system_clock
from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from tests.bot.conftest import Person
from tests.conftest import free_port
from tests.pair import Pair
from tests.replicas import Balancer, Elsewhere, served
from tests.stores import Stores

pytestmark = pytest.mark.about_servers


@pytest.fixture
async def balancer() -> AsyncIterator[Balancer]:
    made = Balancer()
    async with served(made, made.port):
        yield made
    await made.close()


@pytest.fixture
async def pair(
    stores: Stores, tmp_path: Path, sandbox: SandboxClient, sandbox_server: SandboxServer, balancer: Balancer
) -> AsyncIterator[Pair]:
    ports = free_port(), free_port()
    balancer.replicas += [Elsewhere(f"http://127.0.0.1:{port}") for port in ports]
    with stores.fresh(tmp_path) as url:
        made = Pair(tmp_path, url, f"{sandbox_server.url}/telegram", balancer.url, ports)
        async with made.database.write() as session:
            await add_campaign(session, Campaign(slug="", name="La Région qui ose"), system_clock())
        await made.start()
        yield made
        await made.stop()


async def test_somebody_joins_makes_a_badge_changes_a_consent_and_takes_their_data_with_another_process_at_each_step(
    pair: Pair, balancer: Balancer, sandbox: SandboxClient, portrait: bytes
) -> None:
    zoe = Person(sandbox, await sandbox.person("Zoé", language_code="fr"), "Zoé")
    await zoe.join(ranking=True)
    assert "Votre badge" in (await zoe.see_badge(portrait, name="Zoé")).text
    await zoe.tap("badge:crop:")
    made = await zoe.tap("badge:file:square")
    assert any("document" in message for message in made.messages)
    await zoe.tap("badge:end")
    await zoe.say("/consents")
    await zoe.tap(f"consent:ask:{Purpose.ranking}:")
    await zoe.tap("consent:no:")
    told = await zoe.say("/mydata")
    document = next(message["document"] for message in told.messages if "document" in message)
    rows = json.loads(await sandbox.file(document["file_id"]))["rows"]
    assert {row["kind"] for row in rows["engagement"]} == {Kind.badge_made, Kind.badge_downloaded}
    async with pair.database.read() as session:
        (supporter,) = await session.scalars(select(Supporter))
        agreed = [purpose for purpose in Purpose if await has_consent(session, supporter.id, 1, purpose)]
        assert (await counts_of_campaign(session, 1))[Kind.badge_made] == 1
    assert set(agreed) == {Purpose.contact, Purpose.counting}
    went = [brought.replica for brought in balancer.brought]
    assert len(went) > 12
    assert all(here != there for here, there in itertools.pairwise(went))
    took = [brought.update["update_id"] for brought in balancer.brought if brought.status == 200]
    assert len(took) == len(set(took)) > 12  # one may have come before the bot of both had begun, and then once more
