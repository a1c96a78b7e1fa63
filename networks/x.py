"""An account on X: tweepy's Client for the post, API v2 for its pictures (tweepy 4.17 knows only the retired v1.1 upload)."""

import asyncio
import html
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeVar

import requests
import tweepy
from urllib3.exceptions import NewConnectionError

from networks.base import OutgoingPost, Picture, Receipt
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, OutcomeUnknown, PostRejected, RateLimited
from networks.limits import parts, text_problems

T = TypeVar("T")
HOST = "https://api.x.com"
TWEEPY_HOST = "https://api.twitter.com"  # hard-coded in tweepy.Client
TIMEOUT = (10, 45)  # seconds to connect, seconds to wait for an answer; tweepy sets none
WINDOW = timedelta(minutes=15)  # X's rate window, when its answer names no end


class _Session(requests.Session):
    """Sends tweepy's requests to the channel's own host, before they are signed, and never waits for ever."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self.host = host

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        address = url.decode() if isinstance(url, bytes) else url
        kwargs.setdefault("timeout", TIMEOUT)
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
        self._client.session = _Session(base_url.rstrip("/"))
        self._oauth = tweepy.OAuth1UserHandler(*secrets)

    async def check(self) -> str:
        me = await asyncio.to_thread(answered, lambda: self._client.get_me(user_auth=True))
        return f"@{me.data.username}"

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
                sent.append(self._tweet(written[index], media_ids if index == 0 else [], sent))
            except NetworkProblem as problem:
                if index and isinstance(problem.__cause__, tweepy.Forbidden):
                    note = f"X refused part {index + 1} of {len(written)} of the thread ({problem}); the others are out"
                    return self._receipt(sent, note)
                problem.sent_parts = tuple(sent)
                raise
        return self._receipt(sent)

    def _tweet(self, text: str, media_ids: list[str], before: list[str]) -> str:
        reply_to = before[-1] if before else None
        sent = answered(
            lambda: self._client.create_tweet(text=text, media_ids=media_ids or None, in_reply_to_tweet_id=reply_to)
        )
        tweet_id = (sent.data or {}).get("id")
        if not tweet_id:
            raise OutcomeUnknown("X answered without the post's id; look at the account")
        return str(tweet_id)

    def _receipt(self, sent: list[str], note: str = "") -> Receipt:
        return Receipt(sent[0], f"https://x.com/i/status/{sent[0]}", tuple(sent), note)

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        """Look for the text among the account's 100 newest posts."""
        return await asyncio.to_thread(self._find, post, since)

    def _find(self, post: OutgoingPost, since: datetime | None) -> Receipt | None:
        written = parts("x", post)
        if not all(written):
            raise OutcomeUnknown("a post without text cannot be recognised; look at the account")
        me = answered(lambda: self._client.get_me(user_auth=True).data.id)
        start = since.astimezone(UTC) if since else None  # tweepy writes any zone as UTC
        shown = answered(
            lambda: self._client.get_users_tweets(
                me, user_auth=True, max_results=100, tweet_fields=["created_at", "entities"], start_time=start
            )
        )
        there = {_plain(_shown_text(tweet)): str(tweet.id) for tweet in shown.data or ()}
        found = [there.get(_plain(part)) for part in written[len(post.sent_parts) :]]
        ids = [*post.sent_parts, *(each for each in found if each)]
        if None not in found:
            return self._receipt(ids)
        if any(found):
            raise OutcomeUnknown(f"{len(ids)} of {len(written)} parts of the thread are there", sent_parts=tuple(ids))
        return None

    def _upload(self, picture: Picture) -> str:
        category = "tweet_gif" if picture.mime == "image/gif" else "tweet_image"
        answer = self._post(
            "/2/media/upload", data={"media_category": category}, files={"media": ("media", picture.data, picture.mime)}
        )
        media_id = str(answer.json()["data"]["id"])
        if picture.alt:
            self._post("/2/media/metadata", json={"id": media_id, "metadata": {"alt_text": {"text": picture.alt}}})
        return media_id

    def _post(self, path: str, **payload: Any) -> requests.Response:
        response: requests.Response = self._client.session.post(path, auth=self._oauth.apply_auth(), **payload)
        for status, kind in _ERRORS.items():
            if response.status_code == status:
                raise kind(response)
        if response.status_code >= 500:
            raise tweepy.TwitterServerError(response)
        if not response.ok:
            raise tweepy.HTTPException(response)
        return response

    async def close(self) -> None:
        self._client.session.close()


_ERRORS: dict[int, type[tweepy.HTTPException]] = {
    400: tweepy.BadRequest,
    401: tweepy.Unauthorized,
    403: tweepy.Forbidden,
    404: tweepy.NotFound,
    429: tweepy.TooManyRequests,
}


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
    """Make a call to X and turn what goes wrong into this project's few errors."""
    try:
        return call()
    except tweepy.HTTPException as error:
        raise _problem(error) from error
    except requests.exceptions.ConnectTimeout as error:
        raise NetworkDown("X could not be reached in time") from error
    except requests.exceptions.ConnectionError as error:
        cause = error.args[0] if error.args else None
        if isinstance(getattr(cause, "reason", cause), NewConnectionError) or isinstance(
            error, requests.exceptions.SSLError
        ):
            raise NetworkDown(f"X could not be reached: {error}") from error
        raise OutcomeUnknown("the connection to X broke before it answered; look at the account") from error
    except requests.exceptions.Timeout as error:
        raise OutcomeUnknown(f"X did not answer within {TIMEOUT[1]} s; look at the account") from error
    except (requests.exceptions.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutcomeUnknown(
            f"X answered in a way that cannot be read ({type(error).__name__}); look at the account"
        ) from error


def _problem(error: tweepy.HTTPException) -> NetworkProblem:
    status, said = error.response.status_code, " ".join(error.api_messages) or error.response.reason
    if status == 401:
        return ChannelRevoked(
            f"X refuses the channel's keys ({said}); make new ones and add the channel's settings again"
        )
    if status == 402:
        return ChannelRevoked(f"X: {said}; the account's credit is spent, add credit in X's developer console")
    if status == 429:
        return RateLimited(_until_reset(error.response), "X asks to wait until its rate window ends")
    if status == 403 and "duplicate" in said.lower():
        return PostRejected(
            "X already has a post with this text on this account; change the text, or look whether it is already there"
        )
    if status == 403 and any(word in said.lower() for word in ("permission", "suspended", "locked")):
        return ChannelRevoked(f"X: {said}")
    if status >= 500:
        return OutcomeUnknown(f"X answered {status}; look at the account before it is sent again")
    return PostRejected(f"X: {said} ({status})")


def _until_reset(response: requests.Response) -> timedelta:
    """How long to wait, by X's own clock: from the answer's Date to its x-rate-limit-reset (seconds since 1970)."""
    try:
        reset = int(response.headers["x-rate-limit-reset"])
        wait = timedelta(seconds=reset - parsedate_to_datetime(response.headers["Date"]).timestamp() + 1)
    except (KeyError, ValueError):
        return WINDOW
    return min(max(wait, timedelta(seconds=1)), timedelta(days=1))
