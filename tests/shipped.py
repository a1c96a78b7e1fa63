"""What docs/deploy and the Dockerfile say to run, read out of them: each command with the settings that stand beside it."""

import fnmatch
import json
import re
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = DEPLOY / "systemd"
PROGRAM = "/srv/porte-voix/.venv/bin/python run_bot.py "


@dataclass(frozen=True)
class Command:
    """What stands behind `run_bot.py`, and the program's settings, without their prefix."""

    words: list[str]
    settings: dict[str, str] = field(default_factory=dict)


def unit(name: str) -> dict[str, list[str]]:
    """Each key of a unit with all its values."""
    found: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def of_unit(name: str, instance: str = "", credentials: str = "") -> Command:
    keys = unit(name)
    (starts,) = keys["ExecStart"]
    assert starts.startswith(PROGRAM), starts

    def filled(text: str) -> str:
        return text.replace("%i", instance).replace("%d", credentials)

    words = shlex.split(filled(starts.removeprefix(PROGRAM)))
    return Command(words, _settings(filled(each) for each in keys.get("Environment", [])))


def _settings(lines: Any) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines)
    return {name.removeprefix("PORTEVOIX_"): value for name, _, value in pairs if name.startswith("PORTEVOIX_")}


def compose(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return found


def of_service(service: dict[str, Any]) -> Command:
    return Command(service["command"], _settings(f"{name}={value}" for name, value in service["environment"].items()))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, in order: its word and what stands behind it."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def last(word: str) -> str:
    return [rest for each, rest in instructions() if each == word][-1]


def health_check() -> list[str]:
    """As a list of words."""
    found: list[str] = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    return found


def context(folder: Path) -> Path:
    """What `COPY . .` puts into the image, by .dockerignore, whose last line that fits counts."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    for file in sorted(each for each in ROOT.rglob("*") if each.is_file() and ".venv" not in each.parts):
        name = file.relative_to(ROOT).as_posix()
        if not _ignored(name, lines):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return folder


def _ignored(name: str, lines: list[str]) -> bool:
    ignored = False
    parts = name.split("/")
    for line in lines:
        pattern = line.removeprefix("!")
        if pattern.startswith("**/"):
            fits = any(fnmatch.fnmatch(part, pattern.removeprefix("**/")) for part in parts)
        else:
            fits = fnmatch.fnmatch(parts[0], pattern)
        if fits:
            ignored = not line.startswith("!")
    return ignored
