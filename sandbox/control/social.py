"""Accounts on Mastodon and Bluesky with their posts as they stand, in the shape of those on X; and their pictures."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.bluesky.api import POSTS
from sandbox.control.common import ControlError, number
from sandbox.control.what_was import picture_bytes
from sandbox.pictures import NotAPicture, read_header
from sandbox.store import Json
from sandbox.world import World, world_of

SOCIAL = {"mastodon": "Mastodon", "bluesky": "Bluesky"}


def mastodon_json(world: World, name: str) -> Json | None:
    """A Mastodon account with its statuses."""
    state = world.mastodon
    member = state.members.get(name)
    if member is None:
        return None
    mine = [each for each in state.statuses.values() if each.author == member.id]
    media = {
        each: {"sha256": state.media[each].sha256, "alt": state.media[each].alt}
        for status in mine
        for each in status.media
    }
    tweets = [
        {"id": s.id, "at": s.at, "text": s.text, "media": s.media, "reply_to": s.reply_to, "deleted": s.deleted}
        for s in mine
    ]
    account = {"name": member.name, "username": member.username}
    return {"account": account, "media": media, "tweets": tweets, "version": state.version(member)}


def bluesky_json(world: World, name: str) -> Json | None:
    """A Bluesky account with its posts."""
    state = world.bluesky
    actor = state.actors.get(name)
    if actor is None:
        return None
    mine = [each for each in state.records.values() if (each.did, each.collection) == (actor.did, POSTS)]
    media: Json = {}
    tweets = []
    for record in sorted(mine, key=lambda each: each.at):
        images: list[Any] = (record.value.get("embed") or {}).get("images") or []
        cids = [str(each["image"]["ref"]["$link"]) for each in images]
        media |= {
            cid: {"sha256": state.blobs[cid].sha256, "alt": each["alt"]} for cid, each in zip(cids, images, strict=True)
        }
        parent = ((record.value.get("reply") or {}).get("parent") or {}).get("uri")
        shown: Json = {"id": record.uri, "at": record.at, "text": record.value["text"], "media": cids}
        tweets.append(shown | {"reply_to": parent, "deleted": record.deleted})
    account = {"name": actor.name, "username": actor.handle}
    return {"account": account, "media": media, "tweets": tweets, "version": state.version(actor)}


FEEDS: dict[str, Callable[[World, str], Json | None]] = {"mastodon": mastodon_json, "bluesky": bluesky_json}


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
