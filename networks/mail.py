"""The e-mail relay: a post, ready to forward, to each address of a list; one message each. SMTP by aiosmtplib."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from email.utils import formatdate, parseaddr

import aiosmtplib

from networks.base import OutgoingPost, Receipt, Recipient
from networks.errors import (
    ChannelRevoked,
    NetworkDown,
    NetworkProblem,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
)
from networks.mail_message import AddressProblem, envelope_address, one_line, write_message

TIMEOUT = 30.0  # seconds for each answer of the server
LONGEST_CALL = 100.0  # seconds; then the publisher is told how far it went, long before it gives up waiting
GREYLISTED = timedelta(minutes=5)  # servers that greylist take a message after one to five minutes
IMPLICIT_TLS = 465  # the port on which TLS begins at once (RFC 8314)
PASSWORDS = {"plain", "login", "cram-md5"}  # the ways to sign in with one
TOO_LARGE = 552  # RFC 1870: said of a message's size as early as its sender is
NOT_SIGNED_IN = {530, 534, 535, 538}  # RFC 4954


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
            self._port, self._per_minute = int(port), max(1, int(per_minute))
        except (AddressProblem, ValueError) as error:
            raise ChannelRevoked(
                f"the relay's settings do not do: {error}; add the channel's settings again"
            ) from error
        self._host, self._login = host, (username, password)
        self._starttls = starttls.strip().lower() in {"yes", "true", "1", "oui", "on"}
        self._pause, self._date, self._tls_context = pause, date, tls_context

    async def check(self) -> str:
        async with self._connected():
            return f"{self._address} by {self._host}:{self._port}"

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
                async with self._connected() as smtp:
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
                await _hand_over(smtp, self._address, envelope_address(recipient.address), message)
            except (_Refused, AddressProblem) as refusal:
                run.refused.append(f"{recipient.address} ({refusal})")
            except _Deferred as refusal:
                run.deferred.append(f"{recipient.address} ({refusal})")
            else:
                sent.append(recipient.id)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        implicit = self._port == IMPLICIT_TLS
        smtp = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=TIMEOUT,
            use_tls=implicit,
            start_tls=False,
            tls_context=self._tls_context,
            local_hostname=self._address.rpartition("@")[2],  # asking the system for its name may take long
        )
        try:
            await self._sign_in(smtp, starttls=self._starttls and not implicit)
            yield smtp
        finally:
            with suppress(aiosmtplib.SMTPException, OSError):
                await smtp.quit(timeout=5)  # seconds; what was taken stays taken
            smtp.close()

    async def _sign_in(self, smtp: aiosmtplib.SMTP, *, starttls: bool) -> None:
        where = f"the mail server {self._host}:{self._port}"
        try:
            await smtp.connect()
            with suppress(aiosmtplib.SMTPHeloError):  # an old server: the library falls back to HELO by itself
                await smtp.ehlo()
            if starttls and not smtp.supports_extension("starttls"):
                raise ChannelRevoked(f"{where} offers no STARTTLS; set starttls=no only if it stands on this machine")
            if starttls:
                await smtp.starttls()
                await smtp.ehlo()
            if self._login[0] and smtp.supports_extension("auth"):
                if not PASSWORDS & set(smtp.server_auth_methods):
                    raise ChannelRevoked(
                        f"{where} takes no password, only {', '.join(smtp.server_auth_methods)}: ask its keeper for another way in"
                    )
                await smtp.login(*self._login)
        except aiosmtplib.SMTPResponseException as error:
            if error.code in NOT_SIGNED_IN or (
                error.code >= 500 and isinstance(error, aiosmtplib.SMTPAuthenticationError)
            ):
                raise ChannelRevoked(
                    f"{where} refuses username and password ({_said(error)}); set them again"
                ) from error
            raise NetworkDown(f"{where} takes nobody now: {_said(error)}") from error
        except (aiosmtplib.SMTPException, OSError) as error:  # ssl's errors are OSErrors
            raise NetworkDown(f"{where} could not be reached: {error}") from error

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


class _Refused(Exception):
    """The server takes nothing for this address (5xx)."""


class _Deferred(Exception):
    """The server takes nothing for this address now (4xx)."""


async def _hand_over(smtp: aiosmtplib.SMTP, sender: str, address: str, message: bytes) -> None:
    """One message to one address; raises _Refused, _Deferred or a NetworkProblem that concerns them all."""
    most = smtp.esmtp_extensions.get("size", "")  # bytes; 0 is no limit (RFC 1870)
    if most.isdecimal() and 0 < int(most) < len(message):
        raise _Refused(
            f"the server takes messages of {int(most) / 1e6:.1f} MB, this one has {len(message) / 1e6:.1f} MB: choose smaller pictures"
        )
    options = [] if address.isascii() else ["SMTPUTF8"]
    if options and not smtp.supports_extension("smtputf8"):
        raise _Refused("the server takes ASCII addresses only")
    try:
        await smtp.mail(sender, options=options, encoding="utf-8")
        await smtp.rcpt(address, encoding="utf-8")
    except aiosmtplib.SMTPResponseException as error:
        _raise_if_for_all(error)
        await _start_over(smtp)
        if isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code == TOO_LARGE:
            raise _Refused(_said(error)) from error
        if isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code >= 500:
            raise ChannelRevoked(f"the mail server refuses the sender {sender}: {_said(error)}") from error
        if isinstance(error, aiosmtplib.SMTPSenderRefused):
            raise RateLimited(GREYLISTED, f"the mail server asks to wait: {_said(error)}") from error
        raise (_Refused if error.code >= 500 else _Deferred)(_said(error)) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise NetworkDown(f"the mail server went away before it took the message: {error}") from error
    try:
        await smtp.data(message)
    except aiosmtplib.SMTPResponseException as error:
        if error.code < 400:  # no refusal, and not the yes that is due
            raise OutcomeUnknown(
                f"the mail server did not say whether it took the message to {address} ({_said(error)}); ask there whether it came"
            ) from error
        _raise_if_for_all(error)  # from here on it certainly was not taken
        await _start_over(smtp)
        if error.code < 500:
            raise RateLimited(GREYLISTED, f"the mail server asks to wait: {_said(error)}") from error
        raise _Refused(_said(error)) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise OutcomeUnknown(
            f"the mail server did not say whether it took the message to {address}; ask there whether it came"
        ) from error


def _raise_if_for_all(error: aiosmtplib.SMTPResponseException) -> None:
    if error.code in NOT_SIGNED_IN:
        raise ChannelRevoked(f"the mail server wants to be signed in to: {_said(error)}") from error
    if error.code == 421 or error.code < 400:  # it closes; -1 is an answer that is none
        raise NetworkDown(f"the mail server takes nobody now: {_said(error)}") from error


async def _start_over(smtp: aiosmtplib.SMTP) -> None:
    try:
        await smtp.rset()
    except (aiosmtplib.SMTPException, OSError) as error:
        raise NetworkDown(f"the mail server went away: {error}") from error


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {' '.join(error.message.split())}"[:200]


def _listed(addresses: Iterable[str], most: int = 5) -> str:
    named = list(addresses)
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more
