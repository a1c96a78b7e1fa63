"""Text with formatting as Telegram reads it: HTML parse mode, and what it finds by itself in plain text.

Offsets and lengths count UTF-16 units, as everywhere in the Bot API. The wording of the errors is Telegram's.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sandbox.store import Json
from sandbox.telegram.errors import bad_request

TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "span": "spoiler", "a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}  # fmt: skip
CHARACTERS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
CHARACTER = re.compile(r"&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|(\w+));?")
ATTRIBUTE_NAME = re.compile(r"[^\s=>]*")
UNQUOTED = re.compile(r"[a-zA-Z0-9.\-]+")
FOUND_BY_ITSELF = (
    ("url", re.compile(r"https?://[^\s<>«»\"]+[^\s<>«»\".,;:!?)\]'’…]|(?<![\w@./-])(?:[\w-]+\.)+(?:fr|org|com|net|eu|io|me|info|coop|be|ch|re|uk)\b(?:/[^\s<>«»\"]*[^\s<>«»\".,;:!?)\]'’…])?")),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("bot_command", re.compile(r"(?<![\w/])/[a-zA-Z0-9_]{1,64}(?:@\w{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<![\w@])@[a-zA-Z][a-zA-Z0-9_]{2,31}\b")),
    ("hashtag", re.compile(r"(?<![\w#])#(?=\w*[^\W\d_])[\w·]+")),
)  # fmt: skip


def length_of(text: str) -> int:
    """UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


@dataclass
class Open:
    """A tag that waits for its end."""

    name: str
    at: int  # byte offset of "<"
    start: int  # UTF-16 offset in the text
    argument: Json = field(default_factory=dict)


class HtmlParser:
    """One pass over a text in HTML parse mode."""

    def __init__(self, html: str) -> None:
        self.html, self.position = html, 0
        self.out: list[str] = []
        self.length = 0
        self.stack: list[Open] = []
        self.entities: list[Json] = []

    def parse(self) -> tuple[str, list[Json]]:
        """Plain text and entities; raises Refused as Telegram words it."""
        while self.position < len(self.html):
            character = self.html[self.position]
            if character == "<" and self.html.startswith("</", self.position):
                self._end_tag()
            elif character == "<":
                self._start_tag()
            elif character == "&":
                self._character()
            else:
                self._write(character)
                self.position += 1
        if self.stack:
            raise self._error(f'Can\'t find end tag corresponding to start tag "{self.stack[-1].name}"')
        return "".join(self.out), self.entities

    def _error(self, what: str, at: int | None = None) -> Exception:
        # A "<" that starts nothing is told by its offset in bytes, not in characters.
        place = "" if at is None else f" at byte offset {at}"
        return bad_request(f"can't parse entities: {what}{place}")

    def _bytes(self, position: int) -> int:
        return len(self.html[:position].encode())

    def _write(self, text: str) -> None:
        self.out.append(text)
        self.length += length_of(text)

    def _character(self) -> None:
        match = CHARACTER.match(self.html, self.position)
        decoded = _decoded(match) if match else None
        self._write(decoded or "&")
        self.position = match.end() if match and decoded else self.position + 1

    def _start_tag(self) -> None:
        begin = self._bytes(self.position)
        match = re.compile(r"<([^\s>]*)").match(self.html, self.position)
        name = match.group(1).lower() if match else ""
        if match is None or match.end() == len(self.html):
            raise self._error("Unclosed start tag", begin)
        if name not in TAGS:
            raise self._error(f'Unsupported start tag "{name}"', begin)
        self.position = match.end()
        attributes = self._attributes(name, begin)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise self._error('Tag "span" must have class "tg-spoiler"', begin)
        self.stack.append(Open(name, begin, self.length, dict(attributes)))

    def _attributes(self, name: str, begin: int) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            self._skip_spaces(name, begin)
            if self.html[self.position] == ">":
                self.position += 1
                return found
            match = ATTRIBUTE_NAME.match(self.html, self.position)
            attribute = match.group().lower() if match else ""
            if not attribute:
                raise self._error(f'Empty attribute name in the tag "{name}"', begin)
            self.position += len(attribute)
            if name == "blockquote" and attribute == "expandable" and not self._is_next("="):
                found[attribute] = ""
                continue
            self._skip_spaces(name, begin)
            if not self._is_next("="):
                what = f'Expected equal sign in declaration of an attribute of the tag "{name}"'
                raise self._error(what, begin)
            self.position += 1
            self._skip_spaces(name, begin)
            found[attribute] = self._value(begin)

    def _is_next(self, character: str) -> bool:
        return self.html.startswith(character, self.position)

    def _skip_spaces(self, name: str, begin: int) -> None:
        while self.position < len(self.html) and self.html[self.position].isspace():
            self.position += 1
        if self.position == len(self.html):
            raise self._error(f'Unclosed start tag "{name}"', begin)

    def _value(self, begin: int) -> str:
        quote = self.html[self.position]
        if quote not in "'\"":
            match = UNQUOTED.match(self.html, self.position)
            self.position = match.end() if match else self.position
            if self.position == len(self.html) or not (self._is_next(">") or self.html[self.position].isspace()):
                raise self._error("Unexpected end of name token", self._bytes(self.position))
            return match.group() if match else ""
        end = self.html.find(quote, self.position + 1)
        if end < 0:
            raise self._error("Unclosed start tag", begin)
        value = self.html[self.position + 1 : end]
        self.position = end + 1
        return CHARACTER.sub(lambda match: _decoded(match) or match.group(), value)

    def _end_tag(self) -> None:
        begin = self._bytes(self.position)
        if not self.stack:
            raise self._error("Unexpected end tag", begin)
        match = re.compile(r"</([^\s>]*)\s*(>?)").match(self.html, self.position)
        if match is None or not match.group(2):
            raise self._error("Unclosed end tag", begin)
        tag, name = self.stack.pop(), match.group(1).lower()
        if name not in ("", tag.name):
            what = f'Unmatched end tag at byte offset {begin}, expected "</{tag.name}>", found "</{name}>"'
            raise self._error(what)
        self.position = match.end()
        self._close(tag)

    def _close(self, tag: Open) -> None:
        length = self.length - tag.start
        extra = self._argument(tag, length)
        if length and extra is not None:
            kind = extra.pop("type", TAGS[tag.name])
            self.entities.append({"type": kind, "offset": tag.start, "length": length} | extra)

    def _argument(self, tag: Open, length: int) -> Json | None:
        given = tag.argument
        if tag.name == "a":
            url = given.get("href") or "".join(self.out).encode("utf-16-le")[tag.start * 2 :].decode("utf-16-le")
            if url.startswith("tg://user?id="):
                return {"url": url}
            good = good_url(url)
            return {"url": good} if good else None  # a wrong address is dropped, its text stays
        if tag.name == "tg-emoji":
            return {"custom_emoji_id": given.get("emoji-id", "")}
        if tag.name == "blockquote" and "expandable" in given:
            return {"type": "expandable_blockquote"}
        if tag.name == "code" and str(given.get("class", "")).startswith("language-"):
            self._language = (tag.start, length, str(given["class"])[len("language-") :])
            return {}
        if tag.name == "pre":
            return self._pre(tag.start, length)
        return {}

    _language: tuple[int, int, str] = (-1, -1, "")

    def _pre(self, start: int, length: int) -> Json:
        inside = {"type": "code", "offset": start, "length": length}
        if inside not in self.entities:
            return {}
        self.entities.remove(inside)  # <pre><code> is one block, not a code inside a block
        return {"language": self._language[2]} if self._language[:2] == (start, length) else {}


def _decoded(match: re.Match[str]) -> str | None:
    decimal, hexadecimal, name = match.groups()
    if name:
        return CHARACTERS.get(name)
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else None


def good_url(url: str) -> str | None:
    """The address as Telegram keeps it, or None for one that it refuses.

    The real one wants http, https or tg and a host with a dot, which excludes localhost. 127.0.0.1 passes: the demo
    and the tests link back to this machine, and have no public name.
    """
    whole = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(whole)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme in ("tg", "ton"):
        return whole
    labels = host.split(".")
    fine = len(labels) > 1 and all(re.fullmatch(r"[\w-]{1,63}", label) for label in labels) and port != 0
    if parts.scheme not in ("http", "https") or not fine or re.search(r"\s", url):
        return None
    return whole if parts.path or parts.query or parts.fragment else f"{whole}/"


def find_entities(text: str, known: list[Json]) -> list[Json]:
    """`known` and what Telegram recognises by itself: links, addresses, commands, mentions, hashtags."""
    taken = [(each["offset"], each["offset"] + each["length"]) for each in known if each["type"] in LEFT_ALONE]
    found: list[Json] = []
    for kind, pattern in FOUND_BY_ITSELF:
        for match in pattern.finditer(text):
            start, length = length_of(text[: match.start()]), length_of(match.group())
            if all(start + length <= begin or start >= end for begin, end in taken):
                taken.append((start, start + length))
                found.append({"type": kind, "offset": start, "length": length})
    return sorted([*known, *found], key=lambda each: (each["offset"], -each["length"]))


LEFT_ALONE = ("code", "pre", "text_link", "url", "email", "bot_command", "mention", "hashtag")


def formatted(text: str, parse_mode: str | None, entities: list[Json] | None) -> tuple[str, list[Json]]:
    """Text and entities of a message to be sent, with the white space around it removed as Telegram does."""
    known = [dict(each) for each in entities or []]
    if parse_mode and parse_mode.lower() == "html":
        text, known = HtmlParser(text).parse()
    elif parse_mode:
        # Markdown is not read here: the project formats in HTML only, and a silent wrong reading would mislead.
        raise bad_request("unsupported parse_mode")
    left = length_of(text) - length_of(text.lstrip())
    text = text.strip()
    end = length_of(text)
    kept: list[Json] = []
    for each in known:
        start, stop = max(0, each["offset"] - left), min(end, each["offset"] + each["length"] - left)
        if stop > start:
            kept.append(each | {"offset": start, "length": stop - start})
    return text, find_entities(text, kept)
