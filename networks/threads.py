"""Threads: a text whose author wrote where it may be cut, with a line that holds only `---`. Nothing is cut elsewhere."""

import re
from collections.abc import Callable, Mapping, Sequence

from networks.errors import OutcomeUnknown

_SEPARATOR = re.compile(r"^[ \t]*---[ \t]*$", re.MULTILINE)


def whole(text: str) -> str:
    """The text as one, for who reads it in one piece: a blank line stands where it may be cut."""
    return "\n\n".join(_pieces(text)) if _SEPARATOR.search(text) else text


def parts(text: str, fits: Callable[[str], bool]) -> tuple[str, ...]:
    """One part where the whole text fits, else the parts as they were written, each of which must fit by itself."""
    pieces = _pieces(text)
    return (whole(text),) if len(pieces) < 2 or fits(whole(text)) else pieces


def recognised(written: Sequence[str], sent: Sequence[str], shown: Mapping[str, str]) -> tuple[str, ...] | None:
    """The ids of all parts, `sent` first, of what a network shows (text -> id); None where it shows none of the rest.

    Raises OutcomeUnknown, with the ids that are there, where it shows some: a human decides.
    """
    found = [shown.get(text) for text in written[len(sent) :]]
    ids = (*sent, *(each for each in found if each))
    if None not in found:
        return ids
    if any(found):
        raise OutcomeUnknown(f"{len(ids)} of {len(written)} parts of the thread are there", sent_parts=ids)
    return None


def _pieces(text: str) -> tuple[str, ...]:
    return tuple(piece.strip() for piece in _SEPARATOR.split(text) if piece.strip())
