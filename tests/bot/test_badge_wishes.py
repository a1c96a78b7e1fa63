"""That the badge is remembered, and that it stands on the support wall: each on its own yes, and gone with it."""

import io
from datetime import timedelta

import pytest
from PIL import Image
from sqlmodel import col, select

from campaigns.consents import WORDINGS
from campaigns.models import Consent, Frame, Purpose, WallBadge
from campaigns.silence_windows import add_window
from tests.bot.conftest import SITE, written
from tests.bot.test_badge import look_of

BOTH = {Purpose.contact, Purpose.counting}


@pytest.fixture
def on_wall(database):
    async def badges():
        async with database.read() as session:
            return list(await session.scalars(select(WallBadge)))

    return badges


async def badge_done(zoe, small, frame="Bandeau", name="Zoé du Littoral"):
    await zoe.join()
    await zoe.see_badge(small, frame, name)
    return await zoe.tap("badge:file:square")


async def remembered(books, zoe):
    place = await books.place(zoe)
    return place.badge_name, place.badge_frame


# Remembering


@pytest.mark.parametrize(
    ("language", "question", "yes", "thanks", "again"),
    [
        ("fr", "Dois-je retenir le nom et le cadre", "Oui, retenez-les", "Je m’en souviendrai", "Comme la dernière fois : Bandeau, Zoé du Littoral."),
        ("en", "Shall I remember the name and the frame", "Yes, remember", "I will remember", "As last time: Bandeau, Zoé du Littoral."),
    ],
)  # fmt: skip
async def test_with_its_consent_the_next_badge_comes_at_once(
    person, life, campaign, books, database, sandbox, small, language, question, yes, thanks, again
):
    zoe = await person("Zoé", language)
    asked = await badge_done(zoe, small)
    assert question in asked.text and yes in asked.buttons
    assert await remembered(books, zoe) == (None, None)  # nothing before the yes
    first = await zoe.find("badge:file:square")
    assert thanks in (await zoe.tap("badge:keep:yes")).text
    assert await books.agreed(zoe) == BOTH | {Purpose.remembering}
    assert await remembered(books, zoe) == ("Zoé du Littoral", "banner")
    async with database.read() as session:
        row = await session.scalar(select(Consent).where(col(Consent.purpose) == Purpose.remembering))
    assert (row.wording, row.language) == (WORDINGS[Purpose.remembering], language)
    await zoe.tap("badge:end")
    assert again in (await zoe.say("/badge")).text
    look = await zoe.send(small)
    assert "photo" in look.messages[0] and len(look.messages) == 1
    before = await look_of(sandbox, await zoe.message(first[0]))
    assert (await look_of(sandbox, look.messages[0])).tobytes() == before.tobytes()
    done = await zoe.tap("badge:file:square")
    assert len(done.messages) == 1  # nothing is asked again


async def test_what_is_remembered_follows_the_last_badge(zoe, books, small):
    await badge_done(zoe, small)
    await zoe.tap("badge:keep:yes")
    await zoe.tap("badge:other:name")
    await zoe.say("Awa")
    await zoe.tap("badge:file:square")
    assert await remembered(books, zoe) == ("Awa", "banner")


async def test_a_no_is_kept_and_not_asked_again(zoe, books, small):
    await badge_done(zoe, small)
    assert "je ne retiens rien" in (await zoe.tap("badge:keep:no")).text
    await zoe.tap("badge:end")
    await zoe.see_badge(small)
    assert len((await zoe.tap("badge:file:square")).messages) == 1
    assert await remembered(books, zoe) == (None, None) and await books.agreed(zoe) == BOTH


@pytest.mark.parametrize("way", ["badge:forget", "/stop"])
async def test_the_yes_is_taken_back_in_one_tap_and_what_was_remembered_is_gone(zoe, books, small, way):
    await badge_done(zoe, small)
    await zoe.tap("badge:keep:yes")
    if way == "/stop":
        await zoe.say("/stop")
    else:
        assert "🗑 Oublier le nom et le cadre de mon badge" in (await zoe.say("/me")).buttons
        assert "je ne retiens rien" in (await zoe.tap(way)).text
    assert await remembered(books, zoe) == (None, None)
    assert Purpose.remembering not in await books.agreed(zoe)
    if way == "/stop":  # the badge in hand is over too
        assert "Littoral" not in await books.everything()


async def test_a_remembered_frame_that_the_campaign_took_away_is_asked_for(zoe, database, small):
    await badge_done(zoe, small)
    await zoe.tap("badge:keep:yes")
    async with database.write() as session:
        await session.delete(await session.scalar(select(Frame).where(col(Frame.design) == "banner")))
    assert "Comme la dernière fois" not in (await zoe.say("/badge")).text
    assert "Quel cadre" in (await zoe.send(small)).text


async def test_joining_again_and_counting_touch_neither_wish(zoe, books, small, hand_made):
    await zoe.join(counting=False)
    await zoe.see_badge(small)
    await zoe.tap("badge:file:square")
    await zoe.tap("badge:keep:yes")
    await zoe.tap("badge:wall")
    await zoe.tap("badge:wall:yes")
    wishes = {Purpose.remembering, Purpose.wall}
    await zoe.say("/me")
    await zoe.tap("me:count")
    assert await books.agreed(zoe) == BOTH | wishes
    await zoe.start()
    await hand_made(zoe, f"join:counting:no:{books.campaign.id}")  # an old button
    assert await books.agreed(zoe) == {Purpose.contact} | wishes


# The wall


@pytest.mark.parametrize(
    ("language", "question", "opinion", "thanks"),
    [
        ("fr", "Votre badge peut-il figurer sur le mur des soutiens ?", "Cela montre votre opinion", "Votre badge est sur le mur"),
        ("en", "May your badge stand on the support wall?", "This shows your opinion", "Your badge stands on the support wall"),
    ],
)  # fmt: skip
async def test_a_badge_stands_on_the_wall_as_it_was_shown_after_a_yes(
    person, life, campaign, books, territories, on_wall, small, language, question, opinion, thanks
):
    [section] = await territories("Montfleury")
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.tap("join:territory")
    await zoe.see_badge(small, name="Zoé D.")
    await zoe.tap("badge:file:square")
    asked = await zoe.tap("badge:wall")
    assert question in asked.text and "Zoé · Montfleury" in asked.text and opinion in asked.text
    assert await on_wall() == [] and Purpose.wall not in await books.agreed(zoe)
    message_id, _ = await zoe.find("badge:wall:yes")
    await zoe.tap("badge:wall:yes")
    shown = written(await zoe.message(message_id))
    assert thanks in shown and f"{SITE}/c/la-region-qui-ose/wall" in shown
    [badge] = await on_wall()
    assert (badge.first_name, badge.territory_id, badge.language) == ("Zoé", section.id, language)
    assert Image.open(io.BytesIO(badge.picture)).size == (240, 240)
    assert Purpose.wall in await books.agreed(zoe)


async def test_without_a_public_address_no_link_is_given(zoe, house, on_wall, small):
    house.settings.public_url = ""
    await badge_done(zoe, small)
    await zoe.tap("badge:wall")
    message_id, _ = await zoe.find("badge:wall:yes")
    await zoe.tap("badge:wall:yes")
    assert "http" not in written(await zoe.message(message_id)) and len(await on_wall()) == 1


async def test_a_no_leaves_the_wall_as_it_is(zoe, books, on_wall, small):
    await badge_done(zoe, small)
    await zoe.tap("badge:wall")
    message_id, _ = await zoe.find("badge:wall:no")
    await zoe.tap("badge:wall:no")
    assert "ne va pas sur le mur" in written(await zoe.message(message_id))
    assert await on_wall() == [] and Purpose.wall not in await books.agreed(zoe)


@pytest.mark.parametrize("way", ["here", "/me", "/stop", "erased"])
async def test_a_badge_goes_from_the_wall_at_once(zoe, books, on_wall, small, way):
    await badge_done(zoe, small)
    await zoe.tap("badge:wall")
    await zoe.tap("badge:wall:yes")
    await zoe.tap("badge:end")  # it is good without the photo
    if way == "/me":
        assert "🗑 Retirer mon badge du mur" in (await zoe.say("/me")).buttons
    if way in ("here", "/me"):
        assert "n’est plus sur le mur" in (await zoe.tap("badge:down")).text
    else:
        await zoe.say("/stop")
        if way == "erased":
            await zoe.tap("me:erase")
            await zoe.tap("me:erased")
    assert await on_wall() == []
    assert Purpose.wall not in await books.agreed(zoe)


async def test_ten_taps_put_one_badge_up_and_a_new_one_takes_its_place(zoe, on_wall, small, tap_often):
    await badge_done(zoe, small)
    await zoe.tap("badge:wall")
    await tap_often(zoe, "badge:wall:yes", 10)
    [first] = await on_wall()
    assert "déjà sur le mur" in (await zoe.tap("badge:wall", await zoe.find("badge:wall"))).toast
    await zoe.tap("badge:crop")
    await zoe.tap("badge:wall")
    await zoe.tap("badge:wall:yes")
    [second] = await on_wall()
    assert second.picture != first.picture


async def test_in_the_silence_of_a_vote_nothing_new_goes_up_and_what_is_up_may_come_down(
    zoe, on_wall, small, database, campaign, clock
):
    await badge_done(zoe, small)
    await zoe.tap("badge:wall")
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + timedelta(hours=1), "vote")
    assert "la loi impose le silence" in (await zoe.tap("badge:wall:yes")).toast
    assert await on_wall() == []
    clock.advance(timedelta(hours=2))
    await zoe.tap("badge:wall:yes")
    assert len(await on_wall()) == 1
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + timedelta(hours=1), "vote")
    await zoe.tap("badge:down")
    assert await on_wall() == []


async def test_a_stranger_is_not_asked_to_stand_on_the_wall(zoe, on_wall, small, hand_made, life):
    message_id = (await zoe.see_badge(small)).messages[0]["message_id"]
    markup = {"inline_keyboard": [[{"text": "?", "callback_data": "badge:wall:yes"}]]}
    await life.runner.app.bot.edit_message_reply_markup(zoe.id, message_id, reply_markup=markup)
    assert "Rejoignez d’abord la campagne" in (await zoe.tap("badge:wall:yes")).toast
    assert await on_wall() == []
