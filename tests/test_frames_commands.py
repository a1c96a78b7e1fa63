"""The frames' commands as a campaign's designer meets them."""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.program import Program


async def done(program: Program, *arguments: str) -> str:
    code, said = await program.call("frames", *arguments)
    assert code == 0, said
    return " ".join(said.split())


async def refused(program: Program, *arguments: str) -> str:
    code, said = await program.call("frames", *arguments)
    assert code == 1, said
    assert "Traceback" not in said
    return " ".join(said.split())


@pytest.fixture
def lone(tmp_path: Path) -> Path:
    picture = Image.new("RGBA", (1080, 1080), (200, 30, 60, 255))
    ImageDraw.Draw(picture).ellipse((140, 140, 939, 939), fill=(0, 0, 0, 0))
    picture.save(tmp_path / "rond.png")
    return tmp_path / "rond.png"


async def test_a_designers_way_from_new_to_a_campaigns_frame(program: Program, tmp_path: Path) -> None:
    folder, picture = tmp_path / "national", tmp_path / "preview.png"
    assert "is written" in await done(program, "new", str(folder))
    said = await done(program, "check", str(folder))
    assert re.search(
        r"✓ square \(1080 x 1080\): the photo is at 0, 0 and 1080 x 764 large; name, slogan, section", said
    )
    await done(program, "preview", str(folder), "--out", str(picture), "--name", "Zoé", "--section", "Lille")
    with Image.open(picture) as preview:
        assert preview.format == "PNG" and len(preview.getcolors(1_000_000) or []) > 500
    assert "“Le cadre” (national) is a frame of" in await done(program, "add", str(folder), "--name", "Le cadre")
    listed = await done(program, "list")
    assert "ring Anneau everywhere square, profile, story, cover, banner" in listed
    assert "national Le cadre everywhere square, story" in listed
    shutil.rmtree(folder)  # the campaign keeps its own copy
    await done(program, "preview", "national", "--out", str(picture))


async def test_a_sections_frame_needs_the_one_that_it_takes_up(program: Program, tmp_path: Path) -> None:
    await done(program, "new", str(tmp_path / "national"))
    section = tmp_path / "lille"
    section.mkdir()
    (section / "frame.toml").write_text('inherits = "national"\n[text.name]\ncolour = "secondary"\n')
    await done(program, "check", str(section))
    said = await refused(program, "add", str(section), "--name", "Lille")
    assert "frame.toml, line 1, inherits: there is no folder" in said and "Add the frame that it takes up first" in said
    await done(program, "add", str(tmp_path / "national"), "--name", "Le cadre")
    code, said = await program.call("territories", "add", "Lille")
    assert code == 0, said
    await done(program, "add", str(section), "--name", "Lille", "--territory", "Lille")
    assert "lille Lille Lille square, story" in await done(program, "list")


async def test_a_lone_png_becomes_a_frame_and_is_replaced_by_its_next_version(program: Program, lone: Path) -> None:
    said = await done(program, "check", str(lone))
    assert "square (1080 x 1080): the photo is at 140, 140 and 800 x 800 large; name, sponsor" in said
    for name in ("Le rond", "Le grand rond"):
        await done(program, "add", str(lone), "--name", name)
    assert "rond Le grand rond everywhere square, profile" in await done(program, "list")


async def test_check_says_that_a_frame_has_no_room_for_who_pays(program: Program, lone: Path) -> None:
    folder = lone.parent / "f"
    folder.mkdir()
    shutil.copy(lone, folder / "square.png")
    (folder / "frame.toml").write_text('[square]\npicture = "square.png"\n')
    assert "square: no room to say who pays" in await done(program, "check", str(folder))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "nowhere"), "there is no nowhere; name a folder with frame.toml or a PNG"),
        (("check", "."), "frame.toml: the file is missing; `frames new FOLDER` writes one"),
        (("preview", "star", "--out", "x.png"), "There is no frame design star. Choose one of ring, banner"),
        (("preview", "ring", "--out", "x.gif"), "x.gif: a picture is written as .png, .jpg or .webp"),
        (("preview", "ring", "--out", "none/x.png"), "none/x.png: No such file or directory"),
        (("preview", "ring", "--out", "x.png", "--photo", "none.jpg"), "none.jpg: No such file or directory"),
        (("new", "."), ". exists already; choose another name"),
        (("add", "nowhere", "--name", "X"), "there is no nowhere"),
    ],
)
async def test_a_mistake_is_one_sentence(program: Program, arguments: tuple[str, ...], said: str) -> None:
    assert said in await refused(program, *arguments)


async def test_a_name_of_the_projects_own_designs_cannot_be_taken(program: Program, lone: Path) -> None:
    shutil.copy(lone, lone.with_name("ring.png"))
    said = await refused(program, "add", str(lone.with_name("ring.png")), "--name", "X")
    assert "“ring” is the name of a design of the project's own; rename" in said
