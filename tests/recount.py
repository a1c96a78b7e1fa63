"""The figures of a campaign counted anew from a journal, by plain rules written here a second time.

It shares nothing with the program: no table, no query, no function. What it knows of people it reads off their acts, and
what they were sent off the stand-in's ledger.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.crowd import Event

PARIS = ZoneInfo("Europe/Paris")
NIGHT = (21, 8)  # hours between which nobody is written to unasked
FIGURES = ("received", "opened", "said_shared", "visit", "badge_made", "recruited", "mission_done")  # as /me has them


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing for these territories (None: people without one) and, where `everywhere`, on the campaign's own channels."""

    begin: datetime
    end: datetime
    territories: frozenset[int | None]


@dataclass(eq=False)
class Life:
    """A supporter from their yes to their /delete; who comes back after that begins another one."""

    person: int
    yes: set[str] = field(default_factory=set)
    territory: int | None = None
    stopped: bool = False
    gone: bool = False
    ended: bool = False


@dataclass(slots=True)
class Row:
    """One act that counts."""

    life: Life | None
    post: str | None
    kind: str
    network: str | None = None


class Recount:
    """`recount.read(journal)`, then `tallies`, `of_posts`, `of_campaign`, `rows`; `wrong` says what must not have been."""

    def __init__(
        self, posts: dict[int, str], missions: dict[int, datetime], silences: Iterable[Silence], channel: int
    ) -> None:
        self.posts, self.titles, self.missions = posts, set(posts.values()), missions
        self.silences, self.channel = list(silences), channel
        self.lives: dict[int, Life] = {}  # of who takes part, or stopped
        self.counted: dict[object, Row] = {}
        self.wrong: list[str] = []
        self.kits: Counter[tuple[str, int]] = Counter()  # how often a kit came unasked to a person
        self.on_channel: Counter[str] = Counter()
        self.me_read = 0
        self._n = 0
        self._asked: defaultdict[int, dict[str, str]] = defaultdict(dict)  # what a person's dialogue stands at
        self._codes: dict[str, Life] = {}
        self._links: dict[str, tuple[Life, str]] = {}  # token -> on whose card it was first seen, and the post
        self._out: dict[str, set[int]] = {}  # kit -> who waits for it
        self._awaited: set[tuple[str, int]] = set()  # kits that must come before the clock moves on
        self._cancelled: set[str] = set()

    def read(self, journal: Iterable[Event]) -> None:
        for event in journal:
            getattr(self, f"_{event.what}")(event)
        self._all_served()

    # --- what came out

    def rows(self) -> Counter[tuple[int | None, str | None, str, str | None]]:
        """(person while they are there, post, kind, network) -> how many acts."""
        return Counter((_person(r), r.post, r.kind, r.network) for r in self.counted.values())

    def tallies(self) -> Counter[tuple[int, str]]:
        return Counter((who, r.kind) for r in self.counted.values() if (who := _person(r)) is not None)

    def of_posts(self) -> Counter[tuple[str, str]]:
        return Counter((r.post, r.kind) for r in self.counted.values() if r.post is not None)

    def of_campaign(self) -> Counter[str]:
        return Counter(r.kind for r in self.counted.values())

    # --- the rules

    def silent(self, territory: int | None, at: datetime) -> bool:
        return any(each.begin <= at < each.end and territory in each.territories for each in self.silences)

    def _life(self, person: int) -> Life | None:
        """Who takes part."""
        life = self.lives.get(person)
        return None if life is None or life.stopped else life

    def _may_write_to(self, person: int, at: datetime) -> bool:
        life = self._life(person)
        return life is not None and "contact" in life.yes and not life.gone and not self.silent(life.territory, at)

    def _count(
        self, life: Life | None, kind: str, post: str | None = None, *key: object, network: str | None = None
    ) -> None:
        """Once for this life, post and `key`, if the person agrees to be counted."""
        if life is not None and "counting" in life.yes:
            self.counted.setdefault((life, kind, post, network, *key), Row(life, post, kind, network))

    def _each_time(self) -> int:
        self._n += 1
        return self._n

    # --- acts

    def _act(self, event: Event) -> None:
        person, action = event.who, event.detail["action"]
        if action == "tap":
            word, *values = event.detail["data"].split(":")
            getattr(self, f"_tap_{word}")(event, *values)
        elif action == "start":
            self._started(person, event.detail.get("payload", ""))
        elif action == "block" and person in self.lives:
            self.lives[person].gone = True
        elif action == "say":
            self._said(event, event.detail["text"])
        elif action == "photo":
            self._asked[person]["photo"] = str(self._each_time())
            if "named" in self._asked[person]:  # the badge in hand is seen at once, of this photo
                self._badge(event, "badge_made")

    def _started(self, person: int, payload: str) -> None:
        kind, _, value = payload.partition("-")
        life, asked = self._life(person), self._asked[person]
        if payload:
            asked.clear()
        if life is not None:
            life.gone = False
            life.territory = int(value) if kind == "t" else life.territory
        elif kind in ("r", "t"):
            asked[kind] = value

    def _said(self, event: Event, text: str) -> None:
        if text == "/stop":
            self._stop(event.who)
        elif re.search(r"\d+ (portes|doors)", text) and (mission := self._asked[event.who].pop("mission", None)):
            self._count(self._life(event.who), "mission_done", None, mission)

    def _stop(self, person: int) -> None:
        self._asked.pop(person, None)
        if (life := self.lives.get(person)) is not None:
            life.yes, life.stopped = set(), True

    def _tap_join(self, event: Event, question: str, answer: str, *_: str) -> None:
        asked, life = self._asked[event.who], self._life(event.who)
        if question == "contact" and answer == "no":
            self._stop(event.who)
        elif question == "contact" and life is None:
            asked["contact"] = answer
        elif question == "counting" and (contact := asked.pop("contact", None)) is not None:
            self._join(event.who, {"contact"} if contact == "yes" else set(), counting=answer == "yes")
        elif question == "ranking" and life is not None:
            life.yes |= {"ranking"} if answer == "yes" else set()
        elif question == "territory" and life is not None:
            life.territory = None if answer == "none" else int(answer)

    def _join(self, person: int, yes: set[str], *, counting: bool) -> None:
        asked, life = self._asked[person], self.lives.get(person)
        if life is None:
            life = self.lives[person] = Life(person)
            inviter = self._codes.get(asked.get("r", ""))
            if inviter is not None and not inviter.ended:
                self._count(inviter, "recruited", None, life)
        life.yes, life.stopped, life.gone = yes | ({"counting"} if counting else set()), False, False
        life.territory = int(asked["t"]) if "t" in asked else life.territory
        asked.clear()

    def _tap_me(self, event: Event, what: str, *_: str) -> None:
        if what == "stop":
            self._stop(event.who)
        elif what == "erased":
            self._asked.pop(event.who, None)
            life = self.lives.pop(event.who, None)
            if life is not None:
                life.ended, life.yes = True, set()

    def _tap_consent(self, event: Event, what: str, purpose: str, *_: str) -> None:
        life = self._life(event.who)
        if life is not None and what in ("yes", "no"):
            life.yes = life.yes | {purpose} if what == "yes" else life.yes - {purpose}

    def _tap_kit(self, event: Event, what: str, number: str, _shown: str = "", network: str = "") -> None:
        life, post = self._life(event.who), self.posts[int(number)]
        if life is None or post in self._cancelled or self.silent(life.territory, event.at):
            return
        if what == "wording":
            self._count(life, "wording_changed", post, self._each_time())
        elif what == "copy":
            self._count(life, "copied", post)
        elif what == "on":
            self._count(life, "said_shared", post, network=network)
        elif what == "undo":
            self.counted.pop((life, "said_shared", post, network), None)

    def _tap_badge(self, event: Event, what: str, *_: str) -> None:
        asked = self._asked[event.who]
        if what == "name" and "photo" in asked:
            asked["named"] = "yes"
            self._badge(event, "badge_made")
        elif what == "file" and "named" in asked:
            self._badge(event, "badge_downloaded")
        elif what == "end":
            asked.pop("named", None)
            asked.pop("photo", None)

    def _badge(self, event: Event, kind: str) -> None:
        """Once for a photo; of who is not counted, for the campaign alone."""
        life = self._life(event.who)
        if not self.silent(life.territory if life is not None else None, event.at):
            whose = life if life is not None and "counting" in life.yes else None
            self.counted.setdefault((kind, self._asked[event.who]["photo"]), Row(whose, None, kind))

    def _tap_mission(self, event: Event, what: str, number: str) -> None:
        if what == "report" and self.missions[int(number)] <= event.at:
            self._asked[event.who]["mission"] = number

    def _tap_menu(self, event: Event, *_: str) -> None:
        """It only shows something."""

    # --- what the bot sent

    def _told(self, event: Event) -> None:
        """An answer: a card counts as received, and shows its link; /me has figures, and the invitation's code."""
        text, life = event.detail["text"], self.lives.get(event.who)
        if life is None:
            return
        if code := re.search(r"\?start=r-([\w-]+)", text):
            self._codes[code[1]] = life
        if text.startswith("📊"):
            self._me(life, text)
        title = self._card(life, event)
        if title is not None and (life.stopped or title in self._cancelled or self.silent(life.territory, event.at)):
            self.wrong.append(f"{event.who} asked for {title} at {event.at}, and must not have got it")

    def _card(self, life: Life, event: Event) -> str | None:
        title, blank, text = event.detail["text"].partition("\n\n")
        if title not in self.titles or not blank:
            return None
        self._count(life, "received", title)
        if "/s/" in text and "counting" not in life.yes:
            self.wrong.append(f"{life.person} is not counted and got a tracked link to {title}")
        return title

    def _shown(self, event: Event) -> None:
        """A message as it stands in somebody's chat, new or edited: whose links are on it, and whose share windows behind it."""
        life, text = self.lives.get(event.who), event.detail["text"]
        title = next((each for each in self.titles if text.startswith(each)), None)  # as all of its wordings begin
        if life is not None and title is not None:
            for token in re.findall(r"/[so]/([\w-]+)", " ".join([text, *event.detail["addresses"]])):
                self._links.setdefault(token, (life, title))

    def _me(self, life: Life, text: str) -> None:
        said = tuple(map(int, re.findall(r"(?m)^\S+ .+? ?: (\d+)$", text)))
        own = self.tallies()
        counted = tuple(own[life.person, kind] for kind in FIGURES)
        self.me_read += 1
        if said != counted:
            self.wrong.append(f"/me told {life.person} {said} and not {counted}")

    def _kit(self, event: Event) -> None:
        """A post's moment: whoever may be written to waits for its kit from here on."""
        only = event.detail["territory"]
        people = [person for person, life in self.lives.items() if only is None or life.territory == only]
        self._out[event.detail["title"]] = {person for person in people if self._may_write_to(person, event.at)}

    def _cancel(self, event: Event) -> None:
        self._cancelled.add(event.detail["title"])

    def _tick(self, event: Event) -> None:
        """The broadcaster goes: by day it serves everybody who waits and may be written to still."""
        self._all_served()
        for asked in self._asked.values():  # what is in hand of a badge is forgotten within an hour
            asked.pop("named", None)
            asked.pop("photo", None)
        hour = event.at.astimezone(PARIS).hour
        if NIGHT[1] <= hour < NIGHT[0]:
            for title, waiting in self._out.items():
                self._awaited |= {(title, person) for person in waiting if self._may_write_to(person, event.at)}
            self._out.clear()

    def _sent(self, event: Event) -> None:
        """Unasked."""
        text, life = event.detail["text"], self.lives.get(event.who)
        if event.who == self.channel:
            self.on_channel[text.partition("\n")[0]] += 1
            if self.silent(None, event.at):
                self.wrong.append(f"the channel spoke in the silence: {text}")
            return
        title = self._card(life, event) if life is not None else None
        if title is None:
            self.wrong.append(f"{event.who} got at {event.at}, unasked: {text}")
            return
        if (title, event.who) not in self._awaited:
            self.wrong.append(f"{event.who} must not get {title} at {event.at}")
        self._awaited.discard((title, event.who))
        self.kits[title, event.who] += 1

    def _all_served(self) -> None:
        self.wrong += [f"{person} never got {title}" for title, person in self._awaited]
        self._awaited.clear()

    # --- the web

    def _open(self, event: Event) -> None:
        """A share window opened from a card, whose link is that of the life that got the card."""
        life, title = self._links[event.detail["token"]]
        network, where = event.detail["network"], None if life.ended else life.territory
        if title in self._cancelled or self.silent(where, event.at) or not event.detail["human"]:
            return
        if life.ended:  # nobody's any more, so that nothing knows it again
            self.counted["opened", self._each_time()] = Row(None, title, "opened", network)
        self._count(life, "opened", title, network=network)

    def _click(self, event: Event) -> None:
        life, title = self._links[event.detail["token"]]
        if not event.detail["human"]:
            return
        whose = life if not life.ended and "counting" in life.yes else None
        key = ("visit", event.detail["token"], event.detail["visitor"], event.at.date())
        self.counted.setdefault(key, Row(whose, title, "visit"))

    def _web_badge(self, event: Event) -> None:
        """Made, or saved, on the web page: by whom is not known there."""
        kind = f"badge_{event.detail['done']}"
        self.counted[kind, event.detail["number"]] = Row(None, None, kind)


def _person(row: Row) -> int | None:
    return None if row.life is None or row.life.ended else row.life.person
