"""The log: one line an event, as text or as JSON, and nothing of a person in it.

Our own lines hold numbers of rows, kinds and classes. A library's may hold anything (an address with a token, a statement
with its values), so it is heard from WARNING on only, and of what it says the fixed words are kept. An error is told by its
class and the places that it came through: its own words, too, may be somebody's name.
"""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from structlog.stdlib import ExtraAdder, ProcessorFormatter

from campaigns.traces import IDS, ids_now

ROOMS = ("badges", "bot", "campaigns", "commands", "networks", "sandbox", "schedules", "web")
# A line for each update and each request: there for machines, who count them, and too many for a terminal.
ROUTINE = ("bot.handling", "web.served")
# A tick that finds the last one at work is left out, and says so at each: the next one looks again.
# What goes wrong with a job is said by its work; that the store is away, by the timetable.
NOISY = {"apscheduler": logging.ERROR, "psycopg.pool": logging.ERROR, "procrastinate": logging.CRITICAL}
MOST_FRAMES = 40  # of an error; those next to it
HOME = Path(__file__).resolve().parent.parent
TOKEN = re.compile(r"\b\d{5,}:[\w-]{20,}")  # a bot's
ADDRESS = re.compile(r"[^\s@“”\"'<>(),:;]+@[\w-]+(?:\.[\w-]+)+")  # of e-mail
VALUES = re.compile(r"[\"'“«(<{\[].*", re.DOTALL)  # where the words of a library that puts in its values itself end

Event = MutableMapping[str, Any]


def set_up(level: str, form: str) -> None:
    """Begin to log to the terminal, or to whoever reads its error channel; `form` is text or json."""
    logging.basicConfig(level=logging.WARNING, handlers=[handler(form)])
    for room in ROOMS:
        logging.getLogger(room).setLevel(level)
    for name in ROUTINE:
        logging.getLogger(name).setLevel(level if form == "json" or level == "DEBUG" else logging.WARNING)
    for name, least in NOISY.items():
        logging.getLogger(name).setLevel(least)
    logging.captureWarnings(True)
    sys.excepthook = _ended
    threading.excepthook = sys.unraisablehook = _lost


def handler(form: str, stream: TextIO | None = None) -> logging.Handler:
    """Writes lines; to the error channel, where no stream is given."""
    written = logging.StreamHandler(stream)
    render = _as_json if form == "json" else _as_text
    written.setFormatter(
        ProcessorFormatter(processors=[_with_ids, ExtraAdder(IDS), _without_people, _with_error, render])
    )
    written.addFilter(lambda record: _is_ours(record.name) or record.levelno >= logging.WARNING)
    return written


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in ROOMS


def speaks_json() -> bool:
    """Whether what a terminal reads as sentences goes to a log of JSON."""
    return any(
        isinstance(each.formatter, ProcessorFormatter) and _as_json in each.formatter.processors
        for each in logging.getLogger().handlers
    )


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("commands").critical("the program ended by an error", exc_info=(kind, error, trace))


def _lost(what: "threading.ExceptHookArgs | sys.UnraisableHookArgs") -> None:
    """An error that ended a thread, or that nobody could be given; Python would print its words."""
    if what.exc_value is not None:
        error = (what.exc_type, what.exc_value, what.exc_traceback)
        logging.getLogger("commands").error("an error ended a thread, or reached nobody", exc_info=error)


def words_of(record: logging.LogRecord, said: str) -> str:
    """What a record may say: all of it where it is ours, a library's fixed words else."""
    if _is_ours(record.name):
        return ADDRESS.sub("…@…", TOKEN.sub("…", said))
    if record.name == "py.warnings":  # place and class: “/x/y.py:12: DeprecationWarning”
        return ": ".join(said.split(": ")[:2]).replace(f"{HOME}/", "")
    template = str(record.msg).partition("\n")[0]
    return template if "%" in template else VALUES.sub("…", template)


def _with_ids(logger: Any, name: str, event: Event) -> Event:
    event.update(ids_now())
    return event


def _without_people(logger: Any, name: str, event: Event) -> Event:
    event["event"] = words_of(event["_record"], event["event"])
    return event


def _with_error(logger: Any, name: str, event: Event) -> Event:
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if given and given[1] is not None:
        event["exception"] = told(given[1])
    return event


def told(error: BaseException | None) -> list[dict[str, Any]]:
    """An error and what led to it, the last first: class, what its library calls it, and the places that it came through."""
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        one: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")}
        if code := _code_of(error):
            one["code"] = code
        chain.append(one | {"frames": _frames(error.__traceback__)})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain


def _code_of(error: BaseException) -> str:
    """Names out of a fixed list: SQLite's, PostgreSQL's, the system's."""
    known = (getattr(error, "sqlite_errorname", None), getattr(error, "sqlstate", None))
    return str(next(filter(None, known), None) or (error.strerror if isinstance(error, OSError) else None) or "")


def _frames(trace: TracebackType | None) -> list[str]:
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{_shown(code.co_filename)}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    return found[-MOST_FRAMES:]


def _shown(file: str) -> str:
    """A path below the program's folder, or below that of the packages: a home folder has a name, too."""
    return file.rpartition("site-packages/")[2].replace(f"{HOME}/", "")


def _as_json(logger: Any, name: str, event: Event) -> str:
    record: logging.LogRecord = event["_record"]
    line = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": event["event"],
    }
    more = {key: value for key, value in event.items() if not key.startswith("_") and key != "event"}
    return json.dumps(line | more, ensure_ascii=False, default=str)


def _as_text(logger: Any, name: str, event: Event) -> str:
    record: logging.LogRecord = event["_record"]
    moment = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(record.created))},{int(record.msecs):03d}"
    lines = [f"{moment} {record.levelname} {record.name}: {event['event']}"]
    for number, error in enumerate(event.get("exception", ())):
        said = " ".join(filter(None, (error["type"], error.get("code"))))
        lines += [f"  {'after ' if number else ''}{said}", *(f"    {frame}" for frame in error["frames"])]
    return "\n".join(lines)
