"""A yes from the phone: who is asked, two approvers at once, what was changed meanwhile, and what the author hears."""

import asyncio

import pytest
from sqlmodel import col, select

from campaigns import approval, editing
from campaigns.models import Approval, Post, PostState, Role
from campaigns.posts import NewPost, add_post, cancel_post
from schedules.approvals import Approvals
from tests.bot.conftest import labels, plain, written
from tests.bot.team import last


@pytest.fixture
async def wanted(database, campaign):
    """The campaign wants one other person's yes."""
    async with database.write() as session:
        row = await session.get_one(type(campaign), campaign.id)
        row.approvals = 1


@pytest.fixture
def ask(database, clock, life):
    """The program looks for what it has to tell."""

    async def look():
        work = Approvals(database, clock, life.runner.tell_of_approval)
        await work.tick()
        await work.settled()

    return look


@pytest.fixture
async def people(person, life, team, wanted):
    """An author and two approvers, who have all written to the bot."""
    made = [await person(name) for name in ("Camille", "Nour", "Sacha")]
    roles = (Role.editor, Role.approver, Role.admin)
    seats = []
    for who, role in zip(made, roles, strict=True):
        await who.start()
        seats.append(await team.seat(who, role))
    return made, seats


@pytest.fixture
def submit(database, campaign, telegram, settings, clock, people):
    async def write(text="Le train, c’est maintenant", **more):
        _, (author, *_) = people
        new = NewPost("Train", text, publish_at=clock(), channels=(telegram,), timezone="UTC", **more)
        async with database.write() as session:
            return await add_post(
                session, campaign.id, new, media_dir=settings.media_dir, now=clock(), author_id=author.id
            )

    return write


async def state_of(database, post):
    async with database.read() as session:
        return (await session.get_one(Post, post.id)).state


async def test_approvers_are_asked_once_and_one_yes_schedules_it(people, submit, ask, database, team):
    (camille, nour, sacha), (_, second, _) = people
    post = await submit()
    await ask()
    await ask()
    for who in (nour, sacha):
        asked = [m for m in await who.messages() if "Attend un accord" in written(m)]
        assert len(asked) == 1 and "de Camille" in written(asked[0]) and "c’est maintenant" in written(asked[0])
        assert list(labels(asked[0])) == ["✅ Valider", "↩ Renvoyer à l’auteur"]
    assert not any("Attend un accord" in written(m) for m in await camille.messages())
    at = await nour.find("yes:approve")
    assert (await nour.tap("yes:approve")).toast == "C’est noté."
    assert "✅ Validé : il part." in plain(written(await nour.message(at[0])))
    assert labels(await nour.message(at[0])) == {}
    assert await state_of(database, post) is PostState.scheduled
    assert ("approved", second.id) in await team.audits()
    assert "n’a pas été soumis" in (await sacha.tap("yes:approve")).toast  # too late, and the card says how it stands
    assert "✅ Validé : il part." in await last(sacha)
    await ask()
    assert "« Train » est validé" in await last(camille)


async def test_two_approvers_at_once_give_one_yes_each_sees_the_truth(people, submit, ask, database, sandbox):
    (_, nour, sacha), _ = people
    post = await submit()
    await ask()
    taps = [(who.id, *await who.find("yes:approve")) for who in (nour, sacha)]
    await asyncio.gather(*(sandbox.tap(*tap) for tap in taps))
    await sandbox.updates_taken()
    assert await state_of(database, post) is PostState.scheduled
    async with database.read() as session:
        assert len((await session.scalars(select(Approval).where(col(Approval.post_id) == post.id))).all()) == 1
    for who in (nour, sacha):
        assert "✅ Validé : il part." in await last(who)


async def test_near_a_vote_two_must_and_the_first_sees_that(people, submit, ask, database, campaign):
    (_, nour, sacha), _ = people
    async with database.write() as session:
        (await session.get_one(type(campaign), campaign.id)).approvals = 2
    post = await submit()
    await ask()
    at = await nour.find("yes:approve")
    await nour.tap("yes:approve")
    shown = await nour.message(at[0])
    assert "1 accord(s) sur 2" in written(shown) and "✅ Valider" not in labels(shown)
    assert await state_of(database, post) is PostState.submitted
    await sacha.tap("yes:approve")
    assert await state_of(database, post) is PostState.scheduled


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_a_post_goes_back_with_a_sentence_across_a_restart(
    people, submit, ask, database, life, team, person, language
):
    (camille, *_), _ = people
    english = await person("Olivia", language)
    await english.join()
    await team.seat(english, Role.approver)
    await submit()
    await ask()
    question = {"fr": "Pourquoi renvoyer « Train »", "en": "Why does “Train” go back?"}[language]
    assert question in (await english.tap("yes:send-back")).text
    await life.restart()
    noted = {"fr": "Renvoyé, avec votre phrase", "en": "Sent back, with your sentence"}[language]
    assert noted in (await english.say("Le <chiffre> est faux")).text
    await ask()
    said = await last(camille)
    assert "Olivia a renvoyé votre message « Train » : Le <chiffre> est faux" in said and "/console" in said
    await camille.tap("yes:submit")  # after all
    [post] = await team.posts()
    assert post.state is PostState.submitted
    await ask()
    assert await english.find("yes:approve")


async def test_a_yes_is_to_what_was_read(people, submit, ask, database, settings, clock):
    (_, nour, _), (author, *_) = people
    post = await submit()
    await ask()
    async with database.write() as session:
        row = await session.get_one(Post, post.id)
        before = await editing.as_written(session, row, settings.media_dir)
        new = NewPost(**{**vars_of(before), "text": "Tout autre chose"})
        await editing.change_post(session, row, before, new, author.id, clock(), settings.media_dir)
        await approval.submit(session, row, author.id, clock())
    said = await nour.tap("yes:approve")
    assert "a changé entre-temps" in said.toast
    assert await state_of(database, post) is PostState.submitted
    assert "Tout autre chose" in await last(nour)
    await nour.tap("yes:approve")
    assert await state_of(database, post) is PostState.scheduled


def vars_of(post):
    return {name: getattr(post, name) for name in NewPost.__dataclass_fields__}


async def test_a_role_that_is_gone_approves_nothing_and_other_campaigns_show_nothing(
    people, submit, ask, database, team, hand_made, person, rival
):
    (_, nour, _), (_, second, _) = people
    post = await submit()
    await ask()
    await team.revoke(second)
    assert "Vous ne pouvez plus écrire" in (await nour.tap("yes:approve")).toast
    stranger = await person("Alix")
    await stranger.start()
    await team.seat(stranger, Role.admin, rival)
    assert "Vous ne pouvez plus écrire" in (await hand_made(stranger, f"yes:approve:{post.id}:1")).toast
    assert await state_of(database, post) is PostState.submitted


async def test_the_author_and_an_editor_cannot_say_yes(people, submit, ask, database, hand_made, team, person):
    (camille, *_), _ = people
    post = await submit()
    async with database.read() as session:
        version = await approval.version_of(session, post.id)
    assert "est de vous" in (await hand_made(camille, f"yes:approve:{post.id}:{version}")).toast
    editor = await person("Lou")
    await editor.start()
    await team.seat(editor)
    assert "validation" in (await hand_made(editor, f"yes:approve:{post.id}:{version}")).toast
    assert await state_of(database, post) is PostState.submitted


async def test_a_post_that_was_taken_back_says_so(people, submit, ask, database, campaign, clock):
    (_, nour, _), _ = people
    post = await submit()
    await ask()
    async with database.write() as session:
        await cancel_post(session, campaign.id, post.id, clock())
    await nour.tap("yes:approve")
    assert "🚫 Repris" in await last(nour)


async def test_not_now_leaves_the_post_where_it_is(people, submit, ask, database):
    (_, nour, _), _ = people
    post = await submit()
    await ask()
    await nour.tap("yes:send-back")
    await nour.tap("yes:later")
    assert "Je n’ai pas compris" in (await nour.say("Une phrase")).text
    assert await state_of(database, post) is PostState.submitted


async def test_who_links_an_account_later_is_asked_then(person, life, team, wanted, submit, ask, people):
    (_, nour, _sacha), (_, second, third) = people
    await team.revoke(second)
    await team.revoke(third)
    await submit()
    await ask()
    await team.seat(nour, Role.approver)
    await ask()
    assert await nour.find("yes:approve")


async def test_the_longest_post_is_asked_for_in_one_message(people, submit, ask):
    (_, nour, _), _ = people
    await submit("é" * 3500, versions={"x": "x" * 280, "bluesky": "y" * 300}, link="https://exemple.fr/" + "z" * 500)
    await ask()
    assert await nour.find("yes:approve")
