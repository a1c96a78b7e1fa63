"""The frames are turned in one message, whose picture changes; each preview is uploaded once."""

import io

import pytest
from PIL import Image

from bot import frame_carousel
from campaigns import frame_care, frame_uploads
from campaigns.installation import FRAMES
from campaigns.models import Campaign, Frame
from tests.bot.conftest import labels, written


async def carousel(zoe, small):
    await zoe.join()
    [message] = (await zoe.send(small)).messages
    return message["message_id"]


@pytest.mark.parametrize(
    ("language", "question", "take"),
    [("fr", "Quel cadre voulez-vous ?", "✅ Celui-ci"), ("en", "Which frame do you want?", "✅ This one")],
)
async def test_the_first_frame_is_shown_with_its_place(person, life, campaign, small, language, question, take):
    zoe = await person("Zoé", language)
    shown = await zoe.message(await carousel(zoe, small))
    assert written(shown) == f"{question}\nAnneau"
    assert list(labels(shown)) == ["◀", f"1/{len(FRAMES)}", "▶", take]


async def test_the_arrows_change_picture_name_and_place_in_the_same_message(zoe, small):
    message_id = await carousel(zoe, small)
    names, n = [name for _, name in FRAMES], len(FRAMES)
    for label, at in (("▶", 1), ("▶", 2), ("◀", 1), ("◀", 0), ("◀", n - 1), ("▶", 0)):
        before = await zoe.message(message_id)
        reply = await zoe.tap("", (message_id, labels(before)[label]))
        assert reply.messages == []
        now = await zoe.message(message_id)
        assert now["photo"][-1]["file_unique_id"] != before["photo"][-1]["file_unique_id"]
        assert (written(now).splitlines()[1], list(labels(now))[1]) == (names[at], f"{at + 1}/{n}")


async def test_a_preview_is_uploaded_once_for_everybody(zoe, person, small, house, monkeypatch):
    drawn, real = [], frame_carousel.drawn
    monkeypatch.setattr(frame_carousel, "drawn", lambda *of: drawn.append(of) or real(*of))
    for somebody in (zoe, await person("Awa")):
        message_id = await carousel(somebody, small)
        for _ in range(len(FRAMES) + 1):
            await somebody.tap("", (message_id, labels(await somebody.message(message_id))["▶"]))
    assert len(drawn) == len(FRAMES)
    assert len(house.previews) == len(FRAMES)


async def test_new_colours_of_the_campaign_give_new_previews(zoe, small, database, campaign):
    first = (await zoe.message(await carousel(zoe, small)))["photo"][-1]["file_unique_id"]
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).primary_colour = "#007A33"
    await zoe.say("/badge")
    [again] = (await zoe.send(small)).messages
    assert again["photo"][-1]["file_unique_id"] != first


async def test_a_preview_that_telegram_no_longer_has_is_sent_again(zoe, small, house):
    message_id = await carousel(zoe, small)
    await zoe.tap("badge:turn:1")
    house.previews.update(dict.fromkeys(house.previews, "AgACAgQAAx-long-gone"))
    await zoe.tap("badge:turn:0")
    assert "Anneau" in written(await zoe.message(message_id))
    house.previews.update(dict.fromkeys(house.previews, "AgACAgQAAx-long-gone"))
    assert "Anneau" in (await zoe.send(small)).text  # a new carousel


async def test_an_arrow_that_is_tapped_ten_times_turns_once(zoe, small, tap_often):
    message_id = await carousel(zoe, small)
    await tap_often(zoe, "badge:turn:1", 10)
    assert "Bandeau" in written(await zoe.message(message_id))


@pytest.mark.parametrize(
    "forged", ["badge:turn:99", "badge:turn:x", "badge:turn:", "badge:turn:-1", "badge:frame:99", "badge:frame:é"]
)
async def test_what_was_written_into_a_button_by_hand_breaks_nothing(zoe, small, life, forged):
    message_id = await carousel(zoe, small)
    await life.runner.app.bot.edit_message_reply_markup(
        zoe.id, message_id, reply_markup={"inline_keyboard": [[{"text": "?", "callback_data": forged}]]}
    )
    said = await zoe.tap("", (message_id, forged))
    assert "Quelque chose n’a pas marché" not in said.text
    assert "Quel nom" in (await zoe.pick("Ruban")).text


async def test_this_one_tapped_ten_times_asks_for_the_name_once(zoe, small, tap_often):
    await carousel(zoe, small)
    await tap_often(zoe, "badge:frame", 10)
    assert sum("Quel nom" in written(m) for m in await zoe.messages()) == 1


async def test_the_arrows_of_an_earlier_badge_say_so_and_go(zoe, small):
    message_id = await carousel(zoe, small)
    old = await zoe.find("badge:turn:1")
    await zoe.send(small)
    said = await zoe.tap("", old)
    assert "étape passée" in said.toast and labels(await zoe.message(message_id)) == {}


async def test_a_frame_that_the_console_offers_or_takes_out_is_there_or_gone_at_the_next_tap(
    zoe, small, house, database, campaign
):
    message_id = await carousel(zoe, small)
    picture, file = Image.new("RGBA", (1080, 1080), "#204080"), io.BytesIO()
    picture.paste((0, 0, 0, 0), (140, 140, 940, 940))
    picture.save(file, "PNG")
    key = frame_uploads.keep(campaign, "Le carré", "carre.png", file.getvalue(), house.settings.frames_dir)
    async with database.write() as session:
        frame = await frame_care.add(session, campaign.id, key, "Le carré", None)
        await frame_care.use(session, frame)
        await frame_care.first(session, frame)
    await zoe.tap("", (message_id, "badge:turn:0"))
    shown = await zoe.message(message_id)
    assert written(shown).endswith("Le carré") and f"1/{len(FRAMES) + 1}" in labels(shown)
    async with database.write() as session:
        await frame_care.rest(session, await session.get_one(Frame, frame.id))
    again = await zoe.tap("", (message_id, f"badge:frame:{frame.id}"))  # which still stands under the picture
    assert again.text.endswith("Anneau") and f"1/{len(FRAMES)}" in again.buttons  # asked anew, among those in use
