"""An account on Bluesky, by atproto. A record is put under a key made from the post's own, so a repeat cannot double."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from atproto_client import models
from atproto_client.models.blob_ref import BlobRef
from atproto_client.utils import facet_detection

from networks.base import Figures, OutgoingPost, Picture, Receipt
from networks.bluesky_session import BlueskySession
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, OutcomeUnknown, PostRejected
from networks.limits import LIMITS, parts, text_problems
from networks.pictures import LARGEST, shape, smaller

HOST = "https://bsky.social"
POSTS = "app.bsky.feed.post"
COUNTS = {  # ours and the library's names
    "likes": "like_count",
    "reposts": "repost_count",
    "quotes": "quote_count",
    "replies": "reply_count",
}


@dataclass(frozen=True, slots=True)
class Ref:
    """A record: its address and the hash of its content, by which a reply names it."""

    uri: str
    cid: str


class BlueskyAccount:
    """Settings: `handle`, `app_password` (not the account's own), `base_url` of its server (PDS).

    `session` may be given from an earlier run; without it, one is kept for as long as the program runs.
    """

    idempotent = True
    can_find = True

    def __init__(self, handle: str, app_password: str, base_url: str = HOST, session: str = "") -> None:
        self.handle = handle.lstrip("@")
        self._session = BlueskySession(base_url, self.handle, app_password, session)

    @property
    def session(self) -> str:
        """The session in use as a string: a secret that may be stored, and given to the next object."""
        return self._session.kept

    async def check(self) -> str:
        said = await self._session.ask(lambda client: client.com.atproto.server.get_session(ignore_session_check=True))
        if said.active is False:
            raise ChannelRevoked(f"@{self.handle} is {said.status or 'not active'}; look at the account on Bluesky")
        return f"@{self.handle}"

    async def publish(self, post: OutgoingPost) -> Receipt:
        """1. Look which parts are there; 2. upload the pictures; 3. put each part as a reply to the one before it."""
        problems = text_problems("bluesky", post)
        if len(post.pictures) > LIMITS["bluesky"].pictures:
            problems.append(f"bluesky takes {LIMITS['bluesky'].pictures} pictures, the post has {len(post.pictures)}")
        if problems:
            raise PostRejected("; ".join(problems), sent_parts=post.sent_parts)
        out: list[Ref] = []
        written = parts("bluesky", post)
        try:
            for index, text in enumerate(written):
                out.append(await self._put(post, index, text, out))
        except NetworkProblem as problem:
            problem.sent_parts = max(tuple(ref.uri for ref in out), post.sent_parts, key=len)
            raise
        return self._receipt(out)

    async def _put(self, post: OutgoingPost, index: int, text: str, before: list[Ref]) -> Ref:
        rkey = record_key(post.unique_key, index)
        try:
            there = await self._get(rkey)
            if there is not None:  # an earlier attempt did it; its time stays as it was
                return there
            if index < len(post.sent_parts):
                raise PostRejected("an earlier part of the thread was deleted on Bluesky; write the rest as a new post")
            record = models.AppBskyFeedPost.Record(
                text=text,
                created_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                langs=[post.language],
                facets=await self._facets(text) or None,
                embed=await self._embed(post, index, text),
                reply=_reply([*await self._earlier(post.reply_to), *before]),
            )
        except OutcomeUnknown as problem:  # nothing of this part is public yet
            raise NetworkDown(f"nothing was published yet: {problem}") from problem
        data = models.ComAtprotoRepoPutRecord.Data
        post.keep_turn()
        sent = await self._session.ask(
            lambda client: client.com.atproto.repo.put_record(
                data(repo=self._session.did, collection=POSTS, rkey=rkey, record=record), ignore_session_check=True
            )
        )
        return Ref(uri=sent.uri, cid=sent.cid)

    async def _earlier(self, reply_to: str | None) -> list[Ref]:
        """The first part of a thread and the one that is replied to; empty where that is gone."""
        found = await self._record(reply_to.rpartition("/")[2]) if reply_to else None
        if found is None:
            return []
        last = Ref(uri=found.uri, cid=found.cid or "")
        reply = getattr(found.value, "reply", None)
        return [Ref(uri=reply.root.uri, cid=reply.root.cid), last] if reply else [last]

    async def _get(self, rkey: str) -> Ref | None:
        found = await self._record(rkey)
        return Ref(uri=found.uri, cid=found.cid or "") if found else None

    async def _record(self, rkey: str) -> Any:
        """The record under this key; None where there is none."""
        try:
            return await self._session.ask(
                lambda client: client.com.atproto.repo.get_record(
                    models.ComAtprotoRepoGetRecord.Params(repo=self._session.did, collection=POSTS, rkey=rkey),
                    ignore_session_check=True,
                )
            )
        except PostRejected:  # RecordNotFound
            return None

    async def _facets(self, text: str) -> list[Any]:
        """Links, hashtags and mentions as ranges of UTF-8 bytes; a name that nobody has stays plain text."""
        found = facet_detection.detect_facets(text)
        facet = models.AppBskyRichtextFacet
        for mention in facet_detection.detect_mentions(text):
            params = models.ComAtprotoIdentityResolveHandle.Params(handle=mention.handle.lower())
            try:
                answer = await self._session.ask(
                    lambda client, params=params: client.com.atproto.identity.resolve_handle(  # type: ignore[misc]
                        params, ignore_session_check=True
                    )
                )
            except PostRejected:
                continue
            where = facet.ByteSlice(byte_start=mention.byte_start, byte_end=mention.byte_end)
            found.append(facet.Main(features=[facet.Mention(did=answer.did)], index=where))
        return sorted(found, key=lambda each: each.index.byte_start)

    async def _embed(self, post: OutgoingPost, index: int, text: str) -> Any:
        if post.pictures and index == 0:
            return models.AppBskyEmbedImages.Main(images=[await self._image(each) for each in post.pictures])
        if not post.link or post.link not in text:
            return None
        title = post.link.partition("://")[2].rstrip("/")
        card = models.AppBskyEmbedExternal.External(uri=post.link, title=title, description="")
        return models.AppBskyEmbedExternal.Main(external=card)

    async def _image(self, picture: Picture) -> Any:
        sent = picture if len(picture.data) <= LARGEST else await asyncio.to_thread(smaller, picture)
        blob = await self._session.ask(
            lambda client: client.com.atproto.repo.upload_blob(
                sent.data, headers={"Content-Type": sent.mime}, ignore_session_check=True
            )
        )
        if not isinstance(blob.blob, BlobRef):
            raise OutcomeUnknown("Bluesky took a picture and did not name it")
        size = shape(sent)
        ratio = models.AppBskyEmbedDefs.AspectRatio(width=size[0], height=size[1]) if size else None
        return models.AppBskyEmbedImages.Image(alt=picture.alt, image=blob.blob, aspect_ratio=ratio)

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        """The records are there under their keys, or they are not: `since` is not needed."""
        written = parts("bluesky", post)
        there = [ref for index in range(len(written)) if (ref := await self._get(record_key(post.unique_key, index)))]
        if there and len(there) < len(written):
            uris = tuple(ref.uri for ref in there)
            raise OutcomeUnknown(f"{len(there)} of {len(written)} parts of the thread are there", sent_parts=uris)
        return self._receipt(there) if there else None

    async def figures(self, remote_ids: Sequence[str]) -> dict[str, Figures]:
        """One request; Bluesky counts no views."""
        said = await self._session.ask(
            lambda client: client.app.bsky.feed.get_posts(
                models.AppBskyFeedGetPosts.Params(uris=list(remote_ids)), ignore_session_check=True
            )
        )
        return {post.uri: {kind: getattr(post, name) or 0 for kind, name in COUNTS.items()} for post in said.posts}

    def _receipt(self, out: list[Ref]) -> Receipt:
        uris = tuple(ref.uri for ref in out)
        return Receipt(uris[0], f"https://bsky.app/profile/{self.handle}/post/{uris[0].rpartition('/')[2]}", uris)

    async def close(self) -> None:
        await self._session.close()


def _reply(before: list[Ref]) -> Any:
    if not before:
        return None
    root, parent = (models.ComAtprotoRepoStrongRef.Main(uri=ref.uri, cid=ref.cid) for ref in (before[0], before[-1]))
    return models.AppBskyFeedPost.ReplyRef(root=root, parent=parent)


def record_key(key: str, index: int) -> str:
    """A TID for a part of a post, always the same: 53 bits of microseconds, in the past, and 10 bits, from a hash."""
    number = int.from_bytes(hashlib.sha256(f"{key}-{index + 1}".encode() if index else key.encode()).digest()[:12])
    start, years = 1_577_836_800_000_000, 126_230_400_000_000  # 2020-01-01, and four years, in microseconds
    tid = (start + (number >> 10) % years) << 10 | number & 1023
    return "".join("234567abcdefghijklmnopqrstuvwxyz"[tid >> shift & 31] for shift in range(60, -1, -5))
