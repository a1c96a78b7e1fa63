"""A file that is locked with a passphrase, written and read as a stream in chunks.

The key comes from the passphrase by scrypt (RFC 7914). Each chunk is locked by ChaCha20-Poly1305 (RFC 8439) under its number
and whether it is the last one, as STREAM does (Hoang, Reyhanitabar, Rogaway, Vizár 2015): a chunk that was altered, moved,
left out or put in does not open, and a file that was cut off has no last one. No byte is given out that was not checked.
"""

import hashlib
import hmac
import secrets
import struct
import unicodedata
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

KIND = b"porte-voix backup "
MAGIC = KIND + b"1\n"
CHUNK = 1 << 20  # bytes of what is locked, in one chunk
TAG = 16  # bytes more, in the file
SALT, PROOF = 16, 32  # bytes
# scrypt's N as a power of two, with r=8 and p=1: 128 MB and a third of a second, what OWASP asks for (Password Storage Cheat Sheet).
WORK, MOST_WORK = 17, 20
SHORTEST = 12  # characters of a passphrase: who has the file may try as many as they like


class SealProblem(Exception):
    """This file cannot be opened; the message says why."""


class WrongPassphrase(SealProblem):
    """the passphrase is not the one that it was written with, or its first bytes were altered"""

    def __str__(self) -> str:
        return str(self.__doc__)


def normal(passphrase: str) -> bytes:
    """An accented letter may be typed in two ways."""
    return unicodedata.normalize("NFC", passphrase).encode()


class Seal:
    """Takes what `write` is given and writes it locked; `close` writes the last chunk and leaves the file open."""

    def __init__(self, file: BinaryIO, passphrase: str, *, work: int = WORK) -> None:
        self._file = file
        begin = MAGIC + bytes([work]) + secrets.token_bytes(SALT)
        self._lock, proof = _keys(begin, passphrase)
        self._number, self._waits = 0, bytearray()
        file.write(begin + proof)

    def write(self, data: bytes | memoryview) -> int:
        self._waits += data
        while len(self._waits) > CHUNK:  # not >=: the last chunk may be a full one
            self._write(bytes(self._waits[:CHUNK]), last=False)
            del self._waits[:CHUNK]
        return len(data)

    def flush(self) -> None:
        """A chunk is written when it is full."""

    def close(self) -> None:
        self._write(bytes(self._waits), last=True)
        self._waits.clear()

    def _write(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._lock.encrypt(_nonce(self._number, last=last), chunk, None))
        self._number += 1


class Sealed:
    """Reads such a file from its beginning, as `read` asks for it; raises SealProblem, at the latest behind its last byte."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        self._file = file
        begin = file.read(len(MAGIC) + 1 + SALT)
        if not begin.startswith(MAGIC):
            newer = begin.startswith(KIND)
            raise SealProblem(
                "it was written by a newer Porte-voix: update the program" if newer else "it is no backup of Porte-voix"
            )
        if len(begin) < len(MAGIC) + 1 + SALT or begin[len(MAGIC)] > MOST_WORK:
            raise SealProblem("it is no backup of Porte-voix, or was cut off or altered at its beginning")
        self._lock, proof = _keys(begin, passphrase)
        if not hmac.compare_digest(proof, file.read(PROOF)):
            raise WrongPassphrase
        self._number, self._open, self._at = 0, b"", 0
        self._next = file.read(CHUNK + TAG)
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, fewer at the end of a chunk; none behind the last."""
        while self._at >= len(self._open) and not self._ended:
            self._open, self._at = self._read_chunk(), 0
        end = len(self._open) if size < 0 else self._at + size
        found = self._open[self._at : end]
        self._at += len(found)
        return found

    def readinto(self, buffer: memoryview) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def _read_chunk(self) -> bytes:
        chunk, self._next = self._next, self._file.read(CHUNK + TAG)
        last = not self._next
        try:
            found = self._lock.decrypt(_nonce(self._number, last=last), chunk, None)
        except InvalidTag:
            place = self._number * (CHUNK + TAG) / 1e6
            raise SealProblem(f"it was cut off or altered, behind its first {place:.0f} MB or there") from None
        self._number, self._ended = self._number + 1, last
        return found


def _keys(begin: bytes, passphrase: str) -> tuple[ChaCha20Poly1305, bytes]:
    """What locks the chunks, and what shows that the passphrase and the beginning of the file are the right ones."""
    work, salt = begin[len(MAGIC)], begin[len(MAGIC) + 1 :]
    made = Scrypt(salt=salt, length=64, n=1 << max(work, 1), r=8, p=1).derive(normal(passphrase))
    return ChaCha20Poly1305(made[:32]), hmac.new(made[32:], begin, hashlib.sha256).digest()


def _nonce(number: int, *, last: bool) -> bytes:
    """12 bytes; none comes twice, since the key is of this file alone."""
    return struct.pack(">IQ", 0, (number << 1) | last)
