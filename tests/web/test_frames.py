"""An admin's page of the badge's frames: what is offered, what is added and looked at first, and what is refused in words."""

import asyncio
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw
from sqlmodel import col, select

from badges import DESIGNS
from badges.starting_frame import write_starting_frame
from campaigns import installation
from campaigns.models import Audit, Campaign, Frame, Role
from tests.web.conftest import PASSWORD

HERE = "/console/c/orne/setup/frames"
HOLE = (140, 140, 939, 939)


def png(
    size: tuple[int, int] = (1080, 1080), hole: tuple[int, int, int, int] | None = HOLE, kind: str = "PNG"
) -> bytes:
    picture = Image.new("RGBA" if kind == "PNG" else "RGB", size, (200, 30, 60))
    if kind == "PNG":
        picture.putalpha(255)
    if hole:
        ImageDraw.Draw(picture).ellipse(hole, fill=(0, 0, 0, 0))
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def packed(folder: Path, inside: str = "", **more: bytes) -> bytes:
    """A zip of a frame's folder, as a designer's system makes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for each in sorted(folder.iterdir()):
            archive.write(each, inside + each.name)
        for name, content in more.items():
            archive.writestr(name.replace("__", "/"), content)
    return file.getvalue()


@pytest.fixture
async def admin(world: Any, enter: Any) -> str:
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Alix", PASSWORD, Role.admin, world.clock()
        )
    token: str = await enter("admin@example.org")
    return token


@pytest.fixture
def upload(browser: httpx.AsyncClient, admin: str) -> Callable[..., Any]:
    async def send(data: bytes, file: str = "rond.png", client: Any = None, **fields: str) -> httpx.Response:
        form = {"csrf": admin, "name": "Le rond", "territory": ""} | fields
        return await (client or browser).post(HERE, data=form, files={"file": (file, data, "image/png")})

    return send


@pytest.fixture
def act(browser: httpx.AsyncClient, admin: str) -> Callable[..., Any]:
    async def press(frame: Frame, move: str) -> httpx.Response:
        return await browser.post(f"{HERE}/{frame.id}/{move}", data={"csrf": admin})

    return press


def left_behind(folder: Path) -> list[Path]:
    """The files and folders under the frames' folder, but for the campaign's own."""
    return [each for each in folder.rglob("*") if each.name != "orne"]


async def frames(world: Any, design: str | None = None) -> list[Frame]:
    """The campaign's, or its designers' alone."""
    async with world.database.read() as session:
        known = await installation.frames(session, world.orne.id)
    return [each for each in known if design is None or each.design.startswith(design)]


async def offered(browser: httpx.AsyncClient) -> str:
    return (await browser.get("/c/orne/badge")).text


async def test_the_campaigns_frames_stand_there_with_a_picture_of_each(
    world: Any, browser: httpx.AsyncClient, admin: str
) -> None:
    page = (await browser.get(HERE)).text
    ring = (await frames(world))[0]
    assert page.count("<article") == len(DESIGNS) and "Anneau" in page and "shown first" in page
    picture = await browser.get(f"{HERE}/{ring.id}.webp")
    assert picture.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(picture.content)) as shown:
        assert shown.size == (354, 476) and len(shown.convert("RGB").getcolors(1_000_000) or []) > 1000
    other = (await browser.get(f"{HERE}/{(await frames(world))[1].id}.webp")).content
    assert other != picture.content


async def test_a_frame_is_added_looked_at_put_in_use_and_taken_out(
    world: Any, browser: httpx.AsyncClient, upload: Any, act: Any
) -> None:
    answer = await upload(png())
    [frame] = await frames(world, "le-rond-")
    assert answer.status_code == 303 and answer.headers["location"] == f"{HERE}#frame-{frame.id}"
    page = (await browser.get(HERE)).text
    assert "Le rond" in page and f"Key: {frame.design}" in page and "Square, Profile picture" in page
    assert (await browser.get(f"{HERE}/{frame.id}.webp")).status_code == 200
    assert frame.design not in await offered(browser)  # looked at first
    assert (await browser.get(f"/c/orne/frames/{frame.design}.png")).status_code == 404

    await act(frame, "use")
    assert f"/c/orne/frames/{frame.design}.png" in await offered(browser)  # at once
    assert (await browser.get(f"/c/orne/frames/{frame.design}.png")).status_code == 200
    made = await browser.post(
        "/c/orne/badge/picture",
        data={"frame": frame.design, "name": "Zoé", "format": "square"},
        files={"photo": ("a.jpg", png(hole=None, kind="JPEG"), "image/jpeg")},
    )
    assert made.status_code == 200 and made.headers["content-type"] == "image/jpeg"

    await act(frame, "first")
    assert (await frames(world))[0].id == frame.id
    page = await offered(browser)
    assert page.index(f"frames/{frame.design}.png") < page.index("frames/ring.png")
    await act(frame, "rest")
    assert frame.design not in await offered(browser)
    assert (await act(frame, "remove")).headers["location"] == HERE
    assert await frames(world, "le-rond-") == []
    assert left_behind(world.settings.frames_dir) == []
    async with world.database.read() as session:
        done = (await session.execute(select(Audit.action, Audit.detail).order_by(col(Audit.id)))).all()
    acts = ["frame added", "frame put in use", "frame put first", "frame taken out of use", "frame thrown away"]
    assert [tuple(each) for each in done if each[0].startswith("frame")] == [(each, "Le rond") for each in acts]
    trail = (await browser.get("/console/c/orne/setup/audit")).text
    assert "put a frame in use" in trail


@pytest.mark.parametrize("inside", ["", "national/", "cadres/national/"])
async def test_a_designers_folder_comes_as_a_zip(
    world: Any, browser: httpx.AsyncClient, upload: Any, tmp_path: Path, inside: str
) -> None:
    write_starting_frame(tmp_path / "national")
    data = packed(tmp_path / "national", inside, __MACOSX__x=b"x", **{f"{inside}.DS_Store": b"x"})
    assert (await upload(data, "national.zip", name="Le cadre national")).status_code == 303
    [frame] = await frames(world, "le-cadre-national-")
    kept = world.settings.frames_dir / "orne" / frame.design
    assert sorted(each.name for each in kept.iterdir()) == ["frame.toml", "square.png", "story.png"]
    assert "Square, Story" in (await browser.get(HERE)).text


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Le rond", ".."),  # names that lead elsewhere, or that no disk takes
        ("Le rond", "../../rond.png"),
        ("Le rond", "C:\\cadres\\rond.png"),
        ("Le rond", "é" * 300 + ".png"),
        ("x" * 60, "rond.png"),
        ("إطار", "إطار.png"),
        ("🌹", "🌹.png"),
    ],
)
async def test_a_frame_and_its_file_may_have_any_name(
    world: Any, browser: httpx.AsyncClient, upload: Any, act: Any, name: str, file: str
) -> None:
    before = {each.id for each in await frames(world)}
    assert (await upload(png(), file, name=name)).status_code == 303
    [frame] = [each for each in await frames(world) if each.id not in before]
    assert (await act(frame, "use")).status_code == 303
    assert (await browser.get(f"/c/orne/frames/{frame.design}.png")).status_code == 200
    assert [each.name for each in left_behind(world.settings.frames_dir)] == [f"{frame.design}.png"]


async def test_the_folder_to_start_from_comes_back_as_a_frame(
    world: Any, browser: httpx.AsyncClient, upload: Any, admin: str
) -> None:
    start = await browser.get(f"{HERE}/start.zip")
    assert start.headers["content-type"] == "application/zip"
    assert (await upload(start.content, "frame.zip")).status_code == 303


async def test_a_territorys_frame_takes_up_the_national_one_which_then_stays(
    world: Any, browser: httpx.AsyncClient, upload: Any, act: Any, tmp_path: Path
) -> None:
    async with world.database.write() as session:
        place = await installation.add_territory(session, world.orne.id, "Flers")
    write_starting_frame(tmp_path / "national")
    await upload(packed(tmp_path / "national"), "national.zip", name="National")
    [national] = await frames(world, "national-")
    (tmp_path / "flers").mkdir()
    (tmp_path / "flers" / "frame.toml").write_text(
        f'inherits = "{national.design}"\n[text.name]\ncolour = "secondary"\n'
    )
    await upload(packed(tmp_path / "flers"), "flers.zip", name="Flers", territory=str(place.id))
    [flers] = await frames(world, "flers-")
    await act(flers, "use")
    assert flers.design not in await offered(browser)
    assert flers.design in (await browser.get(f"/c/orne/badge?section={place.id}")).text
    refused = await act(national, "remove")
    assert refused.status_code == 422 and "“Flers” takes this frame up" in refused.text


def wrong_folder(text: str) -> Callable[[Path], bytes]:
    def made(place: Path) -> bytes:
        folder = place / "wrong"
        write_starting_frame(folder)
        (folder / "frame.toml").write_text(text, "utf-8")
        return packed(folder)

    return made


def bomb(place: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("frame.toml", "")
        archive.writestr("square.png", bytes(80_000_000))
    return file.getvalue()


def way_out(place: Path) -> bytes:
    """Whose names lead elsewhere: nothing of it is written outside of the frame's own folder."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../out/frame.toml", '[square]\npicture = "../../secret.png"\n')
    return file.getvalue()


BAD = [  # the file's name, how it is made, what is said
    ("photo.png", lambda _: png(kind="JPEG", hole=None), "photo.png n’est pas un PNG"),  # the content decides
    ("plein.png", lambda _: png(hole=None), "il ne laisse passer aucune photo"),
    ("petit.png", lambda _: png((300, 700), (50, 50, 250, 250)), "il mesure 300 x 700, ce qui n’est aucun format"),
    ("vide.png", lambda _: b"", "vide.png n’est pas un PNG"),
    ("coupe.png", lambda _: png()[:400], "coupe.png est illisible"),
    ("lourd.png", lambda _: b"\x89PNG\r\n\x1a\n" + bytes(60_000_000), "lourd.png pèse plus de 20 Mo"),
    ("coupe.zip", lambda _: b"PK\x03\x04" + b"x" * 400, "le zip est illisible"),
    ("sans.zip", lambda place: packed(place / "x") if (place / "x").mkdir() is None else b"", "n’est pas"),
    ("bombe.zip", bomb, "déplié, il pèse plus de 60 Mo"),
    ("dehors.zip", way_out, "frame.toml, ligne 2, square.picture"),
    ("faux.zip", wrong_folder("[square]\npicture = 7\n"), "frame.toml, ligne 2, square.picture"),
    ("faux.zip", wrong_folder("# nothing\n"), "aucun format n’est donné"),
    ("faux.zip", wrong_folder('[square]\npicture = "square.png"\n[square.nam]\nbox = [1]'), "vouliez-vous écrire"),
    ("faux.zip", wrong_folder('inherits = "ailleurs"\n'), "il n’y a pas de dossier"),
]


@pytest.mark.parametrize(("file", "make", "said"), BAD)
async def test_what_is_no_frame_is_refused_in_words_and_nothing_is_lost(
    world: Any, visit: Any, enter: Any, upload: Any, tmp_path: Path, file: str, make: Any, said: str
) -> None:
    async with visit(**{"accept-language": "fr"}) as browser:
        token = await enter("admin@example.org", browser)
        answer = await upload(make(tmp_path), file, browser, csrf=token, name="Le « grand » rond")
    assert answer.status_code == 422, answer.status_code
    text = answer.text.replace("\u202f", " ").replace("&#34;", '"')
    assert said in text and "Le « grand » rond" in text
    assert str(world.settings.frames_dir) not in text  # this machine's folders are nobody's business
    assert await frames(world, "le-grand") == []
    assert left_behind(world.settings.frames_dir) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Give the frame a name of at most 60 letters."),
        ({"name": "x" * 61}, "Give the frame a name of at most 60 letters."),
    ],
)
async def test_a_frame_needs_a_name(world: Any, upload: Any, fields: dict[str, str], said: str) -> None:
    answer = await upload(png(), **fields)
    assert answer.status_code == 422 and said in answer.text and await frames(world, "le-rond") == []


async def test_a_frame_needs_a_file(world: Any, browser: httpx.AsyncClient, admin: str) -> None:
    answer = await browser.post(HERE, data={"csrf": admin, "name": "Le rond"})
    assert answer.status_code == 422 and "Choose the frame&#39;s file." in answer.text


async def test_more_than_a_form_may_weigh_is_told_on_the_same_page(upload: Any) -> None:
    answer = await upload(bytes(70_000_000))
    assert answer.status_code == 413 and "a picture may weigh 20 MB" in answer.text


async def test_the_same_frame_is_not_kept_twice(world: Any, upload: Any) -> None:
    await upload(png())
    answer = await upload(png())
    assert answer.status_code == 422 and "This frame is there already" in answer.text
    assert len(await frames(world, "le-rond-")) == 1


async def test_a_button_that_is_pressed_twice_adds_one_frame(world: Any, upload: Any) -> None:
    answers = await asyncio.gather(*(upload(png()) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [303, 422, 422]
    [frame] = await frames(world, "le-rond-")
    assert [each.name for each in left_behind(world.settings.frames_dir)] == [f"{frame.design}.png"]


async def test_a_frame_without_room_for_who_pays_is_refused_to_a_campaign_that_must_say_it(
    world: Any, browser: httpx.AsyncClient, upload: Any, act: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "square.png").write_bytes(png())
    (folder / "frame.toml").write_text('[square]\npicture = "square.png"\n')
    assert (await upload(packed(folder), "f.zip", name="Sans mention")).status_code == 303
    [frame] = await frames(world, "sans-mention-")
    async with world.database.write() as session:
        (await session.get_one(Campaign, world.orne.id)).sponsor_line = "Payé par l’association Des trains"
    assert "cannot be drawn" in (await browser.get(HERE)).text
    refused = await act(frame, "use")
    assert refused.status_code == 422 and "The line that says who pays has no room" in refused.text
    assert not (await frames(world, "sans-mention-"))[0].in_use
    again = await upload(packed(folder, **{"lisez.txt": b""}), "f.zip", name="Encore")
    assert again.status_code == 422 and "The line that says who pays has no room" in again.text


async def test_everybody_keeps_one_frame_and_the_programs_own_are_not_thrown_away(
    world: Any, browser: httpx.AsyncClient, act: Any
) -> None:
    *others, last = await frames(world)
    for each in others:
        assert (await act(each, "rest")).status_code == 303
    kept = await act(last, "rest")
    assert kept.status_code == 422 and "the last frame that everybody has" in kept.text
    assert (await browser.get("/c/orne/badge")).text.count('name="frame"') == 1
    refused = await act(others[0], "remove")
    assert refused.status_code == 422 and "not thrown away" in refused.text
    assert (await act(last, "remove")).status_code == 422  # in use


async def test_a_frame_whose_files_are_gone_says_so(
    world: Any, browser: httpx.AsyncClient, upload: Any, act: Any
) -> None:
    await upload(png())
    [frame] = await frames(world, "le-rond-")
    (world.settings.frames_dir / "orne" / f"{frame.design}.png").unlink()
    assert "Its files are gone from the data folder" in (await browser.get(HERE)).text
    assert (await act(frame, "use")).status_code == 422
    assert (await act(frame, "remove")).status_code == 303


async def test_another_campaigns_frame_is_neither_seen_nor_moved(
    world: Any, browser: httpx.AsyncClient, enter: Any, upload: Any
) -> None:
    await upload(png())
    [frame] = await frames(world, "le-rond-")
    token = await enter("rival@example.org")
    there = f"/console/c/caux/setup/frames/{frame.id}"
    assert (await browser.get(f"{there}.webp")).status_code == 404
    assert (await browser.post(f"{there}/use", data={"csrf": token})).status_code == 404
    assert frame.design not in (await browser.get("/console/c/caux/setup/frames")).text
