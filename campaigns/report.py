"""A campaign's results in a period as a PDF, to be printed and passed on: charts drawn as lines, in the campaign's colours.

Sums only: no supporter is named, and no figure is of fewer than five people of a territory.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Any

from PIL import Image as Pictures
from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from badges.canvas import SMALL_CONTRAST, readable, rgb
from badges.fonts import FONTS
from campaigns.media_stores import MediaHome, opened
from campaigns.models import Kind
from campaigns.overviews import KINDS, Overview, Sheet, listed, sheets_of
from campaigns.results import OF_POSTS, best_hours
from campaigns.words import Words

HEAVY, LIGHT = "Porte-voix-Heavy", "Helvetica"  # people's own words, in any European script; our words and numbers
WIDTH = A4[0] - 36 * mm - 12  # points; a frame keeps 6 clear on each side
PICTURES, ROWS = 6, 25  # of posts; of a table, whose rest is in the files
LARGEST = 700  # pixels of a picture's longer side: it is a few centimetres wide
CHARTS = (Kind.visit, Kind.opened, Kind.said_shared, Kind.recruited)
WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Style:
    ink: Any  # for words on white
    bar: Any
    head: Any
    on_head: Any


def draw_report(seen: Overview, words: Words, pictures: Mapping[int, bytes], made: str) -> bytes:
    """The PDF. `pictures` is the file of each post that has one; `made` says when this was read. Takes about a second."""
    pdfmetrics.registerFont(TTFont(HEAVY, str(FONTS / "NotoSans-Bold.ttf")))
    style = _style(seen)
    out = io.BytesIO()
    title = f"{seen.campaign.name} – {words('Results')}"
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=20 * mm, bottomMargin=18 * mm
    )
    document.title, document.lang = title, words.language

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont(LIGHT, 8)
        canvas.setFillColor(colors.HexColor("#565C68"))
        canvas.drawString(18 * mm, 10 * mm, _plain(f"{seen.campaign.name} · {made}", LIGHT))
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, str(page.page))

    parts = [
        *_head(seen, words, style),
        *_sums(seen, words),
        *_charts(seen, words, style),
        *_posts(seen, words, style, pictures),
    ]
    for sheet in sheets_of(seen, words):
        if sheet.name in ("channels", "territories") and sheet.rows:
            parts += _table(sheet, words, style)
    document.build(parts, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _style(seen: Overview) -> Style:
    primary, secondary, text = (
        rgb(each) for each in (seen.campaign.primary_colour, seen.campaign.secondary_colour, seen.campaign.text_colour)
    )
    ink = readable(WHITE, secondary, least=SMALL_CONTRAST)
    bar = readable(WHITE, primary, secondary)
    return Style(*(colors.Color(*(n / 255 for n in c[:3])) for c in (ink, bar, primary, readable(primary, text))))


def _plain(text: str, font: str = HEAVY) -> str:
    """As the font can set it: the narrow space as a wide one, what it lacks (an emoji) left out."""
    text = text.replace("\u202f", "\u00a0")
    if font == LIGHT:
        return text.encode("cp1252", "ignore").decode("cp1252")
    known: Any = pdfmetrics.getFont(HEAVY)
    return "".join(letter for letter in text if ord(letter) in known.face.charToGlyph)


def _said(text: str, size: float, colour: Any = colors.black, font: str = LIGHT, **more: Any) -> Paragraph:
    look = ParagraphStyle("", fontName=font, fontSize=size, leading=size * 1.3, textColor=colour, **more)
    return Paragraph(escape(_plain(text, font)), look)


def _head(seen: Overview, words: Words, style: Style) -> list[Any]:
    first, last = (words.day(day, "d MMMM yyyy") for day in (seen.period.first, seen.period.last))
    lines = [
        _said(seen.campaign.name, 22, style.on_head, HEAVY),
        _said(words("Results from {first} to {last}", first=first, last=last), 11, style.on_head),
    ]
    block = Table([[lines]], colWidths=[WIDTH])
    block.setStyle(TableStyle([("BACKGROUND", (0, 0), (-1, -1), style.head), ("BOX", (0, 0), (-1, -1), 0, style.head)]))
    block.setStyle(
        TableStyle([(f"{side}PADDING", (0, 0), (-1, -1), 14) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")])
    )
    return [block, Spacer(1, 6 * mm)]


def _sums(seen: Overview, words: Words) -> list[Any]:
    cells = []
    for kind, (name, meaning) in KINDS.items():
        number = _said(words.number(seen.acts.sums[kind]), 18, font=HEAVY)
        cells.append([number, _said(words(name), 10), _said(words(meaning), 7, colors.HexColor("#565C68"))])
    cells += [[]] * (-len(cells) % 4)
    rows = [cells[start : start + 4] for start in range(0, len(cells), 4)]
    table = Table(rows, colWidths=[WIDTH / 4] * 4)
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("BOTTOMPADDING", (0, 0), (-1, -1), 8)]))
    note = words(
        "A share cannot be checked. So what was opened, what people say, and the visits that prove it stand apart, and are never added up."
    )
    return [table, _said(note, 8, colors.HexColor("#565C68")), Spacer(1, 5 * mm)]


def _charts(seen: Overview, words: Words, style: Style) -> list[Any]:
    steps = list(seen.acts.steps)
    form = "d MMM" if seen.period.daily else "MMM yyyy"
    names = [words.day(step, form) for step in steps]
    parts: list[Any] = []
    for kind in CHARTS:
        counts = [seen.acts.steps[step][kind] for step in steps]
        if any(counts):
            drawn = bars(counts, names, words, style)
            parts.append(KeepTogether([_said(words(KINDS[kind][0]), 11, style.ink, HEAVY), drawn, Spacer(1, 4 * mm)]))
    best = best_hours(seen.acts.hours)
    if best:
        parts += [_said(words("Most visits came on {hours}.", hours=listed(best, words)), 10), Spacer(1, 5 * mm)]
    return parts


def bars(counts: Sequence[int], names: Sequence[str], words: Words, style: Style) -> Drawing:
    """A bar a day with the highest number beside the axis; a few of the days are named under it."""
    height, left, foot = 92.0, 34.0, 14.0
    drawn, highest = Drawing(WIDTH, height), max([*counts, 1])
    wide = (WIDTH - left) / max(1, len(counts))
    grey = colors.HexColor("#DDE1E7")
    for part in (0.0, 0.5, 1.0):
        y = foot + part * (height - foot - 8)
        drawn.add(Line(left, y, WIDTH, y, strokeColor=grey, strokeWidth=0.5))
        shown = _plain(words.number(round(highest * part)), LIGHT)
        drawn.add(String(left - 4, y - 2.5, shown, fontName=LIGHT, fontSize=7, textAnchor="end"))
    for n, count in enumerate(counts):
        tall = (height - foot - 8) * count / highest
        drawn.add(
            Rect(left + n * wide + wide * 0.12, foot, wide * 0.76, tall, fillColor=style.bar, strokeColor=style.bar)
        )
    every = max(1, -(-len(names) // 8))
    for n in range(0, len(names), every):
        middle = left + (n + 0.5) * wide
        drawn.add(String(middle, 3, _plain(names[n], LIGHT), fontName=LIGHT, fontSize=7, textAnchor="middle"))
    return drawn


def _posts(seen: Overview, words: Words, style: Style, pictures: Mapping[int, bytes]) -> list[Any]:
    """The posts that brought the most visits, with their pictures."""
    parts: list[Any] = []
    for each in seen.posts[:PICTURES]:
        counts = " · ".join(f"{words(KINDS[kind][0])} {words.number(each.counts[kind])}" for kind in OF_POSTS)
        at = (
            words.moment(each.post.publish_at, seen.campaign.timezone, "d MMMM yyyy, HH:mm")
            if each.post.publish_at
            else ""
        )
        said = [_said(each.post.title, 11, style.ink, HEAVY), _said(at, 8), _said(counts, 9)]
        picture = _picture(pictures.get(each.post.id))
        row = Table([[picture or "", said]], colWidths=[34 * mm, WIDTH - 34 * mm])
        row.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)]))
        parts.append(KeepTogether([row, Spacer(1, 2 * mm)]))
    if parts:
        parts.insert(0, _said(words("What brought the most visits"), 13, style.ink, HEAVY, spaceAfter=6))
    return parts


def _picture(data: bytes | None) -> Image | None:
    """A small copy; None where the post has none, or its file is gone or broken."""
    if data is None:
        return None
    try:
        with Pictures.open(io.BytesIO(data)) as shown:
            shown.thumbnail((LARGEST, LARGEST))
            copy = io.BytesIO()
            shown.convert("RGB").save(copy, "JPEG", quality=82)
            scale = min(30 * mm / shown.width, 30 * mm / shown.height)
            return Image(copy, shown.width * scale, shown.height * scale)
    except (OSError, ValueError, Pictures.DecompressionBombError):
        return None


def _table(sheet: Sheet, words: Words, style: Style) -> list[Any]:
    """The first rows; columns in which no number stands are left away."""
    numbers = [x for x in range(1, len(sheet.columns)) if any(isinstance(row[x], int) for row in sheet.rows)]
    kept = [0, *numbers]
    first = 38 * mm
    wide = (WIDTH - first) / max(1, len(kept) - 1)
    head = [_said(sheet.columns[x], 6, style.ink, alignment=TA_RIGHT if n else 0) for n, x in enumerate(kept)]
    rows = [[_cell(row[x], words) for x in kept] for row in sheet.rows[:ROWS]]
    table = Table([head, *rows], colWidths=[first, *[wide] * (len(kept) - 1)], repeatRows=1)
    table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.HexColor("#DDE1E7"))]))
    table.setStyle(TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 2), ("RIGHTPADDING", (0, 0), (-1, -1), 2)]))
    table.setStyle(TableStyle([("LEFTPADDING", (0, 0), (0, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    parts: list[Any] = [
        Spacer(1, 6 * mm),
        _said(sheet.title, 13, style.ink, HEAVY, spaceAfter=4, keepWithNext=1),
        table,
    ]
    if len(sheet.rows) > ROWS:
        parts.append(_said(words("The first {n} of {all}.", n=ROWS, all=len(sheet.rows)), 8))
    return parts


def _cell(value: object, words: Words) -> Paragraph:
    if isinstance(value, int):
        return _said(words.number(value), 7, alignment=TA_RIGHT)
    return _said("" if value is None else str(value), 7, font=HEAVY if value else LIGHT)


def first_pictures(home: MediaHome, media: Iterable[Any]) -> dict[int, bytes]:
    """Post -> its first picture, where it can be read. Takes as long as that takes: call it in a thread."""
    found: dict[int, bytes] = {}
    for medium in media:
        if medium.post_id not in found:
            with suppress(OSError):
                found[medium.post_id] = opened(home).load(medium.file)
    return found
