"""A live session from the chat to the networks: the order is kept, each post stands behind the one before, undo holds."""

import random
from datetime import timedelta

import pytest

from campaigns.installation import add_channel
from campaigns.opening import opener
from commands.demo import keys_of
from networks import bluesky_session
from sandbox.bluesky.state import DEMO_ACTORS
from sandbox.defaults import DEMO_CHANNELS
from schedules.publishing import Publisher

TEN = timedelta(seconds=10)
NETWORKS = ("telegram", "x", "mastodon", "bluesky")


@pytest.fixture
async def four(database, campaign, sandbox_server, monkeypatch):
    """The campaign's channels on the stand-ins of the four networks that know threads."""
    monkeypatch.setattr(bluesky_session, "_SESSIONS", {})
    async with database.write() as session:
        for network in NETWORKS:
            where = {"base_url": f"{sandbox_server.url}/{network}"} if network != "telegram" else {}
            settings = {**keys_of(network), **where}
            settings |= {"chat_id": str(DEMO_CHANNELS[0].id)} if network == "telegram" else {}
            settings |= {"handle": DEMO_ACTORS[0].handle} if network == "bluesky" else {}
            await add_channel(session, campaign.id, network, network.title(), settings)


@pytest.fixture
def publish(database, clock, settings):
    """Ten seconds go by, and what is due goes out."""

    async def send():
        clock.advance(TEN)
        engine = Publisher(database, clock, opener(settings), settings.media_dir, worker="one", rng=random.Random(1))
        await engine.tick()
        await engine.settled()

    return send


async def shown(sandbox, network):
    return [(entry["text"], entry["id"], entry["reply_to"]) for entry in await sandbox.ledger(service=network)]


async def test_the_posts_of_a_session_are_a_thread_on_each_network(person, life, team, four, publish, sandbox, small):
    camille = await person("Camille")
    await team.seat(camille)
    await camille.say("/live")
    await camille.tap("live:go")
    await camille.say("Un")
    await camille.say("Repris")
    await camille.tap("live:undo:")
    await publish()
    await life.restart()
    await camille.do(lambda who: sandbox.send_photo(who, small, "Deux"))
    await camille.say("Trois")
    await publish()
    told = [row for row in await sandbox.ledger(service="telegram") if row["channel"] == str(DEMO_CHANNELS[0].id)]
    for network in NETWORKS:
        rows = await shown(sandbox, network)
        if network == "telegram":  # the ledger also has the chat with the bot
            rows = [(row["text"], row["id"], row["reply_to"]) for row in told]
        texts, ids, parents = zip(*rows, strict=True)
        assert texts == ("Un #LaRégionQuiOse", "Deux #LaRégionQuiOse", "Trois #LaRégionQuiOse"), network
        assert parents == (None, ids[0], ids[1]), network


async def test_a_post_that_failed_leaves_no_hole_in_the_thread(person, life, team, four, publish, sandbox):
    camille = await person("Camille")
    await team.seat(camille)
    await camille.say("/live")
    await camille.tap("live:go")
    for text in ("Un", "Un", "Trois"):  # X refuses the same text a second time, the others do not
        await camille.say(text)
        await publish()
    rows = await shown(sandbox, "x")
    assert [row[0] for row in rows] == ["Un #LaRégionQuiOse", "Trois #LaRégionQuiOse"]
    assert rows[1][2] == rows[0][1]
    assert len(await shown(sandbox, "mastodon")) == 3
    assert ("Un #LaRégionQuiOse", "X", "failed") in await team.publications()
