"""Every table and every status, each value with a one-line meaning.

Rules that hold for all of them: moments are UTC; what belongs to a campaign carries `campaign_id`, so that every query
can be scoped; where a person can leave, the reference to them is set to NULL and the count stays.
"""

import enum
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel

from campaigns.words import Inclusive

NAMING = {  # stable names, so that a later migration can name what it changes
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
SQLModel.metadata.naming_convention = NAMING


class Moment(TypeDecorator[datetime]):
    """An aware moment, stored in UTC; SQLite itself knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Choice(TypeDecorator[enum.StrEnum]):
    """A StrEnum stored as its text, readable in any database browser."""

    impl = String(24)
    cache_ok = True

    def __init__(self, kind: type[enum.StrEnum]) -> None:
        super().__init__()
        self.kind = kind
        self._members = {member.value: member for member in kind}  # a page reads thousands: faster than kind(value)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> enum.StrEnum | None:
        return None if value is None else self._members[value]


def _key() -> Any:
    return Field(default=None, primary_key=True)


def _moment(*, null: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Moment, nullable=null, index=index))


def _choice(kind: type[enum.StrEnum], default: enum.StrEnum | None = None, *, null: bool = False) -> Any:
    return Field(default=default, sa_column=Column(Choice(kind), nullable=null))


def _to(target: str, on_delete: str = "CASCADE", *, null: bool = False, index: bool = True) -> Any:
    """A reference; `on_delete` is CASCADE where the row means nothing alone, SET NULL where the count must stay."""
    return Field(
        default=None,
        sa_column=Column(
            Integer, ForeignKey(target, ondelete=on_delete), nullable=null or on_delete == "SET NULL", index=index
        ),
    )


class Role(enum.StrEnum):
    viewer = "viewer"  # sees posts and figures
    editor = "editor"  # writes and schedules posts
    approver = "approver"  # also approves what others wrote
    admin = "admin"  # also invites organizers and connects channels


class PostState(enum.StrEnum):
    draft = "draft"  # being written; nothing goes out
    submitted = "submitted"  # waits for somebody else's yes
    approved = "approved"  # has every yes it needs, and waits for a moment
    scheduled = "scheduled"  # goes out at publish_at
    cancelled = "cancelled"  # taken back; what had not gone out yet never will


class PublicationState(enum.StrEnum):
    queued = "queued"  # waits for its moment, or for the channel to be ready again
    sending = "sending"  # written before the call to the network; ends with its lease
    published = "published"  # the network gave a receipt
    failed = "failed"  # the network refused it; the reason says what to do
    unknown = "unknown"  # nobody can tell whether it went out: a human decides
    held = "held"  # a rule keeps it back
    missed = "missed"  # its moment passed while nothing could be sent
    cancelled = "cancelled"  # taken back before it went out


class LatePolicy(enum.StrEnum):
    """What becomes of a publication that could not go out within its post's grace time."""

    send = "send"  # goes out late; after a pause, the newest of a channel only
    ask = "ask"  # a human decides
    drop = "drop"  # does not go out any more


class BroadcastState(enum.StrEnum):
    draft = "draft"  # being written
    submitted = "submitted"  # waits for somebody else's yes
    approved = "approved"  # may be started
    running = "running"  # goes out now, one person after the other
    paused = "paused"  # whoever has it has it; the others wait
    cancelled = "cancelled"  # whoever does not have it will not get it
    done = "done"  # everybody was served


class HandoutState(enum.StrEnum):
    queued = "queued"  # the supporter rests until not_before, or Telegram asked to wait or was away: to be sent
    sending = "sending"  # written before the call to Telegram
    sent = "sent"  # the supporter has the card
    failed = "failed"  # Telegram refused it
    unknown = "unknown"  # Telegram did not answer: not sent a second time
    skipped = "skipped"  # the supporter left, or took consent back, before it was sent


class Purpose(enum.StrEnum):
    contact = "contact"  # the campaign may write to the person
    counting = "counting"  # own tracked links and own figures
    ranking = "ranking"  # may be shown beside others
    remembering = "remembering"  # the bot keeps name and frame of the last badge for the next one
    wall = "wall"  # own badge, first name and section stand on the public support wall
    team = "team"  # the two referents of their section see their first name and may write to them


class Kind(enum.StrEnum):
    """What a supporter did; opened, said_shared and visit are three figures that are never mixed."""

    received = "received"  # a share kit reached them
    opened = "opened"  # opened a network's own share window from the card
    wording_changed = "wording_changed"  # asked for another wording
    copied = "copied"  # took the text to copy
    said_shared = "said_shared"  # said that they shared it, on one network
    visit = "visit"  # a human click on their link
    badge_made = "badge_made"  # a badge was rendered for them
    badge_downloaded = "badge_downloaded"  # took the badge in full quality
    recruited = "recruited"  # somebody joined through their invitation
    mission_done = "mission_done"  # reported back from a mission


class WebhookOccasion(enum.StrEnum):
    """What another program may be told of."""

    published = "published"  # a publication is out, by the network's receipt or a human's word
    failed = "failed"  # a network refused a publication
    unknown = "unknown"  # nobody can tell whether a publication went out
    approved = "approved"  # a post has every yes it needs


class MessageState(enum.StrEnum):
    """Of a message to another program."""

    queued = "queued"  # waits for its turn, or for the next try
    delivered = "delivered"  # answered with a status of 200 to 299
    given_up = "given_up"  # refused, or not answered, for as long as it is tried


class FileKind(enum.StrEnum):
    report_pdf = "report_pdf"  # results, to be printed
    results_xlsx = "results_xlsx"  # results, all tables in a workbook
    badges = "badges"  # the badges of a list of people


class FileState(enum.StrEnum):
    queued = "queued"  # nobody has begun
    making = "making"  # somebody has it, until `lease_until`
    ready = "ready"
    failed = "failed"  # `why` says why


class MetricKind(enum.StrEnum):
    """What a network reports of a publication: its own count, which nobody can check."""

    likes = "likes"  # on Facebook, every reaction
    reposts = "reposts"  # passed on as it stands
    quotes = "quotes"  # passed on with words of one's own
    replies = "replies"
    views = "views"  # how often it was shown


class Span(enum.StrEnum):
    """Over which time a count is summed."""

    day = "day"
    month = "month"


class MissionKind(enum.StrEnum):
    """What people do at a mission."""

    doors = "doors"  # go from door to door
    leaflets = "leaflets"  # hand out leaflets
    meeting = "meeting"  # meet in somebody's living room
    rally = "rally"  # come to a rally
    other = "other"  # what its title says


class EventKind(enum.StrEnum):
    """What an event is."""

    rally = "rally"  # a meeting, a march; people may come by bus
    vote_day = "vote_day"  # from the opening of the polling stations to their closing
    other = "other"  # what its title says


class Occasion(enum.StrEnum):
    """Why somebody who signed up is written to. All but a reminder are news: what they signed up for changed."""

    reminder = "reminder"  # it begins soon
    moved = "moved"  # its place or its time is another one now
    no_bus = "no_bus"  # their bus does not run
    called_off = "called_off"  # it does not take place


class Campaign(SQLModel, table=True):
    """A goal with posts and dates. Campaigns of one installation never see each other's people."""

    id: int = _key()
    slug: str = Field(sa_column=Column(String(40), unique=True, nullable=False))
    name: str
    slogan: str = ""
    about: str = Field(default="", sa_column=Column(Text, nullable=False))
    hashtag: str = ""  # without "#"
    primary_colour: str = "#C8102E"
    secondary_colour: str = "#1D2B5C"
    text_colour: str = "#FFFFFF"
    timezone: str = "Europe/Paris"
    sponsor_line: str = ""  # with notice_url, stamped on each post, share kit and badge
    notice_url: str = ""
    approvals: int = 0  # how many organizers beside the author must say yes; 0: none
    near_vote_days: int = 0  # so many days before a polling day one more must
    quiet_from: int = 21  # the hour from which people who chose no other are not written to unasked
    quiet_until: int = 8  # the hour until which; the same as quiet_from: no quiet hours
    inclusive: Inclusive = _choice(Inclusive, Inclusive.point)  # how its French speaks of women and men
    second_factor: bool = False  # approvers and admins enter only with a code of their telephone
    alt_required: bool = False  # no picture goes out without its description
    created_at: datetime = _moment()


class Organizer(SQLModel, table=True):
    """A member of the comms team with access to the console."""

    id: int = _key()
    email: str = Field(sa_column=Column(String(254), unique=True, nullable=False))
    name: str
    password_hash: str
    telegram_id: int | None = Field(default=None, sa_column=Column(BigInteger, unique=True))  # where the bot tells them
    link_code: str | None = Field(default=None, sa_column=Column(String(24), unique=True))  # /start o-CODE, once
    language: str = "fr"  # in which the bot speaks to them, unless they are a supporter with another one
    created_at: datetime = _moment()


class OrganizerRole(SQLModel, table=True):
    """What an organizer may do in one campaign, or in one territory of it and those below."""

    __tablename__ = "organizer_role"
    organizer_id: int = Field(sa_column=Column(ForeignKey("organizer.id", ondelete="CASCADE"), primary_key=True))
    campaign_id: int = Field(sa_column=Column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True))
    role: Role = _choice(Role, Role.viewer)
    territory_id: int | None = _to("territory.id", null=True)  # goes with it: the role must not come to reach further


class OrganizerInvite(SQLModel, table=True):
    """A role that waits for somebody to take it by its link, once and not for ever."""

    __tablename__ = "organizer_invite"
    id: int = _key()
    campaign_id: int = _to("campaign.id")
    territory_id: int | None = _to("territory.id", null=True)
    email: str = Field(sa_column=Column(String(254), nullable=False))
    role: Role = _choice(Role, Role.viewer)
    token_hash: str = Field(sa_column=Column(String(64), unique=True, nullable=False))
    inviter_id: int | None = _to("organizer.id", "SET NULL")
    made_at: datetime = _moment()
    ends_at: datetime = _moment()


class SignIn(SQLModel, table=True):
    """A session of the console. The browser has the token; here is its hash."""

    __tablename__ = "sign_in"
    id: int = _key()
    token_hash: str = Field(sa_column=Column(String(64), unique=True, nullable=False))
    organizer_id: int = _to("organizer.id")
    device: str = ""  # the browser's and the system's name, for its owner to recognise it by
    waits_for_code: bool = False  # the password was right, the second factor's code is still to come
    made_at: datetime = _moment()
    seen_at: datetime = _moment()
    ends_at: datetime = _moment(index=True)


class LoginAttempt(SQLModel, table=True):
    """Somebody tried to log in. Addresses are fingerprints: they can be compared, and not read."""

    __tablename__ = "login_attempt"
    __table_args__ = (
        Index("ix_login_attempt_account_at", "account", "at"),
        Index("ix_login_attempt_client_at", "client", "at"),
    )
    id: int = _key()
    account: str = Field(sa_column=Column(String(32), nullable=False))
    client: str = Field(sa_column=Column(String(32), nullable=False))
    at: datetime = _moment()
    succeeded: bool = False


class TurnsTaken(SQLModel, table=True):
    """How often something was asked for in the window that runs now. A key names no address: campaigns.turns."""

    __tablename__ = "turns_taken"
    key: str = Field(sa_column=Column(String(80), primary_key=True))
    ends_at: datetime = _moment(index=True)
    taken: int


class SecondFactor(SQLModel, table=True):
    """A secret that an organizer's telephone shares (TOTP)."""

    __tablename__ = "second_factor"
    organizer_id: int = Field(sa_column=Column(ForeignKey("organizer.id", ondelete="CASCADE"), primary_key=True))
    secret: str = Field(sa_column=Column(Text, nullable=False))  # locked: campaigns.vault
    last_step: int = 0  # the half minute whose code was taken last; none does twice
    made_at: datetime = _moment()
    confirmed_at: datetime | None = _moment(null=True)  # None: set up and not in use yet


class RecoveryCode(SQLModel, table=True):
    """Opens the console once in place of the telephone."""

    __tablename__ = "recovery_code"
    id: int = _key()
    organizer_id: int = _to("organizer.id")
    code_hash: str = Field(sa_column=Column(String(64), nullable=False))
    used_at: datetime | None = _moment(null=True)


class KeptSecret(SQLModel, table=True):
    """A secret of the whole installation that was given in the console, locked."""

    __tablename__ = "kept_secret"
    name: str = Field(sa_column=Column(String(40), primary_key=True))
    locked: str = Field(sa_column=Column(Text, nullable=False))
    changed_at: datetime = _moment()


class AccessToken(SQLModel, table=True):
    """With it a program acts for one organizer in one campaign: never more than the role that they still have."""

    __tablename__ = "access_token"
    id: int = _key()
    campaign_id: int = _to("campaign.id")
    organizer_id: int = _to("organizer.id")  # the author of what it writes
    name: str
    secret_hash: str = Field(sa_column=Column(String(64), unique=True, nullable=False))  # SHA-256, in hexadecimal
    ending: str = Field(sa_column=Column(String(4), nullable=False))  # its last characters, to be told from others
    scopes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    created_at: datetime = _moment()
    expires_at: datetime | None = _moment(null=True)
    last_used_at: datetime | None = _moment(null=True)  # to within a few minutes
    revoked_at: datetime | None = _moment(null=True)


class KeptAnswer(SQLModel, table=True):
    """What a write over the API answered, for who sends it again with the same Idempotency-Key; kept for a day."""

    __tablename__ = "kept_answer"
    __table_args__ = (Unique("token_id", "key"),)
    id: int = _key()
    token_id: int = _to("access_token.id", index=False)
    key: str = Field(sa_column=Column(String(200), nullable=False))
    request: str = Field(sa_column=Column(String(64), nullable=False))  # a hash of what was asked
    status: int
    location: str | None = None
    body: str = Field(sa_column=Column(Text, nullable=False))  # JSON, locked (campaigns/kept_answers.py)
    answered_at: datetime = _moment(index=True)


class Territory(SQLModel, table=True):
    """National, federation, section: a tree."""

    __table_args__ = (Unique("campaign_id", "name"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    parent_id: int | None = _to("territory.id", null=True)
    name: str
    timezone: str | None = None  # None: as its parent, at the top as the campaign
    goal: int | None = None  # what its people want to reach together; None: no common goal
    goal_kind: Kind | None = _choice(Kind, null=True)  # what the goal counts


class Commune(SQLModel, table=True):
    """A town and the territory it belongs to, so that people find theirs by a few letters. A campaign imports them."""

    __table_args__ = (
        Unique("campaign_id", "postcode", "name"),
        Index("ix_commune_campaign_id_folded", "campaign_id", "folded"),
    )
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    territory_id: int = _to("territory.id")
    name: str
    folded: str  # the name as it is searched: campaigns.communes.fold
    postcode: str = Field(sa_column=Column(String(10), nullable=False))
    latitude: float | None = None  # degrees; None: a location does not find it
    longitude: float | None = None


class Channel(SQLModel, table=True):
    """One account that the campaign owns on a network."""

    __table_args__ = (Unique("campaign_id", "name"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    territory_id: int | None = _to("territory.id", "SET NULL")
    network: str
    name: str
    settings: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # none is secret
    secrets: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # each locked
    slots: str = ""  # weekly posting slots, such as "mon-fri 08:00, 18:00"; empty: none
    price_post: int = 0  # what a post costs, in thousandths of a dollar
    price_link: int = 0  # what a post with a link costs
    monthly_cap: int = 0  # thousandths of a dollar in a month of the campaign's zone; 0: no cap
    daily_quota: int = 0  # posts in a day of the campaign's zone; 0: no quota
    metrics_cap: int = 0  # thousandths of a dollar a month for reading figures where that costs; 0: they are not read
    metrics_month: str | None = None  # such as "2026-11": of which month metrics_spent is
    metrics_spent: int = 0  # thousandths of a dollar
    told_resting_at: datetime | None = _moment(null=True)  # when the organizers were told that it rests
    resting_reason: str | None = None  # set while the network refuses the credential; its publications wait
    not_before: datetime | None = _moment(null=True)  # the whole channel waits, so that its order is kept
    leased_by: str | None = None  # the worker that drains it
    lease_until: datetime | None = _moment(null=True)


class Post(SQLModel, table=True):
    """What is to be said, and when."""

    __table_args__ = (
        Index("ix_post_campaign_publish", "campaign_id", "publish_at"),
        Index("ix_post_campaign_state", "campaign_id", "state", "publish_at"),
        Unique("series_id", "occurrence_at"),
    )
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    territory_id: int | None = _to("territory.id", "SET NULL")
    author_id: int | None = _to("organizer.id", "SET NULL")
    title: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    link: str | None = None
    state: PostState = _choice(PostState, PostState.draft)
    publish_at: datetime | None = _moment(null=True)
    timezone: str = "Europe/Paris"  # the zone in which publish_at was meant
    version: int = 1  # raised by each change of what it says: who saves over another's change is told
    share_kit: bool = False
    kit_language: str | None = None  # who is handed the share kit, of the people of territory_id; None: whatever it is
    kit_interest_id: int | None = _to("interest.id", "SET NULL", index=False)
    handed_out_at: datetime | None = _moment(null=True)  # when everybody had been served, or waits with a handout
    late_policy: LatePolicy = _choice(LatePolicy, LatePolicy.send)
    grace: int = 60  # minutes after its moment in which it still goes out without further thought
    recurrence: str | None = None  # set on the first post of a series, such as "every first Tuesday at 09:00"
    recurs_until: datetime | None = _moment(null=True)
    repeat_after: int = 0  # days before a text of the series may be used again; 0: at once
    series_id: int | None = _to("post.id", "SET NULL")  # the first post of the series that this one repeats
    occurrence_at: datetime | None = _moment(null=True)
    wording: int | None = None  # which of the series' texts this occurrence says
    thread_id: int | None = _to("post.id", "SET NULL")  # the first post of the live thread that this one goes on
    told_at: datetime | None = _moment(
        null=True
    )  # when the bot told who must say yes, or its author, how it stands; None: it has to
    created_at: datetime = _moment()


class PostVersion(SQLModel, table=True):
    """A post's text for one network."""

    __tablename__ = "post_version"
    __table_args__ = (Unique("post_id", "network"),)
    id: int = _key()
    post_id: int = _to("post.id", index=False)
    network: str
    text: str = Field(sa_column=Column(Text, nullable=False))


class Wording(SQLModel, table=True):
    """One of several texts of a post that activists may choose from."""

    id: int = _key()
    post_id: int = _to("post.id")
    position: int
    text: str = Field(sa_column=Column(Text, nullable=False))


class OwnWording(SQLModel, table=True):
    """What a supporter wrote for a post in place of the campaign's text; goes with them."""

    __tablename__ = "own_wording"
    __table_args__ = (Unique("post_id", "supporter_id"),)
    id: int = _key()
    post_id: int = _to("post.id", index=False)
    supporter_id: int = _to("supporter.id")
    text: str = Field(sa_column=Column(Text, nullable=False))
    written_at: datetime = _moment()


class Media(SQLModel, table=True):
    """A picture of a post; the file lies in DATA_DIR/media under its own hash."""

    id: int = _key()
    post_id: int = _to("post.id")
    position: int
    file: str  # <sha256>.<extension>
    mime: str
    width: int  # pixels
    height: int
    size: int  # bytes
    alt: str = ""
    credit: str = ""  # who made it; goes out behind the text
    focus_x: int = 50  # per cent from the left: what stays in sight where a network crops
    focus_y: int = 50  # per cent from the top


class Sketch(SQLModel, table=True):
    """What an organizer has typed and not stored yet, field by field; goes when it is stored, or after a month."""

    __table_args__ = (Index("ix_sketch_campaign_post", "campaign_id", "post_id"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    organizer_id: int = _to("organizer.id")
    post_id: int | None = _to("post.id", null=True)  # the post that is being changed; None: a new one
    fields: dict[str, list[str]] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    saved_at: datetime | None = _moment(null=True)  # None: the post is open, and nothing was typed
    seen_at: datetime = _moment()  # when its page last said that it is open


class Upload(SQLModel, table=True):
    """A picture that came before the post that will show it, by the API or the composer; kept for a month."""

    id: int = _key()
    campaign_id: int = _to("campaign.id")
    organizer_id: int | None = _to("organizer.id", "SET NULL")
    name: str  # as its file was called, for messages
    file: str  # as of a Media
    mime: str
    width: int  # pixels
    height: int
    size: int  # bytes
    alt: str = Field(default="", sa_column=Column(Text, nullable=False))
    uploaded_at: datetime = _moment()


class FileRequest(SQLModel, table=True):
    """A file that an organizer asked for, made in the background; goes a day after it was made, with its files."""

    __tablename__ = "file_request"
    __table_args__ = (Index("ix_file_request_due", "state", "asked_at"), {"sqlite_autoincrement": True})  # names files
    id: int = _key()
    campaign_id: int = _to("campaign.id")
    organizer_id: int | None = _to("organizer.id", "SET NULL")  # who asked
    kind: FileKind = _choice(FileKind)
    title: str  # what the console calls it
    wanted: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # what its maker needs
    state: FileState = _choice(FileState, FileState.queued)
    done: int = 0  # of `total`; 0 of 0 while nothing can be said
    total: int = 0
    source: str = ""  # the file that it is made from, among Settings.files
    result: str = ""  # the file that was made, there too
    file_name: str = ""  # under which it is downloaded
    size: int = 0  # bytes
    why: str | None = Field(default=None, sa_column=Column(Text))  # it failed, or what to know of one that is ready
    attempts: int = 0
    asked_at: datetime = _moment()
    began_at: datetime | None = _moment(null=True)
    ended_at: datetime | None = _moment(null=True)
    lease_until: datetime | None = _moment(null=True)  # while it is being made
    worker: str | None = None  # who makes it, or made it


class Publication(SQLModel, table=True):
    """One post on one channel, its state and its address."""

    __table_args__ = (
        Unique("post_id", "channel_id"),
        Index("ix_publication_due", "state", "due_at"),
        Index("ix_publication_channel_due", "channel_id", "state", "due_at", "id", "sent_at"),
    )
    id: int = _key()
    post_id: int = _to("post.id", index=False)
    channel_id: int = _to("channel.id", index=False)
    state: PublicationState = _choice(PublicationState, PublicationState.queued)
    due_at: datetime | None = _moment(null=True)  # None: the post is a draft
    attempts: int = 0
    tried_at: datetime | None = _moment(null=True)  # when the last attempt began
    told_attempt: int = 0  # the attempt of whose failure, or unknown outcome, the organizers were told
    lease_until: datetime | None = _moment(null=True)  # while sending
    sent_parts: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    sent_at: datetime | None = _moment(null=True)
    remote_id: str | None = None
    url: str | None = None
    cost: int = 0  # thousandths of a dollar, at the prices of when it was queued
    reason: str | None = Field(default=None, sa_column=Column(Text))  # why it is in this state, and what to do next
    measure_at: datetime | None = _moment(
        null=True
    )  # when the network is asked for its figures next; None: not yet asked


class Metric(SQLModel, table=True):
    """What a network last reported of a publication."""

    publication_id: int = Field(sa_column=Column(ForeignKey("publication.id", ondelete="CASCADE"), primary_key=True))
    kind: MetricKind = Field(sa_column=Column(Choice(MetricKind), primary_key=True))
    value: int
    measured_at: datetime = _moment()


class MetricDay(SQLModel, table=True):
    """The last that it reported on a day (UTC)."""

    __tablename__ = "metric_day"
    publication_id: int = Field(sa_column=Column(ForeignKey("publication.id", ondelete="CASCADE"), primary_key=True))
    kind: MetricKind = Field(sa_column=Column(Choice(MetricKind), primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    value: int


class ChannelReach(SQLModel, table=True):
    """What the network reports of all that was due on a channel on one day of its campaign's clock; moves with Metric."""

    __tablename__ = "channel_reach"
    __table_args__ = {"sqlite_with_rowid": False}
    channel_id: int = Field(sa_column=Column(ForeignKey("channel.id", ondelete="CASCADE"), primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    kind: MetricKind = Field(sa_column=Column(Choice(MetricKind), primary_key=True))
    value: int = 0


class Approval(SQLModel, table=True):
    """An organizer's yes to a post as it stands; an edit takes all of them back."""

    post_id: int = Field(sa_column=Column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True))
    organizer_id: int = Field(sa_column=Column(ForeignKey("organizer.id", ondelete="CASCADE"), primary_key=True))
    approved_at: datetime = _moment()


class ApprovedText(SQLModel, table=True):
    """What a post said when it last had every yes: beside it, whoever is asked anew sees what changed."""

    __tablename__ = "approved_text"
    post_id: int = Field(sa_column=Column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True))
    approved_at: datetime = _moment()
    said: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # of campaigns.changes


class Audit(SQLModel, table=True):
    """Who did what to a post or to another organizer, and when. Nothing deletes these rows."""

    id: int = _key()
    campaign_id: int | None = _to("campaign.id", "SET NULL")
    organizer_id: int | None = _to("organizer.id", "SET NULL")  # None: the program, or the command line
    post_id: int | None = _to("post.id", "SET NULL")
    about_id: int | None = _to("organizer.id", "SET NULL")  # whose role or account it was
    at: datetime = _moment()
    action: str  # a word, such as "submitted"
    detail: str = Field(default="", sa_column=Column(Text, nullable=False))


class WebhookTarget(SQLModel, table=True):
    """An address of another program that a campaign tells of what happens to its posts."""

    __tablename__ = "webhook_target"
    id: int = _key()
    campaign_id: int = _to("campaign.id")
    url: str
    secret: str  # signs each message; locked (campaigns/webhook_secrets.py)
    occasions: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # of WebhookOccasion
    failures: int = 0  # in a row, of the target itself
    not_before: datetime | None = _moment(null=True)  # the whole target waits, so that its order is kept
    trouble: str | None = None  # what came of the last call, where it failed
    created_at: datetime = _moment()


class WebhookMessage(SQLModel, table=True):
    """One message to one target; written in the transaction of what it tells of, and sent until it is taken."""

    __tablename__ = "webhook_message"
    __table_args__ = (
        Unique("target_id", "event"),
        Index("ix_webhook_message_target_state", "target_id", "state", "id"),
    )
    id: int = _key()
    target_id: int = _to("webhook_target.id", index=False)
    event: str = Field(sa_column=Column(String(60), nullable=False))  # the same at each try: who has it, has it
    body: str = Field(sa_column=Column(Text, nullable=False))  # JSON, as it is signed
    state: MessageState = _choice(MessageState, MessageState.queued)
    attempts: int = 0
    not_before: datetime | None = _moment(null=True)  # None: at once
    happened_at: datetime = _moment()
    delivered_at: datetime | None = _moment(null=True)
    trouble: str | None = None  # what came of the last try, where it failed


class PollingDay(SQLModel, table=True):
    """A round of a vote: the law imposes silence around it."""

    __tablename__ = "polling_day"
    id: int = _key()
    campaign_id: int = _to("campaign.id")
    territory_id: int | None = _to("territory.id", null=True)  # None: the whole campaign votes
    day: date = Field(sa_column=Column(Date, nullable=False))  # of the mainland; overseas it may begin a day earlier
    label: str = ""
    saturday: bool = True  # a national vote: overseas it is held on the Saturday before, where the law says so


class SilenceWindow(SQLModel, table=True):
    """When nothing may go out, for one territory or for the whole campaign.

    Rows of a polling day are derived, one for each territory in its own zone and one for the campaign's own channels;
    rows without one were made by hand.
    """

    __tablename__ = "silence_window"
    __table_args__ = (Index("ix_silence_window_when", "campaign_id", "ends_at"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    territory_id: int | None = _to("territory.id", null=True)
    starts_at: datetime = _moment()
    ends_at: datetime = _moment()
    reason: str
    by_hand: bool = False


class MailAddress(SQLModel, table=True):
    """Somebody who relays posts by e-mail: a referent, a section's head."""

    __tablename__ = "mail_address"
    __table_args__ = (Unique("campaign_id", "address"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    territory_id: int | None = _to("territory.id", "SET NULL")
    address: str = Field(sa_column=Column(String(254), nullable=False))
    name: str = ""
    token: str = Field(sa_column=Column(String(24), unique=True, nullable=False))  # in their link to unsubscribe
    added_at: datetime = _moment()
    unsubscribed_at: datetime | None = _moment(null=True)


class Heartbeat(SQLModel, table=True):
    """When a part of the program was last seen at work."""

    name: str = Field(sa_column=Column(String(40), primary_key=True))
    at: datetime = _moment()


class Supporter(SQLModel, table=True):
    """A person who said yes. Nothing is kept of who did not."""

    # Without AUTOINCREMENT, SQLite would give a new person the number of one who was erased.
    __table_args__ = (Index("ix_supporter_first_name", "first_name"), {"sqlite_autoincrement": True})
    id: int = _key()
    telegram_id: int = Field(sa_column=Column(BigInteger, unique=True, nullable=False))
    first_name: str
    language: str = "fr"
    created_at: datetime = _moment()
    gone_at: datetime | None = _moment(null=True)  # blocked the bot, or left Telegram


class Participation(SQLModel, table=True):
    """A supporter in one campaign."""

    __table_args__ = (
        Unique("supporter_id", "campaign_id"),
        Index("ix_participation_place", "territory_id", "campaign_id", "stopped_at"),  # counts a place without its rows
    )
    id: int = _key()
    supporter_id: int = _to("supporter.id", index=False)
    campaign_id: int = _to("campaign.id")
    territory_id: int | None = _to("territory.id", "SET NULL", index=False)
    invite_code: str = Field(sa_column=Column(String(32), unique=True, nullable=False))
    badge_name: str | None = None  # of the last badge, while there is a consent to remember it
    badge_frame: str | None = None  # its design
    # How they want to be written to unasked, by their own clock; None: as the campaign's people are by default.
    quiet_from: int | None = None  # hour
    quiet_until: int | None = None  # hour; the same as quiet_from: no quiet hours
    most_a_day: int | None = None  # messages; None: no limit
    digest_at: int | None = None  # hour at which the day's posts come as one message; None: each at once
    paused_until: datetime | None = _moment(null=True)
    joined_at: datetime = _moment()
    stopped_at: datetime | None = _moment(null=True)  # /stop: no message any more


class Consent(SQLModel, table=True):
    """A yes of a supporter to one purpose of one campaign, with its wording, or its withdrawal."""

    __table_args__ = (Index("ix_consent_person", "supporter_id", "campaign_id", "purpose", "withdrawn_at"),)
    id: int = _key()
    supporter_id: int = _to("supporter.id", index=False)
    campaign_id: int = _to("campaign.id")
    purpose: Purpose = _choice(Purpose)
    wording: str  # the version of the text that was shown
    language: str
    surface: str  # where it was given: "telegram" or "web"
    given_at: datetime = _moment()
    withdrawn_at: datetime | None = _moment(null=True)


class Interest(SQLModel, table=True):
    """A theme of a campaign that people may choose, so that they hear of it."""

    __table_args__ = (Unique("campaign_id", "name"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    name: str


class ChosenInterest(SQLModel, table=True):
    """An interest that a supporter chose in a campaign; never one that somebody guessed."""

    __tablename__ = "chosen_interest"
    participation_id: int = Field(
        sa_column=Column(ForeignKey("participation.id", ondelete="CASCADE"), primary_key=True)
    )
    interest_id: int = Field(
        sa_column=Column(ForeignKey("interest.id", ondelete="CASCADE"), primary_key=True, index=True)
    )


class SavedSegment(SQLModel, table=True):
    """A part of a campaign's people under a name, to be used again; None: whatever it is. Goes with what it is made of."""

    __tablename__ = "saved_segment"
    __table_args__ = (Unique("campaign_id", "name"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    name: str
    territory_id: int | None = _to("territory.id", null=True)  # and those below it
    language: str | None = None
    interest_id: int | None = _to("interest.id", null=True)


class Broadcast(SQLModel, table=True):
    """A message to a segment of a campaign's supporters. What became of it is counted from its handouts."""

    __table_args__ = (Index("ix_broadcast_state", "state", "started_at"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id")
    organizer_id: int | None = _to("organizer.id", "SET NULL")  # who wrote it, in the console or the bot
    supporter_id: int | None = _to("supporter.id", "SET NULL")  # or a territory's team leader
    approver_id: int | None = _to("organizer.id", "SET NULL")
    text: str = Field(sa_column=Column(Text, nullable=False))
    # The segment; None: whatever it is. One that loses its territory or interest must not reach more people than meant.
    territory_id: int | None = _to("territory.id", null=True)  # and those below it
    language: str | None = None
    interest_id: int | None = _to("interest.id", null=True)
    state: BroadcastState = _choice(BroadcastState, BroadcastState.draft)
    people: int = 0  # how many it was to reach when it was started
    created_at: datetime = _moment()
    approved_at: datetime | None = _moment(null=True)
    started_at: datetime | None = _moment(null=True)
    handed_out_at: datetime | None = _moment(null=True)  # when everybody had been served, or waits with a handout
    ended_at: datetime | None = _moment(null=True)


class BroadcastWatch(SQLModel, table=True):
    """A message of the bot that shows somebody how far a broadcast is, until it has ended."""

    __tablename__ = "broadcast_watch"
    __table_args__ = (
        Unique("broadcast_id", "organizer_id"),
        Unique("broadcast_id", "supporter_id"),
        CheckConstraint("(organizer_id IS NULL) <> (supporter_id IS NULL)", name="one_person"),
    )
    id: int = _key()
    broadcast_id: int = _to("broadcast.id", index=False)
    organizer_id: int | None = _to("organizer.id", null=True)
    supporter_id: int | None = _to("supporter.id", null=True)  # or the territory's referent who wrote it
    message_id: int


class Handout(SQLModel, table=True):
    """One share kit, or one broadcast, sent to one supporter; written at the moment of the send, or when they rest."""

    __table_args__ = (
        Unique("post_id", "supporter_id"),
        Unique("broadcast_id", "supporter_id"),
        CheckConstraint("(post_id IS NULL) <> (broadcast_id IS NULL)", name="one_thing"),
        Index("ix_handout_state", "state", "not_before"),
        Index("ix_handout_broadcast_state", "broadcast_id", "state"),
    )
    id: int = _key()
    post_id: int | None = _to("post.id", null=True, index=False)
    broadcast_id: int | None = _to("broadcast.id", null=True, index=False)
    supporter_id: int | None = _to("supporter.id", "SET NULL")
    state: HandoutState = _choice(HandoutState, HandoutState.queued)
    not_before: datetime | None = _moment(null=True)  # while it is queued: until then the supporter rests
    lease_until: datetime | None = _moment(null=True)
    sent_at: datetime | None = _moment(null=True)
    message_id: int | None = None
    reason: str | None = None


class ShareLink(SQLModel, table=True):
    """A supporter's own link to a post, or that of a section's kit; without either, the campaign's own."""

    __tablename__ = "share_link"
    __table_args__ = (Unique("post_id", "supporter_id"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id")
    post_id: int = _to("post.id", index=False)
    supporter_id: int | None = _to("supporter.id", "SET NULL")
    territory_id: int | None = _to("territory.id", "SET NULL", index=False)  # of its kit: its visits are nobody's own
    token: str = Field(sa_column=Column(String(24), unique=True, nullable=False))  # public: it stands in what they post
    open_token: str = Field(sa_column=Column(String(24), unique=True, nullable=False))  # only on their own card
    destination: str  # fixed when the link is made, so that it can never be turned elsewhere
    created_at: datetime = _moment()


class Click(SQLModel, table=True):
    """One human visit through a ShareLink. No address and no browser's name is kept."""

    __table_args__ = (Unique("link_id", "visitor"),)
    id: int = _key()
    link_id: int = _to("share_link.id", index=False)
    visitor: str = Field(sa_column=Column(String(32), nullable=False))  # a hash with the day's salt
    clicked_at: datetime = _moment()


class DailySalt(SQLModel, table=True):
    """The salt of today's visitors; yesterday's is thrown away, and nobody can be recognised any more."""

    __tablename__ = "daily_salt"
    day: str = Field(sa_column=Column(String(10), primary_key=True))
    salt: str


class Engagement(SQLModel, table=True):
    """One act of a supporter, while its month is kept: behind that it stands in the counts below alone.

    On PostgreSQL each month is a partition (campaigns.act_months), and the key there is (id, at).
    """

    __table_args__ = (
        Index("ix_engagement_post", "post_id", "kind", "supporter_id", "wording"),
        Index("ix_engagement_person", "supporter_id", "kind"),
        Index("ix_engagement_campaign_id_at", "campaign_id", "at"),
    )
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    supporter_id: int | None = _to("supporter.id", "SET NULL", index=False)
    post_id: int | None = _to("post.id", "SET NULL", index=False)
    kind: Kind = _choice(Kind)
    network: str | None = None
    once: str | None = Field(default=None, sa_column=Column(String(80)))  # the CountedOnce of this act
    wording: int | None = None  # which of the post's was opened or shared: 0 its own text, -1 the person's own words
    at: datetime = _moment()


class CountedOnce(SQLModel, table=True):
    """What may count a single time, and did. It outlives the act, so that a tap on an old card counts no second time."""

    __tablename__ = "counted_once"
    once: str = Field(sa_column=Column(String(80), primary_key=True))
    campaign_id: int = _to("campaign.id", index=False)
    supporter_id: int | None = _to("supporter.id", null=True)  # goes with them


class Tally(SQLModel, table=True):
    """How often a supporter did a thing in a campaign; moves in the transaction of the Engagement."""

    __table_args__ = (Index("ix_tally_leaders", "campaign_id", "kind", "count"),)
    supporter_id: int = Field(sa_column=Column(ForeignKey("supporter.id", ondelete="CASCADE"), primary_key=True))
    campaign_id: int = Field(sa_column=Column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True))
    kind: Kind = Field(sa_column=Column(Choice(Kind), primary_key=True))
    count: int = 0


class PostTally(SQLModel, table=True):
    """The same for a post, whoever did it: stays when people leave."""

    __tablename__ = "post_tally"
    post_id: int = Field(sa_column=Column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True))
    kind: Kind = Field(sa_column=Column(Choice(Kind), primary_key=True))
    count: int = 0


class CampaignTally(SQLModel, table=True):
    """The same for a whole campaign, people without an account included: stays when people leave."""

    __tablename__ = "campaign_tally"
    campaign_id: int = Field(sa_column=Column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True))
    kind: Kind = Field(sa_column=Column(Choice(Kind), primary_key=True))
    count: int = 0


class CampaignHour(SQLModel, table=True):
    """What was done in a campaign within one hour of its own clock. These three follow the acts within seconds."""

    __tablename__ = "campaign_hour"
    __table_args__ = {"sqlite_with_rowid": False}
    campaign_id: int = Field(sa_column=Column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    hour: int = Field(sa_column=Column(Integer, primary_key=True))  # 0 to 23
    kind: Kind = Field(sa_column=Column(Choice(Kind), primary_key=True))
    count: int = 0


class PostHour(SQLModel, table=True):
    """The same for a post."""

    __tablename__ = "post_hour"
    __table_args__ = {"sqlite_with_rowid": False}
    post_id: int = Field(sa_column=Column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    hour: int = Field(sa_column=Column(Integer, primary_key=True))
    kind: Kind = Field(sa_column=Column(Choice(Kind), primary_key=True))
    count: int = 0


class WordingSum(SQLModel, table=True):
    """How the wordings of a post did in its first year: written for 0 at least, before the first of its acts goes."""

    __tablename__ = "wording_sum"
    post_id: int = Field(sa_column=Column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True))
    wording: int = Field(sa_column=Column(Integer, primary_key=True))  # as in Engagement
    people: int  # who chose it first
    with_visit: int  # of these, whose link was visited


class TerritoryTally(SQLModel, table=True):
    """What the people of a territory, without those below it, did on a day or in a month of the campaign's clock.

    An act belongs to where its person was then; who did not say where they are is in none.
    """

    __tablename__ = "territory_tally"
    __table_args__ = {"sqlite_with_rowid": False}
    campaign_id: int = Field(sa_column=Column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True))
    span: Span = Field(sa_column=Column(Choice(Span), primary_key=True))
    since: date = Field(sa_column=Column(Date, primary_key=True))  # the day, or the first of the month
    kind: Kind = Field(sa_column=Column(Choice(Kind), primary_key=True))
    territory_id: int = Field(
        sa_column=Column(ForeignKey("territory.id", ondelete="CASCADE"), primary_key=True, index=True)
    )
    count: int = 0


class TerritoryPeople(SQLModel, table=True):
    """How many people a territory has, without those below it: counted anew every few minutes."""

    __tablename__ = "territory_people"
    territory_id: int = Field(sa_column=Column(ForeignKey("territory.id", ondelete="CASCADE"), primary_key=True))
    people: int  # who take part
    counted: int  # of these, who agree to be counted


class RollupMark(SQLModel, table=True):
    """The last act that these counts hold; one row."""

    __tablename__ = "rollup_mark"
    id: int = _key()
    engagement_id: int = 0


class Mission(SQLModel, table=True):
    """What a campaign's people do together beyond the screen, at a place and a time."""

    __table_args__ = (Index("ix_mission_campaign_starts", "campaign_id", "starts_at"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    territory_id: int | None = _to("territory.id", null=True)  # its people and those below it see it; None: everybody
    kind: MissionKind = _choice(MissionKind, MissionKind.other)
    title: str
    place: str
    starts_at: datetime = _moment()
    timezone: str = "Europe/Paris"  # the zone in which starts_at was meant
    aim: str = Field(default="", sa_column=Column(Text, nullable=False))
    capacity: int | None = None  # people; None: as many as come
    called_off_at: datetime | None = _moment(null=True)
    created_at: datetime = _moment()


class MissionSignup(SQLModel, table=True):
    """A person's yes to a mission, and what they report of it. The numbers stay when they leave; their remark does not."""

    __tablename__ = "mission_signup"
    __table_args__ = (Unique("mission_id", "supporter_id"),)
    id: int = _key()
    mission_id: int = _to("mission.id", index=False)
    supporter_id: int | None = _to("supporter.id", "SET NULL")
    signed_up_at: datetime = _moment()
    reported_at: datetime | None = _moment(null=True)
    doors: int | None = None  # None: the report does not say
    talks: int | None = None
    leaflets: int | None = None
    remark: str = Field(default="", sa_column=Column(Text, nullable=False))


class Event(SQLModel, table=True):
    """What a campaign calls its people to, with its hours and perhaps buses: a rally, the day of the vote."""

    __table_args__ = (Index("ix_event_campaign_starts", "campaign_id", "starts_at"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    territory_id: int | None = _to("territory.id", null=True)  # whose people find it in their list; None: everybody
    code: str = Field(sa_column=Column(String(24), unique=True, nullable=False))  # /start e-CODE; who has it may come
    kind: EventKind = _choice(EventKind, EventKind.rally)
    title: str
    place: str
    starts_at: datetime = _moment()  # on the day of a vote: when the polling stations open
    ends_at: datetime = _moment()
    timezone: str = "Europe/Paris"  # the zone in which its moments were meant
    about: str = Field(default="", sa_column=Column(Text, nullable=False))
    capacity: int | None = None  # people; None: as many as come
    reminders: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # hours before
    changes: int = 0  # how often its place, its time or its buses changed: the SEQUENCE of its .ics
    called_off_at: datetime | None = _moment(null=True)
    created_at: datetime = _moment()


class EventBus(SQLModel, table=True):
    """A bus that takes people to an event."""

    __tablename__ = "event_bus"
    id: int = _key()
    event_id: int = _to("event.id")
    town: str
    stop: str  # where in the town it leaves
    leaves_at: datetime = _moment()
    seats: int


class EventSignup(SQLModel, table=True):
    """A person's yes to an event. Who leaves before it gives the seat back; behind it, the count stays without them."""

    __tablename__ = "event_signup"
    __table_args__ = (Unique("event_id", "supporter_id"),)
    id: int = _key()
    event_id: int = _to("event.id", index=False)
    supporter_id: int | None = _to("supporter.id", "SET NULL")
    bus_id: int | None = _to("event_bus.id", "SET NULL")  # None: they come on their own
    signed_up_at: datetime = _moment()


class SignupMessage(SQLModel, table=True):
    """What one person is told of what they signed up for: written ahead, and again before and after the send."""

    __tablename__ = "signup_message"
    __table_args__ = (
        Unique("event_signup_id", "occasion", "due_at"),
        Unique("mission_signup_id", "occasion", "due_at"),
        CheckConstraint("(event_signup_id IS NULL) <> (mission_signup_id IS NULL)", name="one_thing"),
        Index("ix_signup_message_state", "state", "not_before"),
    )
    id: int = _key()
    event_signup_id: int | None = _to("event_signup.id", null=True, index=False)
    mission_signup_id: int | None = _to("mission_signup.id", null=True, index=False)
    supporter_id: int = _to("supporter.id")
    occasion: Occasion = _choice(Occasion)
    due_at: datetime = _moment()  # of a reminder: its set time; of news: when they were made
    needed_by: datetime = _moment()  # when the person sets out, by the old plan or the new, whichever is earlier
    state: HandoutState = _choice(HandoutState, HandoutState.queued)
    not_before: datetime = _moment()  # while it is queued: until then it need not be looked at
    sent_at: datetime | None = _moment(null=True)
    reason: str | None = None


class TerritoryLeader(SQLModel, table=True):
    """A referent's place in a territory, two at most. Until somebody takes it by its link, it is nobody's."""

    __tablename__ = "territory_leader"
    __table_args__ = (Unique("territory_id", "supporter_id"),)
    id: int = _key()
    territory_id: int = _to("territory.id", index=False)
    supporter_id: int | None = _to("supporter.id", null=True)
    link_code: str | None = Field(default=None, sa_column=Column(String(24), unique=True))  # /start l-CODE, once
    most_a_day: int = 1  # messages to the territory, of both referents, that need nobody else's yes
    appointed_at: datetime = _moment()
    accepted_at: datetime | None = _moment(null=True)


class ChatMenu(SQLModel, table=True):
    """The commands that a chat shows beside everybody's, so that they are taken away when the role ends."""

    __tablename__ = "chat_menu"
    chat_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    language: str = Field(sa_column=Column(String(2), nullable=False))
    roles: str  # campaigns.roles, in alphabetical order, with commas


class Suggestion(SQLModel, table=True):
    """An idea that a supporter sent to the team, and the one answer to it; goes with them."""

    __table_args__ = (Index("ix_suggestion_campaign_answered", "campaign_id", "answered_at"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    supporter_id: int = _to("supporter.id")
    text: str = Field(sa_column=Column(Text, nullable=False))
    written_at: datetime = _moment()
    answer: str | None = Field(default=None, sa_column=Column(Text))
    answered_at: datetime | None = _moment(null=True)
    organizer_id: int | None = _to("organizer.id", "SET NULL")  # who answered
    sent_at: datetime | None = _moment(null=True)  # when the answer reached the person
    trouble: str | None = None  # why it did not, or may not have


class Frame(SQLModel, table=True):
    """The design of a badge, in the campaign's colours, for one territory and those below it, or for all."""

    __table_args__ = (Unique("campaign_id", "design"),)
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    territory_id: int | None = _to("territory.id", null=True)
    position: int  # the lowest is offered first
    name: str
    design: str  # a design that the room badges/ draws, or a folder in DATA_DIR/frames/<campaign's slug>/
    in_use: bool = True  # offered to who makes a badge


class WallBadge(SQLModel, table=True):
    """A small badge on the support wall: there while its consent lasts, and gone with it.

    Somebody without the bot is nobody's Supporter: their yes stands here, and a secret link takes it back.
    """

    __tablename__ = "wall_badge"
    __table_args__ = (Unique("campaign_id", "supporter_id"), Index("ix_wall_badge_shown", "campaign_id", "shown_at"))
    id: int = _key()
    campaign_id: int = _to("campaign.id", index=False)
    supporter_id: int | None = _to("supporter.id", null=True)
    territory_id: int | None = _to("territory.id", "SET NULL")
    first_name: str
    picture: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # a JPEG of 240 x 240 pixels
    token: str = Field(sa_column=Column(String(24), unique=True, nullable=False))  # opens the way to take it down
    wording: str  # the version of the text that was agreed to
    language: str
    shown_at: datetime = _moment()


WAITS = "chat IS NOT NULL"


class BotUpdate(SQLModel, table=True):
    """An update of Telegram's that was handled, by its number alone; or one that waits until its chat's turn comes."""

    __tablename__ = "bot_update"
    __table_args__ = (Index("ix_bot_update_waiting", "chat", postgresql_where=text(WAITS), sqlite_where=text(WAITS)),)
    bot_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    update_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    chat: str | None = Field(default=None, sa_column=Column(String(32)))  # while it waits: what stands for the chat
    at: datetime = _moment(index=True)  # when it was handled, or last said that it waits


class Dialogue(SQLModel, table=True):
    """Where a chat with the bot stands, so that a restart or another replica goes on with it."""

    __table_args__ = (Index("ix_dialogue_campaign_updated", "campaign_id", "updated_at"),)
    chat_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    campaign_id: int | None = _to("campaign.id", null=True, index=False)
    step: str = ""
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = _moment()
