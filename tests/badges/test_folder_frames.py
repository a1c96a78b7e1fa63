"""Frames that a designer made: what they show, what they take from their parents, and how their mistakes are told."""

import io
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

import badges
from badges import FrameRefused, Problem, open_frame
from badges.folder_frames import open_folder_frame
from badges.starting_frame import write_starting_frame

PALETTE = badges.Palette("#7A1FA2", "#FFC72C", "#FFFFFF")
WORDS = ("Tous unis !", "#Rail", "Payé par Osons. osons.fr/avis", "Lille-Centre")


def png(size: tuple[int, int] = (1080, 1080), hole: tuple[int, int, int, int] = (140, 140, 940, 800)) -> bytes:
    picture = Image.new("RGBA", size, (20, 60, 140, 255))
    ImageDraw.Draw(picture).rectangle((hole[0], hole[1], hole[2] - 1, hole[3] - 1), fill=(0, 0, 0, 0))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starting_frame(tmp_path / "national")
    return tmp_path / "national"


def written(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "frame.toml").write_text(text, "utf-8")
    if not (folder / "square.png").exists():
        (folder / "square.png").write_bytes(png())
    return folder


def picture(frame: badges.Frame, name: str = "Ada", format: str = "square", photo: str = "white") -> Image.Image:
    file = io.BytesIO()
    Image.new("RGB", (100, 100), photo).save(file, "PNG")
    badge = badges.render_badge(file.getvalue(), frame, name, format=format, kind="PNG")
    return Image.open(io.BytesIO(badge)).convert("RGB")


def refusal(path: Path) -> str:
    with pytest.raises(FrameRefused) as caught:
        open_frame(path, PALETTE, *WORDS)
    assert caught.value.code is Problem.FRAME_FILE_WRONG
    return str(caught.value)


def test_the_frame_to_start_from_works_in_both_of_its_formats(folder: Path) -> None:
    frame = open_frame(folder, PALETTE, *WORDS)
    assert frame.formats == ("square", "story")
    for format in frame.formats:
        assert picture(frame, "Ada", format).size == badges.FORMATS[format].size
        assert ImageChops.difference(picture(frame, "Ada", format), picture(frame, "Bo", format)).getbbox()
    assert badges.overlay(frame, "Ada", width=300)


@pytest.mark.parametrize("kind", range(4))
def test_each_kind_of_words_is_shown_where_its_slot_is(folder: Path, kind: int) -> None:
    toml = (folder / "frame.toml").read_text() + "\n[square.hashtag]\nbox = [158, 700, 764, 50]\n"
    written(folder, toml)
    less = list(WORDS)
    less[kind] = "" if kind else "Tous amis !"
    one, other = (picture(open_frame(folder, PALETTE, *words), photo="black") for words in (WORDS, less))
    assert ImageChops.difference(one, other).getbbox()


def test_a_section_takes_up_its_federation_and_that_the_national_frame(folder: Path) -> None:
    federation = written(
        folder.parent / "federation",
        'inherits = "national"\n[square]\npicture = "square.png"\nwindow = [0, 0, 1080, 764]\n',
    )
    section = written(folder.parent / "section", 'inherits = "federation"\n[text.name]\ncolour = "#FF8080"\n')
    (national, fed, sec) = (open_frame(path, PALETTE, *WORDS) for path in (folder, federation, section))
    assert national.formats == fed.formats == sec.formats
    files = [frame.folder.pictures[0].file.parent.name for frame in (national, fed, sec) if frame.folder]
    assert files == ["national", "federation", "federation"]  # a picture belongs to the file that names it
    reds = [picture(frame).tobytes().count(bytes((255, 128, 128)) * 2) for frame in (fed, sec)]
    assert reds[0] == 0 < reds[1]


def test_a_frame_without_a_place_for_the_sponsor_is_refused_to_who_has_one(tmp_path: Path) -> None:
    path = written(tmp_path / "f", '[square]\npicture = "square.png"\n[square.name]\nbox = [158, 820, 764, 80]\n')
    assert picture(open_frame(path, PALETTE, "Tous unis !")).size == (1080, 1080)
    with pytest.raises(FrameRefused) as caught:
        picture(open_frame(path, PALETTE, "Tous unis !", sponsor="Payé par Osons"))
    assert caught.value.code is Problem.SPONSOR_NO_ROOM


def test_a_sponsor_that_would_be_cut_is_refused(folder: Path) -> None:
    toml = (
        (folder / "frame.toml")
        .read_text()
        .replace("lines = 3", "lines = 1")
        .replace("size = [22, 10]", "size = [22, 20]")
    )
    frame = open_frame(written(folder, toml), PALETTE, "Tous unis !", sponsor="Payé par Osons " * 8)
    with pytest.raises(FrameRefused) as caught:
        frame.artwork("square", named=True)
    assert caught.value.code is Problem.SPONSOR_NO_ROOM


def test_words_that_could_not_be_read_on_the_picture_get_another_colour(tmp_path: Path) -> None:
    toml = '[square]\npicture = "square.png"\n[square.name]\nbox = [158, 820, 764, 80]\ncolour = "#143C8C"\n'
    frame = open_frame(written(tmp_path / "f", toml), PALETTE, "Tous unis !")
    assert frame.artwork("square", named=True).name.colour == (255, 255, 255)


def test_a_picture_that_was_changed_is_drawn_anew(folder: Path) -> None:
    before = picture(open_frame(folder, PALETTE, *WORDS))
    (folder / "square.png").write_bytes(png(hole=(0, 0, 1080, 700)))
    assert ImageChops.difference(before, picture(open_frame(folder, PALETTE, *WORDS))).getbbox()


GOOD = '[square]\npicture = "square.png"\nwindow = [140, 140, 800, 660]\n[square.name]\nbox = [158, 820, 764, 80]\n'


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("picture =", "picture"), 2, "not TOML"),
        (('"square.png"', "12"), 2, "square.picture: write the name of a PNG"),
        (('"square.png"', '"none.png"'), 2, "there is no file .*none.png"),
        (('"square.png"', '"../square.png"'), 2, "without a path"),
        (("window", "windwo"), 3, "square.windwo: there is no such key; did you mean square.window"),
        (("[140, 140, 800, 660]", "[140, 140, 800]"), 3, "square.window: write four whole numbers"),
        (("[140, 140, 800, 660]", "[140, 140, 800.5, 660]"), 3, "four whole numbers"),
        (
            ("[140, 140, 800, 660]", "[400, 140, 800, 660]"),
            3,
            r"leaves the picture, which is 1080 x 1080: .* 1080 at most",
        ),
        (("[140, 140, 800, 660]", "[140, 140, 0, 660]"), 3, "leaves the picture"),
        (("box", "font"), 5, "square.name.font: \\[square.name\\] needs its place; write box"),
        (("764, 80]\n", '764, 80]\nfont = "Comic.ttf"\n'), 6, "there is no font “Comic.ttf”; .*Archivo-Bold.ttf"),
        (("764, 80]\n", '764, 80]\nfont = "square.png"\n'), 6, "is not a font"),
        (("764, 80]\n", "764, 80]\nsize = [30, 60]\n"), 6, "the largest comes first"),
        (("764, 80]\n", "764, 80]\nsize = 30\n"), 6, "largest and the smallest size"),
        (("764, 80]\n", '764, 80]\ncolour = "red"\n'), 6, "'red' is no colour; write \"primary\""),
        (("764, 80]\n", '764, 80]\nalign = "middle"\n'), 6, "no alignment"),
        (("764, 80]\n", "764, 80]\nlines = 9\n"), 6, "from 1 to 6"),
        (("764, 80]\n", "764, 80]\ncapitals = 1\n"), 6, "true or false"),
        (
            ("[square.name]", "safe = [158, 158, 764, 600]\n[square.name]"),
            6,
            "square.name.box: .* leaves the safe area",
        ),
        (("[square.name]", "[hexagon.name]"), 5, "hexagon.name.box: there is no such key"),
        (("[square]\n", 'inherits = "nowhere"\n[square]\n'), 1, "inherits: there is no folder .*nowhere"),
        (("[square]\n", 'inherits = "../x"\n[square]\n'), 1, "inherits: write the name of the folder"),
        (("[square]\n", 'inherits = "f"\n[square]\n'), 1, "inherits: these frames inherit from one another"),
        (("[square]\n", "[square]\ntext = {}\n"), 2, "square.text: there is no such key"),
    ],
)
def test_a_wrong_key_is_told_by_file_line_and_what_to_write(
    tmp_path: Path, change: tuple[str, str], line: int, said: str
) -> None:
    path = written(tmp_path / "f", GOOD.replace(*change, 1))
    told = refusal(path)
    assert f"{path / 'frame.toml'}, line {line}" in told
    assert re.search(said, told), told


def test_a_mistake_in_the_parent_is_told_where_it_was_made(folder: Path) -> None:
    section = written(folder.parent / "section", 'inherits = "national"\n[text.name]\ncolour = "primary"\n')
    toml = (folder / "frame.toml").read_text()
    written(folder, toml.replace("size = [88, 30]", "size = 88"))
    line = toml[: toml.index("size = [88")].count("\n") + 1
    assert f"national/frame.toml, line {line}, text.name.size" in refusal(section)


@pytest.mark.parametrize(
    ("bytes_", "said"),
    [
        (b"", "is not a PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a PNG"),
        (png()[:3000], "cannot be read"),
        (png((1080, 900)), "measures 1080 x 900; a square needs 1080 x 1080"),
        (png((300, 300), (20, 20, 200, 200)), "measures 300 x 300"),
        (png(hole=(10, 10, 40, 40)), "lets no photo through"),
    ],
    ids=["empty", "svg", "cut", "shape", "small", "closed"],
)
def test_a_wrong_picture_is_told_where_it_is_named(tmp_path: Path, bytes_: bytes, said: str) -> None:
    path = written(tmp_path / "f", '[square]\npicture = "square.png"\n')
    (path / "square.png").write_bytes(bytes_)
    told = refusal(path)
    assert "frame.toml, line 2, square.picture" in told
    assert said in told


def test_a_picture_without_transparency_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "f", '[square]\npicture = "square.png"\n')
    Image.new("RGB", (1080, 1080), "red").save(path / "square.png")
    assert "square.png has no transparency; save it as a PNG whose hole is transparent" in refusal(path)


def test_a_folder_without_a_frame_file_and_one_without_formats_are_told(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    assert "frame.toml: the file is missing" in refusal(tmp_path / "f")
    assert "no format is given" in refusal(written(tmp_path / "f", "# nothing yet\n"))


@pytest.mark.parametrize(
    ("size", "formats"),
    [
        ((1080, 1080), ("square", "profile")),
        ((2000, 2000), ("square", "profile")),
        ((400, 400), ("profile",)),  # too small to be made 1080
        ((1080, 1920), ("story",)),
        ((1500, 500), ("banner",)),
        ((1640, 720), ("cover",)),
    ],
)
def test_a_lone_png_serves_the_formats_of_its_shape(
    tmp_path: Path, size: tuple[int, int], formats: tuple[str, ...]
) -> None:
    width, height = size
    file = tmp_path / "lone.png"
    file.write_bytes(png(size, (width // 5, height // 5, width * 4 // 5, height * 4 // 5)))
    frame = open_frame(file, PALETTE, *WORDS)
    assert frame.formats == formats
    for format in formats:
        wide, high = badges.FORMATS[format].size
        left, _, width, height = frame.artwork(format, named=True).window
        assert abs(left - wide / 5) <= 2 and abs(width - wide * 3 / 5) <= 4 and abs(height - high * 3 / 5) <= 4
        shown = picture(frame, "Ada", format)
        assert ImageChops.difference(shown, picture(frame, "Bo", format)).getbbox()
        seen = ImageChops.difference(shown, picture(frame, "Ada", format, "black")).convert("L").getbbox()
        assert seen and abs(seen[0] - wide / 5) <= 3 and abs(seen[2] - wide * 4 / 5) <= 3


def test_a_lone_png_of_another_shape_is_told_the_sizes(tmp_path: Path) -> None:
    file = tmp_path / "lone.png"
    file.write_bytes(png((1000, 700)))
    assert "it measures 1000 x 700, which is no format; make it one of square 1080 x 1080" in refusal(file)


def test_what_is_open_outside_of_a_round_frame_takes_the_campaigns_colour(tmp_path: Path) -> None:
    picture_ = Image.new("RGBA", (1080, 1080))
    pen = ImageDraw.Draw(picture_)
    pen.ellipse((20, 20, 1059, 1059), fill=(200, 200, 0, 255))
    pen.ellipse((140, 140, 939, 939), fill=(0, 0, 0, 0))
    picture_.save(tmp_path / "round.png")
    frame = open_frame(tmp_path / "round.png", PALETTE, "Tous unis !")
    assert picture(frame, "").getpixel((3, 3)) == (0x7A, 0x1F, 0xA2)
    assert open_folder_frame(tmp_path / "round.png").pictures[0].window == (140, 140, 800, 800)


def test_a_frame_can_be_moved_whole(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder, tmp_path / "elsewhere")
    assert open_frame(tmp_path / "elsewhere", PALETTE, *WORDS).formats == ("square", "story")
