"""What app.bsky.feed.post allows: text, facets as ranges of UTF-8 bytes, pictures, cards, replies. From its lexicon."""

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import regex

from sandbox.bluesky.state import Actor, BlueskyState
from sandbox.social import Refusal
from sandbox.store import Json

MOST_GRAPHEMES, MOST_BYTES = 300, 3000
MOST_PICTURES, LARGEST_IMAGE = 4, 1_000_000  # bytes
TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]+")
CID = re.compile(r"baf[a-z2-7]{20,}")


def invalid(what: str) -> Refusal:
    """400 InvalidRequest"""
    return Refusal(400, {"error": "InvalidRequest", "message": f"Invalid app.bsky.feed.post record: {what}"})


def check(state: BlueskyState, actor: Actor, rkey: str, record: Json) -> None:
    """Raise Refusal for a record that is no post."""
    if not TID.fullmatch(rkey):
        raise Refusal(400, {"error": "InvalidRequest", "message": "Invalid record key: Record/rkey must be a TID"})
    text = record.get("text")
    if not isinstance(text, str):
        raise invalid("Record must have the property “text”")
    if len(text.encode()) > MOST_BYTES:
        raise invalid(f"Record/text must not be longer than {MOST_BYTES} characters")
    if len(regex.findall(r"\X", text)) > MOST_GRAPHEMES:
        raise invalid(f"Record/text must not be longer than {MOST_GRAPHEMES} graphemes")
    _moment(record.get("createdAt"))
    langs = record.get("langs") or []
    if len(langs) > 3 or not all(re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", str(each)) for each in langs):
        raise invalid("Record/langs must be at most 3 well-formed BCP 47 language tags")
    for number, facet in enumerate(record.get("facets") or []):
        _facet(text.encode(), facet, f"Record/facets/{number}")
    if (embed := record.get("embed")) is not None:
        _embed(state, actor, embed)
    if (reply := record.get("reply")) is not None:
        _reply(state, reply)


def _moment(given: Any) -> None:
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise invalid("Record/createdAt must be an valid atproto datetime (both RFC-3339 and ISO-8601)")


def _facet(text: bytes, facet: Any, where: str) -> None:
    index, features = facet.get("index") or {}, facet.get("features") or []
    start, end = index.get("byteStart"), index.get("byteEnd")
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(text):
        raise invalid(f"{where}/index lies outside of the text")
    try:
        said = text[start:end].decode()
    except UnicodeDecodeError:
        raise invalid(f"{where}/index cuts a character") from None
    if not features:
        raise invalid(f"{where}/features is empty")
    for feature in features:
        kind = str(feature.get("$type", "")).removeprefix("app.bsky.richtext.facet#")
        if not _fits(kind, feature, said):
            raise invalid(f"{where}/features: {kind or 'nothing'} does not fit “{said}”")


def _fits(kind: str, feature: Any, said: str) -> bool:
    if kind == "link":
        address = urlsplit(str(feature.get("uri", "")))
        return bool(address.scheme and address.netloc)
    if kind == "mention":
        return said.startswith("@") and bool(DID.fullmatch(str(feature.get("did", ""))))
    return kind == "tag" and 0 < len(str(feature.get("tag", ""))) <= 640 and said[1:] == feature["tag"]


def _embed(state: BlueskyState, actor: Actor, embed: Any) -> None:
    kind = embed.get("$type")
    if kind == "app.bsky.embed.images":
        images = embed.get("images") or []
        if not 1 <= len(images) <= MOST_PICTURES:
            raise invalid(f"Record/embed/images must not have more than {MOST_PICTURES} elements")
        for each in images:
            _image(state, actor, each)
    elif kind == "app.bsky.embed.external":
        card = embed.get("external") or {}
        if not all(isinstance(card.get(name), str) for name in ("uri", "title", "description")):
            raise invalid("Record/embed/external must have the properties uri, title and description")
        if not urlsplit(card["uri"]).netloc:
            raise invalid("Record/embed/external/uri must be a uri")
    else:
        raise invalid(f"Record/embed: the sandbox knows no {kind}")


def _image(state: BlueskyState, actor: Actor, image: Any) -> None:
    if not isinstance(image.get("alt"), str):
        raise invalid("Record/embed/images must have the property “alt”")
    given = image.get("image") or {}
    blob = state.blobs.get(str((given.get("ref") or {}).get("$link", "")))
    if blob is None or blob.owner != actor.did:
        raise Refusal(400, {"error": "InvalidRequest", "message": "Could not find blob"})
    if given != blob.as_ref():
        raise Refusal(400, {"error": "InvalidMimeType", "message": "Referenced blob does not match its upload"})
    if blob.size > LARGEST_IMAGE:
        message = f"This file is too large. It is {blob.size} but the maximum size is {LARGEST_IMAGE}."
        raise Refusal(400, {"error": "BlobTooLarge", "message": message})
    if not blob.mime.startswith("image/"):
        raise Refusal(400, {"error": "InvalidMimeType", "message": f"Wrong mimetype: {blob.mime}"})
    ratio = image.get("aspectRatio")
    if ratio is not None and not all(
        isinstance(ratio.get(each), int) and ratio[each] > 0 for each in ("width", "height")
    ):
        raise invalid("Record/embed/images/aspectRatio must be two whole numbers")


def _reply(state: BlueskyState, reply: Any) -> None:
    for name in ("root", "parent"):
        ref = reply.get(name) or {}
        there = state.records.get(str(ref.get("uri", "")))
        if not CID.fullmatch(str(ref.get("cid", ""))) or there is None or there.cid != ref["cid"]:
            raise invalid(f"Record/reply/{name} is no strong reference to a post that is there")
