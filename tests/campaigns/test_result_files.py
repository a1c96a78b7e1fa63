"""Results as files: what a spreadsheet would reckon out is defused, and no supporter is in them."""

import base64
import csv
import io
import re
import zipfile
import zlib
from datetime import date

import pytest
from PIL import Image

from campaigns import rollups
from campaigns.engagement import Act, record
from campaigns.models import Kind
from campaigns.overviews import TABLES, Sheet, overview_of, sheets_of
from campaigns.periods import period_of
from campaigns.report import draw_report
from campaigns.result_files import as_csv, as_workbook
from campaigns.words import Words

TRAPS = ["=1+1", "+33612345678", "-2", "@SUM(A1)", "\t=1", "\r=1"]


def _cells(workbook: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(workbook)) as opened:
        return "".join(opened.read(name).decode() for name in opened.namelist() if name.endswith(".xml"))


def _text_of(pdf: bytes) -> bytes:
    """What is drawn: the streams of the pages, unpacked."""
    found = b""
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        packed = stream.strip()
        if packed.endswith(b"~>"):
            packed = base64.a85decode(b"<~" + packed, adobe=True)
        try:
            found += zlib.decompress(packed)
        except zlib.error:
            continue
    return found


@pytest.mark.parametrize("trap", TRAPS)
def test_a_cell_that_a_spreadsheet_would_reckon_out_is_defused(trap):
    sheet = Sheet("posts", "Messages", ("Titre", "Visites"), ((trap, 3), ("-", -5)))
    rows = list(csv.reader(io.StringIO(as_csv(sheet).decode("utf-8-sig"))))
    assert rows[1] == [f"'{trap}", "3"]
    assert rows[2] == ["'-", "-5"]  # a number is a number
    inside = _cells(as_workbook([sheet], "t"))
    assert "<f>" not in inside  # no formula
    assert "<t>'" in inside or '<t xml:space="preserve">\'' in inside


def test_a_workbook_has_a_tab_a_table_with_days_and_numbers_as_such():
    sheet = Sheet("days", "Par jour", ("Jour", "Visites"), ((date(2026, 12, 1), 1234),))
    inside = _cells(as_workbook([sheet, Sheet("posts", "Messages", ("Titre",), ())], "t"))
    assert 'name="Par jour"' in inside and 'name="Messages"' in inside
    assert "<v>1234</v>" in inside and "<v>46357</v>" in inside  # days since 1900, as Excel counts


@pytest.fixture
async def seen(database, campaign, telegram, x, add, join, clock):
    """A campaign with a supporter, Maëlle 1, and a post whose title is a trap and has an emoji."""
    person, _place = await join(1)
    post = await add(telegram, title="=Tractage 🌱 à l’aube", text="Rendez-vous")
    async with database.write() as session:
        await record(session, [Act(campaign.id, Kind.visit, clock(), person.id, post.id)] * 7)
        await rollups.catch_up(session)
        await rollups.count_people(session)
    async with database.read() as session:
        return await overview_of(session, campaign, period_of(campaign, clock(), "30"), clock())


async def test_nobody_is_named_in_any_file(seen):
    words = Words("fr")
    sheets = sheets_of(seen, words)
    assert [sheet.name for sheet in sheets] == list(TABLES)
    everything = b"".join(as_csv(sheet) for sheet in sheets) + _cells(as_workbook(sheets, "t")).encode()
    assert b"'=Tractage" in everything
    for name in ("Maëlle", "code-"):
        assert name.encode() not in everything + _text_of(draw_report(seen, words, {}, "lu"))


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_a_report_is_a_pdf_with_its_charts_as_shapes_and_the_posts_pictures(seen, language):
    picture = io.BytesIO()
    Image.new("RGB", (1200, 630), "orange").save(picture, "JPEG")
    plain = draw_report(seen, Words(language), {}, "lu")
    with_picture = draw_report(seen, Words(language), {seen.posts[0].post.id: picture.getvalue()}, "lu")
    assert plain.startswith(b"%PDF-") and plain.rstrip().endswith(b"%%EOF")
    assert b"/Subtype /Image" in with_picture and b"/Subtype /Image" not in plain
    assert _text_of(plain).count(b" re") >= 7  # bars, and the ground of the head


@pytest.mark.parametrize("content", [b"", b"no picture"])  # empty, broken; one that is gone is not in the mapping
async def test_a_picture_that_cannot_be_read_is_left_out(seen, content):
    assert draw_report(seen, Words("fr"), {seen.posts[0].post.id: content}, "lu").startswith(b"%PDF-")
