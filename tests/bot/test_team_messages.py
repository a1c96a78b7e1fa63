"""A referent's message to their territory: looked at, within the daily limit or with a second yes, watched to its end."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns import leaders
from campaigns.models import Broadcast, BroadcastState, Role, TerritoryLeader
from campaigns.silence_windows import add_window
from schedules.broadcasts import Broadcaster
from schedules.looking import LOOK
from schedules.watches import Watches
from tests.bot.conftest import labels, plain, written

S = BroadcastState
TEXT = "Rendez-vous samedi <13 h 45> & après"


@pytest.fixture
async def valley(territories):
    return (await territories("Vallée", "Littoral"))[0]


@pytest.fixture
def kept(database):
    async def rows():
        async with database.read() as session:
            return list(await session.scalars(select(Broadcast).order_by(col(Broadcast.id))))

    return rows


@pytest.fixture
def crowd(person, valley):
    """People of the valley in the chat."""

    async def add(*names):
        people = [await person(name) for name in names]
        for who in people:
            await who.join(f"t-{valley.id}")
        return people

    return add


@pytest.fixture
def go(house, life):
    """Let all that is due go out."""

    async def tick():
        broadcaster = Broadcaster(house.database, house.clock, life.runner.deliver, life.runner.pace)
        await broadcaster.tick()
        await broadcaster.settled()

    return tick


@pytest.fixture
def look(house, life, clock):
    """One look at how far broadcasts are; the work is kept, as in a process."""
    works = []

    async def tick():
        works[:] = works if works and works[0][0] is life.runner else [(life.runner, Watches(house.database, clock, life.runner.show_progress))]  # fmt: skip
        clock.advance(LOOK)
        await works[0][1].tick()
        await works[0][1].settled()

    return tick


async def write(who, text=TEXT):
    await who.say("/team")
    await who.tap("team:write:")
    return await who.say(text)


async def card(who, data):
    return await who.message((await who.find(data))[0])


@pytest.mark.parametrize(
    ("language", "asked", "like_this", "people", "takes", "now", "arrived", "ended"),
    [
        ("fr", "Que doivent lire les gens de Vallée", "Voilà comment les gens le lisent", "À 6 personnes", "Prend 1 seconde environ", "✅ L’envoyer maintenant", "Arrivés : 6 sur 6", "🏁 Terminé : "),
        ("en", "What shall the people of Vallée", "That is how people read it", "To 6 people", "Takes about 1 second", "✅ Send it now", "Arrived: 6 of 6", "🏁 Done: "),
    ],
)  # fmt: skip
async def test_it_is_seen_sent_and_watched_across_restarts(
    life, lead, valley, crowd, kept, go, look, language, asked, like_this, people, takes, now, arrived, ended
):
    zoe = await lead("Zoé", valley, language)
    others = await crowd("Ana", "Bo", "Cy", "Di", "Ed")
    await zoe.say("/team")
    assert asked in (await zoe.tap("team:write:")).text
    await life.restart()
    said = await zoe.say(TEXT)
    assert written(said.messages[0]) == f"📍 Vallée\n\n{TEXT}"
    assert like_this in said.text and people in said.text and takes in said.text
    assert next(iter(said.buttons)) == now
    assert [each.state for each in await kept()] == [S.draft]
    await life.restart()
    message = said.messages[-1]["message_id"]
    await zoe.tap("team:send:")
    assert [each.state for each in await kept()] == [S.running]
    assert list(labels(await zoe.message(message)).values()) == ["going:pause:1", "going:cancel:1"]
    await go()
    await life.restart()
    await look()
    shown = await zoe.message(message)
    assert arrived in written(shown) and ended in written(shown) and labels(shown) == {}
    for who in others:
        assert [written(m) for m in await who.messages()].count(f"📍 Vallée\n\n{TEXT}") == 1


async def test_beyond_the_limit_the_other_referent_gets_it_with_two_buttons_and_says_yes(
    life, lead, valley, crowd, kept, go, look
):
    zoe, leo = await lead("Zoé", valley), await lead("Léo", valley, "en")
    await crowd("Ana", "Bo", "Cy")
    await write(zoe, "Le premier")
    await zoe.tap("team:send:")
    said = await write(zoe)
    assert "Les messages du jour à ce territoire sont partis" in said.text
    assert next(iter(said.buttons)) == "🙋 Demander un deuxième oui"
    assert "1 personne" in (await zoe.tap("team:send:2:")).text
    assert "attend le oui" in written(await zoe.message(said.messages[-1]["message_id"]))
    theirs = (await leo.messages())[-2:]
    assert written(theirs[0]) == f"📍 Vallée\n\n{TEXT}"
    assert "Zoé wants to write: Vallée · to 5 people" in written(theirs[1])
    assert labels(theirs[1]) == {"✅ Yes, send it": "second:yes:2", "↩ Not like this": "second:no:2"}
    await life.restart()
    await leo.tap("second:yes:")
    assert [each.state for each in await kept()] == [S.running, S.running]
    assert written(await leo.message(theirs[1]["message_id"])) == "✅ Thank you: it goes out."
    news = [written(m) for m in await zoe.messages()][-2:]
    assert "Quelqu’un d’autre a dit oui" in news[0] and "Arrivés : 0 sur 5" in news[1]
    await go()
    await look()
    assert "Arrivés : 5 sur 5" in str([written(m) for m in await zoe.messages()])
    assert [written(m) for m in await leo.messages()].count(f"📍 Vallée\n\n{TEXT}") == 2  # asked, then sent


async def test_a_no_makes_it_a_draft_to_be_written_anew(lead, valley, crowd, kept, hand_made):
    zoe, leo = await lead("Zoé", valley, most_a_day=0), await lead("Léo", valley)
    await crowd("Ana")
    await write(zoe)
    await zoe.tap("team:send:")
    await leo.tap("second:no:")
    assert "Pas comme ça" in written((await zoe.messages())[-1])
    await zoe.tap("team:text:")
    said = await zoe.say("Mieux dit")
    assert written(said.messages[0]) == "📍 Vallée\n\nMieux dit"
    assert [(each.text, each.state) for each in await kept()] == [("📍 Vallée\n\nMieux dit", S.draft)]
    assert "est un brouillon" in (await hand_made(leo, "second:yes:1")).toast


async def test_of_two_who_may_say_yes_the_first_answer_counts(person, lead, valley, crowd, kept, organize):
    zoe, leo = await lead("Zoé", valley, most_a_day=0), await lead("Léo", valley)
    team = await person("Camille")
    await organize(team, Role.approver)
    await organize(await person("Dominique"), Role.editor)  # may not
    await organize(zoe, Role.admin)  # the author is never asked
    await crowd("Ana")
    await write(zoe)
    assert "2 personnes" in (await zoe.tap("team:send:")).text
    await team.tap("second:yes:")
    assert [each.state for each in await kept()] == [S.running]
    reply = await leo.tap("second:no:")
    assert "part déjà" in reply.toast or "déjà" in reply.toast
    assert labels((await leo.messages())[-1]) == {}
    assert [each.state for each in await kept()] == [S.running]


async def test_where_nobody_can_be_asked_the_console_is_named_and_asking_again_goes_on(lead, valley, crowd, kept):
    zoe = await lead("Zoé", valley, most_a_day=0)
    await crowd("Ana")
    await write(zoe)
    assert "dans sa console" in (await zoe.tap("team:send:")).text
    leo = await lead("Léo", valley)
    assert "1 personne" in (await zoe.tap("team:ask:")).text
    await leo.tap("second:yes:")
    assert [each.state for each in await kept()] == [S.running]


async def test_whoever_is_dismissed_in_the_middle_cannot_go_on(database, campaign, clock, lead, valley, crowd, kept):
    zoe, leo = await lead("Zoé", valley, most_a_day=0), await lead("Léo", valley)
    await crowd("Ana")
    await zoe.say("/team")
    await zoe.tap("team:write:")

    async def dismiss(who):
        async with database.write() as session:
            found = next(seat for seat in await leaders.seats(session, campaign.id) if seat.name == who)
            await leaders.dismiss(session, campaign.id, found.leader.id, None, clock())

    await dismiss("Zoé")
    assert "Vous n’êtes pas référent·e" in (await zoe.say(TEXT)).text
    assert await kept() == []
    assert "Je n’ai pas compris" in (await zoe.say("encore")).text  # the dialogue is over
    # while a second person thinks
    await write(leo)
    message = (await leo.messages())[-1]["message_id"]
    await dismiss("Léo")
    reply = await leo.tap("team:send:", (message, f"team:send:1:{valley.id}"))
    assert "Vous n’êtes pas référent·e" in reply.toast
    assert [each.state for each in await kept()] == [S.cancelled]


async def test_whoever_says_yes_must_still_be_a_referent(database, campaign, clock, lead, valley, crowd, kept):
    zoe, leo = await lead("Zoé", valley, most_a_day=0), await lead("Léo", valley)
    await crowd("Ana")
    await write(zoe)
    await zoe.tap("team:send:")
    async with database.write() as session:
        await session.delete(await session.get_one(TerritoryLeader, 2))
    assert "Votre rôle ne le permet pas" in (await leo.tap("second:yes:")).toast
    assert [each.state for each in await kept()] == [S.submitted]


async def test_ten_taps_send_it_once(tap_often, lead, valley, crowd, kept, go):
    zoe = await lead("Zoé", valley)
    (ana,) = await crowd("Ana")
    await write(zoe)
    await tap_often(zoe, "team:send:", 10)
    assert [each.state for each in await kept()] == [S.running]
    await go()
    assert [written(m) for m in await ana.messages()].count(f"📍 Vallée\n\n{TEXT}") == 1


@pytest.mark.parametrize(
    ("limit", "state", "shown", "keys"),
    [
        (1, S.running, "Moins de 5", ["going:pause:1", "going:cancel:1"]),
        (0, S.submitted, "attend le oui", ["team:ask:1:1", "team:drop:1:1"]),
    ],
)
async def test_a_tap_that_comes_again_after_a_crash_shows_where_the_message_stands(
    database, clock, lead, valley, crowd, kept, look, limit, state, shown, keys
):
    zoe = await lead("Zoé", valley, most_a_day=limit)
    await crowd("Ana")
    message = (await write(zoe)).messages[-1]["message_id"]
    async with database.write() as session:  # what was written before the crash; nothing was said
        broadcast = await session.get_one(Broadcast, 1)
        await leaders.send(session, await leaders.seat_in(session, broadcast.supporter_id, valley.id), broadcast, clock())  # fmt: skip
    await zoe.tap("team:send:")
    assert [each.state for each in await kept()] == [state]
    assert shown.lower() in written(await zoe.message(message)).lower()
    assert list(labels(await zoe.message(message)).values()) == keys
    await look()  # which watches it from now on
    assert shown.lower() in written(await zoe.message(message)).lower()


async def test_of_fewer_than_five_people_no_number_is_told(lead, valley, crowd, go, look):
    zoe = await lead("Zoé", valley)
    await crowd("Ana", "Bo", "Cy")
    said = await write(zoe)
    assert "À moins de 5 personnes" in said.text and "À 4" not in said.text
    await zoe.tap("team:send:")
    await go()
    await look()
    shown = written(await zoe.message(said.messages[-1]["message_id"]))
    assert "À moins de 5 personnes" in shown and "Terminé" in shown and "4" not in shown.replace("14:", "").split("Terminé")[0]  # fmt: skip


async def test_the_law_and_an_empty_territory_are_told_and_leave_no_way_to_send(
    database, campaign, clock, lead, valley, kept
):
    zoe = await lead("Zoé", valley)
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + timedelta(days=1), "vote", valley.id)
    said = await write(zoe)
    assert "la loi impose le silence" in said.text
    assert not any(data.startswith("team:send") for data in said.buttons.values())
    await zoe.tap("team:drop:")
    assert "Abandonné" in written(await zoe.message(said.messages[-1]["message_id"]))
    assert [each.state for each in await kept()] == [S.cancelled]


async def test_what_cannot_be_sent_is_told_and_asked_again_and_not_now_ends_it(lead, valley, kept):
    zoe = await lead("Zoé", valley)
    await zoe.say("/team")
    await zoe.tap("team:write:")
    assert "Telegram en prend 4096" in plain((await zoe.say("😀" * 2045)).text)
    assert await kept() == []
    await zoe.tap("team:later:")
    assert "Je n’ai pas compris" in (await zoe.say("Bonjour")).text


async def test_it_is_paused_resumed_and_cancelled_by_who_wrote_it(lead, valley, crowd, kept, go, hand_made):
    zoe, leo = await lead("Zoé", valley), await lead("Léo", valley)
    (ana, *_) = await crowd("Ana", "Bo", "Cy", "Di")
    said = await write(zoe)
    message = said.messages[-1]["message_id"]
    await zoe.tap("team:send:")
    assert "Votre rôle ne le permet pas" in (await hand_made(leo, "going:cancel:1")).toast
    await zoe.tap("going:pause:")
    assert "En pause" in written(await zoe.message(message))
    await go()
    assert TEXT not in str([written(m) for m in await ana.messages()])
    await zoe.tap("going:resume:")
    assert [each.state for each in await kept()] == [S.running]
    await zoe.tap("going:cancel:")  # first it stands still
    assert [each.state for each in await kept()] == [S.paused]
    assert list(labels(await zoe.message(message))) == ["▶ Reprendre", "✖ Annuler pour de bon"]
    await zoe.tap("going:cancel:")
    assert [each.state for each in await kept()] == [S.cancelled]
    assert "Annulé" in written(await zoe.message(message)) and labels(await zoe.message(message)) == {}
    await go()
    assert TEXT not in str([written(m) for m in await ana.messages()])
