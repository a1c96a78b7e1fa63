"""Which wording of a post brought visits: compared only as far as the numbers carry it.

A person belongs to the wording with which they first opened a share window or said that they shared. What is compared is
how many of these people had a visit at all, by Wilson's interval (E. B. Wilson, Journal of the American Statistical
Association 22, 1927), which holds for small numbers too. People chose their wording themselves: a difference may lie in
who chooses, and the page says so.
"""

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.engagement import COMPARED
from campaigns.models import Engagement, Kind, Post, WordingSum
from campaigns.own_words import OWN
from campaigns.share_kits import wordings_of

FEWEST = 30  # people with a wording, below which nothing is said of it
Z = 1.96  # 95 of 100 such intervals hold the true value


class Verdict(StrEnum):
    too_few = "too_few"  # too few to tell
    no_difference = "no_difference"  # none that could not be chance
    best = "best"  # one is ahead of every other beyond chance


@dataclass(frozen=True, slots=True)
class WordingResult:
    """`number` is 0 for the post's own text, -1 for people's own words, which are not shown (`text` is empty)."""

    number: int
    text: str
    people: int
    with_visit: int

    @property
    def share(self) -> float:
        return self.with_visit / self.people if self.people else 0.0

    @property
    def between(self) -> tuple[float, float]:
        return wilson(self.with_visit, self.people)


@dataclass(frozen=True, slots=True)
class Comparison:
    wordings: tuple[WordingResult, ...]
    verdict: Verdict
    best: int | None = None  # the number of the wording that is ahead


def wilson(of_these: int, all_of: int) -> tuple[float, float]:
    """The interval in which the true share lies, in 95 of 100 cases; all of [0, 1] where there is nobody."""
    if all_of == 0:
        return 0.0, 1.0
    share, square = of_these / all_of, Z * Z
    centre = share + square / (2 * all_of)
    wide = Z * math.sqrt(share * (1 - share) / all_of + square / (4 * all_of * all_of))
    whole = 1 + square / all_of
    return max(0.0, (centre - wide) / whole), min(1.0, (centre + wide) / whole)


def compare(wordings: tuple[WordingResult, ...]) -> Comparison:
    """One is ahead where its interval lies above that of every other one that enough people had."""
    enough = [each for each in wordings if each.people >= FEWEST]
    if len(enough) < 2:
        return Comparison(wordings, Verdict.too_few)
    best = max(enough, key=lambda each: each.share)
    if all(best.between[0] > each.between[1] for each in enough if each is not best):
        return Comparison(wordings, Verdict.best, best.number)
    return Comparison(wordings, Verdict.no_difference)


async def wordings_compared(session: AsyncSession, post: Post, now: datetime) -> Comparison | None:
    """What was done within a year of the post's making; None for a post that has one text only."""
    texts = dict(enumerate(await wordings_of(session, post)))
    settled = (await session.scalars(select(WordingSum).where(col(WordingSum.post_id) == post.id))).all()
    if settled:
        people = Counter({row.wording: row.people for row in settled})
        with_visit = Counter({row.wording: row.with_visit for row in settled})
    else:
        people, with_visit = await _chosen(session, post, now)
    if len(texts) < 2 and not people[OWN]:
        return None
    texts |= {OWN: ""} if people[OWN] else {}
    return compare(
        tuple(WordingResult(number, text, people[number], with_visit[number]) for number, text in texts.items())
    )


async def settle(session: AsyncSession, before: datetime, now: datetime, limit: int) -> int:
    """Write down how the wordings of posts made before then did, in the caller's transaction; how many posts there were.

    Their year is over by then, so nothing done later changes it, and the acts need not be there any more.
    """
    known = select(WordingSum.post_id).where(col(WordingSum.post_id) == col(Post.id), col(WordingSum.wording) == 0)
    query = select(Post).where(col(Post.created_at) < before, ~known.exists()).order_by(col(Post.id)).limit(limit)
    posts = (await session.scalars(query)).all()
    for post in posts:
        people, with_visit = await _chosen(session, post, now)
        session.add_all(
            WordingSum(post_id=post.id, wording=number, people=people[number], with_visit=with_visit[number])
            for number in {0, *people}
        )
    await session.flush()
    return len(posts)


async def _chosen(session: AsyncSession, post: Post, now: datetime) -> tuple[Counter[int], Counter[int]]:
    """Wording -> who chose it first, and whose link was visited of these."""
    ends = post.created_at + COMPARED
    # While the year goes on, the index holds all that is asked.
    of = [col(Engagement.post_id) == post.id, *([col(Engagement.at) < ends] if now > ends else [])]
    chose = await session.execute(
        select(Engagement.supporter_id, Engagement.wording)
        .where(*of, col(Engagement.kind).in_((Kind.opened, Kind.said_shared)))
        .where(col(Engagement.supporter_id).is_not(None), col(Engagement.wording).is_not(None))
        .order_by(col(Engagement.id))
    )
    first: dict[int, int] = {}
    for person, wording in chose.all():
        if person is not None and wording is not None:
            first.setdefault(person, wording)
    visited = await session.scalars(
        select(Engagement.supporter_id)
        .where(*of, col(Engagement.kind) == Kind.visit)
        .where(col(Engagement.supporter_id).is_not(None))
        .distinct()
    )
    return Counter(first.values()), Counter(first[person] for person in visited if person in first)
