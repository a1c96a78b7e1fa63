"""SMTP on a loopback port, by aiosmtpd. Each message is in the ledger, under the address that it went to.

Faults: `operation` is MAIL, RCPT or DATA, `target` the recipient's address (of MAIL the sender's).

    blocked       550, and nothing is accepted          rate_limit    451, as greylisting does
    error_before  421, and the connection is closed     revoked       530: sign in first
    error_after   accepted, then 451                    cut_after     accepted, then the connection is cut
"""

import asyncio
import email
import email.policy
import logging
import socket
import ssl
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.faults import ConnectionCut, Passing
from sandbox.store import Json
from sandbox.world import World

logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of its own deprecated fields at each login
DEMO_LOGIN = ("relais", "sandbox-mail-password")
LARGEST = 10_240_000  # bytes of a message, as Postfix has it unless it is told otherwise (message_size_limit)
ANSWERS = {
    "blocked": "550 5.1.1 No such mailbox here",
    "rate_limit": "451 4.7.1 Greylisted, please try again later",
    "revoked": "530 5.7.0 Authentication required",
    "payment": "552 5.2.2 The mailbox is full",
}
CLOSING = "421 4.3.2 The service is not available"


class MailServer:
    """One listener. With a `tls` context it offers STARTTLS; AUTH is offered always and asked for if `auth` is true."""

    def __init__(self, world: World, *, tls: ssl.SSLContext | None = None, auth: bool = False) -> None:
        self._world, self._tls, self._auth = world, tls, auth
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; gives the port."""
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, host, port, family=socket.AF_INET
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def _connection(self) -> SMTP:
        return SMTP(
            _Desk(self._world, asks_login=self._auth),
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname="mail.sandbox.example",
            ident="Porte-voix sandbox",
            tls_context=self._tls,
            auth_require_tls=False,
            authenticator=_fits,
            loop=asyncio.get_running_loop(),
        )


def _fits(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    login = tuple(each.decode("utf-8", "replace") for each in given) if isinstance(given, LoginPassword) else ()
    return AuthResult(success=login == DEMO_LOGIN, handled=False)


class _Desk:
    """What one connection's commands meet. aiosmtpd finds the methods by their names."""

    def __init__(self, world: World, *, asks_login: bool) -> None:
        self._world, self._asks_login = world, asks_login

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._asks_login and not session.authenticated:
            return ANSWERS["revoked"]
        refusal = await self._refusal(server, "MAIL", address)
        if refusal is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return refusal or "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = await self._refusal(server, "RCPT", address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return refusal or "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        passing = Passing("mail", "DATA", envelope.rcpt_tos[0])
        refusal = await self._refusal(server, "DATA", envelope.rcpt_tos[0])
        if refusal is not None:
            return refusal
        entry = self._keep(envelope)
        try:
            if await self._world.desk.after(passing, _never):
                return "451 4.3.0 The queue file could not be written"
        except ConnectionCut:
            self._world.desk.log(passing, 0)
            _abort(server)
            return CLOSING
        self._world.desk.log(passing, 250)
        return f"250 2.0.0 Queued as {entry['seq']}"

    async def _refusal(self, server: SMTP, operation: str, address: str) -> str | None:
        passing = Passing("mail", operation, address)
        try:
            fault = await self._world.desk.before(passing, _never)
        except ConnectionCut:
            _abort(server)
            return CLOSING
        if fault is None:
            return None
        said = ANSWERS.get(fault.kind, CLOSING)
        self._world.desk.log(passing, int(said[:3]))
        if said is CLOSING:
            asyncio.get_running_loop().call_soon(_close, server)
        return said

    def _keep(self, envelope: Envelope) -> Json:
        raw = bytes(envelope.original_content or b"")
        message = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
        store = self._world.store
        media = [
            {"kind": "photo", "sha256": store.put_blob(part.get_content()), "cid": part["Content-ID"]}
            for part in message.walk()
            if part.get_content_maintype() == "image"
        ]
        entry: Json = {}
        for address in envelope.rcpt_tos:
            entry = self._world.ledger.add(
                service="mail",
                channel=address,
                operation="DATA",
                at=self._world.clock().isoformat(),
                id=str(message["Message-ID"]),
                sender=envelope.mail_from,
                recipients=list(envelope.rcpt_tos),
                headers=[[name, str(value)] for name, value in message.items()],
                title=str(message["Subject"]),
                text=_text(message, "plain"),
                html=_text(message, "html"),
                media=media,
                raw=store.put_blob(raw),
            )
        return entry


def _text(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()).replace("\r\n", "\n") if body else ""


async def _never() -> None:
    """aiosmtpd cancels what it runs for a connection when that ends: nothing has to watch for it."""
    await asyncio.Event().wait()


def _close(server: SMTP) -> None:
    if server.transport is not None:
        server.transport.close()


def _abort(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
