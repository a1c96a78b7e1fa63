"""`rehearse`, `posts export` and `posts import FILE.json` as somebody types them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.program import Program

# The material's posts lie in the first months of 2027; a test must not grow old.
SHIFT_YEARS = 4


@pytest.fixture
async def filled(program: Program, material: Path, tmp_path: Path) -> Program:
    """A campaign with two X accounts of their price and the 46 posts, some years on."""
    keys = [f"--set={name}=a" for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret")]
    file = tmp_path / "campagne.csv"
    text = (material / "campagne.csv").read_text("utf-8")
    file.write_text(text.replace("2027", str(2027 + SHIFT_YEARS)), encoding="utf-8")
    shutil.copytree(material / "images", tmp_path / "images")
    for command in (
        ["campaigns", "add", "La Région qui ose"],
        ["channels", "add", "telegram", "Canal Telegram", "--set=chat_id=@a"],
        ["channels", "add", "x", "Compte X", *keys],
        ["posts", "import", str(file)],
    ):
        code, output = await program.call(*command)
        assert code == 0, output
    program.ask("UPDATE publication SET cost = 200 WHERE channel_id = 2")
    return program


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_rehearse_prints_a_timetable_and_leaves_the_data_folder_as_it_was(filled, tmp_path) -> None:
    before = everything(filled.folder)
    code, output = await filled.call("rehearse", "--html", str(tmp_path / "page.html"))
    assert code == 0, output
    assert everything(filled.folder) == before
    assert "Vœux de la tête de liste" in output
    assert "17:00 Indian/Reunion" in output
    assert "46 posts, 86 publications: 86 go out. Cost: $8.200 (Compte X $8.200)." in output
    assert "No warnings." in output
    html = (tmp_path / "page.html").read_text("utf-8")
    assert html.startswith("<!doctype html>")
    assert "Vœux de la tête de liste" in html
    assert "envois partent" in html
    assert "8,200\u202f$" in html
    for outside in ("http://", "src=", "<link", "<script"):  # one file, and nothing is fetched
        assert outside not in html


async def test_the_page_is_written_to_the_data_folder_unless_it_is_wanted_elsewhere(filled) -> None:
    before = everything(filled.folder)
    code, output = await filled.call("rehearse")
    file = filled.folder / "rehearsal.html"
    assert (code, f"The page is written to {file}." in output) == (0, True), output
    assert "Vœux de la tête de liste" in file.read_text("utf-8")
    file.unlink()
    assert everything(filled.folder) == before


async def test_what_looks_like_a_style_in_a_text_is_printed_as_it_is(program, tmp_path) -> None:
    """Titles, reasons and names are people's own: rich would take [bold] away, and stumble over [/x]."""
    title = "[URGENT] rdv [bold]ici[/bold] [/fin] :heart:"
    file = tmp_path / "posts.csv"
    file.write_text(f'title,text,publish_at,channels\n"{title}",texte,2031-01-04 08:30,Canal [1]\n', encoding="utf-8")
    for command in (
        ["campaigns", "add", "La Région [qui] ose"],
        ["channels", "add", "telegram", "Canal [1]", "--set=chat_id=@a"],
        ["silence", "add-window", "2031-01-04 00:00", "2031-01-05 00:00", "[veille]"],
        ["posts", "import", str(file)],
    ):
        code, output = await program.call(*command)
        assert code == 0, output
    assert f"“{title}” on Canal [1] falls into silence ([veille]" in output
    program.ask("UPDATE publication SET reason = '[red]refusé[/red]'")
    for command, expected in (
        (["posts", "list"], (title, "Canal [1]", "[red]refusé[/red]")),
        (["rehearse"], (title, "Canal [1]", "[veille]", "La Région [qui] ose")),
        (["channels", "check"], ("Canal [1]",)),
    ):
        _, output = await program.call(*command)
        assert all(text in output for text in expected), output


@pytest.mark.parametrize(
    ("faults", "said", "in_french"),
    [
        ("storm", "Storm, seed 2027", "le réseau demande d’attendre"),
        ("crash", "Crash, seed 2027", "programme tué après l’envoi"),
        ("dst", "becomes 03:00 in Europe/Paris", "reste"),
    ],
)
async def test_each_fault_says_what_it_does(filled, tmp_path, faults, said, in_french) -> None:
    before = everything(filled.folder)
    code, output = await filled.call("rehearse", "--faults", faults, "--html", str(tmp_path / "page.html"))
    assert code == 0, output
    assert said in output
    assert in_french in (tmp_path / "page.html").read_text("utf-8")
    assert everything(filled.folder) == before


async def test_bounds_are_days_of_the_campaign(filled) -> None:
    code, output = await filled.call("rehearse", "--from", "2031-01-16", "--until", "2031-01-16")
    assert code == 0, output
    assert "5 posts, 10 publications" in output
    code, output = await filled.call("rehearse", "--from", "demain")
    assert (code, "“demain” is not a date and time" in output) == (1, True)


@pytest.mark.parametrize("arguments", [["rehearse"], ["posts", "export", "a.json"]])
async def test_without_a_campaign_the_next_step_is_named(program, arguments) -> None:
    code, output = await program.call(*arguments)
    assert code == 1
    assert "campaigns add" in output
    assert "Traceback" not in output


async def test_complaint_13_csv_both_ways(filled, tmp_path) -> None:
    for name in ("out.csv", "out.json", "out.ics"):
        code, output = await filled.call("posts", "export", str(tmp_path / name))
        assert (code, f"46 posts are written to {tmp_path / name}." in output) == (0, True), output
    assert (tmp_path / "out.ics").read_bytes().count(b"BEGIN:VEVENT") == 46
    header = (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()[0]
    assert "state.Compte X,address.Compte X" in header
    for name in ("out.csv", "out.json"):
        code, output = await filled.call("posts", "import", str(tmp_path / name), "--dry-run")
        assert (code, "46 posts would be" in output) == (0, True), output
    code, output = await filled.call("posts", "import", str(tmp_path / "out.json"))
    assert (code, "46 posts are written, 0 are wrong." in output) == (0, True), output
    await filled.call("posts", "export", str(tmp_path / "twice.json"))
    posts = json.loads((tmp_path / "twice.json").read_text("utf-8"))["posts"]
    assert len(posts) == 92
    told = [json.dumps({k: v for k, v in p.items() if k not in ("id", "publications")}) for p in posts]
    assert all(told.count(one) == 2 for one in told)


async def test_complaint_11_a_wrong_document_stores_nothing_and_names_the_post(filled, tmp_path) -> None:
    posts = [{"title": "Bon", "text": "a", "share_kit": True}, {"title": "Mauvais", "text": ""}]
    (tmp_path / "a.json").write_text(json.dumps({"posts": posts}))
    code, output = await filled.call("posts", "import", str(tmp_path / "a.json"))
    assert code == 1
    assert "post 2 (“Mauvais”), text: is empty" in output
    assert "nothing was imported" in output
    code, output = await filled.call("posts", "export", str(tmp_path / "a.xlsx"))
    assert (code, "posts are written as .csv, .json, .ics" in output) == (1, True)
