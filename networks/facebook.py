"""A Facebook Page: the Graph API by httpx. Its errors are in https://developers.facebook.com/docs/graph-api/guides/error-handling."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from networks.answers import ANSWER, CONNECT, NEVER_SENT, waiting_time
from networks.base import Figures, OutgoingPost, Picture, Receipt
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, OutcomeUnknown, PostRejected, RateLimited
from networks.threads import whole

HOST = "https://graph.facebook.com/v23.0"  # the version belongs to the path
TIMEOUT = httpx.Timeout(ANSWER, connect=CONNECT)
WINDOW = timedelta(hours=1)  # Graph's rolling rate window, when its answer tells no time

TOKEN_ENDED = {102, 190}
NOT_ALLOWED = {3, 10, *range(200, 300), 803}  # permissions; 803: no object of that name for this token
TOO_MANY = {4, 17, 32, 341, 613, 80001}  # app, user, page, application limit, custom, business use case of Pages
MAYBE_OUT = {1, 2}  # "unknown" and "service": Graph itself does not know
NO_TOKEN = {104, 2500}  # "an access token is required": this server does not read the header
DUPLICATE = 506
COUNTED = "reactions.summary(total_count).limit(0),comments.summary(total_count).limit(0),shares"
NO_SUCH_OBJECT = (100, 33)  # code and subcode: a wrong page_id looks like this


class FacebookPage:
    """Settings: `page_id` (a number), `access_token` (the Page's own, with pages_manage_posts), `base_url`."""

    idempotent = False  # the Graph API knows no key for a repeat
    can_find = False

    def __init__(
        self,
        page_id: str,
        access_token: str,
        base_url: str = HOST,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._token = access_token
        self._base_url = base_url.rstrip("/")
        self._page = f"{self._base_url}/{quote(page_id, safe='')}"
        # In a header, never in the address: addresses are logged on both sides.
        headers = {"Authorization": f"Bearer {access_token}"}
        self._http = httpx.AsyncClient(timeout=TIMEOUT, headers=headers, transport=transport)

    async def check(self) -> str:
        """Only where a server does not read the header does the token go into the address, as its documentation has it."""
        fields = {"fields": "name"}
        try:
            said = await self._ask("GET", "", params=fields)
        except _TokenNotSeen:
            said = await self._ask("GET", "", params=fields | {"access_token": self._token})
        return str(said.get("name") or self._page)

    async def publish(self, post: OutgoingPost) -> Receipt:
        """A post on the Page's feed; with one picture a photo, with several a post that they are attached to."""
        if len(post.pictures) == 1:
            sent = await self._photo(post.pictures[0], caption=post.body)
        elif post.pictures:
            attached = await self._upload_hidden(post.pictures)
            media = {f"attached_media[{i}]": json.dumps({"media_fbid": photo}) for i, photo in enumerate(attached)}
            sent = await self._ask("POST", "/feed", data={"message": post.body, **media})
        else:
            sent = await self._ask("POST", "/feed", data={"message": whole(post.text), "link": post.link or ""})
        post_id = str(sent.get("post_id") or sent.get("id") or "")
        if not post_id:
            raise OutcomeUnknown("Facebook answered without the post's id; look at the Page")
        return Receipt(remote_id=post_id, url=f"https://www.facebook.com/{post_id}", parts=(post_id,))

    async def _upload_hidden(self, pictures: tuple[Picture, ...]) -> list[str]:
        """Nobody sees an unpublished photo, so what happened to it does not matter and it may be sent again."""
        try:
            return [str((await self._photo(picture, published="false"))["id"]) for picture in pictures]
        except (OutcomeUnknown, KeyError) as problem:
            raise NetworkDown(f"a picture could not be uploaded: {problem}") from problem

    async def _photo(self, picture: Picture, **fields: str) -> dict[str, Any]:
        fields["alt_text_custom"] = picture.alt
        name = f"picture.{picture.mime.removeprefix('image/')}"
        return await self._ask("POST", "/photos", data=fields, files={"source": (name, picture.data, picture.mime)})

    async def _ask(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        if method == "POST":
            filled = {name: value for name, value in how["data"].items() if value}
            how["data"] = {**filled, "access_token": self._token}
        return await self._answer(method, self._page + path, **how)

    async def _answer(self, method: str, address: str, **how: Any) -> dict[str, Any]:
        try:
            response = await self._http.request(method, address, **how)
        except NEVER_SENT as error:
            raise NetworkDown(f"Facebook could not be reached: {error or type(error).__name__}") from error
        except httpx.TimeoutException as error:
            raise OutcomeUnknown(f"Facebook did not answer within {TIMEOUT.read:.0f} s; look at the Page") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown("the connection to Facebook broke before it answered; look at the Page") from error
        return answered(response)

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        """Cannot be asked: a human looks."""
        return None

    async def figures(self, remote_ids: Sequence[str]) -> dict[str, Figures]:
        """One request a post: reactions, comments and shares. Views are in Insights, which want a permission of their own."""
        found: dict[str, Figures] = {}
        for post_id in remote_ids:
            address = f"{self._base_url}/{quote(post_id, safe='')}"
            try:
                said = await self._answer("GET", address, params={"fields": COUNTED})
            except _NoSuchObject:
                continue
            found[post_id] = _counts(said)
        return found

    async def close(self) -> None:
        await self._http.aclose()


def _counts(said: dict[str, Any]) -> Figures:
    """What is 0 may be missing from an answer."""
    try:
        return {
            "likes": int(said.get("reactions", {}).get("summary", {}).get("total_count", 0)),
            "replies": int(said.get("comments", {}).get("summary", {}).get("total_count", 0)),
            "reposts": int(said.get("shares", {}).get("count", 0)),
        }
    except (AttributeError, TypeError, ValueError) as error:
        raise OutcomeUnknown("Facebook told a post's figures in a way that cannot be read") from error


def answered(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; raises what an error object of Graph means, by its code rather than by the status."""
    try:
        said = response.json()
    except ValueError:  # an HTML page, or half an answer
        said = None
    error = said.get("error") if isinstance(said, dict) else None
    if isinstance(error, dict) and isinstance(error.get("code"), int):
        raise _problem(error, response)
    if response.status_code == 429:
        raise RateLimited(_wait(response))
    if response.is_success and isinstance(said, dict) and error is None:
        return said
    raise OutcomeUnknown(
        f"Facebook answered {response.status_code} in a way that cannot be read; look at the Page before it is sent again"
    )


class _NoSuchObject(ChannelRevoked):
    """Facebook knows no object of this number, or does not show it with this token."""


class _TokenNotSeen(ChannelRevoked):
    """Facebook found no token in the request."""


def _problem(error: dict[str, Any], response: httpx.Response) -> NetworkProblem:
    code, said = error["code"], str(error.get("error_user_msg") or error.get("message") or "no reason given")
    if code in TOKEN_ENDED:
        return ChannelRevoked(f"Facebook refuses the Page's token ({said}); make a new one, then run `channels mend`")
    if code in NO_TOKEN:
        return _TokenNotSeen(f"Facebook: {said}; set the channel's access_token")
    if code in TOO_MANY or response.status_code == 429:
        return RateLimited(_wait(response), f"Facebook asks to wait: {said}")
    if code in NOT_ALLOWED:
        return ChannelRevoked(
            f"Facebook: {said}; grant the app pages_manage_posts and pages_read_engagement on this Page, then make a new token"
        )
    if (code, error.get("error_subcode")) == NO_SUCH_OBJECT:
        return _NoSuchObject(f"Facebook: {said}; look whether page_id is this Page's number, and the token this Page's")
    if code == DUPLICATE:
        return PostRejected(f"Facebook has this post already ({said}); look whether it is there, or change the text")
    if code in MAYBE_OUT or response.status_code >= 500:
        return OutcomeUnknown(f"Facebook: {said} ({code}); look at the Page before it is sent again")
    return PostRejected(f"Facebook: {said} ({code})")


def _wait(response: httpx.Response) -> timedelta:
    """The longest "estimated_time_to_regain_access" (minutes) that the usage headers name, else the window."""
    minutes = [0.0]
    try:
        usage = json.loads(response.headers.get("x-business-use-case-usage", "{}"))
        minutes += [float(each.get("estimated_time_to_regain_access", 0)) for cases in usage.values() for each in cases]
    except (ValueError, TypeError, AttributeError):
        pass
    if max(minutes) > 0:
        return min(timedelta(minutes=max(minutes)), timedelta(days=1))
    return waiting_time(response.headers, WINDOW)
