"""The log: JSON or text, with what a line is about, and without anybody's name."""

import asyncio
import io
import json
import logging
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from campaigns.database import Database
from campaigns.traces import at_work
from commands import logs
from tests.program import ROOT

TOKEN = "700000001:AAHdemoTokenOfTheTestsThatLeadsNowhere"
Written = Callable[[], list[Any]]


@pytest.fixture(params=["json"])
def written(request: pytest.FixtureRequest) -> Iterator[Written]:
    """What was logged so far: objects, or lines of text."""
    stream = io.StringIO()
    handler, root = logs.handler(request.param, stream), logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in (None, "bot", "py.warnings")}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)

    def read() -> list[Any]:
        lines = stream.getvalue().splitlines()
        return [json.loads(line) for line in lines] if request.param == "json" else lines

    yield read
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


as_text = pytest.mark.parametrize("written", ["text"], indirect=True)


def test_a_line_of_json_says_when_how_grave_who_and_what(written: Written) -> None:
    with at_work("channel", channel=3), at_work("publication", publication=7, post=5) as seen:
        seen["outcome"] = "published"  # the span's, not the line's
        logging.getLogger("schedules.publishing").info("publication %d is out", 7)
    logging.getLogger("schedules.publishing").warning("outside")
    [line, after] = written()
    moment = datetime.fromisoformat(line.pop("time"))
    assert moment.utcoffset() == timedelta(0)
    assert line == {
        "level": "info",
        "logger": "schedules.publishing",
        "event": "publication 7 is out",
        "channel": 3,
        "publication": 7,
        "post": 5,
    }
    assert "publication" not in after and "channel" not in after


@as_text
def test_text_is_as_calm_as_it_was(written: Written) -> None:
    with at_work("publication", publication=7):
        logging.getLogger("schedules.publishing").info("publication %d is out", 7)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO schedules\.publishing: publication 7 is out", written()[0]
    )


async def test_an_error_is_told_by_class_and_place_and_never_by_its_words(written: Written, database: Database) -> None:
    try:
        try:
            async with database.write() as session:
                await session.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "Zoé Martin"})
        except SQLAlchemyError as error:
            raise ValueError("Zoé Martin, zoe@exemple.fr") from error
    except ValueError:
        logging.getLogger("bot.visit").exception("update %d could not be handled", 12)
    [line] = written()  # and none of the database driver's, which tell each statement
    types = [each["type"] for each in line["exception"]]
    assert types[0] == "ValueError" and types[1].startswith("sqlalchemy.exc.")
    assert any(each.get("code") in ("SQLITE_ERROR", "42P01") for each in line["exception"])
    assert re.fullmatch(r"tests/test_logs\.py:\d+ in test_an_error_\w+", line["exception"][0]["frames"][-1])
    assert "Zoé" not in json.dumps(line, ensure_ascii=False) and "exemple" not in json.dumps(line)


@as_text
def test_in_text_an_error_stands_below_its_line(written: Written) -> None:
    try:
        raise ValueError("Zoé")
    except ValueError:
        logging.getLogger("bot.visit").exception("update %d could not be handled", 12)
    first, kind, frame = written()
    assert first.endswith("update 12 could not be handled") and kind == "  ValueError"
    assert frame.startswith("    tests/test_logs.py:")


@pytest.mark.parametrize(
    ("name", "template", "values", "event"),
    [
        # a library's values are left out, whatever they are
        ("httpx", "HTTP Request: %s %s", ("GET", f"https://api.telegram.org/bot{TOKEN}/getMe"), "HTTP Request: %s %s"),
        # one that puts its values in by itself
        ("aiohttp.client", f"Unclosed connection <https://api.telegram.org/bot{TOKEN}>", (), "Unclosed connection …"),
        ("telegram", "Chat 'Zoé Martin' is gone", (), "Chat …"),
        ("asyncio", "Task exception was never retrieved\nfuture: <Task ValueError('Zoé')>", (), "Task exception was never retrieved"),
        # ours are audited; the token and the address are a second net
        ("bot.app", "token %s of %s", (TOKEN, "zoe.martin@exemple.fr"), "token … of …@…"),
    ],
)  # fmt: skip
def test_of_a_library_the_fixed_words_are_kept(
    written: Written, name: str, template: str, values: tuple[str, ...], event: str
) -> None:
    logging.getLogger(name).warning(template, *values)
    assert [line["event"] for line in written()] == [event]


def test_a_warning_of_python_is_a_line_with_its_place(written: Written) -> None:
    logging.captureWarnings(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("Zoé is no number", UserWarning, stacklevel=1)
    finally:
        logging.captureWarnings(False)
    [line] = written()
    assert re.fullmatch(r"tests/test_logs\.py:\d+: UserWarning", line["event"]), line


def test_what_ends_the_program_or_a_thread_is_a_line_without_its_words() -> None:
    ends = """
import threading
from commands import logs
from tests.program import ROOT
logs.set_up("DEBUG", "json")
def dies(): raise ValueError("Zoé")
thread = threading.Thread(target=dies)
thread.start()
thread.join()
class Odd:
    def __del__(self): raise ValueError("Zoé")
Odd()
raise ValueError("Zoé")
"""
    ended = subprocess.run(
        [sys.executable, "-c", ends],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["error", "error", "critical"] and ended.returncode == 1
    assert all(line["exception"][0]["type"] == "ValueError" for line in lines) and "Zoé" not in ended.stderr


async def test_what_a_task_died_of_is_told_without_its_words(written: Written) -> None:
    async def dies() -> None:
        raise ValueError("Zoé")

    task = asyncio.ensure_future(dies())
    await asyncio.wait([task])
    task.__del__()  # as when it is forgotten
    [line] = [each for each in written() if each["logger"] == "asyncio" and each["level"] == "error"]
    assert line["exception"][0]["type"] == "ValueError" and "Zoé" not in json.dumps(line, ensure_ascii=False)
