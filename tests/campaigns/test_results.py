"""What came of a campaign: its channels, periods, wordings, and territories of which no few can be told apart."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import rollups
from campaigns.engagement import Act, record
from campaigns.figures import SMALLEST
from campaigns.models import Campaign, Kind, MetricKind, Post, Publication, PublicationState, Span, Territory
from campaigns.periods import Period, period_of
from campaigns.results import acts_of_campaign, best_hours, channels_of, posts_of
from campaigns.territory_results import Part, find, lines_of, told_alone
from campaigns.times import TimeProblem
from campaigns.wording_results import Verdict, WordingResult, compare, wilson, wordings_compared

S = PublicationState
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
CAMPAIGN = Campaign(slug="c", name="C", created_at=datetime(2026, 3, 5, 23, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("7", date(2026, 11, 25)),
        ("30", date(2026, 11, 2)),
        ("year", date(2025, 12, 1)),
        ("all", date(2026, 3, 6)),  # made at 00:30 by the campaign's clock
        ("nonsense", date(2026, 11, 2)),
    ],
)
def test_a_period_ends_today_by_the_campaigns_clock(name, first):
    period = period_of(CAMPAIGN, NOW, name)
    assert (period.first, period.last) == (first, date(2026, 12, 1))
    assert period.before.last == first - timedelta(days=1) and period.before.days == period.days


@pytest.mark.parametrize("given_days", [("2026-13-01", ""), ("2026-11-05", "2026-11-04"), ("=1+1", "")])
def test_days_that_are_none_or_in_the_wrong_order_are_refused_in_a_sentence(given_days):
    with pytest.raises(TimeProblem):
        period_of(CAMPAIGN, NOW, "", *given_days)


@given(st.dates(date(2024, 1, 1), date(2027, 1, 1)), st.integers(1, 800), st.integers(0, 40))
def test_months_and_days_of_a_period_make_each_of_its_days_once(first, days, later):
    """`later` is how many days lie between its last day and today, behind which there is nothing."""
    period = Period("", first, first + timedelta(days=days - 1), "Europe/Paris")
    today = period.last + timedelta(days=later)
    seen: dict[date, int] = {}
    looked_at = 0
    for sign, span, begin, end in period.spans(today):
        assert begin <= end
        looked_at += (end - begin).days + 1 if span is Span.day else 0
        for n in range((end - begin).days + 1):
            day = begin + timedelta(days=n)
            seen[day] = seen.get(day, 0) + sign
    covered = {day: count for day, count in seen.items() if day <= today and count}
    assert covered == {first + timedelta(days=n): 1 for n in range(days)}
    assert looked_at <= 32


async def test_acts_come_by_day_with_their_best_hours_and_of_one_campaign_only(database, campaign, rival):
    monday = datetime(2026, 11, 30, 17, 5, tzinfo=UTC)  # 18:05 in Paris
    async with database.write() as session:
        await record(session, [Act(campaign.id, Kind.visit, monday)] * 3)
        await record(session, [Act(campaign.id, Kind.opened, monday - timedelta(days=40))])
        await record(session, [Act(rival.id, Kind.visit, monday)])
        await rollups.catch_up(session)
    async with database.read() as session:
        acts = await acts_of_campaign(session, campaign.id, period_of(campaign, NOW, "30"))
        year = await acts_of_campaign(session, campaign.id, period_of(campaign, NOW, "year"))
    assert (acts.sums[Kind.visit], acts.sums[Kind.opened], len(acts.steps)) == (3, 0, 30)
    assert acts.steps[date(2026, 11, 30)][Kind.visit] == 3
    assert best_hours(acts.hours) == [(0, 18, 3)]
    assert (year.sums[Kind.opened], year.steps[date(2026, 10, 1)][Kind.opened]) == (1, 1)


async def test_a_channel_says_what_was_in_time_late_missed_and_failed(database, campaign, telegram, x, add, clock):
    due = clock() - timedelta(hours=1)
    fates = [(S.published, 10), (S.published, 299), (S.published, 301), (S.failed, None), (S.missed, None)]
    fates += [(S.unknown, None), (S.held, None), (S.queued, None), (S.cancelled, None)]
    async with database.write() as session:
        for number, (state, late) in enumerate(fates):
            post = Post(campaign_id=campaign.id, title=f"P{number}", text="t", created_at=due, publish_at=due)
            session.add(post)
            await session.flush()
            sent = due + timedelta(seconds=late) if late is not None else None
            session.add(Publication(post_id=post.id, channel_id=telegram.id, state=state, due_at=due, sent_at=sent))
    async with database.read() as session:
        first, second = await channels_of(session, campaign.id, period_of(campaign, clock(), "7"))
        (before,) = {r.due for r in await channels_of(session, campaign.id, period_of(campaign, clock(), "7").before)}
    assert (first.in_time, first.late, first.failed, first.missed, first.open) == (2, 1, 1, 1, 2)
    assert (second.due, before) == (0, 0)


async def test_posts_stand_by_the_visits_that_they_brought(database, campaign, add):
    posts = [await add(title=f"P{n}", text=f"Texte {n}") for n in range(3)]
    async with database.write() as session:
        await record(session, [Act(campaign.id, Kind.visit, NOW, post_id=posts[1].id)] * 2)
    async with database.read() as session:
        found = await posts_of(session, campaign.id, period_of(campaign, NOW, "7"), limit=2)
    assert [each.post.title for each in found] == ["P1", "P2"]
    assert found[0].counts[Kind.visit] == 2


@pytest.mark.parametrize(
    ("of_these", "all_of", "low", "high"),
    [
        (0, 0, 0.0, 1.0),  # nobody
        (10, 10, 0.722, 1.0),  # small, and never above 1
        (50, 100, 0.404, 0.596),
        (0, 30, 0.0, 0.114),
    ],
)
def test_wilsons_interval_is_as_in_the_tables(of_these, all_of, low, high):
    assert wilson(of_these, all_of) == (pytest.approx(low, abs=0.001), pytest.approx(high, abs=0.001))


@pytest.mark.parametrize(
    ("rows", "verdict", "best"),
    [
        ([(29, 29), (29, 0)], Verdict.too_few, None),  # however clear it looks
        ([(500, 400), (20, 1)], Verdict.too_few, None),  # only one has enough
        ([(100, 30), (100, 38)], Verdict.no_difference, None),
        ([(400, 80), (400, 160)], Verdict.best, 1),
        ([(400, 160), (400, 158), (400, 40)], Verdict.no_difference, None),  # two are ahead of the third
    ],
)
def test_a_wording_is_ahead_only_beyond_chance(rows, verdict, best):
    compared = compare(tuple(WordingResult(n, "t", people, visited) for n, (people, visited) in enumerate(rows)))
    assert (compared.verdict, compared.best) == (verdict, best)


async def test_a_person_belongs_to_the_wording_they_shared_first(database, campaign, add, join):
    post = await add(wordings=("Autre",))
    people = [(await join(n))[0] for n in (1, 2, 3)]
    acts = [
        Act(campaign.id, Kind.opened, NOW, people[0].id, post.id, "x", wording=1),
        Act(campaign.id, Kind.said_shared, NOW, people[0].id, post.id, "x", wording=0),
        Act(campaign.id, Kind.opened, NOW, people[1].id, post.id, "x", wording=0),
        Act(campaign.id, Kind.opened, NOW, people[2].id, post.id, "x", wording=-1),
        Act(campaign.id, Kind.visit, NOW, people[0].id, post.id),
        Act(campaign.id, Kind.visit, NOW, people[0].id, post.id),
    ]
    async with database.write() as session:
        await record(session, acts)
    async with database.read() as session:
        compared = await wordings_compared(session, post, NOW)
        alone = await wordings_compared(session, await add(title="Seul", text="Un seul texte"), NOW)
    assert compared is not None and compared.verdict is Verdict.too_few
    found = {each.number: (each.people, each.with_visit) for each in compared.wordings}
    assert found == {0: (1, 0), 1: (1, 1), -1: (1, 0)}
    assert alone is None


def part(name: str, counted: int, visits: int = 10, *below: Part, direct: bool = False) -> Part:
    made = Part(Territory(id=hash(name) % 10_000, campaign_id=1, name=name), direct, counted, counted, below=[*below])
    made.sums[Kind.visit] = visits
    return made


def told(tops: list[Part]) -> list[set[str]]:
    return [{each.territory.name for each in line.parts} for line in lines_of(tops)]


@pytest.mark.parametrize(
    ("sections", "rows"),
    [
        ({"A": 9, "B": 8}, [{"A"}, {"B"}]),
        ({"A": 9, "B": 3}, [{"A", "B"}]),  # B alone, or what A leaves of the sum, would tell of three people
        ({"A": 9, "B": 3, "C": 7}, [{"A"}, {"B", "C"}]),  # the smallest that does hides it
        ({"A": 9, "B": 3, "C": 3}, [{"A"}, {"B", "C"}]),  # six people together
        ({"A": 9, "B": 1, "C": 1}, [{"A", "B", "C"}]),
        ({"A": 3}, []),
        ({"A": 9, "B": 0}, [{"A", "B"}]),  # those of B left, their acts did not
    ],
)
def test_few_people_are_told_together_with_others(sections, rows):
    assert sorted(told([part(name, counted) for name, counted in sections.items()]), key=str) == sorted(rows, key=str)


def test_nobody_who_did_nothing_needs_hiding_and_hides_nobody():
    assert sorted(told([part("A", 9), part("B", 0, 0)]), key=str) == [{"A"}, {"B"}]
    assert told([part("A", 3), part("B", 0, 0)]) == []


def test_people_without_a_section_are_a_part_like_the_others():
    """Two of them, and sections of nine: what is missing from the territory's sum would be those two."""
    tree = part("Orne", 20, 30, part("Alençon", 9), part("Flers", 9), part("Orne", 2, direct=True))
    rows = told([tree])
    assert rows[0] == {"Orne"} and len(rows) == 3
    assert {"Orne"} not in rows[1:] and any(len(row) == 2 and "Orne" in row for row in rows[1:])


def test_what_is_told_together_has_no_page_of_its_own():
    tree = part("Orne", 20, 30, part("Alençon", 9), part("Flers", 8), part("Sées", 3))
    ids = {each.territory.name: each.territory.id for each in tree.below}
    assert find([tree], ids["Alençon"]) is not None
    assert find([tree], ids["Sées"]) is None
    assert find([tree], ids["Flers"]) is None  # it hides Sées
    assert find([tree], tree.territory.id) == (tree, ())


def test_few_people_of_whom_nobody_is_counted_are_few():
    assert part("A", 0, 0).tells_of_few is False
    tree = part("Orne", 9, 9, part("Alençon", 9), part("Sées", 0, 0))
    tree.below[1].people = 3
    assert list(told_alone([tree])) == [tree]  # beside the sum of Orne, Alençon would tell of the three


GROUPS = st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(0, 3))  # counted, beside them not counted, visits


def branch(sections: tuple[tuple[int, int, int], list]) -> Part:
    """A territory of these parts, summed as they are from the store."""
    own, below = sections
    made, direct = (
        Part(Territory(campaign_id=1, name="")),
        Part(Territory(campaign_id=1, name=""), True, own[0] + own[1], own[0]),
    )
    direct.sums[Kind.visit] = own[2]
    parts = [direct, *map(branch, below)]
    for each in parts:
        made.add(each)
    made.below = [each for each in parts if not each.direct or each.people or any(each.sums.values())] if below else []
    return made


@given(
    st.lists(
        st.recursive(st.tuples(GROUPS, st.just([])), lambda below: st.tuples(GROUPS, st.lists(below, max_size=4))),
        max_size=4,
    )
)
def test_in_any_tree_what_is_left_over_is_nobody_or_at_least_five(trees):
    tops = [branch(tree) for tree in trees]
    shown = list(told_alone(tops))
    for each in shown:
        assert each.people == 0 or (each.people >= SMALLEST and (each.counted >= SMALLEST or each.counted == 0))
        below = [other for other in each.below if other in shown]
        for count in ("people", "counted"):
            rest = getattr(each, count) - sum(getattr(other, count) for other in below)
            assert not below or rest == 0 or rest >= SMALLEST


def test_metrics_have_a_name_for_each_kind():
    from campaigns.overviews import METRICS

    assert set(METRICS) == set(MetricKind)
