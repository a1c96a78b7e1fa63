"""/mydata: what is stored, in words that leave nothing out, and a file with every row."""

import json

import pytest

from bot.my_data import COUNTED, TOLD
from campaigns import broadcasts, interests, supporters
from campaigns.installation import add_territory
from campaigns.models import Consent, Handout, HandoutState, Interest, Kind, Participation, Purpose
from campaigns.own_data import tables_of_people
from campaigns.segments import Segment


async def file_of(sandbox, reply):
    document = next(m["document"] for m in reply.messages if "document" in m)
    return document["file_name"], json.loads(await sandbox.file(document["file_id"]))


@pytest.mark.parametrize(
    ("language", "title", "name", "date", "opened", "agreed", "file"),
    [
        (
            "fr",
            "Ce qui est gardé sur vous",
            "Prénom : Zoé",
            "Rejointe le ",
            "Partages que vous nous avez dits : 1",
            "Vous écrire ici : oui le ",
            "mes-donnees.json",
        ),
        (
            "en",
            "What is stored about you",
            "First name: Zoé",
            "Joined on ",
            "Shares you told us of: 1",
            "Write to you here: yes on ",
            "my-data.json",
        ),
    ],
)
async def test_it_says_in_words_what_is_stored_and_sends_the_rows(
    person, life, campaign, sandbox, add, books, language, title, name, date, opened, agreed, file
):
    await add()
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.say("/posts")
    await zoe.tap("kit:card:")
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:1:0:x")
    said = await zoe.say("/mydata")
    for part in (title, name, str(zoe.id), date, campaign.name, opened, agreed, "contact 2026-11"):
        assert part in said.text, part
    assert "/delete" in said.text
    called, whole = await file_of(sandbox, said)
    assert called == file
    assert whole["rows"]["supporter"][0]["telegram_id"] == zoe.id
    assert {row["kind"] for row in whole["rows"]["engagement"]} == {"received", "said_shared"}
    assert whole["names"]["post"] == {"1": "Signez !"}


async def test_it_tells_of_every_campaign_that_one_joined_also_after_a_stop(zoe, rival, sandbox, books):
    await zoe.join("c-la-region-qui-ose")
    await zoe.join("c-rivale")
    await zoe.say("/stop")
    said = await zoe.say("/mydata")
    assert "La Région qui ose" in said.text and "La Rivale" in said.text
    assert said.text.count("Arrêtée le ") == 2 and said.text.count(", repris le ") == 4
    _, whole = await file_of(sandbox, said)
    assert len(whole["rows"]["consent"]) == 4 and len(whole["rows"]["participation"]) == 2


async def test_every_kind_of_thing_is_told_in_words(zoe, small, sandbox, books, clock):
    await zoe.join()
    await zoe.see_badge(small)
    await zoe.tap("badge:file:square")
    await zoe.tap("badge:keep:yes")
    await zoe.tap("badge:wall")
    await zoe.tap("badge:wall:yes")
    async with books.database.write() as session:
        known, place = await books.supporter(zoe), await books.place(zoe)
        canton = await add_territory(session, books.campaign.id, "Vallée <b>")
        (await session.get_one(Participation, place.id)).territory_id = canton.id
        theme = Interest(campaign_id=books.campaign.id, name="Trains & trams")
        session.add(theme)
        await session.flush()
        await interests.choose_interests(session, place, [theme.id])
        sent = await broadcasts.add_broadcast(
            session, Segment(books.campaign.id), "Rendez-vous à la gare", clock(), supporter_id=known.id
        )
        session.add(Handout(broadcast_id=sent.id, supporter_id=known.id, state=HandoutState.sent))
        await supporters.set_consents(session, known, books.campaign.id, set(Purpose), clock())
    said = await zoe.say("/mydata")
    for part in (
        "1 message vous a été envoyé",
        "Un message que vous avez écrit : « Rendez-vous à la gare »",
        "Où en est cette conversation",
        "Territoire : Vallée <b>",
        f"Code de votre invitation : {place.invite_code}",
        "Votre dernier badge : nom « – », cadre « ring »",
        "Centres d’intérêt : Trains & trams",
        "Votre badge est sur le mur des soutiens",
        "Badges faits : 1",
        "Retenir le nom et le cadre de votre badge : oui le ",
        "Montrer votre badge sur le mur des soutiens : oui le ",
        "Vous montrer dans le classement : oui le ",
    ):
        assert part in said.text, part


def test_no_table_and_no_count_is_left_out():
    """A new table that refers to a person has its words in bot/my_data.py, and its name in TOLD."""
    assert {table.name for table in tables_of_people()} == TOLD
    assert {kind for kind, _, _ in COUNTED} == set(Kind)


async def test_a_table_without_words_of_its_own_is_counted_all_the_same(zoe, sandbox, monkeypatch):
    monkeypatch.setattr("bot.my_data.TOLD", TOLD - {"consent"})
    await zoe.join()
    assert "2 autres sous « consent », dans le fichier" in (await zoe.say("/mydata")).text


async def test_a_hundred_changes_of_mind_come_in_several_messages(zoe, sandbox, books, clock):
    await zoe.join()
    known = await books.supporter(zoe)
    async with books.database.write() as session:
        session.add_all(
            Consent(
                supporter_id=known.id,
                campaign_id=books.campaign.id,
                purpose=Purpose.ranking,
                wording="ranking 2026-11",
                language="fr",
                surface="telegram",
                given_at=clock(),
                withdrawn_at=clock(),
            )
            for _ in range(100)
        )
    said = await zoe.say("/mydata")
    assert said.text.count("Vous montrer dans le classement : oui le ") == 100
    assert len(said.messages) >= 4
    assert "Quelque chose" not in said.text


async def test_a_stranger_hears_that_nothing_is_stored_and_leaves_no_trace(zoe, books):
    before = await books.everything()
    said = await zoe.say("/mydata")
    assert "Rien n’est gardé sur vous ici" in said.text and len(said.messages) == 1
    assert await books.everything() == before


async def test_who_pressed_start_and_said_nothing_yet_hears_of_the_dialogue(zoe, sandbox):
    await zoe.start()
    said = await zoe.say("/mydata")
    assert "Où en est cette conversation" in said.text
    _, whole = await file_of(sandbox, said)
    assert set(whole["rows"]) == {"dialogue"}
