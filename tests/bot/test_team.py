"""/team: figures, reports, who asked to be contacted; for the territory's referents and nobody else."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot import team
from campaigns import missions, supporters
from campaigns.installation import add_territory
from campaigns.mission_reports import Report
from campaigns.missions import NewMission
from campaigns.models import Participation, Purpose, TerritoryLeader
from campaigns.supporters import Joining
from tests.bot.conftest import labels, written


@pytest.fixture
async def valley(territories):
    return (await territories("Vallée", "Littoral"))[0]


@pytest.fixture
def people(database, campaign, clock, valley):
    """Let people join without the chat, in the valley or elsewhere."""

    async def add(*names, purposes=frozenset(Purpose), territory=None, first=9000):
        async with database.write() as session:
            for n, name in enumerate(names):
                joining = Joining(campaign.id, first + n, name, "fr", frozenset(purposes), clock(), (territory or valley).id)  # fmt: skip
                await supporters.join(session, joining)

    return add


@pytest.fixture
def report(database, campaign, clock, valley):
    """A mission of yesterday, and what people report of it."""

    async def write(*reports, territory=valley, title="Marché"):
        async with database.write() as session:
            new = NewMission(title, "Halle", clock() + timedelta(hours=1), "Europe/Paris", territory_id=territory.id if territory else None)  # fmt: skip
            mission = await missions.add_mission(session, campaign.id, new, clock())
        clock.advance(timedelta(days=1))
        async with database.write() as session:
            for telegram_id, said in reports:
                person = await supporters.find_supporter(session, telegram_id)
                place = await supporters.participation(session, person.id, campaign.id)
                await missions.report(session, place, mission.id, said, clock())
        return mission

    return write


@pytest.mark.parametrize("command", ["/team", "/equipe"])
@pytest.mark.parametrize(
    ("language", "few", "free", "all_", "sums"),
    [
        ("fr", "Moins de 5 personnes : des chiffres parleraient de chacune.", "L’autre place de référent·e est libre", "Personnes, ici et dans les sections qui en dépendent : 5", "Totaux des 5"),
        ("en", "Fewer than 5 people: figures would tell of each of them.", "The other referent’s place is free", "People, here and in the sections below: 5", "Sums of the 5"),
    ],
)  # fmt: skip
async def test_a_referent_sees_common_figures_from_five_people_on(
    lead, valley, people, language, command, few, free, all_, sums
):
    zoe = await lead("Zoé", valley, language)
    said = await zoe.say(command)
    assert "Vallée" in said.text and few in said.text and free in said.text
    await people("Ana", "Bo", "Cy", "Di")
    said = await zoe.say(command)
    assert all_ in said.text and sums in said.text and few not in said.text


async def test_to_anybody_else_the_command_does_not_exist(zoe, lead, valley, hand_made):
    await lead("Léo", valley)
    for join in (False, True):  # a stranger, then a supporter
        await (zoe.join(f"t-{valley.id}") if join else zoe.start())
        assert (await zoe.say("/team")).text == (unknown := (await zoe.say("/nimporte")).text)
        assert "Je n’ai pas compris" in unknown
    for data in (f"team:all::{valley.id}", f"team:contacts:0:{valley.id}", f"team:write::{valley.id}", "team:", "team:left::x"):  # fmt: skip
        reply = await hand_made(zoe, data)
        assert "Vous n’êtes pas référent·e" in reply.toast and not reply.messages


async def test_both_referents_see_each_other_and_who_asked_to_be_contacted(lead, valley, people, database, campaign):
    zoe, leo = await lead("Zoé", valley), await lead("Léo <i>", valley)
    await people("Ana & <b>", "Éli", purposes={Purpose.team})
    await people("Non", purposes={Purpose.contact}, first=9500)
    assert "Avec vous : Léo <i>" in (await zoe.say("/team")).text
    said = await leo.say("/team")
    assert "Avec vous : Zoé" in said.text and "📇 À contacter (2)" in said.buttons
    await leo.tap("team:contacts:")
    message = next(m for m in await leo.messages() if m["message_id"] == said.messages[-1]["message_id"])
    assert "• Ana & <b>" in written(message) and "• Éli" in written(message) and "Non" not in written(message)
    links = [each["user"]["id"] if "user" in each else each.get("url") for each in message["entities"] if each["type"] in ("text_link", "text_mention")]  # fmt: skip
    assert [str(link).removeprefix("tg://user?id=") for link in links] == ["9000", "9001"]
    async with database.write() as session:  # a yes that is taken back is gone at once
        ana = await supporters.find_supporter(session, 9000)
        await supporters.set_consents(session, ana, campaign.id, (), ana.created_at, among={Purpose.team})
    await leo.tap("team:all:")
    assert "📇 À contacter (1)" in labels(await leo.message(message["message_id"]))


async def test_a_referent_of_another_territory_sees_nothing_of_it(lead, valley, people, database, campaign):
    async with database.write() as session:
        other = await add_territory(session, campaign.id, "Plateau")
    zoe = await lead("Zoé", other)
    await people("Ana", "Bo", "Cy", "Di", "Ed", purposes=set(Purpose))
    said = await zoe.say("/team")
    assert "Moins de 5" in said.text and "📇 À contacter (0)" in said.buttons
    await zoe.tap("team:contacts:")
    assert "Personne pour l’instant" in written((await zoe.messages())[-1])


async def test_many_names_are_turned_like_pages(lead, valley, people):
    zoe = await lead("Zoé", valley)
    await people(*(f"P{n:02}" for n in range(team.NAMES + 1)), purposes={Purpose.team})
    message = (await zoe.say("/team")).messages[-1]["message_id"]
    await zoe.tap("team:contacts:0:")
    assert "P00" in written(await zoe.message(message)) and "P40" not in written(await zoe.message(message))
    await zoe.tap("team:contacts:1:")
    assert "P40" in written(await zoe.message(message)) and "P00" not in written(await zoe.message(message))
    assert "◀" in labels(await zoe.message(message)) and "▶" not in labels(await zoe.message(message))


async def test_reports_of_the_territorys_missions_are_read_with_their_sums(lead, valley, people, report, database, campaign):  # fmt: skip
    zoe = await lead("Zoé", valley)
    await people("Ana <b>", "Bo")
    await report((9000, Report(42, 12, None, "Bon accueil & du café")), (9001, Report(8)))
    await report((9000, Report(999)), territory=None, title="Partout")  # everybody's, not theirs
    async with database.read() as session:
        elsewhere = await session.scalar(select(Participation.territory_id).where(Participation.territory_id != valley.id))  # fmt: skip
    assert elsewhere is None
    message = (await zoe.say("/team")).messages[-1]["message_id"]
    await zoe.tap("team:reports:")
    listed = labels(await zoe.message(message))
    assert [label for label in listed if label.startswith("📝")] == ["📝 2 · 1 déc. · Marché"]
    said = await zoe.tap("team:mission:")
    assert "2 comptes rendus" in said.text and "🚪 50 portes" in said.text
    assert "Ana <b>" in said.text and "Bon accueil & du café" in said.text and "🚪 8 portes" in said.text


async def test_missions_that_are_none_are_told(lead, valley, hand_made, report):
    zoe = await lead("Zoé", valley)
    await zoe.say("/team")
    await zoe.tap("team:reports:")
    assert "Il n’y a pas encore de mission" in written((await zoe.messages())[-1])
    other = await report(territory=None, title="Partout")
    for number in (other.id, 99, "x"):
        assert "n’existe plus" in (await hand_made(zoe, f"team:mission:{number}:{valley.id}")).toast


async def test_two_territories_are_changed_by_a_button(zoe, territories, invite, valley):
    plateau, *_ = await territories("Plateau")
    await zoe.join(await invite(valley))
    await zoe.tap("leader:yes:")
    await zoe.start(await invite(plateau))
    await zoe.tap("leader:yes:")
    message = (await zoe.say("/team")).messages[-1]["message_id"]
    assert "Plateau" in written(await zoe.message(message)) and "↪ Vallée" in labels(await zoe.message(message))
    await zoe.tap(f"team:all::{valley.id}")
    assert "Vallée" in written(await zoe.message(message)) and "↪ Plateau" in labels(await zoe.message(message))


async def test_a_place_is_given_back_at_two_taps(lead, valley, database):
    zoe = await lead("Zoé", valley)
    await zoe.say("/team")
    await zoe.tap("team:leave:")
    await zoe.tap("team:left:")
    assert "vous n’êtes plus référent·e de Vallée" in written((await zoe.messages())[-1])
    async with database.read() as session:
        assert list(await session.scalars(select(TerritoryLeader))) == []
    assert "Je n’ai pas compris" in (await zoe.say("/team")).text


async def test_the_privacy_commands_know_of_it(lead, valley, database, books):
    zoe = await lead("Zoé", valley)
    assert "Vous êtes référent·e de Vallée, depuis le 1 décembre 2026" in (await zoe.say("/mydata")).text
    await zoe.say("/delete")
    await zoe.tap("me:erase")
    await zoe.tap("me:erased")
    async with database.read() as session:
        assert list(await session.scalars(select(TerritoryLeader))) == []
