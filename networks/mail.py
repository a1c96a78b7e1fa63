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
from networks.mail_server import GREYLISTED, Deferred, MailServer, Refused, hand_over
from networks.mailing import Mailing

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
                f"the relay's settings do not do: {error}; give it others with `channels mend`"
            ) from error
        encrypted = starttls.strip().lower() in {"yes", "true", "1", "oui", "on"}
        self._server = MailServer(host, at, (username, password), self._address, encrypted, tls_context)
        self._pause, self._date = pause, date

    async def check(self) -> str:
        async with self._server.connected():
            return f"{self._address} by {self._server.host}:{self._server.port}"

    async def publish(self, post: OutgoingPost) -> Receipt:
        """Write to who has nothing yet, at most a minute's worth a call: a crash leaves few in doubt.

        1. An address that the server refuses stops nobody else; it is not tried again, and named at the end.
        2. One that it puts off (4xx) is tried again after all the others, a few times, then it counts as refused.
        3. Where nobody can tell whether a message was taken, the call ends: a human looks.
        """
        if not post.recipients and not post.sent_parts:
            raise PostRejected("no address receives this channel's posts: add some with `addresses import`")
        mailing = Mailing(post.sent_parts)
        try:
            if waiting := mailing.waiting(post.recipients):
                async with self._server.connected() as smtp:
                    await self._write_to(smtp, post, waiting, mailing)
            self._raise_if_unfinished(post, mailing)
        except NetworkProblem as problem:
            problem.sent_parts = mailing.parts()
            raise
        refused = mailing.refused_of(post.recipients)
        note = f"refused: {_listed(refused)}" if refused else ""
        return Receipt(remote_id=f"{len(mailing.sent)} messages", parts=tuple(mailing.sent), note=note)

    def _raise_if_unfinished(self, post: OutgoingPost, mailing: Mailing) -> None:
        left = mailing.waiting(post.recipients)
        if any(mailing.is_untried(recipient) for recipient in left):
            out = f"{len(mailing.sent)} are out, {len(left)} follow"
            raise RateLimited(timedelta(seconds=60 / self._per_minute), out)
        if left:
            put_off = _listed(mailing.put_off_of(post.recipients))
            raise RateLimited(GREYLISTED, f"the mail server defers {put_off}; it is tried again")
        if not mailing.sent:
            raise PostRejected(f"the mail server refuses every address: {_listed(mailing.refused_of(post.recipients))}")

    async def _write_to(
        self, smtp: aiosmtplib.SMTP, post: OutgoingPost, waiting: list[Recipient], mailing: Mailing
    ) -> None:
        clock = asyncio.get_running_loop().time
        start = clock()
        for i, recipient in enumerate(waiting):
            if i >= self._per_minute or clock() - start > LONGEST_CALL:
                return
            if i:
                await self._pause(60 / self._per_minute)
            post.keep_turn()
            try:
                message = write_message(post, recipient, self._name, self._address, date=self._date())
                await hand_over(smtp, self._address, envelope_address(recipient.address), message)
            except (Refused, AddressProblem) as refusal:
                mailing.refuse(recipient, str(refusal))
            except Deferred as refusal:
                mailing.put_off(recipient, str(refusal))
            except NetworkDown:
                mailing.set_back(recipient)
                raise
            else:
                mailing.took(recipient)

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        """Cannot be asked: a human looks."""
        return None

    async def close(self) -> None:
        """Connections are given back at the end of each call."""


def _listed(addresses: Iterable[str], most: int = 5) -> str:
    named = list(addresses)
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more
