"""What a supporter may wish for a finished badge, each with its own consent: that we remember it, that the wall shows it."""

import asyncio
from dataclasses import replace
from html import escape

from telegram import InlineKeyboardButton

from badges import Output
from bot.badge_draft import Draft, draft_of, keep
from bot.badge_look import draw, render
from bot.frame_carousel import section_of
from bot.visit import Keyboard, Visit, button, number
from campaigns import supporters, wall
from campaigns.consents import has_consent
from campaigns.models import Campaign, Frame, Purpose

WALL = "wall"  # in Draft.sent: the badge as it stands hangs there


async def remember(visit: Visit, draft: Draft, frame: Frame) -> None:
    """Keep name and frame where the person agreed to that; else ask, until they said no."""
    if visit.supporter is None or visit.campaign is None or not await visit.takes_part():
        return
    async with visit.house.database.write() as session:
        who = session, visit.supporter.id, visit.campaign.id
        if await has_consent(*who, Purpose.remembering):
            await supporters.remember_badge(*who, draft.name or "", frame.design)
            return
    if visit.data.get("forgetful") or visit.data.get("asked") == draft.began:
        return
    _ = visit.words
    text = "💾 " + _(
        "Shall I remember the name and the frame of your badge, and nothing else, so that next time your photo is enough? /me makes me forget them."
    )
    asked = visit.campaign.id
    yes, no = (
        button(_("Yes, remember"), f"badge:keep:yes:{asked}"),
        button(_("No, thank you"), f"badge:keep:no:{asked}"),
    )
    await visit.say(text, [[yes, no]])
    await visit.remember(visit.step, asked=draft.began)


async def remember_answered(visit: Visit, draft: Draft | None, frame: Frame | None, parts: list[str]) -> None:
    answer, about = (*parts, "", "")[:2]
    await visit.change_keyboard(None)
    if not await _speaks_of(visit, about):
        return
    assert visit.supporter is not None and visit.campaign is not None  # noqa: S101 - _speaks_of() said so
    if answer != "yes":
        await visit.remember(visit.step, forgetful=True)
        await visit.say(visit.words("Understood: I remember nothing of your badge."))
        return
    asked = {Purpose.remembering}
    async with visit.house.database.write() as session:
        await supporters.set_consents(
            session, visit.supporter, visit.campaign.id, asked, visit.house.clock(), among=asked
        )
        if draft is not None and frame is not None and draft.name is not None:
            await supporters.remember_badge(session, visit.supporter.id, visit.campaign.id, draft.name, frame.design)
    await visit.say("💾 " + visit.words("I will remember. Next time, send a photo: your badge comes at once."))


async def ask_wall(visit: Visit, draft: Draft) -> None:
    """What will be seen, as it will stand there, before the yes."""
    if visit.campaign is None or visit.supporter is None or not await visit.takes_part():
        await visit.answer(visit.words("First join the campaign: /start"), alert=True)
        return
    if WALL in draft.sent:
        await visit.answer(visit.words("It is on the wall already."))
        return
    _, section = visit.words, await section_of(visit)
    text = [
        "🧱 <b>" + _("May your badge stand on the support wall?") + "</b>",
        _("Everybody can see there, in small, this badge, and with it:"),
        f"<b>{escape(wall.shown_name(visit.user.first_name))}</b>" + (f" · {escape(section.name)}" if section else ""),
        _(
            "This shows your opinion. You can take it down at any time, with one tap here or in /me; it is gone at once."
        ),
    ]
    rows = [[button("✅ " + _("Yes, show it"), "badge:wall:yes")], [button(_("No, thank you"), "badge:wall:no")]]
    message_id = await visit.say("\n\n".join(text), rows)
    await keep(visit, visit.step, replace(draft, messages=(*draft.messages[:2], message_id)))


async def put_up(visit: Visit, draft: Draft, frame: Frame) -> None:
    """The yes: the badge is made small and hangs on the wall."""
    campaign, supporter = visit.campaign, visit.supporter
    if campaign is None or supporter is None or not await visit.takes_part():
        await visit.answer(visit.words("First join the campaign: /start"), alert=True)
        return
    if WALL not in draft.sent:
        drawing, section = await draw(visit, frame), await section_of(visit)
        format = "profile" if "profile" in drawing.formats else "square"
        [badge] = await render(visit, draft, drawing, [Output(format, "PNG")])
        picture = await asyncio.to_thread(wall.small, badge)
        async with visit.house.database.write() as session:
            await wall.put_up(
                session,
                campaign,
                first_name=visit.user.first_name,
                picture=picture,
                territory_id=section.id if section else None,
                supporter=supporter,
                language=visit.words.language,
                now=visit.house.clock(),
            )
            visit.data["badge"] = {**visit.data["badge"], "sent": [*draft.sent, WALL]}
            await visit.remember_in(session)
    text = "🧱 " + visit.words("Your badge stands on the support wall. Thank you!")
    if visit.house.settings.public_url:
        text += f"\n{escape(f'{visit.house.settings.site_url}/c/{campaign.slug}/wall')}"
    await visit.change_text(text, [[take_down_button(visit, campaign)]])


async def refuse_wall(visit: Visit) -> None:
    await visit.change_text(visit.words("Understood: your badge does not stand on the wall."))


def take_down_button(visit: Visit, campaign: Campaign) -> InlineKeyboardButton:
    """Good at any time, whatever became of the badge's photo."""
    return button("🗑 " + visit.words("Take my badge off the wall"), f"badge:down:{campaign.id}")


def buttons_to_withdraw(visit: Visit, campaign: Campaign, agreed: set[Purpose]) -> Keyboard:
    """For each of these consents that holds, the one tap that takes it back."""
    rows = []
    if Purpose.wall in agreed:
        rows.append([take_down_button(visit, campaign)])
    if Purpose.remembering in agreed:
        forget = visit.words("Forget my badge's name and frame")
        rows.append([button(f"🗑 {forget}", f"badge:forget:{campaign.id}")])
    return rows


async def withdraw(visit: Visit, purpose: Purpose, about: str) -> None:
    """Take back the yes to the wall, or to being remembered: what rests on it goes at once."""
    if visit.supporter is None or (campaign_id := number(about)) is None:
        return
    async with visit.house.database.write() as session:
        await supporters.set_consents(session, visit.supporter, campaign_id, (), visit.house.clock(), among={purpose})
    if purpose is Purpose.wall:
        await is_off_the_wall(visit)
    await visit.change_keyboard(None)
    if purpose is Purpose.wall:
        await visit.say(visit.words("Done: your badge no longer stands on the wall."))
    else:
        await visit.say(visit.words("Done: I remember nothing of your badge."))


async def is_off_the_wall(visit: Visit) -> None:
    """The badge in hand, if there is one, may be put up again."""
    if (draft := draft_of(visit)) is not None:
        await keep(visit, visit.step, replace(draft, sent=tuple(each for each in draft.sent if each != WALL)))


async def _speaks_of(visit: Visit, about: str) -> bool:
    """Turn to the campaign under whose question the button stood; whether the person takes part in it."""
    async with visit.house.database.read() as session:
        visit.campaign = await session.get(Campaign, number(about) or 0)
    return await visit.takes_part()
