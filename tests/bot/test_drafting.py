"""/post: what an organizer writes or forwards becomes a draft, and is submitted by the rules of the console."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns import supporters
from campaigns.installation import add_channel
from campaigns.models import PostState, Role
from campaigns.silence_windows import add_window
from tests.bot.conftest import labels, plain, written
from tests.bot.lives import by_both_ways
from tests.bot.team import cards
from tests.conftest import FakeClock

CARD = "📝 Nouveau message"
HOUR = timedelta(hours=1)


@pytest.fixture
async def camille(person, life, team, telegram, x):
    """An editor who writes French, and has not joined the campaign as a supporter."""
    made = await person("Camille")
    await team.seat(made)
    return made


async def alter(database, row, **values):
    async with database.write() as session:
        found = await session.get_one(type(row), row.id)
        for name, value in values.items():
            setattr(found, name, value)


@pytest.mark.parametrize(
    ("language", "command", "empty", "at_once", "ask", "moment", "done"),
    [
        ("fr", "/publier", "Envoyez-moi le texte, des images, ou les deux", "Il part tout de suite.",
         "Quand ? Par exemple", "Il part le mer. 2 déc. 18:30.",
         "✅ Programmé : « Rendez-vous à la gare demain », mer. 2 déc. 18:30, sur Canal Telegram."),
        ("en", "/post", "Send me the text, pictures, or both", "It goes out at once.",
         "When? Such as", "It goes out on Wed 2 Dec 18:30.",
         "✅ Scheduled: “Rendez-vous à la gare demain”, Wed 2 Dec 18:30, on Canal Telegram."),
    ],
)  # fmt: skip
async def test_a_message_becomes_a_post_across_a_restart(
    person, life, team, telegram, x, language, command, empty, at_once, ask, moment, done
):
    camille = await person("Camille", language)
    organizer = await team.seat(camille)
    assert empty in (await camille.say(command)).text
    said = await camille.say("Rendez-vous à la gare demain")
    assert "Rendez-vous à la gare demain" in said.text and at_once in said.text
    assert "Compte X · 28/280" in said.text
    await camille.tap(f"post:ch:{x.id}")  # not on X
    await life.restart()
    assert ask in (await camille.tap("post:when:at")).text
    shown = (await camille.say("demain 18h30")).text
    assert moment in shown and "Compte X ·" not in shown
    await camille.tap("post:send")
    assert done in [plain(written(m)) for m in await camille.messages()]
    [post] = await team.posts()
    assert (post.state, post.author_id) == (PostState.scheduled, organizer.id)
    assert post.publish_at == datetime(2026, 12, 2, 17, 30, tzinfo=UTC)
    assert await team.publications() == [("Rendez-vous à la gare demain", "Canal Telegram", "queued")]
    assert await team.audits() == [("scheduled", organizer.id)]
    assert "Je n’ai pas compris" in (await camille.say("Encore")).text or language == "en"


@pytest.mark.parametrize("role", [None, Role.viewer])
async def test_whoever_may_not_write_gets_the_answer_to_an_unknown_command(zoe, team, telegram, role):
    if role:
        await team.seat(zoe, role)
    assert "Je n’ai pas compris" in (await zoe.say("/post")).text
    await zoe.join()
    assert "Je n’ai pas compris" in (await zoe.say("/publier")).text
    assert await team.posts() == []


@by_both_ways
async def test_an_album_is_one_card_and_its_pictures_are_described_before_it_goes(
    camille, team, small, portrait, telegram, sandbox
):
    await camille.say("/post")
    await camille.do(lambda who: sandbox.send_album(who, [small, portrait], "La place est pleine"))
    [card] = await cards(camille, CARD)
    assert "La place est pleine" in card and "2 images · 2 sans description" in card
    assert "Que montre l’image 1 ?" in (await camille.tap("post:send")).text
    assert "Que montre l’image 2 ?" in (await camille.say("Une foule sur la place")).text
    said = await camille.tap("post:bare")
    assert "2 images · 1 sans description" in said.text
    await camille.tap("post:send")
    assert [(medium.alt, medium.mime) for medium in await team.media()] == [
        ("Une foule sur la place", "image/jpeg"),
        ("", "image/jpeg"),
    ]
    assert (await team.posts())[0].state is PostState.scheduled


@by_both_ways
async def test_more_messages_are_added_and_an_edited_one_changes_the_card(camille, team, sandbox, small):
    await camille.say("/post")
    first = await sandbox.say(camille.id, "Premier jet")
    await camille.say("Une suite https://exemple.fr/train")
    [card] = await cards(camille, CARD)
    assert "Premier jet\n\nUne suite" in card and "🔗 https://exemple.fr/train" in card
    await camille.do(lambda who: sandbox.edit(who, first["message_id"], "Second jet"))
    [card] = await cards(camille, CARD)
    assert "Second jet\n\nUne suite" in card
    await camille.send(small)
    await camille.tap("post:alt")
    await camille.say("Un portrait")
    await camille.tap("post:send")
    [post] = await team.posts()
    assert (post.title, post.text, post.link) == ("Second jet", "Second jet\n\nUne suite", "https://exemple.fr/train")


async def test_what_is_wrong_is_named_and_nothing_is_stored(camille, team, database, campaign, x, clock):
    await alter(database, x, monthly_cap=100)
    async with database.write() as session:
        await add_window(session, campaign, clock() + HOUR, clock() + 5 * HOUR, "veille du vote")
    await camille.say("/post")
    said = await camille.say("é" * 281)
    assert "X accepte 280 caractères pondérés, le texte en compte 281" in said.text
    assert "peut" in (await camille.tap("post:send")).toast
    assert await team.posts() == []
    await camille.tap("post:when:slot")
    [card] = await cards(camille, CARD)
    assert "Le canal « Compte X » n’a pas de créneau" in card
    await camille.tap("post:when:at")
    assert "n’est pas un moment" in (await camille.say("plus tard")).text
    assert "passé" in (await camille.say("2026-11-30 08:00")).text
    await camille.tap("post:when:at")
    shown = (await camille.say("11h")).text
    assert "Silence : veille du vote" in shown
    await camille.tap("post:drop")
    assert await team.posts() == [] and "Je n’ai pas compris" in (await camille.say("Encore")).text


async def test_next_slot_kit_and_price_stand_on_the_card(camille, team, database, x, telegram):
    await alter(database, x, slots="Mon-Fri 12:30", price_post=15, price_link=200)
    await alter(database, telegram, slots="Mon-Fri 18:00")
    await camille.say("/post")
    await camille.say("Signez https://exemple.fr/petition")
    await camille.tap("post:when:slot")
    await camille.tap("post:kit")
    [card] = await cards(camille, CARD)
    assert "Compte X · mar. 1 déc. 12:30" in card and "0,200 $" in card
    assert "Canal Telegram · mar. 1 déc. 18:00" in card
    assert "Les sympathisant" in card or "prêt" in card
    await camille.tap("post:send")
    [post] = await team.posts()
    assert post.share_kit and post.link == "https://exemple.fr/petition"


async def test_a_draft_is_kept_for_the_console(camille, team):
    await camille.say("/post")
    await camille.say("À relire")
    await camille.tap("post:when:draft")
    await camille.tap("post:send")
    [post] = await team.posts()
    assert (post.state, post.publish_at) == (PostState.draft, None)


async def test_a_post_waits_for_a_yes_where_the_campaign_wants_one(camille, team, database, campaign):
    await alter(database, campaign, approvals=1)
    await camille.say("/post")
    assert "Quelqu’un d’autre doit dire oui" in (await camille.say("Bonjour")).text
    await camille.tap("post:send")
    assert [post.state for post in await team.posts()] == [PostState.submitted]


async def test_a_role_that_is_taken_away_ends_the_draft(camille, team, database, campaign):
    organizer = await team.seat(camille)
    await camille.say("/post")
    await camille.say("Bonjour")
    at = await camille.find("post:send")
    await team.revoke(organizer)
    assert "Vous ne pouvez plus écrire" in (await camille.tap("post:send", at)).toast
    assert await team.posts() == []
    await team.seat(camille)
    await camille.say("/post")
    await team.revoke(organizer)
    assert "Vous ne pouvez plus écrire" in (await camille.say("Bonjour")).text
    assert "Je n’ai pas compris" in (await camille.say("/post")).text


async def test_an_organizer_of_several_campaigns_chooses_first(
    camille, person, team, rival, database, telegram, hand_made
):
    await team.seat(camille, Role.editor, rival)
    async with database.write() as session:
        await add_channel(session, rival.id, "telegram", "Canal rival", {"chat_id": "@rival"})
    assert "Pour quelle campagne" in (await camille.say("/post")).text
    await camille.tap(f"post:c:{rival.id}")
    await camille.say("Bonjour la rivale")
    await hand_made(camille, f"post:ch:{telegram.id}")  # another campaign's channel, on no card of ours
    await camille.tap("post:send")
    [post] = await team.posts()
    assert post.campaign_id == rival.id
    assert await team.publications() == [("Bonjour la rivale", "Canal rival", "queued")]
    stranger = await person("Nour")
    await stranger.start()
    await team.seat(stranger)
    assert "Vous ne pouvez plus écrire" in (await hand_made(stranger, f"post:c:{rival.id}")).toast


async def test_a_forwarded_message_is_offered_to_organizers_alone(camille, zoe, team, sandbox):
    said = await camille.do(lambda who: sandbox.forward(who, "Vu chez les voisins"))
    assert "📝 En faire un message" in said.buttons
    assert "Je n’ai pas compris" in (await camille.say("Bonjour")).text  # a text of their own is none
    said = await camille.tap("post:take:")
    assert "Vu chez les voisins" in said.text
    await camille.tap("post:send")
    assert [post.text for post in await team.posts()] == ["Vu chez les voisins"]
    await zoe.join()
    assert "Je n’ai pas compris" in (await zoe.do(lambda who: sandbox.forward(who, "Vu"))).text


async def test_a_forwarded_album_is_one_offer_and_an_own_photo_stays_a_badge(camille, team, sandbox, small, portrait):
    said = await camille.do(lambda who: sandbox.send_album(who, [small, portrait], "La foule", "Élise"))
    assert len(said.messages) == 1
    await camille.send(small)
    assert not any(label.startswith("📝") for label in labels((await camille.messages())[-1]))
    said = await camille.tap("post:take:")
    assert "2 images" in said.text
    assert await team.posts() == []


async def test_taps_on_an_earlier_card_and_ten_at_once_submit_once(camille, team, tap_often):
    await camille.say("/post")
    await camille.say("Une seule fois")
    old = await camille.find("post:send")
    await tap_often(camille, "post:send", 10)
    assert len(await team.posts()) == 1
    await camille.say("/post")
    await camille.say("Autre chose")
    assert old[0] != (await camille.find("post:send"))[0]


async def test_what_no_post_takes_is_told(camille, sandbox):
    await camille.say("/post")
    assert "Un message se fait de texte et d’images" in (await camille.do(sandbox.send_voice)).text
    assert "Un message se fait" in (await camille.send_file(b"%PDF", "a.pdf", "application/pdf")).text


async def test_a_draft_waits_for_a_week_and_what_was_only_forwarded_for_a_day(
    camille, sandbox, database, clock, books, house, small
):
    async def tidy(after):
        clock.advance(after)
        async with database.write() as session:
            await supporters.forget_photos(session, clock())
            await supporters.forget_strangers(session, clock())

    await camille.do(lambda who: sandbox.forward(who, "Vu chez les voisins"))
    await camille.say("/post")
    await camille.say("Mon brouillon")
    await camille.send(small)
    assert len(house.pictures) == 1
    await tidy(25 * HOUR)
    kept = await books.everything()
    assert "Mon brouillon" in kept and "Vu chez les voisins" not in kept
    assert "Mon brouillon" in (await camille.say("/post")).text
    await tidy(timedelta(days=8))
    assert "Mon brouillon" not in await books.everything()
    assert "Je n’ai pas compris" in (await camille.say("Encore")).text


async def test_what_is_submitted_or_thrown_away_leaves_the_memory(camille, house, small, sandbox):
    for end in ("post:drop", "post:send"):
        await camille.say("/post")
        await camille.do(lambda who: sandbox.send_photo(who, small, "Un portrait"))
        await camille.tap("post:alt")
        await camille.say("Un visage")
        assert len(house.pictures) == 1
        await camille.tap(end)
        assert len(house.pictures) == 0


async def test_at_once_is_now_also_while_the_clock_goes_on(camille, team, monkeypatch, sandbox, small):
    def tick(clock):
        clock.advance(timedelta(milliseconds=1))
        return clock.now

    monkeypatch.setattr(FakeClock, "__call__", tick)
    await camille.say("/post")
    await camille.do(lambda who: sandbox.send_photo(who, small, "Maintenant"))
    await camille.tap("post:alt")
    await camille.say("Un visage")
    await camille.tap("post:send")
    assert [post.state for post in await team.posts()] == [PostState.scheduled]
    await camille.say("/live")
    await camille.tap("live:go")
    await camille.say("En direct")
    assert [post.state for post in await team.posts()] == [PostState.scheduled, PostState.scheduled]


async def test_an_edit_while_a_description_is_asked_for_leaves_the_question(camille, team, sandbox, small):
    await camille.say("/post")
    sent = await sandbox.send_photo(camille.id, small, "Premier jet")
    await sandbox.updates_taken()
    await camille.tap("post:alt")
    question = (await camille.messages())[-1]
    await camille.do(lambda who: sandbox.edit(who, sent["message_id"], "Second jet"))
    assert written(await camille.message(question["message_id"])) == written(question)
    await camille.say("Un visage")
    [card] = await cards(camille, CARD)
    assert "Second jet" in card and "sans description" not in card


async def test_what_was_sent_is_kept_when_the_card_does_not_arrive(camille, team, sandbox):
    await camille.say("/post")
    await sandbox.fault("telegram", "error_before", "sendMessage")
    await camille.say("Un texte")
    assert "Un texte" in (await camille.say("/post")).text
