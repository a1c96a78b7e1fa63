"""Posts as a file in the console: checked, queued once, handed out, and read again as they were."""

import io
import tempfile
import zipfile
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from campaigns.models import Campaign, Channel, Media, Post, PostState
from campaigns.post_packages import MOST_POSTS
from campaigns.silence_windows import add_window
from tests.web.conftest import picture

PAGE = "/console/c/orne/posts/file"
HEAD = "title,text,publish_at,channels,image,alt\n"
TWO = HEAD + "Haies,Plantons des haies,2026-12-01 08:30,Canal,,\nRails,Des rails partout,2026-12-02 08:30,Compte,,\n"


def packed(**files: str | bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def hand_in(browser: httpx.AsyncClient, enter: Any) -> Any:
    async def send(content: str | bytes, do: str = "queue", name: str = "avril.csv", **said: str) -> httpx.Response:
        token = await enter()
        data = content.encode() if isinstance(content, str) else content
        return await browser.post(PAGE, data={"csrf": token, "do": do} | said, files={"file": (name, data)})

    return send


async def titles(world: Any) -> list[str]:
    """Of the campaign's posts, without the one that the world begins with."""
    async with world.database.read() as session:
        query = select(Post.title).where(col(Post.campaign_id) == world.orne.id, col(Post.id) != world.post.id)
        return list(await session.scalars(query.order_by(col(Post.id))))


async def test_a_file_is_checked_without_a_trace_and_then_queued(world: Any, hand_in: Any) -> None:
    checked = await hand_in(TWO, "check")
    assert checked.status_code == 200 and "avril.csv: 2 posts, nothing wrong. Nothing is queued yet." in checked.text
    assert await titles(world) == []
    queued = await hand_in(TWO)
    assert queued.status_code == 200 and "avril.csv: 2 posts are queued." in queued.text
    assert await titles(world) == ["Haies", "Rails"]
    async with world.database.read() as session:
        post = (await session.scalars(select(Post).where(col(Post.title) == "Haies"))).one()
        assert post.author_id == world.editor.id and post.state is PostState.scheduled


async def test_a_file_that_is_sent_twice_queues_nothing_unless_told_so(world: Any, hand_in: Any) -> None:
    await hand_in(TWO)
    twice = await hand_in(TWO + "Neuf,Tout neuf,queue,,,\n".replace("queue,", "2026-12-03 08:30,Canal"))
    assert twice.status_code == 422 and "2 of its posts stand here already" in twice.text
    assert await titles(world) == ["Haies", "Rails"]
    assert "2 posts are queued" in (await hand_in(TWO, again="yes")).text
    assert await titles(world) == ["Haies", "Rails"] * 2


async def test_every_mistake_is_named_and_nothing_is_queued_unless_the_good_ones_may(world: Any, hand_in: Any) -> None:
    bad = TWO + "<script>alert(1)</script>,Nuit,2027-03-28 02:30,Nulle <b>,photo.jpg,\n"
    refused = await hand_in(bad)
    assert refused.status_code == 422 and "avril.csv: 1 line is wrong. 2 posts are good." in refused.text
    for said in ('<td class="number">4</td>', "does not exist in Europe/Paris", "Channel “Nulle &lt;b&gt;” is unknown", "Photo.jpg cannot be read"):  # fmt: skip
        assert said in refused.text
    assert "<script>alert" not in refused.text and await titles(world) == []
    taken = await hand_in(bad, skip="yes")
    assert taken.status_code == 200 and "2 posts are queued" in taken.text and "1 line is wrong" in taken.text
    assert await titles(world) == ["Haies", "Rails"]


async def test_what_only_the_store_knows_is_named_with_its_line_too(world: Any, hand_in: Any) -> None:
    answer = await hand_in(TWO + "Bientôt,Au prochain créneau,queue,Canal,,\n")
    assert "Channel “Canal” has no posting slots" in answer.text and '<td class="number">4</td>' in answer.text


async def test_pictures_come_in_a_zip_beside_their_file(world: Any, hand_in: Any) -> None:
    table = HEAD + "Gare,Une gare,2026-12-01 08:30,Canal,images/gare.jpg,Une gare\n"
    rest = {"__MACOSX/._avril.csv": b"x", "avril/notes.txt": b"x", "../../avril.jpg": picture()}
    whole = packed(**{"avril/avril.csv": table, "avril/images/gare.jpg": picture()}, **rest)
    checked = await hand_in(whole, "check", "avril.zip")
    assert checked.status_code == 200, checked.text
    assert sorted(each.name for each in world.settings.media_dir.iterdir()) == [await only_picture(world)]
    assert (await hand_in(whole, name="avril.zip")).status_code == 200
    async with world.database.read() as session:
        post = (await session.scalars(select(Post).where(col(Post.title) == "Gare"))).one()
        medium = (await session.scalars(select(Media).where(col(Media.post_id) == post.id))).one()
    assert medium.alt == "Une gare" and (world.settings.media_dir / medium.file).exists()


async def only_picture(world: Any) -> str:
    async with world.database.read() as session:
        return str((await session.scalars(select(Media.file))).one())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.zip", packed(**{"a.csv": TWO, "b.csv": TWO}), "a.zip holds 2 CSV files; pack one"),
        ("a.zip", packed(**{"photo.jpg": b"x"}), "a.zip holds 0 CSV files"),
        ("a.zip", packed(**{"a.csv": TWO})[:-30], "a.zip cannot be unpacked (File is not a zip file)"),
        ("a.zip", packed(**{"é.csv": TWO}).replace("é".encode(), b"\xff\xfe"), "a.zip cannot be unpacked (&#39;utf-8&#39; codec"),
        ("a.csv", "title,text\nA,B\n", "a.csv, line 1: column publish_at is missing"),
        ("a.csv", HEAD.encode() + b"\xe9t\xe9,x,,,,\n", "a.csv, line 2: not UTF-8"),
        ("../../a.csv", HEAD + "un,deux,trois,quatre,cinq,six,sept\n", "a.csv, line 2: 7 cells under 6 columns"),
        ("a.csv", HEAD + "A,B,demain,<x>,,\n" * 50_000, f"a.csv has 50000 posts; at most {MOST_POSTS} at a time: split it"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0 not a table", "not UTF-8"),
        ("a.csv", b"", "column title, text, publish_at is missing"),
    ],
    ids=["two tables", "no table", "cut zip", "a name that is no text", "a column less", "Latin-1", "a comma too many", "50,000 lines", "a workbook", "empty"],
)  # fmt: skip
async def test_a_file_that_cannot_be_read_is_named_as_its_owner_knows_it(
    world: Any, hand_in: Any, name: str, content: str | bytes, said: str
) -> None:
    answer = await hand_in(content, name=name)
    assert answer.status_code == 422 and said in answer.text
    assert tempfile.gettempdir() not in answer.text and await titles(world) == []


async def test_a_zip_that_would_fill_the_disk_is_refused(hand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.post_packages.MOST_UNPACKED", 5_000_000)
    answer = await hand_in(packed(**{"a.csv": TWO, "zeros.jpg": bytes(6_000_000)}), name="a.zip")
    assert answer.status_code == 422 and "unpacked it weighs more than 5 MB" in answer.text


async def test_cost_and_silence_are_told_before_anything_is_queued(world: Any, hand_in: Any) -> None:
    start = world.clock.now + timedelta(days=6)
    async with world.database.write() as session:
        (await session.get_one(Channel, world.channels[1].id)).price_post = 15
        campaign = await session.get_one(Campaign, world.orne.id)
        await add_window(session, campaign, start, start + timedelta(days=1), "grève")
    text = (await hand_in(TWO, "check")).text
    assert "On Compte this costs $0.015." in text
    assert "1 publication falls into silence" in text and "Haies · Canal" in text and "grève" in text


async def test_what_is_handed_out_is_read_again_as_it_was(
    world: Any, browser: httpx.AsyncClient, enter: Any, hand_in: Any
) -> None:
    await hand_in(packed(**{"a.csv": HEAD + "Gare,Une gare,2026-12-01 08:30,Canal,gare.jpg,Une gare\n", "gare.jpg": picture()}), name="a.zip")  # fmt: skip
    answer = await browser.get(f"{PAGE}.zip", params={"from": "2026-12-01", "until": "2026-12-31"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    assert 'filename="orne-2026-12-01-2026-12-31.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
    assert names[:2] == ["posts.csv", "posts.json"] and len(names) == 3
    assert "1 of its posts stands here already" in (await hand_in(answer.content, name="b.zip")).text
    assert "1 post is queued" in (await hand_in(answer.content, name="b.zip", again="yes")).text
    async with world.database.read() as session:
        pictures = select(Media.file, Media.alt).join(Post).where(col(Post.title) == "Gare")
        first, second = (await session.execute(pictures)).all()
    assert first == second


async def test_days_that_are_none_are_said(browser: httpx.AsyncClient, enter: Any) -> None:
    await enter()
    answer = await browser.get(f"{PAGE}.zip?from=demain")
    assert answer.status_code == 422 and "“demain” is no day" in answer.text


async def test_without_a_file_and_in_french_the_page_says_what_to_do(
    world: Any, browser: httpx.AsyncClient, enter: Any, hand_in: Any
) -> None:
    token = await enter()
    assert "Choose a file first." in (await browser.post(PAGE, data={"csrf": token})).text
    browser.headers["accept-language"] = "fr"
    answer = await hand_in(HEAD + "A,B,2026-12-01 08:30,Nulle,,\n")
    assert "Le canal «\u202fNulle\u202f» est inconnu" in answer.text
