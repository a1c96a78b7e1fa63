"""/desk: what failed and why, what nobody knows, what is held or late, what comes next; decided from the phone."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns.models import Channel, Publication, PublicationState, Role
from campaigns.posts import NewPost, add_post
from tests.bot.conftest import labels, plain, written
from tests.bot.team import last

S = PublicationState
HOUR = timedelta(hours=1)


@pytest.fixture
async def camille(person, life, team):
    made = await person("Camille")
    await team.seat(made, Role.approver)
    return made


@pytest.fixture
def astray(database, campaign, telegram, settings, clock):
    """A post whose publication on Telegram stands in a state, with a reason."""

    async def make(title, state, reason=None, **more):
        given = {"publish_at": clock(), "timezone": "UTC", "channels": (telegram,)} | more
        async with database.write() as session:
            new = NewPost(title, f"Le texte de {title}", **given)
            post = await add_post(session, campaign.id, new, media_dir=settings.media_dir, now=clock())
            row = await session.scalar(select(Publication).where(col(Publication.post_id) == post.id))
            row.state, row.reason, row.attempts, row.tried_at = state, reason, 1, clock()
            return row.id

    return make


@pytest.fixture
def state_of(database):
    async def read(publication_id):
        async with database.read() as session:
            return (await session.get_one(Publication, publication_id)).state

    return read


@pytest.mark.parametrize(
    ("language", "command", "waits", "answers", "noted", "nothing"),
    [
        ("fr", "/bureau", "1 chose vous attend :", ["Il y est", "Renvoyer", "L’abandonner"], "C’est noté.", "Rien ne vous attend."),
        ("en", "/desk", "1 thing waits for you:", ["It is there", "Send again", "Drop it"], "Noted.", "Nothing waits for you."),
    ],
)  # fmt: skip
async def test_an_unknown_outcome_is_settled_with_a_tap(
    person, life, team, astray, state_of, language, command, waits, answers, noted, nothing
):
    camille = await person("Camille", language)
    organizer = await team.seat(camille)
    ident = await astray("Train", S.unknown, "the network did not answer within 240 s; look at the channel")
    said = await camille.say(command)
    assert waits in said.text and "❓ Train · Canal Telegram" in said.buttons
    await life.restart()
    await camille.tap("desk:pub:")
    message_id, _ = await camille.find("desk:to:")
    shown = await camille.message(message_id)
    assert "Le texte de Train" in written(shown) and "240 s" in written(shown)
    assert [label for label, behind in labels(shown).items() if behind.startswith("desk:to:")] == answers
    assert (await camille.tap("desk:to:")).toast == noted
    assert nothing in await last(camille)
    assert await state_of(ident) is S.published
    assert ("settled", organizer.id) in await team.audits()


@pytest.mark.parametrize(
    ("state", "to", "sign"),
    [
        (S.unknown, S.queued, "❓"),
        (S.failed, S.queued, "⚠️"),
        (S.failed, S.cancelled, "⚠️"),
        (S.held, S.queued, "⏸"),
        (S.missed, S.cancelled, "🕓"),
    ],
)
async def test_each_state_has_its_next_step(camille, astray, state_of, state, to, sign):
    ident = await astray("Train", state, "refused: bad text")
    said = await camille.say("/desk")
    assert any(label.startswith(sign) for label in said.buttons)
    await camille.tap("desk:pub:")
    await camille.tap(f"desk:to:{ident}:{to}:")
    assert await state_of(ident) is to


async def test_a_second_phone_and_an_older_attempt_change_nothing(camille, astray, state_of, database, person, team):
    ident = await astray("Train", S.failed)
    await camille.say("/desk")
    await camille.tap("desk:pub:")
    at = await camille.find(f"desk:to:{ident}:cancelled:")
    async with database.write() as session:  # tried again from the console, and refused once more
        (await session.get_one(Publication, ident)).attempts = 2
    assert "déjà" in (await camille.tap("", at)).toast
    assert await state_of(ident) is S.failed
    await camille.tap("desk:pub:")
    at = await camille.find(f"desk:to:{ident}:queued:")
    async with database.write() as session:
        (await session.get_one(Publication, ident)).state = S.published
    assert "déjà" in (await camille.tap("", at)).toast
    assert await state_of(ident) is S.published


async def test_what_waits_is_paged_and_what_comes_next_is_listed(camille, astray, database, clock, telegram):
    for number in range(8):
        await astray(f"Raté {number}", S.failed)
    await astray("Demain", S.queued, publish_at=clock() + 26 * HOUR)
    await astray("Tout à l’heure", S.queued, publish_at=clock() + HOUR)
    async with database.write() as session:
        row = await session.get_one(Channel, telegram.id)
        row.resting_reason = "Telegram refuses the bot token; take the one @BotFather shows, for PORTEVOIX_BOT_TOKEN or the channel's own bot"
    said = await camille.say("/desk")
    assert "8 choses vous attendent" in said.text and "« Canal Telegram » est au repos" in said.text
    lines = said.text.splitlines()
    soon, later = (next(i for i, line in enumerate(lines) if name in line) for name in ("Tout à l’heure", "Demain"))
    assert soon < later and "10:00" in lines[soon]  # Paris
    assert "2/2 ▶" in said.buttons and sum(label.startswith("⚠️") for label in said.buttons) == 6
    message_id, _ = await camille.find("desk:page:")
    await camille.tap(said.buttons["2/2 ▶"])
    shown = labels(await camille.message(message_id))
    assert "◀ 1/2" in shown and sum(label.startswith("⚠️") for label in shown) == 2


async def test_a_post_that_waits_for_a_yes_is_approved_from_the_desk(camille, astray, team, database, campaign):
    async with database.write() as session:
        (await session.get_one(type(campaign), campaign.id)).approvals = 1
    await astray("Train", S.queued)
    assert "✋ Train" in (await camille.say("/desk")).buttons
    await camille.tap("desk:post:")
    await camille.tap("yes:approve:")
    assert "✅ Validé" in await last(camille)
    assert [post.state.value for post in await team.posts()] == ["scheduled"]


async def test_other_campaigns_and_people_without_a_role_see_and_settle_nothing(
    camille, astray, state_of, person, rival, team, hand_made, zoe
):
    ident = await astray("Secret", S.failed)
    stranger = await person("Alix")
    await stranger.start()
    await team.seat(stranger, Role.admin, rival)
    assert "Secret" not in (await stranger.say("/desk")).text
    for data in (f"desk:pub:{ident}", f"desk:to:{ident}:queued:1", "desk:page:1:0", "desk:post:1"):
        assert "Vous ne pouvez plus écrire" in (await hand_made(stranger, data)).toast
    assert await state_of(ident) is S.failed
    assert "Je n’ai pas compris" in (await zoe.say("/desk")).text


async def test_a_role_that_is_taken_away_ends_at_the_next_tap(camille, astray, state_of, team):
    organizer = await team.seat(camille)
    ident = await astray("Train", S.failed)
    await camille.say("/desk")
    await camille.tap("desk:pub:")
    await team.revoke(organizer)
    assert "Vous ne pouvez plus écrire" in (await camille.tap(f"desk:to:{ident}:queued:")).toast
    assert await state_of(ident) is S.failed


async def test_what_anybody_may_write_into_a_button_is_no_error(camille, astray, hand_made):
    await camille.start()
    ident = await astray("Train", S.failed)
    for data in ("desk:pub:987654", "desk:to", f"desk:to:{ident}:nonsense:1", f"desk:to:{ident}", "desk:page:1:99"):
        await hand_made(camille, data)
    assert not any("Quelque chose n’a pas marché" in plain(written(m)) for m in await camille.messages())


@pytest.mark.parametrize("command", ["/desk", "/live", "/post"])
async def test_an_organizer_of_two_campaigns_is_asked_for_which(camille, team, rival, command):
    await team.seat(camille, Role.editor, rival)
    said = await camille.say(command)
    assert "Pour quelle campagne" in said.text and list(said.buttons) == ["La Région qui ose", "La Rivale"]
    await camille.tap(said.buttons["La Rivale"])
    assert "La Rivale" in await last(camille)


async def test_the_longest_texts_fit_into_one_message(camille, astray, database, team, telegram, x):
    async with database.write() as session:
        for channel in (telegram, x):
            row = await session.get_one(Channel, channel.id)
            row.resting_reason = "r" * 5000
    ident = await astray("é" * 200, S.failed, "<b>" * 3000)
    assert "est au repos" in (await camille.say("/desk")).text
    await camille.tap("desk:pub:")
    assert f"desk:to:{ident}:queued:1" in labels((await camille.messages())[-1]).values()
