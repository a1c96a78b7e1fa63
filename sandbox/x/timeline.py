"""GET /2/users/:id/tweets: one's own tweets, newest first, page by page."""

from datetime import UTC, datetime

from sandbox.store import Json
from sandbox.x import problems
from sandbox.x.state import Account, Tweet, XState

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


def _tweet(state: XState, tweet: Tweet, query: dict[str, str]) -> Json:
    fields = query.get("tweet.fields", "").split(",")
    answer: Json = {"id": tweet.id, "text": tweet.text, "edit_history_tweet_ids": [tweet.id]}
    if "created_at" in fields:
        at = datetime.fromisoformat(tweet.at).astimezone(UTC)
        answer["created_at"] = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if tweet.media:
        answer["attachments"] = {"media_keys": [state.media[each].key for each in tweet.media]}
    return answer
