"""The stand-in for a mail server, with the standard library's own client."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from sandbox.client import SandboxClient
from sandbox.mail.server import DEMO_LOGIN
from sandbox.server import SandboxServer

SENDER, ANNE = "relais@region.example", "anne@a.example"


@pytest.fixture
def smtp(server: SandboxServer, sandbox: SandboxClient) -> Iterator[smtplib.SMTP]:
    client = smtplib.SMTP("127.0.0.1", server.smtp_port, "test.example", timeout=10)
    yield client
    client.close()


def message() -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"], made["To"], made["Message-ID"] = "Été", SENDER, ANNE, "<1@region.example>"
    made.set_content("Bonjour à toi\n.\n. un point au début\n")
    return made


async def test_a_message_is_kept_as_it_came_under_each_address(smtp: smtplib.SMTP, sandbox: SandboxClient) -> None:
    smtp.login(*DEMO_LOGIN)
    smtp.send_message(message(), SENDER, [ANNE, "b@a.example"])
    one, two = await sandbox.wait_for_ledger(2, service="mail")
    assert (one["channel"], two["channel"]) == (ANNE, "b@a.example") and one["recipients"] == [ANNE, "b@a.example"]
    assert (one["id"], one["title"], one["sender"]) == ("<1@region.example>", "Été", SENDER)
    assert one["text"] == "Bonjour à toi\n.\n. un point au début\n"
    assert b"Message-ID: <1@region.example>" in await sandbox.media(one["raw"])


def test_a_wrong_password_is_refused(smtp: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        smtp.login("relais", "wrong")
    assert refused.value.smtp_code == 535


@pytest.mark.parametrize(
    ("kind", "code"), [("blocked", 550), ("rate_limit", 451), ("revoked", 530), ("payment", 552), ("error_before", 421)]
)
async def test_an_address_can_be_refused(smtp: smtplib.SMTP, sandbox: SandboxClient, kind: str, code: int) -> None:
    await sandbox.fault("mail", kind, "RCPT", target=ANNE)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        smtp.send_message(message())
    assert refused.value.recipients[ANNE][0] == code
    assert await sandbox.ledger("mail") == []
    assert [line["status"] for line in await sandbox.requests("mail")] == [code]


async def test_a_message_can_be_taken_without_a_word(smtp: smtplib.SMTP, sandbox: SandboxClient) -> None:
    await sandbox.fault("mail", "cut_after", "DATA")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.send_message(message())
    assert len(await sandbox.ledger("mail")) == 1


async def test_a_message_held_before_it_is_taken_is_never_taken_if_the_sender_goes(
    server: SandboxServer, sandbox: SandboxClient, smtp: smtplib.SMTP
) -> None:
    hold = await sandbox.hold("mail", "DATA")
    smtp.ehlo()
    smtp.mail(SENDER)
    smtp.rcpt(ANNE)
    smtp.docmd("DATA")
    smtp.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
    assert (await sandbox.held(hold))["request"]["target"] == ANNE
    smtp.close()
    with smtplib.SMTP("127.0.0.1", server.smtp_port, "test.example", timeout=10) as other:
        other.noop()  # the server has read the end of the first connection by now
    await sandbox.release(hold)
    assert await sandbox.ledger("mail") == []


def test_a_restart_keeps_port_and_messages(tmp_path: Path) -> None:
    server = SandboxServer(store=tmp_path / "sandbox.sqlite").start()
    first = server.smtp_port
    with smtplib.SMTP("127.0.0.1", first, "test.example", timeout=10) as client:
        client.send_message(message())
    server.kill()
    server.start()
    assert server.smtp_port == first
    with smtplib.SMTP("127.0.0.1", first, "test.example", timeout=10) as client:
        assert client.noop()[0] == 250
    server.stop()
