"""The photo is brought nearer and moved by buttons: the message's picture changes, and the files show the same part."""

import io

import pytest
from PIL import Image, ImageOps

from bot.badge_draft import Draft, as_data, from_data, moved
from tests.bot.conftest import labels, saved, written
from tests.bot.test_badge import badge_in, look_of

ARROWS = {"left": "◀", "right": "▶", "up": "▲", "down": "▼", "in": "➕", "out": "➖"}


@pytest.fixture(scope="session")
def halves() -> bytes:
    """A wide photo, red on its left and blue on its right."""
    picture = Image.new("RGB", (800, 400), "#D01020")
    picture.paste("#1020D0", (400, 0, 800, 400))
    return saved(picture, "PNG")


def redness(picture) -> float:
    """Which part of the line in the middle of a badge's window is red."""
    line = [picture.convert("RGB").getpixel((x, 480)) for x in range(300, 780)]
    return sum(r > b for r, _g, b in line) / len(line)


async def look(zoe, photo):
    await zoe.join()
    return (await zoe.see_badge(photo)).messages[0]["message_id"]


async def press(zoe, message_id, label):
    data = labels(await zoe.message(message_id))[label]
    return await zoe.tap("", (message_id, data))


async def test_the_arrows_move_the_photo_in_the_same_message(zoe, sandbox, halves):
    message_id = await look(zoe, halves)
    assert redness(await look_of(sandbox, await zoe.message(message_id))) == pytest.approx(0.5, abs=0.05)
    reply = await press(zoe, message_id, "◀")
    assert reply.messages == []
    assert redness(await look_of(sandbox, await zoe.message(message_id))) < 0.45  # the red half goes out to the left
    for _ in range(2):
        await press(zoe, message_id, "▶")
    shown = await zoe.message(message_id)
    assert redness(await look_of(sandbox, shown)) > 0.55
    assert "Votre badge, Zoé !" in written(shown)  # the words stay


async def test_nearer_shows_less_of_the_photo(zoe, sandbox, small):
    message_id = await look(zoe, small)
    far = await look_of(sandbox, await zoe.message(message_id))
    await press(zoe, message_id, "➕")
    near = await look_of(sandbox, await zoe.message(message_id))
    await press(zoe, message_id, "➖")
    again = await look_of(sandbox, await zoe.message(message_id))
    assert far.tobytes() == again.tobytes() != near.tobytes()


async def test_the_file_shows_what_was_looked_at(zoe, sandbox, halves):
    message_id = await look(zoe, halves)
    for _ in range(3):
        await press(zoe, message_id, "▶")
    seen = redness(await look_of(sandbox, await zoe.message(message_id)))
    assert redness(await badge_in(sandbox, await zoe.tap("badge:file:square"))) == pytest.approx(seen, abs=0.02)
    assert seen > 0.6


@pytest.mark.parametrize(
    ("language", "sentence"), [("fr", "On ne peut pas aller plus loin"), ("en", "It goes no further this way")]
)
async def test_at_the_edge_a_tap_says_so_and_renders_nothing(
    person, life, campaign, sandbox, halves, language, sentence
):
    zoe = await person("Zoé", language)
    message_id = await look(zoe, halves)
    for _ in range(9):
        said = await press(zoe, message_id, "▶")
        if sentence in said.toast:
            break
    else:
        raise AssertionError("no edge")
    before = len(await sandbox.requests("telegram", "getFile"))
    assert sentence in (await press(zoe, message_id, "▶")).toast
    assert len(await sandbox.requests("telegram", "getFile")) == before


async def test_ten_taps_on_one_button_go_one_step(zoe, sandbox, small, tap_often):
    message_id = await look(zoe, small)
    before = len(await sandbox.requests("telegram", "getFile"))
    await tap_often(zoe, labels(await zoe.message(message_id))["➕"], 10)
    assert len(await sandbox.requests("telegram", "getFile")) == before + 1
    await press(zoe, message_id, "➖")
    assert labels(await zoe.message(message_id))["➖"] == "badge:edge"


async def test_a_crash_between_two_taps_leaves_buttons_that_work(zoe, life, sandbox, small):
    message_id = await look(zoe, small)
    gate = await sandbox.hold("telegram", "editMessageMedia", "after")  # the picture changed, and nothing was written
    await sandbox.tap(zoe.id, message_id, labels(await zoe.message(message_id))["➕"], wait=False)
    await sandbox.held(gate)
    await life.die()
    await sandbox.release(gate)
    await life.start()
    await sandbox.updates_taken()
    await press(zoe, message_id, "➕")
    zoom = from_data(labels(await zoe.message(message_id))["➕"].split(":")[2:])[2]
    assert zoom == pytest.approx(1.25**3, abs=0.01)


async def test_a_new_photo_is_seen_from_its_middle(zoe, sandbox, halves):
    message_id = await look(zoe, halves)
    for _ in range(3):
        await press(zoe, message_id, "◀")
    again = await zoe.send(halves)
    assert redness(await look_of(sandbox, again.messages[0])) == pytest.approx(0.5, abs=0.05)


@pytest.fixture(scope="session")
def aside(portrait: bytes) -> bytes:
    """A wide blue photo with a person at its right end."""
    with Image.open(io.BytesIO(portrait)) as stored:
        figure = ImageOps.exif_transpose(stored).resize((300, 320))
    picture = Image.new("RGB", (600, 320), "#1020D0")
    picture.paste(figure, (300, 0))
    return saved(picture, "JPEG")


def blueness(picture) -> float:
    """Which part of the line in the middle of a badge's window is as blue as the photo's left."""
    line = [picture.convert("RGB").getpixel((x, 480)) for x in range(300, 780)]
    return sum(r < 60 and b > 160 for r, _g, b in line) / len(line)


async def test_the_buttons_start_from_where_the_face_was_found(zoe, sandbox, aside):
    message_id = await look(zoe, aside)
    assert blueness(await look_of(sandbox, await zoe.message(message_id))) < 0.1  # a third of it, from the middle
    place = from_data(labels(await zoe.message(message_id))["➕"].split(":")[2:])
    await press(zoe, message_id, "➕")
    assert blueness(await look_of(sandbox, await zoe.message(message_id))) < 0.1
    await press(zoe, message_id, "▶")
    next_place = from_data(labels(await zoe.message(message_id))["➕"].split(":")[2:])
    assert 0.02 < place[0] - next_place[0] < 0.1  # a step, and no leap


async def test_another_frame_finds_the_face_anew_until_somebody_moves_the_photo(zoe, aside):
    message_id = await look(zoe, aside)
    await zoe.tap("badge:other:frame")
    again = await zoe.pick("Bandeau")
    message_id = again.messages[-1]["message_id"]
    place = from_data(labels(await zoe.message(message_id))["➕"].split(":")[2:])
    assert place[0] > 0.7
    await press(zoe, message_id, "◀" if labels(await zoe.message(message_id))["◀"] != "badge:edge" else "▶")
    chosen = labels(await zoe.message(message_id))["➕"]
    await zoe.tap("badge:other:frame")
    last = await zoe.pick("Ruban")
    assert labels(last.messages[-1])["➕"] == chosen


@pytest.mark.parametrize("sent_as", ["photo", "file"])
@pytest.mark.parametrize(("size", "still"), [((900, 300), "▲▼"), ((300, 900), "◀▶"), ((400, 400), "◀▶▲▼")])
async def test_a_side_that_shows_whole_cannot_be_moved(zoe, sent_as, size, still):
    picture = saved(Image.new("RGB", size, "#405060"), "JPEG")
    await zoe.join()
    if sent_as == "photo":
        await zoe.send(picture)
    else:
        await zoe.send_file(picture, "moi.jpg", "image/jpeg")
    await zoe.pick("Anneau")
    await zoe.tap("badge:name:none")
    message_id, _ = await zoe.find("badge:file:square")
    await press(zoe, message_id, "➕")
    await press(zoe, message_id, "➖")  # from here the crop is chosen by hand
    buttons = labels(await zoe.message(message_id))
    assert "".join(label for label in "◀▶▲▼" if buttons[label] == "badge:edge") == still


@pytest.mark.parametrize("forged", ["9:9:9", "500:500:99999", "x:y:z", "", "500:500", "500:500:1250:1", "-1:0:1000"])
async def test_a_crop_that_was_written_by_hand_changes_nothing(zoe, sandbox, life, small, forged):
    message_id = await look(zoe, small)
    data = f"badge:crop:{forged}"
    await life.runner.app.bot.edit_message_reply_markup(
        zoe.id, message_id, reply_markup={"inline_keyboard": [[{"text": "?", "callback_data": data}]]}
    )
    said = await zoe.tap("", (message_id, data))
    assert said.messages == []


# The steps themselves


@pytest.mark.parametrize("direction", ARROWS)
@pytest.mark.parametrize("shape", [0.0, 0.25, 0.75, 1.0, 1.78, 4.0])
def test_any_number_of_steps_stays_within_the_photo(direction, shape):
    draft = Draft(1, shape=shape)
    for _ in range(40):
        crop = moved(draft, direction)
        assert from_data(as_data(crop).split(":")) == crop  # a button holds it whole
        assert len(f"badge:crop:{as_data(crop)}".encode()) <= 64  # bytes; Telegram's limit
        draft = Draft(1, shape=shape, crop=crop)
    assert moved(draft, direction) == crop  # an edge


@pytest.mark.parametrize(("there", "back"), [("left", "right"), ("up", "down"), ("in", "out")])
def test_a_step_back_undoes_a_step(there, back):
    near = Draft(1, shape=0.8, crop=(0.5, 0.5, 1.563))
    step = Draft(1, shape=0.8, crop=moved(near, there))
    assert moved(step, back) == pytest.approx(near.crop, abs=0.002)
