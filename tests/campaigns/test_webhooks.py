"""What other programs are told: written with what happened, signed so that it can be checked, to addresses outside only."""

import base64
import hashlib
import hmac
import json

import pytest
from sqlmodel import select

from campaigns import approval, installation, settling, webhook_messages, webhook_secrets, webhooks
from campaigns.models import Campaign, PublicationState, Role, WebhookMessage, WebhookOccasion, WebhookTarget
from campaigns.publications import Begin, Finish, end_leases, write_steps
from campaigns.vault import Vault
from campaigns.webhook_secrets import SigningSecretUnreadable, secret_of
from campaigns.webhooks import TargetRefused

On, S = WebhookOccasion, PublicationState
URL = "https://hooks.example.org/porte-voix"


@pytest.fixture
def told(database):
    """The messages, in their order: type and body's data."""

    async def read():
        async with database.read() as session:
            rows = (await session.scalars(select(WebhookMessage).order_by(WebhookMessage.id))).all()
        return [(json.loads(row.body)["type"], json.loads(row.body)["data"]) for row in rows]

    return read


@pytest.fixture
async def target(database, campaign, clock):
    async with database.write() as session:
        return (await webhooks.add_target(session, campaign.id, URL, list(On), clock()))[0]


@pytest.fixture
def finish(database, clock):
    """One attempt on a publication that ends in this state."""

    async def to(publication_id, state, **more):
        async with database.write() as session:
            (content,) = await write_steps(session, [Begin(publication_id, clock())])
        async with database.write() as session:
            await write_steps(session, [Finish(publication_id, state, content.attempts, **more)])
        return content.attempts

    return to


async def test_what_becomes_of_a_publication_is_told_with_its_address_or_its_reason(
    add, telegram, target, finish, told, clock, campaign
):
    post = await add(telegram)
    await finish(1, S.failed, reason="the chat is gone")
    ((kind, data),) = await told()
    assert kind == "publication.failed"
    assert data["post"] == {"id": post.id, "title": "Lancement"}
    assert data["publication"] == {"id": 1, "state": "failed", "url": None, "reason": "the chat is gone"}
    assert data["channel"] == {"id": telegram.id, "name": "Canal Telegram", "network": "telegram"}
    assert data["campaign"] == campaign.slug


async def test_each_attempt_is_news_and_the_same_one_is_told_once(database, add, telegram, target, finish, told, clock):
    await add(telegram)
    attempt = await finish(1, S.failed, reason="no")
    async with database.write() as session:  # a late word of the same attempt
        await write_steps(session, [Finish(1, S.failed, attempt, reason="again")])
    assert [kind for kind, _ in await told()] == ["publication.failed"]
    async with database.write() as session:
        await settling.settle(session, target.campaign_id, 1, S.queued, now=clock())
    await finish(1, S.published, url="https://t.me/c/1", sent_at=clock())
    kinds = [kind for kind, _ in await told()]
    assert kinds == ["publication.failed", "publication.published"]
    assert (await told())[1][1]["publication"]["url"] == "https://t.me/c/1"


async def test_what_waits_again_is_no_news(add, telegram, target, finish, told):
    await add(telegram)
    await finish(1, S.queued, reason="the network is down")
    assert await told() == []


async def test_what_a_dead_worker_left_and_what_a_human_says_of_it_are_told(
    database, add, telegram, target, told, clock, campaign
):
    await add(telegram)
    async with database.write() as session:
        await write_steps(session, [Begin(1, clock())])
    async with database.write() as session:
        await end_leases(session, clock(), every=True)
    async with database.write() as session:
        await settling.settle(session, campaign.id, 1, S.published, url="https://t.me/c/1", now=clock())
    assert [kind for kind, _ in await told()] == ["publication.unknown", "publication.published"]


async def test_what_the_network_itself_says_of_an_unknown_one_is_told(database, add, x, target, finish, told, clock):
    await add(x)
    await finish(1, S.unknown, reason="no answer")
    async with database.write() as session:
        (asked,) = await settling.unknown_ones(session, clock())
        receipt = Finish(1, S.published, 1, remote_id="9", url="https://x.com/9", sent_at=clock())
        await settling.settle_by_asking(session, asked.publication, S.published, clock(), receipt=receipt)
    assert [kind for kind, _ in await told()] == ["publication.unknown", "publication.published"]
    assert (await told())[1][1]["publication"]["url"] == "https://x.com/9"


async def test_a_post_is_approved_with_its_last_yes_and_anew_after_an_edit(
    database, add, telegram, campaign, target, told, clock
):
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).approvals = 1
        approver = await installation.add_organizer(
            session, campaign.id, "a@example.org", "Alix", "un mot de passe", Role.approver, clock()
        )
    post = await add(telegram)
    assert await told() == []  # asked for, not given
    for _ in range(2):
        async with database.write() as session:
            row = await session.get_one(type(post), post.id)
            if row.state == "draft":
                await approval.submit(session, row, None, clock())
            await approval.approve(session, row, approver.id, clock())
        async with database.write() as session:
            await approval.edit(session, await session.get_one(type(post), post.id), None, clock(), text="Autre")
    kinds = await told()
    assert [kind for kind, _ in kinds] == ["post.approved", "post.approved"]
    assert kinds[0][1]["post"]["state"] == "scheduled" and kinds[0][1]["post"]["id"] == post.id


async def test_a_target_hears_only_of_its_campaign_and_of_what_it_asked_for(
    database, add, telegram, rival, campaign, finish, told, clock
):
    async with database.write() as session:
        await webhooks.add_target(session, rival.id, URL, list(On), clock())
        await webhooks.add_target(session, campaign.id, URL, [On.failed], clock())
    await add(telegram)
    await finish(1, S.published, sent_at=clock())
    assert await told() == []


async def test_nothing_is_told_of_what_was_undone(database, add, telegram, target, told, clock):
    """The row stands and falls with what it tells of."""
    await add(telegram)
    with pytest.raises(RuntimeError):
        async with database.write() as session:
            await write_steps(session, [Begin(1, clock())])
            await write_steps(session, [Finish(1, S.failed, 1, reason="no")])
            assert (await session.scalars(select(WebhookMessage))).all()
            raise RuntimeError
    assert await told() == []


async def test_a_message_can_be_checked_as_standard_webhooks_are(database, target, clock):
    """By the convention's own words, and not by the code that signs."""
    body = webhook_messages.written("publication.published", clock(), {"a": "é"})
    call = webhooks.call_of(database.vault, target, "publication_1_1_published", body, clock())
    key = base64.b64decode(secret_of(database.vault, target).removeprefix("whsec_"))
    assert len(key) == 32
    signed = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert call.headers["webhook-signature"] == f"v1,{expected}"
    assert call.headers["webhook-timestamp"] == str(int(clock().timestamp()))
    assert json.loads(call.body) == {
        "type": "publication.published",
        "timestamp": "2026-12-01T08:00:00Z",
        "data": {"a": "é"},
    }


async def test_each_target_has_a_secret_of_its_own(database, campaign, clock, target):
    async with database.write() as session:
        other, secret = await webhooks.add_target(session, campaign.id, URL, [On.failed], clock())
    assert secret != secret_of(database.vault, target)
    assert "whsec_" not in other.secret and secret == secret_of(database.vault, other)
    other.secret = target.secret  # copied to another row, it does not open
    with pytest.raises(SigningSecretUnreadable, match="another secret key"):
        secret_of(database.vault, other)


async def test_a_secret_of_an_earlier_version_is_locked_once_and_a_new_key_takes_it_over(database, target):
    async with database.write() as session:
        (await session.get_one(WebhookTarget, target.id)).secret = "whsec_b2xk"
    async with database.write() as session:
        assert await webhook_secrets.some_are_open(session)
        assert await webhook_secrets.lock_what_is_open(session) == 1
        assert not await webhook_secrets.some_are_open(session)
    vault = Vault("new", "a key of the tests")
    async with database.write() as session:
        session.info["vault"] = vault
        assert await webhook_secrets.lock_anew(session) == (1, [])
        assert await webhook_secrets.lock_anew(session) == (0, [])
        target = await session.get_one(WebhookTarget, target.id)
        assert secret_of(Vault("new"), target) == "whsec_b2xk"
        session.info["vault"] = Vault("lost")
        changed, unreadable = await webhook_secrets.lock_anew(session)
    assert changed == 0 and [each.target.id for each in unreadable] == [target.id]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example.org/", "begins with https://"),  # anybody on the way could read it
        ("ftp://hooks.example.org/", "begins with https://"),
        ("hooks.example.org", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://exa mple.org/", "holds no space"),
        ("https://example.org/\n", "holds no space"),
        ("https://example.org:port/", "is not a web address"),
        ("https://[::1/", "is not a web address"),
        ("https://me:secret@example.org/", "leave them out"),
        ("https://example.org/#a", "leave them out"),
        ("https://example.org/" + "a" * 500, "at most 500"),
        ("https://127.0.0.1/", "lies inside"),
        ("https://2130706433/", "lies inside"),  # the same, as one number
        ("https://0x7f.0.0.1/", "lies inside"),  # the same, in hexadecimal
        ("https://[::1]:8443/", "lies inside"),
        ("https://[::ffff:10.0.0.1]/", "lies inside"),
        ("https://169.254.169.254/latest/meta-data", "lies inside"),
        ("https://localhost/", "lies inside"),
        ("https://LOCALHOST./", "lies inside"),
        ("https://metadata.google.internal/", "lies inside"),
        ("https://intranet/", "lies inside"),  # no dot
        ("https://printer.local/", "lies inside"),
    ],
)
async def test_an_address_that_cannot_be_told_is_refused_with_a_sentence(database, campaign, clock, url, said):
    with pytest.raises(TargetRefused) as refused:
        async with database.write() as session:
            await webhooks.add_target(session, campaign.id, url, list(On), clock())
    assert said in str(refused.value)


async def test_a_campaign_has_a_limited_number_of_targets_each_with_an_occasion(database, campaign, clock):
    async with database.write() as session:
        for _ in range(webhooks.MOST_TARGETS):
            await webhooks.add_target(session, campaign.id, URL, [On.failed], clock())
        with pytest.raises(TargetRefused, match="remove one first"):
            await webhooks.add_target(session, campaign.id, URL, [On.failed], clock())
        with pytest.raises(TargetRefused, match="name at least one occasion"):
            await webhooks.add_target(session, campaign.id, URL, [], clock())


async def test_with_a_target_its_messages_go(database, add, telegram, target, finish, told, campaign, rival):
    await add(telegram)
    await finish(1, S.failed, reason="no")
    async with database.write() as session:
        assert await webhooks.remove_target(session, rival.id, target.id) is None
    assert len(await told()) == 1
    async with database.write() as session:
        await webhooks.remove_target(session, campaign.id, target.id)
    assert await told() == []
