"""Themes under /rhythm: offered where the campaign has some, chosen and taken back by a tap, each campaign by itself."""

import pytest

from campaigns import interests
from tests.bot.conftest import labels, written


@pytest.fixture
def offer(database, campaign):
    async def add(*names, campaign_id=campaign.id):
        async with database.write() as session:
            return [await interests.add_interest(session, campaign_id, name) for name in names]

    return add


@pytest.mark.parametrize(
    ("language", "mine", "title", "back"),
    [("fr", "⭐ Mes thèmes", "Vos thèmes", "◀ Retour"), ("en", "⭐ My themes", "Your themes", "◀ Back")],
)
async def test_a_theme_is_chosen_and_taken_back(
    person, life, campaign, database, books, offer, language, mine, title, back
):
    zoe = await person("Zoé", language)
    await zoe.join()
    assert mine not in (await zoe.say("/rhythm")).buttons
    rail, _ = await offer("Le rail", "Les vélos & co")
    said = await zoe.say("/rhythm")
    assert mine in said.buttons
    message = said.messages[-1]["message_id"]
    await zoe.tap("rhythm:themes:")
    assert title in written(await zoe.message(message))
    assert list(labels(await zoe.message(message))) == ["Le rail", "Les vélos & co", back]
    await life.restart()
    for chosen in ({rail.id}, set()):
        await zoe.tap(f"rhythm:theme:{rail.id}:")
        async with database.read() as session:
            assert await interests.chosen_by(session, await books.place(zoe)) == chosen
        assert ("✅ Le rail" in labels(await zoe.message(message))) is bool(chosen)
    await zoe.tap("rhythm:all:")
    assert mine in labels(await zoe.message(message))


async def test_a_theme_of_another_campaign_or_of_ones_own_making_is_none(zoe, rival, offer, hand_made, database, books):
    await offer("Le rail")
    (other,) = await offer("Leur thème", campaign_id=rival.id)
    await zoe.join(f"c-{books.campaign.slug}")
    for number in (other.id, 99, "x"):
        await hand_made(zoe, f"rhythm:theme:{number}:{books.campaign.id}")
    async with database.read() as session:
        assert await interests.chosen_by(session, await books.place(zoe)) == set()
    reply = await hand_made(zoe, f"rhythm:theme:{other.id}:{rival.id}")
    assert "Rejoignez d’abord" in reply.toast
