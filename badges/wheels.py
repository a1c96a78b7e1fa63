"""Compiled packages that make badges faster but that not every platform has."""

import importlib
from typing import Any


def wheel(name: str) -> Any:
    """The module of that name, or None where it is not installed or does not load: its caller then uses Pillow."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
