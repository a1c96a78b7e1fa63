"""Posts from a CSV: a real campaign's file, and every way in which a file can be wrong."""

import csv
import io
import shutil
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.models import Channel
from campaigns.post_files import BadCell, FileRefused, read_posts
from networks.limits import LIMITS, count

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
CHANNELS = [
    Channel(id=1, campaign_id=1, network="telegram", name="Canal Telegram"),
    Channel(id=2, campaign_id=1, network="x", name="Compte X"),
    Channel(id=3, campaign_id=1, network="x", name="Compte X Montfleury"),
]
HEADER = "title,text,publish_at,channels"
GOOD = "Un,Bonjour,2027-01-04 08:00,Canal Telegram"


@pytest.fixture
def read(tmp_path):
    """Reads a file of these lines, or of these bytes, beside a picture."""

    def write_and_read(content, channels=CHANNELS, zone="Europe/Paris"):
        data = content if isinstance(content, bytes) else "\n".join(content).encode()
        (tmp_path / "posts.csv").write_bytes(data)
        return read_posts(tmp_path / "posts.csv", channels, zone, NOW)

    return write_and_read


# A real campaign's file


@pytest.fixture
def campagne(material):
    return read_posts(material / "campagne.csv", CHANNELS[:2], "Europe/Paris", NOW)


def test_a_real_campaigns_file_is_read_whole(campagne):
    assert campagne.bad == ()
    assert len(campagne.posts) == 46
    assert {post.timezone for _, post in campagne.posts} == {
        "Europe/Paris", "Indian/Reunion", "America/Martinique", "Pacific/Noumea"
    }  # fmt: skip
    assert sum(bool(post.pictures) for _, post in campagne.posts) == 2
    assert all(picture.alt for _, post in campagne.posts for picture in post.pictures)
    assert {len(post.wordings) for _, post in campagne.posts} == {0, 1, 2}
    assert {tuple(c.name for c in post.channels) for _, post in campagne.posts} == {
        ("Canal Telegram",), ("Compte X",), ("Canal Telegram", "Compte X")
    }  # fmt: skip


def test_its_characters_are_those_of_a_french_campaign(material):
    text = (material / "campagne.csv").read_text("utf-8-sig")
    for character in "éèàùçœ«»…€’·→↓\u202f":
        assert character in text, f"U+{ord(character):04X}"
    assert any(ord(character) > 0xFFFF for character in text)  # emoji


def test_lines_are_those_of_a_text_editor_also_behind_cells_of_several_lines(campagne, material):
    lines = (material / "campagne.csv").read_text("utf-8-sig").split("\n")
    assert len(lines) > len(campagne.posts) + 15
    for line, post in campagne.posts:
        assert lines[line - 1].removeprefix('"').startswith(post.title)


def test_its_long_text_needs_its_own_version_on_x(campagne, material, tmp_path):
    too_long = [post for _, post in campagne.posts if count("x", post.text) > LIMITS["x"].characters]
    assert too_long
    assert all(count("x", post.versions["x"]) <= 280 for post in too_long)
    with (material / "campagne.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["image"]]
    with (tmp_path / "without.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [name for name in rows[0] if name != "text.x"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    bad = read_posts(tmp_path / "without.csv", CHANNELS[:2], "Europe/Paris", NOW).bad
    assert {cell.column for cell in bad} == {"text"}
    assert any("x takes 280 weighted characters, the text has 5" in cell.message for cell in bad)


def test_the_same_file_with_semicolons_and_without_bom_gives_the_same_posts(campagne, material, tmp_path):
    """As a French spreadsheet saves it."""
    with (material / "campagne.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(rows)
    shutil.copytree(material / "images", tmp_path / "images")
    (tmp_path / "point-virgule.csv").write_text(out.getvalue(), encoding="utf-8", newline="")
    assert read_posts(tmp_path / "point-virgule.csv", CHANNELS[:2], "Europe/Paris", NOW) == campagne


# How a cell is read


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("2027-02-28", (2027, 2, 28, 22, 59)), ("28/02/2027 10:00", (2027, 2, 28, 9, 0)), ("", None)],
)
def test_a_series_ends_with_a_day_or_a_moment_on_its_own_clock(read, cell, expected):
    lines = [f"{HEADER},recurrence,until,repeat_after", f"{GOOD},every day at 08:30,{cell},7"]
    post = read(lines).posts[0][1]
    assert post.recurs_until == (expected and datetime(*expected, tzinfo=UTC))
    assert post.repeat_after == 7


@pytest.mark.parametrize(("column", "cell"), [("until", "demain"), ("repeat_after", "souvent"), ("grace", "-1")])
def test_what_cannot_be_read_of_a_series_is_named_by_its_column(read, column, cell):
    (bad,) = read([f"{HEADER},recurrence,{column}", f"{GOOD},every day at 08:30,{cell}"]).bad
    assert (bad.line, bad.column) == (2, column) and cell in bad.message


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Canal Telegram|Compte X", [1, 2]),
        ("compte x | CANAL TELEGRAM", [2, 1]),  # case and blanks do not matter; the order is kept
        ("x", [2, 3]),  # a network's name: all its channels
        ("x|Compte X", [2, 3]),  # named twice, once in the post
        ('"Canal Telegram;Compte X"', [1, 2]),  # other separators that people use
        ('"Canal Telegram,Compte X"', [1, 2]),
        ('"Canal Telegram\nCompte X"', [1, 2]),  # a line break inside the cell
        ("|Compte X|", [2]),
    ],
)
def test_channels_are_named_in_a_cell(read, cell, expected):
    found = read([HEADER, f"Un,Bonjour,2027-01-04 08:00,{cell}"])
    assert [channel.id for channel in found.posts[0][1].channels] == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        *[("oui", True), ("OUI", True), ("1", True), ("x", True), ("yes", True), ("vrai", True)],
        *[("non", False), ("", False), ("0", False), ("Faux", False), ("no", False)],
    ],
)
def test_share_kit_is_yes_or_no_in_both_languages(read, cell, expected):
    assert read([f"{HEADER},share_kit", f"{GOOD},{cell}"]).posts[0][1].share_kit is expected


def test_wordings_stand_in_the_order_of_their_numbers(read):
    found = read([f"{HEADER},wording.10,wording.2,wording.1", f"{GOOD},dix,deux,un"])
    assert found.posts[0][1].wordings == ("un", "deux", "dix")


def test_the_campaigns_zone_holds_where_a_cell_names_none(read):
    found = read([f"{HEADER},timezone", f"{GOOD},", f"{GOOD},Pacific/Noumea"], zone="Indian/Reunion")
    assert [post.timezone for _, post in found.posts] == ["Indian/Reunion", "Pacific/Noumea"]


def test_several_pictures_and_their_descriptions_stand_between_bars(read, picture, tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(picture("PNG"))
    found = read([f"{HEADER},image,alt", f"{GOOD},a.png|b.png|c.png,Une affiche||Un car", f"{GOOD},a.png,"])
    assert [(p.name, p.alt) for p in found.posts[0][1].pictures] == [
        ("a.png", "Une affiche"), ("b.png", ""), ("c.png", "Un car")
    ]  # fmt: skip
    assert [p.alt for p in found.posts[1][1].pictures] == [""]


@pytest.mark.parametrize(
    "content",
    [
        "\ufefftitle,text,publish_at,channels\r\nUn,Bonjour,2027-01-04 08:00,x\r\n",  # BOM and Windows' line ends
        "title;text;publish_at;channels\nUn;Bonjour, tous;2027-01-04 08:00;x\n",  # a comma is only a comma
        " Title , TEXT ,publish_at,channels\nUn,Bonjour,2027-01-04 08:00,x",  # blanks, capitals, no last line end
        "channels,publish_at,text,title\nx,2027-01-04 08:00,Bonjour,Un\n",  # another order
        "title,text,publish_at,channels,,\nUn,Bonjour,2027-01-04 08:00,x,,\n",  # empty columns of a spreadsheet
        "title,text,publish_at,channels\n,,,\n\nUn,Bonjour,2027-01-04 08:00,x\n,,,\n",  # empty lines
        "title,text,publish_at,channels,alt\nUn,Bonjour,2027-01-04 08:00,x\n",  # a short line
        "title,text,publish_at,channels\rUn,Bonjour,2027-01-04 08:00,x\r",  # an old Mac's line ends
    ],
)
def test_a_file_may_come_from_any_spreadsheet(read, content):
    found = read(content.encode())
    assert found.bad == ()
    assert [post.title for _, post in found.posts] == ["Un"]


def test_an_empty_list_of_posts_is_no_error(read):
    assert read([HEADER]) == read([HEADER, ""])
    assert read([HEADER]).posts == ()


# What is wrong in a cell


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("title", "", "is empty: give the post a title"),
        ("text", "", "is empty: write what is to be said"),
        ("text", "a" * 281, "x takes 280 weighted characters, the text has 281: shorten it, or write a version for x"),
        ("text.x", "a" * 281, "x takes 280 weighted characters, the text has 281"),
        ("publish_at", "", "is empty: write 2026-12-01 08:30"),
        ("publish_at", "lundi", "“lundi” is not a date and time"),
        ("publish_at", "2027-01-04", "“2027-01-04” has no time of day; write 2027-01-04 08:30"),
        ("publish_at", "2026-11-30 08:00", "2026-11-30 08:00 (Europe/Paris) is in the past"),
        ("publish_at", "28/03/2027 02:30", "2027-03-28 02:30 does not exist in Europe/Paris"),
        ("timezone", "Europe/Pari", "time zone “Europe/Pari” does not exist"),
        ("channels", "Compte Y", "channel “Compte Y” is unknown; there are: Canal Telegram, Compte X, Compte X Mont"),
        ("channels", "", "names no channel, and there is no share kit: the post would go nowhere"),
        ("share_kit", "peut-être", "“peut-être” is neither yes nor no"),
        ("link", "exemple.org", "“exemple.org” is not a web address"),
        ("image", "nulle-part.png", "nulle-part.png cannot be read: No such file or directory"),
        ("image", "../secret.png", "../secret.png lies outside the file's folder; copy it beside the CSV"),
        ("image", "/etc/hostname", "/etc/hostname lies outside the file's folder"),
        ("image", "lien.png", "lien.png lies outside the file's folder"),  # a link that leads outside
        ("image", "dossier", "dossier cannot be read: Is a directory"),
        ("image", "a\0b.png", "is not the name of a file"),
        ("image", "posts.csv", "picture posts.csv is not a JPEG, PNG, WebP or GIF"),
        ("alt", "Une affiche", "describes 1 images, the post has 0"),
    ],
)
def test_each_wrong_cell_is_named_with_its_line_and_column(read, tmp_path, column, cell, message):
    (tmp_path / "dossier").mkdir()
    (tmp_path / "lien.png").symlink_to(tmp_path.parent / "secret.png")
    (tmp_path.parent / "secret.png").write_bytes(b"")
    row = {"title": "Un", "text": "Bonjour", "publish_at": "2027-01-04 08:00", "channels": "x"} | {column: cell}
    out = io.StringIO()
    writer = csv.DictWriter(out, row)
    writer.writeheader()
    writer.writerow(row)
    found = read(out.getvalue().encode())
    assert found.posts == ()
    assert [(bad.line, bad.column) for bad in found.bad] == [(2, column)]
    assert message in found.bad[0].message
    assert str(found.bad[0]).startswith(f"line 2, column {column}: ")


@pytest.mark.parametrize(
    ("alt", "images", "measured"),
    [
        ("un|deux", "a.png", "describes 2 images, the post has 1"),
        ("||trois", "a.png|a.png", "describes 3 images, the post has 2"),  # the third description has no picture
    ],
)
def test_more_descriptions_than_pictures_are_refused(read, picture, tmp_path, alt, images, measured):
    (tmp_path / "a.png").write_bytes(picture("PNG"))
    assert read([f"{HEADER},image,alt", f"{GOOD},{images},{alt}"]).bad == (BadCell(2, "alt", measured),)


def test_a_description_that_is_too_long_is_named_in_its_own_column(read, picture, tmp_path):
    (tmp_path / "description.png").write_bytes(picture("PNG"))
    found = read([f"{HEADER},image,alt", f"{GOOD},description.png,{'é' * 1025}"])
    assert [bad.column for bad in found.bad] == ["alt"]


def test_all_that_is_wrong_in_a_file_is_said_at_once(read):
    found = read(
        [
            f"{HEADER},link,share_kit,timezone",
            "Un,Bonjour,2027-01-04 08:00,Canal Telegram,,,",
            f",{'a' * 281},hier,x,exemple.org,?,Mars",
            '"Deux","Deux\nlignes",2027-01-04 08:00,Compte Y,,,',
            "Trois,Bonjour,2020-01-04 08:00,x,,,",
        ]
    )
    assert [line for line, _ in found.posts] == [2]
    assert [(bad.line, bad.column) for bad in found.bad] == [
        (3, "publish_at"),
        (3, "share_kit"),
        (3, "title"),
        (3, "link"),
        (3, "timezone"),
        (3, "text"),
        (4, "channels"),
        (6, "publish_at"),  # the cell of two lines above is counted
    ]


def test_without_any_channel_it_says_how_to_add_one(read):
    assert "none yet; run: python run_bot.py channels add" in read([HEADER, GOOD], channels=[]).bad[0].message


# What is wrong with a whole file


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "line 1: column title, text, publish_at is missing; the columns are title, text, link"),
        (b"\n\n", "line 1: column title, text, publish_at is missing"),
        (b"title,text\nUn,Bonjour\n", "line 1: column publish_at is missing"),
        (b"title,text,publish_at,colour\n", "line 1: column colour is unknown"),
        (b"title,text,publish_at,text.myspace\n", "line 1: column text.myspace is unknown"),
        (b"title,text,publish_at,wording.0\n", "line 1: column wording.0 is unknown"),  # they count from 1
        (b"title,text,publish_at,Title\n", "line 1: column title stands twice"),
        (b'title,text,publish_at\nUn,"Bonjour,2027-01-04 08:00\n', "line 2: unexpected end of data; a quote may be m"),
        (b'title,text,publish_at\n"Un" deux,a,b\n', "line 2: "),  # text behind a closed quote
        (b'title,text,publish_at\n"U\nn",a,b\n\nUn,"a\n', "line 5: unexpected end of data"),
        (b"title,text,publish_at\nUn,Bonjour, tous,2027-01-04 08:00\n", "line 2: 4 cells under 3 columns; put quotes"),
        (b"title,text,publish_at,\nUn,Bonjour, tous,2027-01-04 08:00\n", "line 2: 4 cells under 3 columns; put quotes"),
        ("title,text,publish_at\nUn,a,b\nUn,é,b\n".encode("latin-1"), "line 3: not UTF-8; save the file as “CSV UTF-8”"),
        ("title,text,publish_at\né".encode("utf-16"), "line 1: not UTF-8"),
        (b"\xef\xbb\xbftitle,text\n\xe9", "line 2: not UTF-8"),  # a BOM does not shift the line
        (b"title,text,publish_at\n" + b"x" * 20_000_000, "has 20 MB; at most 20 MB"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_of_posts_is_refused_with_the_place(read, content, sentence):
    with pytest.raises(FileRefused) as refused:
        read(content)
    assert sentence in str(refused.value)
    assert "posts.csv" in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileRefused, match=r"posts\.csv cannot be read: No such file or directory"):
        read_posts(tmp_path / "posts.csv", CHANNELS, "Europe/Paris", NOW)


FULL = b"title,text,link,image,alt,publish_at,timezone,channels,share_kit,text.x,wording.1\n"
CELLS = st.sampled_from(
    ["Un", "x", "oui", "2027-01-04 08:00", "0001-01-01 00:00", "9999-12-31 23:59", "https://[", "a.png", "|", "\0", "é"]
)


@settings(max_examples=150)
@given(
    st.one_of(
        st.binary(),
        st.binary().map(FULL.__add__),
        st.text().map(lambda text: FULL + text.encode("utf-8", "surrogatepass")),
        st.lists(st.lists(CELLS | st.text(max_size=8), max_size=11), max_size=3).map(
            lambda rows: FULL + "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")
        ),
    )
)
@example(FULL + b"Un,Bonjour,,a\0.png,,2027-01-04 08:00,,x\n")  # a file name that no system takes
@example(FULL + b"Un,Bonjour,,,,0001-01-01 00:00,Indian/Reunion,x\n")  # a moment before the calendar, in UTC
@example(FULL + b"Un," + b"x" * 200_000 + b",,,,2027-01-04 08:00,,x\n")  # a cell larger than the csv module takes
def test_no_bytes_raise_anything_but_file_refused(read, content):
    try:
        read(content)
    except FileRefused as refused:
        assert str(refused)
