"""A ZIP of photos: what is read of it, what is refused in words, and which badges are made of it."""

import asyncio
import csv
import io
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from badges import FORMATS, Output, render_badges
from campaigns import badge_batches
from campaigns.badge_batches import Asked, Batch, BatchRefused, Frames, frames_in_use, read_batch
from campaigns.badge_making import NOT_MADE, make_batch
from campaigns.database import Database
from campaigns.models import Campaign
from campaigns.words import Words

ENGLISH = Words("en")
RING = Asked("ring", ("square",))


def zipped(files: dict[str, bytes | str]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file


@pytest.fixture
def photo(portrait: bytes) -> bytes:
    with Image.open(io.BytesIO(portrait)) as picture:
        picture.thumbnail((320, 320))
        file = io.BytesIO()
        picture.save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
async def frames(database: Database, campaign: Campaign, tmp_path: Path) -> Frames:
    async with database.read() as session:
        return await frames_in_use(session, campaign, tmp_path)


@pytest.fixture
def read(frames: Frames) -> Callable[..., Batch]:
    def look(files: dict[str, bytes | str], asked: Asked = RING, words: Words = ENGLISH) -> Batch:
        return read_batch(zipped(files), "photos.zip", asked, frames, words)

    return look


@pytest.fixture
def make(frames: Frames, tmp_path: Path) -> Callable[..., Any]:
    async def run(given: dict[str, bytes | str] | bytes, asked: Asked = RING) -> Any:
        source, result, seen = tmp_path / "source.zip", tmp_path / "result.zip", []
        source.write_bytes(given if isinstance(given, bytes) else zipped(given).getvalue())

        async def report(done: int, total: int) -> None:
            seen.append((done, total))

        outcome = await make_batch(source, source.name, result, asked, frames, ENGLISH, report)
        with zipfile.ZipFile(result) as archive:
            made = {name: archive.read(name) for name in archive.namelist()}
        return outcome, made, seen

    return run


def said(batch: Batch) -> dict[str, str]:
    return {failure.where: failure.why for failure in batch.failures}


def test_photos_alone_become_a_badge_each_with_their_names_or_without(read: Any, photo: bytes) -> None:
    files = {"dossier/Zoé Martin.jpg": photo, "dossier/awa.png": photo, "__MACOSX/._awa.png": b"x", "Thumbs.db": b"x"}
    plain = read(files)
    assert [(wish.photo, wish.name) for wish in plain.wishes] == [
        ("dossier/awa.png", ""),
        ("dossier/Zoé Martin.jpg", ""),
    ]
    assert plain.failures == () and plain.file_names() == [("awa.jpg",), ("Zoé Martin.jpg",)]
    assert [wish.name for wish in read(files, Asked("ring", ("square",), True)).wishes] == ["awa", "Zoé Martin"]


def test_a_list_says_who_is_on_each_photo_and_each_wrong_line_is_told(read: Any, photo: bytes) -> None:
    lines = [
        "photo;name;frame;format;crop",
        "Zoé.jpg;Zoé;;;",
        "zoe\u0301.JPG;Zoé Bis;Bandeau;story;0.5 0.4 2",  # as macOS writes é, and another case
        "sub/awa.jpg;Awa;BANNER;square+story;",
        "nobody.jpg;Awa;;;",
        "../list.csv;Awa;;;",
        "Zoé.jpg;Zoé;moon;;",
        "Zoé.jpg;Zoé;;poster;",
        "Zoé.jpg;選;;;",
        "Zoé.jpg;Zoé;;;9 9 9",
        "notes.txt;Zoé;;;",
        ";Zoé;;;",
    ]
    batch = read(
        {"x/liste.csv": "\n".join(lines), "x/Zoé.jpg": photo, "x/sub/awa.jpg": photo, "x/notes.txt": "bonjour"}
    )
    assert [(w.place, w.photo, w.name, w.frame, w.formats) for w in batch.wishes] == [
        (2, "x/Zoé.jpg", "Zoé", "ring", ("square",)),
        (3, "x/Zoé.jpg", "Zoé Bis", "banner", ("story",)),
        (4, "x/sub/awa.jpg", "Awa", "banner", ("square", "story")),
    ]
    wrong = said(batch)
    assert list(wrong) == [
        "line 5 (nobody.jpg)", "line 6 (../list.csv)", "line 7 (Zoé.jpg)", "line 8", "line 9 (Zoé.jpg)", "line 10",
        "line 11 (notes.txt)", "line 12",
    ]  # fmt: skip
    for why, part in zip(
        wrong.values(),
        ("no such photo in the zip", "no such photo", "no frame moon in use. Choose one of ring", "no format poster",
         "No font here has these letters: 選", "The crop “9 9 9”", "not a picture", "No photo is named"),
        strict=True,
    ):  # fmt: skip
        assert part in why
    assert batch.file_names() == [("Zoé.jpg",), ("Zoé-story.jpg",), ("awa.jpg", "awa-story.jpg")]


def test_what_is_wrong_is_said_in_french_too(read: Any, photo: bytes) -> None:
    lines = "photo,format,crop\nnulle.jpg,,\na.jpg,affiche,\na.jpg,,9 9 9\n,x,"
    batch = read({"l.csv": lines, "a.jpg": photo, "b.txt": "x"}, words=Words("fr"))
    text = " ".join(f"{where} {why}" for where, why in said(batch).items())
    assert "ligne 2 (nulle.jpg)" in text and "ligne 3" in text
    for english in ("line", "there is", "There is", "choose", "crop", "photo is named"):
        assert english not in text


@pytest.mark.parametrize(
    ("files", "asked", "part"),
    [
        ({}, RING, "There is no photo in photos.zip"),
        ({"list.csv": "photo\na.jpg\n"}, RING, "There is no photo in photos.zip"),
        ({"a.jpg": b"x", "a.csv": "photo\n", "b.csv": "photo\n"}, RING, "photos.zip holds 2 lists"),
        ({"a.jpg": b"x", "list.csv": "nom\nZoé\n"}, RING, "list.csv, line 1: there is no column photo"),
        ({"a.jpg": b"x", "list.csv": "photo,age\na.jpg,7\n"}, RING, "list.csv, line 1: unknown columns age"),
        ({"a.jpg": b"x", "list.csv": "photo\n"}, RING, "list.csv: there is no line below the first one"),
        ({"a.jpg": b"x", "list.csv": b"photo\n\xe9t\xe9.jpg\n"}, RING, "save it as CSV UTF-8"),
        ({"a.jpg": b"x", "list.csv": "photo\n" + "x" * 1_000_001}, RING, "list.csv is too large"),
        ({f"{i}.jpg": b"x" for i in range(501)}, RING, "badges of 501 photos; at most 500 at a time"),
        ({"a.jpg": b"x", "list.csv": "photo\n" + "a.jpg\n" * 501}, RING, "badges of 501 photos"),
        ({f"{i}.jpg": b"x" for i in range(201)}, Asked("ring", tuple(FORMATS)), "1,005 badges; at most 1,000"),
    ],
    ids=["empty", "a list alone", "two lists", "no column", "a column too many", "no line", "Latin-1", "a huge list",
         "501 photos", "501 lines", "too many formats"],
)  # fmt: skip
def test_what_cannot_be_a_batch_is_refused_in_words(
    read: Any, files: dict[str, bytes | str], asked: Asked, part: str
) -> None:
    with pytest.raises(BatchRefused) as refused:
        read(files, asked)
    assert part in str(refused.value)


@pytest.mark.parametrize("broken", [b"no zip at all", b"PK\x03\x04 cut"])
def test_what_is_no_zip_is_refused_in_words(frames: Frames, broken: bytes) -> None:
    with pytest.raises(BatchRefused, match=r"photos.zip cannot be unpacked \(.+\); pack it once more"):
        read_batch(io.BytesIO(broken), "photos.zip", RING, frames, ENGLISH)


def test_a_bomb_is_told_by_what_it_claims_and_is_not_unpacked(
    read: Any, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "weighs 31 MB and the limit is 25 MB" in said(read({"bomb.jpg": photo + bytes(30_000_000)}))["bomb.jpg"]
    monkeypatch.setattr(badge_batches, "MOST_UNPACKED", 1_000)
    with pytest.raises(BatchRefused, match="unpacked its photos weigh more than"):
        read({"a.jpg": photo, "b.jpg": photo})


def test_a_path_that_leads_out_of_the_zip_is_told(read: Any, photo: bytes) -> None:
    batch = read({"../../zoe.jpg": photo, "/etc/awa.jpg": photo, "good.jpg": photo})
    assert [wish.photo for wish in batch.wishes] == ["good.jpg"]
    assert set(said(batch)) == {"../../zoe.jpg", "/etc/awa.jpg"} and "leads out" in said(batch)["../../zoe.jpg"]


def test_names_are_read_as_the_mac_wrote_them(frames: Frames, photo: bytes) -> None:
    """macOS writes UTF-8 without saying so, and takes é apart."""
    packed = zipped({"Zoe\u0301.jpg": photo}).getvalue()
    silent = packed.replace(b"\x00\x08\x00\x00", b"\x00\x00\x00\x00")  # the flag of a name, in both places
    assert silent != packed
    (wish,) = read_batch(io.BytesIO(silent), "p.zip", Asked("ring", ("square",), True), frames, ENGLISH).wishes
    assert wish.name == "Zoé"


async def test_the_badges_are_those_that_the_command_would_make_and_what_failed_is_listed(
    make: Any, frames: Frames, photo: bytes
) -> None:
    files = {"Zoé.jpg": photo, "cut.jpg": photo[:3_000], "=1+1.jpg": b"no picture", "awa.jpg": photo}
    outcome, made, seen = await make(files, Asked("banner", ("square", "story"), True))
    assert set(made) == {"Zoé.jpg", "Zoé-story.jpg", "awa.jpg", "awa-story.jpg", NOT_MADE}
    expected = render_badges(photo, frames.drawn("banner"), "Zoé", [Output("square"), Output("story")])
    assert [made["Zoé.jpg"], made["Zoé-story.jpg"]] == expected
    rows = list(csv.reader(io.StringIO(made[NOT_MADE].decode("utf-8-sig"))))
    assert rows[0] == ["Position", "Photo", "What is wrong"] and [row[:2] for row in rows[1:]] == [
        ["1", "'=1+1.jpg"],
        ["3", "cut.jpg"],
    ]
    assert "not a picture" in rows[1][2] and "damaged or was cut short" in rows[2][2]
    assert (outcome.made, outcome.asked) == (2, 4)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


async def test_where_no_badge_could_be_made_it_says_why(make: Any, photo: bytes) -> None:
    with pytest.raises(BatchRefused, match=r"any of the 2 photos. The first is a.jpg: The JPEG picture is damaged"):
        await make({"a.jpg": photo[:3_000], "b.jpg": photo[:3_000]})


async def test_a_photo_that_is_damaged_in_the_zip_stops_no_other(make: Any, photo: bytes) -> None:
    packed = zipped({"a.jpg": photo, "b.jpg": photo}).getvalue()
    at = packed.index(photo) + len(photo) // 2
    outcome, made, _seen = await make(packed[:at] + bytes([packed[at] ^ 0xFF]) + packed[at + 1 :])
    assert set(made) == {"b.jpg", NOT_MADE} and outcome.failures[0].where == "a.jpg"
    assert "damaged in the zip" in outcome.failures[0].why


async def test_one_that_is_stopped_leaves_no_thread_at_work(frames: Frames, tmp_path: Path, photo: bytes) -> None:
    source, begun = tmp_path / "source.zip", asyncio.Event()
    source.write_bytes(zipped({f"{i}.jpg": photo for i in range(30)}).getvalue())

    async def report(done: int, total: int) -> None:
        if done:
            begun.set()

    making = asyncio.create_task(make_batch(source, source.name, tmp_path / "r.zip", RING, frames, ENGLISH, report))
    await begun.wait()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert not [each for each in threading.enumerate() if each.name.startswith("badges")]
