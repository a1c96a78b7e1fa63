"""An idea, its one answer, and to whom the answer may go."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from campaigns import suggestions, supporters
from campaigns.installation import add_organizer
from campaigns.models import Participation, Role, Suggestion
from campaigns.rhythm import set_rhythm
from campaigns.silence_windows import add_window
from campaigns.suggestions import LONGEST, LONGEST_ANSWER, MOST_OPEN, SuggestionRefused

IDEA = "Des vélos en libre-service à la gare"


@pytest.fixture
def suggest(database, campaign, clock):
    async def send(person, text=IDEA, campaign_id=campaign.id):
        async with database.write() as session:
            await suggestions.suggest(session, person.id, campaign_id, text, clock())

    return send


@pytest.fixture
async def answer(database, campaign, clock):
    async with database.write() as session:
        organizer = await add_organizer(
            session, campaign.id, "camille@exemple.fr", "Camille", "un mot de passe", Role.editor, clock()
        )

    async def write(number=1, text="Bonne idée !", campaign_id=campaign.id):
        async with database.write() as session:
            return await suggestions.answer(session, campaign_id, number, text, organizer.id, clock())

    return write


@pytest.fixture
def ideas(database):
    async def rows():
        async with database.read() as session:
            return list(await session.scalars(select(Suggestion).order_by(col(Suggestion.id))))

    return rows


@pytest.fixture
def untold(database, clock):
    async def numbers(limit=9):
        async with database.read() as session:
            return [each.suggestion.id for each in await suggestions.untold(session, clock(), limit)]

    return numbers


async def test_an_idea_is_stored_once_however_often_it_comes_while_it_waits(join, suggest, answer, ideas):
    person, _ = await join(1)
    for text in (IDEA, f"  {IDEA} "):
        await suggest(person, text)
    assert [row.text for row in await ideas()] == [IDEA]
    assert await answer()
    await suggest(person)  # after its answer it is a new one
    assert len(await ideas()) == 2


async def test_so_many_ideas_wait_at_once_in_each_campaign(join, rival, suggest, answer, ideas):
    person, _ = await join(1)
    await join(1, campaign_id=rival.id)
    for n in range(MOST_OPEN):
        await suggest(person, f"Idée {n}")
    with pytest.raises(SuggestionRefused, match=f"{MOST_OPEN} of your ideas wait for an answer already"):
        await suggest(person)
    await suggest(person, campaign_id=rival.id)
    await answer()
    await suggest(person)
    assert len(await ideas()) == MOST_OPEN + 2


async def test_what_is_too_long_or_empty_is_refused_with_its_limit(join, suggest, answer, ideas):
    person, _ = await join(1)
    with pytest.raises(SuggestionRefused, match=f"has {LONGEST + 1} characters, at most {LONGEST}"):
        await suggest(person, "x" * (LONGEST + 1))
    await suggest(person, "x" * LONGEST)
    with pytest.raises(SuggestionRefused, match="The answer is empty"):
        await answer(text=" ")
    with pytest.raises(SuggestionRefused, match=f"has {LONGEST_ANSWER + 2} characters, at most {LONGEST_ANSWER}"):
        await answer(text="🦊" * (LONGEST_ANSWER // 2 + 1))
    assert (await ideas())[0].answered_at is None


async def test_an_idea_has_one_answer_and_only_from_its_own_campaign(join, rival, suggest, answer, ideas):
    await suggest((await join(1))[0])
    assert not await answer(campaign_id=rival.id)
    assert not await answer(number=99)
    assert await answer()
    with pytest.raises(SuggestionRefused, match="Somebody answered this idea already"):
        await answer(text="Non")
    assert [row.answer for row in await ideas()] == ["Bonne idée !"]


async def test_an_answer_waits_until_it_may_go_and_goes_once(database, campaign, join, suggest, answer, untold, clock):
    person, _ = await join(1)
    await suggest(person)
    assert await untold() == []  # no answer yet
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + timedelta(days=1), "veille du vote")
    await answer()
    assert await untold() == []
    clock.advance(timedelta(days=1))
    assert await untold() == [1]
    async with database.write() as session:
        await supporters.mark_gone(session, 1, clock())
    assert await untold() == []
    await join(1)  # back again
    assert await untold() == [1]
    async with database.write() as session:
        await supporters.stop(session, person, campaign.id, clock())
    assert await untold() == []
    await join(1)
    async with database.write() as session:
        await suggestions.told(session, 1, clock())
    assert await untold() == []


async def test_an_answer_waits_for_the_end_of_quiet_hours_and_of_a_pause(
    database, join, suggest, answer, untold, clock
):
    person, place = await join(1)
    await suggest(person)
    clock.now = datetime(2026, 12, 1, 22, 0, tzinfo=UTC)  # 23:00 in Paris
    await answer()
    assert await untold() == []
    clock.now = datetime(2026, 12, 2, 7, 0, tzinfo=UTC)  # 8:00
    assert await untold() == [1]
    for wishes, told in (
        ({"digest_at": 18, "most_a_day": 0}, [1]),
        ({"paused_until": clock() + timedelta(days=7)}, []),
    ):
        async with database.write() as session:
            await set_rhythm(session, await session.get_one(Participation, place.id), clock(), **wishes)
        assert await untold() == told


async def test_an_answer_that_telegram_refused_is_not_sent_again(database, join, suggest, answer, untold, ideas, clock):
    await suggest((await join(1))[0])
    await answer()
    async with database.write() as session:
        await suggestions.told(session, 1, clock(), "refused")
    assert await untold() == []
    [row] = await ideas()
    assert (row.sent_at, row.trouble) == (None, "refused")


async def test_the_oldest_answers_go_first_and_so_many_at_once(join, suggest, answer, untold, clock):
    person, _ = await join(1)
    for n in range(3):
        await suggest(person, f"Idée {n}")
    for number in (2, 3, 1):
        clock.advance(timedelta(minutes=1))
        await answer(number)
    assert await untold() == [2, 3, 1] and await untold(2) == [2, 3]


async def test_the_list_begins_with_what_waits_and_says_who_may_be_written_to(
    database, campaign, rival, join, suggest, answer, clock
):
    first, second = (await join(1))[0], (await join(2))[0]
    await join(1, campaign_id=rival.id)
    for person, text in ((first, "A"), (second, "B"), (first, "C"), (second, "D")):
        clock.advance(timedelta(minutes=1))
        await suggest(person, text)
    await suggest(first, "Ailleurs", rival.id)
    for number in (1, 3):
        clock.advance(timedelta(minutes=1))
        await answer(number)
    async with database.write() as session:
        await supporters.stop(session, second, campaign.id, clock())
    async with database.read() as session:
        found = await suggestions.suggestions_of(session, campaign.id, 9)
        assert await suggestions.count_of_suggestions(session, campaign.id) == 4
        assert len(await suggestions.suggestions_of(session, campaign.id, 2)) == 2
    assert [(idea.text, who.first_name, reachable) for idea, who, reachable in found] == [
        ("B", "Maëlle 2", False),
        ("D", "Maëlle 2", False),
        ("C", "Maëlle 1", True),
        ("A", "Maëlle 1", True),
    ]


async def test_who_is_erased_takes_their_ideas_with_them(database, join, suggest, ideas):
    person, _ = await join(1)
    await suggest(person)
    async with database.write() as session:
        await supporters.forget(session, person)
    assert await ideas() == []
