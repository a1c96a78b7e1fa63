"""What people paste: out of Word, a web page, a PDF. Only what is meant to be read stays."""

import re

_MARKUP = re.compile(
    r"<!--\[if .*?<!\[endif\]-->|<\?xml:namespace[^>]*>|</?o:p\s*/?>|/\* Style Definitions \*/.*?\}", re.S | re.I
)
_UNSEEN = re.compile(
    "[\u00ad\u200b\u200e\u200f\u2060\ufeff\x00-\x08\x0e-\x1f\x7f]"
)  # a joiner holds emoji together: it stays
_BREAKS = re.compile("\r\n?|[\x0b\x0c\u2028\u2029\x85]")  # Word's own line break is \x0b
# French sets such a space before a high sign, inside quotes and in numbers; elsewhere it came from a web page.
_ODD = re.compile("(?<![«\u2039\\d])[\u00a0\u202f\u2007](?![;:!?»\u203a%€$£\\d])")


def cleaned(text: str) -> str:
    """Plain text: unseen signs, Word's markup and stray unbreakable spaces go; smart quotes, emoji and lines stay."""
    text = _UNSEEN.sub("", _BREAKS.sub("\n", _MARKUP.sub("", text)))
    return _ODD.sub(" ", text.replace("\t", " "))
