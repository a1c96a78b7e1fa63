"""A zip that somebody hands in, read without trust: no name leads out of it, and it does not unpack without end."""

import lzma
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

ZIP = b"PK\x03\x04"  # how a zip begins, whatever its name may claim
IN_UTF_8 = 0x800  # the flag of a name; the format's older names are in code page 437
CANNOT_READ = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError, EOFError, OSError, ValueError)  # fmt: skip


class ZipUnread(Exception):
    """The zip is none, is damaged or locked; the message is its reader's own."""


class ZipTooLarge(Exception):
    """More was unpacked than may be."""


class Package:
    """An open zip. `files` are what it holds, by path; folders are left out."""

    def __init__(self, archive: zipfile.ZipFile, most: int) -> None:
        self._archive, self._left = archive, most
        self.files = {_path_of(entry): entry for entry in archive.infolist() if not entry.is_dir()}

    def size(self, path: PurePosixPath) -> int:
        """Bytes of a file as its zip claims; more than that is never read of it."""
        return self.files[path].file_size

    def begins(self, path: PurePosixPath, length: int) -> bytes:
        """A file's first bytes; raises ZipUnread."""
        with _reading(), self._archive.open(self.files[path]) as packed:
            return packed.read(length)

    def read(self, path: PurePosixPath) -> bytes:
        """A file's content; raises ZipUnread, or ZipTooLarge where all that was read is more than it may be."""
        with _reading(), self._archive.open(self.files[path]) as packed:
            content = packed.read(self._left + 1)
        self._left -= len(content)
        if self._left < 0:
            raise ZipTooLarge
        return content


@contextmanager
def unzipped(file: BinaryIO | Path, most: int) -> Iterator[Package]:
    """A zip to read at most `most` bytes of; raises ZipUnread."""
    with _reading():
        archive = zipfile.ZipFile(file)
    with archive:
        yield Package(archive, most)


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except CANNOT_READ as error:
        raise ZipUnread(str(error)) from None


def _path_of(entry: zipfile.ZipInfo) -> PurePosixPath:
    """As its owner reads it: macOS writes UTF-8 without saying so, in letters that are taken apart."""
    name = entry.filename
    if not entry.flag_bits & IN_UTF_8:
        with suppress(UnicodeError):  # else it is in the old code page indeed
            name = name.encode("cp437").decode("utf-8")
    return PurePosixPath(unicodedata.normalize("NFC", name.replace("\\", "/")))


def is_hidden(path: PurePosixPath) -> bool:
    """What systems add to a zip on their own."""
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def stays_inside(path: PurePosixPath) -> bool:
    return not path.is_absolute() and ".." not in path.parts
