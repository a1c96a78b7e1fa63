"""/me, /stop, /help, and what is said to who writes something else."""

from html import escape

from bot.joining import menu
from bot.visit import Keyboard, Visit, button
from campaigns import supporters
from campaigns.engagement import counts_of
from campaigns.models import Kind, Purpose
from campaigns.words import LANGUAGES, Words


async def figures(visit: Visit) -> None:
    """/me: own figures. Opened, said shared and visits are three figures, never one."""
    if visit.supporter is None or visit.campaign is None:
        await visit.say(visit.words("First join the campaign: /start"))
        return
    async with visit.house.database.read() as session:
        counts = await counts_of(session, visit.supporter.id, visit.campaign.id)
        place = await supporters.participation(session, visit.supporter.id, visit.campaign.id)
        counted = await supporters.has_consent(session, visit.supporter.id, visit.campaign.id, Purpose.counting)
    _ = visit.words
    if not counted:
        await visit.say(
            _("You chose not to be counted, so there are no figures about you. Change your mind?"), _counting_buttons(_)
        )
        return
    lines = [
        f"📊 <b>{_('Your figures')}</b> · {escape(visit.campaign.name)}",
        "",
        f"📬 {_('Messages received')}: <b>{counts[Kind.received]}</b>",
        f"👆 {_('Share windows opened')}: <b>{counts[Kind.opened]}</b>",
        f"🗣 {_('Shares you told us of')}: <b>{counts[Kind.said_shared]}</b>",
        f"🔗 {_('Visits through your links')}: <b>{counts[Kind.visit]}</b>",
        f"🖼 {_('Badges made')}: <b>{counts[Kind.badge_made]}</b>",
        f"🤝 {_('People you brought in')}: <b>{counts[Kind.recruited]}</b>",
    ]
    if place is not None:
        link = f"{visit.house.settings.telegram_link}/{visit.bot.username}?start=r-{place.invite_code}"
        lines += ["", f"{_('Invite somebody with your own link')}:", escape(link)]
    await visit.say("\n".join(lines))


def _counting_buttons(words: Words) -> Keyboard:
    return [[button("📈 " + words("Yes, count"), "me:count")]]


async def tapped(visit: Visit) -> None:
    action = (*visit.tapped, "", "")[1]
    if action == "count" and visit.supporter is not None and visit.campaign is not None:
        async with visit.house.database.write() as session:
            both = {Purpose.contact, Purpose.counting}
            await supporters.set_consents(session, visit.supporter, visit.campaign.id, both, visit.house.clock())
        await visit.change_keyboard(None)
        await figures(visit)
    elif action == "language":
        await _change_language(visit, (*visit.tapped, "", "", "")[2])
    elif action == "erase":
        await visit.change_keyboard(
            [
                [button("🗑 " + visit.words("Yes, erase everything"), "me:erased")],
                [button(visit.words("No, keep it"), "me:keep")],
            ]
        )
    elif action == "keep":
        await visit.change_keyboard(None)
    elif action == "erased":
        await visit.change_keyboard(None)
        if visit.supporter is not None:
            async with visit.house.database.write() as session:
                await supporters.forget(session, visit.supporter)
        await visit.say(visit.words("Done: nothing about you is kept. Thank you for your support!"))


async def _change_language(visit: Visit, language: str) -> None:
    if language not in LANGUAGES:
        return
    visit.words = Words(language)
    if visit.supporter is not None:
        async with visit.house.database.write() as session:
            person = await session.get_one(type(visit.supporter), visit.supporter.id)
            person.language = language
    else:
        await visit.remember(visit.step, language=language)
    await help_(visit)


async def stop(visit: Visit) -> None:
    """/stop: at once, for every campaign; erasing everything is one more tap."""
    if visit.supporter is None:
        await visit.say(visit.words("You get no messages from here, and nothing about you is kept."))
        return
    async with visit.house.database.write() as session:
        for campaign in await supporters.campaigns_of(session, visit.supporter.id):
            await supporters.stop(session, visit.supporter, campaign.id, visit.house.clock())
        visit.step = ""
        await visit.remember_in(session)
    await visit.say(
        visit.words("Done: you get no more messages. To come back: /start"),
        [[button("🗑 " + visit.words("Also erase everything about me"), "me:erase")]],
    )


async def help_(visit: Visit) -> None:
    """/help: one screen."""
    _ = visit.words
    lines = [
        "<b>" + _("What I can do for you") + "</b>",
        "/posts – " + _("messages to share from your own accounts"),
        "/badge – " + _("your support badge, from your photo"),
        "/me – " + _("your figures and your invitation link"),
        "/stop – " + _("no more messages, or erase everything"),
        "/start – " + _("join a campaign"),
        "",
        _("I never post in your place, and I know none of your passwords."),
    ]
    other = "en" if _.language == "fr" else "fr"
    await visit.say("\n".join(lines), [[button(f"🌐 {LANGUAGES[other]}", f"me:language:{other}")]])


async def unknown(visit: Visit) -> None:
    """A command or a text that no conversation waits for."""
    await visit.say(
        visit.words("I did not understand. Here is what I can do: /help"),
        menu(visit.words) if visit.supporter else None,
    )
