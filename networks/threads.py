"""Threads: a text whose author wrote where it may be cut, with a line that holds only `---`. Nothing is cut elsewhere."""

import re
from collections.abc import Callable

_SEPARATOR = re.compile(r"^[ \t]*---[ \t]*$", re.MULTILINE)


def whole(text: str) -> str:
    """The text as one, for who reads it in one piece: a blank line stands where it may be cut."""
    return "\n\n".join(_pieces(text)) if _SEPARATOR.search(text) else text


def parts(text: str, fits: Callable[[str], bool]) -> tuple[str, ...]:
    """One part where the whole text fits, else the parts as they were written, each of which must fit by itself."""
    pieces = _pieces(text)
    return (whole(text),) if len(pieces) < 2 or fits(whole(text)) else pieces


def _pieces(text: str) -> tuple[str, ...]:
    return tuple(piece.strip() for piece in _SEPARATOR.split(text) if piece.strip())
