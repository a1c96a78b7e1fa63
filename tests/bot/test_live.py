"""/live: each message is a post ten seconds later; undo and edits before that; what the rules refuse, and when it ends."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from campaigns.approval_notices import untold
from campaigns.installation import add_channel
from campaigns.models import Campaign, PostState, PostVersion, Publication, PublicationState, Role
from campaigns.publications import Begin, write_steps
from campaigns.silence_windows import add_polling_day, add_window
from tests.bot.conftest import labels, plain, written
from tests.bot.lives import by_both_ways
from tests.bot.team import last

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def camille(person, life, team, telegram, x):
    made = await person("Camille")
    await team.seat(made)
    return made


@pytest.fixture
def go(camille):
    async def begin(who=camille):
        await who.say("/live")
        return await who.tap("live:go")

    return begin


async def alter(database, row, **values):
    async with database.write() as session:
        found = await session.get_one(type(row), row.id)
        for name, value in values.items():
            setattr(found, name, value)


async def claim(database, clock, channel):
    """As the engine does when the moment has come on one channel."""
    async with database.write() as session:
        rows = (await session.scalars(select(Publication).where(Publication.channel_id == channel.id))).all()
        await write_steps(session, [Begin(row.id, clock()) for row in rows])


@pytest.mark.parametrize(
    ("language", "intro", "live", "soon", "undone", "over"),
    [
        ("fr", "Dès que vous commencez", "🔴 Vous êtes en direct · Canal Telegram, Compte X", "⏳ Part dans 10 s sur Canal Telegram, Compte X.",
         "↩ Repris : il ne part nulle part.", "⏹ Votre direct est terminé : 1 message."),
        ("en", "Once you begin", "🔴 You are live · Canal Telegram, Compte X", "⏳ Goes out in 10 s on Canal Telegram, Compte X.",
         "↩ Taken back: it goes out nowhere.", "⏹ Your live session is over: 1 post."),
    ],
)  # fmt: skip
async def test_messages_go_out_as_a_thread_across_a_restart_and_one_is_taken_back(
    person, life, team, clock, telegram, x, language, intro, live, soon, undone, over
):
    camille = await person("Camille", language)
    organizer = await team.seat(camille)
    said = await camille.say("/live")
    assert intro in said.text and "#LaRégionQuiOse" in said.text
    assert await team.posts() == []
    assert live in (await camille.tap("live:go")).text
    assert soon in (await camille.say("La salle est pleine")).text
    await life.restart()
    clock.advance(4 * SECOND)
    assert soon in (await camille.say("Le discours commence #laRégionQuiOse")).text
    await camille.tap("live:undo:")
    assert undone in await last(camille)
    first, second = await team.posts()
    assert (first.text, second.text) == (
        "La salle est pleine #LaRégionQuiOse",
        "Le discours commence #laRégionQuiOse",
    )
    assert (first.state, second.state) == (PostState.scheduled, PostState.cancelled)
    assert (first.thread_id, second.thread_id, first.author_id) == (None, first.id, organizer.id)
    assert first.publish_at == clock() + 6 * SECOND
    assert [state for _, _, state in await team.publications()] == ["queued", "queued", "cancelled", "cancelled"]
    assert await team.audits() == [
        ("scheduled", organizer.id), ("scheduled", organizer.id), ("cancelled", organizer.id)
    ]  # fmt: skip
    assert over in (await camille.say("/live")).text
    await camille.say("Ceci n’est plus public")
    assert len(await team.posts()) == 2


async def test_nothing_is_public_before_the_last_tap_and_only_on_the_chosen_channels(camille, team, x):
    await camille.say("/live")
    await camille.say("Trop tôt")
    assert await team.posts() == []
    await camille.tap(f"live:ch:{x.id}")
    await camille.tap("live:tag")
    assert "Un hashtag est un seul mot" in (await camille.say("deux mots")).text
    assert "#Convention2027" in (await camille.say("#Convention2027")).text
    await camille.tap("live:go")
    await camille.say("Bonjour")
    assert await team.publications() == [("Bonjour #Convention2027", "Canal Telegram", "queued")]


async def test_no_channel_no_live(camille, team, x, telegram):
    await camille.say("/live")
    await camille.tap(f"live:ch:{x.id}")
    await camille.tap(f"live:ch:{telegram.id}")
    assert "Choisissez d’abord un canal" in (await camille.tap("live:go")).toast
    await camille.tap("live:end")
    assert "Je n’ai pas compris" in (await camille.say("Bonjour")).text


@by_both_ways
async def test_an_earlier_message_can_still_be_taken_back_while_the_next_one_waits(camille, go, team, x, telegram):
    await go()
    await camille.say("La salle est pleine")
    first = await camille.find("live:undo:")
    await camille.say("Bonjour")
    assert list(labels(await camille.message(first[0]))) == ["↩ Annuler"]
    assert (await camille.tap("live:undo:", first)).toast == "Repris."
    states = {(text, state) for text, _, state in await team.publications()}
    assert states == {("La salle est pleine #LaRégionQuiOse", "cancelled"), ("Bonjour #LaRégionQuiOse", "queued")}


async def test_undo_after_a_channel_claimed_it_says_where_it_is(camille, go, team, clock, database, x):
    await go()
    await camille.say("La salle est pleine")
    clock.advance(10 * SECOND)
    await claim(database, clock, x)
    at = await camille.find("live:undo:")
    await camille.tap("live:undo:")
    assert "Repris sur Canal Telegram ; trop tard sur Compte X." in plain(written(await camille.message(at[0])))
    assert [state for *_, state in await team.publications()] == ["cancelled", "sending"]


async def test_undo_when_all_is_out_changes_nothing(camille, go, team, clock, database, x, telegram):
    await go()
    await camille.say("La salle est pleine")
    clock.advance(10 * SECOND)
    await claim(database, clock, x)
    await claim(database, clock, telegram)
    assert (await camille.tap("live:undo:")).toast == "Trop tard."
    assert [post.state for post in await team.posts()] == [PostState.scheduled]


async def test_an_edit_within_ten_seconds_changes_the_post_and_later_says_so(
    camille, go, team, sandbox, clock, database, x, telegram
):
    await go()
    sent = await sandbox.say(camille.id, "La sale est pleine")
    await sandbox.updates_taken()
    edit = lambda text: camille.do(lambda who: sandbox.edit(who, sent["message_id"], text))  # noqa: E731
    assert "✏️ Modifié." in (await edit("La salle est pleine")).text
    assert [post.text for post in await team.posts()] == ["La salle est pleine #LaRégionQuiOse"]
    assert "x accepte 280" in (await edit("é" * 281)).text.lower()
    clock.advance(10 * SECOND)
    await claim(database, clock, x)
    assert "Trop tard pour le modifier" in (await edit("Autre chose")).text
    assert [post.text for post in await team.posts()] == ["La salle est pleine #LaRégionQuiOse"]


async def test_a_refused_message_may_be_edited_until_it_fits(camille, go, team, sandbox):
    await go()
    sent = await sandbox.say(camille.id, "é" * 281)
    await sandbox.updates_taken()
    assert "X accepte 280 caractères pondérés" in await last(camille)
    assert await team.posts() == []
    await camille.do(lambda who: sandbox.edit(who, sent["message_id"], "Plus court"))
    assert [post.text for post in await team.posts()] == ["Plus court #LaRégionQuiOse"]


async def test_the_hashtag_is_left_away_where_it_has_no_room(camille, go, team, database, x):
    await go()
    text = ("mot " * 68).strip()  # 271 characters
    await camille.say(text)
    [post] = await team.posts()
    assert post.text.endswith("#LaRégionQuiOse")
    async with database.read() as session:
        versions = (await session.scalars(select(PostVersion))).all()
    assert [(version.network, version.text) for version in versions] == [("x", text)]


async def test_an_album_is_one_post_and_a_picture_needs_no_words(camille, go, team, sandbox, small, portrait):
    await go()
    said = await camille.do(lambda who: sandbox.send_album(who, [small, portrait, small], "Trois vues"))
    assert len(said.messages) == 1
    await camille.send(small)
    first, second = await team.posts()
    assert (first.text, second.text) == ("Trois vues #LaRégionQuiOse", "#LaRégionQuiOse")
    assert [medium.post_id for medium in await team.media()] == [first.id, first.id, first.id, second.id]


async def test_the_fifth_picture_of_an_album_is_named_where_x_takes_four(camille, go, team, sandbox, small):
    await go()
    await camille.do(lambda who: sandbox.send_album(who, [small] * 5, "Cinq vues"))
    assert "Une image n’y est pas" in await last(camille) and "en accepte 4" in await last(camille)
    assert len(await team.media()) == 4 and len(await team.posts()) == 1


async def test_in_a_silence_window_nothing_goes_out(camille, go, team, database, campaign, clock):
    await go()
    async with database.write() as session:  # begins within the ten seconds
        await add_window(session, campaign, clock() + 5 * SECOND, clock() + 9 * HOUR, "veille du vote")
    said = await camille.say("La salle est pleine")
    assert "« Canal Telegram » garde le silence jusqu’au mar. 1 déc. 18:00 : veille du vote." in said.text
    assert await team.posts() == []


@pytest.mark.parametrize(("role", "goes"), [(Role.editor, False), (Role.approver, True), (Role.admin, True)])
async def test_where_a_yes_is_wanted_an_approvers_own_counts(
    camille, go, team, database, campaign, sandbox, role, goes
):
    organizer = await team.seat(camille, role)
    await alter(database, campaign, approvals=1)
    said = await go()
    if not goes:
        assert "le direct demande le rôle de validation" in said.toast
        return
    sent = await sandbox.say(camille.id, "Bonjour")
    await sandbox.updates_taken()
    await camille.do(lambda who: sandbox.edit(who, sent["message_id"], "Bonsoir"))
    [post] = await team.posts()
    assert (post.state, post.text) == (PostState.scheduled, "Bonsoir #LaRégionQuiOse")
    assert ("approved", organizer.id) in await team.audits()
    async with database.read() as session:  # nobody is asked, and the author need not be told
        assert all(notice.readers == [] for notice in await untold(session))


@pytest.mark.parametrize("approvals", [0, 1])
async def test_near_a_vote_nobody_speaks_unread(camille, go, team, database, campaign, clock, approvals):
    await team.seat(camille, Role.admin)
    await go()
    await alter(database, campaign, approvals=approvals, near_vote_days=7)
    async with database.write() as session:
        await add_polling_day(session, await session.get_one(Campaign, campaign.id), date(2026, 12, 6), clock())
    said = await camille.say("Bonjour")
    assert "quelqu’un d’autre doit d’abord relire" in said.text
    assert await team.posts() == []
    await camille.say("/live")
    assert "quelqu’un d’autre doit d’abord relire" in (await go()).toast


async def test_where_two_must_say_yes_nothing_goes_live(camille, go, team, database, campaign):
    await team.seat(camille, Role.admin)
    await alter(database, campaign, approvals=2)
    assert "demande 2 accords" in (await go()).toast


async def test_after_six_hours_without_a_message_it_has_ended(camille, go, team, clock):
    await go()
    clock.advance(6 * HOUR)
    await camille.say("Encore là")
    clock.advance(6 * HOUR + SECOND)
    assert "Votre direct s’était arrêté" in (await camille.say("Une course à faire")).text
    assert len(await team.posts()) == 1
    assert "Je n’ai pas compris" in (await camille.say("Du pain")).text


async def test_something_else_in_the_chat_makes_it_pause(camille, go, team, small):
    await go()
    await camille.say("Bonjour")
    await camille.say("/post")
    await camille.tap("post:drop")
    said = await camille.say("Suis-je encore en direct ?")
    assert "Votre direct est en pause" in said.text and len(await team.posts()) == 1
    assert "Votre direct est en pause" in (await camille.send(small)).text
    await camille.tap("live:go")
    await camille.say("Oui")
    first, second = await team.posts()
    assert (second.text, second.thread_id) == ("Oui #LaRégionQuiOse", first.id)
    await camille.tap("live:end")
    assert "Je n’ai pas compris" in (await camille.say("Fini")).text


async def test_a_command_is_never_published(camille, go, team):
    await go()
    await camille.say("/nonsense")
    await camille.say("/desk")
    assert await team.posts() == []
    await camille.say("Bonjour")
    assert len(await team.posts()) == 1  # the desk does not make it pause


async def test_a_role_that_is_taken_away_ends_it_at_the_next_message_and_undo_is_ones_own(
    camille, go, team, person, hand_made
):
    organizer = await team.seat(camille)
    await go()
    await camille.say("Bonjour")
    other = await person("Nour")
    await other.start()
    await team.seat(other, Role.admin)
    [post] = await team.posts()
    assert "Vous ne pouvez plus écrire" in (await hand_made(other, f"live:undo:{post.id}")).toast
    await team.revoke(organizer)
    assert "Vous ne pouvez plus écrire" in (await camille.say("Encore")).text
    assert "Vous ne pouvez plus écrire" in (await camille.tap("live:undo:")).toast
    assert [each.state for each in await team.posts()] == [PostState.scheduled]


async def test_what_the_channel_will_do_with_it_is_told(camille, go, database, x, telegram):
    await go()
    await alter(database, x, monthly_cap=10)
    await alter(database, telegram, resting_reason="could not log in: token")
    said = (await camille.say("Bonjour")).text
    assert "Compte X · Le plafond du mois" in said and "Canal Telegram · Ce canal est au repos" in said


async def test_mail_and_other_campaigns_are_no_live_channels(camille, database, rival, campaign, team):
    async with database.write() as session:
        await add_channel(session, campaign.id, "mail", "Relais", {"host": "127.0.0.1", "sender": "a@b.example"})
        await add_channel(session, rival.id, "telegram", "Canal rival", {"chat_id": "@rival"})
    said = await camille.say("/live")
    assert not any("Relais" in label or "rival" in label for label in said.buttons)


async def test_who_may_not_write_gets_the_answer_to_an_unknown_command(zoe, team):
    await zoe.join()
    assert "Je n’ai pas compris" in (await zoe.say("/live")).text


async def test_ten_taps_on_undo_and_taps_of_a_session_that_is_over(camille, go, team, tap_often):
    await go()
    await camille.say("Bonjour")
    end = await camille.find("live:end")
    await tap_often(camille, "live:undo:", 10)
    assert [post.state for post in await team.posts()] == [PostState.cancelled]
    await camille.say("Bonsoir")
    await camille.tap("live:end")
    assert labels(await camille.message(end[0])) == {}


async def test_a_supporter_who_edits_a_message_hears_nothing(zoe, team, sandbox):
    await zoe.join()
    sent = await sandbox.say(zoe.id, "Bonjour")
    await sandbox.updates_taken()
    assert (await zoe.do(lambda who: sandbox.edit(who, sent["message_id"], "Bonsoir"))).messages == []


async def test_a_crash_between_the_post_and_its_notice_doubles_nothing(camille, go, team, life, sandbox):
    await go()
    gate = await sandbox.hold("telegram", "sendMessage", "before")
    await sandbox.say(camille.id, "Bonjour")
    await sandbox.held(gate)
    assert len(await team.posts()) == 1
    await life.die()
    await sandbox.release(gate)
    await life.start()
    await sandbox.updates_taken()
    assert len(await team.posts()) == 1
    assert "Ce message part, ou est déjà parti." in await last(camille)
    await camille.tap("live:undo:")
    assert [post.state for post in await team.posts()] == [PostState.cancelled]


async def test_a_notice_that_does_not_arrive_is_sent_once_more(camille, go, team, sandbox):
    await go()
    await sandbox.fault("telegram", "error_before", "sendMessage")
    assert "Part dans 10 s" in (await camille.say("Bonjour")).text
    assert "n’a pas marché" not in await last(camille) and len(await team.posts()) == 1


async def test_begin_on_an_earlier_card_begins_nothing(camille, team, x):
    await camille.say("/live")
    old = await camille.find("live:go")
    await camille.say("/live")
    await camille.tap(f"live:ch:{x.id}")
    assert "étape passée" in (await camille.tap("", old)).toast
    assert labels(await camille.message(old[0])) == {}
    await camille.say("Bonjour")
    assert await team.posts() == []
    await camille.tap("live:go")
    await camille.say("Bonjour")
    assert [channel for _, channel, _ in await team.publications()] == ["Canal Telegram"]


async def test_undo_of_what_was_refused_is_no_lie(camille, go, team, database, x, telegram):
    await go()
    await camille.say("Bonjour")
    async with database.write() as session:
        for row in await session.scalars(select(Publication)):
            row.state = PublicationState.failed
    await camille.tap("live:undo:")
    assert "Repris : il ne part nulle part." in await last(camille)
    assert [post.state for post in await team.posts()] == [PostState.cancelled]
