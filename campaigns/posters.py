"""A section's poster as a PDF, A4 or A3: the campaign's words in its colours, and a QR code that a phone reads from afar."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import segno
from reportlab.lib.pagesizes import A3, A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from badges.canvas import SMALL_CONTRAST, WHITE, Rgb, readable, rgb
from badges.fonts import FALLBACKS, FONTS, SANS, letters_of
from campaigns.invitations import QUIET

SIZES = {"A4": A4, "A3": A3}
MARGIN = 16 * mm  # on A4; home printers leave 5 mm and more white
CARD = 112 * mm  # the white square that holds the code: with its quiet zone it is read from about a metre
FILLED_TWICE_TOO = 1  # PDF's non-zero rule: where two rows of the code overlap, it is dark
BLACK: Rgb = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Poster:
    """What stands on it. Colours are "#RRGGBB"; `link` is what the code holds, `address` what people read."""

    campaign: str
    slogan: str
    section: str
    hashtag: str
    call: str
    link: str
    address: str
    stamp: str
    primary: str
    secondary: str
    text: str
    language: str = "fr"


def poster_pdf(poster: Poster, size: str = "A4") -> bytes:
    """The poster as one page; the same words give the same bytes. `size` is a key of SIZES."""
    width, height = SIZES[size]
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(width, height), invariant=1, lang=poster.language)
    canvas.setTitle(f"{poster.campaign} · {poster.section}" if poster.section else poster.campaign)
    canvas.setAuthor(poster.campaign)
    scale = width / A4[0]
    canvas.scale(scale, scale)
    _draw(canvas, poster, A4[0], height / scale)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def _draw(canvas: Canvas, poster: Poster, width: float, height: float) -> None:
    ground, accent = rgb(poster.primary), rgb(poster.secondary)
    ink = readable(ground, rgb(poster.text), WHITE, BLACK, least=SMALL_CONTRAST)
    _fill(canvas, ground)
    canvas.rect(0, 0, width, height, stroke=0, fill=1)
    _fill(canvas, accent)
    canvas.rect(0, height - 9 * mm, width, 9 * mm, stroke=0, fill=1)
    inner, top = width - 2 * MARGIN, height - 24 * mm
    _fill(canvas, ink)
    if poster.slogan:
        top = _lines(canvas, poster.campaign, MARGIN, top, inner, most=17, lines=2) - 4 * mm
    under = 24 * mm + CARD + 30 * mm  # where the code and the words above it begin
    _lines(canvas, poster.slogan or poster.campaign, MARGIN, top, inner, most=70, lines=4, room=top - under)
    _code(canvas, poster, (width - CARD) / 2, 24 * mm, ink, width)


def _code(canvas: Canvas, poster: Poster, left: float, bottom: float, ink: Rgb, width: float) -> None:
    """The code on its white card, the call and the section above it, where it leads below."""
    inner = width - 2 * MARGIN
    above = bottom + CARD
    _lines(canvas, poster.section, MARGIN, above + 22 * mm, inner, most=26, lines=1, middle=width / 2)
    _lines(canvas, poster.call, MARGIN, above + 11 * mm, inner, most=17, lines=1, middle=width / 2)
    _fill(canvas, WHITE)
    canvas.roundRect(left, bottom, CARD, CARD, 4 * mm, stroke=0, fill=1)
    code = segno.make(poster.link, error="m", micro=False)
    rows = list(code.matrix)
    module = CARD / (len(rows) + 2 * QUIET)
    _fill(canvas, readable(WHITE, rgb(poster.primary), rgb(poster.secondary), BLACK, least=7.0))
    path = canvas.beginPath()
    for down, row in enumerate(rows):
        y = bottom + CARD - (QUIET + down + 1) * module
        for start, length in _runs(row):
            path.rect(left + (QUIET + start) * module, y, length * module, module * 1.02)  # no hairline between rows
    canvas.drawPath(path, stroke=0, fill=1, fillMode=FILLED_TWICE_TOO)
    _fill(canvas, ink)
    words = " · ".join(filter(None, (poster.address, f"#{poster.hashtag}" if poster.hashtag else "")))
    below = _lines(canvas, words, MARGIN, bottom - 3 * mm, inner, most=13, lines=1, middle=width / 2)
    if poster.stamp:
        _lines(canvas, poster.stamp, MARGIN, below - 1 * mm, inner, most=9, lines=2, middle=width / 2)


def _runs(row: Sequence[int]) -> list[tuple[int, int]]:
    """The dark stretches of a row: where each begins, and its modules."""
    found: list[tuple[int, int]] = []
    for at, dark in enumerate(row):
        if dark and found and sum(found[-1]) == at:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((at, 1))
    return found


def _fill(canvas: Canvas, colour: Rgb) -> None:
    canvas.setFillColorRGB(*(part / 255 for part in colour))


@cache
def _registered(file: str) -> str:
    pdfmetrics.registerFont(TTFont(file, str(FONTS / file)))
    return file


def _face(text: str) -> tuple[str, str]:
    """A font that has the text's letters, and the text without those that none has, such as emoji."""
    for file in (SANS, *FALLBACKS[:1]):
        if all(ord(letter) in letters_of(file) for letter in text):
            return _registered(file), text
    file = FALLBACKS[0]
    return _registered(file), " ".join("".join(c for c in text if ord(c) in letters_of(file)).split(" ")).strip()


def _lines(
    canvas: Canvas,
    text: str,
    left: float,
    top: float,
    width: float,
    *,
    most: float,
    lines: int,
    room: float = 1000.0,
    middle: float | None = None,
) -> float:
    """Write a text as large as it fits, at most `most` points, from `top` down; gives where it ends."""
    # French keeps a narrow no-break space before these signs; the fonts have the wide one only.
    face, shown = _face(re.sub(r"\s(?=[:;!?»])|(?<=«)\s|\u202f", "\u00a0", text))
    if not shown:
        return top
    size = most
    while size > 6 and not _fits(_wrapped(shown, face, size, width), face, size, width, lines, room):
        size -= 0.5
    found = _wrapped(shown, face, size, width)[:lines]
    canvas.setFont(face, size)
    for n, line in enumerate(found):
        y = top - size * (0.8 + 1.12 * n)
        if middle is None:
            canvas.drawString(left, y, line)
        else:
            canvas.drawCentredString(middle, y, line)
    return top - size * 1.12 * len(found)


def _fits(found: list[str], face: str, size: float, width: float, lines: int, room: float) -> bool:
    widest = max(pdfmetrics.stringWidth(line, face, size) for line in found)
    return len(found) <= lines and widest <= width and len(found) * size * 1.12 <= room


def _wrapped(text: str, face: str, size: float, width: float) -> list[str]:
    """The words in lines, broken at plain spaces alone, so that « no-break » ones hold."""
    found = [""]
    for word in filter(None, text.split(" ")):
        longer = f"{found[-1]} {word}".strip()
        if not found[-1] or pdfmetrics.stringWidth(longer, face, size) <= width:
            found[-1] = longer
        else:
            found.append(word)
    return found
