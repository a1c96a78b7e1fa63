"""How far a mailing went, kept from call to call in `sent_parts`: who has it, who was put off, who is refused.

The id of a recipient alone: the message was taken. `~3 <id>`: put off three times, the longest ago first. `!550 <id>`: not written to again.
"""

from collections.abc import Iterable, Sequence

from networks.base import Recipient

PUT_OFF, REFUSED = "~", "!"
MOST_TIMES = 6  # that an address is put off, five minutes apart: a server that greylists has taken the message by then


class Mailing:
    """One post on its way to a list."""

    def __init__(self, parts: Iterable[str]) -> None:
        self.sent: list[str] = []
        self._put_off: dict[str, int] = {}
        self._refused: dict[str, str] = {}
        self._said: dict[str, str] = {}  # what the server said in this call
        for part in parts:
            mark, _, ident = part.rpartition(" ")
            if mark.startswith(PUT_OFF):
                self._put_off[ident] = int(mark[1:])
            elif mark.startswith(REFUSED):
                self._refused[ident] = mark[1:]
            else:
                self.sent.append(ident)

    def parts(self) -> tuple[str, ...]:
        """As they are kept; read back by the next call."""
        put_off = (f"{PUT_OFF}{times} {ident}" for ident, times in self._put_off.items())
        refused = (f"{REFUSED}{code} {ident}" for ident, code in self._refused.items())
        return (*self.sent, *put_off, *refused)

    def waiting(self, recipients: Iterable[Recipient]) -> list[Recipient]:
        """Who is still to be written to: first who was not tried yet, then who was put off the longest ago."""
        done = {*self.sent, *self._refused}
        place = {ident: i for i, ident in enumerate(self._put_off, 1)}
        left = [recipient for recipient in recipients if recipient.id not in done]
        return sorted(left, key=lambda recipient: place.get(recipient.id, 0))

    def is_untried(self, recipient: Recipient) -> bool:
        return recipient.id not in self._put_off

    def took(self, recipient: Recipient) -> None:
        self._put_off.pop(recipient.id, None)
        self.sent.append(recipient.id)

    def put_off(self, recipient: Recipient, said: str) -> None:
        """Not now: after the others. Whom the server puts off again and again counts as refused."""
        times = self._put_off.pop(recipient.id, 0) + 1
        self._put_off[recipient.id] = times
        self._said[recipient.id] = said
        if times >= MOST_TIMES:
            self.refuse(recipient, said)

    def set_back(self, recipient: Recipient) -> None:
        """After the others: the server went away, perhaps because of this address, perhaps of none."""
        self._put_off[recipient.id] = self._put_off.pop(recipient.id, 0)

    def refuse(self, recipient: Recipient, said: str) -> None:
        self._put_off.pop(recipient.id, None)
        code = said[:3]
        self._refused[recipient.id] = code if code.isdecimal() else ""
        self._said[recipient.id] = said

    def refused_of(self, recipients: Sequence[Recipient]) -> list[str]:
        """Who is refused, each with what the server said; of an earlier call only its code is known."""
        return [self._named(r, self._refused[r.id]) for r in recipients if r.id in self._refused]

    def put_off_of(self, recipients: Sequence[Recipient]) -> list[str]:
        return [self._named(r, "earlier") for r in recipients if r.id in self._put_off]

    def _named(self, recipient: Recipient, known: str) -> str:
        said = self._said.get(recipient.id, known)
        return f"{recipient.address} ({said})" if said else recipient.address
