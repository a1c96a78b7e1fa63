"""Missions in the chat: the list, signing up and off, the report in one message, and what the person is shown of it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from campaigns import missions
from campaigns.installation import add_territory
from campaigns.missions import LISTED, NewMission
from campaigns.models import Kind, Mission, MissionKind, MissionSignup, Participation
from campaigns.silence_windows import add_window
from tests.bot.conftest import labels, plain
from tests.bot.lives import by_both_ways

HOUR = timedelta(hours=1)
TEN = datetime(2026, 12, 5, 9, 0, tzinfo=UTC)  # a Saturday, 10:00 in Paris
REPORT = "42 portes, 12 discussions, 80 tracts. Bon accueil rue des Lilas"


@pytest.fixture
def plan(database, campaign, clock):
    """Add a mission on Saturday at ten."""

    async def make(title="Les Lilas", *, campaign_id=None, **more):
        given = {
            "place": "Place du Marché",
            "starts_at": TEN,
            "timezone": "Europe/Paris",
            "kind": MissionKind.doors,
            "aim": "Parler du train & du bus",
        }
        async with database.write() as session:
            new = NewMission(title, **(given | more))
            return await missions.add_mission(session, campaign_id or campaign.id, new, clock())

    return make


@pytest.fixture
def signups(database):
    async def rows():
        async with database.read() as session:
            return list(await session.scalars(select(MissionSignup).order_by(col(MissionSignup.id))))

    return rows


async def shown(who, data="mission:"):
    """The newest message with a button of a mission."""
    return await who.message((await who.find(data))[0])


@pytest.mark.parametrize(
    ("language", "listed", "card", "come", "thanks", "you_come", "leave"),
    [
        (
            "fr",
            "sam. 5 déc. 10:00 · Les Lilas",
            "🚪 Les Lilas · Porte-à-porte\n\n📅 samedi 5 décembre 10:00\n📍 Place du Marché\n🎯 Parler du train & du bus\n👥 0 personne vient",
            "✅ Je viens",
            "💪 C’est noté : vous venez. Merci !",
            "👥 1 personne vient\n\n✅ Vous venez.",
            "↩ Je ne viens plus",
        ),
        (
            "en",
            "Sat 5 Dec 10:00 · Les Lilas",
            "🚪 Les Lilas · Door to door\n\n📅 Saturday 5 December 10:00\n📍 Place du Marché\n🎯 Parler du train & du bus\n👥 0 people come",
            "✅ I come",
            "💪 Noted: you come. Thank you!",
            "👥 1 person comes\n\n✅ You come.",
            "↩ I no longer come",
        ),
    ],
)  # fmt: skip
async def test_one_signs_up_on_the_card_and_off_again(
    person, life, campaign, plan, signups, language, listed, card, come, thanks, you_come, leave
):
    await plan()
    zoe = await person("Zoé", language)
    await zoe.join()
    said = await zoe.say("/missions")
    assert campaign.name in said.text and list(said.buttons) == [f"🚪 {listed}"]
    opened = await zoe.tap("mission:card:")
    assert opened.text == card and list(opened.buttons) == [come]
    await life.restart()  # in the middle of the dialogue
    assert (await zoe.tap("mission:come:")).toast == thanks
    assert you_come in plain((await shown(zoe))["text"]) and list(labels(await shown(zoe))) == [leave]
    assert len(await signups()) == 1
    assert list((await zoe.say("/missions")).buttons) == [f"✅ {listed}"]
    await zoe.tap("mission:not:")
    assert come in labels(await shown(zoe, "mission:come:")) and await signups() == []


@pytest.mark.parametrize(
    ("language", "report_back", "asked", "noted", "figures", "right", "title"),
    [
        ("fr", "📝 Faire mon compte rendu", "Comment s’est passé « Les Lilas » ?", "📝 C’est noté pour « Les Lilas » :",
         "🚪 42 portes\n💬 12 discussions\n📄 80 tracts\n✍️ Bon accueil rue des Lilas", "✏️ Corriger", "Missions faites : 1"),
        ("en", "📝 Report back", "How was “Les Lilas”?", "📝 Noted for “Les Lilas”:",
         "🚪 42 doors\n💬 12 talks\n📄 80 leaflets\n✍️ Bon accueil rue des Lilas", "✏️ Correct it", "Missions done: 1"),
    ],
)  # fmt: skip
async def test_a_report_in_one_message_is_read_back_and_can_be_corrected(
    person, life, campaign, plan, signups, clock, language, report_back, asked, noted, figures, right, title
):
    mission = await plan()
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await zoe.tap("mission:come:")
    clock.now = TEN + 3 * HOUR
    assert next(iter((await zoe.say("/missions")).buttons)).startswith("📝 ")
    assert list((await zoe.tap("mission:card:")).buttons) == [report_back]
    assert asked in (await zoe.tap("mission:report:")).text
    await life.restart()  # between the question and the report
    said = await zoe.say(REPORT)
    assert noted in said.text and figures in said.text and list(said.buttons) == [right]
    [own] = await signups()
    assert (own.doors, own.talks, own.leaflets, own.remark) == (42, 12, 80, "Bon accueil rue des Lilas")
    assert asked in (await zoe.tap("mission:report:")).text
    corrected = await zoe.say("24 doors <b>")
    [own] = await signups()
    assert (own.doors, own.talks, own.leaflets, own.remark) == (24, None, None, "24 doors <b>")
    assert "✍️ 24 doors <b>" in corrected.text
    await zoe.say(REPORT)
    assert (await signups())[0].doors == 24  # the dialogue was over
    assert title in (await zoe.say("/me")).text
    assert mission.title not in (await zoe.say("/missions")).text


async def test_who_only_has_a_word_to_say_reports_without_numbers(zoe, plan, clock, signups):
    await plan()
    await zoe.join()
    clock.now = TEN + HOUR
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await zoe.tap("mission:report:")
    said = await zoe.say("Il pleuvait")
    assert "Aucun nombre de portes, de discussions ni de tracts." in said.text and "✍️ Il pleuvait" in said.text
    [own] = await signups()
    assert (own.doors, own.remark) == (None, "Il pleuvait")


@pytest.mark.parametrize(
    ("text", "said"),
    [("4200000 portes", "« 4200000 portes », c’est plus que je ne peux croire"), ("x" * 1500, "1500 caractères, 1000 au plus")],
)  # fmt: skip
async def test_a_report_that_cannot_be_is_asked_for_again(zoe, plan, clock, signups, text, said):
    await plan()
    await zoe.join()
    clock.now = TEN + HOUR
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await zoe.tap("mission:report:")
    assert said in (await zoe.say(text)).text and await signups() == []
    assert "42 portes" in (await zoe.say("42 portes")).text and len(await signups()) == 1


async def test_not_now_ends_the_question_and_leaves_what_went_on_before(zoe, plan, clock, add, signups):
    await add()
    await plan()
    await zoe.join()
    await zoe.say("/posts")
    await zoe.tap("kit:card:")
    await zoe.tap("own:write:")
    clock.now = TEN + HOUR
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await zoe.tap("mission:report:")
    await zoe.tap("mission:report:")  # twice: the step before is not forgotten
    await zoe.tap("mission:later:")
    assert "Mes mots" in (await zoe.say("Mes mots à moi")).text
    assert await signups() == []


async def test_the_last_place_is_taken_and_the_next_person_is_told(zoe, person, plan, signups):
    await plan(capacity=1)
    lea = await person("Léa")
    for who in (zoe, lea):
        await who.join()
        await who.say("/missions")
        await who.tap("mission:card:")
    assert "0 place sur 1 est prise" in plain((await shown(lea))["text"])
    await zoe.tap("mission:come:")
    assert (await lea.tap("mission:come:")).toast == "Toutes les places sont prises. /missions en propose d’autres."
    card = next(m for m in reversed(await lea.messages()) if "📍" in m.get("text", ""))
    assert "👥 Toutes les places sont prises (1)" in plain(card["text"])
    assert labels(card) == {} and len(await signups()) == 1


@by_both_ways
async def test_ten_taps_sign_up_once(zoe, plan, signups, tap_often):
    await plan()
    await zoe.join()
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await tap_often(zoe, "mission:come:", 10)
    assert len(await signups()) == 1


async def test_taps_that_come_too_early_or_too_late_say_so_and_change_nothing(zoe, plan, clock, signups, hand_made):
    mission = await plan()
    await zoe.join()
    assert "n’a pas encore commencé" in (await hand_made(zoe, f"mission:report:{mission.id}")).toast
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    come = await zoe.find("mission:come:")
    clock.now = TEN
    assert "a déjà commencé" in (await zoe.tap("", come)).toast
    assert await signups() == []
    assert "📝 Faire mon compte rendu" in labels(await zoe.message(come[0]))  # the card is as it stands now


@pytest.mark.parametrize("data", ["mission:come:99", "mission:card:x", "mission:report:", "mission:boo:1"])
async def test_buttons_made_by_hand_do_no_harm(zoe, plan, signups, hand_made, data):
    await plan()
    await zoe.join()
    said = await hand_made(zoe, data)
    assert await signups() == [] and "Quelque chose" not in said.text
    if data != "mission:boo:1":
        assert "n’existe plus" in said.toast


async def test_of_another_territory_or_campaign_there_is_no_card(
    zoe, person, plan, rival, database, campaign, signups, hand_made
):
    async with database.write() as session:
        canton = await add_territory(session, campaign.id, "Canton")
    theirs = await plan("Canton", territory_id=canton.id)
    foreign = await plan("Ailleurs", campaign_id=rival.id)
    await zoe.join("c-la-region-qui-ose")
    await zoe.tap("join:territory:none")
    assert "Aucune mission n’est prévue près de chez vous" in (await zoe.say("/missions")).text
    for action in ("card", "come", "report"):
        assert "n’existe plus" in (await hand_made(zoe, f"mission:{action}:{theirs.id}")).toast
        assert "Rejoignez d’abord" in (await hand_made(zoe, f"mission:{action}:{foreign.id}")).toast
    assert await signups() == []
    async with database.write() as session:
        for place in await session.scalars(select(Participation)):
            place.territory_id = canton.id
    assert "Canton" in next(iter((await zoe.say("/missions")).buttons))


async def test_a_card_stays_good_when_the_talk_turned_to_another_campaign(zoe, plan, rival, database, signups):
    mission = await plan("Ici")
    await zoe.join("c-la-region-qui-ose")
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await zoe.join("c-rivale")
    await zoe.tap("mission:come:")
    assert [row.mission_id for row in await signups()] == [mission.id]


@pytest.mark.parametrize("stopped", [False, True])
async def test_who_does_not_take_part_is_asked_to_join_first(zoe, plan, signups, hand_made, stopped):
    mission = await plan()
    if stopped:
        await zoe.join()
        await zoe.say("/stop")
    assert "Rejoignez d’abord la campagne" in (await zoe.say("/missions")).text
    assert "Rejoignez d’abord la campagne" in (await hand_made(zoe, f"mission:come:{mission.id}")).toast
    assert await signups() == []


async def test_who_stops_between_question_and_report_is_not_listened_to(zoe, plan, clock, signups):
    await plan()
    await zoe.join()
    clock.now = TEN + HOUR
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await zoe.tap("mission:report:")
    await zoe.say("/stop")
    assert "Je n’ai pas compris" in (await zoe.say(REPORT)).text and await signups() == []


async def test_a_mission_that_is_gone_between_question_and_report_says_so(zoe, plan, clock, database, signups):
    mission = await plan()
    await zoe.join()
    clock.now = TEN + HOUR
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await zoe.tap("mission:report:")
    async with database.write() as session:
        await session.delete(await session.get_one(Mission, mission.id))
    assert "n’existe plus" in (await zoe.say(REPORT)).text
    assert "Je n’ai pas compris" in (await zoe.say(REPORT)).text and await signups() == []


async def test_the_list_stays_in_a_silence_window_and_says_how_many_there_are(
    zoe, plan, database, campaign, clock, sandbox
):
    for n in range(LISTED + 2):
        await plan(f"Mission {n}", starts_at=TEN + n * HOUR)
    await zoe.join()
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + 24 * HOUR, "veille du vote")
    said = await zoe.say("/missions")
    assert "Les 10 premières sur 12" in said.text and len(said.buttons) == LISTED
    assert "silence" not in said.text


async def test_a_mission_elsewhere_tells_its_zone(zoe, plan, campaign):
    await plan(timezone="Indian/Reunion")
    await zoe.join()
    await zoe.say("/missions")
    assert "13:00 (Indian/Reunion)" in (await zoe.tap("mission:card:")).text


async def test_mydata_tells_of_missions_and_delete_erases_them(zoe, plan, clock, signups, books):
    await plan("Les <b>Lilas</b>")
    await zoe.join()
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await zoe.tap("mission:come:")
    clock.now = TEN + HOUR
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await zoe.tap("mission:report:")
    await zoe.say("42 portes. Chez <i>Zébulon</i>")
    said = (await zoe.say("/mydata")).text
    assert "Mission « Les <b>Lilas</b> » : inscription le 1 décembre 2026" in said
    assert "votre compte rendu : 🚪 42 portes · ✍️ Chez <i>Zébulon</i>" in said
    await zoe.say("/delete")
    await zoe.tap("me:erase")
    await zoe.tap("me:erased")
    [row] = await signups()
    assert (row.supporter_id, row.doors, row.remark) == (None, 42, "")
    assert await books.count_of_all(Kind.mission_done) == 1
