"""A card that is sent unasked: what the broadcasts hear of it."""

from datetime import timedelta

import pytest

from campaigns.handouts import Run
from campaigns.media import NewPicture
from campaigns.models import Supporter
from networks.errors import (
    ChannelRevoked,
    ChatMoved,
    NetworkDown,
    NetworkProblem,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
)
from tests.bot.conftest import labels, written


@pytest.fixture
def send(life, books):
    async def deliver_to(who, post):
        return await life.runner.deliver(Run(post), await books.supporter(who))

    return deliver_to


@pytest.mark.parametrize(("language", "label"), [("fr", "✅ Je l’ai partagé"), ("en", "✅ I shared it")])
async def test_a_card_arrives_in_the_persons_language_and_its_number_comes_back(
    person, campaign, life, add, send, language, label
):
    zoe = await person("Zoé", language)
    await zoe.join()
    number = await send(zoe, await add())
    card = await zoe.message(number)
    assert written(card).startswith("Signez !") and label in labels(card)
    assert (await zoe.tap("kit:copy:")).text.startswith("Le train")


async def test_the_number_is_that_of_the_message_with_the_buttons(zoe, add, send, portrait):
    await zoe.join()
    number = await send(zoe, await add(text="Long. " * 200, pictures=(NewPicture("p.jpg", portrait),)))
    assert labels(await zoe.message(number))


@pytest.mark.parametrize(
    ("fault", "error", "sentence"),
    [
        ({"kind": "blocked"}, ChannelRevoked, "this person blocked the bot"),
        ({"kind": "rate_limit", "seconds": 7}, RateLimited, "7"),
        ({"kind": "revoked"}, NetworkDown, "PORTEVOIX_BOT_TOKEN"),  # the token's fault: nobody may be taken for gone
        ({"kind": "error_after"}, OutcomeUnknown, "did not answer clearly"),  # the person may have it
        ({"kind": "migrated", "new_chat_id": -100}, ChatMoved, "supergroup"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
async def test_what_goes_wrong_is_one_of_the_networks_errors(zoe, add, send, sandbox, fault, error, sentence):
    await zoe.join()
    post = await add()
    await sandbox.fault("telegram", operation="sendMessage", **fault)
    with pytest.raises(NetworkProblem, match=sentence) as caught:
        await send(zoe, post)
    assert type(caught.value) is error
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == timedelta(seconds=7)


async def test_who_really_blocked_the_bot_is_named_gone(zoe, add, send, sandbox):
    await zoe.join()
    post = await add()
    await sandbox.block(zoe.id)
    with pytest.raises(ChannelRevoked, match="this person blocked the bot, or left Telegram"):
        await send(zoe, post)


async def test_a_person_whom_telegram_does_not_know_is_refused(life, house, add, clock):
    nobody = Supporter(telegram_id=999, first_name="Personne", created_at=clock())
    async with house.database.write() as session:
        session.add(nobody)
    with pytest.raises(PostRejected, match="hat not found"):
        await life.runner.deliver(Run(await add()), nobody)
