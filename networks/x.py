"""An account on X: tweepy's Client for the post, API v2 for its pictures (tweepy 4.17 knows only the retired v1.1 upload)."""

import asyncio
import html
import json
import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import requests
import tweepy

from networks.answers import SKEW, waiting_time
from networks.base import Figures, OutgoingPost, Picture, Receipt
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, OutcomeUnknown, PostRejected, RateLimited
from networks.limits import parts, text_problems
from networks.sessions import Session, elsewhere
from networks.threads import recognised

T = TypeVar("T")
HOST = "https://api.x.com"
TWEEPY_HOST = "https://api.twitter.com"  # hard-coded in tweepy.Client
WINDOW = timedelta(minutes=15)  # X's rate window, when its answer names no end
A_DAY_FULL = timedelta(hours=1)  # when the day's posts are used up and the answer names no end
PROCESSING = 60.0  # seconds to wait for X to work on a moving picture; a still one is ready at once
# The rate window, and those of a day, each with its own -limit, -remaining and -reset.
WINDOWS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
# 403s that are about the account or the app, and not about this post.
NOT_LET_IN = re.compile(
    r"\b(permissions?|suspended|locked|client-forbidden|client-not-enrolled)\b|attached to a project|subset of x api"
)

COUNTS = {  # ours and X's names
    "likes": "like_count",
    "reposts": "retweet_count",
    "quotes": "quote_count",
    "replies": "reply_count",
    "views": "impression_count",
}
GONE = re.compile(r"reply to a (?:Tweet|post) that is deleted", re.I)  # a refused reply


class _Session(Session):
    """Sends tweepy's requests to the channel's own host, before they are signed."""

    def __init__(self, host: str) -> None:
        super().__init__("X", _problem)
        self.host = host

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        address = url.decode() if isinstance(url, bytes) else url
        return super().request(method, self.host + address.removeprefix(TWEEPY_HOST), *args, **kwargs)


class XAccount:
    """Settings: the four OAuth 1.0a secrets of the campaign's own account, `base_url`."""

    idempotent = False  # X refuses the same text again, but only for a while, and a picture alone has none
    can_find = True

    def __init__(
        self, consumer_key: str, consumer_secret: str, access_token: str, access_token_secret: str, base_url: str = HOST
    ) -> None:
        secrets = (consumer_key, consumer_secret, access_token, access_token_secret)
        self._client = tweepy.Client(None, *secrets)
        self._session = self._client.session = _Session(base_url.rstrip("/").removesuffix("/2"))
        self._oauth = tweepy.OAuth1UserHandler(*secrets)

    async def check(self) -> str:
        me = await asyncio.to_thread(answered, lambda: self._client.get_me(user_auth=True).data.username)
        return f"@{me}"

    async def publish(self, post: OutgoingPost) -> Receipt:
        """Upload the pictures, then post each part once, as a reply to the one before it.

        An upload that nobody uses is never seen, so it may be repeated. Where X refuses a reply, what is out stays and
        the receipt's note says that the rest is missing: sending the first part again would make a double.
        """
        return await asyncio.to_thread(self._publish, post)

    def _publish(self, post: OutgoingPost) -> Receipt:
        sent, written = list(post.sent_parts), parts("x", post)
        if len(written) > 1 and (problems := text_problems("x", post)):  # before a part is out
            raise PostRejected("; ".join(problems), sent_parts=post.sent_parts)
        try:
            media_ids = [answered(partial(self._upload, picture)) for picture in post.pictures] if not sent else []
        except OutcomeUnknown as problem:
            raise NetworkDown(f"a picture could not be uploaded: {problem}") from problem
        for index in range(len(sent), len(written)):
            try:
                post.keep_turn()
                sent.append(self._part(post, written[index], media_ids if index == 0 else [], sent))
            except NetworkProblem as problem:
                if index and isinstance(problem, PostRejected):
                    note = f"X refused part {index + 1} of {len(written)} of the thread ({problem}); the others are out"
                    return self._receipt(sent, note)
                problem.sent_parts = tuple(sent)
                raise
        return self._receipt(sent)

    def _part(self, post: OutgoingPost, text: str, media_ids: list[str], before: list[str]) -> str:
        if before or post.reply_to is None:
            return self._tweet(text, media_ids, before[-1] if before else None)
        try:
            return self._tweet(text, media_ids, post.reply_to)
        except PostRejected as problem:
            if not GONE.search(str(problem)):
                raise
            return self._tweet(text, media_ids, None)

    def _tweet(self, text: str, media_ids: list[str], reply_to: str | None) -> str:
        sent = answered(
            lambda: self._client.create_tweet(
                text=text or None, media_ids=media_ids or None, in_reply_to_tweet_id=reply_to
            )
        )
        tweet_id = sent.data.get("id") if isinstance(sent.data, dict) else None
        if not tweet_id:
            raise OutcomeUnknown("X answered without the post's id; look at the account")
        return str(tweet_id)

    def _receipt(self, sent: Sequence[str], note: str = "") -> Receipt:
        return Receipt(sent[0], f"https://x.com/i/status/{sent[0]}", tuple(sent), note)

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        """Look for the text among the account's 100 newest posts."""
        return await asyncio.to_thread(self._find, post, since)

    def _find(self, post: OutgoingPost, since: datetime | None) -> Receipt | None:
        written = parts("x", post)
        if not all(written):
            raise OutcomeUnknown("a post without text cannot be recognised; look at the account")
        me = answered(lambda: self._client.get_me(user_auth=True).data.id)
        start = since.astimezone(UTC) - SKEW if since else None  # tweepy writes any zone as UTC
        shown = answered(
            lambda: self._client.get_users_tweets(
                me, user_auth=True, max_results=100, tweet_fields=["created_at", "entities"], start_time=start
            )
        )
        there = {_plain(_shown_text(tweet)): str(tweet.id) for tweet in shown.data or ()}
        ids = recognised([_plain(part) for part in written], post.sent_parts, there)
        return self._receipt(ids) if ids else None

    async def figures(self, remote_ids: Sequence[str]) -> dict[str, Figures]:
        """One request, which X bills by the post."""
        return await asyncio.to_thread(answered, lambda: self._figures(remote_ids))

    def _figures(self, remote_ids: Sequence[str]) -> dict[str, Figures]:
        shown = self._client.get_tweets(list(remote_ids), user_auth=True, tweet_fields=["public_metrics"])
        return {
            str(tweet.id): {kind: int(tweet.public_metrics[name]) for kind, name in COUNTS.items()}
            for tweet in shown.data or ()
        }

    def _upload(self, picture: Picture) -> str:
        category = "tweet_gif" if picture.mime == "image/gif" else "tweet_image"
        media = self._ask(
            "POST",
            "/2/media/upload",
            data={"media_category": category},
            files={"media": ("media", picture.data, picture.mime)},
        )
        media_id = str(media.get("id") or media["media_id_string"])
        self._wait_until_ready(media_id, media)
        if picture.alt:
            self._ask(
                "POST", "/2/media/metadata", json={"id": media_id, "metadata": {"alt_text": {"text": picture.alt}}}
            )
        return media_id

    def _wait_until_ready(self, media_id: str, media: dict[str, Any]) -> None:
        waited = 0.0
        while (state := (media.get("processing_info") or {}).get("state")) in ("pending", "in_progress"):
            pause = min(max(float(media["processing_info"].get("check_after_secs", 1)), 0.1), 10)
            waited += pause
            if waited > PROCESSING:
                raise NetworkDown("X still works on a picture; nothing was published yet")
            time.sleep(pause)  # in a thread of its own
            media = self._ask("GET", "/2/media/upload", params={"command": "STATUS", "media_id": media_id})
        if state == "failed":
            said = (media["processing_info"].get("error") or {}).get("message", "no reason given")
            raise PostRejected(f"X could not work on a picture ({said}); choose another one")

    def _ask(self, method: str, path: str, **payload: Any) -> dict[str, Any]:
        said = self._session.request(method, path, auth=self._oauth.apply_auth(), **payload).json()
        return dict(said.get("data") or said)

    async def close(self) -> None:
        self._session.close()


def _shown_text(tweet: Any) -> str:
    """A tweet's text as it was written: X puts t.co addresses in the place of its links, and one behind for pictures."""
    text = str(tweet.text)
    for link in (tweet.entities or {}).get("urls") or ():
        text = text.replace(link["url"], "" if "media_key" in link else link.get("expanded_url") or link["url"])
    return html.unescape(text)


def _plain(text: str) -> str:
    """Without spaces and an address's last slash, which X sets as it likes."""
    return re.sub(r"/?\s+|/$", "", unicodedata.normalize("NFC", text).strip())


def answered(call: Callable[[], T]) -> T:
    """Make a call to X; an answer that is none of X's leaves its outcome unknown."""
    try:
        return call()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutcomeUnknown(
            f"X answered in a way that cannot be read ({type(error).__name__}); look at the account"
        ) from error


def _problem(answer: requests.Response) -> NetworkProblem:
    """What an answer that is no success means."""
    status, said, everything = answer.status_code, *_said(answer)
    if status < 400:
        return elsewhere(answer, "X")
    if status == 401:
        return ChannelRevoked(f"X refuses the channel's keys ({said}); make new ones, then run `channels mend`")
    if status == 402:
        return ChannelRevoked(f"X: {said}; the account's credit is spent, add credit in X's developer console")
    if status == 429:
        return RateLimited(_wait(answer), "X asks to wait until its rate window ends")
    if status == 403 and "duplicate" in everything:
        return PostRejected(
            "X already has a post with this text on this account; change the text, or look whether it is already there"
        )
    if status == 403 and "daily" in everything:
        return RateLimited(waiting_time(answer.headers, A_DAY_FULL), f"X: {said}")
    if status == 403 and NOT_LET_IN.search(everything):
        return ChannelRevoked(f"X: {said}")
    if status >= 500 or status == 408:
        return OutcomeUnknown(f"X answered {status}; look at the account before it is sent again")
    return PostRejected(f"X: {said} ({status})")


def _said(answer: requests.Response) -> tuple[str, str]:
    """What a refusal says to people, and all of it in lower case: X has several shapes for it."""
    try:
        body = answer.json()
        errors = body.get("errors") or []
        messages = [str(each.get("message") or each.get("detail") or "") for each in errors if isinstance(each, dict)]
        said = " ".join(filter(None, messages)) or str(
            body.get("detail") or body.get("title") or body.get("error") or ""
        )
        return said or answer.reason, json.dumps(body).lower()
    except (ValueError, AttributeError, TypeError):  # a proxy's page
        return answer.reason, ""


def _wait(answer: requests.Response) -> timedelta:
    """Until the last of the windows ends in which nothing remains."""
    full = [f"{name}-reset" for name in WINDOWS if answer.headers.get(f"{name}-remaining") == "0"]
    waits = [waiting_time(answer.headers, WINDOW, name) for name in full or [f"{WINDOWS[0]}-reset"]]
    return max(waits)
