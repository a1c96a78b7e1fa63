"""Everything that was ever accepted, in order. Nothing is taken out of it when a message is edited or deleted."""

from sandbox.changes import Changes
from sandbox.store import Json, Store


class Ledger:
    """The list of accepted messages and tweets of one sandbox."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store, self._changes = store, changes
        self.entries: list[Json] = sorted(store.all("ledger"), key=lambda entry: int(entry["seq"]))

    def add(self, *, service: str, channel: str, operation: str, at: str, **what: object) -> Json:
        """Write one accepted message. `channel` is a chat_id or an X username, `at` an ISO time in UTC."""
        seq = self.entries[-1]["seq"] + 1 if self.entries else 1
        entry: Json = {"seq": seq, "request_id": f"{service}-{seq}", "service": service, "channel": channel}
        entry |= {"operation": operation, "at": at} | what
        self.entries.append(entry)
        self._store.put("ledger", seq, entry, self._changes.bump())
        return entry

    def find(self, *, service: str | None = None, channel: str | None = None, after: int = 0) -> list[Json]:
        """The entries of a service and a channel with a `seq` above `after`."""
        return [
            entry
            for entry in self.entries
            if entry["seq"] > after
            and (service is None or entry["service"] == service)
            and (channel is None or entry["channel"] == channel)
        ]
