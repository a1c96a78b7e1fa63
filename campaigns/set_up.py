"""What an admin sets of a campaign: its words and colours, who says yes, when its people are left in peace."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from badges import BadgeError
from campaigns.accounts import audit_account
from campaigns.badge_frames import frame_of
from campaigns.models import Campaign
from campaigns.posts import is_web_address
from campaigns.silence_windows import rebuild
from campaigns.times import TimeProblem, zone
from campaigns.words import Inclusive, mark

_ = mark
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
COLOURS = ("primary_colour", "secondary_colour", "text_colour")
MOST_APPROVALS, MOST_DAYS = 9, 60
LONGEST = {"name": 80, "slogan": 120, "about": 4000, "hashtag": 60, "sponsor_line": 200}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A field that cannot be stored: its name, and a msgid with values that says what to write; or a badge's own word."""

    field: str
    msgid: str
    values: dict[str, str]
    badge: BadgeError | None = None


class SetUpRefused(Exception):
    """Nothing was stored; `wrong` says why, field by field."""

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__(", ".join(each.field for each in wrong))
        self.wrong = wrong


def read(typed: dict[str, str]) -> tuple[dict[str, object], list[Wrong]]:
    """The columns out of what was typed, and what cannot be read. Every column is a field of that name."""
    found: dict[str, object] = {}
    wrong: list[Wrong] = []
    for name, limit in LONGEST.items():
        text = typed.get(name, "")
        found[name] = text.lstrip("#") if name == "hashtag" else text
        if len(text) > limit:
            wrong.append(Wrong(name, _("Write at most {n} characters."), {"n": str(limit)}))
    if not typed.get("name"):
        wrong.append(Wrong("name", _("Give the campaign a name."), {}))
    for name in COLOURS:
        found[name] = typed.get(name, "")
        if not COLOUR.fullmatch(typed.get(name, "")):
            wrong.append(Wrong(name, _("A colour is written as #C8102E."), {}))
    found["notice_url"] = typed.get("notice_url", "")
    if found["notice_url"] and not is_web_address(str(found["notice_url"])):
        wrong.append(
            Wrong("notice_url", _("This is not a web address: it begins with https:// and holds no space."), {})
        )
    for name, most in (
        ("approvals", MOST_APPROVALS),
        ("near_vote_days", MOST_DAYS),
        ("quiet_from", 23),
        ("quiet_until", 23),
    ):
        text = typed.get(name) or "0"
        found[name] = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
        if not 0 <= int(str(found[name])) <= most:
            wrong.append(Wrong(name, _("Write a number from 0 to {n}."), {"n": str(most)}))
    try:
        found["timezone"] = typed.get("timezone", "")
        zone(typed.get("timezone", ""))
    except TimeProblem:
        wrong.append(Wrong("timezone", _("Choose a time zone such as Europe/Paris."), {}))
    try:
        found["inclusive"] = Inclusive(typed.get("inclusive", ""))
    except ValueError:
        wrong.append(Wrong("inclusive", _("Choose one of the list."), {}))
    found["second_factor"] = typed.get("second_factor") == "yes"
    found["alt_required"] = typed.get("alt_required") == "yes"
    return found, wrong


async def change_campaign(
    session: AsyncSession,
    campaign_id: int,
    typed: dict[str, str],
    organizer_id: int,
    now: datetime,
    *,
    has_factor: bool,
) -> None:
    """Write what was typed, all of it or nothing; raises SetUpRefused. `has_factor`: whether the admin logs in with codes."""
    found, wrong = read(typed)
    campaign = await session.get_one(Campaign, campaign_id)
    if found["second_factor"] and not campaign.second_factor and not has_factor:
        wrong.append(Wrong("second_factor", _("Set up your own codes first: you would be asked for them at once."), {}))
    if wrong:
        raise SetUpRefused(wrong)
    before = {name: getattr(campaign, name) for name in found}
    tried = Campaign(slug=campaign.slug, name=str(found["name"]))
    for name, value in found.items():
        setattr(tried, name, value)
    try:
        frame_of(tried, "ring")  # its colours and its line must do on a badge
    except BadgeError as error:
        raise SetUpRefused([Wrong("sponsor_line", "", {}, error)]) from None
    for name, value in found.items():
        setattr(campaign, name, value)
    changed = sorted(name for name, value in found.items() if before[name] != value)
    if "timezone" in changed:
        await session.flush()
        await rebuild(session, campaign)
    if changed:
        audit_account(session, campaign_id, organizer_id, None, now, "campaign set up", ", ".join(changed))
