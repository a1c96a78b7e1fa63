"""The last question of joining: which territory. By its button, by a few letters of a town, or by a location sent once."""

from collections.abc import Sequence
from html import escape

from telegram import InlineKeyboardButton

from bot import events, leaders
from bot.visit import Keyboard, Visit, button, number
from campaigns import communes, installation, supporters
from campaigns.consents import has_consent
from campaigns.models import Campaign, Commune, Purpose, Supporter, Territory
from campaigns.words import Words

TERRITORIES_A_PAGE = 8  # buttons; more than a phone shows at once is not read
TOWNS = 6  # that are offered for what was typed
TOWNS_NEAR = 3  # that are offered for a location
LONGEST_ECHO = 40  # characters of what was typed that an answer repeats
WAIT_PLACE = "place"  # the step in which what is typed is a town


async def ask_or_welcome(visit: Visit) -> None:
    """Ask where the person is, unless a link said so or the campaign has no territories; then they are welcomed."""
    campaign, supporter = _who(visit)
    async with visit.house.database.read() as session:
        place = await supporters.participation(session, supporter.id, campaign.id)
        choices = await installation.territories(session, campaign.id)
    if choices and (place is None or place.territory_id is None):
        await ask(visit, choices)
    else:
        await _welcome(visit)


async def ask(visit: Visit, choices: Sequence[Territory]) -> None:
    campaign, _ = _who(visit)
    async with visit.house.database.read() as session:
        towns = await communes.any_known(session, campaign.id)
        located = await communes.any_located(session, campaign.id)
    text = [visit.words("Where do you live or campaign?")]
    if towns:
        text.append(visit.words("Type a few letters of your town, or its postcode; or choose:"))
    if located:
        text.append("📎 " + visit.words("You may also send your location: it is used once, and not kept."))
    await visit.remember(WAIT_PLACE if towns else "")
    await visit.say("\n".join(text), _territory_buttons(visit, choices, 0))


def _who(visit: Visit) -> tuple[Campaign, Supporter]:
    assert visit.supporter is not None and visit.campaign is not None  # noqa: S101 - who is asked takes part
    return visit.campaign, visit.supporter


def _territory_buttons(visit: Visit, choices: Sequence[Territory], page: int) -> Keyboard:
    first, asked = page * TERRITORIES_A_PAGE, _who(visit)[0].id
    shown = choices[first : first + TERRITORIES_A_PAGE]
    rows = [
        [button(t.name, f"join:territory:{t.id}:{asked}") for t in shown[i : i + 2]] for i in range(0, len(shown), 2)
    ]
    turn = []
    if page:
        turn.append(button("◀", f"join:page:{page - 1}:{asked}"))
    if first + TERRITORIES_A_PAGE < len(choices):
        turn.append(button("▶", f"join:page:{page + 1}:{asked}"))
    return [*rows, *([turn] if turn else []), _elsewhere(visit)]


def _elsewhere(visit: Visit) -> list[InlineKeyboardButton]:
    text = visit.words("Elsewhere, or I would rather not say")
    return [button(text, f"join:territory:none:{_who(visit)[0].id}")]


async def tapped(visit: Visit, action: str, value: str) -> None:
    """A territory, another page of them, or the wish to change it; the person takes part."""
    campaign, supporter = _who(visit)
    async with visit.house.database.read() as session:
        choices = await installation.territories(session, campaign.id)
    if action == "page":
        await visit.change_keyboard(_territory_buttons(visit, choices, number(value) or 0))
    elif action == "where":
        await ask(visit, choices)
    else:
        chosen = next((t for t in choices if str(t.id) == value), None)
        async with visit.house.database.write() as session:
            place = await supporters.participation(session, supporter.id, campaign.id)
            if place is not None:
                place.territory_id = chosen.id if chosen else None
            if visit.step == WAIT_PLACE:
                visit.step = ""
                await visit.remember_in(session)
        await _welcome(visit)


async def take_text(visit: Visit) -> bool:
    """A few letters of a town, or its postcode; False where no town was asked for."""
    if visit.step != WAIT_PLACE or visit.campaign is None or not await visit.takes_part():
        return False
    async with visit.house.database.read() as session:
        found = await communes.find(session, visit.campaign.id, visit.text, TOWNS + 1)
    if not found:
        await visit.say(
            visit.words(
                "I know no town by “{typed}”. Try other letters, or its postcode.",
                typed=escape(visit.text[:LONGEST_ECHO]),
            ),
            [_elsewhere(visit)],
        )
        return True
    text = visit.words("Which one is it?")
    if len(found) > TOWNS:
        text += " " + visit.words("There are more: type more letters if yours is not here.")
    await _offer(visit, text, found[:TOWNS])
    return True


async def take_location(visit: Visit) -> bool:
    """A location: the nearest towns are offered, and nothing keeps where it was; False where none was asked for."""
    where = visit.update.message.location if visit.update.message else None
    if where is None or visit.step != WAIT_PLACE or visit.campaign is None or not await visit.takes_part():
        return False
    async with visit.house.database.read() as session:
        found = await communes.near(session, visit.campaign.id, where.latitude, where.longitude, TOWNS_NEAR)
    if found:
        await _offer(visit, visit.words("These towns are the nearest. Which one is it?"), found)
    else:
        await visit.say(
            visit.words("I know no town near there. Type a few letters of yours, or its postcode."), [_elsewhere(visit)]
        )
    return True


async def _offer(visit: Visit, text: str, found: Sequence[Commune]) -> None:
    """A button for each town. It carries the territory's number, so that a new list of towns changes no old button."""
    campaign, _ = _who(visit)
    async with visit.house.database.read() as session:
        names = {each.id: each.name for each in await installation.territories(session, campaign.id)}
    rows = [
        [button(f"{town.name} ({town.postcode}) · {names[town.territory_id]}", f"join:territory:{town.territory_id}:{campaign.id}")]
        for town in found
    ]  # fmt: skip
    await visit.say(text, [*rows, _elsewhere(visit)])


async def _welcome(visit: Visit) -> None:
    campaign, supporter = _who(visit)
    async with visit.house.database.read() as session:
        written_to = await has_consent(session, supporter.id, campaign.id, Purpose.contact)
    name = escape(visit.user.first_name)
    if written_to:
        text = visit.words("Welcome, {name}! You will get each message when it goes out. To begin:", name=name)
    else:
        text = visit.words(
            "Welcome, {name}! Nothing is sent to you: the messages wait under /posts. To begin:", name=name
        )
    await visit.say(f"🎉 {text}", menu(visit.words))
    if (followed := visit.data.pop(events.FROM_LINK, None)) is not None:  # the link that brought them here
        await visit.remember(visit.step)
        await events.show(visit, followed)
    await leaders.after_welcome(visit)


def menu(words: Words) -> Keyboard:
    return [
        [button("📣 " + words("Messages to share"), "menu:posts")],
        [button("🖼 " + words("Make my badge"), "menu:badge"), button("📊 " + words("My figures"), "menu:me")],
    ]
