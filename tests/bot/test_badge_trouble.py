"""What is not a photo, what cannot be opened, buttons of a badge that is done: a clear sentence, and the dialogue goes on."""

import pytest
from PIL import Image

from campaigns.models import Dialogue
from tests.bot.conftest import labels, saved

TOO_HEAVY = 20_000_001  # bytes


async def name_asked(zoe, photo, name="moi.jpg", mime="image/jpeg"):
    await zoe.join()
    await zoe.send_file(photo, name, mime)
    return await zoe.tap("badge:frame:ring")


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
    assert "Quel cadre" in (await zoe.send(small)).text
    await zoe.tap("badge:frame:ring")
    assert "Votre badge" in (await zoe.say("Zoé")).text


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
        row.data = {**row.data, "photo": "AgACAgQAAx-long-gone"}
    assert "Telegram n’a plus cette photo" in (await zoe.say("Zoé")).text
    assert "Quel cadre" in (await zoe.send(small)).text


async def test_when_the_photo_cannot_be_fetched_now_the_name_may_be_sent_again(zoe, sandbox, small):
    await name_asked(zoe, small)
    await sandbox.fault("telegram", "error_before", "getFile")
    assert "Quelque chose n’a pas marché" in (await zoe.say("Zoé")).text
    assert "Votre badge" in (await zoe.say("Zoé")).text


@pytest.mark.parametrize("button", ["badge:frame:ring", "badge:name:mine"])
@pytest.mark.parametrize(
    ("language", "sentence"), [("fr", "Ce badge est fait"), ("en", "This badge is done. Send a photo")]
)
async def test_the_buttons_of_a_badge_that_is_done_say_so_and_go(
    person, life, campaign, small, hand_made, button, language, sentence
):
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.send(small)
    await zoe.tap("badge:frame:ring")
    await zoe.tap("badge:name:none")
    said = await hand_made(zoe, button)
    assert sentence in said.toast and said.messages == []
    assert not any(b.startswith("badge:") for m in await zoe.messages() for b in labels(m).values())


async def test_a_name_button_tapped_ten_times_makes_one_badge(zoe, small, tap_often):
    await name_asked(zoe, small)
    await tap_often(zoe, "badge:name:mine", 10)
    assert sum("document" in m for m in await zoe.messages() if m["from"]["is_bot"]) == 1


async def test_help_in_the_middle_forgets_nothing(zoe, small):
    await name_asked(zoe, small)
    assert "Ce que je peux faire pour vous" in (await zoe.say("/help")).text
    assert "Votre badge" in (await zoe.say("Zoé")).text


async def test_stop_in_the_middle_forgets_the_photo(zoe, small, books):
    await name_asked(zoe, small)
    await zoe.say("/stop")
    assert "AgAC" not in await books.everything()
    assert "Je n’ai pas compris" in (await zoe.say("Zoé")).text
