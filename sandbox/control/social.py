"""What followers of an account see, in one shape for X, Mastodon, Bluesky and Facebook; and the pictures.

    {account: {name, username}, media: {id: {sha256, alt}}, version,
     posts: [{id, at, text, media, reply_to, deleted, card: {url, title} | null, facets: [{start, end, kind, uri}] | null}]}

`facets` are ranges of UTF-8 bytes, on Bluesky; elsewhere the network finds links by itself.
"""

import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.bluesky.api import POSTS
from sandbox.bluesky.state import Record
from sandbox.control.common import ControlError, number
from sandbox.control.what_was import picture_bytes
from sandbox.mastodon.state import Status
from sandbox.pictures import NotAPicture, read_header
from sandbox.store import Json
from sandbox.world import World, world_of
from sandbox.x.state import Tweet

SOCIAL = {"x": "X", "mastodon": "Mastodon", "bluesky": "Bluesky", "facebook": "Facebook"}
URL = re.compile(r"https?://[^\s<>«»]+[^\s<>«».,;:!?…)'’\"]")


def x_json(world: World, name: str) -> Json | None:
    """An X account with its posts."""
    account = world.x.accounts.get(name)
    if account is None:
        return None
    mine = [each for each in world.x.tweets.values() if each.author == account.id]
    shown = {"account": {"name": account.name, "username": account.username}, "version": world.x.version(account)}
    return shown | _statuses(world, mine, world.x.media)


def mastodon_json(world: World, name: str) -> Json | None:
    """A Mastodon account with its statuses."""
    state = world.mastodon
    member = state.members.get(name)
    if member is None:
        return None
    mine = [each for each in state.statuses.values() if each.author == member.id]
    shown = {"account": {"name": member.name, "username": member.username}, "version": state.version(member)}
    return shown | _statuses(world, mine, state.media)


def _statuses(world: World, mine: list[Tweet] | list[Status], pictures: Any) -> Json:
    media = {
        each: {"sha256": pictures[each].sha256, "alt": pictures[each].alt} for status in mine for each in status.media
    }
    posts = [
        {"id": s.id, "at": s.at, "text": s.text, "media": s.media, "reply_to": s.reply_to, "deleted": s.deleted}
        | {"card": None if s.media else _card_in(world, s.text), "facets": None}
        for s in mine
    ]
    return {"media": media, "posts": posts}


def _card_in(world: World, text: str) -> Json | None:
    """The preview that these networks make of the last address in a text without pictures."""
    found = URL.findall(text)
    return {"url": found[-1], "title": world.link_titles.get(found[-1], "")} if found else None


def bluesky_json(world: World, name: str) -> Json | None:
    """A Bluesky account with its posts. It makes no preview by itself: the card is what the program sent."""
    state = world.bluesky
    actor = state.actors.get(name)
    if actor is None:
        return None
    mine = [each for each in state.records.values() if (each.did, each.collection) == (actor.did, POSTS)]
    media: Json = {}
    posts = []
    for record in sorted(mine, key=lambda each: each.at):
        embed: Json = record.value.get("embed") or {}
        images: list[Any] = embed.get("images") or []
        cids = [str(each["image"]["ref"]["$link"]) for each in images]
        media |= {
            cid: {"sha256": state.blobs[cid].sha256, "alt": each["alt"]} for cid, each in zip(cids, images, strict=True)
        }
        parent = ((record.value.get("reply") or {}).get("parent") or {}).get("uri")
        card = embed.get("external")
        shown: Json = {"id": record.uri, "at": record.at, "text": record.value["text"], "media": cids}
        shown |= {"card": {"url": card["uri"], "title": card["title"]} if card else None, "facets": _facets(record)}
        posts.append(shown | {"reply_to": parent, "deleted": record.deleted})
    account = {"name": actor.name, "username": actor.handle}
    return {"account": account, "media": media, "posts": posts, "version": state.version(actor)}


def _facets(record: Record) -> list[Json]:
    found = []
    for facet in record.value.get("facets") or []:
        feature, where = facet["features"][0], facet["index"]
        kind = str(feature["$type"]).rpartition("#")[2]
        found.append(
            {"start": where["byteStart"], "end": where["byteEnd"], "kind": kind, "uri": str(feature.get("uri", ""))}
        )
    return sorted(found, key=lambda each: int(each["start"]))


def facebook_json(world: World, name: str) -> Json | None:
    """A Page with its posts."""
    state = world.facebook
    page = state.pages.get(name)
    if page is None:
        return None
    mine = [each for each in state.posts.values() if each.page == page.id]
    media = {
        each: {"sha256": state.photos[each].sha256, "alt": state.photos[each].alt}
        for post in mine
        for each in post.photos
    }
    posts: list[Json] = [
        {"id": p.id, "at": p.at, "text": p.message, "media": p.photos, "reply_to": None, "deleted": False}
        | {"card": {"url": p.link, "title": world.link_titles.get(p.link, "")} if p.link else None, "facets": None}
        for p in mine
    ]
    return {
        "account": {"name": page.name, "username": page.id},
        "media": media,
        "posts": posts,
        "version": state.version(page),
    }


FEEDS: dict[str, Callable[[World, str], Json | None]] = {
    "x": x_json,
    "mastodon": mastodon_json,
    "bluesky": bluesky_json,
    "facebook": facebook_json,
}


def accounts(world: World) -> list[tuple[str, str]]:
    """(service, name) of every account that has a feed."""
    return [
        *(("x", name) for name in world.x.accounts),
        *(("mastodon", name) for name in world.mastodon.members),
        *(("bluesky", name) for name in world.bluesky.actors),
        *(("facebook", name) for name in world.facebook.pages),
    ]


async def feed(request: Request) -> Response:
    """GET /control/social/{service}/{account}"""
    world, after = world_of(request), int(number(request, "after"))
    service, name = request.path_params["service"], request.path_params["account"].lstrip("@")
    read = FEEDS.get(service)
    if read is None or read(world, name) is None:
        raise ControlError(404, f"no account {name!r} on {service}; there are: {', '.join(FEEDS)}")

    def look() -> Json | None:
        found = read(world, name)
        return found if found and found["version"] > after else None

    return JSONResponse(await world.changes.wait_for(look, number(request, "timeout")) or read(world, name))


async def picture(request: Request) -> Response:
    """GET /control/pictures/{sha256}"""
    content = world_of(request).store.blob(request.path_params["sha256"]) or b""
    try:
        return picture_bytes(content, read_header(content).mime)
    except NotAPicture:
        raise ControlError(404, "no such picture") from None
