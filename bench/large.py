"""A database as a large campaign has it after a year: `fill(file, now=…)` writes one, in a minute or two.

Drawn from a seed, so that the same numbers give the same rows. Counts are summed from the acts, as the program would have
moved them. Left out is what no figure is made of: share links, single visits and handouts, whose rows are as many.
"""

import argparse
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from argon2 import PasswordHasher
from pydantic_core import PydanticUndefined
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel

from campaigns.database import migrate
from campaigns.models import (
    Campaign,
    CampaignHour,
    CampaignTally,
    Channel,
    ChosenInterest,
    Consent,
    Engagement,
    Interest,
    Kind,
    Metric,
    Organizer,
    OrganizerRole,
    Participation,
    Post,
    PostHour,
    PostState,
    PostTally,
    Publication,
    PublicationState,
    Purpose,
    Role,
    SavedSegment,
    Span,
    Supporter,
    Tally,
    Territory,
    TerritoryTally,
    Wording,
)
from campaigns.rollups import KEYS
from campaigns.times import zone

SLUG, EMAIL, PASSWORD = "grande", "admin@exemple.fr", "une longue phrase de passe"
FEDERATIONS, SECTIONS = 100, 10  # in the country; in each of these
DAYS = 365  # that lie behind
AHEAD = 0.01  # of the posts wait for their moment
KITS = 4  # every so many posts is a share kit
SKEW = 0.7  # the n-th largest kit reaches 1 / n ** SKEW as many people as the largest
NETWORKS = ("telegram", "x", "mastodon", "bluesky", "facebook", "telegram")  # of the channels, each post goes to three
# What becomes of a share kit, as parts of all acts; the rest reached somebody and nothing else is known.
PARTS = {
    Kind.opened: 0.12,
    Kind.said_shared: 0.07,
    Kind.copied: 0.03,
    Kind.wording_changed: 0.01,
    Kind.visit: 0.20,
}
ALONE = {Kind.badge_made: 0.01, Kind.badge_downloaded: 0.005, Kind.recruited: 0.005}  # acts without a post
ONCE = (Kind.received, Kind.opened, Kind.said_shared)  # count a single time for a person and a post
HOURS = (1, 1, 1, 1, 1, 2, 6, 12, 14, 10, 8, 8, 14, 12, 8, 8, 9, 12, 16, 18, 20, 16, 9, 3)  # how likely people look
REPORTED = {  # one in so many who saw it
    "x": {"likes": 40, "reposts": 150, "quotes": 900, "replies": 250, "views": 1},
    "mastodon": {"likes": 60, "reposts": 90, "replies": 300},
    "bluesky": {"likes": 50, "reposts": 130, "quotes": 800, "replies": 280},
    "facebook": {"likes": 30, "reposts": 200, "replies": 120},
}
TROUBLE = (PublicationState.failed, PublicationState.unknown, PublicationState.held, PublicationState.missed)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    supporters: int = 200_000
    posts: int = 20_000
    engagements: int = 5_000_000


def fill(file: Path, size: Size | None = None, *, now: datetime, seed: int = 20_000, say: Say = lambda _: None) -> None:
    """Create the database `file` with one large campaign, SLUG, whose admin logs in as EMAIL with PASSWORD.

    FileExistsError where there is one. The rows are as if the program had run until `now`.
    """
    if file.exists():
        raise FileExistsError(f"{file} exists: name a new file")
    migrate(make_url(f"sqlite:///{file}"))
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-600000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    _Filler(connection, size or Size(), now, seed, say).fill()
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


class _Filler:
    def __init__(self, connection: sqlite3.Connection, size: Size, now: datetime, seed: int, say: Say) -> None:
        self.connection, self.size, self.say = connection, size, say
        self.now = now.astimezone(UTC)
        self.zone = zone("Europe/Paris")
        self.begun = self.now - timedelta(days=DAYS)
        self.chance, self.dice = random.Random(seed), np.random.default_rng(seed)
        self.kits: list[tuple[int, int]] = []  # post and the second since 1970 at which it went out

    def fill(self) -> None:
        steps = (self._frame, self._people, self._posts, self._metrics, self._acts, self._counts, self._sums)
        for step in steps:
            start = time.perf_counter()
            step()
            self.say(f"{step.__name__[1:]}: {time.perf_counter() - start:.0f} s")

    def _add(self, model: type[SQLModel], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        self.connection.executemany(_insert(model, names), rows)

    def _frame(self) -> None:
        """Campaign, organizer, territories, channels."""
        created = _text(self.begun)
        self._add(Campaign, ("id", "slug", "name", "created_at"), [(1, SLUG, "Grande campagne", created)])
        known = (1, EMAIL, "Admin", PasswordHasher().hash(PASSWORD), created)
        self._add(Organizer, ("id", "email", "name", "password_hash", "created_at"), [known])
        self._add(OrganizerRole, ("organizer_id", "campaign_id", "role"), [(1, 1, Role.admin.value)])
        federations = range(2, FEDERATIONS + 2)
        sections = range(FEDERATIONS + 2, FEDERATIONS * (SECTIONS + 1) + 2)
        tree = [(1, None, "National"), *((number, 1, f"Fédération {number - 1}") for number in federations)]
        tree += [(number, 2 + number % FEDERATIONS, f"Section {number - FEDERATIONS - 1}") for number in sections]
        rows = ((number, 1, parent, name) for number, parent, name in tree)
        self._add(Territory, ("id", "campaign_id", "parent_id", "name"), rows)
        self.sections = sections
        channels = ((number + 1, 1, network, f"Canal {number + 1}") for number, network in enumerate(NETWORKS))
        self._add(Channel, ("id", "campaign_id", "network", "name"), channels)

    def _people(self) -> None:
        """Everybody may be written to, nine of ten are counted; some sections have a handful of people, some thousands."""
        number = self.size.supporters
        joined = [_text(self.begun + timedelta(days=DAYS * i / max(1, number))) for i in range(number)]
        people = ((i + 1, 1_000_000 + i, f"Prénom {i + 1}", joined[i]) for i in range(number))
        self._add(Supporter, ("id", "telegram_id", "first_name", "created_at"), people)
        weights = 1 / np.arange(1, len(self.sections) + 1) ** 0.9
        drawn = self.dice.choice(np.array(self.sections), size=number, p=weights / weights.sum())
        self.home = np.where(self.dice.random(number) < 0.05, 0, drawn)  # 0: did not say
        places = ((i + 1, 1, int(self.home[i]) or None, f"code-{i + 1}", joined[i]) for i in range(number))
        self._add(Participation, ("supporter_id", "campaign_id", "territory_id", "invite_code", "joined_at"), places)
        columns = ("supporter_id", "campaign_id", "purpose", "wording", "language", "surface", "given_at")
        said = ("1", "fr", "telegram")
        for purpose in (Purpose.contact, Purpose.counting):
            agreed = (i for i in range(number) if purpose is Purpose.contact or i % 10)
            self._add(Consent, columns, ((i + 1, 1, purpose.value, *said, joined[i]) for i in agreed))
        self._segments(number)

    def _segments(self, people: int) -> None:
        """Three themes, each chosen by one of six, and six segments: of the whole, of a part, of a language, of a theme."""
        themes = [(1, 1, "Trains"), (2, 1, "Forêts"), (3, 1, "Écoles")]
        self._add(Interest, ("id", "campaign_id", "name"), themes)
        chosen = ((i + 1, 1 + i % 3) for i in range(people) if i % 2)
        self._add(ChosenInterest, ("participation_id", "interest_id"), chosen)
        kept = [
            ("Tout le pays", 1, None, None),
            ("Fédération 1", 2, None, None),
            ("Fédération 1, trains", 2, None, 1),
            ("En français", None, "fr", None),
            ("In English", None, "en", None),
            ("Forêts", None, None, 2),
        ]
        names = ("campaign_id", "name", "territory_id", "language", "interest_id")
        self._add(SavedSegment, names, ((1, *each) for each in kept))

    def _posts(self) -> None:
        ahead = int(self.size.posts * AHEAD)
        moments = sorted(self._moment() for _ in range(self.size.posts - ahead))
        moments += sorted(self.now + timedelta(minutes=self.chance.randint(30, 40_000)) for _ in range(ahead))
        posts: list[Sequence[Any]] = []
        publications: list[Sequence[Any]] = []
        wordings: list[Sequence[Any]] = []
        for number, moment in enumerate(moments, 1):
            kit = number % KITS == 0
            out = moment <= self.now
            at = _text(moment)
            place = self.chance.choice(self.sections) if number % 2 else None
            text = f"Message n° {number} : ce que nous proposons, et comment en parler autour de soi."
            served = at if kit and out else None
            posts.append((number, 1, place, 1, f"Post {number}", text, PostState.scheduled.value, at, kit, served, at))
            if kit:
                self.kits += [(number, int(moment.timestamp()))] if out else []
                wordings += [(number, position, f"{text} ({position})") for position in range(3)]
            publications += self._publications(number, moment)
        columns = ("id", "campaign_id", "territory_id", "author_id", "title", "text", "state", "publish_at")
        self._add(Post, (*columns, "share_kit", "handed_out_at", "created_at"), posts)
        self._add(Wording, ("post_id", "position", "text"), wordings)
        columns = ("post_id", "channel_id", "state", "due_at", "attempts", "tried_at", "sent_at", "remote_id")
        self._add(Publication, (*columns, "url"), publications)

    def _moment(self) -> datetime:
        """Some minute of the past, more often at an hour at which people look."""
        day = self.begun + timedelta(days=self.chance.randrange(DAYS))
        (hour,) = self.chance.choices(range(24), HOURS)
        return min(day.replace(hour=hour, minute=self.chance.randrange(60), second=0, microsecond=0), self.now)

    def _publications(self, post: int, moment: datetime) -> Iterator[tuple[Any, ...]]:
        """On three channels; most in time, some late, one in a hundred in trouble."""
        due = _text(moment)
        for channel in (1 + (post + step) % len(NETWORKS) for step in range(3)):
            if moment > self.now:
                yield post, channel, PublicationState.queued.value, due, 0, None, None, None, None
            elif self.chance.random() < 0.01:
                yield post, channel, self.chance.choice(TROUBLE).value, due, 1, due, None, None, None
            else:
                sent = _text(moment + timedelta(seconds=1 if self.chance.random() < 0.97 else 4_000))
                remote = str(10_000_000 + post * 10 + channel)
                address = f"https://exemple.fr/{remote}"
                yield post, channel, PublicationState.published.value, due, 1, sent, sent, remote, address

    def _acts(self) -> None:
        """Indices are made behind the rows; in this order both are read and written once."""
        ours = "FROM sqlite_master WHERE type = 'index' AND tbl_name = 'engagement' AND sql IS NOT NULL"
        indices = self.connection.execute(f"SELECT name, sql {ours}").fetchall()
        for name, _sql in indices:
            self.connection.execute(f"DROP INDEX {name}")
        columns = ("campaign_id", "supporter_id", "post_id", "kind", "network", "once", "wording", "at")
        moment = "strftime('%Y-%m-%d %H:%M:%S', ?, 'unixepoch') || '.000000'"
        statement = _insert(Engagement, columns).replace("?, ?, ?, ?, ?, ?, ?, ?", f"1, ?, ?, ?, ?, ?, ?, {moment}")
        written = 0
        for rows in self._acts_of_kits():
            self.connection.executemany(statement, rows)
            written += len(rows)
        self.connection.executemany(statement, self._acts_alone(self.size.engagements - written))
        for _name, sql in indices:
            self.connection.execute(sql)
        self.connection.execute(
            "INSERT INTO counted_once (once, campaign_id, supporter_id) "
            "SELECT once, campaign_id, supporter_id FROM engagement WHERE once IS NOT NULL ORDER BY once"
        )

    def _acts_of_kits(self) -> Iterator[list[tuple[Any, ...]]]:
        """Of each share kit: who got it, and what came of it, by people who got it."""
        with_post = self.size.engagements * (1 - sum(ALONE.values()))
        received = with_post * (1 - sum(PARTS.values()))
        weights = 1 / np.arange(1, len(self.kits) + 1) ** SKEW
        self.dice.shuffle(weights)
        reach = np.minimum(received * weights / weights.sum(), self.size.supporters).astype(int)
        for (post, out), people in zip(self.kits, reach.tolist(), strict=True):
            first = self.chance.randrange(self.size.supporters)
            got = (first + np.arange(people)) % self.size.supporters + 1
            yield self._rows(Kind.received, post, got, out + self.dice.integers(0, 5_400, people))
            for kind, part in PARTS.items():
                number = int(people * part / (1 - sum(PARTS.values())))
                who = self.dice.choice(got, number, replace=kind not in ONCE) if number else got[:0]
                later = self._later(out, number)
                yield self._rows(kind, post, who, later)

    def _later(self, out: int, number: int) -> Any:
        """Seconds since 1970 at which people act: mostly within the day, at hours at which people look."""
        moments = out + self.dice.exponential(20_000, number).astype(np.int64)
        weights = np.array(HOURS)
        asleep = weights[moments // 3600 % 24] < self.dice.integers(0, 8, number)
        moments[asleep] += 6 * 3600
        return np.minimum(moments, int(self.now.timestamp()))

    def _rows(self, kind: Kind, post: int, who: Any, at: Any) -> list[tuple[Any, ...]]:
        word, network = kind.value, NETWORKS[post % len(NETWORKS)] if kind is not Kind.received else None
        end = int(self.now.timestamp())
        pairs = zip(who.tolist(), at.tolist(), strict=True)
        if kind not in ONCE:
            return [(person, post, word, network, None, None, moment) for person, moment in pairs]
        place = network or ""
        return [
            (
                person,
                post,
                word,
                network,
                f"{person}:{post}:{word}:{place}",
                None if kind is Kind.received else person % 4,
                min(moment, end),
            )
            for person, moment in pairs
        ]

    def _acts_alone(self, number: int) -> Iterator[tuple[Any, ...]]:
        kinds = [kind.value for kind in ALONE]
        start, end = int(self.begun.timestamp()), int(self.now.timestamp())
        for _ in range(number):
            (kind,) = self.chance.choices(kinds, list(ALONE.values()))
            yield (
                self.chance.randint(1, self.size.supporters),
                None,
                kind,
                None,
                None,
                None,
                self.chance.randint(start, end),
            )

    def _sums(self) -> None:
        """By hour, day and month, on the campaign's clock; by the hour of UTC first, so that few rows come here."""
        local: dict[str, tuple[str, int]] = {}
        for (hour,) in self.connection.execute("SELECT DISTINCT substr(at, 1, 13) FROM engagement"):
            at = datetime.fromisoformat(f"{hour}:00:00+00:00").astimezone(self.zone)
            local[hour] = (at.date().isoformat(), at.hour)
        of_campaign: Counter[tuple[Any, ...]] = Counter()
        of_posts: Counter[tuple[Any, ...]] = Counter()
        of_places: Counter[tuple[Any, ...]] = Counter()
        for post, kind, hour, number in self.connection.execute(_BY_POST):
            of_campaign[1, *local[hour], kind] += number
            if post is not None:
                of_posts[post, *local[hour], kind] += number
        for place, kind, hour, number in self.connection.execute(_BY_TERRITORY):
            day, _hour = local[hour]
            of_places[1, Span.day.value, day, kind, place] += number
            of_places[1, Span.month.value, f"{day[:8]}01", kind, place] += number
        for model, counts in ((CampaignHour, of_campaign), (PostHour, of_posts), (TerritoryTally, of_places)):
            self._add(model, (*KEYS[model], "count"), sorted((*key, number) for key, number in counts.items()))
        self.connection.execute(_PEOPLE)
        self.connection.execute("UPDATE rollup_mark SET engagement_id = (SELECT coalesce(max(id), 0) FROM engagement)")

    def _metrics(self) -> None:
        """What the networks report: of each publication with an id, its last figures."""
        out = self.connection.execute(
            "SELECT publication.id, network, sent_at FROM publication JOIN channel ON channel.id = channel_id "
            "WHERE state = 'published'"
        ).fetchall()
        rows = []
        for publication, network, at in out:
            views = self.chance.randint(50, 20_000)
            rows += [(publication, kind, views // part, at) for kind, part in REPORTED.get(network, {}).items()]
        self._add(Metric, ("publication_id", "kind", "value", "measured_at"), rows)
        self.connection.create_function("local_day", 1, self._local_day)
        self.connection.execute(_REACH)

    def _local_day(self, moment: str) -> str:
        return datetime.fromisoformat(f"{moment}+00:00").astimezone(self.zone).date().isoformat()

    def _counts(self) -> None:
        """Summed from the acts."""
        for model, key in (
            (Tally, "supporter_id, campaign_id, kind"),
            (PostTally, "post_id, kind"),
            (CampaignTally, "campaign_id, kind"),
        ):
            first = key.partition(",")[0]
            self.connection.execute(
                f"INSERT INTO {model.__tablename__} ({key}, count) "  # noqa: S608 - names of our own tables
                f"SELECT {key}, count(*) FROM engagement WHERE {first} IS NOT NULL GROUP BY {key}"
            )


_HOUR = "kind, substr(at, 1, 13), count(*) FROM engagement"
_BY_POST = f"SELECT post_id, {_HOUR} GROUP BY 1, 2, 3"
_BY_TERRITORY = f"""
    SELECT territory_id, {_HOUR} JOIN participation USING (supporter_id)
    WHERE territory_id IS NOT NULL GROUP BY 1, 2, 3
"""


_REACH = """
    INSERT INTO channel_reach (channel_id, day, kind, value)
    SELECT channel_id, local_day(due_at), kind, sum(value) FROM publication JOIN metric ON publication_id = publication.id
    GROUP BY 1, 2, 3
"""
_PEOPLE = """
    INSERT INTO territory_people (territory_id, people, counted)
    SELECT territory_id, count(*), sum(EXISTS (
        SELECT 1 FROM consent WHERE consent.supporter_id = participation.supporter_id AND purpose = 'counting'
    )) FROM participation WHERE territory_id IS NOT NULL GROUP BY territory_id
"""


def _text(moment: datetime) -> str:
    """As the program stores a moment in SQLite."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _insert(model: type[SQLModel], names: Sequence[str]) -> str:
    """An INSERT of these columns; the others get what the model gives a new row."""
    table = model.__table__  # type: ignore[attr-defined]
    fixed = {c.name: _literal(model, c.name) for c in table.columns if c.name not in names and not c.primary_key}
    values = [*("?" for _ in names), *fixed.values()]
    return f"INSERT INTO {table.name} ({', '.join([*names, *fixed])}) VALUES ({', '.join(values)})"  # noqa: S608


def _literal(model: type[SQLModel], name: str) -> str:
    value = model.model_fields[name].get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return "NULL"
    if isinstance(value, (bool, int)):
        return str(int(value))
    return f"'{value}'"  # a list or a mapping by default is empty: its text is JSON


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("file", type=Path)
    for name, value in (("supporters", 200_000), ("posts", 20_000), ("engagements", 5_000_000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    fill(given.file, Size(given.supporters, given.posts, given.engagements), now=datetime.now(UTC), say=print)


if __name__ == "__main__":
    main()
