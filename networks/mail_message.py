"""The text of one message to one recipient: plain text and HTML, ready to forward, with the way to stop it."""

import hashlib
import re
import unicodedata
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from html import escape
from typing import Any

from networks.base import OutgoingPost, Recipient

LONGEST_SUBJECT = 120  # characters; mail programs show about half of it
FOOTERS = {
    "fr": (
        "Vous recevez ce message parce que votre adresse figure sur la liste de relais de {sender}\u202f: faites-le suivre autour de vous.",
        "Ne plus recevoir ces messages",
        "Image",
    ),
    "en": (
        "You get this message because your address is on the relay list of {sender}: pass it on to people around you.",
        "Stop these messages",
        "Picture",
    ),
}
_BREAKS = re.compile(r"[ \t\n\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+")
_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?…)\]»”’']")
_LOCAL_PART = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]{1,64}")
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)


class AddressProblem(ValueError):
    """This is not an e-mail address."""


class _Wire(EmailPolicy):
    """Python folds a long token into encoded words, and no mail program reads an address out of those."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() == "list-unsubscribe":
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


WIRE, WIRE_UTF8 = _Wire(linesep="\r\n"), _Wire(linesep="\r\n", utf8=True)


def envelope_address(address: str) -> str:
    """An address as SMTP takes it, its domain in ASCII (région.example -> xn--rgion-bsa.example); raises AddressProblem."""
    local, at, domain = address.strip().rpartition("@")
    try:
        plain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        plain = ""
    good_local = _LOCAL_PART.fullmatch(local) and not local.startswith(".") and not local.endswith(".")
    if not at or not good_local or ".." in address or len(plain) > 253 or not _DOMAIN.fullmatch(plain):
        raise AddressProblem(f"“{one_line(address)}” is not an e-mail address")
    return f"{local}@{plain}"


def one_line(text: str) -> str:
    """Text that cannot leave its header: no line break of any kind, no control character."""
    joined = _BREAKS.sub(" ", text).strip()  # not str.split(), which would take the narrow spaces of French away
    return "".join(c for c in joined if unicodedata.category(c) not in {"Cc", "Cs"})


def message_id(key: str, sender: str, address: str) -> str:
    """The same at each attempt, so that a server or a mail program that sees a message twice can tell."""
    digest = hashlib.blake2b(f"{sender}|{key}|{address.casefold()}".encode(), digest_size=16).hexdigest()
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def write_message(post: OutgoingPost, recipient: Recipient, sender_name: str, sender: str, *, date: str) -> bytes:
    """The whole message as SMTP takes it; raises AddressProblem for a recipient that is none."""
    address = envelope_address(recipient.address)
    local, _, domain = address.rpartition("@")
    message = EmailMessage(policy=WIRE if address.isascii() else WIRE_UTF8)
    subject = one_line(post.title) or one_line(post.body)
    message["Subject"] = subject[:LONGEST_SUBJECT]
    message["From"] = Address(one_line(sender_name), *_halves(sender))
    message["To"] = Address(one_line(recipient.name), local, domain)
    message["Date"] = date
    message["Message-ID"] = message_id(post.unique_key, sender, recipient.address)
    if recipient.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{_header_url(recipient.unsubscribe_url)}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    why, stop, picture = FOOTERS.get(post.language.partition("-")[0], FOOTERS["fr"])
    why = why.format(sender=one_line(sender_name) or sender)
    message.set_content(_plain(post, recipient, why, stop, picture), cte="quoted-printable")
    message.add_alternative(_html(post, recipient, why, stop), subtype="html", cte="quoted-printable")
    html = message.get_payload()[1]  # type: ignore[index]
    for i, shown in enumerate(post.pictures):
        kind = shown.mime.removeprefix("image/")
        html.add_related(  # type: ignore[union-attr]
            shown.data, "image", kind, cid=f"<{_cid(i)}>", disposition="inline", filename=f"image-{i + 1}.{kind}"
        )
    return message.as_bytes()


def _halves(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    return local, domain


def _header_url(url: str) -> str:
    if not re.fullmatch(r"https?://[!-;=?-~]+", url):
        raise AddressProblem("the unsubscribe address must be ASCII without spaces; set PORTEVOIX_PUBLIC_URL so")
    return url


def _cid(i: int) -> str:
    return f"image-{i + 1}@post"


def _plain(post: OutgoingPost, recipient: Recipient, why: str, stop: str, picture: str) -> str:
    described = [f"[{picture}\u202f: {one_line(each.alt)}]" for each in post.pictures if each.alt]
    body = "\n\n".join([post.body, *described])
    return f"{body}\n\n-- \n{why}\n{stop}\u202f: {recipient.unsubscribe_url}\n"


def _html(post: OutgoingPost, recipient: Recipient, why: str, stop: str) -> str:
    paragraphs = [_linked(part).replace("\n", "<br>\n") for part in re.split(r"\n{2,}", post.body) if part.strip()]
    pictures = [
        f'<img src="cid:{_cid(i)}" alt="{escape(each.alt)}" style="max-width:100%;height:auto">'
        for i, each in enumerate(post.pictures)
    ]
    body = "\n".join(f"<p>{part}</p>" for part in [*paragraphs, *pictures])
    return (
        '<!doctype html>\n<html><head><meta charset="utf-8"></head>\n'
        '<body style="font:16px/1.5 sans-serif;color:#222;max-width:36em;margin:auto;padding:1em">\n'
        f'{body}\n<hr style="border:0;border-top:1px solid #ccc">\n'
        f'<p style="font-size:13px;color:#555">{escape(why)}<br>\n'
        f'<a href="{escape(recipient.unsubscribe_url)}" style="color:#555">{escape(stop)}</a></p>\n</body></html>\n'
    )


def _linked(text: str) -> str:
    """HTML of a text in which web addresses can be tapped."""
    out, end = [], 0
    for found in _LINK.finditer(text):
        out += [escape(text[end : found.start()]), f'<a href="{escape(found[0])}">{escape(found[0])}</a>']
        end = found.end()
    return "".join([*out, escape(text[end:])])
