"""`badge` and `badge batch`: formats, crops and kinds of file; what fails is named and the rest is made."""

import io
from pathlib import Path

import pytest
from PIL import Image

from badges import FORMATS, Crop
from badges.wishes import Wish, crop_of, formats_of, names_of
from tests.program import Program
from tests.test_commands import done, refused


@pytest.fixture
def photos(tmp_path: Path, portrait: bytes) -> Path:
    """A folder with two photos, one file that is none, and one that a system left."""
    folder = tmp_path / "photos"
    folder.mkdir()
    with Image.open(io.BytesIO(portrait)) as picture:
        picture.thumbnail((320, 320))
        picture.save(folder / "Zoé.jpg")
        picture.save(folder / "awa.png")
    (folder / "notes.txt").write_text("bonjour")
    (folder / ".DS_Store").write_bytes(b"\x00")
    return folder


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for file in sorted(folder.iterdir()):
        with Image.open(file) as picture:
            found[file.name] = picture.size
    return found


@pytest.mark.parametrize(
    ("arguments", "name", "kind", "size"),
    [
        ((), "b.jpg", "JPEG", "square"),
        (("--format", "story"), "b.png", "PNG", "story"),
        (("--format", "banner", "--crop", "0.5,0.4,1.5"), "b.webp", "WEBP", "banner"),
    ],
)
async def test_one_badge_in_any_format_and_kind(
    program: Program, photos: Path, arguments: tuple[str, ...], name: str, kind: str, size: str
) -> None:
    made = photos.parent / name
    await done(
        program, "badge", str(photos / "Zoé.jpg"), "--frame", "ring", "--name", "Zoé", "--out", str(made), *arguments
    )
    with Image.open(made) as picture:
        assert (picture.format, picture.size) == (kind, FORMATS[size].size)


async def test_options_may_come_first_and_the_word_one_may_stand(program: Program, photos: Path) -> None:
    rest = ("--frame", "ring", "--name", "", "--out", str(photos.parent / "b.jpg"), str(photos / "Zoé.jpg"))
    await done(program, "badge", *rest)
    await done(program, "badge", "one", *rest)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--crop", "2,0,1"), "the crop “2,0,1” is not x,y,zoom"),
        (("--crop", "middle"), "the crop “middle” is not x,y,zoom"),
        (("--format", "poster"), "there is no format poster; choose among square, profile"),
        (("--format", "square+story"), "one file holds one format"),
    ],
)
async def test_what_cannot_be_said_of_one_badge_is_refused(
    program: Program, photos: Path, arguments: tuple[str, ...], said: str
) -> None:
    given = ("--frame", "ring", "--name", "Zoé", "--out", str(photos.parent / "b.png"))
    assert said in await refused(program, "badge", str(photos / "Zoé.jpg"), *given, *arguments)


async def test_a_folder_becomes_badges_and_what_is_no_photo_is_named(program: Program, photos: Path) -> None:
    folder = photos.parent / "badges"
    said = await refused(
        program, "badge", "batch", str(photos), "--frame", "banner", "--out", str(folder), "--format", "square+story"
    )
    assert "✗ notes.txt: This file is not a picture" in said and "2 of 3 photos became badges" in said
    assert ".DS_Store" not in said and "Traceback" not in said
    square, story = FORMATS["square"].size, FORMATS["story"].size
    assert sizes(folder) == {"Zoé-story.jpg": story, "Zoé.jpg": square, "awa-story.jpg": story, "awa.jpg": square}


async def test_all_that_goes_well_ends_well(program: Program, photos: Path) -> None:
    (photos / "notes.txt").unlink()
    folder = photos.parent / "badges"
    given = ("badge", "batch", str(photos), "--frame", "ring", "--out", str(folder), "--kind", "webp")
    assert "2 of 2 photos became badges" in await done(program, *given)
    plain = (folder / "Zoé.webp").read_bytes()
    assert "2 of the badges are there already" in await refused(program, *given)
    await done(program, *given, "--overwrite", "--names-from-files")
    assert (folder / "Zoé.webp").read_bytes() != plain  # with her name


@pytest.mark.parametrize("mark", [",", ";"])
async def test_a_csv_says_each_badge_and_each_line_that_fails_is_named(
    program: Program, photos: Path, mark: str
) -> None:
    lines = [
        "photo|name|frame|format|crop",
        "Zoé.jpg|Zoé|ring||",
        "Zoé.jpg|Zoé Bis||story|0.5 0.4 2",
        "awa.png||||",
        "nobody.jpg|Awa|||",
        "",
        "awa.png|Awa|moon||",
        "awa.png|Awa||poster|",
        "awa.png|選|||",
        "awa.png|Awa|||9 9 9",
        "|Awa|||",
    ]
    table = photos / "list.csv"
    table.write_text("\n".join(lines).replace("|", mark), "utf-8-sig")
    folder = photos.parent / "badges"
    code, said = await program.call("badge", "batch", str(table), "--frame", "banner", "--out", str(folder))
    assert code == 1
    failed = [line.removeprefix("✗ ") for line in said.splitlines() if line.startswith("✗")]
    assert [line.split(":")[0] for line in failed] == [
        "line 5 (nobody.jpg)", "line 7 (awa.png)", "line 8", "line 9 (awa.png)", "line 10", "line 11",
    ]  # fmt: skip
    for line, why in zip(
        failed,
        ("No such file", "no frame design moon", "no format poster", "選", "the crop “9 9 9”", "no photo"),
        strict=True,
    ):
        assert why in line
    assert "3 of 9 photos became badges" in said
    assert sizes(folder) == {
        "Zoé-story.jpg": FORMATS["story"].size, "Zoé.jpg": FORMATS["square"].size, "awa.jpg": FORMATS["square"].size
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name\nZo\n", "line 1: there is no column photo; the columns are photo, name, frame, format, crop"),
        (b"photo,age\na.jpg,7\n", "line 1: unknown columns age"),
        (b"photo,name\n", "there is no line below the first one"),
        ("photo,name\na.jpg,Zoé\n".encode("latin-1"), "save it as CSV UTF-8"),
    ],
)
async def test_a_csv_that_cannot_be_read_says_why(program: Program, tmp_path: Path, content: bytes, said: str) -> None:
    table = tmp_path / "list.csv"
    table.write_bytes(content)
    assert said in await refused(program, "badge", "batch", str(table), "--frame", "ring", "--out", str(tmp_path / "b"))


@pytest.mark.parametrize(
    ("source", "arguments", "said"),
    [
        ("photos", ("--frame", "moon"), "There is no frame design moon"),  # once, not for each photo
        ("photos", ("--frame", "ring", "--kind", "gif"), "written as jpg, png or webp"),
        ("photos", ("--frame", "ring", "--format", "poster"), "there is no format poster"),
        ("nowhere", ("--frame", "ring"), "nowhere: No such file"),
        ("empty", ("--frame", "ring"), "there is no photo in this folder"),
    ],
)
async def test_a_batch_that_cannot_begin_says_why_and_makes_nothing(
    program: Program, photos: Path, source: str, arguments: tuple[str, ...], said: str
) -> None:
    (photos.parent / "empty").mkdir()
    folder = photos.parent / "badges"
    given = ("badge", "batch", str(photos.parent / source), "--out", str(folder), *arguments)
    text = await refused(program, *given)
    assert said in text and text.count(said) == 1
    assert not folder.exists() or not list(folder.iterdir())


async def test_a_batch_never_writes_over_a_photo(program: Program, photos: Path) -> None:
    before = (photos / "Zoé.jpg").read_bytes()
    given = ("badge", "batch", str(photos), "--frame", "ring", "--out", str(photos), "--overwrite")
    assert "is one of the photos" in await refused(program, *given)
    assert (photos / "Zoé.jpg").read_bytes() == before


def wish(photo: str, *formats: str) -> Wish:
    return Wish(0, photo, photo, "", "ring", formats or ("square",))


@pytest.mark.parametrize(
    ("wishes", "names"),
    [
        ([wish("a/zoe.jpg"), wish("b/zoe.png")], ["zoe.jpg", "zoe-2.jpg"]),
        (
            [wish("zoe.jpg"), wish("ZOE.jpg"), wish("zoe.jpg")],
            ["zoe.jpg", "ZOE-2.jpg", "zoe-3.jpg"],
        ),  # as Windows sees it
        ([wish("zoe.jpg"), wish("zoe.jpg", "story")], ["zoe.jpg", "zoe-story.jpg"]),
        ([wish("zoe-2.jpg"), wish("zoe.jpg"), wish("zoe.jpg")], ["zoe-2.jpg", "zoe.jpg", "zoe-3.jpg"]),
        (
            [wish("zoe-story.jpg"), wish("zoe.jpg", "square", "story")],
            ["zoe-story.jpg", "zoe-2.jpg", "zoe-2-story.jpg"],
        ),
    ],
)
def test_two_badges_never_get_one_name(wishes: list[Wish], names: list[str]) -> None:
    assert [name for each in names_of(wishes, ".jpg") for name in each] == names


@pytest.mark.parametrize("text", ["story", " Story ", "story+story", "story,story;"])
def test_a_format_is_read_however_it_is_listed(text: str) -> None:
    assert formats_of(text) == ("story",)


@pytest.mark.parametrize(
    ("text", "crop"), [("", None), ("0.5,0.4,1.5", Crop(0.5, 0.4, 1.5)), ("0 1", Crop(0, 1)), ("0;0;4", Crop(0, 0, 4))]
)
def test_a_crop_is_read(text: str, crop: Crop | None) -> None:
    assert crop_of(text) == crop


@pytest.mark.parametrize("text", ["1", "a,b,c", "0.5,0.5,0.5", "0.5,0.5,1,1", "nan,0,1", "-1,0,1"])
def test_a_crop_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not x,y,zoom"):
        crop_of(text)
