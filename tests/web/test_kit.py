"""The campaign's kits: one zip for each territory, with links of its own, names that every system takes, and posters."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import httpx
import pypdfium2
import pytest
from sqlmodel import col, select

from campaigns import installation, kits
from campaigns.kits import safe
from campaigns.models import Campaign, Kind, Post, ShareLink, Tally
from campaigns.posters import SIZES, Poster, poster_pdf
from campaigns.silence_windows import add_window
from tests import scanner

ADDRESS = "/console/c/orne/kit"
MM = 72 / 25.4  # points


@pytest.fixture
async def valley(world: Any) -> Any:
    async with world.database.write() as session:
        await installation.add_territory(session, world.caux.id, "Le Havre")
        return await installation.add_territory(session, world.orne.id, "Vallée de l’Étang / <b>")


async def opened(browser: httpx.AsyncClient, path: str) -> zipfile.ZipFile:
    answer = await browser.get(f"{ADDRESS}/{path}.zip")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.content))


def read(kit: zipfile.ZipFile, end: str) -> str:
    [name] = [name for name in kit.namelist() if name.endswith(end)]
    return kit.read(name).decode("utf-8-sig")


async def test_a_kit_holds_texts_pictures_frames_and_posters(
    world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any
) -> None:
    await enter()
    kit = await opened(browser, str(valley.id))
    assert kit.testzip() is None
    names = kit.namelist()
    assert {"Posters/Poster A4.pdf", "Posters/Poster A3.pdf", "READ ME.txt"} <= set(names)
    folder = "Texts/01 Signez la pétition"
    assert f"{folder}/Picture 1.jpg" in names and read(kit, "Picture 1.txt").strip() == "Un train à quai"
    assert kit.read(f"{folder}/Picture 1.jpg").startswith(b"\xff\xd8")
    assert {f"{folder}/{network}.txt" for network in ("X", "Facebook", "WhatsApp", "SMS")} <= set(names)
    assert any(name.startswith("Frames/01 Anneau") for name in names)
    assert "Une ligne <b>fermée</b> & trois villages." in read(kit, "WhatsApp.txt")
    assert "\r\n" in read(kit, "READ ME.txt") and "Vallée de l’Étang / <b>" in read(kit, "READ ME.txt")
    french = await browser.get(f"{ADDRESS}/{valley.id}.zip", params={"lang": "fr"})
    assert "Affiches/Affiche A4.pdf" in zipfile.ZipFile(io.BytesIO(french.content)).namelist()


async def test_a_kits_links_are_the_sections_own_and_count_for_the_post_alone(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, valley: Any
) -> None:
    await enter()
    texts = [read(await opened(browser, path), "WhatsApp.txt") for path in (str(valley.id), "campaign")]
    links = [re.search(r"http://site\.test(/s/\S+)", text)[1] for text in texts]  # type: ignore[index]
    assert len({*links, f"/s/{world.link.token}"}) == 3
    async with visit() as reader:
        assert (await reader.get(links[0])).headers["location"] == world.post.link
    async with world.database.read() as session:
        own = select(ShareLink.token).where(col(ShareLink.territory_id) == valley.id)
        assert [f"/s/{token}" for token in await session.scalars(own)] == [links[0]]
        assert not (await session.scalars(select(Tally).where(col(Tally.kind) == Kind.visit))).all()
    assert await world.visits() == 1
    async with visit() as reader:  # the campaign's own link on its page stays another one
        assert links[0] not in (await reader.get("/c/orne")).text


async def test_a_kit_is_made_once_until_something_in_it_changes(
    world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any
) -> None:
    await enter()
    first = (await browser.get(f"{ADDRESS}/{valley.id}.zip")).content
    [path] = (world.settings.kits_dir / "orne").iterdir()
    made = path.stat().st_mtime_ns
    assert (await browser.get(f"{ADDRESS}/{valley.id}.zip")).content == first
    assert path.stat().st_mtime_ns == made
    path.unlink()
    assert (await browser.get(f"{ADDRESS}/{valley.id}.zip")).content == first  # the same content, the same bytes
    async with world.database.write() as session:
        (await session.get_one(Post, world.post.id)).text = "Un autre texte"
    assert "Un autre texte" in read(await opened(browser, str(valley.id)), "X.txt")
    [newer] = (world.settings.kits_dir / "orne").iterdir()  # the old one is gone
    assert newer.name != path.name


async def test_the_address_of_a_kit_is_void_once_there_is_a_newer_one(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, valley: Any
) -> None:
    await enter()
    await browser.get(f"{ADDRESS}/{valley.id}.zip")
    [path] = (world.settings.kits_dir / "orne").iterdir()
    async with visit() as anybody:
        address = f"/c/orne/kit/{kits.key_of(path)}.zip"
        assert (await anybody.get(address)).content == path.read_bytes()
        for wrong in (f"/c/caux/kit/{kits.key_of(path)}.zip", "/c/orne/kit/x.zip", "/c/orne/kit/%2e%2e%2fsecret.zip", f"/c/orne/kit/{'0' * 32}.zip", "/c/orne/kit/*.zip"):  # fmt: skip
            assert (await anybody.get(wrong)).status_code == 404
        async with world.database.write() as session:
            (await session.get_one(Campaign, world.orne.id)).slogan = "Autre chose"
        await browser.get(f"{ADDRESS}/{valley.id}.zip")
        assert (await anybody.get(address)).status_code == 404


async def test_near_a_vote_a_kit_has_no_posts(world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any) -> None:
    async with world.database.write() as session:
        orne = await session.get_one(Campaign, world.orne.id)
        await add_window(session, orne, world.clock.now, world.clock.now + timedelta(days=2), "veille du vote")
    await enter()
    assert "the law imposes silence" in (await browser.get(ADDRESS)).text
    kit = await opened(browser, str(valley.id))
    assert not [name for name in kit.namelist() if name.startswith("Texts/")]
    assert "No post may be shared now" in read(kit, "READ ME.txt")


async def test_a_kit_holds_the_posts_of_its_territory_and_of_those_above(
    world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any
) -> None:
    async with world.database.write() as session:
        other = await installation.add_territory(session, world.orne.id, "Littoral")
        below = await installation.add_territory(session, world.orne.id, "Quai", other)
        (await session.get_one(Post, world.post.id)).territory_id = other.id
    await enter()
    assert any("Signez" in name for name in (await opened(browser, str(below.id))).namelist())
    assert not any("Signez" in name for name in (await opened(browser, str(valley.id))).namelist())


async def test_who_only_looks_gets_no_kit_and_a_rival_none_of_ours(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, valley: Any
) -> None:
    await enter("viewer@example.org")
    page = (await browser.get(ADDRESS)).text
    assert "Étang / &lt;b&gt;" in page and ".zip" not in page.replace("(zip)", "")
    assert (await browser.get(f"{ADDRESS}/{valley.id}.zip")).status_code == 403
    async with visit() as other:
        await enter("rival@example.org", other)
        assert (await other.get(f"/console/c/caux/kit/{valley.id}.zip")).status_code == 404


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Élections à Évreux", "Élections à Évreux"),
        ("../../etc/passwd", "etc passwd"),
        ("C:\\Windows\\x", "C Windows x"),
        ('a<b>c:d"e|f?g*h', "a b c d e f g h"),
        ("fin. . .", "fin"),
        ("deux\nlignes\x00", "deux lignes"),
        ("E\u0301tang", "Étang"),  # as Windows writes it
        ("x" * 200, "x" * 60),
        ("...", "–"),
        ("", "–"),
    ],
)
def test_no_name_leads_out_of_the_zip_or_is_refused_by_a_system(name: str, kept: str) -> None:
    assert safe(name) == kept
    assert ".." not in PurePosixPath(safe(name)).parts


POSTER = Poster(
    "Des trains pour l’Orne", "Nos gares, notre vie : rouvrons-les toutes !", "Vallée de l’Étang-Bleu", "Orne",
    "Scannez, rejoignez-nous", "https://t.me/orne_bot?start=t-12", "orne.exemple.fr/c/orne", "Payé par l’association",
    "#1D2B5C", "#C8102E", "#FFFFFF",
)  # fmt: skip


def scanned(pdf: bytes) -> str:
    """What a phone's camera would read: the page as a picture, then the code in it."""
    return scanner.scanned(pypdfium2.PdfDocument(pdf)[0].render().to_pil())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("colours", [("#1D2B5C", "#C8102E"), ("#FFF3B0", "#FFE066"), ("#000000", "#000000")])
def test_the_code_on_a_poster_is_read_whatever_the_colours(size: str, colours: tuple[str, str]) -> None:
    pdf = poster_pdf(replace(POSTER, primary=colours[0], secondary=colours[1]), size)
    assert scanned(pdf) == POSTER.link
    page = pypdfium2.PdfDocument(pdf)[0]
    assert [round(side / MM) for side in page.get_size()] == {"A4": [210, 297], "A3": [297, 420]}[size]


def test_a_poster_says_its_words_with_french_signs_held_to_theirs() -> None:
    pdf = poster_pdf(POSTER)
    text = pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()
    for words in ("Des trains pour l’Orne", "Vallée de l’Étang-Bleu", "Scannez, rejoignez-nous", "#Orne", "Payé par"):
        assert words in text
    assert not re.search(r"^[:!?]", text, re.MULTILINE)  # none begins a line
    assert poster_pdf(POSTER) == pdf  # the same words, the same bytes


@pytest.mark.parametrize(
    "changes",
    [
        {"slogan": "", "section": "", "hashtag": "", "stamp": ""},
        {"slogan": "mot " * 60, "section": "Section " * 12, "call": "x" * 200},
        {"slogan": "🌊🌊", "campaign": "Caux 🌊"},  # no font has it
        {"slogan": "قطارات", "section": "<script>alert(1)</script>"},
    ],
)
def test_odd_words_still_make_a_poster_that_is_read(changes: dict[str, str]) -> None:
    assert scanned(poster_pdf(replace(POSTER, **changes))) == POSTER.link
