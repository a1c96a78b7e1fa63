"""Where the stand-ins keep what they accepted: one small SQLite file, or memory when no file is given.

Everything is a JSON document under (kind, key), or a blob under its SHA-256. Each write is on disk before the
request is answered, so that a killed sandbox comes back with all that it ever acknowledged.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

TABLES = """
CREATE TABLE IF NOT EXISTS docs (
    kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (kind, key)
);
CREATE TABLE IF NOT EXISTS blobs (sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL);
"""


class Store:
    """Documents and blobs, written through at once."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        # Written to the system before the answer, which survives a killed process; a power cut may cost the last rows.
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(TABLES)

    def put(self, kind: str, key: str | int, doc: Json, version: int = 0) -> None:
        """Write one document; `version` is the change counter, which must go on rising after a restart."""
        text = json.dumps(doc, ensure_ascii=False)
        self._db.execute("INSERT OR REPLACE INTO docs VALUES (?, ?, ?, ?)", (kind, str(key), version, text))

    def remove(self, kind: str, key: str | int) -> None:
        """Forget one document."""
        self._db.execute("DELETE FROM docs WHERE kind = ? AND key = ?", (kind, str(key)))

    def all(self, kind: str) -> Iterator[Json]:
        """The documents of one kind in the order in which they were last written."""
        rows = self._db.execute("SELECT doc FROM docs WHERE kind = ? ORDER BY rowid", (kind,))
        return (json.loads(text) for (text,) in rows.fetchall())

    def highest_version(self) -> int:
        """The change counter as it stood at the last write."""
        (found,) = self._db.execute("SELECT coalesce(max(version), 0) FROM docs").fetchone()
        return int(found)

    def put_blob(self, content: bytes) -> str:
        """Keep bytes; gives their SHA-256 in hexadecimal."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._db.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (sha256, content))
        return sha256

    def blob(self, sha256: str) -> bytes | None:
        """The bytes with this SHA-256, or None."""
        row = self._db.execute("SELECT bytes FROM blobs WHERE sha256 = ?", (sha256,)).fetchone()
        return None if row is None else bytes(row[0])

    def clear(self) -> None:
        """Forget everything."""
        self._db.execute("DELETE FROM docs")
        self._db.execute("DELETE FROM blobs")

    def close(self) -> None:
        """Close the file."""
        self._db.close()
