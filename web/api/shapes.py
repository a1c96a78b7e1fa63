"""What the API takes and gives. Moments are UTC, as 2026-12-01T07:30:00Z; what is None is not known or not set."""

from datetime import UTC, datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from campaigns.models import (
    Channel,
    LatePolicy,
    Media,
    PostState,
    Publication,
    PublicationState,
)
from campaigns.pages import Whole
from campaigns.publications import Mover, may
from web.pages import LARGEST_ROW


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_utc, return_type=str, when_used="json")]
Id = Annotated[int, Field(ge=1, le=LARGEST_ROW)]
Row = TypeVar("Row")


class Page(BaseModel, Generic[Row]):
    """Some rows, the newest first."""

    items: list[Row]
    next: str | None = Field(description="The cursor of the next page; null on the last.")


class Given(BaseModel):
    """What is sent: a field that is not known is refused, so that a slip does not pass unseen."""

    model_config = ConfigDict(extra="forbid")


class PictureShown(BaseModel):
    """A picture of a post; its bytes are at `/posts/{id}/pictures/{position}`."""

    position: int
    mime: str
    width: int
    height: int
    size: int = Field(description="Bytes.")
    alt: str

    @classmethod
    def of(cls, media: Media) -> "PictureShown":
        return cls(**media.model_dump(include=set(cls.model_fields)))


class ChannelNamed(BaseModel):
    """Which channel it is."""

    id: int
    name: str
    network: str


class PublicationShown(BaseModel):
    """One post on one channel."""

    id: int
    post: int
    channel: ChannelNamed
    state: PublicationState
    due_at: Moment | None
    sent_at: Moment | None
    url: str | None = Field(description="Where it stands, by the network's receipt or a human's word.")
    reason: str | None = Field(description="Why it is in this state, and what to do next.")
    attempts: int
    cost: int = Field(description="Thousandths of a dollar.")
    may_become: list[PublicationState] = Field(description="What a human may settle now.")

    @classmethod
    def of(cls, publication: Publication, channel: Channel) -> "PublicationShown":
        return cls(
            **publication.model_dump(include={"id", "state", "due_at", "sent_at", "url", "reason", "attempts", "cost"}),
            post=publication.post_id,
            channel=ChannelNamed(id=channel.id, name=channel.name, network=channel.network),
            may_become=[to for to in PublicationState if may(Mover.human, publication.state, to)],
        )


class PostShown(BaseModel):
    """A post with what becomes of it on each channel."""

    id: int
    state: PostState
    title: str
    text: str
    link: str | None
    publish_at: Moment | None = Field(description="None while it is a draft.")
    timezone: str = Field(description="In which publish_at was meant.")
    territory: int | None
    share_kit: bool
    late_policy: LatePolicy
    grace: int = Field(description="Minutes.")
    recurrence: str | None
    versions: dict[str, str] = Field(description="Its text for single networks.")
    wordings: list[str] = Field(description="Other texts that activists may choose.")
    pictures: list[PictureShown]
    publications: list[PublicationShown]
    created_at: Moment

    @classmethod
    def of(cls, whole: Whole) -> "PostShown":
        return cls(
            **whole.post.model_dump(include=set(cls.model_fields)),
            territory=whole.post.territory_id,
            versions=whole.versions,
            wordings=whole.wordings,
            pictures=[PictureShown.of(picture) for picture in whole.pictures],
            publications=[PublicationShown.of(*each) for each in whole.publications],
        )


WhenText = Annotated[
    str,
    Field(
        max_length=40,
        description="`2026-12-01T08:30` on the clock of `timezone`, or with an offset: `2026-12-01T07:30:00Z`.",
        examples=["2026-12-01T08:30"],
    ),
]
Title = Annotated[str, Field(max_length=1000)]
Text = Annotated[str, Field(max_length=100_000)]
Link = Annotated[str, Field(max_length=2000)]
Grace = Annotated[int, Field(ge=0, le=10_080, description="Minutes in which it still goes out late.")]


class PostGiven(Given):
    """A new post. Without a moment it is a draft; with one it is scheduled, or waits for somebody else's yes."""

    title: Title
    text: Text
    link: Link | None = None
    channels: list[Id] = Field(default=[], max_length=100, description="Their numbers.")
    publish_at: WhenText | None = None
    timezone: str | None = Field(default=None, max_length=60, description="None: the campaign's.")
    next_slot: bool = Field(default=False, description="Each channel's next free slot, in place of publish_at.")
    recurrence: str | None = Field(default=None, max_length=200, examples=["every first Tuesday at 09:00"])
    recurs_until: str | None = Field(default=None, max_length=40, description="The last day, as 2027-06-13.")
    repeat_after: int = Field(default=0, ge=0, le=3650, description="Days before a text is used again.")
    share_kit: bool = False
    versions: dict[str, Text] = Field(default={}, description="Network: its own text.")
    wordings: list[Text] = Field(default=[], max_length=10)
    pictures: list[Id] = Field(default=[], max_length=10, description="Numbers of uploads.")
    territory: Id | None = None
    late_policy: LatePolicy = LatePolicy.send
    grace: Grace = 60


class PostChange(Given):
    """What is to be another; what is left out stays. Where somebody must say yes, they are asked anew."""

    title: Title | None = None
    text: Text | None = None
    link: Link | None = None
    publish_at: WhenText | None = None
    versions: dict[str, Text] | None = None
    late_policy: LatePolicy | None = None
    grace: Grace | None = None


class Settling(Given):
    """A human's decision on a publication: `published`, it is there; `queued`, send it again; `cancelled`, leave it."""

    to: Literal["published", "queued", "cancelled"]
    url: Link | None = Field(default=None, description="Where it is there.")


class Retried(BaseModel):
    """How many publications went back to the queue."""

    retried: int


class TerritoryNamed(BaseModel):
    """A territory and what it lies in."""

    id: int
    name: str
    parent: int | None
