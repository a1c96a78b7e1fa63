"""What is not a photo, what cannot be opened, buttons of a badge that is done: a clear sentence, and the dialogue goes on."""

from datetime import timedelta

import pytest
from PIL import Image

from campaigns.models import Dialogue
from campaigns.silence_windows import add_window
from tests.bot.conftest import labels, saved, written

TOO_HEAVY = 20_000_001  # bytes


async def name_asked(zoe, photo, name="moi.jpg", mime="image/jpeg"):
    await zoe.join()
    await zoe.send_file(photo, name, mime)
    return await zoe.tap("badge:frame")


@pytest.mark.parametrize("step", ["asked for a photo", "out of any dialogue"])
@pytest.mark.parametrize("what", ["send_sticker", "send_voice", "send_location", "a text file"])
@pytest.mark.parametrize("language", ["fr", "en"])
async def test_what_is_not_a_photo_is_said_to_be_none(person, life, campaign, sandbox, step, what, language):
    zoe = await person("Zoé", language)
    await zoe.join()
    if step == "asked for a photo":
        await zoe.say("/badge")
    sent = {
        "send_sticker": sandbox.send_sticker,
        "send_voice": sandbox.send_voice,
        "send_location": lambda who: sandbox.send_location(who, 48.85, 2.35),
        "a text file": lambda who: sandbox.send_document(who, b"bonjour", "moi.txt", "text/plain"),
    }
    said = await zoe.do(sent[what])
    expected = {
        ("fr", "asked for a photo"): "Ce n’est pas une photo",
        ("en", "asked for a photo"): "This is not a photo",
        ("fr", "out of any dialogue"): "Je ne sais rien faire de cela",
        ("en", "out of any dialogue"): "I cannot do anything with this",
    }
    assert expected[language, step] in said.text
    assert len(said.messages) == 1


async def test_after_a_sticker_the_photo_still_is_awaited(zoe, sandbox, small):
    await zoe.join()
    await zoe.say("/badge")
    await zoe.do(sandbox.send_sticker)
    assert "J’attends une photo" in (await zoe.say("la voici")).text
    assert "Quel cadre" in (await zoe.send(small)).text


@pytest.mark.parametrize(
    ("content", "name", "mime", "sentence"),
    [
        (b"bonjour", "moi.jpg", "image/jpeg", "Ce fichier n’est pas une image"),  # only its name says so
        (b"%PDF-1.7 ...", "moi.jpg", "image/jpeg", "PDF"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(64), "IMG_1.HEIC", "image/heic", "HEIC"),  # a phone's own kind
        (saved(Image.new("RGB", (1, 1)), "PNG"), "point.png", "image/png", "trop petit"),
    ],
    ids=["text", "PDF", "HEIC", "one pixel"],
)
async def test_a_file_that_cannot_be_used_is_named_and_another_may_follow(zoe, small, content, name, mime, sentence):
    await name_asked(zoe, content, name, mime)
    said = await zoe.say("Zoé")
    assert sentence in said.text
    assert "Votre badge" in (await zoe.send(small)).text  # frame and name are known


@pytest.mark.parametrize(
    ("language", "sentence"), [("fr", "abîmée ou a été coupée en route"), ("en", "damaged or was cut short")]
)
async def test_a_picture_that_was_cut_short_is_named(person, life, campaign, small, language, sentence):
    zoe = await person("Zoé", language)
    await name_asked(zoe, small[: len(small) // 2])
    assert sentence in (await zoe.say("Zoé")).text


async def test_a_file_that_is_too_heavy_is_refused_before_it_is_fetched(zoe, sandbox):
    await zoe.join()
    said = await zoe.send_file(b"\xff\xd8\xff" + bytes(TOO_HEAVY - 3), "lourd.jpg", "image/jpeg")
    assert "20 Mo au plus" in said.text
    assert await sandbox.requests("telegram", "getFile") == []


async def test_a_photo_that_telegram_no_longer_has_is_asked_for_again(zoe, sandbox, small, database):
    await name_asked(zoe, small)
    async with database.write() as session:
        row = await session.get_one(Dialogue, zoe.id)
        row.data = {**row.data, "badge": {**row.data["badge"], "photo": "AgACAgQAAx-long-gone"}}
    assert "Telegram n’a plus cette photo" in (await zoe.say("Zoé")).text
    assert "Votre badge" in (await zoe.send(small)).text


async def test_when_the_photo_cannot_be_fetched_now_the_name_may_be_sent_again(zoe, sandbox, small):
    await name_asked(zoe, small)
    await sandbox.fault("telegram", "error_before", "getFile")
    assert "Quelque chose n’a pas marché" in (await zoe.say("Zoé")).text
    assert "Votre badge" in (await zoe.say("Zoé")).text


OLD = ("badge:frame:1", "badge:turn:1", "badge:name:mine", "badge:crop:500:500:1250", "badge:edge", "badge:other:frame",
       "badge:file:square", "badge:file:all", "badge:wall", "badge:wall:yes", "badge:end")  # fmt: skip


@pytest.mark.parametrize(
    ("language", "sentence"), [("fr", "Ce badge est fait"), ("en", "This badge is done. Send a photo")]
)
async def test_the_buttons_of_a_badge_that_is_done_say_so_and_go(
    person, life, campaign, small, hand_made, language, sentence
):
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.see_badge(small)
    await zoe.tap("badge:file:square")
    await zoe.tap("badge:end")
    for button in OLD:
        said = await hand_made(zoe, button)
        assert sentence in said.toast and said.messages == [], button
        assert not any(b == button for m in await zoe.messages() for b in labels(m).values())


@pytest.mark.parametrize(("language", "sentence"), [("fr", "étape passée"), ("en", "of an earlier step")])
async def test_the_buttons_of_an_earlier_step_lead_to_the_last_message(
    person, life, campaign, small, hand_made, language, sentence
):
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.see_badge(small)
    for button in OLD:
        said = await hand_made(zoe, button)
        assert sentence in said.toast and not said.answer["show_alert"] and said.messages == [], button
    assert len((await zoe.tap("badge:file:square")).messages) == 2  # the file, and a question: the badge is in hand


FORGED = ("badge", "badge:", "badge:x", "badge:file:", "badge:file:poster", "badge:other:", "badge:down:x",
          "badge:forget:", "badge:keep", "badge:keep:yes:x", "badge:wall:maybe", "badge:name:x")  # fmt: skip


async def test_what_was_written_into_a_button_by_hand_breaks_nothing(zoe, life, small):
    await zoe.join()
    message_id = (await zoe.see_badge(small)).messages[0]["message_id"]
    for forged in FORGED:
        markup = {"inline_keyboard": [[{"text": "?", "callback_data": forged}]]}
        await life.runner.app.bot.edit_message_reply_markup(zoe.id, message_id, reply_markup=markup)
        said = await zoe.tap("", (message_id, forged))
        assert "Quelque chose n’a pas marché" not in said.text, forged
    assert "Votre badge" in (await zoe.send(small)).text


async def test_a_name_button_tapped_ten_times_makes_one_badge(zoe, small, tap_often):
    await name_asked(zoe, small)
    await tap_often(zoe, "badge:name:mine", 10)
    assert sum("Votre badge" in written(m) for m in await zoe.messages()) == 1


async def test_when_the_badge_cannot_be_rendered_now_its_button_may_be_tapped_again(zoe, sandbox, small):
    await zoe.join()
    message_id = (await zoe.see_badge(small)).messages[0]["message_id"]
    await sandbox.fault("telegram", "error_before", "getFile")
    assert "Quelque chose n’a pas marché" in (await zoe.tap("badge:file:square")).text
    await sandbox.fault("telegram", "error_before", "editMessageMedia")
    before = labels(await zoe.message(message_id))
    assert "Quelque chose n’a pas marché" in (await zoe.tap("badge:crop")).text
    await zoe.tap("badge:crop")
    assert labels(await zoe.message(message_id)) != before
    assert any("document" in m for m in (await zoe.tap("badge:file:square")).messages)


async def test_a_photo_that_telegram_loses_while_the_badge_is_seen_is_asked_for_again(zoe, small, database):
    await zoe.join()
    await zoe.see_badge(small)
    async with database.write() as session:
        row = await session.get_one(Dialogue, zoe.id)
        row.data = {**row.data, "badge": {**row.data["badge"], "photo": "AgACAgQAAx-long-gone"}}
    assert "Telegram n’a plus cette photo" in (await zoe.tap("badge:crop")).text
    assert "Votre badge" in (await zoe.send(small)).text


@pytest.mark.parametrize("step", ["badge:frame", "badge:crop", "badge:file:square"])
async def test_in_the_silence_of_a_vote_no_step_makes_a_badge(zoe, small, database, campaign, clock, step):
    await zoe.join()
    await zoe.send(small)
    if step != "badge:frame":
        await zoe.pick("Anneau")
        await zoe.tap("badge:name:none")
    async with database.write() as session:
        hour = timedelta(hours=1)
        await add_window(session, campaign, clock() - hour, clock() + hour, "vote")
    said = await zoe.tap(step)
    assert "la loi impose le silence" in said.toast and said.messages == []
    assert "la loi impose le silence" in (await zoe.say("/badge")).text
    assert "la loi impose le silence" in (await zoe.send(small)).text
    clock.advance(timedelta(hours=2))
    said = await zoe.tap(step)  # the buttons are good again
    assert said.messages or step == "badge:crop"


async def test_a_name_that_is_typed_in_the_silence_of_a_vote_makes_no_badge(zoe, small, database, campaign, clock):
    await name_asked(zoe, small)
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + timedelta(hours=1), "vote")
    said = await zoe.say("Zoé")
    assert "la loi impose le silence" in said.text and len(said.messages) == 1


async def test_a_text_while_the_badge_is_seen_is_no_name(zoe, small):
    await zoe.join()
    await zoe.see_badge(small)
    assert "Je n’ai pas compris" in (await zoe.say("merci !")).text
    assert any("document" in m for m in (await zoe.tap("badge:file:square")).messages)


async def test_help_in_the_middle_forgets_nothing(zoe, small):
    await name_asked(zoe, small)
    assert "Ce que je peux faire pour vous" in (await zoe.say("/help")).text
    assert "Votre badge" in (await zoe.say("Zoé")).text


async def test_stop_in_the_middle_forgets_the_photo(zoe, small, books):
    await name_asked(zoe, small)
    await zoe.say("/stop")
    assert "AgAC" not in await books.everything()
    assert "Je n’ai pas compris" in (await zoe.say("Zoé")).text
