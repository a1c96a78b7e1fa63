"""What is read out of a report as people write it, and what is left as their remark."""

import pytest

from campaigns.mission_reports import LONGEST, MOST, Report, ReportRefused, read_report

WELCOME = "Bon accueil rue des Lilas"


@pytest.mark.parametrize(
    ("text", "report"),
    [
        (f"42 portes, 12 discussions, 80 tracts. {WELCOME}", Report(42, 12, 80, WELCOME)),
        (f"42 doors, 12 talks, 80 leaflets. {WELCOME}", Report(42, 12, 80, WELCOME)),
        (f"80 flyers\n12 conversations\n42 doors\n\n{WELCOME}\nÀ refaire", Report(42, 12, 80, f"{WELCOME}\nÀ refaire")),
        (f"42 Portes et 12 Discussions – {WELCOME}", Report(42, 12, None, WELCOME)),
        ("42portes/12échanges/80dépliants", Report(42, 12, 80)),  # without a blank
        ("portes : 42, discussions = 12, tracts 80", Report(42, 12, 80)),  # the number behind
        ("Portes 42 discussions 12 tracts 80", Report(42, 12, 80)),  # and nothing in between
        ("porte-à-porte : 42", Report(42)),
        ("42 portes frappées, 12 discussions", Report(42, 12)),
        ("42 doors knocked and 80 leaflets handed out", Report(42, None, 80)),
        ("1 200 tracts", Report(None, None, 1200)),
        ("1 200 tracts", Report(None, None, 1200)),  # with a narrow blank
        ("1.200 tracts, 3 discussions", Report(None, 3, 1200)),
        ("1 porte", Report(1)),
        ("0 door", Report(0)),
        (f"{MOST} tracts", Report(None, None, MOST)),
        (WELCOME, Report(remark=WELCOME)),  # no number at all
        (f"  {WELCOME}  ", Report(remark=WELCOME)),
        # Inside a sentence the numbers count, and the sentence stays whole.
        ("42 portes dans la cité, 12 discussions", Report(42, 12, None, "42 portes dans la cité, 12 discussions")),
        ("On a fait 42 portes et 80 tracts.", Report(42, None, 80, "On a fait 42 portes et 80 tracts.")),
        ("42 portes. Puis 3 portes de plus", Report(42, None, None, "Puis 3 portes de plus")),  # the first one counts
        # What is no number of theirs.
        ("2 heures rue de la Porte", Report(remark="2 heures rue de la Porte")),
        ("2,5 tracts chacun", Report(remark="2,5 tracts chacun")),
        ("12 porteurs", Report(remark="12 porteurs")),
        ("➍ portes", Report(remark="➍ portes")),
        ("٤٢ portes", Report(42)),  # digits of another script
        ("…", Report(remark="…")),
    ],
)  # fmt: skip
def test_numbers_and_remark_are_read_as_people_write_them(text, report):
    assert read_report(text) == report


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{MOST + 1} tracts", f"“{MOST + 1} tracts” is more than I can believe"),
        ("9" * 900 + " portes", "is more than I can believe"),  # more than a database's number holds
        ("x" * (LONGEST + 1), f"has {LONGEST + 1} characters, at most {LONGEST}"),
    ],
)
def test_what_cannot_be_is_named(text, said):
    with pytest.raises(ReportRefused, match=said):
        read_report(text)


@pytest.mark.parametrize("text", ["1 " * 500, "1." * 500, "portes " * 140, "1 porte et " * 90, "," * 1000, "4 2" * 333])
def test_no_text_takes_long_to_read(text):
    read_report(text)  # pytest-timeout names one that does
