"""An account on Mastodon, by Mastodon.py in a thread. Its server keeps an Idempotency-Key, so a repeat cannot double."""

import asyncio
import html
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import requests
from mastodon import Mastodon
from mastodon.errors import MastodonError

from networks.answers import SKEW, waiting_time
from networks.base import Figures, OutgoingPost, Picture, Receipt
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, OutcomeUnknown, PostRejected, RateLimited
from networks.limits import mastodon_length
from networks.mastodon_limits import Takes, check, read_limits
from networks.sessions import Session, elsewhere
from networks.threads import recognised

T = TypeVar("T")
KEY_LIFETIME = timedelta(hours=1)  # how long the server remembers an Idempotency-Key
WINDOW = timedelta(minutes=5)  # Mastodon's rate window, when its answer names no end
NOT_FOUND = "(404)"  # also the answer to a reply whose status is gone
COUNTS = {"likes": "favourites_count", "reposts": "reblogs_count", "replies": "replies_count"}  # ours and Mastodon's
DONE = 200  # the status of a picture on which the server works no more; until then it is 206
PAGE = 40  # statuses of one's own timeline in one answer: the most that the server gives


class _Session(Session):
    """The library writes /instance/, and not every server takes a slash at the end."""

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(method, (url.decode() if isinstance(url, bytes) else url).rstrip("/"), *args, **kwargs)


class MastodonAccount:
    """Settings: `base_url` of the server, `access_token` with the scopes read, write:statuses and write:media."""

    idempotent = True
    can_find = True
    poll_interval = 1.0  # seconds between two looks at a picture that the server still works on
    polls = 30

    def __init__(self, base_url: str, access_token: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._session = _Session(self._base_url, partial(_problem, self._base_url))
        self._client = Mastodon(
            access_token=access_token,
            api_base_url=self._base_url,
            ratelimit_method="throw",
            session=self._session,
            mastodon_version="4.3.0",  # named, so that the library asks for no version before each upload
            version_check_mode="created",
            user_agent="porte-voix",
        )

    async def check(self) -> str:
        me = await asyncio.to_thread(self._ask, self._client.account_verify_credentials)
        return f"@{_of(me, 'acct')} ({self._base_url.partition('://')[2]})"

    async def publish(self, post: OutgoingPost) -> Receipt:
        """1. What the server takes; 2. upload the pictures; 3. post each part as a reply to the one before it."""
        return await asyncio.to_thread(self._publish, post)

    def _publish(self, post: OutgoingPost) -> Receipt:
        sent = list(post.sent_parts)
        try:
            takes = self._takes()
            written = post.parts(lambda text: mastodon_length(text, takes.per_url) <= takes.characters)
            check(post, written, takes)
            media = [self._upload(picture) for picture in post.pictures] if not sent else []
        except OutcomeUnknown as problem:  # until here nothing is public
            raise NetworkDown(f"nothing was published yet: {problem}", sent_parts=tuple(sent)) from problem
        except NetworkProblem as problem:
            problem.sent_parts = tuple(sent)
            raise
        url = None
        for index in range(len(sent), len(written)):
            try:
                post.keep_turn()
                status = self._part(post, written, index, media, sent)
                sent.append(_of(status, "id"))
            except NetworkProblem as problem:
                problem.sent_parts = tuple(sent)
                raise
            url = url if index else _of(status, "url", needed=False)
        return Receipt(remote_id=sent[0], url=url or self._address(sent[0]), parts=tuple(sent))

    def _part(self, post: OutgoingPost, written: tuple[str, ...], index: int, media: list[str], sent: list[str]) -> Any:
        try:
            return self._post(post, written, index, media, sent)
        except PostRejected as problem:
            if index or post.reply_to is None or NOT_FOUND not in str(problem):
                raise
            return self._post(replace(post, reply_to=None), written, index, media, sent)

    def _post(self, post: OutgoingPost, written: tuple[str, ...], index: int, media: list[str], sent: list[str]) -> Any:
        return self._ask(
            lambda: self._client.status_post(
                written[index],
                in_reply_to_id=sent[index - 1] if index else post.reply_to,
                media_ids=(media or None) if index == 0 else None,
                language=post.language.partition("-")[0],  # ISO 639, without a region
                idempotency_key=post.unique_key if index == 0 else f"{post.unique_key}-{index + 1}",
            )
        )

    def _takes(self) -> Takes:
        """What the server says in its newer page or in its older one; the usual limits where it has neither."""
        for page in (self._client.instance_v2, self._client.instance_v1):
            with suppress(PostRejected):  # it has no such page
                return self._ask(partial(read_limits, page, self._base_url))
        return Takes()

    def _upload(self, picture: Picture) -> str:
        media = self._ask(
            lambda: self._client.media_post(
                picture.data,
                mime_type=picture.mime,
                description=picture.alt or None,
                focus=_focal_point(picture),
                file_name="picture",
            )
        )
        media_id = _of(media, "id")
        for _ in range(self.polls):
            if _of(media, "url", needed=False):
                return media_id
            time.sleep(self.poll_interval)  # in a thread of its own
            media = self._ask(lambda: self._client.media(media_id))
            if self._session.status == DONE:
                return media_id
        raise NetworkDown(f"{self._base_url} still works on a picture; nothing was published yet")

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        """Look for the text among the account's newest statuses."""
        return await asyncio.to_thread(self._find, post, since)

    def _find(self, post: OutgoingPost, since: datetime | None) -> Receipt | None:
        takes = self._takes()
        written = post.parts(lambda text: mastodon_length(text, takes.per_url) <= takes.characters)
        if not all(written):
            raise OutcomeUnknown("a post without text cannot be recognised; look at the account")
        me = _of(self._ask(self._client.account_verify_credentials), "id")
        shown = self._ask(lambda: self._client.account_statuses(me, exclude_reblogs=True, limit=PAGE))
        if not isinstance(shown, list):
            raise OutcomeUnknown(f"{self._base_url} did not show the account's statuses; look at the account")
        recent = [status for status in shown if since is None or _moment(status) >= since - SKEW]
        there = {_plain(_of(status, "content", needed=False)): _of(status, "id") for status in recent}
        ids = recognised([_plain(html.escape(part)) for part in written], post.sent_parts, there)
        if ids is None:
            return None
        urls = {_of(status, "id"): _of(status, "url", needed=False) for status in recent}
        return Receipt(ids[0], urls.get(ids[0]) or self._address(ids[0]), ids)

    async def figures(self, remote_ids: Sequence[str]) -> dict[str, Figures]:
        """One request a post; Mastodon counts no views."""
        return await asyncio.to_thread(self._figures, remote_ids)

    def _figures(self, remote_ids: Sequence[str]) -> dict[str, Figures]:
        found: dict[str, Figures] = {}
        for status_id in remote_ids:
            try:
                status: Any = self._ask(partial(self._client.status, status_id))
            except PostRejected as problem:
                if NOT_FOUND not in str(problem):
                    raise
                continue
            found[status_id] = self._ask(
                lambda status=status: {kind: int(status[name]) for kind, name in COUNTS.items()}  # type: ignore[misc]
            )
        return found

    def _address(self, status_id: str) -> str:
        return f"{self._base_url}/statuses/{status_id}"

    def _ask(self, call: Callable[[], T]) -> T:
        """Make a call; what the session raised comes out as it is, an answer that cannot be read as OutcomeUnknown."""
        try:
            return call()
        except MastodonError as error:
            if isinstance(error.__context__, NetworkProblem):
                raise error.__context__ from None
            raise self._unreadable() from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._unreadable() from error

    def _unreadable(self) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{self._base_url} answered in a way that cannot be read; look at the account, and at base_url"
        )

    async def close(self) -> None:
        self._session.close()


def _focal_point(picture: Picture) -> tuple[float, float] | None:
    """Where Mastodon's axes have it: -1 to 1 from left to right and from bottom to top; None for the middle, which is its own.

    https://docs.joinmastodon.org/api/guidelines/#focal-points
    """
    x, y = picture.focus
    return None if (x, y) == (50, 50) else (round(x / 50 - 1, 2), round(1 - y / 50, 2))


def _of(said: Any, name: str, *, needed: bool = True) -> str:
    """A value of an answer; OutcomeUnknown where the answer is of another shape."""
    value = said.get(name) if isinstance(said, dict) else None
    if needed and not value:
        raise OutcomeUnknown(f"the server answered without “{name}”; look at the account")
    return str(value or "")


def _plain(content: str) -> str:
    """A status's HTML as text without spaces: Mastodon sets its own, and leaves the domain of a mention away."""
    text = html.unescape(re.sub(r"<[^>]*>", "", content))
    return re.sub(r"\s+", "", re.sub(r"(?<![\w/])@([a-zA-Z0-9_]+)@[\w.-]+\w", r"@\1", text))


def _moment(status: Any) -> datetime:
    at = status.get("created_at") if isinstance(status, dict) else None
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    if not isinstance(at, datetime):
        return datetime.max.replace(tzinfo=UTC)  # a status of no known age may be the one
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _problem(address: str, answer: requests.Response) -> NetworkProblem:
    """What an answer that is no success means."""
    status, said = answer.status_code, answer.reason or ""
    with suppress(ValueError, KeyError, TypeError):  # a proxy's page is no JSON
        said = str(answer.json()["error"])
    if status < 400:
        return elsewhere(answer, address)
    if status in (401, 403) or "authenticated user" in said:  # an app's own token has no account
        return ChannelRevoked(
            f"{address} refuses the access token ({said}); make a new one with read, write:statuses and write:media"
        )
    if status == 429:
        wait = waiting_time(answer.headers, WINDOW, "x-ratelimit-reset")
        return RateLimited(wait, f"{address} asks to wait until its rate window ends")
    if status >= 500 or status == 408:
        return OutcomeUnknown(f"{address} answered {status}; look at the account before it is sent again")
    if "finished processing" in said:  # it said before that the picture was ready
        return NetworkDown(f"{address}: {said}")
    hint = "; look at base_url" if status == 404 else ""
    return PostRejected(f"{address}: {said} ({status}){hint}")
