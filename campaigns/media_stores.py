"""Where files lie that are no rows: in a folder of this machine, or in a bucket that speaks S3, for several machines.

Everything that reads or writes them is given a MediaHome, a folder or a bucket, and asks `opened` for it.
"""

import io
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol
from urllib.parse import parse_qs, urlsplit

SHAPE = "s3://bucket/folder?endpoint=https://s3.example.org&region=fr-par"
KNOWN = ("endpoint", "region")
PATIENCE = timedelta(seconds=20)  # for a whole answer; a picture has 20 MB at most
CONNECT = timedelta(seconds=3)
PIECE = 8_000_000  # bytes of a large file that are asked for at a time
RETRIED: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}  # what is away for longer is said to be
STORED_OF_LATE = 600  # seconds for which a bucket need not be asked whether it has a file that was just stored there


class MediaProblem(Exception):
    """The pictures' storage cannot be used; the message says why and what to do."""


class MediaAway(OSError):
    """The pictures' storage does not answer, or refuses; what was asked for may work later."""

    def __init__(self, where: str, said: str) -> None:
        super().__init__(
            f"the pictures' storage {where} cannot be used just now ({said}): look at it, and at PORTEVOIX_MEDIA_URL and its keys"
        )
        self.where, self.said = where, said


class MediaStore(Protocol):
    """Files by their names, which may hold folders: “a/b.png”. Each call may take seconds: make it in a thread.

    FileNotFoundError where there is no such file, MediaAway where the storage cannot be asked.
    """

    def load(self, file: str) -> bytes: ...

    def copy_to(self, file: str, target: IO[bytes]) -> None:
        """Write the file there, piece by piece: for one that no memory should hold."""

    def store(self, file: str, data: bytes | BinaryIO) -> None:
        """Whole or not at all, from an open file piece by piece. One that has the name already is replaced."""

    def has(self, file: str) -> bool: ...

    def delete(self, file: str) -> None:
        """One that is gone already is no error."""

    def files(self, below: str = "") -> Iterator[tuple[str, str]]:
        """The name of each file, or of those in one folder, and what changes with its content."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, which is made when something is stored in it."""

    path: Path

    def load(self, file: str) -> bytes:
        return (self.path / file).read_bytes()

    def copy_to(self, file: str, target: IO[bytes]) -> None:
        with (self.path / file).open("rb") as source:
            shutil.copyfileobj(source, target)

    def store(self, file: str, data: bytes | BinaryIO) -> None:
        target = self.path / file
        unfinished = target.with_suffix(f".{os.getpid()}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as begun:
                shutil.copyfileobj(io.BytesIO(data) if isinstance(data, bytes) else data, begun)
            unfinished.replace(target)  # a crash leaves no half picture under the final name
        except OSError as error:  # such as a disk that is full
            with suppress(OSError):
                unfinished.unlink()
            raise MediaAway(str(self.path), error.strerror or type(error).__name__) from None

    def has(self, file: str) -> bool:
        return (self.path / file).is_file()

    def delete(self, file: str) -> None:
        (self.path / file).unlink(missing_ok=True)

    def files(self, below: str = "") -> Iterator[tuple[str, str]]:
        for each in sorted((self.path / below).rglob("*")):
            if each.is_file():
                seen = each.stat()
                yield each.relative_to(self.path).as_posix(), f"{seen.st_size}-{seen.st_mtime_ns}"


class Bucket:
    """A bucket that speaks S3, or a folder in it. `key` and `secret` may be empty: then the machine's own role counts."""

    def __init__(self, url: str, key: str = "", secret: str = "", *, below: str = "") -> None:
        """Raises MediaProblem where the extra is not installed that speaks S3."""
        try:
            from obstore.store import S3Store  # the extra s3: a small installation has none
        except ImportError:
            raise MediaProblem(
                "PORTEVOIX_MEDIA_URL: what speaks S3 is not installed; install it with:"
                " .venv/bin/uv pip install --python .venv/bin/python -r pyproject.toml --extra s3"
            ) from None
        name, prefix, options = parts_of(url)
        given: dict[str, Any] = dict(options)
        if key:
            given |= {"access_key_id": key, "secret_access_key": secret}
        self.url = url.partition("?")[0].rstrip("/")
        self._bucket = S3Store(
            name,
            prefix="/".join(filter(None, (prefix, below))) or None,
            client_options={
                "timeout": PATIENCE,
                "connect_timeout": CONNECT,
                "allow_http": options.get("endpoint", "").startswith("http://"),
            },
            retry_config=RETRIED,
            **given,
        )
        self._stored: dict[str, float] = {}

    def load(self, file: str) -> bytes:
        with self._asked(file):
            return bytes(self._bucket.get(file).bytes())

    def copy_to(self, file: str, target: IO[bytes]) -> None:
        with self._asked(file):
            size = self._bucket.head(file)["size"]
        for start in range(0, size, PIECE):  # each piece is an answer of its own, with its own patience
            with self._asked(file):
                piece = self._bucket.get_range(file, start=start, end=min(start + PIECE, size))
            target.write(piece)

    def store(self, file: str, data: bytes | BinaryIO) -> None:
        with self._asked():
            self._bucket.put(file, data, use_multipart=not isinstance(data, bytes))
        self._stored[file] = time.monotonic()

    def has(self, file: str) -> bool:
        """Who keeps a picture and then a post with it asks twice within seconds: one question is enough."""
        earliest = time.monotonic() - STORED_OF_LATE
        self._stored = {name: at for name, at in self._stored.items() if at > earliest}
        if file in self._stored:
            return True
        try:
            with self._asked(file):
                self._bucket.head(file)
        except FileNotFoundError:
            return False
        return True

    def delete(self, file: str) -> None:
        self._stored.pop(file, None)
        with self._asked():
            self._bucket.delete(file)

    def files(self, below: str = "") -> Iterator[tuple[str, str]]:
        with self._asked():
            for some in self._bucket.list(below or None):
                for each in some:
                    yield each["path"], str(each["e_tag"] or each["last_modified"])

    @contextmanager
    def _asked(self, file: str = "") -> Iterator[None]:
        """Its errors in ours. A bucket that is not there answers as a file that is not."""
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError as error:
            if file and "NoSuchBucket" not in str(error):
                raise FileNotFoundError(2, f"there is no such file in {self.url}", file) from None
            raise self._away(error) from None
        except (BaseError, OSError) as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> MediaAway:
        said = re.split(r"Debug source|: <\?xml|, after \d+ retries", " ".join(str(error).split()))[0]
        return MediaAway(self.url, said.strip()[:200])


MediaHome = Path | MediaStore


def opened(home: MediaHome) -> MediaStore:
    return Folder(home) if isinstance(home, Path) else home


def parts_of(url: str) -> tuple[str, str, dict[str, str]]:
    """Bucket, folder in it and options of an address; raises ValueError, which says how to write one."""
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = sorted(set(options) - set(KNOWN))
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or unknown:
        raise ValueError(f"must be as {SHAPE}, its keys in PORTEVOIX_MEDIA_KEY and PORTEVOIX_MEDIA_SECRET")
    if not options.get("endpoint", "https://").startswith(("https://", "http://")):
        raise ValueError("its endpoint must begin with https:// (or http:// on this machine)")
    return parts.netloc, parts.path.strip("/"), options
