"""Several campaigns in one bot: deep links, choice, invitations; rivals see nothing of each other."""

import pytest
from sqlmodel import select

from campaigns.models import Consent, Kind, Purpose

BOTH = {Purpose.contact, Purpose.counting}
OURS, THEIRS = "La Région qui ose", "La Rivale"


@pytest.mark.parametrize(
    ("language", "question"),
    [("fr", "Quelle campagne voulez-vous soutenir ?"), ("en", "Which campaign do you want to support?")],
)
async def test_who_comes_without_a_link_chooses(person, life, campaign, rival, books, language, question):
    zoe = await person("Zoé", language)
    asked = await zoe.start()
    assert question in asked.text
    assert list(asked.buttons) == [OURS, THEIRS]
    assert THEIRS in (await zoe.tap(f"join:campaign:{rival.id}")).text
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:yes")
    assert await books.agreed(zoe, rival) == BOTH
    assert await books.agreed(zoe) == set()


async def test_who_did_not_join_may_choose_again(zoe, rival):
    await zoe.start()
    await zoe.tap("join:campaign:")
    assert list((await zoe.start()).buttons) == [OURS, THEIRS]


async def test_a_campaigns_own_link_leads_straight_to_it(zoe, rival):
    asked = await zoe.start("c-rivale")
    assert THEIRS in asked.text and OURS not in asked.text


async def test_a_territorys_link_puts_one_there_without_asking(zoe, rival, territories, books):
    vallee, _ = await territories("Vallée", "Littoral")
    welcomed = await zoe.join(f"t-{vallee.id}")
    assert "Bienvenue, Zoé" in welcomed.text
    assert (await books.place(zoe)).territory_id == vallee.id


async def test_a_territorys_link_moves_who_takes_part_already(zoe, territories, books):
    vallee, littoral = await territories("Vallée", "Littoral")
    await zoe.join(f"t-{vallee.id}")
    assert "Heureux de vous revoir, Zoé" in (await zoe.start(f"t-{littoral.id}")).text
    assert (await books.place(zoe)).territory_id == littoral.id


@pytest.mark.parametrize("second", ["c-rivale", "r-CODE"])
async def test_the_territory_of_an_earlier_link_does_not_follow_into_another_campaign(
    zoe, person, rival, territories, books, second
):
    (vallee,) = await territories("Vallée")
    noe = await person("Noé")
    await noe.join("c-rivale")
    code = (await books.place(noe, rival)).invite_code
    await zoe.start(f"t-{vallee.id}")
    await zoe.join(second.replace("CODE", code))
    assert (await books.place(zoe, rival)).territory_id is None


async def test_the_territory_of_a_link_does_not_follow_a_tap_on_the_other_campaign(zoe, rival, territories, books):
    (vallee,) = await territories("Vallée")
    await zoe.start()
    other = await zoe.find(f"join:campaign:{rival.id}")
    await zoe.start(f"t-{vallee.id}")
    await zoe.tap("", other)
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:yes")
    assert (await books.place(zoe, rival)).territory_id is None


async def test_an_invitation_is_counted_once_for_who_invited(zoe, person, books):
    await zoe.join()
    code = (await books.place(zoe)).invite_code
    noe = await person("Noé")
    await noe.join(f"r-{code}")
    await noe.say("/stop")
    await noe.join(f"r-{code}")
    assert await books.count(zoe, Kind.recruited) == 1
    assert "Personnes que vous avez amenées : 1" in (await zoe.say("/me")).text


async def test_the_link_that_me_shows_leads_a_friend_in(zoe, person, books):
    await zoe.join()
    link = (await zoe.say("/me")).text.split()[-1]
    noe = await person("Noé")
    await noe.join(link.partition("?start=")[2])
    assert await books.count(zoe, Kind.recruited) == 1


@pytest.mark.parametrize("again", [False, True], ids=["while in", "after /stop"])
async def test_nobody_recruits_themselves(zoe, books, again):
    await zoe.join()
    code = (await books.place(zoe)).invite_code
    if again:
        await zoe.say("/stop")
    await zoe.start(f"r-{code}")
    if again:
        await zoe.tap("join:contact:yes")
        await zoe.tap("join:counting:yes")
    assert await books.count_of_all(Kind.recruited) == 0


async def test_an_invitation_to_one_campaign_counts_nothing_in_the_other(zoe, person, rival, books):
    await zoe.join("c-la-region-qui-ose")
    noe = await person("Noé")
    await noe.start(f"r-{(await books.place(zoe)).invite_code}")
    await noe.join("c-rivale")
    assert await books.count_of_all(Kind.recruited) == 0


@pytest.mark.parametrize(
    "payload",
    [
        "c-nulle-part",  # unknown campaign
        "c-",
        "r-AAAAAAAAAAAA",  # forged invitation
        "t-999999999999",  # more than a row's number can be
        "t-99999",
        "t-²",  # a digit to Python, and no number
        "t--1",
        "Zk3_" * 16,  # 64 random characters
        "é à ü 選挙 🗳",  # not ASCII, as only typing it can make
        "<b>&",
        "' OR 1=1 --",
    ],
)
async def test_a_link_that_leads_nowhere_leads_to_the_campaign_all_the_same(zoe, books, payload):
    said = await zoe.start(payload)
    assert "Ce lien n’est plus connu" in said.text
    assert OURS in said.text
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:yes")
    assert await books.agreed(zoe) == BOTH


@pytest.mark.parametrize("payload", ["c-nulle-part", "r-forged", "t-999", "Zk3_" * 16])
@pytest.mark.parametrize(
    ("language", "dead", "again"),
    [
        ("fr", "Ce lien n’est plus connu", "Heureux de vous revoir"),
        ("en", "This link is no longer known", "Good to see you again"),
    ],
)
async def test_who_takes_part_and_follows_a_dead_link_is_told_so_and_welcomed(
    person, life, campaign, books, language, dead, again, payload
):
    zoe = await person("Zoé", language)
    await zoe.join()
    said = await zoe.start(payload)
    assert dead in said.text and again in said.text
    assert await books.agreed(zoe) == BOTH and await books.count_of_all(Kind.recruited) == 0


async def test_a_known_supporter_who_follows_a_rivals_link_is_asked_anew(zoe, rival, books):
    await zoe.join("c-la-region-qui-ose")
    asked = await zoe.start("c-rivale")
    assert THEIRS in asked.text and "La campagne peut-elle vous écrire ici ?" in asked.text
    assert await books.agreed(zoe, rival) == set()
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:no")
    assert await books.agreed(zoe, rival) == {Purpose.contact}
    assert await books.agreed(zoe) == BOTH


async def test_a_known_supporter_may_go_on_in_another_language(zoe, rival, books):
    await zoe.join("c-la-region-qui-ose")
    await zoe.start("c-rivale")
    assert "May the campaign write to you here?" in (await zoe.tap("join:language:en")).text
    assert "May we count what your shares bring?" in (await zoe.tap("join:contact:yes")).text
    assert (await books.supporter(zoe)).language == "en"


async def test_a_yes_speaks_for_the_campaign_that_asked(zoe, rival, books):
    """Two questions stand in the chat: the older one is answered."""
    await zoe.start("c-la-region-qui-ose")
    ours = await zoe.find("join:contact:yes")
    await zoe.start("c-rivale")
    await zoe.tap("", ours)
    await zoe.tap("join:counting:yes")
    assert await books.agreed(zoe) == BOTH
    assert await books.agreed(zoe, rival) == set()


async def test_a_supporter_who_refuses_a_rival_stays_where_they_are(zoe, rival, add, books):
    await add("Notre pétition")
    await add("La leur", campaign_id=rival.id)
    await zoe.join("c-la-region-qui-ose")
    await zoe.start("c-rivale")
    assert "La Rivale" in (await zoe.tap("join:contact:no")).text
    assert await books.agreed(zoe) == BOTH
    assert await books.place(zoe, rival) is None
    assert list((await zoe.say("/posts")).buttons) == ["Notre pétition"]


@pytest.mark.parametrize("command", ["/posts", "/me"])
async def test_looking_at_a_rivals_question_opens_nothing_of_it(zoe, rival, add, command):
    await add("La leur", campaign_id=rival.id)
    await zoe.join("c-la-region-qui-ose")
    await zoe.start("c-rivale")
    said = await zoe.say(command)
    assert "Rejoignez d’abord la campagne : /start" in said.text
    assert said.buttons == {}


async def test_a_button_of_me_counts_for_nobody_who_did_not_join(zoe, rival, hand_made, books):
    await zoe.join("c-la-region-qui-ose", counting=False)
    await hand_made(zoe, f"me:count:{rival.id}")
    assert await books.agreed(zoe, rival) == set()
    assert await books.agreed(zoe) == {Purpose.contact}


async def test_a_card_stays_good_when_she_has_joined_another_campaign_since(zoe, rival, add, books):
    await add()
    await zoe.join("c-la-region-qui-ose")
    await zoe.say("/posts")
    await zoe.tap("kit:card:")
    await zoe.join("c-rivale")
    await zoe.tap("kit:shared:")
    assert "C’est noté pour X" in (await zoe.tap("kit:on:1:0:x")).toast
    assert await books.count(zoe, Kind.said_shared) == 1


async def test_a_card_of_a_campaign_that_one_did_not_join_says_nothing(zoe, rival, add, hand_made, books):
    theirs = await add("La leur", "Leur secret", campaign_id=rival.id)
    await zoe.join("c-la-region-qui-ose")
    for action in ("card", "wording", "copy", "shared", "back"):
        said = await hand_made(zoe, f"kit:{action}:{theirs.id}:0")
        assert "Ce message ne peut plus être partagé" in said.toast
        assert "secret" not in said.text
    await hand_made(zoe, f"kit:on:{theirs.id}:0:x")
    assert await books.count_of_all(Kind.said_shared) == 0


async def test_consents_are_written_a_campaign_each(zoe, rival, books):
    await zoe.join("c-la-region-qui-ose")
    await zoe.join("c-rivale")
    async with books.database.read() as session:
        rows = (await session.scalars(select(Consent))).all()
    assert {(c.campaign_id, c.purpose) for c in rows} == {(i, p) for i in (books.campaign.id, rival.id) for p in BOTH}
