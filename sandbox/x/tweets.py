"""What X accepts as a tweet and as a picture."""

from datetime import datetime, timedelta

from twitter_text import parse_tweet

from sandbox.pictures import NotAPicture, read_header
from sandbox.store import Json
from sandbox.world import World
from sandbox.x import problems
from sandbox.x.state import Account, Tweet, XMedia

LONGEST_TWEET = 280  # weighted, as twitter-text counts
LONGEST_ALT = 1000  # characters, from the page on media metadata
LARGEST_IMAGE = 5 * 1024 * 1024  # bytes, from the page on media best practices
MOST_PICTURES = 4  # in one tweet
LIFETIME = 86_400  # seconds for which an upload may be used
KINDS = ("jpeg", "png", "webp", "gif", "bmp", "tiff", "jpg")


def create(world: World, account: Account, body: Json) -> Json:
    """Accept a tweet; raises Problem for a text or a picture that X would refuse."""
    text = str(body.get("text") or "")
    media = _media(world, account, body)
    if not text and not media:
        raise problems.invalid("text", "", "The tweet must have text or media.")
    if text and parse_tweet(text).weightedLength > LONGEST_TWEET:
        raise problems.too_long()
    reply_to = (body.get("reply") or {}).get("in_reply_to_tweet_id")
    parent = world.x.tweets.get(str(reply_to)) if reply_to else None
    if reply_to and (parent is None or parent.deleted):
        raise problems.forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
    if text and any(tweet.text == text for tweet in world.x.timeline(account)):
        raise problems.duplicate()
    at = world.clock().isoformat()
    tweet = Tweet(
        world.x.new_id(), account.id, text, at, [each.id for each in media], str(reply_to) if reply_to else None
    )
    world.x.save_tweet(tweet)
    world.ledger.add(
        service="x",
        channel=account.username,
        operation="POST /2/tweets",
        at=at,
        id=tweet.id,
        text=text,
        reply_to=tweet.reply_to,
        media=[{"kind": "photo", "sha256": each.sha256, "alt": each.alt} for each in media],
    )
    return {"id": tweet.id, "text": text, "edit_history_tweet_ids": [tweet.id]}


def _media(world: World, account: Account, body: Json) -> list[XMedia]:
    ids = [str(each) for each in (body.get("media") or {}).get("media_ids") or []]
    found = [world.x.media.get(each) for each in ids]
    usable = [each for each in found if each and each.owner == account.id and not _expired(world, each)]
    if len(usable) < len(ids):
        raise problems.invalid("media.media_ids", ids, "Your media IDs are invalid.")
    if len(ids) > MOST_PICTURES:
        raise problems.invalid("media.media_ids", ids, f"size must be between 1 and {MOST_PICTURES}")
    if len(ids) > 1 and any(each.mime == "image/gif" for each in usable):
        raise problems.invalid("media.media_ids", ids, "You can attach up to 4 photos, 1 animated GIF or 1 video.")
    return usable


def _expired(world: World, media: XMedia) -> bool:
    return world.clock() - datetime.fromisoformat(media.at) > timedelta(seconds=LIFETIME)


def delete(world: World, account: Account, tweet_id: str) -> Json:
    """Delete one's own tweet. One that is not there counts as deleted."""
    tweet = world.x.tweets.get(tweet_id)
    if tweet is not None and tweet.author != account.id:
        raise problems.forbidden("You are not authorized to delete this Tweet.")
    if tweet is not None:
        tweet.deleted = True
        world.x.save_tweet(tweet)
    return {"deleted": True}


def upload(world: World, account: Account, content: bytes, category: str) -> Json:
    """Keep a picture for a later tweet; raises Problem for one that X would refuse."""
    try:
        header = read_header(content)
    except NotAPicture:
        raise problems.invalid("media", "", "media type unrecognized.") from None
    if category not in ("tweet_image", "tweet_gif"):
        raise problems.invalid("media_category", category, "The sandbox takes tweet_image and tweet_gif.")
    if header.kind not in KINDS:
        raise problems.invalid("media", header.kind, "media type unrecognized.")
    if category == "tweet_image" and len(content) > LARGEST_IMAGE:
        raise problems.invalid("media", len(content), f"File size exceeds {LARGEST_IMAGE} bytes.")
    media_id = world.x.new_id()
    media = XMedia(
        id=media_id,
        key=f"3_{media_id}",
        owner=account.id,
        sha256=world.store.put_blob(content),
        category=category,
        mime=header.mime,
        size=len(content),
        width=header.width,
        height=header.height,
        at=world.clock().isoformat(),
    )
    world.x.save_media(media)
    image = {"image_type": media.mime, "w": media.width, "h": media.height}
    return {"id": media.id, "media_key": media.key, "size": media.size, "expires_after_secs": LIFETIME, "image": image}


def describe(world: World, account: Account, body: Json) -> Json:
    """Give a picture its alternative text; raises Problem for one that is too long."""
    media = world.x.media.get(str(body.get("id", "")))
    if media is None or media.owner != account.id:
        raise problems.invalid("id", body.get("id", ""), "Your media IDs are invalid.")
    alt = ((body.get("metadata") or {}).get("alt_text") or {}).get("text")
    if not isinstance(alt, str) or not 1 <= len(alt) <= LONGEST_ALT:
        length = len(alt) if isinstance(alt, str) else 0
        raise problems.invalid("metadata.alt_text.text", length, f"size must be between 1 and {LONGEST_ALT}")
    media.alt = alt
    world.x.save_media(media)
    return {"id": media.id, "associated_metadata": {"alt_text": {"text": alt}}}
