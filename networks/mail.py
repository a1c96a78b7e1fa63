"""The e-mail relay: a post, ready to forward, to each address of a list; one message each. SMTP by aiosmtplib."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from email.utils import formatdate, parseaddr

import aiosmtplib

from networks.base import OutgoingPost, Receipt, Recipient
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, PostRejected, RateLimited
from networks.mail_message import AddressProblem, envelope_address, one_line, write_message
from networks.mail_server import Deferred, MailServer, Refused, hand_over

LONGEST_CALL = 100.0  # seconds; then the publisher is told how far it went, long before it gives up waiting


class MailRelay:
    """Settings: `host`, `port` (587; 465 speaks TLS at once), `username`, `password`, `sender` ("Name <address>"),
    `starttls` (yes or no), `per_minute` (messages)."""

    idempotent = False  # a mailbox cannot be asked
    can_find = False

    def __init__(
        self,
        host: str,
        sender: str,
        port: str = "587",
        username: str = "",
        password: str = "",
        starttls: str = "yes",
        per_minute: str = "60",
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        date: Callable[[], str] = formatdate,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._name, address = parseaddr(sender)
        try:
            self._address = envelope_address(address if one_line(sender) == sender.strip() else sender)
            at, self._per_minute = int(port), max(1, int(per_minute))
        except (AddressProblem, ValueError) as error:
            raise ChannelRevoked(
                f"the relay's settings do not do: {error}; add the channel's settings again"
            ) from error
        encrypted = starttls.strip().lower() in {"yes", "true", "1", "oui", "on"}
        self._server = MailServer(host, at, (username, password), self._address, encrypted, tls_context)
        self._pause, self._date = pause, date

    async def check(self) -> str:
        async with self._server.connected():
            return f"{self._address} by {self._server.host}:{self._server.port}"

    async def publish(self, post: OutgoingPost) -> Receipt:
        """Write to who has nothing yet, at most a minute's worth a call: a crash leaves few in doubt.

        1. An address that the server refuses stops nobody else; it is named at the end.
        2. One that it defers (4xx) is tried again with the next call, after the others.
        3. Where nobody can tell whether a message was taken, the call ends: a human looks.
        """
        if not post.recipients and not post.sent_parts:
            raise PostRejected("no address receives this channel's posts: add some with `addresses import`")
        sent, run = list(post.sent_parts), _Run()
        waiting = [recipient for recipient in post.recipients if recipient.id not in set(sent)]
        try:
            if waiting:
                async with self._server.connected() as smtp:
                    await self._write_to(smtp, post, waiting, sent, run)
            if run.left:
                raise RateLimited(timedelta(seconds=60 / self._per_minute), f"{len(sent)} are out, {run.left} follow")
            if run.deferred:
                raise NetworkDown(f"the mail server defers {_listed(run.deferred)}; it is tried again")
            if not sent:
                raise PostRejected(f"the mail server refuses every address: {_listed(run.refused)}")
        except NetworkProblem as problem:
            problem.sent_parts = tuple(sent)
            raise
        note = f"refused: {_listed(run.refused)}" if run.refused else ""
        return Receipt(remote_id=f"{len(sent)} messages", parts=tuple(sent), note=note)

    async def _write_to(
        self, smtp: aiosmtplib.SMTP, post: OutgoingPost, waiting: list[Recipient], sent: list[str], run: "_Run"
    ) -> None:
        for i, recipient in enumerate(waiting):
            if i >= self._per_minute or run.seconds() > LONGEST_CALL:
                run.left = len(waiting) - i
                return
            if i:
                await self._pause(60 / self._per_minute)
            try:
                message = write_message(post, recipient, self._name, self._address, date=self._date())
                await hand_over(smtp, self._address, envelope_address(recipient.address), message)
            except (Refused, AddressProblem) as refusal:
                run.refused.append(f"{recipient.address} ({refusal})")
            except Deferred as refusal:
                run.deferred.append(f"{recipient.address} ({refusal})")
            else:
                sent.append(recipient.id)

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        """Cannot be asked: a human looks."""
        return None

    async def close(self) -> None:
        """Connections are given back at the end of each call."""


class _Run:
    """What one call met: refused for good, refused for now, not reached yet."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._start = self._clock()
        self.refused: list[str] = []
        self.deferred: list[str] = []
        self.left = 0

    def seconds(self) -> float:
        return self._clock() - self._start


def _listed(addresses: Iterable[str], most: int = 5) -> str:
    named = list(addresses)
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more
