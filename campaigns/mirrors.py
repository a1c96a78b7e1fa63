"""A folder of this machine that follows a part of a bucket: for files that are opened where they lie, as frames are.

What was followed stays: while the bucket is away, badges are made with the frames that this machine knows.
"""

import json
import logging
import shutil
import threading
import time
from pathlib import Path

from campaigns.media_stores import Folder, MediaAway, MediaStore

log = logging.getLogger(__name__)
FRESH = 10.0  # seconds for which the bucket is not asked again what it has


class Mirror:
    """Of one process; a part is a folder's name, such as a campaign's slug. Each call may take seconds: make it in a thread."""

    def __init__(self, folder: Path, store: MediaStore) -> None:
        self.folder, self._store = folder, store
        self._followed: dict[str, float] = {}
        self._one = threading.Lock()

    def near(self, part: str) -> Path:
        """The folder, in which the part is what the bucket has, or had when it was there last."""
        with self._one:
            if time.monotonic() - self._followed.get(part, -FRESH) >= FRESH:
                try:
                    self._follow(part)
                except MediaAway as away:
                    log.warning("%s keeps what it has of %s: %s", self.folder, part, away)
                self._followed[part] = time.monotonic()
        return self.folder

    def send(self, path: Path) -> None:
        """Give the bucket a file of the folder, or all files below it; the part is looked at anew then."""
        for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if each.is_file():
                self._store.store(each.relative_to(self.folder).as_posix(), each.read_bytes())
        self._followed.pop(path.relative_to(self.folder).parts[0], None)

    def drop(self, path: Path) -> None:
        """Take a file away, or all below a folder, here and from the bucket."""
        name = path.relative_to(self.folder).as_posix()
        part = name.partition("/")[0]
        for each, _content in list(self._store.files(part)):
            if each == name or each.startswith(f"{name}/"):
                self._store.delete(each)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        self._followed.pop(part, None)

    def _follow(self, part: str) -> None:
        here, listed = Folder(self.folder), self.folder / part / ".followed.json"
        known = json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else {}
        there = dict(self._store.files(part))
        for name, content in there.items():
            if known.get(name) != content or not here.has(name):
                here.store(name, self._store.load(name))
        for name in known.keys() - there.keys():
            here.delete(name)
        if known != there:
            here.store(f"{part}/{listed.name}", json.dumps(there).encode())


FramesHome = Path | Mirror


def near(home: FramesHome, part: str) -> Path:
    """The folder in which the part lies, near enough to be opened."""
    return home.near(part) if isinstance(home, Mirror) else home
