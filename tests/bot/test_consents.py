"""/consents: what one agreed to, point by point; each can be given and taken back, and what follows from it."""

import pytest
from sqlmodel import col, select

from campaigns.consents import WORDINGS
from campaigns.handouts import Run, candidates
from campaigns.models import Consent, Purpose, WallBadge
from tests.bot.conftest import labels, written

BOTH = {Purpose.contact, Purpose.counting}


@pytest.mark.parametrize(
    ("language", "title", "names", "yes", "no"),
    [
        (
            "fr",
            "Ce que vous avez accepté",
            ["✉️ Vous écrire ici", "📈 Compter ce que vos partages apportent", "🏅 Vous montrer dans le classement"],
            "Vous écrire ici – oui, depuis le ",
            "Vous montrer dans le classement – non",
        ),
        (
            "en",
            "What you agreed to",
            ["✉️ Write to you here", "📈 Count what your shares bring", "🏅 Show you in the ranking"],
            "Write to you here – yes, since ",
            "Show you in the ranking – no",
        ),
    ],
)
async def test_all_are_shown_with_their_answer(person, life, campaign, clock, language, title, names, yes, no):
    zoe = await person("Zoé", language)
    await zoe.join()
    said = await zoe.say("/consents")
    assert title in said.text and "La Région qui ose" in said.text
    assert list(said.buttons)[:3] == names and len(said.buttons) == len(Purpose)
    assert f"{clock():%Y}" in said.text
    assert yes in said.text and no in said.text
    assert "/stop" in said.text and "/delete" in said.text


@pytest.mark.parametrize("purpose", [Purpose.contact, Purpose.counting, Purpose.ranking, Purpose.remembering])
@pytest.mark.parametrize(("language", "say_yes", "take_back"), [
    ("fr", "✅ Oui", "↩ Reprendre mon oui"),
    ("en", "✅ Yes", "↩ Take my yes back"),
])  # fmt: skip
async def test_each_is_given_and_taken_back_alone(
    person, life, campaign, books, clock, purpose, language, say_yes, take_back
):
    zoe = await person("Zoé", language)
    await zoe.join()
    overview = (await zoe.say("/consents")).messages[-1]["message_id"]
    before = await books.agreed(zoe)
    for after in ({purpose}, set()):
        held = purpose in await books.agreed(zoe)
        await zoe.tap(f"consent:ask:{purpose}:")
        shown = labels(await zoe.message(overview))
        assert (take_back if held else say_yes) in shown and (say_yes if held else take_back) not in shown
        await zoe.tap(f"consent:{'no' if held else 'yes'}:{purpose}:")
        assert await books.agreed(zoe) ^ before == after
    async with books.database.read() as session:
        rows = (await session.scalars(select(Consent).where(col(Consent.purpose) == purpose))).all()
    assert {row.wording for row in rows} == {WORDINGS[purpose]}
    assert {row.language for row in rows} == {language}
    assert sum(row.withdrawn_at is not None for row in rows) == 1


async def test_the_text_that_a_yes_is_given_to_stands_above_it(zoe):
    await zoe.join(counting=False)
    overview = (await zoe.say("/consents")).messages[-1]["message_id"]
    await zoe.tap("consent:ask:counting:")
    text = written(await zoe.message(overview))
    assert "Pouvons-nous compter ce que vos partages apportent ?" in text and "liens ordinaires" in text
    await zoe.tap("consent:all:")
    assert "Ce que vous avez accepté" in written(await zoe.message(overview))


async def test_who_refuses_click_tracking_still_gets_posts_with_plain_links(zoe, add, books, clock):
    post = await add()
    await zoe.join()
    await zoe.say("/posts")
    assert "/s/" in (await zoe.tap("kit:card:")).text
    await zoe.say("/consents")
    await zoe.tap("consent:ask:counting:")
    assert "C’est noté : non" in (await zoe.tap("consent:no:counting:")).toast
    await zoe.say("/posts")
    card = await zoe.tap("kit:card:")
    assert "https://exemple.fr/petition" in card.text and "/s/" not in card.text
    assert not any("exemple.fr/o/" in address for address in card.buttons.values())
    async with books.database.read() as session:  # and the next ones come by themselves
        assert [each.supporter.telegram_id for each in await candidates(session, Run(post), clock(), limit=9)] == [
            zoe.id
        ]
    await zoe.say("/consents")
    await zoe.tap("consent:ask:counting:")
    await zoe.tap("consent:yes:counting:")
    await zoe.say("/posts")
    assert "/s/" in (await zoe.tap("kit:card:")).text


async def test_who_wants_no_messages_is_sent_none_and_may_still_ask_for_them(zoe, add, books, clock):
    post = await add()
    await zoe.join()
    await zoe.say("/consents")
    await zoe.tap("consent:ask:contact:")
    await zoe.tap("consent:no:contact:")
    async with books.database.read() as session:
        assert await candidates(session, Run(post), clock(), limit=9) == []
    assert "Quel message voulez-vous partager" in (await zoe.say("/posts")).text


async def test_a_place_on_the_wall_is_asked_for_under_the_badge_only(zoe, hand_made, books):
    await zoe.join()
    overview = (await zoe.say("/consents")).messages[-1]["message_id"]
    await zoe.tap("consent:ask:wall:")
    shown = await zoe.message(overview)
    assert "/badge" in written(shown) and list(labels(shown)) == ["◀ Retour"]
    await hand_made(zoe, f"consent:yes:wall:{books.campaign.id}")
    assert await books.agreed(zoe) == BOTH


async def test_the_badge_comes_off_the_wall_with_its_consent_and_may_be_put_up_again(zoe, small, books):
    await zoe.join()
    await zoe.see_badge(small)
    await zoe.tap("badge:file:square")
    await zoe.tap("badge:wall")
    await zoe.tap("badge:wall:yes")
    assert Purpose.wall in await books.agreed(zoe)
    await zoe.say("/consents")
    await zoe.tap("consent:ask:wall:")
    await zoe.tap("consent:no:wall:")
    async with books.database.read() as session:
        assert (await session.scalars(select(WallBadge))).all() == []
    assert await books.agreed(zoe) == BOTH


async def test_each_campaign_has_its_own(zoe, rival, books):
    await zoe.join("c-rivale")
    await zoe.join("c-la-region-qui-ose")
    said = await zoe.say("/consents")
    assert "La Région qui ose" in said.text and "↪ La Rivale" in said.buttons
    await zoe.tap(f"consent:all::{rival.id}")
    assert "La Rivale" in written(await zoe.message(said.messages[-1]["message_id"]))
    await zoe.tap("consent:ask:counting:")
    await zoe.tap("consent:no:counting:")
    assert (await books.agreed(zoe), await books.agreed(zoe, rival)) == (BOTH, {Purpose.contact})


@pytest.mark.parametrize(
    "data", ["consent:yes:counting:1", "consent:no:contact:1", "consent:all::1", "consent:ask:wall:1"]
)
async def test_a_stranger_and_who_stopped_change_nothing(zoe, hand_made, books, data):
    await zoe.start()
    assert "Rejoignez d’abord la campagne" in (await hand_made(zoe, data)).toast
    assert await books.supporter(zoe) is None
    await zoe.join()
    await zoe.say("/stop")
    assert "Rejoignez d’abord la campagne" in (await hand_made(zoe, data)).toast
    assert await books.agreed(zoe) == set()
    assert "Rejoignez d’abord la campagne" in (await zoe.say("/consents")).text


@pytest.mark.parametrize(
    "data", ["consent:", "consent:yes", "consent:yes:everything:1", "consent:no::1", "consent:x:y:z:1"]
)
async def test_a_button_made_by_hand_changes_nothing(zoe, hand_made, books, data):
    await zoe.join()
    await hand_made(zoe, data)
    assert await books.agreed(zoe) == BOTH
    assert not any("Quelque chose n’a pas marché" in written(m) for m in await zoe.messages())


async def test_one_yes_tapped_ten_times_is_one_yes(zoe, books, tap_often):
    await zoe.join()
    await zoe.say("/consents")
    await zoe.tap("consent:ask:ranking:")
    await tap_often(zoe, "consent:yes:ranking:", 10)
    async with books.database.read() as session:
        rows = (await session.scalars(select(Consent).where(col(Consent.purpose) == Purpose.ranking))).all()
    assert len(rows) == 1
