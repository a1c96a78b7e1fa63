"""What a benchmark gives: rows of a figure, what it is compared with, and whether it holds its goal."""

from collections.abc import Callable
from typing import TypedDict

Say = Callable[[str], None]  # takes what is being measured now, for the progress line


class Row(TypedDict):
    """One figure. `name` begins with its subject and a colon; `holds` is None where there is no goal."""

    name: str
    value: float
    unit: str
    against: str
    goal: str | None
    holds: bool | None


def row(name: str, value: float, unit: str, against: str, goal: str | None = None, holds: bool | None = None) -> Row:
    return {"name": name, "value": value, "unit": unit, "against": against, "goal": goal, "holds": holds}
