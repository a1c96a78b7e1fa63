"""The themes that a campaign offers: which of them a person wants to hear of. Behind a button of /rhythm, each campaign by itself."""

from html import escape

from bot.visit import Keyboard, Visit, button
from campaigns import interests, supporters
from campaigns.models import Campaign


async def any_offered(visit: Visit, campaign: Campaign) -> bool:
    async with visit.house.database.read() as session:
        return bool(await interests.interests_of(session, campaign.id))


async def choose(visit: Visit, campaign: Campaign, interest_id: int | None) -> None:
    """Choose a theme or take the choice back, unless None; and show them all."""
    assert visit.supporter is not None  # noqa: S101 - who asks takes part
    async with visit.house.database.write() as session:
        place = await supporters.participation(session, visit.supporter.id, campaign.id)
        assert place is not None  # noqa: S101 - the same
        chosen = await interests.chosen_by(session, place)
        if interest_id is not None:
            chosen ^= {interest_id}
            await interests.choose_interests(session, place, chosen)
        offered = await interests.interests_of(session, campaign.id)
    _ = visit.words
    rows: Keyboard = [
        [button(("✅ " if each.id in chosen else "") + each.name, f"rhythm:theme:{each.id}:{campaign.id}")]
        for each in offered
    ]
    text = [
        f"<b>{escape(campaign.name)}</b> · " + _("Your themes"),
        _("Some messages go only to who chose their theme. Tap those that you want to hear of; nobody guesses them for you."),
    ]  # fmt: skip
    await visit.change_text("\n\n".join(text), [*rows, [button("◀ " + _("Back"), f"rhythm:all::{campaign.id}")]])
