"""Inline mode: what is typed behind the bot's name, what the bot may answer, what Telegram keeps, what is sent."""

import asyncio
from typing import Any

import pytest
import telegram
from telegram import InlineQueryResultArticle, InlineQueryResultsButton, InputTextMessageContent
from telegram.error import BadRequest

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import AMINA


def article(result_id: str = "1", text: str = "Signez <b>ici</b>", title: str = "Un titre") -> InlineQueryResultArticle:
    return InlineQueryResultArticle(result_id, title, InputTextMessageContent(text, parse_mode="HTML"))


async def heard(bot: telegram.Bot, after: int = 0) -> telegram.Update:
    (update,) = await bot.get_updates(offset=after, timeout=10)
    return update


async def ask(bot: telegram.Bot, sandbox: SandboxClient, query: str, person: int = AMINA, **how: Any) -> Any:
    """Type a query, and answer it as told; gives the answered query."""
    asked = asyncio.ensure_future(sandbox.inline(person, query))
    update = await heard(bot)
    assert update.inline_query is not None and update.inline_query.query == query
    await bot.answer_inline_query(update.inline_query.id, **{"results": [article()]} | how)
    await bot.get_updates(offset=update.update_id + 1)
    return await asked


async def test_a_query_reaches_the_bot_and_its_results_the_person(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    assert (await bot.get_me()).supports_inline_queries
    answered = await ask(bot, sandbox, "train", cache_time=0, is_personal=True)
    assert answered["answer"]["results"][0]["sends"]["text"] == "Signez ici"
    assert (answered["answer"]["cache_time"], answered["answer"]["is_personal"]) == (0, True)


async def test_who_has_never_written_to_the_bot_may_ask_and_is_named(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    zoe = await sandbox.person("Zoé", language_code="fr")
    asked = asyncio.ensure_future(sandbox.inline(zoe, ""))
    update = await heard(bot)
    assert update.inline_query is not None and update.effective_chat is None
    assert (update.inline_query.from_user.id, update.inline_query.from_user.language_code) == (zoe, "fr")
    await bot.answer_inline_query(
        update.inline_query.id, [], button=InlineQueryResultsButton("Go", start_parameter="c-a")
    )
    assert (await asked)["answer"]["button"] == {"text": "Go", "start_parameter": "c-a"}


async def test_a_chosen_result_is_sent_by_the_person_and_the_bot_hears_which(
    bot: telegram.Bot, sandbox: SandboxClient
) -> None:
    answered = await ask(bot, sandbox, "train")
    sent = await sandbox.choose(AMINA, answered["id"], "1")
    assert sent["text"] == "Signez ici" and sent["from"]["id"] == AMINA and sent["via_bot"]["is_bot"]
    update = await heard(bot)
    assert update.chosen_inline_result is not None
    assert (update.chosen_inline_result.result_id, update.chosen_inline_result.query) == ("1", "train")
    with pytest.raises(SandboxError, match="offers no result '2'"):
        await sandbox.choose(AMINA, answered["id"], "2")


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        ({}, (True, True)),  # 300 seconds, and for everybody
        ({"is_personal": True}, (True, False)),
        ({"cache_time": 0}, (False, False)),
    ],
)
async def test_telegram_shows_again_what_it_may_keep(
    bot: telegram.Bot, sandbox: SandboxClient, how: dict[str, Any], shown: tuple[bool, bool]
) -> None:
    zoe = await sandbox.person("Zoé")
    await ask(bot, sandbox, "train", **how)
    for who, from_cache in zip((AMINA, zoe), shown, strict=True):
        again = (
            await sandbox.inline(who, "train") if from_cache else await ask(bot, sandbox, "train", who, cache_time=0)
        )
        assert again["cached"] is from_cache
    assert (await ask(bot, sandbox, "bus"))["cached"] is False


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"results": [article(str(n)) for n in range(51)]}, "RESULTS_TOO_MUCH"),
        ({"results": [article("x" * 65)]}, "RESULT_ID_INVALID"),
        ({"results": [article(), article()]}, "RESULT_ID_DUPLICATE"),
        ({"results": [article(text="x" * 4097)]}, "Message is too long"),
        ({"results": [article(title=" ")]}, "ARTICLE_TITLE_EMPTY"),
        ({"results": [], "next_offset": "é" * 33}, "NEXT_OFFSET_INVALID"),
        ({"results": [], "button": InlineQueryResultsButton("Go", start_parameter="é")}, "START_PARAM_INVALID"),
        ({"results": [], "button": InlineQueryResultsButton("Go")}, "exactly one action"),
    ],
)
async def test_what_telegram_refuses(
    bot: telegram.Bot, sandbox: SandboxClient, how: dict[str, Any], refusal: str
) -> None:
    asked = asyncio.ensure_future(sandbox.inline(AMINA, "train"))
    update = await heard(bot)
    assert update.inline_query is not None
    with pytest.raises(BadRequest, match=f"(?i){refusal}"):
        await bot.answer_inline_query(update.inline_query.id, **how)
    await bot.answer_inline_query(update.inline_query.id, [article(str(n)) for n in range(50)])
    assert len((await asked)["answer"]["results"]) == 50


async def test_an_unknown_query_is_not_answered(bot: telegram.Bot) -> None:
    with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
        await bot.answer_inline_query("42", [])


async def test_a_query_longer_than_a_client_lets_anybody_type_is_refused(sandbox: SandboxClient) -> None:
    with pytest.raises(SandboxError, match="at most 256 characters, this one 257"):
        await sandbox.inline(AMINA, "x" * 257)
