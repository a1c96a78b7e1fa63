"""/mydata: what is stored of a person, in words, and every row of it as a file."""

from datetime import datetime
from html import escape

from telegram import InputFile

from bot import consents
from bot.about_me import FIGURES
from bot.missions import report_lines
from bot.rhythm import how_often, quiet_hours
from bot.visit import Visit, in_messages, patiently
from campaigns.mission_reports import Report
from campaigns.models import Kind, Purpose
from campaigns.own_data import OwnData, Row, as_json, own_data
from campaigns.words import LANGUAGES, mark

COUNTED = (  # what is counted without being a figure of /me comes behind those
    *FIGURES,
    (Kind.wording_changed, "🔄", mark("Other wordings asked for: {n}")),
    (Kind.copied, "📋", mark("Texts copied: {n}")),
    (Kind.badge_downloaded, "📥", mark("Badges taken in full quality: {n}")),
)
# The tables that are told of below; of any other the person hears how many rows it holds, and finds them in the file.
TOLD = frozenset(
    [
        "supporter",
        "participation",
        "consent",
        "chosen_interest",
        "broadcast",
        "handout",
        "share_link",
        "engagement",
        "counted_once",
        "tally",
        "wall_badge",
        "own_wording",
        "mission_signup",
        "event_signup",
        "signup_message",
        "suggestion",
        "dialogue",
        "organizer",
        "territory_leader",
        "broadcast_watch",
        "chat_menu",
    ]
)
SHORT = 60  # characters of a message that the person wrote; the file has the whole of it


async def show(visit: Visit) -> None:
    """/mydata: a message for the person, one for each campaign they joined, and the file. Who stopped may ask, too."""
    async with visit.house.database.read() as session:
        data = await own_data(session, visit.user.id)
    if not data:
        await visit.say(visit.words("Nothing about you is stored here."))
        return
    for lines in (_person(visit, data), *(_campaign(visit, data, row) for row in data.rows.get("participation", []))):
        for text in in_messages(lines):
            await visit.say(text)
    file = InputFile(as_json(data, visit.house.clock()), visit.words("my-data.json"))
    caption = visit.words("Every row that is stored about you, as a file that other programs can read.")
    erase = visit.words("To erase everything: /delete")
    await patiently(
        lambda: visit.bot.send_document(visit.chat.id, file, f"{caption}\n{erase}", disable_content_type_detection=True)
    )


def _person(visit: Visit, data: OwnData) -> list[str]:
    _ = visit.words
    lines = ["🗂 <b>" + _("What is stored about you") + "</b>", ""]
    for person in data.rows.get("supporter", []):
        lines += [
            "• " + _("Telegram number: {number}", number=person["telegram_id"]),
            "• " + _("First name: {name}", name=escape(person["first_name"])),
            "• " + _("Language: {language}", language=LANGUAGES[person["language"]]),
            "• " + _("Here since {date}", date=_day(visit, person["created_at"])),
        ]
    sent = len(data.rows.get("handout", []))
    if sent:
        lines.append("• " + _.many("{n} message was sent to you", "{n} messages were sent to you", sent))
    for own in data.rows.get("own_wording", []):
        values = {"post": escape(data.name("post", own["post_id"])), "text": escape(_short(own["text"]))}
        lines.append("• " + _("Your own words for “{post}”: “{text}”", **values))
    for signup in data.rows.get("mission_signup", []):
        lines += _mission(visit, data, signup)
    for coming in data.rows.get("event_signup", []):
        lines.append(_event(visit, data, coming))
    if messages := len(data.rows.get("signup_message", [])):
        lines.append(
            "• "
            + _.many("{n} message about what you signed up for", "{n} messages about what you signed up for", messages)
        )
    for idea in data.rows.get("suggestion", []):
        lines.append("• " + _("Your idea: “{text}”", text=escape(_short(idea["text"]))))
        if idea["answer"] is not None:
            lines.append("  " + _("the team’s answer: “{text}”", text=escape(idea["answer"])))
    for written in data.rows.get("broadcast", []):
        lines.append("• " + _("A message that you wrote: “{text}”", text=escape(_short(written["text"]))))
    for seat in data.rows.get("territory_leader", []):
        values = {
            "territory": escape(data.name("territory", seat["territory_id"])),
            "date": _day(visit, seat["accepted_at"]),
        }
        lines.append("• " + _("You are a referent of {territory}, since {date}", **values))
    if "broadcast_watch" in data.rows:
        lines.append("• " + _("Which message here shows how far your message to your territory is"))
    if "chat_menu" in data.rows:
        lines.append("• " + _("Which commands this chat shows beside everybody’s"))
    if "dialogue" in data.rows:
        lines.append("• " + _("Where this conversation stands, so that it can go on"))
    for organizer in data.rows.get("organizer", []):
        lines.append("• " + _("You are an organizer: {email}", email=escape(organizer["email"])))
    for table in sorted(data.rows.keys() - TOLD):
        lines.append("• " + _("{n} more under “{table}”, in the file", n=len(data.rows[table]), table=table))
    lines += [
        "",
        _("Not stored: your photos, your phone number, your contacts, where you are, who visits your links."),
    ]
    return lines


def _mission(visit: Visit, data: OwnData, signup: Row) -> list[str]:
    _ = visit.words
    values = {
        "mission": escape(data.name("mission", signup["mission_id"])),
        "date": _day(visit, signup["signed_up_at"]),
    }
    lines = ["• " + _("Mission “{mission}”: signed up on {date}", **values)]
    if signup["reported_at"] is not None:
        said = Report(signup["doors"], signup["talks"], signup["leaflets"], _short(signup["remark"]))
        lines.append("  " + _("your report: {report}", report=escape(" · ".join(report_lines(_, said)))))
    return lines


def _event(visit: Visit, data: OwnData, coming: Row) -> str:
    _ = visit.words
    values = {
        "event": escape(data.name("event", coming["event_id"])),
        "date": _day(visit, coming["signed_up_at"]),
    }
    line = "• " + _("Event “{event}”: signed up on {date}", **values)
    town = data.name("event_bus", coming["bus_id"])
    return line + (", " + _("by the bus from {town}", town=escape(town)) if town else "")


def _campaign(visit: Visit, data: OwnData, place: Row) -> list[str]:
    _, campaign_id = visit.words, place["campaign_id"]
    lines = [f"<b>{escape(data.name('campaign', campaign_id))}</b>", ""]
    lines.append("• " + _("Joined on {date}", date=_day(visit, place["joined_at"])))
    if place["stopped_at"]:
        lines.append("• " + _("Stopped on {date}: no more messages", date=_day(visit, place["stopped_at"])))
    if section := data.name("territory", place["territory_id"]):
        lines.append("• " + _("Territory: {name}", name=escape(section)))
    lines.append("• " + _("Your invitation’s code: {code}", code=escape(place["invite_code"])))
    lines += _rhythm(visit, place)
    if place["badge_name"] is not None:
        name = escape(place["badge_name"] or "–")
        lines.append("• " + _("Your last badge: name “{name}”, frame “{frame}”", name=name, frame=place["badge_frame"]))
    interests = [
        escape(data.name("interest", row["interest_id"]))
        for row in data.rows.get("chosen_interest", [])
        if row["participation_id"] == place["id"]
    ]
    if interests:
        lines.append("• " + _("Interests: {names}", names=", ".join(interests)))
    if data.of_campaign("wall_badge", campaign_id):
        lines.append("• " + _("Your badge stands on the support wall"))
    lines += _agreed(visit, data.of_campaign("consent", campaign_id))
    return lines + _done(visit, data, campaign_id)


def _rhythm(visit: Visit, place: Row) -> list[str]:
    """How they want to be written to, as far as they chose it."""
    _, lines = visit.words, []
    if place["quiet_from"] is not None:
        lines.append(quiet_hours(_, place["quiet_from"], place["quiet_until"]))
    if place["most_a_day"] is not None or place["digest_at"] is not None:
        lines.append(how_often(_, place["most_a_day"], place["digest_at"]))
    if place["paused_until"] is not None:
        lines.append(_("Paused until {moment}", moment=_day(visit, place["paused_until"])))
    return ["• " + line for line in lines]


def _agreed(visit: Visit, rows: list[Row]) -> list[str]:
    """Each yes with its day, the version of its wording and, where there is one, its end."""
    _, lines = visit.words, ["", "<b>" + visit.words("What you agreed to") + "</b>"]
    for row in rows:
        name = _(consents.NAMES[Purpose(row["purpose"])][1])
        given = _("{what}: yes on {date} (wording “{version}”)", what=name, date=_day(visit, row["given_at"]), version=row["wording"])  # fmt: skip
        taken = ", " + _("taken back on {date}", date=_day(visit, row["withdrawn_at"])) if row["withdrawn_at"] else ""
        lines.append(f"• {given}{taken}")
    return lines if rows else []


def _done(visit: Visit, data: OwnData, campaign_id: int) -> list[str]:
    """What was counted, and the links that count it."""
    _ = visit.words
    counts = {Kind(row["kind"]): row["count"] for row in data.of_campaign("tally", campaign_id)}
    acts, links = data.of_campaign("engagement", campaign_id), data.of_campaign("share_link", campaign_id)
    if not acts and not links and not counts:
        return []
    lines = ["", "<b>" + _("What was counted") + "</b>"]
    lines += [f"• {sign} {_(text, n=counts[kind])}" for kind, sign, text in COUNTED if counts.get(kind)]
    lines.append("• " + _.many("{n} act with its time", "{n} acts with their times", len(acts)))
    if sum(counts.values()) > len(acts):
        lines.append("• " + _("What lies further back is a part of these sums, and its times are erased."))
    if marks := data.of_campaign("counted_once", campaign_id):
        lines.append("• " + _.many("{n} mark against counting twice", "{n} marks against counting twice", len(marks)))
    lines.append("• " + _.many("{n} link of your own", "{n} links of your own", len(links)))
    return lines


def _day(visit: Visit, moment: str) -> str:
    zone = visit.campaign.timezone if visit.campaign else "UTC"
    return visit.words.moment(datetime.fromisoformat(moment), zone, "d MMMM y")


def _short(text: str) -> str:
    return text if len(text) <= SHORT else text[:SHORT].rstrip() + "…"
