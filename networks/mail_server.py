"""The talk with a mail server (SMTP): who is let in, and what became of one message to one address."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import aiosmtplib

from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, RateLimited

TIMEOUT = 30.0  # seconds for each answer of the server
GREYLISTED = timedelta(minutes=5)  # servers that greylist take a message after one to five minutes
IMPLICIT_TLS = 465  # the port on which TLS begins at once (RFC 8314)
PASSWORDS = {"plain", "login", "cram-md5"}  # the ways to sign in with one
TOO_LARGE = 552  # RFC 1870: said of a message's size as early as its sender is
NOT_SIGNED_IN = {530, 534, 535, 538}  # RFC 4954


class Refused(Exception):
    """The server takes nothing for this address (5xx)."""


class Deferred(Exception):
    """The server takes nothing for this address now (4xx)."""


@dataclass(frozen=True)
class MailServer:
    """Where it is and how one signs in; `login` is username and password, `sender` an address."""

    host: str
    port: int
    login: tuple[str, str]
    sender: str
    starttls: bool
    tls_context: ssl.SSLContext | None = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection on which one is signed in; raises ChannelRevoked or NetworkDown."""
        implicit = self.port == IMPLICIT_TLS
        smtp = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            timeout=TIMEOUT,
            use_tls=implicit,
            start_tls=False,
            tls_context=self.tls_context,
            local_hostname=self.sender.rpartition("@")[2],  # asking the system for its name may take long
        )
        try:
            await self._sign_in(smtp, starttls=self.starttls and not implicit)
            yield smtp
        finally:
            with suppress(aiosmtplib.SMTPException, OSError):
                await smtp.quit(timeout=5)  # seconds; what was taken stays taken
            smtp.close()

    async def _sign_in(self, smtp: aiosmtplib.SMTP, *, starttls: bool) -> None:
        where = f"the mail server {self.host}:{self.port}"
        try:
            await smtp.connect()
            with suppress(aiosmtplib.SMTPHeloError):  # an old server: the library falls back to HELO by itself
                await smtp.ehlo()
            if starttls and not smtp.supports_extension("starttls"):
                raise ChannelRevoked(f"{where} offers no STARTTLS; set starttls=no only if it stands on this machine")
            if starttls:
                await smtp.starttls()
                await smtp.ehlo()
            if self.login[0] and smtp.supports_extension("auth"):
                if not PASSWORDS & set(smtp.server_auth_methods):
                    raise ChannelRevoked(
                        f"{where} takes no password, only {', '.join(smtp.server_auth_methods)}: ask its keeper for another way in"
                    )
                await smtp.login(*self.login)
        except aiosmtplib.SMTPResponseException as error:
            if error.code in NOT_SIGNED_IN or (
                error.code >= 500 and isinstance(error, aiosmtplib.SMTPAuthenticationError)
            ):
                raise ChannelRevoked(
                    f"{where} refuses username and password ({said(error)}); set them again"
                ) from error
            raise NetworkDown(f"{where} takes nobody now: {said(error)}") from error
        except (aiosmtplib.SMTPException, OSError) as error:  # ssl's errors are OSErrors
            raise NetworkDown(f"{where} could not be reached: {error}") from error


async def hand_over(smtp: aiosmtplib.SMTP, sender: str, address: str, message: bytes) -> None:
    """One message to one address; raises Refused, Deferred or a NetworkProblem that concerns them all."""
    most = smtp.esmtp_extensions.get("size", "")  # bytes; 0 is no limit (RFC 1870)
    if most.isdecimal() and 0 < int(most) < len(message):
        raise Refused(
            f"the server takes messages of {int(most) / 1e6:.1f} MB, this one has {len(message) / 1e6:.1f} MB: choose smaller pictures"
        )
    options = [] if address.isascii() else ["SMTPUTF8"]
    if options and not smtp.supports_extension("smtputf8"):
        raise Refused("the server takes ASCII addresses only")
    try:
        await smtp.mail(sender, options=options, encoding="utf-8")
        await smtp.rcpt(address, encoding="utf-8")
    except aiosmtplib.SMTPResponseException as error:
        _raise_if_for_all(error)
        await _start_over(smtp)
        if isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code == TOO_LARGE:
            raise Refused(said(error)) from error
        if isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code >= 500:
            raise ChannelRevoked(f"the mail server refuses the sender {sender}: {said(error)}") from error
        if isinstance(error, aiosmtplib.SMTPSenderRefused):
            raise RateLimited(GREYLISTED, f"the mail server asks to wait: {said(error)}") from error
        raise (Refused if error.code >= 500 else Deferred)(said(error)) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise NetworkDown(f"the mail server went away before it took the message: {error}") from error
    try:
        await smtp.data(message)
    except aiosmtplib.SMTPResponseException as error:
        if error.code < 400:  # no refusal, and not the yes that is due
            raise OutcomeUnknown(
                f"the mail server did not say whether it took the message to {address} ({said(error)}); ask there whether it came"
            ) from error
        _raise_if_for_all(error)  # from here on it certainly was not taken
        await _start_over(smtp)
        raise (Refused if error.code >= 500 else Deferred)(said(error)) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise OutcomeUnknown(
            f"the mail server did not say whether it took the message to {address}; ask there whether it came"
        ) from error


def _raise_if_for_all(error: aiosmtplib.SMTPResponseException) -> None:
    if error.code in NOT_SIGNED_IN:
        raise ChannelRevoked(f"the mail server wants to be signed in to: {said(error)}") from error
    if error.code == 421 or error.code < 400:  # it closes; -1 is an answer that is none
        raise NetworkDown(f"the mail server takes nobody now: {said(error)}") from error


async def _start_over(smtp: aiosmtplib.SMTP) -> None:
    try:
        await smtp.rset()
    except (aiosmtplib.SMTPException, OSError) as error:
        raise NetworkDown(f"the mail server went away: {error}") from error


def said(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {' '.join(error.message.split())}"[:200]
