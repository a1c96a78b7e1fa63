"""The e-mail relay and mail servers of other makes and ages, by a server that talks as the test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from networks.base import OutgoingPost, Recipient
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, RateLimited
from networks.mail import MailRelay

TO = Recipient("anne@section.example", "Anne", "https://site.example/unsubscribe/anne")
POST = OutgoingPost("7", "Bonjour\n.\n..\nFrom ici, à samedi", title="Lancement", recipients=(TO,))
EHLO = "250-mx.example greets you\r\n250-8BITMIME\r\n250 SIZE 0"


class Talker:
    """Answers each command by its first word; `heard` is what came, line by line, with its line ends."""

    def __init__(self, **says: str) -> None:
        self.says = {"greeting": "220 mx.example ESMTP", "EHLO": EHLO, "DATA": "354 go on", "end": "250 taken"} | says
        self.heard: list[bytes] = []
        self.message: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{self.says['greeting']}\r\n".encode())
        within = False
        while line := await reader.readline():
            (self.message if within else self.heard).append(line)
            word = line.split()[0].decode().upper() if line.strip() else ""
            if within and line != b".\r\n":
                continue
            said = self.says.get("end" if within else word, "250 ok")
            within = not within and word == "DATA" and said.startswith("354")
            if said == "":
                break  # it goes away without a word
            writer.write(f"{said}\r\n".encode())
            if said.startswith(("421", "221")):
                break
        writer.close()


Open = Callable[..., Awaitable[tuple[Talker, MailRelay]]]


@pytest.fixture
async def talking() -> AsyncIterator[Open]:
    servers: list[asyncio.Server] = []

    async def open_one(login: tuple[str, str] = ("", ""), **says: str) -> tuple[Talker, MailRelay]:
        talker = Talker(**says)
        servers.append(await asyncio.start_server(talker.serve, "127.0.0.1", 0))
        port = str(servers[-1].sockets[0].getsockname()[1])
        username, password = login
        sender = "Relais <relais@region.example>"
        return talker, MailRelay("127.0.0.1", sender, port, username, password, starttls="no")

    yield open_one
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    "says",
    [
        {},
        {"greeting": "220-mx.example\r\n220-no spam\r\n220 please"},
        {"EHLO": "502 unknown command", "HELO": "250 mx.example"},  # older than 1995
        {"EHLO": "250 mx.example"},  # no extension at all
        {"QUIT": ""},  # it goes away instead of saying goodbye
        {"end": "250-2.0.0 taken\r\n250 as 42"},
        {"RCPT": "251 not here, passed on"},
    ],
)
async def test_a_message_goes_out_whole_whatever_the_server_can(talking: Open, says: dict[str, str]) -> None:
    talker, relay = await talking(**says)
    receipt = await relay.publish(POST)
    assert receipt.parts == (TO.id,) and receipt.note == ""
    assert b"MAIL FROM:<relais@region.example>" in talker.heard[-4]
    assert talker.heard[-3].strip() == b"RCPT TO:<anne@section.example>"
    assert all(line.endswith(b"\r\n") and b"\r" not in line[:-2] for line in talker.message)
    assert all(line.isascii() and len(line) <= 1000 for line in talker.message)
    text = talker.message[talker.message.index(b"Bonjour\r\n") :]
    assert text[1:3] == [b"..\r\n", b"...\r\n"]  # a dot at the start of a line is doubled, RFC 5321 4.5.2
    assert talker.message[-1] == b".\r\n"


async def test_the_message_carries_what_its_norms_ask_for(talking: Open) -> None:
    talker, relay = await talking()
    await relay.publish(POST)
    names = [line.partition(b":")[0].decode() for line in talker.message[: talker.message.index(b"\r\n")]]
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "List-Unsubscribe"):
        assert names.count(name) == 1, name
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in talker.message  # RFC 8058


@pytest.mark.parametrize(
    ("says", "expected", "said"),
    [
        ({"greeting": "554 no service here"}, NetworkDown, "554"),
        ({"greeting": "421 too many connections"}, NetworkDown, "421"),
        ({"greeting": "HTTP/1.1 400 Bad Request"}, NetworkDown, "mail server"),
        ({"MAIL": "421 closing"}, NetworkDown, "421"),
        ({"MAIL": "452 too little room"}, RateLimited, "452"),
        ({"MAIL": "550 who are you"}, ChannelRevoked, "refuses the sender"),
        ({"RCPT": "450 greylisted"}, RateLimited, "defers anne@section.example"),
        ({"RCPT": ""}, NetworkDown, "went away before it took"),
        ({"DATA": "451 later"}, RateLimited, "451"),
        ({"end": "452 disk full"}, RateLimited, "452"),
        ({"end": ""}, OutcomeUnknown, "did not say whether"),
        ({"end": "what?"}, OutcomeUnknown, "did not say whether"),
        ({"end": "200 fine"}, OutcomeUnknown, "did not say whether"),
    ],
)
async def test_each_answer_leads_to_the_right_action(
    talking: Open, says: dict[str, str], expected: type[Exception], said: str
) -> None:
    _, relay = await talking(**says)
    with pytest.raises(expected, match=said):
        await relay.publish(POST)


@pytest.mark.parametrize(
    ("offers", "answer", "expected", "said"),
    [
        ("XOAUTH2", "235 in", ChannelRevoked, "no password, only xoauth2"),
        ("PLAIN", "535 5.7.8 wrong", ChannelRevoked, "username and password"),
        ("PLAIN", "534 5.7.9 an app password is needed", ChannelRevoked, "app password"),
        ("PLAIN", "454 4.7.0 try later", NetworkDown, "454"),
        ("PLAIN", "235 in", None, ""),
        ("=PLAIN LOGIN", "235 in", None, ""),
    ],
)
async def test_a_password_is_used_where_the_server_takes_one(
    talking: Open, offers: str, answer: str, expected: type[Exception] | None, said: str
) -> None:
    offered = f"AUTH{offers}" if offers.startswith("=") else f"AUTH {offers}"
    talker, relay = await talking(("relais", "secret"), EHLO=f"250-mx.example\r\n250 {offered}", AUTH=answer)
    if expected is None:
        await relay.publish(POST)
        assert sum(line.startswith(b"AUTH ") for line in talker.heard) == 1
    else:
        with pytest.raises(expected, match=said):
            await relay.publish(POST)
        assert not talker.message
