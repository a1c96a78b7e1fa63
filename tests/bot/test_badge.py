"""/badge: a photo, a frame, a name; the badge to look at and the file in full quality. The photo is kept nowhere."""

import io

import pytest
from PIL import Image

from campaigns.models import Frame, Kind
from tests.bot.conftest import saved


async def badge_in(sandbox, reply):
    """The finished file of a reply, opened."""
    message = next(m for m in reply.messages if "document" in m)
    return Image.open(io.BytesIO(await sandbox.file(message["document"]["file_id"])))


@pytest.mark.parametrize(
    ("language", "send", "which", "name", "done"),
    [
        (
            "fr",
            "Envoyez-moi votre photo",
            "Quel cadre voulez-vous ?",
            "Quel nom dois-je écrire ?",
            "Votre badge, Zoé !",
        ),
        ("en", "Send me your photo", "Which frame do you want?", "Which name shall I write?", "Your badge, Zoé!"),
    ],
)
async def test_a_photo_a_frame_and_a_name_make_a_badge(
    person, life, campaign, books, sandbox, small, language, send, which, name, done
):
    zoe = await person("Zoé", language)
    await zoe.join()
    assert send in (await zoe.say("/badge")).text
    asked = await zoe.send(small)
    assert which in asked.text and list(asked.buttons) == ["Anneau", "Bandeau", "Ruban"]
    assert "photo" in asked.messages[0]  # what they look like
    assert name in (await zoe.tap("badge:frame:ring")).text
    made = await zoe.say("Zoé du Littoral")
    assert done in made.text
    badge = await badge_in(sandbox, made)
    assert (badge.format, badge.size) == ("PNG", (1080, 1080))
    document = made.messages[-1]["document"]
    assert document["file_name"] == "badge-la-region-qui-ose.png"
    assert await books.count(zoe, Kind.badge_made) == 1
    assert await books.count(zoe, Kind.badge_downloaded) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
async def test_a_photo_may_come_as_a_file_and_without_the_command(zoe, sandbox, small, kind):
    await zoe.join()
    picture = saved(Image.open(io.BytesIO(small)), kind)
    asked = await zoe.send_file(picture, f"moi.{kind.lower()}", f"image/{kind.lower()}")
    assert "Quel cadre voulez-vous ?" in asked.text
    await zoe.tap("badge:frame:banner")
    assert (await badge_in(sandbox, await zoe.tap("badge:name:none"))).size == (1080, 1080)


async def test_the_name_changes_the_badge_and_no_name_leaves_it_out(zoe, sandbox, small):
    await zoe.join()
    seen = set()
    for answer in ("Zoé", "badge:name:mine", "badge:name:none"):
        await zoe.send(small)
        await zoe.tap("badge:frame:banner")
        made = await (zoe.tap(answer) if answer.startswith("badge:") else zoe.say(answer))
        seen.add((await badge_in(sandbox, made)).tobytes())
    assert len(seen) == 2  # her name typed or by its button is the same


async def test_the_names_button_shows_the_first_name(zoe, small):
    await zoe.join()
    await zoe.send(small)
    assert list((await zoe.tap("badge:frame:ring")).buttons) == ["Zoé", "Sans nom"]


@pytest.mark.parametrize(
    "name",
    [
        "🦊 Renarde 🇫🇷",
        "زينب بن علي",  # right to left
        "Zo\u202eé\u200f",  # direction marks alone
        "<b>Zoé</b> & {co}",
        "Zoé " * 50,  # 200 characters
    ],
)
async def test_any_name_gives_a_badge(zoe, sandbox, small, name):
    await zoe.join()
    await zoe.send(small)
    await zoe.tap("badge:frame:banner")
    assert (await badge_in(sandbox, await zoe.say(name))).size == (1080, 1080)


async def test_a_first_name_like_markup_is_written_as_it_is(person, life, campaign, small):
    odd = await person("<b>Zoé</b> & {co}")
    await odd.join()
    await odd.send(small)
    await odd.tap("badge:frame:ring")
    assert "Votre badge, <b>Zoé</b> & {co} !" in (await odd.tap("badge:name:mine")).text


async def test_a_first_name_of_200_emoji_makes_a_badge_by_its_button(person, life, campaign, sandbox, small):
    fox = await person("🦊" * 200)
    await fox.join()
    await fox.send(small)
    await fox.tap("badge:frame:ring")
    assert (await badge_in(sandbox, await fox.tap("badge:name:mine"))).size == (1080, 1080)


async def test_letters_that_no_font_has_are_named_and_another_name_may_follow(zoe, sandbox, small):
    await zoe.join()
    await zoe.send(small)
    await zoe.tap("badge:frame:ring")
    said = await zoe.say("Zoé 選")
    assert "Aucune police n’a ces lettres : 選" in said.text
    assert (await badge_in(sandbox, await zoe.say("Zoé"))).size == (1080, 1080)


async def test_a_new_photo_in_the_middle_takes_the_place_of_the_first(zoe, sandbox, small):
    red, blue = (saved(Image.new("RGB", (300, 300), colour), "PNG") for colour in ("red", "blue"))
    await zoe.join()
    await zoe.send_file(red, "rouge.png", "image/png")
    await zoe.tap("badge:frame:ring")
    await zoe.send_file(blue, "bleu.png", "image/png")  # she changed her mind
    assert "Choisissez un cadre" in (await zoe.say("Zoé")).text
    await zoe.tap("badge:frame:ring")
    badge = await badge_in(sandbox, await zoe.say("Zoé"))
    r, _g, b = badge.convert("RGB").getpixel((540, 400))
    assert b > 200 > 100 > r


async def test_a_restart_between_any_two_steps_loses_nothing(zoe, life, sandbox, small):
    await zoe.join()
    await life.restart()
    await zoe.say("/badge")
    await life.restart()
    await zoe.send(small)
    await life.restart()
    await zoe.tap("badge:frame:ring")
    await life.restart()
    assert (await badge_in(sandbox, await zoe.say("Zoé"))).size == (1080, 1080)


async def test_the_photo_is_stored_nowhere(zoe, books, small, tmp_path):
    await zoe.join()
    before = {file.name for file in tmp_path.rglob("*")}
    await zoe.say("/badge")
    await zoe.send(small)
    received = (await zoe.messages())[-2]["photo"][-1]
    held = await zoe.sandbox.file(received["file_id"])
    await zoe.tap("badge:frame:ring")
    assert received["file_id"] in await books.everything()  # Telegram's own reference, while it is needed
    await zoe.say("Zoé")
    assert received["file_id"] not in await books.everything()
    left = {file.name for file in tmp_path.rglob("*")}
    assert {name.removesuffix("-wal").removesuffix("-shm") for name in left - before} <= before
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            for part in (small[200:232], held[200:232]):
                assert part not in content, file


async def test_a_stranger_may_make_a_badge_and_leaves_no_trace_but_a_count(zoe, books, sandbox, small):
    await zoe.send(small)
    await zoe.tap("badge:frame:ring")
    assert (await badge_in(sandbox, await zoe.say("Zoé Dupont"))).size == (1080, 1080)
    left = await books.everything()
    assert str(zoe.id) not in left and "Dupont" not in left
    assert await books.count_of_all(Kind.badge_made) == 1


async def test_with_several_campaigns_a_stranger_is_asked_to_choose_first(zoe, rival, small):
    for said in (await zoe.send(small), await zoe.say("/badge")):
        assert "Rejoignez d’abord la campagne : /start" in said.text


async def test_a_campaign_with_one_frame_asks_for_the_name_at_once(zoe, database, small):
    async with database.write() as session:
        for frame in (await session.get(Frame, 1), await session.get(Frame, 3)):
            await session.delete(frame)
    await zoe.join()
    assert "Quel nom dois-je écrire ?" in (await zoe.send(small)).text


async def test_who_is_not_counted_gets_the_badge_all_the_same(zoe, books, sandbox, small):
    await zoe.join(counting=False)
    await zoe.send(small)
    await zoe.tap("badge:frame:ring")
    assert (await badge_in(sandbox, await zoe.tap("badge:name:none"))).size == (1080, 1080)
    assert await books.count(zoe, Kind.badge_made) == 0
    assert await books.count_of_all(Kind.badge_made) == 1
