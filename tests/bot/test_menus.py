"""The menu and /help of each role, in the person's language; given with the role, and taken away with it."""

import pytest

from bot.menus import COMMANDS, LEADER_COMMANDS, ORGANIZER_COMMANDS
from campaigns.models import OrganizerRole, Role
from schedules.looking import LOOK
from schedules.menus import Menus

EVERYBODYS = [name for name, _ in COMMANDS]
LEADERS = [name for name, _ in LEADER_COMMANDS]
ORGANIZERS = [name for name, _ in ORGANIZER_COMMANDS]
PHONE = 42  # characters of a line
SCREEN = 30  # lines


@pytest.fixture
def look(house, clock, life):
    work = Menus(house.database, clock, lambda menu: life.runner.show_menu(menu))

    async def tick():
        clock.advance(LOOK)
        await work.tick()
        await work.settled()

    return tick


@pytest.fixture
def menu(sandbox):
    async def of(who):
        return {each["command"]: each["description"] for each in (await sandbox.chat(who.id))["commands"]}

    return of


@pytest.fixture
async def valley(territories):
    return (await territories("Vallée"))[0]


@pytest.mark.parametrize(
    ("language", "team", "post"),
    [("fr", "votre territoire : chiffres", "messages à partager"), ("en", "your territory: figures", "messages to share")],
)  # fmt: skip
async def test_a_referents_menu_comes_with_the_place_and_goes_with_it(
    lead, valley, look, menu, language, team, post, life
):
    zoe = await lead("Zoé", valley, language)
    assert list(await menu(zoe)) == EVERYBODYS
    await look()
    assert list(await menu(zoe)) == LEADERS + EVERYBODYS
    assert team in (await menu(zoe))["team"].replace("\u202f", " ") and post in (await menu(zoe))["posts"]
    await zoe.say("/help")
    await zoe.tap("me:language:")
    await life.restart()
    await look()
    assert team not in (await menu(zoe))["team"].replace("\u202f", " ")
    await zoe.say("/stop")
    await look()
    assert list(await menu(zoe)) == EVERYBODYS


async def test_whoever_is_erased_loses_the_menu_at_once(lead, valley, look, menu):
    zoe = await lead("Zoé", valley)
    await look()
    await zoe.say("/delete")
    await zoe.tap("me:erase")
    await zoe.tap("me:erased")
    assert list(await menu(zoe)) == EVERYBODYS
    await look()
    assert list(await menu(zoe)) == EVERYBODYS


async def test_an_organizers_menu_comes_with_the_link_and_goes_with_the_role(
    zoe, organize, look, menu, database, campaign
):
    made = await organize(zoe, Role.editor)
    await look()
    assert list(await menu(zoe)) == ORGANIZERS + EVERYBODYS
    async with database.write() as session:
        (await session.get_one(OrganizerRole, (made.id, campaign.id))).role = Role.viewer
    await look()
    assert list(await menu(zoe)) == EVERYBODYS


async def test_an_organizer_reads_their_menu_in_the_language_in_which_they_linked(person, campaign, organize, look, menu):  # fmt: skip
    sam = await person("Sam", "en")
    await organize(sam, Role.admin)
    await look()
    assert (await menu(sam))["broadcast"] == "write to the campaign’s people"
    await sam.say("/help")
    await sam.tap("me:language:fr")
    await look()
    assert (await menu(sam))["broadcast"] == "écrire aux gens de la campagne"


async def test_a_chat_that_cannot_be_reached_does_not_stop_the_others(lead, valley, sandbox, look, menu, clock):
    zoe, leo = await lead("Zoé", valley), await lead("Léo", valley)
    await sandbox.block(zoe.id)
    await look()
    assert list(await menu(leo)) == LEADERS + EVERYBODYS


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_help_shows_what_the_role_can_do_and_fits_one_screen_of_a_phone(lead, valley, organize, language):
    zoe = await lead("Zoé", valley, language)
    said = (await zoe.say("/help")).text
    assert "/team – " in said and "/broadcast" not in said
    await organize(zoe, Role.admin)
    said = (await zoe.say("/help")).text
    assert all(f"/{name} – " in said for name in [*LEADERS, *ORGANIZERS, *EVERYBODYS, "start"] if name != "help")
    lines = said.splitlines()
    assert lines[1].startswith("/team")  # what others have not stands on top
    assert sum(-(-len(line) // PHONE) or 1 for line in lines) <= SCREEN
