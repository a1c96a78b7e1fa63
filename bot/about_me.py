"""/me, /stop, /delete, /help, and what is said to who writes something else."""

from html import escape

from bot import badge_wishes, own_figures
from bot.places import menu
from bot.visit import Visit, button, forget_dialogue, number
from campaigns import installation, supporters
from campaigns.consents import has_consent
from campaigns.engagement import counts_of
from campaigns.figures import goal_of, ranking_of, weeks_of
from campaigns.invitations import invitation_link
from campaigns.models import Campaign, Kind, Purpose
from campaigns.organizers import seats_of
from campaigns.words import LANGUAGES, mark

# Three of them are never mixed: windows opened, shares that somebody told us of, visits that prove one.
FIGURES = (
    (Kind.received, "📬", mark("Messages received: {n}")),
    (Kind.opened, "👆", mark("Share windows opened: {n}")),
    (Kind.said_shared, "🗣", mark("Shares you told us of: {n}")),
    (Kind.visit, "🔗", mark("Visits through your links: {n}")),
    (Kind.badge_made, "🖼", mark("Badges made: {n}")),
    (Kind.recruited, "🤝", mark("People you brought in: {n}")),
    (Kind.mission_done, "🧭", mark("Missions done: {n}")),
)

FOR_ORGANIZERS = (  # what those who may write have besides
    ("post", mark("write a post for the campaign’s channels")),
    ("desk", mark("what waits for you, and what goes out next")),
    ("live", mark("speak live from a rally")),
)


async def figures(visit: Visit) -> None:
    """/me: own figures. Opened, said shared and visits are three figures, never one."""
    if visit.supporter is None or visit.campaign is None or not await visit.takes_part():
        await visit.say(visit.words("First join the campaign: /start"))
        return
    who = visit.supporter.id, visit.campaign.id
    async with visit.house.database.read() as session:
        counts = await counts_of(session, *who)
        place = await supporters.participation(session, *who)
        agreed = {purpose for purpose in Purpose if await has_consent(session, *who, purpose)}
        weeks = await weeks_of(session, visit.supporter.id, visit.campaign, visit.house.clock())
        goal = await goal_of(session, place) if place is not None else None
        ranking = await ranking_of(session, place) if place is not None else None
    _ = visit.words
    keyboard = badge_wishes.buttons_to_withdraw(visit, visit.campaign, agreed)
    if Purpose.counting not in agreed:
        await visit.say(
            _("You chose not to be counted, so there are no figures about you. Change your mind?"),
            [[button("📈 " + _("Yes, count"), f"me:count:{visit.campaign.id}")], *keyboard],
        )
        return
    lines = [f"📊 <b>{escape(visit.campaign.name)}</b> · " + _("Your figures"), ""]
    lines += [f"{sign} " + _(text, n=f"<b>{counts[kind]}</b>") for kind, sign, text in FIGURES]
    lines += own_figures.lines(_, weeks, goal, ranking)
    if place is not None:
        link = invitation_link(visit.house.settings.telegram_link, visit.bot.username, place)
        lines += ["", _("Invite somebody with your own link:"), escape(link)]
    await own_figures.send(visit, visit.campaign, "\n".join(lines), keyboard, weeks)


async def tapped(visit: Visit) -> None:
    _, action, value = (*visit.tapped, "", "")[:3]
    if action == "count":
        await visit.change_keyboard(None)
        async with visit.house.database.read() as session:
            visit.campaign = await session.get(Campaign, number(value) or 0)
        if visit.supporter is not None and visit.campaign is not None and await visit.takes_part():
            async with visit.house.database.write() as session:
                asked = {Purpose.counting}
                await supporters.set_consents(
                    session, visit.supporter, visit.campaign.id, asked, visit.house.clock(), among=asked
                )
        await figures(visit)
    elif action == "language":
        await _change_language(visit, value)
    elif action == "stop":  # under a broadcast
        await stop(visit)
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
        await _erase(visit)


async def _erase(visit: Visit) -> None:
    """The second tap, under /stop or /delete: at once, in every campaign."""
    await visit.change_keyboard(None)
    async with visit.house.database.write() as session:
        if visit.supporter is not None:
            await supporters.forget(session, visit.supporter)
        await forget_dialogue(session, visit.chat.id)
        organizer = await installation.organizer_of(session, visit.user.id)
    if organizer is None:
        await visit.say(visit.words("Done: nothing about you is kept. Thank you for your support!"))
    else:
        await visit.say(
            visit.words(
                "Done: nothing about you is kept as a supporter. You are still an organizer, {email}: what the team must know is told here.",
                email=escape(organizer.email),
            )
        )


async def _change_language(visit: Visit, language: str) -> None:
    if language not in LANGUAGES:
        return
    await visit.speak(language)
    await help_(visit)


async def stop(visit: Visit) -> None:
    """/stop: at once, for every campaign; erasing everything is one more tap."""
    if visit.supporter is None:
        async with visit.house.database.write() as session:
            await forget_dialogue(session, visit.chat.id)
        await visit.say(visit.words("You get no messages from here, and nothing about you is kept."))
        return
    async with visit.house.database.write() as session:
        for campaign in await supporters.campaigns_of(session, visit.supporter.id):
            await supporters.stop(session, visit.supporter, campaign.id, visit.house.clock())
        visit.step, visit.data = "", {}
        await visit.remember_in(session)
    await visit.say(
        visit.words("Done: you get no more messages. To come back: /start"),
        [[button("🗑 " + visit.words("Also erase everything about me"), "me:erase")]],
    )


async def delete(visit: Visit) -> None:
    """/delete: what it would do, and the first of the two taps that do it."""
    if visit.supporter is None:
        await stop(visit)
        return
    _ = visit.words
    text = [
        "<b>" + _("Erase everything about you?") + "</b>",
        _(
            "It is done at once, in every campaign that you joined: your number, your name, what you agreed to, your badge on the wall. Counts keep their sums without you, and the links that you shared lead on. Nobody can bring it back."
        ),
        _("To see it first: /mydata"),
    ]
    rows = [
        [button("🗑 " + _("Erase everything about me"), "me:erase")],
        [button(_("No, keep it"), "me:keep")],
    ]
    await visit.say("\n\n".join(text), rows)


async def help_(visit: Visit) -> None:
    """/help: one screen."""
    _ = visit.words
    lines = [
        "<b>" + _("What I can do for you") + "</b>",
        "/posts – " + _("messages to share from your own accounts"),
        "/badge – " + _("your support badge, from your photo"),
        "/missions – " + _("missions near you"),
        "/me – " + _("your figures and your invitation link"),
        "/invite – " + _("bring somebody in: your own link, as a picture too"),
        "/idea – " + _("an idea for the team"),
        "/rhythm – " + _("when, and how often, I write to you"),
        "/consents – " + _("what you agreed to, one by one"),
        "/mydata – " + _("what is stored about you"),
        "/stop – " + _("no more messages"),
        "/delete – " + _("erase everything about you"),
        "/start – " + _("join a campaign"),
        "",
        _("I never post in your place, and I know none of your passwords."),
    ]
    async with visit.house.database.read() as session:
        writes = bool(await seats_of(session, visit.user.id))
    if writes:
        lines += ["", "<b>" + _("As an organizer") + "</b>"]
        lines += [f"/{name} – {_(text)}" for name, text in FOR_ORGANIZERS]
    other = "en" if _.language == "fr" else "fr"
    await visit.say("\n".join(lines), [[button(f"🌐 {LANGUAGES[other]}", f"me:language:{other}")]])


async def unknown(visit: Visit) -> None:
    """A command or a text that no conversation waits for."""
    await visit.say(
        visit.words("I did not understand. Here is what I can do: /help"),
        menu(visit.words) if visit.supporter else None,
    )
