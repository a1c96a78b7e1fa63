"""Becoming a referent by a link, and the question whether the section's referents may contact somebody."""

import pytest
from sqlmodel import select

from campaigns import leaders
from campaigns.consents import WORDINGS
from campaigns.models import Consent, Purpose, TerritoryLeader
from tests.bot.conftest import labels


@pytest.fixture
async def valley(territories):
    return (await territories("Vallée <b>", "Littoral"))[0]


@pytest.fixture
def held(database):
    async def seats():
        async with database.read() as session:
            return [row.supporter_id for row in await session.scalars(select(TerritoryLeader))]

    return seats


@pytest.mark.parametrize(
    ("language", "asked", "limit", "alone", "yes", "thanks"),
    [
        (
            "fr",
            "Voulez-vous être l’un·e des deux référent·e·s de Vallée <b> ?",
            "1 message par jour pour vous deux ensemble",
            "n’est que pour vous",
            "✅ Oui, j’accepte",
            "Merci ! Vous êtes référent·e de Vallée <b>",
        ),
        (
            "en",
            "Will you be one of the two referents of Vallée <b>?",
            "1 message a day of both referents together",
            "is for you alone",
            "✅ Yes, I take it on",
            "Thank you! You are a referent of Vallée <b>",
        ),
    ],
)
async def test_a_stranger_joins_reads_what_it_means_and_takes_the_place(
    person, life, campaign, books, valley, invite, held, language, asked, limit, alone, yes, thanks
):
    """The talk goes on across a restart, and their territory is the one of the link."""
    zoe = await person("Zoé", language)
    await zoe.start(await invite(valley))
    await life.restart()
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:yes")
    welcome = await zoe.tap("join:ranking:no")
    assert asked in welcome.text and limit in welcome.text and alone in welcome.text
    assert next(iter(welcome.buttons)) == yes
    assert (await books.place(zoe)).territory_id == valley.id
    assert await held() == [None]
    await life.restart()
    said = await zoe.tap("leader:yes:")
    assert thanks in said.text and "/team" in said.text
    assert await held() == [(await books.supporter(zoe)).id]


async def test_who_takes_part_is_asked_at_once_and_may_refuse(zoe, valley, invite, held, books):
    await zoe.join()
    await zoe.tap("join:territory:none")
    link = await invite(valley)
    assert "référent·e·s de Vallée" in (await zoe.start(link)).text
    assert "Le lien reste bon" in (await zoe.tap("leader:no")).text
    assert await held() == [None]
    await zoe.start(link)
    await zoe.tap("leader:yes:")
    assert await held() == [(await books.supporter(zoe)).id]


async def test_a_link_works_once_also_for_two_who_read_it(zoe, person, valley, invite, held, books):
    leo, link = await person("Léo"), await invite(valley)
    for who in (zoe, leo):
        await who.join(link)
    await zoe.tap("leader:yes:")
    assert "Ce code a déjà servi" in (await leo.tap("leader:yes:")).toast
    assert "Ce code a déjà servi" in (await leo.start(link)).text
    assert "Ce code a déjà servi" in (await leo.start("l-nonsense")).text
    assert await held() == [(await books.supporter(zoe)).id]


async def test_a_second_place_is_for_somebody_else(zoe, valley, invite, held):
    await zoe.join(await invite(valley))
    await zoe.tap("leader:yes:")
    await zoe.start(await invite(valley))
    assert "Vous êtes déjà référent·e de Vallée" in (await zoe.tap("leader:yes:")).toast
    assert len(await held()) == 2 and None in await held()


async def test_a_code_of_ones_own_making_and_a_strangers_yes_change_nothing(
    zoe, person, hand_made, valley, invite, held, books
):
    link = await invite(valley)
    await zoe.start()
    assert "Rejoignez d’abord" in (await hand_made(zoe, f"leader:yes:{link.removeprefix('l-')}")).toast
    assert await books.supporter(zoe) is None
    await zoe.join()
    for data in ("leader:yes:", "leader:yes:None", "leader", "leader:contact:yes:99", "leader:contact"):
        await hand_made(zoe, data)
    assert await held() == [None]


async def test_a_stranger_who_says_no_to_joining_leaves_no_trace(zoe, valley, invite, books):
    before = await books.everything()
    link = await invite(valley)
    after = await books.everything()
    await zoe.start(link)
    await zoe.tap("join:contact:no")
    assert await books.everything() == after != before


async def test_another_link_forgets_the_place_that_was_offered(zoe, valley, invite, books):
    await zoe.start(await invite(valley))
    await zoe.start(f"c-{books.campaign.slug}")
    await zoe.join("c-" + books.campaign.slug)
    assert "référent" not in (await zoe.tap("join:territory:none")).text


@pytest.mark.parametrize(
    ("language", "asked", "yes", "noted"),
    [
        ("fr", "Voulez-vous que les référent·e·s de votre section puissent vous contacter ?", "📇 Oui, volontiers", "C’est noté : oui."),
        ("en", "May the referents of your section contact you?", "📇 Yes, they may", "Noted: yes."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("agreed", [True, False])
async def test_who_joins_where_there_is_a_referent_is_asked_once_they_said_where(
    person, life, campaign, books, valley, lead, database, language, asked, yes, noted, agreed
):
    await lead("Léo", valley)
    zoe = await person("Zoé", language)
    await zoe.join(f"t-{valley.id}")
    messages = await zoe.messages()
    assert asked in messages[-1]["text"].replace("\u202f", " ")
    assert next(iter(labels(messages[-1]))) == yes
    assert "menu:posts" in labels(messages[-2]).values()  # the welcome stands above it
    await life.restart()
    said = await zoe.tap(f"leader:contact:{'yes' if agreed else 'no'}:")
    assert (noted in said.text) is agreed and "/consents" in said.text
    assert (Purpose.team in await books.agreed(zoe)) is agreed
    if agreed:
        async with database.read() as session:
            consent = await session.scalar(select(Consent).where(Consent.purpose == Purpose.team))
            assert (consent.wording, consent.language) == (WORDINGS[Purpose.team], language)
            there = await leaders.asked_to_be_contacted(session, valley)
        assert [each.telegram_id for each in there] == [zoe.id]


async def test_where_nobody_leads_and_who_leads_is_not_asked(zoe, person, valley, invite, lead):
    await invite(valley)  # a place that nobody took
    assert "contacter" not in (await zoe.join(f"t-{valley.id}")).text
    await zoe.start(await invite(valley))
    await zoe.tap("leader:yes:")
    assert "contacter" not in (await zoe.start(f"t-{valley.id}")).text


async def test_the_consent_is_found_in_consents_where_nobody_leads_yet(zoe, books):
    await zoe.join()
    await zoe.say("/consents")
    await zoe.tap("consent:ask:team:")
    await zoe.tap("consent:yes:team:")
    assert Purpose.team in await books.agreed(zoe)
    await zoe.say("/stop")
    assert await books.agreed(zoe) == set()
