"""What /me shows beside the sums: weeks in a row, the section's common goal, a ranking of who agreed to it, a chart."""

import asyncio
from datetime import datetime, time
from html import escape
from zoneinfo import ZoneInfo

from telegram import InlineKeyboardMarkup
from telegram.constants import ParseMode

from badges.chart import Chart, Figure, draw_chart
from bot.visit import Keyboard, Visit, patiently
from campaigns.figures import DRAWN, LONGEST_STREAK, Goal, Ranking, Weeks
from campaigns.models import Campaign, Kind
from campaigns.words import Words, mark
from networks.limits import TELEGRAM_CAPTION, utf16_units

CELLS = 10  # of a goal's bar
MEDALS = {1: "🥇", 2: "🥈", 3: "🥉"}
NAMES = {
    Kind.opened: mark("Share windows opened"),
    Kind.said_shared: mark("Shares you told us of"),
    Kind.visit: mark("Visits through your links"),
}
COUNTED = {
    Kind.said_shared: mark("shares told"),
    Kind.visit: mark("visits"),
    Kind.badge_made: mark("badges made"),
    Kind.recruited: mark("people brought in"),
}


def lines(words: Words, weeks: Weeks, goal: Goal | None, ranking: Ranking | None) -> list[str]:
    """In Telegram's HTML, each part behind an empty line."""
    said: list[str] = []
    if weeks.streak >= LONGEST_STREAK:
        said += ["", "🔥 " + words("{n} weeks in a row, or more", n=f"<b>{LONGEST_STREAK}</b>")]
    elif weeks.streak > 1:
        said += ["", "🔥 " + words.many("{n} week in a row", "{n} weeks in a row", weeks.streak)]
    if goal is not None:
        said += ["", *_goal(words, goal)]
    if ranking is not None:
        said += ["", *_ranking(words, ranking)]
    return said


def _goal(words: Words, goal: Goal) -> list[str]:
    full = min(CELLS, goal.reached * CELLS // goal.wanted)
    values = {"reached": words.number(goal.reached), "wanted": words.number(goal.wanted)}
    far = words("{reached} of {wanted}", **values)
    if goal.reached >= goal.wanted:
        far = words("Reached! {reached} of {wanted}", **values)
    return [
        "🎯 <b>" + words("Together, {territory}", territory=escape(goal.territory)) + "</b>",
        f"{'▰' * full}{'▱' * (CELLS - full)} {far} · {words(COUNTED[goal.kind])}",
    ]


def _ranking(words: Words, ranking: Ranking) -> list[str]:
    title = words("Ranking of the campaign, by visits")
    if ranking.territory:
        title = words("Ranking of {territory}, by visits", territory=escape(ranking.territory))
    people = words("among {n} people who agreed to be shown", n=words.number(ranking.people))
    said = [f"🏅 <b>{title}</b>", people]
    you = words("you")
    for each in ranking.shown:
        name = f"<b>{escape(each.name)}</b> ({you})" if each.oneself else escape(each.name)
        sign = MEDALS.get(each.place, f"{each.place}.")
        said.append(f"{sign} {name}\N{NO-BREAK SPACE}– {words.number(each.visits)}")
    return said


async def send(visit: Visit, campaign: Campaign, text: str, keyboard: Keyboard, weeks: Weeks) -> None:
    """The figures, under their chart where there is anything to draw."""
    if not weeks:
        await visit.say(text, keyboard)
        return
    chart = _chart(visit.words, campaign, weeks)
    async with visit.house.renders:
        picture = await asyncio.to_thread(draw_chart, chart)
    markup = InlineKeyboardMarkup(keyboard) if keyboard else None
    if utf16_units(text) <= TELEGRAM_CAPTION:
        await patiently(
            lambda: visit.bot.send_photo(visit.chat.id, picture, text, parse_mode=ParseMode.HTML, reply_markup=markup)
        )
        return
    await patiently(lambda: visit.bot.send_photo(visit.chat.id, picture))
    await visit.say(text, keyboard)


def _chart(words: Words, campaign: Campaign, weeks: Weeks) -> Chart:
    days = [datetime.combine(monday, time(12), ZoneInfo("UTC")) for monday in weeks.mondays]
    last = words("Your last {n} weeks", n=len(days))
    return Chart(
        title=f"{campaign.name} · {last}",
        weeks=tuple(words.moment(day, "UTC", "d MMM") for day in days),
        figures=tuple(
            Figure(words(NAMES[kind]), words.number(sum(weeks.counts[kind])), weeks.counts[kind]) for kind in DRAWN
        ),
        primary=campaign.primary_colour,
        secondary=campaign.secondary_colour,
        text=campaign.text_colour,
    )
