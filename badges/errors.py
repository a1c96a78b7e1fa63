"""What can be wrong with a photo, a name or a frame, in words that say what to do next."""

from enum import StrEnum


class Problem(StrEnum):
    """The kinds of trouble: stable keys, by which the bot and the web choose their own wording."""

    EMPTY = "empty"  # no bytes at all
    NOT_AN_IMAGE = "not_an_image"  # the bytes begin like no picture that is known: values `accepted`
    UNSUPPORTED_KIND = "unsupported_kind"  # a picture, but of a kind that is not opened: values `kind`, `accepted`
    TRUNCATED = "truncated"  # begins well, then is cut short or damaged: values `kind`
    TOO_HEAVY = "too_heavy"  # too many bytes: values `megabytes`, `limit`
    TOO_LARGE = "too_large"  # too many pixels: values `width`, `height`, `limit` (megapixels)
    TOO_SMALL = "too_small"  # too few pixels: values `width`, `height`, `limit` (pixels on the short side)
    CROP_INVALID = "crop_invalid"  # values `x`, `y`, `zoom`, `limit` (of the zoom)
    FORMAT_MISSING = "format_missing"  # the frame has no such format: values `format`, `formats`
    LETTER_MISSING = "letter_missing"  # no font has these letters: values `letters`
    COLOUR_INVALID = "colour_invalid"  # values `colour`
    DESIGN_UNKNOWN = "design_unknown"  # values `design`, `designs`
    SLOGAN_EMPTY = "slogan_empty"  # a frame without a slogan says nothing
    SLOGAN_TOO_LONG = "slogan_too_long"  # values `length`, `limit` (letters)
    FRAME_FILE_WRONG = "frame_file_wrong"  # values `where` (file, line, key) and `wrong`, for the frame's designer
    SPONSOR_NO_ROOM = "sponsor_no_room"  # the law's line would have to be cut: values `format`


def mark(sentence: str) -> str:
    """Marks a text for the catalogs of translations; the room itself speaks English."""
    return sentence


SENTENCES = {
    Problem.EMPTY: mark("The photo is empty: it has no bytes. Choose the picture again and send it once more."),
    Problem.NOT_AN_IMAGE: mark("This file is not a picture. Send a photo as {accepted}."),
    Problem.UNSUPPORTED_KIND: mark(
        "Pictures of the kind {kind} cannot be used here. Save it as {accepted}, then send it."
    ),
    Problem.TRUNCATED: mark(
        "The {kind} picture is damaged or was cut short on its way. Send it again, or take another."
    ),
    Problem.TOO_HEAVY: mark("The photo weighs {megabytes} MB and the limit is {limit} MB. Send a smaller copy of it."),
    Problem.TOO_LARGE: mark(
        "The picture measures {width} x {height} pixels, which is too large: "
        "at most {limit} megapixels for this kind. Send a smaller copy of it."
    ),
    Problem.TOO_SMALL: mark(
        "The picture measures {width} x {height} pixels, which is too small: "
        "each side needs at least {limit} pixels. Send a larger photo."
    ),
    Problem.CROP_INVALID: mark(
        "The part of the photo cannot be shown: its centre is ({x}, {y}) and must lie between 0 and 1, "
        "its zoom is {zoom} and must lie between 1 and {limit}. Choose it again."
    ),
    Problem.FORMAT_MISSING: mark("This frame has no format {format}. Choose one of {formats}."),
    Problem.LETTER_MISSING: mark("No font here has these letters: {letters}. Leave them out or write them otherwise."),
    Problem.COLOUR_INVALID: mark(
        "{colour} is not a colour. Write it as # and six hexadecimal digits, such as #C8102E."
    ),
    Problem.DESIGN_UNKNOWN: mark("There is no frame design {design}. Choose one of {designs}."),
    Problem.SLOGAN_EMPTY: mark("The frame has no slogan. Give it one."),
    Problem.SLOGAN_TOO_LONG: mark("The text has {length} letters and the limit is {limit}. Shorten it."),
    Problem.FRAME_FILE_WRONG: mark("This frame's files are wrong. {where}: {wrong}"),
    Problem.SPONSOR_NO_ROOM: mark(
        "The line that says who pays has no room in the format {format} of this frame, and it is never cut. "
        "Shorten it, or choose another frame or format."
    ),
}


class BadgeError(Exception):
    """A badge cannot be made. `code` says why, `values` holds what a message needs, `str()` is that message."""

    def __init__(self, code: Problem, **values: str | int | float) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        return SENTENCES[self.code].format(**self.values)


class PhotoRefused(BadgeError):
    """The photo cannot be used: another one, or the same sent otherwise, may do."""


class NameRefused(BadgeError):
    """The name cannot be written with the fonts at hand."""


class FrameRefused(BadgeError):
    """The frame's own words, colours or files cannot be used: for the campaign to mend, not for the supporter."""


def wrong_file(where: object, wrong: str) -> FrameRefused:
    """What is wrong in a frame's file: where, and what to write instead, in one sentence."""
    return FrameRefused(Problem.FRAME_FILE_WRONG, where=str(where), wrong=wrong)
