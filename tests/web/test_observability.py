"""/metrics counts what this process does; what the dashboard and the alarms ask for is in it, and each alarm can be looked up."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import update
from telegram import Update

from badges import PhotoRefused
from bot import handling
from bot.handling import Handling
from campaigns.counts import Counts
from campaigns.models import Publication
from campaigns.spread import Spread
from tests.web.test_health import asking, figures

DOCS = Path(__file__).parents[2] / "docs"
BOARD = json.loads((DOCS / "observability/dashboard.json").read_text("utf-8"))
RULES = yaml.safe_load((DOCS / "observability/alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
UNFURLER = "TelegramBot (like TwitterBot)"
Visit = Callable[..., httpx.AsyncClient]


async def test_requests_are_counted_by_template_and_class_and_never_by_path(world: Any, visit: Visit) -> None:
    app = world.app()
    async with visit(app) as browser:
        for path in (f"/s/{world.link.token}", "/c/orne/badge", "/c/nobody/badge", "/nowhere/Zoé", "/api/v1/me"):
            await browser.get(path)
        await browser.request("PISSENLIT", "/c/orne/badge")
        await browser.get("/static/nothing-here.css")
    seen = await figures(app)
    requests = {key[1:]: value for key, value in seen.items() if key[0] == "portevoix_requests_total"}
    assert requests == {
        ("/s/{token}", "3xx"): 1,
        ("/c/{slug}/badge", "2xx"): 1,
        ("/c/{slug}/badge", "4xx"): 2,
        ("elsewhere", "4xx"): 1,
        ("/api/v1/me", "4xx"): 1,
        ("/static", "4xx"): 1,
    }
    assert seen["portevoix_request_seconds_bucket", "+Inf"] == seen["portevoix_request_seconds_count",] == 7


async def test_share_links_are_counted_by_who_follows_them(world: Any, visit: Visit) -> None:
    app = world.app()
    async with visit(app) as person:
        await person.get(f"/s/{world.link.token}")
        await person.head(f"/s/{world.link.token}")
        await person.get("/s/cut")
        await person.get(f"/s/{world.link.token}", headers={"User-Agent": UNFURLER})
    seen = await figures(app)
    followed = {key[1]: value for key, value in seen.items() if key[0] == "portevoix_share_redirects_total"}
    assert followed == {"person": 1, "uncounted": 1, "nowhere": 1, "unfurler": 1}


async def test_a_badge_of_the_page_is_counted_and_timed(world: Any) -> None:
    counts = Counts()
    with counts.badge("page"):
        pass
    with pytest.raises(PhotoRefused), counts.badge("bot"):
        raise PhotoRefused("no photo")
    with pytest.raises(RuntimeError), counts.badge("page"):
        raise RuntimeError
    seen = await figures(world.app(counts=counts))
    badges = {key[1:]: value for key, value in seen.items() if key[0] == "portevoix_badges_total"}
    assert badges == {("made", "page"): 1, ("refused", "bot"): 1, ("failed", "page"): 1}
    assert seen["portevoix_badge_seconds_count",] == 3


async def test_updates_are_counted_by_kind_and_end(world: Any) -> None:
    counts, during = Counts(), []

    async def process(update: Update) -> None:
        during.append(counts.updates_in_hand)
        if update.update_id == 2:
            handling.ended(handling.FAILED)  # as a conversation says that caught it
        if update.update_id == 3:
            raise RuntimeError

    handle = Handling(counts, process)
    chat = {"id": 5, "type": "private"}
    for number in (1, 2, 3):
        told = Update.de_json({"update_id": number, "message": {"message_id": 1, "date": 0, "chat": chat}}, None)
        if number == 3:
            with pytest.raises(RuntimeError):
                await handle(told)
        else:
            await handle(told)
    seen = await figures(world.app(counts=counts))
    updates = {key[1:]: value for key, value in seen.items() if key[0] == "portevoix_updates_total"}
    assert updates == {("message", "handled"): 1, ("message", "failed"): 2}
    assert during == [1, 1, 1] and seen["portevoix_updates_in_hand",] == 0
    assert seen["portevoix_update_seconds_count",] == 3


async def test_messages_of_broadcasts_are_counted_by_outcome(world: Any) -> None:
    counts = Counts()
    for outcome in ("sent", "sent", "failed"):
        counts.message(outcome)
    seen = await figures(world.app(counts=counts))
    assert (seen["portevoix_messages_total", "sent"], seen["portevoix_messages_total", "failed"]) == (2, 1)


async def test_what_is_due_is_counted_by_channel_also_where_it_rests(world: Any) -> None:
    async with world.database.write() as session:
        await session.execute(update(Publication).values(due_at=world.clock() - timedelta(minutes=1)))
    seen = await figures(world.app())
    assert seen["portevoix_publications_due", "orne", "Canal", "telegram"] == 1


async def test_a_write_that_waits_is_seen_to(world: Any) -> None:
    before = await figures(world.app())
    async with world.database.write():
        pass
    seen = await figures(world.app())
    assert seen["portevoix_write_wait_seconds_count",] == before["portevoix_write_wait_seconds_count",] + 1
    assert seen["portevoix_writes_waiting",] == 0


def test_a_spread_counts_what_took_no_longer_than_each_bound() -> None:
    spread = Spread((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7):
        spread.add(seconds)
    assert spread.buckets() == [("0.1", 2.0), ("1.0", 3.0), ("+Inf", 4.0)] and spread.total == 7.65


def asked() -> list[tuple[str, str]]:
    """Where something is asked for, and the expression."""
    of_board = [(panel["title"], each["expr"]) for panel in BOARD["panels"] for each in panel.get("targets", ())]
    of_variables = [(each["name"], each.get("definition", "")) for each in BOARD["templating"]["list"]]
    return of_board + of_variables + [(rule["alert"], rule["expr"]) for rule in RULES]


async def test_every_metric_that_dashboard_and_alarms_name_is_in_metrics(world: Any, visit: Visit) -> None:
    app = world.app(counts=Counts())
    async with visit(app) as browser:
        await browser.get("/c/orne/badge")
    async with asking(app) as browser:
        said = (await browser.get("/metrics")).text
    names = set(re.findall(r"^# TYPE (\S+)", said, re.M)) | set(re.findall(r"^(portevoix_\w+)", said, re.M))
    named = {(where, name) for where, expression in asked() for name in re.findall(r"portevoix_\w+", expression)}
    assert len(named) > 30
    assert {(where, name) for where, name in named if name not in names} == set()


def test_the_dashboard_names_no_source_of_its_own() -> None:
    targets = [each for panel in BOARD["panels"] for each in (panel, *panel.get("targets", ())) if "datasource" in each]
    assert targets and all(each["datasource"]["uid"] == "${datasource}" for each in targets)
    assert BOARD["schemaVersion"] >= 36 and len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alarm_has_its_section_in_the_runbook(rule: dict[str, Any]) -> None:
    """What it means, what to look at, what to do."""
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", (DOCS / "runbook.md").read_text("utf-8"), re.M | re.S))
    assert rule["alert"] in sections and len(sections) == len(RULES)
    for part in ("**Means**", "**Look**", "**Do**"):
        assert part in sections[rule["alert"]]
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
    assert rule["labels"]["severity"] in ("critical", "warning") and rule["annotations"]["summary"]
