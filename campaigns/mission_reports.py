"""Reading a mission's report out of one message, such as "42 doors, 12 talks, 80 leaflets. A warm welcome in the street."

People write as they speak, so this guesses, in French and in English, and the person is shown what it understood.
"""

import re
from dataclasses import dataclass

from campaigns.words import mark

LONGEST = 1000  # characters of a report
MOST = 100_000  # doors, talks or leaflets of one person at one mission; beyond it is a slip of the finger

FIGURES = {  # as people call them, in both languages
    "doors": r"portes?(?:[ -]à[ -]portes?)?|doors?",
    "talks": r"discussions?|conversations?|échanges?|echanges?|entretiens?|talks?",
    "leaflets": r"tracts?|flyers?|dépliants?|depliants?|leaflets?|fliers?",
}
# A number with or without blanks, points or commas between its thousands; not the end of another one.
NUMBER = r"(?<!\d)(?<!\d[.,])(?:\d{1,3}(?:[ \u00a0\u202f.,]\d{3})+(?!\d)|\d+)"
WORD = "|".join(rf"(?P<{{way}}_{name}>{words})" for name, words in FIGURES.items())
DONE = r"(?:\s+(?:frappées?|ouvertes?|faites?|distribués?|donnés?|eues?|knocked|opened|given|distributed|handed out))?"
ITEM = re.compile(
    rf"(?P<before>{NUMBER})\s*(?:{WORD.replace('{way}', 'a')})\b{DONE}"
    rf"|\b(?:{WORD.replace('{way}', 'b')})\s*[:=]?\s*(?P<behind>{NUMBER})",
    re.IGNORECASE,
)
BETWEEN = re.compile(r"(?:[\s,;:.!/|•·+&–—-]|\bet\b|\band\b)*", re.IGNORECASE)

APART = re.compile(r"\s*(?:[,;:.!/|•·–—-][\s,;:.!/|•·–—-]*|\n\s*|$)")


class ReportRefused(Exception):
    """A message that cannot be a report: `msgid` with `values` says why, to be translated."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid.format(**values))
        self.msgid, self.values = msgid, values


@dataclass(frozen=True, slots=True)
class Report:
    """What a person says of a mission; None where they do not say."""

    doors: int | None = None
    talks: int | None = None
    leaflets: int | None = None
    remark: str = ""

    @property
    def has_numbers(self) -> bool:
        return (self.doors, self.talks, self.leaflets) != (None, None, None)


def read_report(text: str) -> Report:
    """The numbers and the remark of a report; raises ReportRefused.

    Of each figure the first number counts. The remark is what follows the numbers; where they stand inside a sentence,
    it is the whole text, so that no sentence is torn.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ReportRefused(
            mark("Your report has {length} characters, at most {most}: send me a shorter one."),
            length=len(text),
            most=LONGEST,
        )
    numbers: dict[str, int] = {}
    for found in ITEM.finditer(text):
        figure = next(name for name in FIGURES if found[f"a_{name}"] or found[f"b_{name}"])
        digits = re.sub(r"\D", "", found["before"] or found["behind"])
        if len(digits) > len(str(MOST)) or int(digits) > MOST:
            raise ReportRefused(
                mark("“{text}” is more than I can believe of one mission. Send me your report once more."),
                text=found[0].strip(),
            )
        numbers.setdefault(figure, int(digits))
    return Report(**numbers, remark=_remark(text))


def _remark(text: str) -> str:
    """What follows the numbers at the beginning of a text, if it stands apart from them; else the whole text."""
    end = at = 0
    while found := ITEM.match(text, at):
        end = found.end()
        at = end + len(BETWEEN.match(text, end)[0])  # type: ignore[index] # it always matches, if only nothing
    apart = APART.match(text, end)
    return text[apart.end() :].strip() if end and apart else text
