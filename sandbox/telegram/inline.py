"""Inline mode: what people type behind a bot's name in any chat, answerInlineQuery, and which result they send.

As after /setinline and /setinlinefeedback at @BotFather. Of the kinds of results, articles with a text are taken.
"""

import re
from datetime import datetime, timedelta

from sandbox.store import Json
from sandbox.telegram.actions import Hand, NotPossible
from sandbox.telegram.call import Answer, Call
from sandbox.telegram.entities import formatted, length_of
from sandbox.telegram.errors import bad_request
from sandbox.telegram.send import LONGEST_TEXT
from sandbox.telegram.state import InlineQuery, TelegramState
from sandbox.telegram.updates import queue

MOST_RESULTS = 50  # from answerInlineQuery
LONGEST_ID = 64  # bytes of a result's id and of next_offset, from InlineQueryResult and answerInlineQuery
LONGEST_QUERY = 256  # characters, from InlineQuery.query
CACHE_TIME = 300  # seconds unless the bot says otherwise, from answerInlineQuery.cache_time
ANSWERABLE = timedelta(seconds=60)  # not documented; as for taps
START_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")  # from InlineQueryResultsButton


def ask(hand: Hand, query: str, offset: str = "") -> InlineQuery:
    """Type `@bot query`; the bot hears of it unless Telegram still has an answer that may be shown to this person."""
    if len(query) > LONGEST_QUERY:
        raise NotPossible(f"an inline query has at most {LONGEST_QUERY} characters, this one {len(query)}")
    world, state = hand.world, hand.state
    number = f"{hand.person.id}{world.changes.bump():012d}"
    asked = InlineQuery(number, hand.bot.id, hand.person.id, query, offset, world.clock().isoformat())
    asked.answer = _kept(state, asked, world.clock())
    asked.cached = asked.answer is not None
    state.save_inline(asked)
    if not asked.cached:
        what = {"id": asked.id, "from": hand.person.as_user(), "query": query, "offset": offset, "chat_type": "private"}
        queue(world, hand.bot, {"inline_query": what})
    return asked


def _kept(state: TelegramState, asked: InlineQuery, now: datetime) -> Json | None:
    """An answer to the same words that has not expired: to this person, or to anybody where it was not personal."""
    for earlier in reversed(state.inline.values()):
        same = (earlier.bot_id, earlier.query, earlier.offset) == (asked.bot_id, asked.query, asked.offset)
        if not same or earlier.answer is None or earlier.cached:
            continue
        fresh = now < datetime.fromisoformat(earlier.answer["at"]) + timedelta(seconds=earlier.answer["cache_time"])
        if fresh and (earlier.person == asked.person or not earlier.answer["is_personal"]):
            return earlier.answer
    return None


async def answer_inline_query(call: Call) -> Answer:
    """answerInlineQuery"""
    query, now = call.state.inline.get(call.params.text("inline_query_id")), call.world.clock()
    if query is None or query.bot_id != call.bot.id or now - datetime.fromisoformat(query.at) > ANSWERABLE:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    results = call.params.items("results")
    if results is None:
        raise bad_request("can't parse inline query results JSON object")
    if len(results) > MOST_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    if len(call.params.text("next_offset").encode()) > LONGEST_ID:
        raise bad_request("NEXT_OFFSET_INVALID")
    checked = [_result(each) for each in results]
    if len({each["id"] for each in checked}) < len(checked):
        raise bad_request("RESULT_ID_DUPLICATE")
    query.answer = {
        "results": checked,
        "cache_time": call.params.whole("cache_time", CACHE_TIME),
        "is_personal": call.params.flag("is_personal"),
        "next_offset": call.params.text("next_offset"),
        "button": _button(call.params.object("button")),
        "at": now.isoformat(),
    }
    call.state.save_inline(query)
    return True


def _result(given: Json) -> Json:
    if not 1 <= len(str(given.get("id") or "").encode()) <= LONGEST_ID:
        raise bad_request("RESULT_ID_INVALID")
    content = given.get("input_message_content")
    if given.get("type") != "article" or not isinstance(content, dict) or "message_text" not in content:
        raise bad_request("can't parse inline query result: the sandbox takes only articles with a text")
    if not str(given.get("title") or "").strip():
        raise bad_request("can't parse inline query result: ARTICLE_TITLE_EMPTY")
    text, entities = formatted(str(content["message_text"]), content.get("parse_mode"), content.get("entities"))
    if not text:
        raise bad_request("message text is empty")
    if length_of(text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    message = {"text": text} | ({"entities": entities} if entities else {})
    return {"id": str(given["id"]), "title": given["title"], "description": given.get("description"), "sends": message}


def _button(given: Json | None) -> Json | None:
    if given is None:
        return None
    if not str(given.get("text") or "").strip() or ("web_app" in given) == ("start_parameter" in given):
        raise bad_request("can't parse InlineQueryResultsButton: a text and exactly one action are needed")
    if "start_parameter" in given and not START_PARAMETER.fullmatch(str(given["start_parameter"])):
        raise bad_request("START_PARAM_INVALID")
    return given


def choose(hand: Hand, query_id: str, result_id: str) -> Json:
    """Send a result in the chat in which it was asked for; the bot hears which, and not where."""
    query = hand.state.inline.get(query_id)
    results = (query.answer or {}).get("results", []) if query and query.person == hand.person.id else []
    found = next((each for each in results if each["id"] == result_id), None)
    if query is None or found is None:
        raise NotPossible(f"inline query {query_id} of this person offers no result {result_id!r}")
    query.chosen.append(result_id)
    hand.state.save_inline(query)
    told = {"result_id": result_id, "from": hand.person.as_user(), "query": query.query}
    queue(hand.world, hand.bot, {"chosen_inline_result": told})
    sent: Json = {"from": hand.person.as_user(), "via_bot": hand.bot.as_user(), "date": hand.state.now()}
    sent |= found["sends"]
    return sent
