"""Events in the chat: the list, the card with its buses, signing up and off, the calendar's file, and links that lead there."""

from dataclasses import replace
from datetime import timedelta

import pytest
from icalendar import Calendar

from bot.events import BUSES_TOLD
from campaigns import event_planning, missions
from campaigns.event_planning import as_planned
from campaigns.events import LISTED
from campaigns.installation import add_territory
from campaigns.missions import NewMission
from campaigns.models import EventKind, HandoutState, Kind, Mission, Purpose
from campaigns.silence_windows import add_polling_day, add_window
from schedules.looking import LOOK
from schedules.signup_messages import SignupMessages
from tests.bot.conftest import labels, plain, written
from tests.planning import HOUR, TWO, paris


async def card_of(who, data="event:"):
    """The newest message with a button of an event, as the person sees it now."""
    message = await who.message((await who.find(data))[0])
    return written(message), list(labels(message))


@pytest.fixture
def tell(database, clock, life):
    """Send what is due to who signed up, by the running bot."""

    async def look():
        work = SignupMessages(database, clock, life.runner.tell_of_signup, life.runner.pace)
        await work.tick()
        await work.settled()

    return look


@pytest.mark.parametrize(
    ("language", "listed", "card", "ways", "seat", "by_bus", "off"),
    [
        (
            "fr",
            "sam. 5 déc. 14:00 · Rassemblement",
            "📣 Rassemblement · Rassemblement\n\n📅 samedi 5 décembre 14:00 – 17:00\n📍 Halle aux grains\nℹ️ Venez & chantez\n"
            "👥 0 personne vient\n\n🚌 Hautbois : 11:30, Gare · 1 place libre\n🚌 Port-Clair : 12:00, Mairie · 2 places libres",
            ["🚌 Hautbois 11:30 · 1 place libre", "🚌 Port-Clair 12:00 · 2 places libres", "🚶 Je viens par mes propres moyens", "📅 Ajouter à mon agenda"],
            "💺 C’est noté : vous avez une place dans le bus de Hautbois.",
            "✅ Vous venez par le bus de Hautbois : 11:30, Gare.\n🔔 Je vous le rappelle : jeu. 3 déc. 11:30, sam. 5 déc. 08:30.\n"
            "👁 L’équipe voit votre prénom et comment vous venez.",
            "↩ Je ne peux plus venir",
        ),
        (
            "en",
            "Sat 5 Dec 14:00 · Rassemblement",
            "📣 Rassemblement · Rally\n\n📅 Saturday 5 December 14:00 – 17:00\n📍 Halle aux grains\nℹ️ Venez & chantez\n"
            "👥 0 people come\n\n🚌 Hautbois: 11:30, Gare · 1 seat free\n🚌 Port-Clair: 12:00, Mairie · 2 seats free",
            ["🚌 Hautbois 11:30 · 1 seat free", "🚌 Port-Clair 12:00 · 2 seats free", "🚶 I come on my own", "📅 Add to my calendar"],
            "💺 Noted: you have a seat in the bus from Hautbois.",
            "✅ You come by the bus from Hautbois: 11:30, Gare.\n🔔 I remind you: Thu 3 Dec 11:30, Sat 5 Dec 08:30.\n"
            "👁 The team sees your first name and how you come.",
            "↩ I cannot come any more",
        ),
    ],
)  # fmt: skip
async def test_one_takes_a_seat_on_the_card_and_gives_it_back(
    person, life, campaign, planner, language, listed, card, ways, seat, by_bus, off
):
    event = await planner.event(about="Venez & chantez")
    await planner.bus(event)
    await planner.bus(event, "Hautbois", 1, stop="Gare", leaves_at=TWO - 2.5 * HOUR)
    zoe = await person("Zoé", language)
    await zoe.join()
    said = await zoe.say("/events")
    assert campaign.name in said.text and list(said.buttons) == [f"📣 {listed}"]
    opened = await zoe.tap("event:card:")
    assert opened.text == card and list(opened.buttons) == ways
    await life.restart()  # in the middle of the dialogue
    assert (await zoe.tap("event:bus:")).toast == seat
    text, buttons = await card_of(zoe)
    assert by_bus in text and off in buttons and not any("Hautbois" in label for label in buttons)
    assert list((await zoe.say("/evenements")).buttons) == [f"✅ {listed}"]
    await zoe.tap("event:not:")
    assert await planner.signups() == [] and await planner.messages() == []
    assert (await card_of(zoe, "event:bus:"))[0] == card


async def test_the_last_seat_goes_to_one_and_the_other_is_offered_what_there_is(zoe, person, planner):
    event = await planner.event()
    full, free = await planner.bus(event, seats=1), await planner.bus(event, "Hautbois")
    lea = await person("Léa")
    for who in (zoe, lea):
        await who.join()
        await who.say("/events")
        await who.tap("event:card:")
    at = {who: await who.find(f"event:bus:{event.code}:{full.id}") for who in (zoe, lea)}
    toasts = sorted([(await who.tap("", at[who])).toast for who in (zoe, lea)])
    assert toasts == ["La dernière place de ce bus est prise. Choisissez un autre bus, ou venez par vos propres moyens.", "💺 C’est noté : vous avez une place dans le bus de Port-Clair."]  # fmt: skip
    text, buttons = await card_of(lea)
    assert "🚌 Port-Clair : 12:00, Mairie · complet" in text
    assert buttons[:2] == ["🚌 Hautbois 12:00 · 2 places libres", "🚶 Je viens par mes propres moyens"]
    await lea.tap(f"event:bus:{event.code}:{free.id}")
    assert [row.bus_id for row in await planner.signups()] == [full.id, free.id]


async def test_two_who_tap_for_the_last_seat_in_the_same_moment(zoe, person, life, planner, sandbox):
    event = await planner.event()
    await planner.bus(event, seats=1)
    lea = await person("Léa")
    for who in (zoe, lea):
        await who.join()
        await who.say("/events")
        await who.tap("event:card:")
    at = {who: await who.find("event:bus:") for who in (zoe, lea)}
    await life.stop()
    for who in (zoe, lea, zoe, lea):  # their taps lie ready when the bot starts
        await sandbox.tap(who.id, *at[who], wait=False)
    await life.start()
    await sandbox.updates_taken()
    assert len(await planner.signups()) == 1


async def test_ten_taps_sign_up_once(zoe, planner, tap_often):
    await planner.event()
    await zoe.join()
    await zoe.say("/events")
    await zoe.tap("event:card:")
    await tap_often(zoe, "event:come:", 10)
    assert len(await planner.signups()) == 1


@pytest.mark.parametrize(
    ("language", "hours", "wish", "said", "count"),
    [
        ("fr", "📅 dimanche 13 décembre\n🕗 Bureaux de vote ouverts de 08:00 à 19:00.", "🗳 J’irai voter", "✅ Vous irez voter.", "👥 1 personne ira voter"),
        ("en", "📅 Sunday 13 December\n🕗 The polling stations are open from 08:00 to 19:00.", "🗳 I want to vote", "✅ You want to vote.", "👥 1 person wants to vote"),
    ],
)  # fmt: skip
async def test_the_day_of_the_vote_shows_its_hours_and_keeps_to_the_silence(
    person, life, planner, database, campaign, clock, language, hours, wish, said, count
):
    await planner.event(
        "Premier tour",
        kind=EventKind.vote_day,
        starts_at=paris("2026-12-13 08:00"),
        ends_at=paris("2026-12-13 19:00"),
        reminders=(38, 12),
    )
    async with database.write() as session:
        await add_polling_day(session, campaign, paris("2026-12-13 12:00").date(), clock(), label="premier tour")
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.say("/events")
    opened = await zoe.tap("event:card:")
    assert hours in opened.text and next(iter(opened.buttons)) == wish
    await zoe.tap("event:come:")
    text, _ = await card_of(zoe)
    assert said in text and count in text
    assert ("ven. 11 déc. 18:00." if language == "fr" else "Fri 11 Dec 18:00.") in text and "🤫" in text
    clock.now = paris("2026-12-13 10:00")  # who asks is answered in the silence, too
    assert "Premier tour" in next(iter((await zoe.say("/events")).buttons))
    opened = await zoe.tap("event:card:")
    assert hours in opened.text and len(opened.buttons) == 1


async def test_the_file_for_the_calendar_holds_the_event_and_the_own_bus(zoe, planner, sandbox):
    event = await planner.event("Rassemblement d’été", about="Avec; des, signes")
    await planner.bus(event)
    await zoe.join()
    await zoe.say("/events")
    await zoe.tap("event:card:")
    await zoe.tap("event:bus:")
    said = await zoe.tap("event:ics:")
    document = said.messages[-1]["document"]
    assert document["file_name"] == "rassemblement-dete.ics" and "Ouvrez-le pour ajouter" in said.text
    entries = Calendar.from_ical(await sandbox.file(document["file_id"])).walk("VEVENT")
    assert [str(entry["SUMMARY"]) for entry in entries] == ["Rassemblement d’été", "Bus de Port-Clair\u202f: Rassemblement d’été"]  # fmt: skip
    assert entries[0]["DTSTART"].dt == TWO and entries[1]["DTSTART"].dt == TWO - 2 * HOUR


async def test_with_many_buses_the_card_still_fits_and_each_has_its_button(zoe, planner):
    event = await planner.event(about="x" * 1000)
    for number in range(BUSES_TOLD + 1):
        await planner.bus(event, f"Ville {number:02}" + "y" * 30, stop="z" * 100)
    await zoe.join()
    await zoe.say("/events")
    opened = await zoe.tap("event:card:")
    assert f"🚌 {BUSES_TOLD + 1} bus y vont." in opened.text
    assert len([label for label in opened.buttons if label.startswith("🚌")]) == BUSES_TOLD + 1
    await zoe.tap("event:bus:")
    assert "z" * 100 in (await card_of(zoe))[0]  # of the own one the stop is told


async def test_a_bus_on_the_day_before_says_its_day(zoe, planner):
    event = await planner.event()
    await planner.bus(event, leaves_at=TWO - 20 * HOUR)
    await zoe.join()
    await zoe.say("/events")
    assert "🚌 Port-Clair : ven. 4 déc. 18:00, Mairie" in (await zoe.tap("event:card:")).text


async def test_a_card_that_is_out_of_date_says_what_is_so_now(zoe, planner, clock, hand_made):
    event = await planner.event(capacity=1)
    bus = await planner.bus(event)
    await zoe.join()
    await zoe.say("/events")
    await zoe.tap("event:card:")
    at = await zoe.find("event:bus:")
    clock.now = bus.leaves_at
    assert (await zoe.tap("", at)).toast.startswith("Ce bus est parti, ou ne roule pas.")
    assert "· parti" in (await card_of(zoe))[0]
    clock.now = TWO
    assert (await hand_made(zoe, f"event:come:{event.code}")).toast == "Cela a déjà commencé."
    assert await planner.signups() == []
    clock.now = TWO + 3 * HOUR
    said = await hand_made(zoe, f"event:card:{event.code}")
    assert "C’est passé." in said.text and said.buttons == {}
    assert "Aucun événement n’est prévu près de chez vous" in (await zoe.say("/events")).text


async def test_a_full_event_offers_no_way_in(zoe, person, planner):
    event = await planner.event(capacity=1)
    lea = await person("Léa")
    for who in (zoe, lea):
        await who.join()
        await who.say("/events")
        await who.tap("event:card:")
    await zoe.tap("event:come:")
    assert (await lea.tap("event:come:")).toast == "Toutes les places sont prises. /events en propose d’autres."
    text, buttons = await card_of(lea)
    assert "Toutes les places sont prises (1)" in text and buttons == ["📅 Ajouter à mon agenda"]
    assert len(await planner.signups()) == 1 and event.code


@pytest.mark.parametrize("data", ["event:come:nothing", "event:card:", "event:bus:x y:1", "event:ics:é", "event:boo:CODE", "event:bus:CODE:99", "event:bus:CODE:x"])  # fmt: skip
async def test_buttons_made_by_hand_do_no_harm(zoe, planner, hand_made, data):
    event = await planner.event()
    await zoe.join()
    said = await hand_made(zoe, data.replace("CODE", event.code))
    assert await planner.signups() == [] and "Quelque chose" not in said.text + said.toast
    if "boo" not in data:
        assert "n’existe plus" in said.toast or "ne roule pas" in said.toast


async def test_an_event_of_another_territory_is_not_listed_and_its_link_is_good(zoe, planner, database, campaign):
    async with database.write() as session:
        canton = await add_territory(session, campaign.id, "Canton")
    event = await planner.event(territory_id=canton.id)
    await zoe.join()
    await zoe.tap("join:territory:none")
    assert "Aucun événement" in (await zoe.say("/events")).text
    assert "Halle aux grains" in (await zoe.start(f"e-{event.code}")).text
    await zoe.tap("event:come:")
    assert len((await zoe.say("/events")).buttons) == 1


@pytest.mark.parametrize(("language", "welcome"), [("fr", "Bienvenue, Zoé"), ("en", "Welcome, Zoé")])
@pytest.mark.parametrize("where", [False, True])
async def test_a_link_leads_a_stranger_through_joining_to_the_card(
    person, life, planner, database, campaign, language, welcome, where
):
    if where:
        async with database.write() as session:
            await add_territory(session, campaign.id, "Canton")
    event = await planner.event()
    zoe = await person("Zoé", language)
    said = await zoe.start(f"e-{event.code}")
    assert "Halle aux grains" not in said.text  # the yes comes first
    await zoe.tap("join:contact:yes")
    await life.restart()
    await zoe.tap("join:counting:no")
    if where:
        await zoe.tap("join:territory:none")
    texts = [written(message) for message in await zoe.messages()][-2:]
    assert welcome in texts[0] and "📍 Halle aux grains" in texts[1]
    await zoe.tap("event:come:")
    assert len(await planner.signups()) == 1
    assert "Halle aux grains" not in (await zoe.start()).text  # the link was followed once


async def test_a_link_leads_a_known_person_straight_to_the_card_also_of_another_campaign(zoe, planner, rival, books):
    here, there = await planner.event("Ici"), await planner.event("Là", campaign_id=rival.id)
    await zoe.join("c-la-region-qui-ose")
    said = await zoe.start(f"e-{here.code}")
    assert said.text.startswith("📣 Ici") and len(said.messages) == 1
    assert "La Rivale" in (await zoe.start(f"e-{there.code}")).text  # first its own questions
    await zoe.tap("join:contact:no")
    assert Purpose.contact not in await books.agreed(zoe, rival)
    assert (await zoe.start(f"e-{here.code}")).text.startswith("📣 Ici")


@pytest.mark.parametrize("payload", ["e-", "e-x", "e-" + "A" * 62, "e-é", "e--", "e-1"])
async def test_a_forged_link_gets_a_plain_sentence(zoe, planner, payload):
    await planner.event()
    said = await zoe.start(payload)
    assert "Ce lien n’est plus connu ; voici tout de même la campagne." in said.text
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:no")
    assert "Halle" not in "\n".join(written(message) for message in await zoe.messages())


@pytest.mark.parametrize("known", [False, True])
async def test_a_link_to_what_is_over_says_so(zoe, planner, clock, known):
    event = await planner.event("Vieux <b>")
    if known:
        await zoe.join()
    clock.now = TWO + 3 * HOUR
    said = await zoe.start(f"e-{event.code}")
    assert "« Vieux <b> », c’est passé ; voici tout de même la campagne." in said.text and "Halle" not in said.text


async def test_a_link_to_what_is_called_off_says_so(zoe, planner):
    event = await planner.event()
    await planner.change(event, event_planning.call_off)
    await zoe.join()
    said = await zoe.start(f"e-{event.code}")
    assert "❌ C’est annulé : cela n’a pas lieu." in said.text and said.buttons == {}


@pytest.mark.parametrize("stopped", [False, True])
async def test_who_does_not_take_part_is_asked_to_join_first(zoe, planner, hand_made, stopped):
    event = await planner.event()
    if stopped:
        await zoe.join()
        await zoe.say("/stop")
    assert "Rejoignez d’abord la campagne" in (await zoe.say("/events")).text
    assert "Rejoignez d’abord la campagne" in (await hand_made(zoe, f"event:come:{event.code}")).toast
    assert await planner.signups() == []


async def test_who_is_not_written_to_hears_that_no_reminder_comes(zoe, planner):
    await planner.event()
    await zoe.start()
    await zoe.tap("join:contact:quiet")
    await zoe.tap("join:counting:no")
    await zoe.say("/events")
    await zoe.tap("event:card:")
    await zoe.tap("event:come:")
    text, _ = await card_of(zoe)
    assert "🔕 Aucun rappel ne vient, et l’équipe ne voit pas votre nom" in text and "🔔" not in text


async def test_a_long_list_says_how_many_there_are(zoe, planner):
    for n in range(LISTED + 2):
        await planner.event(f"Événement {n}", starts_at=TWO + n * HOUR)
    await zoe.join()
    said = await zoe.say("/events")
    assert "Les 10 premiers événements sur 12" in said.text and len(said.buttons) == LISTED


async def test_the_list_stays_in_a_silence_window(zoe, planner, database, campaign, clock):
    await planner.event()
    await zoe.join()
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + timedelta(days=2), "veille du vote")
    said = await zoe.say("/events")
    assert "Rassemblement" in next(iter(said.buttons)) and "silence" not in said.text


@pytest.mark.parametrize(
    ("language", "reminder", "moved", "off"),
    [
        ("fr", "🔔 Rappel : « Marche <b> »\n\n📅 samedi 5 décembre 14:00 – 17:00\n📍 Halle aux grains\n🚌 Votre bus – Port-Clair : 12:00, Mairie",
         "🔁 « Marche <b> » a changé. Voici ce qui vaut maintenant :\n\n📅 samedi 5 décembre 14:00 – 17:00\n📍 Gymnase", "❌ Annulé : « Marche <b> » n’a pas lieu."),
        ("en", "🔔 Reminder: “Marche <b>”\n\n📅 Saturday 5 December 14:00 – 17:00\n📍 Halle aux grains\n🚌 Your bus – Port-Clair: 12:00, Mairie",
         "🔁 “Marche <b>” has changed. This is how it is now:\n\n📅 Saturday 5 December 14:00 – 17:00\n📍 Gymnase", "❌ “Marche <b>” is called off: it does not take place."),
    ],
)  # fmt: skip
async def test_what_comes_unasked_has_the_way_out_within_reach(
    person, life, planner, clock, tell, sandbox, language, reminder, moved, off
):
    event = await planner.event("Marche <b>")
    bus = await planner.bus(event)
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.say("/events")
    await zoe.tap("event:card:")
    await zoe.tap("event:bus:")
    clock.now = paris("2026-12-03 12:00")
    await tell()
    await tell()  # once is enough
    [told] = [m for m in await zoe.messages() if "🔔 R" in written(m)]
    assert written(told) == reminder
    ways = labels(told)
    assert list(ways.values()) == [f"event:card:{event.code}", f"event:not:{event.code}", "rhythm:show", "me:stop"]  # fmt: skip
    async with planner.database.write() as session:
        changed = await session.get_one(type(event), event.id)
        await event_planning.change_event(session, changed, replace(as_planned(changed), place="Gymnase"), clock())
    await tell()
    assert written((await zoe.messages())[-1]).startswith(moved)
    await planner.change(event, event_planning.drop_bus, bus.id)
    await tell()
    gone = (await zoe.messages())[-1]
    assert written(gone).startswith("🚌") and ("Votre bus pour" in written(gone) or "Your bus to" in written(gone))
    clock.advance(LOOK)
    await planner.change(event, event_planning.call_off)
    await tell()
    last = (await zoe.messages())[-1]
    assert written(last).startswith(off) and list(labels(last).values()) == ["rhythm:show", "me:stop"]
    assert {m.state for m in await planner.messages()} == {HandoutState.sent}


async def test_i_cannot_come_any_more_under_a_reminder_gives_the_seat_back(zoe, planner, clock, tell):
    event = await planner.event()
    await planner.bus(event, seats=1)
    await zoe.join()
    await zoe.say("/events")
    await zoe.tap("event:card:")
    await zoe.tap("event:bus:")
    clock.now = paris("2026-12-03 12:00")
    await tell()
    assert (await zoe.tap("event:not:")).toast == "C’est noté : vous ne venez pas."
    assert await planner.signups() == []
    assert "1 place libre" in (await card_of(zoe))[0]


async def test_a_mission_that_is_called_off_is_told_and_its_card_says_so(
    zoe, database, campaign, clock, tell, hand_made
):
    new = NewMission("Tracts", "Marché", TWO, "Europe/Paris")
    async with database.write() as session:
        mission = await missions.add_mission(session, campaign.id, new, clock())
    await zoe.join()
    await zoe.say("/missions")
    await zoe.tap("mission:card:")
    await zoe.tap("mission:come:")
    async with database.write() as session:
        await missions.change_mission(session, await session.get_one(Mission, mission.id), NewMission("Tracts", "Gare", TWO, "Europe/Paris"), clock())  # fmt: skip
    await tell()
    told = (await zoe.messages())[-1]
    assert (
        plain(written(told))
        == "🔁 « Tracts » a changé. Voici ce qui vaut maintenant :\n\n📅 samedi 5 décembre 14:00\n📍 Gare"
    )
    assert next(iter(labels(told).values())) == f"mission:card:{mission.id}"
    clock.advance(LOOK)
    async with database.write() as session:
        await missions.call_off(session, await session.get_one(Mission, mission.id), clock())
    await tell()
    assert written((await zoe.messages())[-1]).startswith("❌ Annulé : « Tracts » n’a pas lieu.")
    assert "Aucune mission" in (await zoe.say("/missions")).text
    said = await hand_made(zoe, f"mission:card:{mission.id}")
    assert "❌ C’est annulé" in said.text and said.buttons == {}
    assert "C’est annulé" in (await hand_made(zoe, f"mission:come:{mission.id}")).toast
    clock.now = TWO + HOUR
    assert "C’est annulé" in (await hand_made(zoe, f"mission:report:{mission.id}")).toast


async def test_mydata_tells_of_events_and_delete_frees_the_seat(zoe, planner, clock, books, database):
    event = await planner.event("Marche <b>")
    await planner.bus(event, seats=1)
    await zoe.join()
    await zoe.say("/events")
    await zoe.tap("event:card:")
    await zoe.tap("event:bus:")
    said = (await zoe.say("/mydata")).text
    assert "Événement « Marche <b> » : inscription le 1 décembre 2026, par le bus de Port-Clair" in said
    assert "2 messages sur ce à quoi vous vous êtes inscrit·e" in said
    figures = (await zoe.say("/me")).text
    assert "Missions faites : 0" in figures and await books.count(zoe, Kind.mission_done) == 0
    await zoe.say("/delete")
    await zoe.tap("me:erase")
    await zoe.tap("me:erased")
    assert await planner.signups() == [] and await planner.messages() == []
