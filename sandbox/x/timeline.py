"""One's own tweets, newest first, page by page (GET /2/users/:id/tweets), or by their ids (GET /2/tweets)."""

import html
import re
from datetime import UTC, datetime

from sandbox.reach import reach
from sandbox.store import Json
from sandbox.x import problems
from sandbox.x.state import Account, Tweet, XState

URL = re.compile(r"https?://[^\s»”]*[^\s»”.,;:!?)]")
FEWEST, MOST, USUAL = 5, 100, 10  # max_results, from X's reference


def page(state: XState, account: Account, query: dict[str, str]) -> Json:
    """One page with its meta; raises Problem for a wrong max_results."""
    size = query.get("max_results", str(USUAL))
    if not size.isdecimal() or not FEWEST <= int(size) <= MOST:
        raise problems.invalid("max_results", size, f"`max_results` must be between {FEWEST} and {MOST}")
    found = [tweet for tweet in state.timeline(account) if _within(tweet, query)]
    start = int(query.get("pagination_token", "0") or 0)
    shown = found[start : start + int(size)]
    meta: Json = {"result_count": len(shown)}
    if shown:
        meta |= {"newest_id": shown[0].id, "oldest_id": shown[-1].id}
    if start + int(size) < len(found):
        meta["next_token"] = str(start + int(size))
    answer: Json = {"data": [_tweet(state, tweet, query) for tweet in shown]} if shown else {}
    media = [state.media[each] for tweet in shown for each in tweet.media]
    if media and "attachments.media_keys" in query.get("expansions", ""):
        answer["includes"] = {
            "media": [{"media_key": m.key, "type": "photo"} | ({"alt_text": m.alt} if m.alt else {}) for m in media]
        }
    return answer | {"meta": meta}


def these(state: XState, ids: list[str], query: dict[str, str]) -> Json:
    """The tweets of these ids, in their order; an error for each that is not there."""
    found = [tweet for each in ids if (tweet := state.tweets.get(each)) is not None and not tweet.deleted]
    answer: Json = {"data": [_tweet(state, tweet, query) for tweet in found]} if found else {}
    missing = set(ids) - {tweet.id for tweet in found}
    if missing:
        answer["errors"] = [problems.not_found(each) for each in sorted(missing)]
    return answer


def _within(tweet: Tweet, query: dict[str, str]) -> bool:
    at = datetime.fromisoformat(tweet.at)
    since, until = query.get("since_id"), query.get("until_id")
    start, end = query.get("start_time"), query.get("end_time")
    return (
        (not since or int(tweet.id) > int(since))
        and (not until or int(tweet.id) < int(until))
        and (not start or at >= datetime.fromisoformat(start))
        and (not end or at < datetime.fromisoformat(end))
    )


def _shortened(tweet: Tweet) -> tuple[str, list[Json]]:
    """The text as X gives it: escaped, with t.co addresses in the place of links and one behind for pictures."""
    urls: list[Json] = []

    def short(address: str) -> str:
        urls.append({"url": f"https://t.co/{tweet.id[-6:]}{len(urls)}", "expanded_url": address})
        return str(urls[-1]["url"])

    text = html.escape(URL.sub(lambda match: short(match[0]), tweet.text), quote=False)
    if tweet.media:
        text += f" {short(f'https://x.com/i/status/{tweet.id}/photo/1')}"
        urls[-1]["media_key"] = f"3_{tweet.media[0]}"
    return text, urls


def _tweet(state: XState, tweet: Tweet, query: dict[str, str]) -> Json:
    fields = query.get("tweet.fields", "").split(",")
    text, urls = _shortened(tweet)
    answer: Json = {"id": tweet.id, "text": text, "edit_history_tweet_ids": [tweet.id]}
    if "entities" in fields and urls:
        answer["entities"] = {"urls": urls}
    if "created_at" in fields:
        at = datetime.fromisoformat(tweet.at).astimezone(UTC)
        answer["created_at"] = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if "public_metrics" in fields:
        seen = reach(tweet.id, tweet.at, state.clock())
        answer["public_metrics"] = {
            "like_count": seen["likes"],
            "retweet_count": seen["reposts"],
            "quote_count": seen["quotes"],
            "reply_count": seen["replies"],
            "bookmark_count": 0,
            "impression_count": seen["views"],
        }
    if tweet.media:
        answer["attachments"] = {"media_keys": [state.media[each].key for each in tweet.media]}
    return answer
