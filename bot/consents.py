"""The questions before each yes, and /consents: one by one, each campaign by itself, given or taken back as one likes."""

from dataclasses import dataclass
from html import escape

from bot import badge_wishes
from bot.visit import Keyboard, Visit, button, number
from campaigns import consents, supporters
from campaigns.models import Campaign, Purpose
from campaigns.words import Words, mark

NAMES = {  # in the order in which they are shown
    Purpose.contact: ("✉️", mark("Write to you here")),
    Purpose.counting: ("📈", mark("Count what your shares bring")),
    Purpose.ranking: ("🏅", mark("Show you in the ranking")),
    Purpose.remembering: ("💾", mark("Remember your badge’s name and frame")),
    Purpose.wall: ("🧱", mark("Show your badge on the support wall")),
    Purpose.team: ("📇", mark("Let your section’s referents contact you")),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before a yes. When its text comes to mean something else, consents.WORDINGS gets a new version."""

    title: str
    text: str


QUESTIONS = {  # a place on the wall is asked for under the badge itself, as it will stand there
    Purpose.contact: Question(
        mark("May the campaign write to you here?"),
        mark(
            "We then keep your Telegram number, your first name and your language. This says something about your opinions: you can stop or erase everything at any time with /stop."
        ),
    ),
    Purpose.counting: Question(
        mark("May we count what your shares bring?"),
        mark(
            "Each message then carries a link of your own: you see how many visits it brought. Nothing is kept about who visits. If you say no, you get the same messages with plain links."
        ),
    ),
    Purpose.ranking: Question(
        mark("May you be shown in the ranking?"),
        mark(
            "The campaign’s other supporters then see your first name and your figures beside theirs. If you say no, they see nothing of you, and nothing else changes."
        ),
    ),
    Purpose.remembering: Question(
        mark("May I remember your badge’s name and frame?"),
        mark("Nothing else of the badge is kept. Next time, your photo is enough."),
    ),
    Purpose.team: Question(
        mark("May the referents of your section contact you?"),
        mark(
            "The two people who lead the section that you chose then see your first name, and can write to you on Telegram. If you say no, they see nothing of you, and nothing else changes."
        ),
    ),
}


def asked(words: Words, purpose: Purpose) -> list[str]:
    """The question before a yes, in Telegram's HTML: what is asked, and what it means."""
    question = QUESTIONS[purpose]
    return [f"<b>{words(question.title)}</b>", words(question.text)]


async def overview(visit: Visit) -> None:
    """/consents: what the person said yes and no to, in the campaign that the talk is about."""
    if visit.campaign is None or not await visit.takes_part():
        await visit.say(visit.words("First join the campaign: /start"))
        return
    await visit.say(*await _overview(visit, visit.campaign))


async def _overview(visit: Visit, campaign: Campaign) -> tuple[str, Keyboard]:
    assert visit.supporter is not None  # noqa: S101 - takes_part() said so
    async with visit.house.database.read() as session:
        held = await consents.held(session, visit.supporter.id, campaign.id)
        joined = await supporters.campaigns_of(session, visit.supporter.id)
    _, lines, rows = visit.words, [], []
    for purpose, (sign, name) in NAMES.items():
        consent = held.get(purpose)
        since = _.moment(consent.given_at, campaign.timezone, "d MMMM y") if consent else ""
        answer = _("yes, since {date}", date=since) if consent else _("no")
        lines.append(f"{'✅' if consent else '▫️'} {_(name)}\N{NO-BREAK SPACE}– {answer}")
        rows.append([button(f"{sign} {_(name)}", f"consent:ask:{purpose}:{campaign.id}")])
    rows += [[button(f"↪ {other.name}", f"consent:all::{other.id}")] for other in joined if other.id != campaign.id]
    text = [
        f"<b>{escape(campaign.name)}</b> · " + _("What you agreed to"),
        "\n".join(lines),
        _("Each stands alone, and for this campaign only. Tap one to change it."),
        _("To leave: /stop. To erase everything: /delete"),
    ]
    return "\n\n".join(text), rows


async def tapped(visit: Visit) -> None:
    """consent:ACTION:PURPOSE:CAMPAIGN, of a campaign that the person takes part in."""
    _, action, value, about = (*visit.tapped, "", "", "")[:4]
    async with visit.house.database.read() as session:
        visit.campaign = await session.get(Campaign, number(about) or 0)
    if visit.campaign is None or visit.supporter is None or not await visit.takes_part():
        await visit.answer(visit.words("First join the campaign: /start"), alert=True)
        return
    purpose = next((each for each in NAMES if each == value), None)
    if action == "ask" and purpose is not None:
        await visit.change_text(*await _one(visit, visit.campaign, purpose))
        return
    if purpose is not None and (action == "no" or (action == "yes" and purpose in QUESTIONS)):
        async with visit.house.database.write() as session:
            wanted = {purpose} if action == "yes" else set()
            now = visit.house.clock()
            await supporters.set_consents(session, visit.supporter, visit.campaign.id, wanted, now, among={purpose})
        if purpose is Purpose.wall:
            await badge_wishes.is_off_the_wall(visit)
        await visit.answer(visit.words("Noted: yes.") if wanted else visit.words("Noted: no. It holds from now on."))
    await visit.change_text(*await _overview(visit, visit.campaign))


async def _one(visit: Visit, campaign: Campaign, purpose: Purpose) -> tuple[str, Keyboard]:
    """One purpose with its question, and the one button that changes the answer."""
    assert visit.supporter is not None  # noqa: S101 - tapped() saw to it
    async with visit.house.database.read() as session:
        agreed = purpose in await consents.held(session, visit.supporter.id, campaign.id)
    _, (sign, name) = visit.words, NAMES[purpose]
    back = [button("◀ " + _("Back"), f"consent:all::{campaign.id}")]
    text = [f"<b>{escape(campaign.name)}</b>"]
    if purpose in QUESTIONS:
        text += asked(_, purpose)
    else:
        text += [f"{sign} <b>{_(name)}</b>"]
    if agreed:
        change = button("↩ " + _("Take my yes back"), f"consent:no:{purpose}:{campaign.id}")
        return "\n\n".join([*text, "✅ " + _("You said yes.")]), [[change], back]
    if purpose not in QUESTIONS:
        return "\n\n".join([*text, _("You are asked once your badge is finished: /badge")]), [back]
    change = button("✅ " + _("Yes"), f"consent:yes:{purpose}:{campaign.id}")
    return "\n\n".join(text), [[change], back]
