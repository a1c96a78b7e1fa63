"""The territory: by a few letters of a town, by its postcode, or by a location that is used once and not kept."""

import pytest

from campaigns import communes
from sandbox.defaults import COMMUNES
from sandbox.stage import TERRITORIES
from tests.bot.conftest import written
from tests.bot.lives import by_both_ways


@pytest.fixture
def towns(territories, database, campaign):
    """Imports the demo's sample into the campaign; gives name -> territory."""

    async def load(*, located=True):
        made = await territories(*TERRITORIES)
        sample = communes.read_communes(COMMUNES, made).communes
        if not located:
            sample = [communes.NewCommune(town.name, town.postcode, town.territory_id) for town in sample]
        async with database.write() as session:
            await communes.store_communes(session, campaign.id, sample)
        return {territory.name: territory for territory in made}

    return load


@pytest.mark.parametrize(
    ("language", "asks", "location", "which", "welcome"),
    [
        ("fr", "Tapez quelques lettres de votre commune", "elle sert une fois", "Laquelle est-ce ?", "Bienvenue, Zoé"),
        ("en", "Type a few letters of your town", "it is used once", "Which one is it?", "Welcome, Zoé!"),
    ],
)
@pytest.mark.parametrize("typed", ["st martin sur", "99300"])
async def test_a_few_letters_or_the_postcode_find_the_territory(
    person, life, campaign, books, towns, language, asks, location, which, welcome, typed
):
    places = await towns()
    zoe = await person("Zoé", language)
    asked = await zoe.join()
    assert asks in asked.text and location in asked.text and "Littoral" in asked.buttons
    await life.restart()  # in the middle of it
    found = await zoe.say(typed)
    assert which in found.text
    assert next(iter(found.buttons)) == "Saint-Martin-sur-Vive (99300) · Vallée" and len(found.buttons) == 2
    assert welcome in (await zoe.tap("join:territory:")).text
    assert (await books.place(zoe)).territory_id == places["Vallée"].id


async def test_many_towns_are_offered_in_part_with_what_to_do(zoe, towns):
    await towns()
    await zoe.join()
    found = await zoe.say("99")
    assert len(found.buttons) == 7 and "tapez plus de lettres" in found.text
    found = await zoe.say("gra")
    assert list(found.buttons)[:2] == ["Grandpont (99000) · Métropole", "Grandpont (99001) · Métropole"]
    assert "tapez plus de lettres" not in found.text


@pytest.mark.parametrize("typed", ["x", "Atlantis", "<b>&", "🦊" * 200, "a" * 4096, "\u202e99", "' OR 1=1 --"])
async def test_what_fits_no_town_may_be_typed_anew(zoe, towns, books, typed):
    places = await towns()
    await zoe.join()
    said = await zoe.say(typed)
    assert "Je ne connais pas de commune" in said.text or "Laquelle est-ce" in said.text
    await zoe.say("hautbois")
    await zoe.tap("join:territory:")
    assert (await books.place(zoe)).territory_id == places["Plateau"].id


async def test_one_may_rather_not_say_and_what_is_typed_later_is_no_town(zoe, towns, books):
    await towns()
    await zoe.join()
    await zoe.say("Atlantis")
    assert "Bienvenue" in (await zoe.tap("join:territory:none")).text
    assert (await books.place(zoe)).territory_id is None
    assert "Je n’ai pas compris" in (await zoe.say("hautbois")).text


@by_both_ways
async def test_a_location_finds_the_nearest_towns_and_is_not_kept(zoe, towns, sandbox, books, caplog):
    places = await towns()
    await zoe.join()
    found = await zoe.do(lambda who: sandbox.send_location(who, 44.11117, -0.80003))
    assert "les plus proches" in found.text
    assert next(iter(found.buttons)) == "Grandpont (99000) · Métropole" and len(found.buttons) == 4
    await zoe.tap("join:territory:")
    assert (await books.place(zoe)).territory_id == places["Métropole"].id
    for kept in (await books.everything(), caplog.text):
        assert "44.111" not in kept and "-0.8000" not in kept


@pytest.mark.parametrize(("latitude", "longitude"), [(48.85, 2.35), (-90.0, 0.0), (0.0, 180.0)])
@pytest.mark.parametrize(
    ("language", "outside", "unknown"),
    [
        ("fr", "pas de commune près de là", "Je ne connais pas de commune à « Atlantis »"),
        ("en", "I know no town near there", "I know no town by “Atlantis”"),
    ],
)
async def test_a_location_outside_and_an_unknown_town_are_told_and_another_may_be_typed(
    person, life, campaign, towns, sandbox, language, outside, unknown, latitude, longitude
):
    await towns()
    zoe = await person("Zoé", language)
    await zoe.join()
    assert outside in (await zoe.do(lambda who: sandbox.send_location(who, latitude, longitude))).text
    assert unknown in (await zoe.say("Atlantis")).text
    assert "Vivemont (99330) · Vallée" in (await zoe.say("vivem")).buttons


async def test_a_territory_of_another_campaign_does_not_end_the_badge_in_hand(
    zoe, territories, rival, small, books, hand_made
):
    (theirs,) = await territories("Ailleurs", campaign_id=rival.id)
    await zoe.join("c-rivale")
    await zoe.tap(f"join:territory:{theirs.id}")
    await zoe.join("c-la-region-qui-ose")
    await zoe.see_badge(small)
    await hand_made(zoe, f"join:territory:none:{rival.id}")
    assert (await books.place(zoe, rival)).territory_id is None
    made = await zoe.tap("badge:file:square")
    assert made.messages[0]["document"]["file_name"] == "badge-la-region-qui-ose.png"


async def test_without_coordinates_no_location_is_asked_for(zoe, towns, sandbox):
    await towns(located=False)
    assert "position" not in (await zoe.join()).text
    said = await zoe.do(lambda who: sandbox.send_location(who, 44.1, -0.8))
    assert "pas de commune près de là" in said.text


async def test_a_location_that_nobody_asked_for_is_none_of_the_bots_business(zoe, towns, sandbox):
    await towns()
    await zoe.join()
    await zoe.tap("join:territory:none")
    said = await zoe.do(lambda who: sandbox.send_location(who, 44.1, -0.8))
    assert "Je ne sais rien faire de cela" in said.text


async def test_without_communes_the_territories_are_chosen_by_button_alone(zoe, territories):
    await territories("Vallée")
    asked = await zoe.join()
    assert asked.text == "Où vivez-vous, où militez-vous ?"
    assert "Je n’ai pas compris" in (await zoe.say("vallée")).text


async def test_a_known_supporter_may_change_their_territory(zoe, towns, books):
    places = await towns()
    await zoe.join(f"t-{places['Littoral'].id}")
    assert "📍 Mon territoire" in (await zoe.start()).buttons
    assert "Tapez quelques lettres" in (await zoe.tap("join:where:")).text
    await zoe.say("hautbois")
    await zoe.tap("join:territory:")
    assert (await books.place(zoe)).territory_id == places["Plateau"].id


async def test_a_command_in_the_middle_is_a_command_and_a_photo_a_photo(zoe, towns, small):
    await towns()
    await zoe.join()
    assert "Ce que je peux faire" in (await zoe.say("/help")).text
    assert "Laquelle est-ce" in (await zoe.say("viv")).text
    assert "Quel cadre" in written((await zoe.send(small)).messages[-1])


async def test_who_stopped_in_the_middle_types_to_nobody(zoe, towns, books):
    await towns()
    await zoe.join()
    await zoe.say("/stop")
    assert "Je n’ai pas compris" in (await zoe.say("viv")).text
