"""The composer: pictures, versions, previews, autosave, two people at one post. What is typed is never lost."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import httpx
import pytest

from campaigns import approval, editing, installation, posts, share_kits
from campaigns.models import Campaign, Post, Role
from tests.web.conftest import PASSWORD
from tests.web.test_writing import filled

Enter = Callable[..., Any]
Pictures = Callable[..., bytes]
BASE = "/console/c/orne/posts"


async def newest(world: Any) -> Post:
    async with world.database.read() as session:
        return (await posts.posts_of(session, world.orne.id))[0]


async def uploaded(browser: httpx.AsyncClient, token: str, data: bytes, name: str = "halle.png") -> str:
    answer = await browser.post(f"{BASE}/pictures", data={"csrf": token}, files={"image": (name, data)})
    return re.findall(r'name="picture" value="([^"]+)"', answer.json()["html"])[0]


async def test_pictures_are_kept_at_once_and_go_out_with_their_words_in_their_order(
    world: Any, browser: httpx.AsyncClient, enter: Enter, picture_of: Pictures
) -> None:
    token = await enter()
    files = [await uploaded(browser, token, picture_of(width, 40)) for width in (40, 50)]
    shown = await browser.get(f"{BASE}/pictures/{files[0]}")
    assert shown.status_code == 200 and shown.content == picture_of(40, 40)
    fields = {
        "picture": [files[1], files[0]],
        "picture_name": ["b.png", "a.png"],
        "picture_alt": ["Deux", "Un"],
        "picture_credit": ["", "Jo Petit"],
        "picture_x": ["50", "10"],
        "picture_y": ["50", "999"],
    }
    assert (await browser.post(f"{BASE}/new", data=filled(token, world) | fields)).status_code == 303
    post = await newest(world)
    async with world.database.read() as session:
        kept = await posts.pictures_of(session, post.id)
    assert [(m.alt, m.credit, m.focus_x, m.focus_y) for m in kept] == [
        ("Deux", "", 50, 50),
        ("Un", "Jo Petit", 10, 100),
    ]


async def test_a_change_adds_and_removes_pictures_and_reorders_wordings(
    world: Any, browser: httpx.AsyncClient, enter: Enter, picture_of: Pictures
) -> None:
    token = await enter()
    first, second = [await uploaded(browser, token, picture_of(width, 40)) for width in (40, 50)]
    one = {"picture": [first, second], "picture_alt": ["Un", "Deux"], "wording.1": "A", "wording.2": "B"}
    await browser.post(f"{BASE}/new", data=filled(token, world) | one)
    post = await newest(world)
    page = (await browser.get(f"{BASE}/{post.id}/edit")).text
    assert first in page and second in page and "Deux</textarea>" in page
    changes = one | {"picture_drop": [first], "wording.1": "B", "wording.2": "A", "version": "1"}
    assert (await browser.post(f"{BASE}/{post.id}/edit", data=filled(token, world) | changes)).status_code == 303
    async with world.database.read() as session:
        assert [m.file for m in await posts.pictures_of(session, post.id)] == [second]
        assert await share_kits.wordings_of(session, await session.get_one(Post, post.id)) == [
            "Jeudi à la halle",
            "B",
            "A",
        ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\0" * 60_000_000, "Picture a.png has 60.0 MB; at most 20 MB"),
        (b"\0" * 66_000_000, "This is too large: at most 20 MB a picture."),
        (b"MZ program", "Picture a.png is not a JPEG, PNG, WebP or GIF"),  # by content, whatever its name says
    ],
)
async def test_what_cannot_be_a_picture_is_refused_with_a_sentence(
    world: Any, browser: httpx.AsyncClient, enter: Enter, data: bytes, sentence: str
) -> None:
    token = await enter()
    answer = await browser.post(f"{BASE}/pictures", data={"csrf": token}, files={"image": ("a.png", data)})
    assert answer.json() == {"html": "", "problems": [sentence]}


async def test_another_campaigns_picture_is_not_shown_and_not_taken(
    world: Any, browser: httpx.AsyncClient, enter: Enter, picture_of: Pictures, tmp_path: Any
) -> None:
    token = await enter()
    file = await uploaded(browser, token, picture_of())
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.caux.id, "rival@example.org", "Rival", PASSWORD, Role.editor, world.clock.now
        )
    rival = await enter("rival@example.org")
    assert (await browser.get(f"/console/c/caux/posts/pictures/{file}")).status_code == 404
    stolen = filled(rival, world, channels=[]) | {"picture": [file]}
    answer = await browser.post("/console/c/caux/posts/new", data=stolen)
    assert answer.status_code == 422 and "A picture is gone: choose it once more." in answer.text


async def test_each_networks_preview_is_the_servers_own(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    token = await enter()
    thread = "a" * 200 + "\n---\n" + "b" * 200
    data = {
        "csrf": token,
        "text": thread,
        "link": "https://example.org/x",
        "channels": [str(c.id) for c in world.channels],
    }
    found = (await browser.post(f"{BASE}/check", data=data)).json()
    assert found["previews"]["x"].count("preview-part") == 2 and "1/2" in found["previews"]["x"]
    assert found["previews"]["telegram"].count("preview-part") == 1
    assert "example.org" in found["previews"]["telegram"]
    assert found["counts"]["x"]["over"] is False


async def test_what_word_hides_in_a_text_does_not_go_out(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    token = await enter()
    await browser.post(
        f"{BASE}/new", data=filled(token, world, text="“Ré\u00adgion”\u200b<o:p></o:p>\r\nVenez\u00a0tous")
    )
    assert (await newest(world)).text == "“Région”\nVenez tous"


async def test_what_is_typed_is_kept_and_given_back_until_it_is_stored(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    token = await enter()
    typed = filled(token, world, title="À moitié", text="Jeudi")
    kept = (await browser.post(f"{BASE}/sketch", data=typed)).json()
    assert kept["saved"].startswith("Draft kept at ")
    token = await enter()  # the session ended in between
    page = unescape((await browser.get(f"{BASE}/new")).text)
    assert "You did not finish “À moitié”" in page
    page = (await browser.get(f"{BASE}/new?sketch={kept['sketch']}")).text
    assert "Jeudi</textarea>" in page and 'value="À moitié"' in page
    await browser.post(f"{BASE}/new", data=typed | {"csrf": token, "sketch": str(kept["sketch"])})
    assert "You did not finish" not in (await browser.get(f"{BASE}/new")).text


async def test_a_sketch_is_thrown_away_on_demand(world: Any, browser: httpx.AsyncClient, enter: Enter) -> None:
    token = await enter()
    kept = (await browser.post(f"{BASE}/sketch", data={"csrf": token, "title": "Un"})).json()["sketch"]
    assert (await browser.post(f"{BASE}/sketches/{kept}/discard", data={"csrf": token})).status_code == 303
    assert "You did not finish" not in (await browser.get(f"{BASE}/new")).text


async def test_two_who_change_one_post_see_each_other_and_both_texts(
    world: Any, browser: httpx.AsyncClient, enter: Enter, visit: Callable[..., httpx.AsyncClient]
) -> None:
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "nadia@example.org", "Nadia", PASSWORD, Role.editor, world.clock.now
        )
    token = await enter()
    await browser.post(f"{BASE}/new", data=filled(token, world))
    path = f"{BASE}/{(await newest(world)).id}/edit"
    async with visit() as nadia:
        hers = await enter("nadia@example.org", nadia)
        await nadia.post(f"{BASE}/sketch", data={"csrf": hers, "post": path.split("/")[-2], "ping": "1"})
        assert "Nadia has this post open too." in (await browser.get(path)).text
        changed = await nadia.post(path, data=filled(hers, world, text="De Nadia", version="1"))
        assert changed.status_code == 303
    answer = await browser.post(path, data=filled(token, world, text="De moi", version="1"))
    assert answer.status_code == 409
    page = unescape(answer.text)
    assert "Nadia changed this post on" in page and "De Nadia</p>" in page and "De moi</textarea>" in page
    assert (await newest(world)).text == "De Nadia"
    version = re.findall(r'name="version" value="(\d+)"', page)[0]
    assert (await browser.post(path, data=filled(token, world, text="De moi", version=version))).status_code == 303
    assert (await newest(world)).text == "De moi"


async def test_the_bots_and_the_programs_changes_raise_the_version_too(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    token = await enter()
    async with world.database.write() as session:
        row = await session.get_one(Post, world.post.id)
        await approval.edit(session, row, None, world.clock.now, text="Du robot")
        assert (await editing.last_change(session, row)) is not None
    answer = await browser.post(f"{BASE}/{world.post.id}/edit", data=filled(token, world, version="1"))
    assert answer.status_code == 409 and "The program changed this post" in unescape(answer.text)


async def test_a_description_is_asked_for_where_the_campaign_says_so(
    world: Any, browser: httpx.AsyncClient, enter: Enter, picture_of: Pictures
) -> None:
    async with world.database.write() as session:
        (await session.get_one(Campaign, world.orne.id)).alt_required = True
    token = await enter()
    file = await uploaded(browser, token, picture_of())
    data = filled(token, world) | {"picture": [file], "picture_name": ["halle.png"], "picture_alt": [""]}
    answer = await browser.post(f"{BASE}/new", data=data)
    assert answer.status_code == 422 and "has no description, which this campaign asks for" in answer.text


async def test_the_share_kits_recipients_are_counted_and_kept(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    token = await enter()
    count = (await browser.post(f"{BASE}/check", data=filled(token, world))).json()["reached"]
    assert count == "1 person gets it in the bot."
    nobody = filled(token, world, kit_language="en")
    assert (await browser.post(f"{BASE}/check", data=nobody)).json()["reached"] == "0 people get it in the bot."
    await browser.post(f"{BASE}/new", data=nobody)
    assert (await newest(world)).kit_language == "en"
    answer = await browser.post(f"{BASE}/new", data=filled(token, world, territory="999"))
    assert answer.status_code == 422 and "Is not there any more: choose another one" in answer.text


async def test_a_post_to_boost_needs_the_address_of_a_post(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    token = await enter()
    answer = await browser.post(f"{BASE}/new", data=filled(token, world, link_is="boost"))
    assert answer.status_code == 422 and "Write the whole address of a post on X, Mastodon or Bluesky." in answer.text
    boosted = filled(token, world, link_is="boost", link="https://x.com/orne/status/123456")
    assert (await browser.post(f"{BASE}/new", data=boosted)).status_code == 303


async def test_the_calendar_opens_the_form_at_its_day_and_hour(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    await enter()
    page = (await browser.get(f"{BASE}/new?date=2026-12-24&time=18:45")).text
    assert 'value="2026-12-24"' in page and 'value="18:45"' in page
    page = (await browser.get(f"{BASE}/new?date=%22x&time=9")).text
    assert 'value="2026-11-24"' in page and 'value="14:00"' in page


async def test_an_hour_that_comes_twice_and_a_text_that_was_said_are_told(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    token = await enter()
    data = filled(token, world, date="2027-10-31", time="02:30", text="Une ligne <b>fermée</b> & trois villages!")
    outlook = unescape((await browser.post(f"{BASE}/check", data=data)).json()["outlook"])
    assert "02:30 comes twice that night, as clocks go back: the first one is meant." in outlook
    assert "Nearly the same as “Signez la pétition”" in outlook


async def test_a_post_can_go_out_at_once_whatever_stands_in_the_other_fields(
    world: Any, browser: httpx.AsyncClient, enter: Enter
) -> None:
    token = await enter()
    answer = await browser.post(f"{BASE}/new", data=filled(token, world, when="now", date="2020-02-30", time=""))
    assert answer.status_code == 303
    number = int(answer.headers["location"].rpartition("-")[2])
    async with world.database.read() as session:
        post = await session.get_one(Post, number)
        waiting = (await posts.publications_of(session, [number]))[number]
    assert post.publish_at == world.clock() and waiting[0][0].due_at == world.clock()
