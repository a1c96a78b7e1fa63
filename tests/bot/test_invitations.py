"""/invite: one's own link, as a picture that a camera reads; who came by it is counted once, and shown."""

import io
from urllib.parse import quote

import pytest
from PIL import Image

from campaigns import silence_windows
from campaigns.models import Kind
from tests import scanner


async def scanned(sandbox, reply) -> str:
    """What a phone finds in the picture of the message."""
    photo = next(m["photo"] for m in reply.messages if "photo" in m)[-1]
    return scanner.scanned(Image.open(io.BytesIO(await sandbox.file(photo["file_id"]))))


@pytest.mark.parametrize(
    ("language", "yours", "none", "once", "send"),
    [
        ("fr", "Votre invitation", "Personnes que vous avez amenées : 0", "une seule fois", "📤 L’envoyer à quelqu’un"),
        ("en", "Your invitation", "People you brought in: 0", "counts once", "📤 Send it to somebody"),
    ],
)
async def test_it_gives_the_link_in_words_and_as_a_picture(
    person, life, campaign, sandbox, books, language, yours, none, once, send
):
    zoe = await person("Zoé", language)
    await zoe.join()
    said = await zoe.say("/invite")
    link = f"{life.house.settings.telegram_link}/porte_voix_demo_bot?start=r-{(await books.place(zoe)).invite_code}"
    assert yours in said.text and campaign.name in said.text and none in said.text and once in said.text
    assert link in said.text
    assert await scanned(sandbox, said) == link
    assert said.buttons[send].startswith(f"https://t.me/share/url?url={quote(link, safe='')}&text=")


async def test_who_comes_by_the_picture_is_counted_once_and_shown(zoe, person, sandbox, books):
    await zoe.join()
    payload = (await scanned(sandbox, await zoe.say("/invite"))).partition("?start=")[2]
    for name in ("Noé", "Inès"):
        friend = await person(name)
        await friend.join(payload)
        await friend.start(payload)
        await friend.say("/stop")
        await friend.join(payload)
    assert "Personnes que vous avez amenées : 2" in (await zoe.say("/invite")).text
    assert await books.count_of_all(Kind.recruited) == 2


async def test_scanning_ones_own_picture_recruits_nobody(zoe, sandbox, books):
    await zoe.join()
    payload = (await scanned(sandbox, await zoe.say("/invite"))).partition("?start=")[2]
    await zoe.start(payload)
    await zoe.say("/stop")
    await zoe.join(payload)
    assert "Personnes que vous avez amenées : 0" in (await zoe.say("/invite")).text
    assert await books.count_of_all(Kind.recruited) == 0


@pytest.mark.parametrize("code", ["forged", "", "-", "x" * 62, "1", "None"])
async def test_a_forged_invitation_lets_in_and_counts_for_nobody(zoe, person, books, code):
    await zoe.join()
    noe = await person("Noé")
    await noe.join(f"r-{code}")
    assert await books.place(noe) is not None
    assert await books.count_of_all(Kind.recruited) == 0


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("fr", "Vous avez choisi de ne pas être compté·e"), ("en", "You chose not to be counted")],
)
async def test_who_is_not_counted_may_invite_and_nobody_counts_it(
    person, life, campaign, sandbox, books, language, sentence
):
    zoe = await person("Zoé", language)
    await zoe.join(counting=False)
    said = await zoe.say("/invite")
    assert sentence in said.text and "/consents" in said.text
    noe = await person("Noé")
    await noe.join((await scanned(sandbox, said)).partition("?start=")[2])
    assert await books.count_of_all(Kind.recruited) == 0


async def test_near_a_vote_nobody_is_invited(zoe, books, clock):
    await zoe.join()
    async with books.database.write() as session:
        await silence_windows.add_polling_day(session, books.campaign, clock().date(), clock())
    said = await zoe.say("/invite")
    assert "la loi impose le silence" in said.text and not any("photo" in m for m in said.messages)


async def test_a_stranger_is_asked_to_join_first_and_leaves_no_trace(zoe, books):
    before = await books.everything()
    assert "Rejoignez d’abord la campagne" in (await zoe.say("/invite")).text
    assert await books.everything() == before
