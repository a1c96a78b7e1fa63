"""A post on its way to a list of addresses, from the row to the mailbox: one message each, whatever happens between."""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns.addresses import NewAddress, addresses_of, store_addresses, unsubscribe
from campaigns.channel_secrets import settings_of
from campaigns.database import Database
from campaigns.installation import add_channel
from campaigns.models import Campaign, Channel, Publication, PublicationState
from campaigns.posts import NewPost, add_post
from campaigns.settling import settle
from campaigns.vault import Vault
from networks.base import Network, Recipient
from networks.mail import MailRelay
from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from schedules import publishing
from schedules.publishing import Publisher
from tests.conftest import FakeClock

VAULT = Vault("a key of the tests")

S = PublicationState
MINUTE = timedelta(minutes=1)
NAMES = ("anne", "blaise", "caro")


class Relay:
    """A campaign with a list of three, a post that is due, and the publisher."""

    def __init__(self, database: Database, clock: FakeClock, campaign: Campaign, folder: Path) -> None:
        self.database, self.clock, self.campaign, self.folder = database, clock, campaign, folder
        self.publisher = Publisher(
            database, clock, self.open, folder, worker="one", rng=random.Random(1), site_url="https://site.example"
        )

    def open(self, channel: Channel) -> Network:
        async def no_pause(seconds: float) -> None:
            pass

        return MailRelay(**settings_of(VAULT, channel), pause=no_pause)

    async def tick(self, after: timedelta = timedelta()) -> Publication:
        self.clock.advance(after)
        await self.publisher.tick()
        await self.publisher.settled()
        async with self.database.read() as session:
            return await session.get_one(Publication, 1)


@pytest.fixture
async def relay(
    database: Database,
    clock: FakeClock,
    campaign: Campaign,
    sandbox_server: SandboxServer,
    sandbox: SandboxClient,
    tmp_path: Path,
) -> Relay:
    settings = {
        "host": "127.0.0.1",
        "port": str(sandbox_server.smtp_port),
        "sender": "La Région qui ose <relais@region.example>",
        "starttls": "no",
        "per_minute": "2",
    }
    async with database.write() as session:
        channel = await add_channel(session, campaign.id, "mail", "Relais", settings)
        people = [NewAddress(f"{name}@a.example", name.title(), None) for name in NAMES]
        await store_addresses(session, campaign.id, people, clock())
        post = NewPost("Lancement", "Rendez-vous samedi", publish_at=clock() + MINUTE, channels=(channel,))
        await add_post(session, campaign.id, post, media_dir=tmp_path, now=clock())
    clock.advance(MINUTE)
    return Relay(database, clock, campaign, tmp_path)


async def reached(sandbox: SandboxClient) -> list[str]:
    return [str(entry["channel"]).partition("@")[0] for entry in await sandbox.ledger(service="mail")]


async def test_a_list_longer_than_a_minute_goes_out_over_several_turns_and_to_each_once(
    relay: Relay, sandbox: SandboxClient
) -> None:
    first = await relay.tick()
    assert first.state is S.queued and "2 are out, 1 follow" in (first.reason or "")
    assert (await relay.tick()).state is S.queued and await reached(sandbox) == ["anne", "blaise"]  # the channel waits
    done = await relay.tick(MINUTE)
    assert done.state is S.published and await reached(sandbox) == list(NAMES) and len(done.sent_parts) == 3
    entries = await sandbox.ledger(service="mail")
    async with relay.database.read() as session:
        rows = await addresses_of(session, relay.campaign.id)
    for entry, row in zip(entries, rows, strict=True):
        assert entry["title"] == "Lancement" and f"https://site.example/unsubscribe/{row.token}" in entry["text"]


async def test_who_unsubscribes_between_two_turns_is_left_out(relay: Relay, sandbox: SandboxClient) -> None:
    await relay.tick()
    async with relay.database.write() as session:
        caro = (await addresses_of(session, relay.campaign.id))[2]
        await unsubscribe(session, caro.token, relay.clock())
    assert (await relay.tick(MINUTE)).state is S.published
    assert await reached(sandbox) == ["anne", "blaise"]


@pytest.mark.parametrize("call", [1, 2])
async def test_a_store_that_goes_away_before_the_addresses_are_read_makes_nothing_unknown(
    relay: Relay, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """At the first call of the mailing, or at the next one, when two have it already: it goes on as soon as it can."""
    calls, real = iter(range(1, 9)), publishing.recipients_of

    async def away_once(session: AsyncSession, channel: Channel, site_url: str) -> tuple[Recipient, ...]:
        if next(calls) == call:
            raise OperationalError("SELECT", {}, Exception("server closed the connection unexpectedly"))
        return await real(session, channel, site_url)

    monkeypatch.setattr(publishing, "recipients_of", away_once)
    for _ in range(call - 1):
        await relay.tick()
        relay.clock.advance(MINUTE)
    has_it = await reached(sandbox)
    waits = await relay.tick()
    assert (waits.state, len(waits.sent_parts)) == (S.queued, len(has_it))
    assert "The database went away before the addresses" in (waits.reason or "")
    done = await relay.tick()  # at once
    while done.state is S.queued:
        done = await relay.tick(MINUTE)
    assert (done.state, done.reason) == (S.published, None) and await reached(sandbox) == list(NAMES)


async def test_send_again_goes_on_behind_those_who_have_it(relay: Relay, sandbox: SandboxClient) -> None:
    """After a message whose fate nobody knows a human decides; those who certainly have it are left in peace."""
    await sandbox.fault("mail", "cut_after", "DATA", target="blaise@a.example")
    unknown = await relay.tick()
    assert unknown.state is S.unknown and "blaise@a.example" in (unknown.reason or "")
    async with relay.database.write() as session:
        await settle(session, relay.campaign.id, unknown.id, S.queued, now=relay.clock())
    assert (await relay.tick()).state is S.published
    assert await reached(sandbox) == ["anne", "blaise", "blaise", "caro"]


async def test_a_refused_address_is_named_on_the_publication_that_is_out(relay: Relay, sandbox: SandboxClient) -> None:
    await sandbox.fault("mail", "blocked", "RCPT", target="caro@a.example", count=None)
    await relay.tick()
    done = await relay.tick(MINUTE)
    assert done.state is S.published and "caro@a.example (550" in (done.reason or "")


async def test_an_address_that_is_put_off_at_each_call_stalls_neither_the_others_nor_the_mailing(
    relay: Relay, sandbox: SandboxClient
) -> None:
    for name in ("anne", "blaise"):  # as many as a call has messages
        await sandbox.fault("mail", "rate_limit", "RCPT", target=f"{name}@a.example", count=None)
    states = [(await relay.tick()).state]
    while states[-1] is S.queued and len(states) < 50:
        states.append((await relay.tick(5 * MINUTE)).state)
        assert await reached(sandbox) == ["caro"]
    done = await relay.tick()
    assert done.state is S.published and len(done.sent_parts) == 1
    assert "anne@a.example" in (done.reason or "") and "blaise@a.example" in (done.reason or "")


async def test_a_mailing_that_is_half_out_while_its_server_stays_away_ends_where_a_human_sees_it(
    relay: Relay, sandbox: SandboxClient
) -> None:
    await sandbox.fault("mail", "error_before", "MAIL", count=None)
    async with relay.database.write() as session:
        row = await session.get_one(Publication, 1)
        row.sent_parts = ["an-id-of-somebody-who-has-it"]
    done, ticks = await relay.tick(), 0
    while done.state is S.queued and ticks < 200:
        done, ticks = await relay.tick(15 * MINUTE), ticks + 1
    assert done.state is S.failed and "1 of its parts or messages are out" in (done.reason or "")
    await sandbox.reset()
    async with relay.database.write() as session:
        await settle(session, relay.campaign.id, done.id, S.queued, now=relay.clock())
    done = await relay.tick()
    while done.state is S.queued:
        done = await relay.tick(MINUTE)
    assert done.state is S.published and await reached(sandbox) == list(NAMES)


async def test_a_list_of_which_all_were_refused_is_asked_anew_when_a_human_says_try_again(
    relay: Relay, sandbox: SandboxClient
) -> None:
    await sandbox.fault("mail", "blocked", "RCPT", count=3)
    await relay.tick()
    failed = await relay.tick(MINUTE)
    assert failed.state is S.failed and "refuses every address" in (failed.reason or "")
    async with relay.database.write() as session:
        await settle(session, relay.campaign.id, failed.id, S.queued, now=relay.clock())
    await relay.tick()
    assert (await relay.tick(MINUTE)).state is S.published and await reached(sandbox) == list(NAMES)
