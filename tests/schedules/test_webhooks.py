"""Other programs are told: in order, again and again for two days, never lost, and none waits for another."""

import json
import shutil
from datetime import timedelta

import pytest
from sqlmodel import select

from campaigns import webhooks
from campaigns.database import Database
from campaigns.models import MessageState, WebhookMessage, WebhookOccasion, WebhookTarget
from campaigns.vault import Vault
from campaigns.webhook_messages import KEPT, TRIED, write_messages
from campaigns.webhook_secrets import secret_of
from networks.webhooks import Outcome, WebhookSender
from schedules.looking import LOOK
from schedules.rehearsal_copy import copy_of
from schedules.tidying import EVERY, Tidying
from schedules.webhooks import Webhooks
from tests.networks.odd_server import OddServer, Says

M = MessageState
DOWN, REFUSED, TAKEN = Outcome(503, "answered 503", down=True), Outcome(400, "answered 400"), Outcome(200)


class Wire:
    """The way to the targets: it remembers who was told what, and answers as told."""

    def __init__(self):
        self.arrived: list[tuple[str, str]] = []
        self.says: dict[str, Outcome] = {}  # host or event -> outcome

    async def __call__(self, call):
        event = call.headers["webhook-id"]
        self.arrived.append((call.url, event))
        return self.says.get(event) or self.says.get(call.url) or TAKEN

    @property
    def events(self):
        return [event for _, event in self.arrived]


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def server():
    """A program that takes what it is told."""
    opened = OddServer({"POST /hook": Says()})
    yield opened
    opened.close()


@pytest.fixture
def works(database, clock, wire):
    return Webhooks(database, clock, wire)


@pytest.fixture
def add_target(database, campaign, clock):
    async def add(url="https://a.example.org/", **more):
        async with database.write() as session:
            target, _ = await webhooks.add_target(session, campaign.id, url, list(WebhookOccasion), clock(), **more)
            return target

    return add


@pytest.fixture
def happen(database, campaign, clock):
    """Something to tell every target of the campaign."""

    async def one(event):
        async with database.write() as session:
            targets = (await session.scalars(select(WebhookTarget))).all()
            await write_messages(
                session,
                targets,
                campaign.id,
                WebhookOccasion.failed,
                "publication.failed",
                event,
                clock(),
                {"a": event},
            )

    return one


async def look(works, clock, after=LOOK):
    clock.advance(after)
    await works.tick()
    await works.settled()


async def states(database):
    async with database.read() as session:
        rows = await session.scalars(select(WebhookMessage).order_by(WebhookMessage.id))
        return {row.event: row.state for row in rows}


async def test_each_message_arrives_once_in_order_signed_and_whole(works, database, clock, add_target, happen, server):
    target = await add_target(f"{server.url}/hook", check=lambda url: None)
    for event in ("one", "two", "three"):
        await happen(event)
    real = Webhooks(database, clock, WebhookSender(may_reach=lambda address: True))
    await look(real, clock)
    await look(real, clock)
    assert [asked.headers["webhook-id"] for asked in server.asked] == ["one", "two", "three"]
    asked = server.asked[0]
    body = asked.body.decode()
    assert asked.headers["webhook-signature"] == webhooks.signature(
        secret_of(database.vault, target), "one", clock() - LOOK, body
    )
    assert json.loads(body)["data"] == {"a": "one"}
    assert set((await states(database)).values()) == {M.delivered}


async def test_a_target_whose_secret_no_key_opens_waits_and_says_so(works, database, clock, add_target, happen, wire):
    target = await add_target()
    async with database.write() as session:
        (await session.get_one(WebhookTarget, target.id)).secret = Vault("another key").lock(
            "whsec_", "webhook", 1, "secret"
        )
    await happen("one")
    await look(works, clock)
    async with database.read() as session:
        target = await session.get_one(WebhookTarget, target.id)
    assert "PORTEVOIX_OLD_SECRET_KEY" in (target.trouble or "") and target.not_before > clock()
    assert await states(database) == {"one": M.queued}


async def test_nothing_is_sent_to_an_address_inside(database, clock, add_target, happen, server):
    await add_target(f"{server.url}/hook", check=lambda url: None)  # as if its name had turned inside later
    await happen("one")
    await look(Webhooks(database, clock, WebhookSender()), clock)
    assert server.asked == []
    async with database.read() as session:
        target = (await session.scalars(select(WebhookTarget))).one()
    assert "lies inside this machine's networks" in (target.trouble or "") and target.failures == 1


async def test_a_target_that_is_down_is_asked_less_and_less_often_and_keeps_its_order(
    works, wire, database, clock, add_target, happen
):
    target = await add_target()
    await happen("one")
    await happen("two")
    wire.says[target.url] = DOWN
    tries = []
    began = clock()
    while clock() < began + timedelta(hours=5):
        before = len(wire.arrived)
        await look(works, clock, timedelta(seconds=10))
        if len(wire.arrived) > before:
            tries.append(round((clock() - began).total_seconds() / 60))
    assert tries == [0, 0, 1, 6, 21, 81, 141, 201, 261]  # minutes
    assert set(wire.events) == {"one"}  # the other waits behind it
    del wire.says[target.url]
    wire.arrived.clear()
    await happen("three")
    await look(works, clock, timedelta(hours=1))
    assert wire.events == ["one", "two", "three"]
    async with database.read() as session:
        target = (await session.scalars(select(WebhookTarget))).one()
    assert (target.failures, target.not_before, target.trouble) == (0, None, None)


async def test_a_target_that_asks_to_wait_is_left_alone_so_long(works, wire, clock, add_target, happen):
    target = await add_target()
    await happen("one")
    wire.says[target.url] = Outcome(429, "answered 429", True, timedelta(minutes=30))
    await look(works, clock)
    await look(works, clock, timedelta(minutes=29))
    assert len(wire.arrived) == 1
    await look(works, clock, timedelta(minutes=2))
    assert len(wire.arrived) == 2


async def test_a_message_that_is_refused_is_passed_by_the_others_and_tried_less_and_less_often(
    works, wire, database, clock, add_target, happen
):
    await add_target()
    wire.says["bad"] = REFUSED
    for event in ("bad", "good"):
        await happen(event)
    await look(works, clock)
    assert wire.events == ["bad", "good"]
    began = clock()
    while clock() < began + TRIED + timedelta(hours=7):
        await look(works, clock, timedelta(minutes=1))
    assert 10 < len(wire.arrived) < 25
    assert await states(database) == {"bad": M.given_up, "good": M.delivered}
    seen = len(wire.arrived)
    await look(works, clock, timedelta(days=1))
    assert len(wire.arrived) == seen


async def test_after_two_days_what_was_not_taken_is_given_up_and_shown_and_may_be_tried_again(
    works, wire, database, clock, add_target, happen, campaign
):
    target = await add_target()
    wire.says[target.url] = DOWN
    for event in ("one", "two"):
        await happen(event)
    began = clock()
    while clock() < began + TRIED + timedelta(hours=2):
        await look(works, clock, timedelta(minutes=10))
    assert set((await states(database)).values()) == {M.given_up}
    assert len(wire.arrived) < 70
    async with database.read() as session:
        (overview,) = await webhooks.targets_of(session, campaign.id)
        messages = await webhooks.messages_of(session, target.id)
    assert (overview.waiting, overview.given_up, overview.target.trouble) == (0, 2, "answered 503")
    assert {message.trouble for message in messages} == {"not taken for two days; the last try: answered 503"}
    del wire.says[target.url]
    wire.arrived.clear()
    async with database.write() as session:
        found = await webhooks.find_target(session, campaign.id, target.id)
        assert await webhooks.try_again(session, found) == 2
    await look(works, clock)
    assert wire.events == ["one", "two"]
    assert set((await states(database)).values()) == {M.delivered}


async def test_a_target_that_is_down_holds_up_no_other(works, wire, clock, add_target, happen):
    bad, good = await add_target("https://bad.example.org/"), await add_target("https://good.example.org/")
    wire.says[bad.url] = DOWN
    for event in ("one", "two"):
        await happen(event)
    await look(works, clock)
    assert wire.arrived.count((bad.url, "one")) == 1
    assert [event for url, event in wire.arrived if url == good.url] == ["one", "two"]


@pytest.mark.parametrize("moment", ["before the call", "behind the call"])
async def test_a_crash_around_the_call_loses_nothing_and_the_repeat_has_the_same_number(
    database, store_url, clock, add_target, happen, tmp_path, moment
):
    """What the store holds at the moment of the crash is what the next process finds."""
    await add_target()
    for event in ("one", "two"):
        await happen(event)
    kept = tmp_path / "kept.sqlite3"
    arrived = []

    async def dying(call):
        if moment == "behind the call":
            arrived.append(call.headers["webhook-id"])
        with copy_of(store_url) as copy:  # all that is committed
            shutil.copyfile(copy, kept)
        raise RuntimeError("killed")

    works = Webhooks(database, clock, dying)
    await look(works, clock)
    after = Database(f"sqlite:///{kept}", database.vault)
    wire = Wire()
    again = Webhooks(after, clock, wire)
    await again.end_leases(every=True)
    await look(again, clock)
    await after.close()
    assert wire.events == ["one", "two"]
    assert arrived == (["one"] if moment == "behind the call" else [])


async def test_a_target_that_is_removed_while_it_is_called_stays_removed(database, clock, add_target, happen, campaign):
    target = await add_target()
    for event in ("one", "two"):
        await happen(event)
    called = []

    async def removing(call):
        called.append(call)
        async with database.write() as session:
            await webhooks.remove_target(session, campaign.id, target.id)
        return TAKEN

    await look(Webhooks(database, clock, removing), clock)
    assert len(called) == 1 and await states(database) == {}


async def test_a_bug_of_the_sender_ends_neither_the_program_nor_the_message(database, clock, add_target, happen, wire):
    await add_target()
    await happen("one")

    async def broken(call):
        raise RuntimeError("a bug")

    await look(Webhooks(database, clock, broken), clock)
    await look(Webhooks(database, clock, wire), clock, timedelta(minutes=2))
    assert wire.events == ["one"]


async def test_what_was_delivered_a_month_ago_is_dropped_and_what_waits_is_not(
    works, wire, database, clock, add_target, happen, tmp_path
):
    target = await add_target()
    await happen("old")
    await look(works, clock)
    wire.says[target.url] = DOWN
    await happen("waits")
    tidying = Tidying(database, clock, tmp_path, tmp_path)
    await look(tidying, clock, KEPT - timedelta(days=1))
    assert set(await states(database)) == {"old", "waits"}
    await look(tidying, clock, timedelta(minutes=30))  # too soon to look again
    clock.advance(timedelta(days=1) - EVERY)
    await look(tidying, clock, EVERY)
    assert set(await states(database)) == {"waits"}
