"""/badge: a photo, a frame, a name; the badge to look at, and its files in full quality."""

import io

import pytest
from PIL import Image
from sqlmodel import col, select

from badges import FORMATS
from campaigns.models import Frame, Kind
from tests import hostile
from tests.bot.conftest import SITE, labels, saved, written
from tests.bot.lives import by_both_ways


async def badge_in(sandbox, reply):
    """The finished file of a reply, opened."""
    message = next(m for m in reply.messages if "document" in m)
    return Image.open(io.BytesIO(await sandbox.file(message["document"]["file_id"])))


async def look_of(sandbox, message):
    """The picture that a message shows now, opened."""
    return Image.open(io.BytesIO(await sandbox.file(message["photo"][-1]["file_id"])))


@pytest.mark.parametrize(
    ("language", "send", "which", "name", "done", "file", "note"),
    [
        (
            "fr",
            "Envoyez-moi votre photo",
            "Quel cadre voulez-vous ?",
            "Quel nom dois-je écrire ?",
            "Votre badge, Zoé !",
            "✅ OK : envoyez-moi le fichier",
            "Le même en pleine qualité : 1080 × 1080 pixels.",
        ),
        (
            "en",
            "Send me your photo",
            "Which frame do you want?",
            "Which name shall I write?",
            "Your badge, Zoé!",
            "✅ OK: send me the file",
            "The same in full quality: 1080 × 1080 pixels.",
        ),
    ],
)
async def test_a_photo_a_frame_and_a_name_make_a_badge(
    person, life, campaign, books, sandbox, small, language, send, which, name, done, file, note
):
    zoe = await person("Zoé", language)
    await zoe.join()
    assert send in (await zoe.say("/badge")).text
    asked = await zoe.send(small)
    assert which in asked.text and "photo" in asked.messages[0]  # what it looks like
    assert name in (await zoe.tap("badge:frame")).text
    look = await zoe.say("Zoé du Littoral")
    assert done in look.text and file in {written({"text": label}) for label in look.buttons}
    assert (await look_of(sandbox, look.messages[0])).size == (1080, 1080)
    made = await zoe.tap("badge:file:square")
    badge = await badge_in(sandbox, made)
    assert (badge.format, badge.size) == ("PNG", (1080, 1080)) and note in made.text
    document = next(m["document"] for m in made.messages if "document" in m)
    assert document["file_name"] == "badge-la-region-qui-ose.png"
    assert await books.count(zoe, Kind.badge_made) == 1
    assert await books.count(zoe, Kind.badge_downloaded) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
async def test_a_photo_may_come_as_a_file_and_without_the_command(zoe, sandbox, small, kind):
    await zoe.join()
    picture = saved(Image.open(io.BytesIO(small)), kind)
    asked = await zoe.send_file(picture, f"moi.{kind.lower()}", f"image/{kind.lower()}")
    assert "Quel cadre voulez-vous ?" in asked.text
    await zoe.tap("badge:frame")
    await zoe.tap("badge:name:none")
    assert (await badge_in(sandbox, await zoe.tap("badge:file:square"))).size == (1080, 1080)


async def test_a_phones_heic_becomes_a_badge_with_the_same_picture(zoe, sandbox):
    await zoe.join()
    asked = await zoe.send_file(hostile.plain("HEIC"), "IMG_0001.HEIC", "image/heic")
    assert "Quel cadre voulez-vous ?" in asked.text
    await zoe.pick("Anneau")
    look = await zoe.tap("badge:name:none")
    for picture in (
        await look_of(sandbox, look.messages[0]),
        await badge_in(sandbox, await zoe.tap("badge:file:square")),
    ):
        seen = [picture.convert("RGB").getpixel(at) for at in ((400, 400), (680, 400), (400, 680), (680, 680))]
        for one, other in zip(seen, (hostile.RED, hostile.BLUE, hostile.GREEN, hostile.YELLOW), strict=True):
            assert one == pytest.approx(other, abs=25)


@by_both_ways
async def test_the_name_changes_the_badge_and_no_name_leaves_it_out(zoe, sandbox, small):
    await zoe.join()
    seen = set()
    for answer in ("Zoé", "badge:name:mine", "badge:name:none"):
        await zoe.say("/badge")
        await zoe.see_badge(small, "Bandeau", answer)
        seen.add((await badge_in(sandbox, await zoe.tap("badge:file:square"))).tobytes())
    assert len(seen) == 2  # her name typed or by its button is the same


async def test_the_names_button_shows_the_first_name(zoe, small):
    await zoe.join()
    await zoe.send(small)
    assert list((await zoe.tap("badge:frame")).buttons) == ["Zoé", "Sans nom"]


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
    look = await zoe.see_badge(small, "Bandeau", name)
    assert (await look_of(sandbox, look.messages[0])).size == (1080, 1080)


async def test_a_first_name_like_markup_is_written_as_it_is(person, life, campaign, small):
    odd = await person("<b>Zoé</b> & {co}")
    await odd.join()
    assert "Votre badge, <b>Zoé</b> & {co} !" in (await odd.see_badge(small, name="badge:name:mine")).text


async def test_a_first_name_of_200_emoji_makes_a_badge_by_its_button(person, life, campaign, small):
    fox = await person("🦊" * 200)
    await fox.join()
    assert "Votre badge" in (await fox.see_badge(small, name="badge:name:mine")).text


async def test_letters_that_no_font_has_are_named_and_another_name_may_follow(zoe, small):
    await zoe.join()
    said = await zoe.see_badge(small, name="Zoé 選")
    assert "Aucune police n’a ces lettres : 選" in said.text
    assert "Votre badge" in (await zoe.say("Zoé")).text


async def test_a_new_photo_in_the_middle_takes_the_place_of_the_first_and_asks_nothing_again(zoe, sandbox, small):
    red, blue = (saved(Image.new("RGB", (300, 300), colour), "PNG") for colour in ("red", "blue"))
    await zoe.join()
    await zoe.send_file(red, "rouge.png", "image/png")
    await zoe.tap("badge:frame")
    assert "Quel nom" in (await zoe.send_file(blue, "bleu.png", "image/png")).text  # she changed her mind
    look = await zoe.say("Zoé")
    r, _g, b = (await look_of(sandbox, look.messages[0])).convert("RGB").getpixel((540, 400))
    assert b > 200 > 100 > r
    assert "Votre badge" in (await zoe.send(small)).text  # and again, with all known


async def test_frame_and_name_may_be_changed_when_the_badge_is_seen(zoe, sandbox, small):
    await zoe.join()
    first = await look_of(sandbox, (await zoe.see_badge(small, "Anneau", "Zoé")).messages[0])
    assert "Quel cadre" in (await zoe.tap("badge:other:frame")).text
    second = await look_of(sandbox, (await zoe.pick("Ruban")).messages[0])
    assert "Quel nom" in (await zoe.tap("badge:other:name")).text
    third = await look_of(sandbox, (await zoe.say("Zoé du Littoral")).messages[0])
    assert len({each.tobytes() for each in (first, second, third)}) == 3


async def test_each_format_comes_as_a_file_of_its_size(zoe, sandbox, small, books):
    await zoe.join()
    await zoe.see_badge(small)
    await zoe.tap("badge:file:square")
    for name in ("story", "cover", "banner", "profile"):
        made = await zoe.tap(f"badge:file:{name}")
        assert (await badge_in(sandbox, made)).size == FORMATS[name].size
        assert made.messages[0]["document"]["file_name"] == f"badge-la-region-qui-ose-{name}.png"
        assert f"{FORMATS[name].width} × {FORMATS[name].height}" in made.text
    assert await books.count(zoe, Kind.badge_downloaded) == 1  # one badge


async def test_all_formats_come_in_one_album_without_those_that_are_there(zoe, sandbox, small):
    await zoe.join()
    await zoe.see_badge(small)
    await zoe.tap("badge:file:square")
    await zoe.tap("badge:file:cover")
    album = await zoe.tap("badge:file:all")
    assert len({m["media_group_id"] for m in album.messages}) == 1
    sizes = [Image.open(io.BytesIO(await sandbox.file(m["document"]["file_id"]))).size for m in album.messages]
    assert sizes == [FORMATS[name].size for name in ("profile", "story", "banner")]
    assert len(await sandbox.requests("telegram", "getFile")) == 4  # the look, and three times files
    again = await zoe.tap("badge:file:all")
    assert again.messages == [] and "Vous l’avez déjà" in again.toast


async def test_all_five_formats_of_a_badge_that_was_moved_are_made_at_once(zoe, sandbox, small):
    await zoe.join()
    await zoe.see_badge(small)
    await zoe.tap("badge:file:square")
    await zoe.tap("badge:crop")
    before = len(await sandbox.requests("telegram", "getFile"))
    album = await zoe.tap("badge:file:all")
    assert len(album.messages) == len(FORMATS)
    assert len(await sandbox.requests("telegram", "getFile")) == before + 1
    await zoe.tap("badge:crop")
    assert len((await zoe.tap("badge:file:story")).messages) == 1  # the buttons of the first file stay good


async def test_a_file_goes_out_once_while_the_badge_stays_as_it_is(zoe, small, tap_often):
    await zoe.join()
    await zoe.see_badge(small)
    await tap_often(zoe, "badge:file:square", 10)
    assert sum("document" in m for m in await zoe.messages() if m["from"]["is_bot"]) == 1
    await zoe.tap("badge:crop")
    assert sum("document" in m for m in (await zoe.tap("badge:file:square")).messages) == 1  # it has changed


@pytest.mark.parametrize(("language", "seen"), [("fr", "Votre badge, Zoé"), ("en", "Your badge, Zoé")])
async def test_a_restart_between_any_two_steps_loses_nothing(person, life, campaign, sandbox, small, language, seen):
    zoe = await person("Zoé", language)
    await zoe.join()
    await life.restart()
    await zoe.say("/badge")
    await life.restart()
    await zoe.send(small)
    await life.restart()
    await zoe.pick("Ruban")
    await life.restart()
    assert seen in (await zoe.say("Zoé")).text
    await life.restart()
    await zoe.tap("badge:crop")
    await life.restart()
    made = await zoe.tap("badge:file:square")
    assert (await badge_in(sandbox, made)).size == (1080, 1080)
    await life.restart()
    assert (await badge_in(sandbox, await zoe.tap("badge:file:story"))).size == (1080, 1920)


# The profile photo


@pytest.mark.parametrize("joined", [True, False])
async def test_the_profile_photo_makes_a_badge(person, life, campaign, sandbox, joined):
    awa = await person("Awa", photo="shown")
    await sandbox.set_profile_photo(awa.id, saved(Image.new("RGB", (640, 640), "#2040C0"), "JPEG"))
    if joined:
        await awa.join()
    await awa.say("/badge")
    assert "Quel cadre" in (await awa.tap("badge:mine")).text
    await awa.tap("badge:frame")
    look = await awa.tap("badge:name:none")
    r, _g, b = (await look_of(sandbox, look.messages[0])).convert("RGB").getpixel((540, 400))
    assert b > 170 > 60 > r


@pytest.mark.parametrize("photo", ["hidden", "none"])
@pytest.mark.parametrize(
    ("language", "sentence"),
    [("fr", "réglages de confidentialité me cachent votre photo"), ("en", "privacy settings hide your profile photo")],
)
async def test_a_profile_photo_that_is_hidden_is_said_to_be_and_one_may_be_sent(
    person, life, campaign, small, photo, language, sentence
):
    awa = await person("Awa", language, photo=photo)
    await awa.join()
    await awa.say("/badge")
    said = await awa.tap("badge:mine")
    assert sentence in said.text and len(said.messages) == 1
    assert "photo" in (await awa.send(small)).messages[0]  # the frames


async def test_the_profile_photo_tapped_ten_times_asks_for_a_frame_once(person, life, campaign, tap_often):
    awa = await person("Awa", photo="shown")
    await awa.join()
    await awa.say("/badge")
    await tap_often(awa, "badge:mine", 10)
    assert sum("Quel cadre" in written(m) for m in await awa.messages()) == 1


# The Mini App


async def test_the_badge_maker_opens_inside_of_telegram_where_the_site_has_https(zoe):
    await zoe.join()
    [asked] = (await zoe.say("/badge")).messages
    buttons = [b for row in asked["reply_markup"]["inline_keyboard"] for b in row]
    [maker] = [b for b in buttons if "web_app" in b]
    assert maker["web_app"] == {"url": f"{SITE}/c/la-region-qui-ose/badge/app"}


@pytest.mark.parametrize("public_url", ["http://exemple.fr", ""])
async def test_without_https_there_is_no_such_button(zoe, life, house, public_url):
    house.settings.public_url = public_url
    await zoe.join()
    assert list((await zoe.say("/badge")).buttons) == ["👤 Prendre ma photo de profil"]


# Who, and for whom


async def test_a_stranger_may_make_a_badge_and_leaves_no_trace_but_a_count(zoe, books, sandbox, small):
    await zoe.see_badge(small, name="Zoé Dupont")
    made = await zoe.tap("badge:file:square")
    assert (await badge_in(sandbox, made)).size == (1080, 1080)
    assert len(made.messages) == 1 and not any("mur" in label for label in made.buttons)  # nothing is asked
    await zoe.tap("badge:end")
    left = await books.everything()
    assert str(zoe.id) not in left and "Dupont" not in left
    assert await books.count_of_all(Kind.badge_made) == 1


async def test_with_several_campaigns_a_stranger_is_asked_to_choose_first(zoe, rival, small):
    for said in (await zoe.send(small), await zoe.say("/badge")):
        assert "Rejoignez d’abord la campagne : /start" in said.text


async def _keep_frames(database, *designs):
    async with database.write() as session:
        for frame in await session.scalars(select(Frame)):
            if frame.design not in designs:
                await session.delete(frame)


async def test_a_campaign_with_one_frame_asks_for_the_name_at_once(zoe, database, small):
    await _keep_frames(database, "banner")
    await zoe.join()
    assert "Quel nom dois-je écrire ?" in (await zoe.send(small)).text
    assert "Votre badge" in (await zoe.say("Zoé")).text


async def test_a_campaign_without_a_frame_says_so(zoe, database, small):
    await _keep_frames(database)
    await zoe.join()
    assert "pas encore de cadre" in (await zoe.send(small)).text


async def test_who_is_not_counted_gets_the_badge_all_the_same(zoe, books, sandbox, small):
    await zoe.join(counting=False)
    await zoe.see_badge(small)
    assert (await badge_in(sandbox, await zoe.tap("badge:file:square"))).size == (1080, 1080)
    assert await books.count(zoe, Kind.badge_made) == 0
    assert await books.count_of_all(Kind.badge_made) == 1


async def test_a_rivals_frame_is_never_put_on_a_badge(zoe, rival, small, database):
    """The dialogue turned to another campaign in the middle: its own frames are offered."""
    await zoe.join("c-la-region-qui-ose")
    await zoe.see_badge(small)
    await zoe.start("c-rivale")
    said = await zoe.tap("badge:file:square")
    assert "Quel cadre" in said.text and not any("document" in m for m in said.messages)
    offered = labels(next(m for m in said.messages if "photo" in m))
    async with database.read() as session:
        its = await session.scalar(select(Frame).where(col(Frame.campaign_id) == rival.id, col(Frame.position) == 0))
    assert f"badge:frame:{its.id}" in offered.values()
