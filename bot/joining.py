"""Joining a campaign: a welcome, a yes to each purpose, a territory. Who says no leaves no trace."""

from collections.abc import Sequence
from html import escape

from sqlalchemy import delete
from sqlmodel import col, select

from bot.visit import Keyboard, Visit, button
from campaigns import installation, supporters
from campaigns.models import Campaign, Dialogue, Participation, Purpose, Territory
from campaigns.supporters import Joining, join
from campaigns.words import LANGUAGES, Words

TERRITORIES_A_PAGE = 8  # buttons; more than a phone shows at once is not read


async def start(visit: Visit) -> None:
    """/start, with or without a deep link: `c-SLUG` a campaign, `t-ID` a territory, `r-CODE` an invitation."""
    payload = visit.text.partition(" ")[2].strip()
    known_payload = await _follow(visit, payload)
    if visit.campaign is None:
        await _ask_campaign(visit)
        return
    if payload and not known_payload:
        await visit.say(visit.words("This link is no longer known; here is the campaign all the same."))
    if await _takes_part(visit):
        await _welcome_back(visit)
        return
    await visit.remember("joining")
    await _ask_contact(visit)


async def _follow(visit: Visit, payload: str) -> bool:
    """Take campaign, territory and invitation from a deep link; whether it led anywhere."""
    kind, _, value = payload.partition("-")
    async with visit.house.database.read() as session:
        if kind == "c" and value:
            campaign = await session.scalar(select(Campaign).where(col(Campaign.slug) == value))
            visit.campaign = campaign or visit.campaign
            visit.data.pop("territory_id", None)
            return campaign is not None
        if kind == "t" and value.isdigit() and len(value) < 10:
            territory = await session.get(Territory, int(value))
            if territory is not None:
                visit.campaign = await session.get(Campaign, territory.campaign_id)
                visit.data["territory_id"] = territory.id
            return territory is not None
        if kind == "r" and value:
            inviter = await session.scalar(select(Participation).where(col(Participation.invite_code) == value))
            if inviter is not None:
                visit.campaign = await session.get(Campaign, inviter.campaign_id)
                visit.data |= {"invite_code": value}
            return inviter is not None
    return False


async def _takes_part(visit: Visit) -> bool:
    if visit.supporter is None or visit.campaign is None:
        return False
    async with visit.house.database.read() as session:
        place = await supporters.participation(session, visit.supporter.id, visit.campaign.id)
        return place is not None and place.stopped_at is None


async def _welcome_back(visit: Visit) -> None:
    """A known supporter: they write to the bot, so they are not gone; a territory's link moves them there."""
    assert visit.supporter is not None and visit.campaign is not None  # noqa: S101 - _takes_part said so
    territory_id = visit.data.pop("territory_id", None)
    async with visit.house.database.write() as session:
        person = await session.get_one(type(visit.supporter), visit.supporter.id)
        person.gone_at = None
        place = await supporters.participation(session, person.id, visit.campaign.id)
        if place is not None and territory_id is not None:
            place.territory_id = territory_id
        visit.step = ""
        await visit.remember_in(session)
    hello = visit.words("Good to see you again, {name}!", name=escape(visit.user.first_name))
    await visit.say(f"{hello}\n{_headline(visit.campaign)}", menu(visit.words))


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
    _ = visit.words
    parts = [
        _headline(visit.campaign),
        escape(visit.campaign.about),
        _(
            "I hand you the campaign's messages, ready to share from your own accounts, and make your support badge. I never post in your place."
        ),
        "<b>" + _("May the campaign write to you here?") + "</b>",
        _(
            "We then keep your Telegram number, your first name and your language. This says something about your opinions: you can stop or erase everything at any time with /stop."
        ),
    ]
    other = "en" if _.language == "fr" else "fr"
    keyboard = [
        [button("✅ " + _("Yes, I take part"), "join:contact:yes"), button(_("No, thank you"), "join:contact:no")],
        [button(f"🌐 {LANGUAGES[other]}", f"join:language:{other}")],
    ]
    await visit.say("\n\n".join(filter(None, parts)), keyboard)


async def tapped(visit: Visit) -> None:
    """A button of this conversation. Buttons of an old message do what they say, where that still makes sense."""
    _, action, value = (*visit.tapped, "", "")[:3]
    if action == "language" and value in LANGUAGES:
        visit.words = Words(value)
        await visit.remember(visit.step, language=value)
        await visit.change_keyboard(None)
        await _ask_contact(visit) if visit.campaign else await _ask_campaign(visit)
    elif action == "campaign" and value.isdigit():
        async with visit.house.database.read() as session:
            visit.campaign = await session.get(Campaign, int(value))
        await visit.change_keyboard(None)
        await start(visit)
    elif visit.campaign is None:
        await _ask_campaign(visit)
    elif action == "contact":
        await visit.change_keyboard(None)
        await (_ask_counting(visit) if value == "yes" else _leave_no_trace(visit))
    elif action == "counting":
        await visit.change_keyboard(None)
        await _joined(visit, counting=value == "yes")
    elif action in ("territory", "page") and visit.supporter is not None:
        await _territory_tapped(visit, action, value)


async def _ask_counting(visit: Visit) -> None:
    if await _takes_part(visit):
        await _welcome_back(visit)
        return
    await visit.remember("joining")
    _ = visit.words
    text = [
        "<b>" + _("May we count what your shares bring?") + "</b>",
        _(
            "Each message then carries a link of your own: you see how many visits it brought. Nothing is kept about who visits. If you say no, you get the same messages with plain links."
        ),
    ]
    keyboard = [
        [button("📈 " + _("Yes, count"), "join:counting:yes"), button(_("No, plain links"), "join:counting:no")]
    ]
    await visit.say("\n\n".join(text), keyboard)


async def _leave_no_trace(visit: Visit) -> None:
    if visit.supporter is None:
        async with visit.house.database.write() as session:
            await session.execute(delete(Dialogue).where(col(Dialogue.chat_id) == visit.chat.id))
    await visit.say(visit.words("Understood. Nothing about you is kept. If you change your mind: /start"))


async def _joined(visit: Visit, *, counting: bool) -> None:
    assert visit.campaign is not None  # noqa: S101 - tapped() saw to it
    purposes = {Purpose.contact, Purpose.counting} if counting else {Purpose.contact}
    joining = Joining(
        campaign_id=visit.campaign.id,
        telegram_id=visit.user.id,
        first_name=visit.user.first_name,
        language=visit.words.language,
        purposes=frozenset(purposes),
        at=visit.house.clock(),
        territory_id=visit.data.pop("territory_id", None),
        invite_code=visit.data.pop("invite_code", None),
    )
    async with visit.house.database.write() as session:
        visit.supporter, place = await join(session, joining)
        visit.step = ""
        visit.data.pop("language", None)
        await visit.remember_in(session)
        choices = await installation.territories(session, visit.campaign.id)
    if choices and place.territory_id is None:
        await visit.say(visit.words("Where do you live or campaign?"), _territory_buttons(visit, choices, 0))
    else:
        await _welcome(visit)


def _territory_buttons(visit: Visit, choices: Sequence[Territory], page: int) -> Keyboard:
    first = page * TERRITORIES_A_PAGE
    shown = choices[first : first + TERRITORIES_A_PAGE]
    rows = [[button(t.name, f"join:territory:{t.id}") for t in shown[i : i + 2]] for i in range(0, len(shown), 2)]
    turn = []
    if page:
        turn.append(button("◀", f"join:page:{page - 1}"))
    if first + TERRITORIES_A_PAGE < len(choices):
        turn.append(button("▶", f"join:page:{page + 1}"))
    return [
        *rows,
        *([turn] if turn else []),
        [button(visit.words("Elsewhere, or I would rather not say"), "join:territory:none")],
    ]


async def _territory_tapped(visit: Visit, action: str, value: str) -> None:
    assert visit.supporter is not None and visit.campaign is not None  # noqa: S101 - tapped() saw to it
    async with visit.house.database.write() as session:
        choices = await installation.territories(session, visit.campaign.id)
        chosen = next((t for t in choices if str(t.id) == value), None)
        place = await supporters.participation(session, visit.supporter.id, visit.campaign.id)
        if action == "territory" and place is not None:
            place.territory_id = chosen.id if chosen else None
    if action == "page" and value.isdigit():
        await visit.change_keyboard(_territory_buttons(visit, choices, int(value)))
        return
    await visit.change_keyboard(None)
    await _welcome(visit)


async def _welcome(visit: Visit) -> None:
    text = visit.words(
        "Welcome, {name}! You will get each message when it goes out. To begin:", name=escape(visit.user.first_name)
    )
    await visit.say(f"🎉 {text}", menu(visit.words))


def menu(words: Words) -> Keyboard:
    return [
        [button("📣 " + words("Messages to share"), "menu:posts")],
        [button("🖼 " + words("Make my badge"), "menu:badge"), button("📊 " + words("My figures"), "menu:me")],
    ]
