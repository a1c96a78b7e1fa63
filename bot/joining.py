"""Joining a campaign: a welcome, a yes to each purpose. Who says no leaves no trace."""

from html import escape

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from bot import events, leaders, organizers, places
from bot.consents import asked as asked_before
from bot.visit import Visit, button, forget_dialogue, number
from campaigns import installation, supporters
from campaigns.events import event_of_code
from campaigns.models import Campaign, Participation, Purpose, Territory
from campaigns.supporters import Joining, join
from campaigns.words import LANGUAGES

FROM_LINKS = ("territory_id", "invite_code", events.FROM_LINK)  # what a deep link leaves in the dialogue
AT_JOINING = ("territory_id", "invite_code")  # of these, what is used up when the person joins


async def start(visit: Visit) -> None:
    """/start, with or without a deep link: `c-SLUG` a campaign, `t-ID` a territory, `r-CODE` an invitation, `e-CODE` an event.

    `o-CODE` makes the account an organizer's, `l-CODE` offers a referent's place.
    """
    payload = visit.text.partition(" ")[2].strip()
    if payload.startswith("o-"):
        await organizers.link(visit, payload.removeprefix("o-"))
        return
    if payload.startswith("l-"):
        visit.data = {key: kept for key, kept in visit.data.items() if key not in FROM_LINKS}
        if await leaders.follow(visit, payload.removeprefix("l-")):
            await _enter(visit)
        return
    trouble = await _follow(visit, payload) if payload else ""
    if visit.campaign is None or (not payload and await _may_choose(visit)):
        await _ask_campaign(visit)
        return
    if trouble:
        await visit.say(trouble)
    await _enter(visit)


async def _enter(visit: Visit) -> None:
    """A campaign is known: who takes part is welcomed, others are asked."""
    if await visit.takes_part():
        await _welcome_back(visit)
        return
    await visit.remember("joining", agreed=None, quiet=None)
    await _ask_contact(visit)


async def _may_choose(visit: Visit) -> bool:
    """Somebody who was shown a campaign and did not join it may want another one."""
    async with visit.house.database.read() as session:
        several = len(await installation.campaigns(session)) > 1
    return several and not await visit.takes_part()


async def _follow(visit: Visit, payload: str) -> str:
    """Take campaign, territory, invitation and event from a deep link; gives why it led nowhere, or nothing."""
    kind, _, value = payload.partition("-")
    of_links = (*FROM_LINKS, leaders.WAITING)
    visit.data = {key: kept for key, kept in visit.data.items() if key not in of_links}  # of an earlier link
    async with visit.house.database.read() as session:
        if kind == "e" and (event := await event_of_code(session, value)) is not None:
            visit.campaign = await session.get(Campaign, event.campaign_id)
            return events.follow(visit, event)
        found = None
        if kind == "c" and value:
            found = await session.scalar(select(Campaign).where(col(Campaign.slug) == value))
        if kind == "t" and (territory := await session.get(Territory, number(value) or 0)) is not None:
            found = await session.get(Campaign, territory.campaign_id)
            visit.data["territory_id"] = territory.id
        if kind == "r" and value:
            inviter = await session.scalar(select(Participation).where(col(Participation.invite_code) == value))
            if inviter is not None:
                found = await session.get(Campaign, inviter.campaign_id)
                visit.data["invite_code"] = value
    visit.campaign = found or visit.campaign
    return "" if found else visit.words("This link is no longer known; here is the campaign all the same.")


async def _welcome_back(visit: Visit) -> None:
    """A known supporter: they write to the bot, so they are not gone; a territory's link moves them there."""
    assert visit.supporter is not None and visit.campaign is not None  # noqa: S101 - takes_part() said so
    async with visit.house.database.write() as session:
        territory_id = await _territory_of_link(visit, session)
        visit.data.pop("invite_code", None)
        followed = visit.data.pop(events.FROM_LINK, None)
        person = await session.get_one(type(visit.supporter), visit.supporter.id)
        person.gone_at = None
        place = await supporters.participation(session, person.id, visit.campaign.id)
        if place is not None and territory_id is not None:
            place.territory_id = territory_id
        visit.step = ""
        await visit.remember_in(session)
        move = bool(await installation.territories(session, visit.campaign.id))
    if followed is not None:
        await events.show(visit, followed)
        return
    hello = visit.words("Good to see you again, {name}!", name=escape(visit.user.first_name))
    rows = [[button("📍 " + visit.words("My territory"), f"join:where::{visit.campaign.id}")]] if move else []
    await visit.say(f"{hello}\n{_headline(visit.campaign)}", [*places.menu(visit.words), *rows])


async def _territory_of_link(visit: Visit, session: AsyncSession) -> int | None:
    """Where the link that was followed puts the person, if that is in the campaign they came to at last."""
    territory = await session.get(Territory, visit.data.pop("territory_id", None) or 0)
    return territory.id if territory and visit.campaign and territory.campaign_id == visit.campaign.id else None


async def _ask_campaign(visit: Visit) -> None:
    async with visit.house.database.read() as session:
        known = await installation.campaigns(session)
    if not known:
        await visit.say(visit.words("There is no campaign here yet. Come back soon!"))
        return
    await visit.remember("choosing campaign")
    await visit.say(
        visit.words("Which campaign do you want to support?"),
        [[button(c.name, f"join:campaign:{c.id}")] for c in known],
    )


def _headline(campaign: Campaign) -> str:
    hashtag = f" #{escape(campaign.hashtag)}" if campaign.hashtag else ""
    return f"<b>{escape(campaign.name)}</b>" + (
        f"\n<i>{escape(campaign.slogan)}</i>{hashtag}" if campaign.slogan else hashtag
    )


async def _ask_contact(visit: Visit) -> None:
    assert visit.campaign is not None  # noqa: S101 - asked only once a campaign is known
    _, asked = visit.words, visit.campaign.id
    parts = [
        _headline(visit.campaign),
        escape(visit.campaign.about),
        _(
            "I hand you the campaign's messages, ready to share from your own accounts, and make your support badge. I never post in your place."
        ),
        *asked_before(_, Purpose.contact),
    ]
    other = "en" if _.language == "fr" else "fr"
    keyboard = [
        [
            button("✅ " + _("Yes, I take part"), f"join:contact:yes:{asked}"),
            button(_("No, thank you"), f"join:contact:no:{asked}"),
        ],
        [button("🔕 " + _("I take part, without being written to"), f"join:contact:quiet:{asked}")],
        [button(f"🌐 {LANGUAGES[other]}", f"join:language:{other}:{asked}")],
    ]
    await visit.say("\n\n".join(filter(None, parts)), keyboard)


async def tapped(visit: Visit) -> None:
    """A button of this conversation: join:ACTION:VALUE:CAMPAIGN. It speaks for the campaign under whose question it stood."""
    _, action, value, about = (*visit.tapped, "", "", "")[:4]
    async with visit.house.database.read() as session:
        named = await session.get(Campaign, number(value if action == "campaign" else about) or 0)
    visit.campaign = named or visit.campaign
    await visit.change_keyboard(None) if action != "page" else None
    if action == "language" and value in LANGUAGES:
        await visit.speak(value)
        await (_ask_contact(visit) if visit.campaign else _ask_campaign(visit))
    elif visit.campaign is None:
        await _ask_campaign(visit)
    elif action == "contact" and value == "quiet" and await visit.takes_part():
        await _answered(visit, Purpose.contact, agreed=False)
    elif action == "contact" and value in ("yes", "quiet"):
        await _ask_counting(visit, quiet=value == "quiet")
    elif action == "contact":
        await _refused(visit)
    elif action == "counting" and visit.data.get("agreed") == visit.campaign.id:
        await _joined(visit, counting=value == "yes")
    elif action in ("counting", "ranking") and await visit.takes_part():
        await _answered(visit, Purpose(action), agreed=value == "yes")
    elif action in ("territory", "page", "where") and await visit.takes_part():
        await places.tapped(visit, action, value)
    else:  # a campaign was chosen, or an old button speaks for somebody who has left since
        await _enter(visit)


async def _ask_counting(visit: Visit, *, quiet: bool) -> None:
    assert visit.campaign is not None  # noqa: S101 - tapped() saw to it
    if await visit.takes_part():
        await _welcome_back(visit)
        return
    await visit.remember("joining", agreed=visit.campaign.id, quiet=quiet or None)
    await _ask(visit, Purpose.counting, "📈 " + visit.words("Yes, count"), visit.words("No, plain links"))


async def _ask(visit: Visit, purpose: Purpose, yes: str, no: str) -> None:
    assert visit.campaign is not None  # noqa: S101 - tapped() saw to it
    answers = [
        button(text, f"join:{purpose}:{value}:{visit.campaign.id}") for text, value in ((yes, "yes"), (no, "no"))
    ]
    await visit.say("\n\n".join(asked_before(visit.words, purpose)), [answers])


async def _refused(visit: Visit) -> None:
    """A stranger leaves no trace; who takes part already, and says no to a second question, leaves this campaign."""
    assert visit.campaign is not None  # noqa: S101 - tapped() saw to it
    async with visit.house.database.write() as session:
        await forget_dialogue(session, visit.chat.id)
        if visit.supporter is not None:
            await supporters.stop(session, visit.supporter, visit.campaign.id, visit.house.clock())
    if visit.supporter is None:
        text = visit.words("Understood. Nothing about you is kept. If you change your mind: /start")
    else:
        text = visit.words(
            "Understood: {campaign} does not write to you. If you change your mind: /start",
            campaign=escape(visit.campaign.name),
        )
    await visit.say(text)


async def _joined(visit: Visit, *, counting: bool) -> None:
    """The yes to take part is written here, with the answers to both questions that came before."""
    assert visit.campaign is not None  # noqa: S101 - tapped() saw to it
    answers = {Purpose.contact: not visit.data.get("quiet"), Purpose.counting: counting}
    async with visit.house.database.write() as session:
        joining = Joining(
            campaign_id=visit.campaign.id,
            telegram_id=visit.user.id,
            first_name=visit.user.first_name,
            language=visit.words.language,
            purposes=frozenset(purpose for purpose, agreed in answers.items() if agreed),
            at=visit.house.clock(),
            territory_id=await _territory_of_link(visit, session),
            invite_code=visit.data.get("invite_code"),
        )
        visit.supporter, _ = await join(session, joining)
        visit.step = ""
        for done in (*AT_JOINING, "agreed", "quiet", "language"):
            visit.data.pop(done, None)
        await visit.remember_in(session)
    await _go_on(visit, after=Purpose.counting, agreed=counting)


async def _answered(visit: Visit, purpose: Purpose, *, agreed: bool) -> None:
    """An answer of somebody who takes part already: it changes this one consent and no other."""
    assert visit.supporter is not None and visit.campaign is not None  # noqa: S101 - takes_part() said so
    async with visit.house.database.write() as session:
        wanted = {purpose} if agreed else set()
        now = visit.house.clock()
        await supporters.set_consents(session, visit.supporter, visit.campaign.id, wanted, now, among={purpose})
    await _go_on(visit, after=purpose, agreed=agreed)


async def _go_on(visit: Visit, *, after: Purpose, agreed: bool) -> None:
    """The next question. Who is not counted has no figures, and is not asked whether others may see them."""
    if after is Purpose.counting and agreed:
        await _ask(visit, Purpose.ranking, "🏅 " + visit.words("Yes, show me"), visit.words("No, not me"))
    else:
        await places.ask_or_welcome(visit)
