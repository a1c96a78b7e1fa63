"""The e-mail relay, by aiosmtplib over SMTP to the stand-in, which keeps every message as it came."""

import email
import email.policy
import io
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import trustme
from PIL import Image

from networks import mail, mail_server
from networks.base import OutgoingPost, Picture, Recipient, parts_out
from networks.errors import (
    ChannelRevoked,
    NetworkDown,
    NetworkProblem,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
    TurnLost,
)
from networks.limits import LIMITS
from networks.mail import MailRelay
from networks.mail_message import AddressProblem, envelope_address, message_id, write_message
from sandbox.client import SandboxClient
from sandbox.defaults import Seed
from sandbox.mail.server import DEMO_LOGIN, MailServer
from sandbox.server import SandboxServer
from sandbox.world import World

SENDER = "La Région qui ose <relais@region.example>"
DATE = "Tue, 01 Dec 2026 08:00:00 +0000"
LINK = "https://exemple.fr/programme"
ANNE, BLAISE, CARO = (
    Recipient(f"{name.lower()}@section.example", name, f"https://site.example/unsubscribe/{name}-token")
    for name in ("Anne", "Blaise", "Caro")
)
ALL = (ANNE, BLAISE, CARO)


def post_to(*recipients: Recipient, **changes: Any) -> OutgoingPost:
    values = {"key": "7", "text": "Rendez-vous samedi", "link": LINK, "title": "Lancement", "recipients": recipients}
    return OutgoingPost(**values | changes)


class Pauses:
    """Stands for asyncio.sleep, and takes no time."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def relay_at(at: int, pause: Pauses | None = None, **changes: Any) -> MailRelay:
    settings = {"host": "127.0.0.1", "port": str(at), "sender": SENDER, "starttls": "no"}
    return MailRelay(**settings | changes, pause=pause or Pauses(), date=lambda: DATE)


@pytest.fixture
async def relay(sandbox_server: SandboxServer, sandbox: SandboxClient) -> AsyncIterator[MailRelay]:
    opened = relay_at(sandbox_server.smtp_port)
    yield opened
    await opened.close()


async def received(sandbox: SandboxClient) -> list[tuple[str, EmailMessage]]:
    """Who got what, in order."""
    entries = await sandbox.ledger(service="mail")
    return [(e["channel"], parsed(await sandbox.media(e["raw"]))) for e in entries]


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)


def written(post: OutgoingPost, recipient: Recipient = ANNE, sender_name: str = "La Région qui ose") -> bytes:
    return write_message(post, recipient, sender_name, "relais@region.example", date=DATE)


async def test_each_gets_a_message_of_their_own_and_nobody_sees_the_others(
    relay: MailRelay, sandbox: SandboxClient
) -> None:
    receipt = await relay.publish(post_to(*ALL))
    entries = await sandbox.ledger(service="mail")
    assert [entry["recipients"] for entry in entries] == [[each.address] for each in ALL]
    for (address, message), recipient in zip(await received(sandbox), ALL, strict=True):
        assert address == recipient.address and message["To"] == f"{recipient.name} <{recipient.address}>"
        others = [each for each in ALL if each is not recipient]
        raw = message.as_string()
        assert not any(each.address in raw or each.name in raw for each in others)
    assert receipt.parts == tuple(each.id for each in ALL) and receipt.note == ""
    assert not any(each.address in part for each in ALL for part in receipt.parts)


async def test_a_message_says_who_writes_why_and_how_to_stop(relay: MailRelay, sandbox: SandboxClient) -> None:
    await relay.publish(post_to(ANNE))
    ((_, message),) = await received(sandbox)
    assert message["Subject"] == "Lancement" and message["From"] == SENDER and message["Date"] == DATE
    assert message["List-Unsubscribe"] == f"<{ANNE.unsubscribe_url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None and html is not None
    for text in (plain.get_content(), html.get_content()):
        assert "Rendez-vous samedi" in text and LINK in text
        assert "liste de relais de La Région qui ose\u202f:" in text and ANNE.unsubscribe_url in text


def test_pictures_stand_in_the_message_with_their_descriptions() -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(out, "PNG")
    message = parsed(written(post_to(pictures=(Picture(out.getvalue(), "image/png", 'Un "quai" de gare'),))))
    html, plain = message.get_body(("html",)), message.get_body(("plain",))
    (image,) = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert html is not None and plain is not None
    assert image.get_content() == out.getvalue() and image.get_filename() == "image-1.png"
    cid = image["Content-ID"].strip("<>")
    assert f'<img src="cid:{cid}" alt="Un &quot;quai&quot; de gare"' in html.get_content()
    assert 'Un "quai" de gare' in plain.get_content()


def test_where_a_thread_may_be_cut_is_shown_nowhere() -> None:
    raw = parsed(written(post_to(title="", text="Un\n---\nDeux")))
    assert raw["Subject"].startswith("Un Deux")
    for kind in ("plain", "html"):
        body = raw.get_body((kind,))
        assert body is not None and "---" not in body.get_content() and "Deux" in body.get_content()


def test_a_text_cannot_become_html() -> None:
    html = parsed(
        written(post_to(text="<script>alert(1)</script> & https://a.example/?x=1&y=<b>", link=None))
    ).get_body(("html",))
    assert html is not None
    assert "&lt;script&gt;" in html.get_content() and "<script>" not in html.get_content()
    assert '<a href="https://a.example/?x=1&amp;y=">' in html.get_content()


def test_the_message_id_stays_the_same_for_a_post_and_an_address_and_is_no_others() -> None:
    again = parsed(written(post_to(text="Corrigé")))["Message-ID"]
    assert again == parsed(written(post_to()))["Message-ID"] == message_id("7", "relais@region.example", ANNE.address)
    ids = {again, parsed(written(post_to(key="8")))["Message-ID"], parsed(written(post_to(), BLAISE))["Message-ID"]}
    assert len(ids) == 3 and again.endswith("@region.example>")


BREAKS = ("\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\n\n", "\x00\n")


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_no_title_and_no_name_can_add_a_header_or_a_recipient(line_break: str) -> None:
    evil = f"Bonjour{line_break}Bcc: victim@elsewhere.example{line_break}X-Evil: 1"
    recipient = Recipient(ANNE.address, evil, ANNE.unsubscribe_url)
    raw = written(post_to(title=evil), recipient, sender_name=evil)
    message = parsed(raw)
    assert message["Bcc"] is None and message["X-Evil"] is None
    assert [each.addr_spec for each in message["To"].addresses] == [ANNE.address]
    assert [each.addr_spec for each in message["From"].addresses] == ["relais@region.example"]
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
    assert not any(line.lower().startswith((b"bcc", b"x-evil")) for line in head.splitlines())


@pytest.mark.parametrize(
    "url",
    [
        "https://site.example/unsubscribe/a\r\nBcc: victim@elsewhere.example",
        "https://site.example/unsubscribe/a>, <mailto:x@y.example",
        "javascript:alert(1)",
        "https://sité.example/unsubscribe/a",
    ],
)
def test_an_unsubscribe_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(AddressProblem):
        written(post_to(), Recipient(ANNE.address, "Anne", url))


def test_a_long_unsubscribe_address_is_not_folded_into_encoded_words() -> None:
    url = f"https://une-campagne-qui-porte-loin.example/unsubscribe/{'Ab-_' * 20}"
    raw = written(post_to(), Recipient(ANNE.address, "Anne", url))
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in raw


def test_names_and_titles_travel_in_any_language() -> None:
    title = "Réunion de lancement\u202f: réservez votre place dès maintenant, c’est gratuit 🚌 — à samedi\u202f!"
    raw = written(
        post_to(title=title), Recipient(ANNE.address, "Zoé, de l’Île «\u202fà part\u202f»", ANNE.unsubscribe_url)
    )
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) <= 998  # octets of a line, RFC 5322
    message = parsed(raw)
    assert message["Subject"] == title
    assert message["To"].addresses[0].display_name == "Zoé, de l’Île «\u202fà part\u202f»"


@pytest.mark.parametrize(
    ("address", "on_the_wire"),
    [
        ("anne@section.example", "anne@section.example"),
        ("anne@région.example", "anne@xn--rgion-bsa.example"),  # IDN
        ("Anne.D+relais@Section.Example", "Anne.D+relais@Section.Example"),
        ("éloïse@section.example", "éloïse@section.example"),  # needs SMTPUTF8
        (" anne@section.example ", "anne@section.example"),
    ],
)
def test_addresses_are_written_as_smtp_takes_them(address: str, on_the_wire: str) -> None:
    assert envelope_address(address) == on_the_wire


@pytest.mark.parametrize(
    "address",
    [
        "", "anne", "@section.example", "anne@", "anne@@section.example", "a b@section.example", "anne@sec tion.example",
        "anne@section.example\r\nRCPT TO:<x@y.example>", "anne@section.example>", "<anne@section.example", "a,b@c.example",
        ".anne@c.example", "anne.@c.example", "an..ne@c.example", "anne@.example", "anne@exa\x00mple", f"{'a' * 65}@c.example",
        f"anne@{'a' * 64}.example", "anne@-c.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(AddressProblem):
        envelope_address(address)


async def test_a_non_ascii_address_goes_out_where_the_server_takes_them(
    relay: MailRelay, sandbox: SandboxClient
) -> None:
    zoe = Recipient("zoé@région.example", "Zoé", ANNE.unsubscribe_url)
    await relay.publish(post_to(zoe))
    ((address, message),) = await received(sandbox)
    assert address == "zoé@xn--rgion-bsa.example" and message["Subject"] == "Lancement"


async def test_an_address_that_is_refused_stops_nobody_else_and_is_named(
    relay: MailRelay, sandbox: SandboxClient
) -> None:
    await sandbox.fault("mail", "blocked", "RCPT", target=BLAISE.address)
    wrong = Recipient("no address", "Nobody", ANNE.unsubscribe_url)
    receipt = await relay.publish(post_to(ANNE, BLAISE, wrong, CARO))
    assert [address for address, _ in await received(sandbox)] == [ANNE.address, CARO.address]
    assert receipt.parts == (ANNE.id, CARO.id)
    assert "blaise@section.example (550 5.1.1" in receipt.note and "no address" in receipt.note


async def test_a_message_that_is_refused_after_its_text_counts_as_refused(
    relay: MailRelay, sandbox: SandboxClient
) -> None:
    await sandbox.fault("mail", "blocked", "DATA", target=ANNE.address)
    receipt = await relay.publish(post_to(ANNE, BLAISE))
    assert receipt.parts == (BLAISE.id,) and "anne@section.example (550" in receipt.note


async def test_only_if_all_are_refused_the_post_is(relay: MailRelay, sandbox: SandboxClient) -> None:
    await sandbox.fault("mail", "blocked", "RCPT", count=None)
    with pytest.raises(PostRejected, match=r"every address: anne@section.example \(550.*caro@section.example"):
        await relay.publish(post_to(*ALL))


async def test_a_message_that_the_server_says_is_too_large_is_not_even_handed_over(
    relay: MailRelay, sandbox: SandboxClient
) -> None:
    large = Picture(bytes(9_000_000), "image/png", "Une affiche")
    with pytest.raises(PostRejected, match=r"takes messages of 10\.2 MB, this one has 12\.\d MB: choose smaller"):
        await relay.publish(post_to(*ALL, pictures=(large,)))
    assert await sandbox.requests("mail") == []


async def test_pictures_as_large_as_the_limit_fit_into_a_message(relay: MailRelay, sandbox: SandboxClient) -> None:
    allowed = LIMITS["mail"]
    pictures = (Picture(bytes(allowed.picture_size), "image/png", "a" * allowed.alt),) * allowed.pictures
    await relay.publish(post_to(ANNE, text="é" * 1000, pictures=pictures))
    assert len(await sandbox.ledger(service="mail")) == 1


async def test_a_size_that_is_refused_with_the_sender_is_the_posts_matter(
    relay: MailRelay, sandbox: SandboxClient
) -> None:
    await sandbox.fault("mail", "payment", "MAIL", count=None)  # 552
    with pytest.raises(PostRejected, match="552"):
        await relay.publish(post_to(ANNE))


async def test_a_list_without_addresses_says_how_to_fill_it(relay: MailRelay) -> None:
    with pytest.raises(PostRejected, match="addresses import"):
        await relay.publish(post_to())


@pytest.mark.parametrize(
    ("fault", "operation", "expected", "said"),
    [
        ("error_before", "RCPT", NetworkDown, "421"),  # the server closes
        ("error_before", "DATA", NetworkDown, "421"),
        ("rate_limit", "RCPT", RateLimited, "defers blaise@section.example"),  # greylisted: the others got theirs
        ("rate_limit", "DATA", RateLimited, "defers blaise@section.example"),
        ("rate_limit", "MAIL", RateLimited, "451"),
        ("revoked", "MAIL", ChannelRevoked, "530"),
        ("blocked", "MAIL", ChannelRevoked, "sender"),
        ("cut_after", "DATA", OutcomeUnknown, "blaise@section.example"),
    ],
)
async def test_each_fault_becomes_the_right_error_and_tells_who_has_it_already(
    relay: MailRelay, sandbox: SandboxClient, fault: str, operation: str, expected: type[Exception], said: str
) -> None:
    target = BLAISE.address if operation != "MAIL" else None
    if target is None:
        await relay.publish(post_to(ANNE))
    await sandbox.fault("mail", fault, operation, **({"target": target} if target else {}))
    with pytest.raises(expected, match=said) as raised:
        await relay.publish(post_to(ANNE, BLAISE, sent_parts=() if target else (ANNE.id,)))
    assert parts_out(raised.value.sent_parts) == [ANNE.id]  # type: ignore[attr-defined]


async def test_a_retry_goes_on_behind_what_was_accepted(relay: MailRelay, sandbox: SandboxClient) -> None:
    await sandbox.fault("mail", "error_before", "RCPT", target=BLAISE.address)
    with pytest.raises(NetworkDown) as down:
        await relay.publish(post_to(*ALL))
    receipt = await relay.publish(post_to(*ALL, sent_parts=down.value.sent_parts))
    assert [address for address, _ in await received(sandbox)] == [ANNE.address, CARO.address, BLAISE.address]
    assert receipt.parts == (ANNE.id, CARO.id, BLAISE.id)


async def test_who_left_the_list_between_two_attempts_gets_nothing(relay: MailRelay, sandbox: SandboxClient) -> None:
    receipt = await relay.publish(post_to(ANNE, sent_parts=(ANNE.id,)))
    assert receipt.parts == (ANNE.id,) and await received(sandbox) == []


async def test_a_greylisted_address_is_tried_again_after_the_others(relay: MailRelay, sandbox: SandboxClient) -> None:
    await sandbox.fault("mail", "rate_limit", "RCPT", target=ANNE.address)
    with pytest.raises(RateLimited) as later:
        await relay.publish(post_to(*ALL))
    assert parts_out(later.value.sent_parts) == [BLAISE.id, CARO.id]
    assert later.value.retry_after >= timedelta(minutes=5)  # what servers that greylist ask for
    receipt = await relay.publish(post_to(*ALL, sent_parts=later.value.sent_parts))
    assert [address for address, _ in await received(sandbox)][-1] == ANNE.address
    assert receipt.parts == (BLAISE.id, CARO.id, ANNE.id)


@pytest.mark.parametrize("fault", ["rate_limit", "blocked"])
@pytest.mark.parametrize("operation", ["RCPT", "DATA"])
async def test_an_address_that_never_takes_anything_blocks_nobody_behind_it(
    sandbox_server: SandboxServer, sandbox: SandboxClient, fault: str, operation: str
) -> None:
    """Also where a call is no longer than one message: put off, refused or hung up on, the next call begins behind it."""
    await sandbox.fault("mail", fault, operation, target=ANNE.address, count=None)
    relay = relay_at(sandbox_server.smtp_port, per_minute="1")
    parts: tuple[str, ...] = ()
    for _ in range(20):
        try:
            receipt = await relay.publish(post_to(*ALL, sent_parts=parts))
            break
        except NetworkProblem as problem:
            parts = problem.sent_parts
    assert [address for address, _ in await received(sandbox)] == [BLAISE.address, CARO.address]
    assert receipt.parts == (BLAISE.id, CARO.id) and receipt.note.startswith("refused: anne@section.example (")


async def test_an_address_at_which_the_server_hangs_up_blocks_nobody_behind_it(
    relay: MailRelay, sandbox: SandboxClient
) -> None:
    await sandbox.fault("mail", "error_before", "RCPT", target=ANNE.address, count=None)
    parts: tuple[str, ...] = ()
    for _ in range(20):  # it is no fault of the address that the server goes away: it is not given up
        with pytest.raises(NetworkDown, match="421") as down:
            await relay.publish(post_to(*ALL, sent_parts=parts))
        parts = down.value.sent_parts
    assert parts_out(parts) == [BLAISE.id, CARO.id]
    assert [address for address, _ in await received(sandbox)] == [BLAISE.address, CARO.address]


async def test_an_address_that_was_refused_in_an_earlier_call_is_named_at_the_end_and_not_asked_again(
    sandbox_server: SandboxServer, sandbox: SandboxClient
) -> None:
    await sandbox.fault("mail", "blocked", "RCPT", target=ANNE.address, count=None)
    relay = relay_at(sandbox_server.smtp_port, per_minute="1")
    with pytest.raises(RateLimited, match="0 are out, 2 follow") as first:
        await relay.publish(post_to(*ALL))
    with pytest.raises(RateLimited, match="1 are out, 1 follow") as second:
        await relay.publish(post_to(*ALL, sent_parts=first.value.sent_parts))
    receipt = await relay.publish(post_to(*ALL, sent_parts=second.value.sent_parts))
    assert receipt.note == "refused: anne@section.example (550)"
    asked = [entry for entry in await sandbox.requests("mail") if entry["operation"] == "RCPT"]
    assert len(asked) == 1


async def test_the_rate_holds_between_messages_and_a_call_ends_after_a_minutes_worth(
    sandbox_server: SandboxServer, sandbox: SandboxClient
) -> None:
    pauses = Pauses()
    relay = relay_at(sandbox_server.smtp_port, pauses, per_minute="2")
    with pytest.raises(RateLimited, match="2 are out, 1 follow") as limited:
        await relay.publish(post_to(*ALL))
    assert pauses.taken == [30.0] and limited.value.retry_after == timedelta(seconds=30)
    receipt = await relay.publish(post_to(*ALL, sent_parts=limited.value.sent_parts))
    assert len(await received(sandbox)) == 3 and len(receipt.parts) == 3


async def test_a_slow_server_ends_the_call_before_the_publisher_gives_up(
    relay: MailRelay, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "LONGEST_CALL", -1.0)
    with pytest.raises(RateLimited, match="0 are out, 3 follow"):
        await relay.publish(post_to(*ALL))


async def test_a_server_that_never_answers_after_the_text_leaves_the_outcome_unknown(
    relay: MailRelay, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_server, "TIMEOUT", 0.2)
    hold = await sandbox.hold("mail", "DATA", "after")
    with pytest.raises(OutcomeUnknown, match=r"anne@section\.example"):
        await relay.publish(post_to(*ALL))
    assert len(await received(sandbox)) == 1
    await sandbox.release(hold)


async def test_a_host_that_nobody_listens_on_is_down_not_unknown() -> None:
    with pytest.raises(NetworkDown, match="could not be reached"):
        await relay_at(9).publish(post_to(ANNE))


@pytest.mark.parametrize(
    "wrong",
    [{"sender": "nobody"}, {"port": "smtp"}, {"per_minute": "many"}, {"sender": "a@b.example\nBcc: c@d.example"}],
)
def test_settings_that_do_not_do_are_named(wrong: dict[str, str]) -> None:
    with pytest.raises(ChannelRevoked, match="settings"):
        relay_at(25, **wrong)


class Signed:
    """A mail server of the test's own, with STARTTLS, that wants to be signed in to."""

    def __init__(self) -> None:
        authority = trustme.CA()
        offered, self.trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
        authority.issue_cert("127.0.0.1").configure_cert(offered)
        authority.configure_trust(self.trusted)
        self.world = World(clock=lambda: datetime(2026, 12, 1, 8, tzinfo=UTC), store=None, seed=Seed())
        self.server = MailServer(self.world, tls=offered, auth=True)

    def relay(self, **changes: Any) -> MailRelay:
        username, password = DEMO_LOGIN
        settings = {"username": username, "password": password, "starttls": "yes", "tls_context": self.trusted}
        return relay_at(self.server.port, **settings | changes)


@pytest.fixture
async def signed() -> AsyncIterator[Signed]:
    made = Signed()
    await made.server.start()
    yield made
    made.server.close()
    made.world.close()


async def test_a_signed_in_relay_speaks_tls(signed: Signed) -> None:
    relay = signed.relay()
    assert await relay.check() == f"relais@region.example by 127.0.0.1:{signed.server.port}"
    await relay.publish(post_to(ANNE))
    assert [entry["channel"] for entry in signed.world.ledger.entries] == [ANNE.address]


@pytest.mark.parametrize(
    ("wrong", "expected", "said"),
    [
        ({"password": "wrong"}, ChannelRevoked, "username and password"),
        ({"username": ""}, ChannelRevoked, "signed in"),
        ({"tls_context": None}, NetworkDown, "certificate"),  # nobody vouches for it
    ],
)
async def test_a_relay_that_is_not_let_in_says_why(
    signed: Signed, wrong: dict[str, Any], expected: type[Exception], said: str
) -> None:
    with pytest.raises(expected, match=said):
        await signed.relay(**wrong).publish(post_to(ANNE))
    assert signed.world.ledger.entries == []


async def test_a_server_without_starttls_gets_no_password(
    sandbox_server: SandboxServer, sandbox: SandboxClient
) -> None:
    relay = relay_at(sandbox_server.smtp_port, starttls="yes", username="relais", password="secret")
    with pytest.raises(ChannelRevoked, match="STARTTLS"):
        await relay.check()


async def test_who_loses_the_turn_writes_to_nobody_else_and_says_who_has_it(
    relay: MailRelay, sandbox: SandboxClient
) -> None:
    turns = iter([True])
    with pytest.raises(TurnLost) as lost:
        await relay.publish(replace(post_to(*ALL), may_go_on=lambda: next(turns, False)))
    receipt = await relay.publish(post_to(*ALL, sent_parts=lost.value.sent_parts))
    assert [address for address, _ in await received(sandbox)] == [ANNE.address, BLAISE.address, CARO.address]
    assert len(lost.value.sent_parts) == 1 and len(receipt.parts) == 3
