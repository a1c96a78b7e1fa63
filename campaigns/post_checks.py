"""A post as somebody wrote it, and everything that is wrong with it, found before anything is queued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from campaigns.media import NewPicture, PictureRefused
from campaigns.models import Channel, LatePolicy
from campaigns.recurrence import RecurrenceProblem, parse_recurrence
from campaigns.stamp import credited, stamped
from campaigns.times import TimeProblem, to_utc, zone
from networks.base import OutgoingPost
from networks.limits import EMPTY, LIMITS, PictureFacts, count, problems
from networks.threads import whole

LONGEST_TITLE = 200  # characters
OWN_LINK = "x" * 80  # stands for a supporter's own link: a domain of 50 characters and its token


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a post: the field, and a sentence with the limit and the measured value."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post as somebody wrote it; `publish_at` is on the wall clock of `timezone`, None for a draft."""

    title: str
    text: str
    link: str | None = None
    publish_at: datetime | None = None
    timezone: str = "Europe/Paris"
    channels: tuple[Channel, ...] = ()
    share_kit: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)  # network -> text
    wordings: tuple[str, ...] = ()
    pictures: tuple[NewPicture, ...] = ()
    territory_id: int | None = None
    late_policy: LatePolicy = LatePolicy.send
    grace: int = 60  # minutes
    next_slot: bool = False  # each channel's next free slot, instead of publish_at
    recurrence: str | None = None  # such as "every first Tuesday at 09:00"; publish_at may then be left out
    recurs_until: datetime | None = None
    repeat_after: int = 0  # days before a text of the series may be used again
    kit_language: str | None = None  # who of the territory's people is handed the share kit; None: whatever it is
    kit_interest_id: int | None = None

    def text_for(self, network: str, stamp: str = "") -> str:
        """What goes out there: its own version or the text, the pictures' credits, the campaign's stamp."""
        text = self.versions.get(network, "").strip() or self.text.strip()
        return stamped(credited(text, (picture.credit for picture in self.pictures)), stamp)


class PostRefused(ValueError):
    """The post has problems; nothing was queued."""

    def __init__(self, found: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, found)))
        self.problems = tuple(found)


def check_post(post: NewPost, now: datetime, stamp: str = "", *, alt_required: bool = False) -> list[Problem]:
    """Everything that is wrong with a post, found before anything is queued; `stamp` is what the campaign adds to it."""
    found = []
    if not post.title.strip():
        found.append(Problem("title", "is empty: give the post a title"))
    elif len(post.title) > LONGEST_TITLE:
        found.append(Problem("title", f"has {len(post.title)} characters, at most {LONGEST_TITLE}"))
    if not whole(post.text).strip():
        found.append(Problem("text", "is empty: write what is to be said"))
    if not post.channels and not post.share_kit:
        found.append(Problem("channels", "names no channel, and there is no share kit: the post would go nowhere"))
    found += _check_link(post.link)
    found += _check_moment(post, now) + _check_rhythm(post)
    facts, refused = _look_at(post.pictures)
    if alt_required:
        found += [
            Problem(
                "alt", f"picture {picture.name} has no description, which this campaign asks for: say what it shows"
            )
            for picture in post.pictures
            if not picture.alt.strip()
        ]
    return found + refused + _check_limits(post, facts, stamp)


def is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
        return (
            parts.scheme in ("http", "https") and "." in (parts.hostname or "") and not any(c.isspace() for c in link)
        )
    except ValueError:
        return False


def _check_link(link: str | None) -> list[Problem]:
    if not link or is_web_address(link):
        return []
    return [Problem("link", f"“{link}” is not a web address: it must begin with https:// and hold no space")]


def _check_moment(post: NewPost, now: datetime) -> list[Problem]:
    try:
        zone(post.timezone)
    except TimeProblem as problem:
        return [Problem("timezone", str(problem))]
    if post.publish_at is None:
        return []
    try:
        moment = to_utc(post.publish_at, post.timezone)
    except TimeProblem as problem:
        return [Problem("publish_at", str(problem))]
    if moment < now:
        return [Problem("publish_at", f"{post.publish_at:%Y-%m-%d %H:%M} ({post.timezone}) is in the past")]
    return []


def _check_rhythm(post: NewPost) -> list[Problem]:
    """Slots, series and lateness."""
    found = []
    if post.next_slot:
        found += [
            Problem("publish_at", f"channel “{c.name}” has no posting slots; give it some, or write a moment")
            for c in post.channels
            if not c.slots
        ]
        if post.publish_at is not None or post.recurrence or not post.channels:
            found.append(
                Problem("publish_at", "the next slot needs a channel, and neither a moment nor a recurrence beside it")
            )
    if post.grace < 0:
        found.append(Problem("grace", f"is {post.grace} minutes; write 0 or more"))
    if post.recurrence:
        try:
            parse_recurrence(post.recurrence, post.timezone)
        except (RecurrenceProblem, TimeProblem) as problem:
            found.append(Problem("recurrence", str(problem)))
    return found


def _look_at(pictures: Sequence[NewPicture]) -> tuple[tuple[PictureFacts, ...], list[Problem]]:
    facts, refused = [], []
    for picture in pictures:
        try:
            facts.append(picture.facts())
        except PictureRefused as error:
            refused.append(Problem("image", str(error)))
    return tuple(facts), refused


def _check_limits(post: NewPost, facts: tuple[PictureFacts, ...], stamp: str) -> list[Problem]:
    found = []
    networks = [channel.network for channel in post.channels]
    if post.share_kit:
        found += _check_card(post, facts if "telegram" not in networks else (), stamp)
    for network in dict.fromkeys(networks):
        version = post.versions.get(network, "").strip()
        outgoing = OutgoingPost("", post.text_for(network, stamp), post.link)
        found += [
            Problem(_field_of(message, f"text.{network}" if version else "text"), message)
            for message in problems(network, outgoing, facts)
            if message != EMPTY  # an empty text is named once, above
        ]
    return found


def _check_card(post: NewPost, facts: tuple[PictureFacts, ...], stamp: str) -> list[Problem]:
    """A share kit is a message of Telegram: title, text and the supporter's own link, behind the first picture."""
    found = [Problem("image", message) for message in problems("telegram", OutgoingPost("", "…"), facts[:1])]
    for name, text in [("text", post.text), *((f"wording.{i}", w) for i, w in enumerate(post.wordings, 1))]:
        length = count("telegram", f"{post.title}\n\n{stamped(text, stamp)}\n\n{OWN_LINK}")
        if length > LIMITS["telegram"].characters:
            most = LIMITS["telegram"].characters
            found.append(
                Problem(name, f"a share kit takes {most} characters with title and link, this has {length}: shorten it")
            )
    return found


def _field_of(message: str, text_field: str) -> str:
    """The field that a message of networks.limits is about, by its first word."""
    return {"picture": "image", "pictures:": "image", "description": "alt"}.get(message.split(" ", 1)[0], text_field)
