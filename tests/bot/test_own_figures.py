"""/me beside the sums: weeks in a row and their chart, the section's common goal, the ranking of who agreed to one."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from campaigns import supporters
from campaigns.engagement import Act, record
from campaigns.models import Kind, Purpose, Territory
from tests.bot.conftest import written

WEEK = timedelta(weeks=1)


@pytest.fixture
def did(house, campaign, books):
    """Somebody's acts: `await did(zoe, Kind.visit, 3)`, so many weeks ago."""

    async def write(who, kind, times=1, ago=0):
        known = await books.supporter(who)
        async with house.database.write() as session:
            at = house.clock() - ago * WEEK
            await record(session, [Act(campaign.id, kind, at, known.id) for _ in range(times)])

    return write


@pytest.fixture
def section(life, house, campaign, territories, books, person, did):
    """A section with a goal of its own and people who agreed to be counted, so many of them also to be shown."""

    async def make(ranked, *, counted=0, goal=None):
        (valley,) = await territories("Vallée <1>")
        people = []
        for n in range(ranked + counted):
            someone = await person(f"Maëlle{n} Dupont<b>")
            await someone.join(ranking=n < ranked)
            await someone.tap(f"join:territory:{valley.id}")
            await did(someone, Kind.visit, n + 1)
            people.append(someone)
        async with house.database.write() as session:
            kept = await session.get_one(Territory, valley.id)
            kept.goal, kept.goal_kind = goal, Kind.visit if goal else None
        return people

    return make


@pytest.mark.parametrize(("language", "streak"), [("fr", "3 semaines d’affilée"), ("en", "3 weeks in a row")])
async def test_the_last_weeks_come_as_a_picture_with_the_sums_under_it(
    person, life, campaign, did, sandbox, language, streak
):
    zoe = await person("Zoé", language)
    await zoe.join()
    assert not any("photo" in message for message in (await zoe.say("/me")).messages)  # there is nothing to draw yet
    for ago in (0, 1, 2, 5):
        await did(zoe, Kind.opened, 2, ago)
    await did(zoe, Kind.visit, 7, 1)
    said = await zoe.say("/me")
    assert streak in said.text
    (message,) = said.messages
    with Image.open(io.BytesIO(await sandbox.file(message["photo"][-1]["file_id"]))) as picture:
        assert picture.width == 1080


@pytest.mark.parametrize(("language", "left_out"), [("fr", "Vous avez choisi de ne pas être compté·e"), ("en", "You chose not to be counted")])  # fmt: skip
async def test_who_is_not_counted_has_no_figures_and_is_told_so(person, life, campaign, section, language, left_out):
    await section(5, goal=100)
    zoe = await person("Zoé", language)
    await zoe.join(counting=False)
    await zoe.tap("join:territory:1")
    said = await zoe.say("/me")
    assert left_out in said.text and "🏅" not in said.text and "🎯" not in said.text
    assert not any("photo" in message for message in said.messages)


@pytest.mark.parametrize(
    ("language", "goal"),
    [
        ("fr", "🎯 Ensemble, Vallée <1>\n▰▰▰▱▱▱▱▱▱▱ 15 sur 50 · visites"),
        ("en", "🎯 Together, Vallée <1>\n▰▰▰▱▱▱▱▱▱▱ 15 of 50 · visits"),
    ],
)
async def test_the_sections_goal_has_a_bar(person, life, campaign, section, books, house, language, goal):
    people = await section(0, counted=5, goal=50)
    async with house.database.write() as session:
        (await supporters.find_supporter(session, people[0].id)).language = language
    assert goal in (await people[0].say("/me")).text


async def test_a_goal_that_is_reached_is_said_and_its_bar_is_full(section):
    people = await section(0, counted=5, goal=15)
    assert "▰▰▰▰▰▰▰▰▰▰ C’est atteint ! 15 sur 15" in (await people[0].say("/me")).text


async def test_of_fewer_than_five_people_no_sum_is_shown_and_no_ranking(section):
    people = await section(4, goal=50)
    said = await people[0].say("/me")
    assert "🎯" not in said.text and "🏅" not in said.text


@pytest.mark.parametrize(
    ("language", "title", "among", "you"),
    [
        ("fr", "Classement de Vallée <1>, par visites", "parmi 6 personnes", "vous"),
        ("en", "Ranking of Vallée <1>, by visits", "among 6 people", "you"),
    ],
)
async def test_the_ranking_shows_first_names_and_initials_of_who_agreed_and_ones_own_place(
    person, life, campaign, section, house, language, title, among, you
):
    people = await section(6, counted=2)
    async with house.database.write() as session:
        (await supporters.find_supporter(session, people[0].id)).language = language
    text = (await people[0].say("/me")).text
    assert title in text and among in text
    shown = text.partition("🏅")[2]
    assert "🥇 Maëlle5 D. – 6\n🥈 Maëlle4 D. – 5\n🥉 Maëlle3 D. – 4\n" in shown
    assert f"6. Maëlle0 D. ({you}) – 1" in shown
    assert "Maëlle6" not in text and "Maëlle7" not in text and "Dupont" not in text


async def test_who_did_not_agree_to_be_shown_sees_no_ranking_and_leaves_it_when_they_take_it_back(section, books):
    people = await section(5, counted=1)
    assert "🏅" not in (await people[5].say("/me")).text
    assert "🏅" in (await people[0].say("/me")).text
    await people[4].say("/consents")
    await people[4].tap("consent:ask:ranking:")
    await people[4].tap("consent:no:ranking:")
    assert await books.agreed(people[4]) == {Purpose.contact, Purpose.counting}
    assert "🏅" not in (await people[0].say("/me")).text  # four are left


async def test_figures_too_long_for_a_caption_come_behind_their_chart(section, did, monkeypatch):
    monkeypatch.setattr("bot.own_figures.TELEGRAM_CAPTION", 200)
    (first, *_) = await section(5, goal=50)
    chart, text = (await first.say("/me")).messages
    assert "photo" in chart and not written(chart)
    assert "🎯" in written(text) and "start=r-" in written(text)
