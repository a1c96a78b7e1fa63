"""Cursors: a page ends with what to send for the next one. What a cursor holds is nobody's business."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Protocol

from fastapi import Path, Query

from web.api.problems import ApiProblem
from web.pages import LARGEST_ROW

Number = Annotated[int, Path(ge=1, le=LARGEST_ROW)]
Limit = Annotated[int, Query(ge=1, le=100, description="Rows of a page.")]
Cursor = Annotated[str | None, Query(max_length=60, description="`next` of the page before; none for the first page.")]


class Numbered(Protocol):
    id: int


def read_cursor(cursor: str | None) -> int | None:
    """The number behind which the page begins; ApiProblem for what was never a cursor."""
    if cursor is None:
        return None
    try:
        word, number = base64.urlsafe_b64decode(cursor.encode()).decode().split(":")
        found = int(number) if word == "before" and number.isascii() and number.isdigit() else 0
    except (binascii.Error, ValueError):
        found = 0
    if not 0 < found <= LARGEST_ROW:
        raise ApiProblem(422, "This cursor is none of ours: send next of the page before as it was, or no cursor.")
    return found


def next_cursor(rows: Sequence[Numbered], limit: int) -> str | None:
    """What leads to the page behind these rows; None where they are the last."""
    if len(rows) < limit:
        return None
    return base64.urlsafe_b64encode(f"before:{rows[-1].id}".encode()).decode()
