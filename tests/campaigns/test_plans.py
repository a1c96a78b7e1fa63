"""The hot queries, as PostgreSQL means to run them on a campaign of some size: each by an index, and no table is read through."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from sqlalchemy import JSON, Boolean, DateTime, Integer, event, text
from sqlmodel import SQLModel

from campaigns import (
    engagement,
    figures,
    file_requests,
    handouts,
    health,
    post_lists,
    posts,
    publications,
    rollups,
    share_links,
)
from campaigns.database import Database
from campaigns.dialects import Worded
from campaigns.handouts import Run
from campaigns.models import Campaign, Post, PostState
from campaigns.people import Wanted, list_people
from campaigns.post_lists import When
from campaigns.publications import Begin
from campaigns.share_links import Followed
from tests.stores import connected

pytestmark = pytest.mark.about_servers
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
PEOPLE, POSTS, ACTS = 8_000, 2_000, 40_000
# Of each table how many rows, and what stands in their n-th; what is not named is empty, 0 or NOW.
ROWS: dict[str, tuple[int, dict[str, str]]] = {
    "campaign": (2, {"slug": "'c' || n", "timezone": "'Europe/Paris'", "inclusive": "'point'"}),
    "channel": (6, {"campaign_id": "1", "name": "'K' || n", "network": "'telegram'"}),
    "supporter": (PEOPLE, {"telegram_id": "n", "first_name": "'Maëlle ' || n", "language": "'fr'"}),
    "participation": (PEOPLE, {"supporter_id": "n", "campaign_id": "1", "invite_code": "'i' || n"}),
    "consent": (PEOPLE, {"supporter_id": "n", "campaign_id": "1", "purpose": "'counting'"}),
    "post": (
        POSTS,
        {
            "campaign_id": "1",
            "state": "'scheduled'",
            "share_kit": "true",
            "late_policy": "'send'",
            "timezone": "'Europe/Paris'",
            "publish_at": f"timestamptz '{NOW}' + (n - {POSTS} / 2) * interval '1 hour'",
            "handed_out_at": f"CASE WHEN n <> {POSTS} / 2 THEN timestamptz '{NOW}' END",
        },
    ),
    "publication": (
        POSTS * 6,
        {
            "post_id": "1 + (n - 1) / 6",
            "channel_id": "1 + n % 6",
            "state": f"CASE WHEN n < {POSTS} * 3 - 20 THEN 'published' ELSE 'queued' END",
            "due_at": f"timestamptz '{NOW}' + ((n - 1) / 6 - {POSTS} / 2) * interval '1 hour'",
            "sent_parts": "'[]'",
        },
    ),
    "file_request": (
        POSTS,
        {
            "campaign_id": "1",
            "kind": "'report_pdf'",
            "state": "CASE WHEN n % 400 = 0 THEN 'queued' ELSE 'ready' END",
        },
    ),
    "handout": (
        PEOPLE * 4,
        {
            "post_id": f"1 + (n - 1) / {PEOPLE}",
            "supporter_id": f"1 + n % {PEOPLE}",
            "state": "CASE WHEN n % 1000 = 0 THEN 'queued' ELSE 'sent' END",
            "not_before": "NULL",
        },
    ),
    "share_link": (
        PEOPLE * 2,
        {
            "campaign_id": "1",
            "post_id": f"1 + (n - 1) / {PEOPLE}",
            "supporter_id": f"1 + n % {PEOPLE}",
            "token": "'t' || n",
            "open_token": "'o' || n",
            "destination": "'https://exemple.fr'",
        },
    ),
    "engagement": (
        ACTS,
        {
            "campaign_id": "1",
            "supporter_id": f"1 + n % {PEOPLE}",
            "post_id": f"1 + n % {POSTS}",
            "kind": "'visit'",
            "at": f"timestamptz '{NOW}' - n * interval '12 seconds'",
        },
    ),
    "tally": (PEOPLE, {"supporter_id": "n", "campaign_id": "1", "kind": "'visit'", "count": "n % 50"}),
    "post_tally": (
        POSTS * 5,
        {
            "post_id": "1 + (n - 1) / 5",
            "kind": "(ARRAY['visit', 'opened', 'copied', 'received', 'recruited'])[1 + n % 5]",
            "count": "n",
        },
    ),
}
# The name of each index of a month, and that of the whole table's; of each month with rows, and the table's.
OF_PARTITIONS = """
    SELECT part.relname, whole.relname FROM pg_inherits
    JOIN pg_class part ON part.oid = inhrelid JOIN pg_class whole ON whole.oid = inhparent
    WHERE part.relkind = 'i'
"""
EMPTY = ((Integer, "0"), (Boolean, "false"), (JSON, "'{}'"), (DateTime, f"timestamptz '{NOW}'"))


@pytest.fixture(scope="module")
def filled(stores, tmp_path_factory) -> Iterator[str]:
    with stores.fresh(tmp_path_factory.mktemp("plans")) as url:
        with connected(url) as connection:
            for name, (number, given) in ROWS.items():
                table = SQLModel.metadata.tables[name]
                own = {c.name for c in table.primary_key} if "id" in table.columns else set()
                empty = {
                    c.name: next((value for kind, value in EMPTY if isinstance(_plain(c.type), kind)), "''")
                    for c in table.columns
                    if not c.nullable and c.name not in own
                }
                values = {name: value for name, value in (empty | given).items() if value != "NULL"}
                connection.execute(
                    text(
                        f"INSERT INTO {name} ({', '.join(values)}) "
                        f"SELECT {', '.join(values.values())} FROM generate_series(1, {number}) n ON CONFLICT DO NOTHING"
                    )
                )
            connection.execute(text(f"UPDATE rollup_mark SET engagement_id = {ACTS} - 50"))
        with connected(url) as connection:
            connection.execute(text("ANALYZE"))
        yield url


def _plain(kind):
    return getattr(kind, "impl", kind)


async def plans_of(url, ask) -> str:
    """How the server means to run all that a use case asks it."""
    database, asked = Database(url), []

    async def told(worded, session, **values):
        asked.append((worded.sent.decode(), values))
        return await rows(worded, session, **values)

    rows = Worded.rows
    try:
        async with database.write() as session:
            engine = session.get_bind()
            listen = (engine, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
            event.listen(*listen)
            with mock.patch.object(Worded, "rows", told):  # these go to the driver itself
                await ask(session)
            event.remove(*listen)
            connection = await session.connection()
            plans = []
            for statement, values in asked:
                if statement.startswith(("SELECT pg_", "DROP")):
                    continue
                every = values if isinstance(values, list) else [values]
                lines = await connection.exec_driver_sql(f"EXPLAIN {statement}", every[0] if every else None)
                plans.append("\n".join(line for (line,) in lines))
            for part, whole in await connection.exec_driver_sql(OF_PARTITIONS):
                plans = [re.sub(rf"\b{part}\b", whole, plan) for plan in plans]
            await session.rollback()
    finally:
        await database.close()
    assert plans
    return "\n\n".join(plans)


async def claim(session):
    due = await publications.due_on(session, [1], NOW, 5)
    assert all(await publications.write_steps(session, [Begin(number, NOW) for number in due[1]]))


async def follow(session):
    visits = [Followed(f"t{number}", f"{number:032x}", NOW) for number in range(1, 40)]
    assert all(await share_links.follow_all(session, visits))


async def hand_out(session):
    post = await session.get_one(Post, POSTS // 2)
    found = await handouts.candidates(session, Run(post), NOW, after=PEOPLE // 2, limit=50)
    claims = [handouts.Claim(Run(post), one.participation_id, one.supporter.id) for one in found]
    await handouts.write(session, claims, NOW)


# What is asked, the index that serves it, and the tables that must not be read through.
HOT = {
    "which channels have something due": (
        lambda session: publications.channels_with_work(session, NOW),
        "ix_publication_channel_due",
        "publication",
    ),
    "what is due on a channel": (
        lambda session: publications.due_on(session, [1, 2], NOW, 5),
        "ix_publication_channel_due",
        "publication",
    ),
    "what is late, for /healthz": (lambda session: health.look(session, NOW), "ix_publication_due", "publication"),
    "the claim of publications": (claim, "pk_publication", "publication"),
    "which files are to be made": (
        lambda session: file_requests.due(session, NOW),
        "ix_file_request_due",
        "file_request",
    ),
    "the claim of a file": (
        lambda session: file_requests.claim(session, "worker 1", NOW),
        "ix_file_request_due",
        "file_request",
    ),
    "which share kits go out now": (lambda session: handouts.runs(session, NOW), "ix_handout_state", "handout"),
    "the claim of handouts": (hand_out, "uq_handout_post_id_supporter_id", "handout participation"),
    "links that are followed": (follow, "uq_share_link_token", "share_link consent click"),
    "a card's own link": (
        lambda session: share_links.find_card_link(session, "o7"),
        "uq_share_link_open_token",
        "share_link",
    ),
    "the figures of a person": (lambda session: engagement.counts_of(session, 7, 1), "pk_tally", "tally"),
    "the figures of a page of posts": (
        lambda session: engagement.counts_of_posts(session, range(1, 26)),
        "pk_post_tally",
        "post_tally",
    ),
    "the people with the most visits": (
        lambda session: engagement.counts_of_supporters(session, 1, 20),
        "ix_tally_leaders",
        "tally supporter",
    ),
    "acts that are not summed up yet": (lambda session: rollups.behind(session), "pk_engagement", "engagement"),
    "a page of the posts that come": (
        lambda session: post_lists.page_of_posts(session, 1, post_lists.Wanted(When.coming), NOW, limit=25),
        "ix_post_campaign_publish",
        "",
    ),
    "a page of the posts in a state": (
        lambda session: post_lists.page_of_posts(
            session, 1, post_lists.Wanted(state=PostState.submitted), NOW, limit=25
        ),
        "ix_post_campaign_state",
        "post",
    ),
    "the publications of a page of posts": (
        lambda session: posts.publications_of(session, list(range(1, 26))),
        "uq_publication_post_id_channel_id",
        "publication",
    ),
    "who took part lately": (
        lambda session: list_people(session, Wanted(1, active_since=NOW - timedelta(minutes=20))),
        "ix_engagement_campaign_id_at",
        "engagement",
    ),
}


def served(plans: str, index: str, whole: str) -> None:
    assert index in plans, plans
    for table in whole.split():
        assert f"Seq Scan on {table} " not in plans, plans


@pytest.mark.parametrize("what", HOT)
async def test_a_hot_query_is_served_by_its_index(filled, what):
    ask, index, whole = HOT[what]
    served(await plans_of(filled, ask), index, whole)


async def test_without_its_index_a_query_reads_the_table_through(filled):
    """The test above can fail."""

    async def ask(session):
        await session.execute(text("DROP INDEX ix_engagement_campaign_id_at"))
        await list_people(session, Wanted(1, active_since=NOW - timedelta(minutes=20)))

    with pytest.raises(AssertionError):
        served(await plans_of(filled, ask), "ix_engagement_campaign_id_at", "engagement")


async def test_a_question_of_a_few_days_looks_into_no_month_before_them(filled):
    since = NOW - timedelta(minutes=20)
    campaign = Campaign(id=1, slug="c1", name="C", timezone="Europe/Paris")

    async def ask(session):
        await list_people(session, Wanted(1, active_since=since))

    plans = await plans_of(filled, ask)
    assert "m_2026_12" in plans
    assert "m_2026_11" not in plans.replace("2026-11", ""), plans
    older = await plans_of(filled, lambda session: figures.weeks_of(session, 7, campaign, NOW))
    assert "m_2026_11" in older  # the question before can fail
    assert "ix_engagement_person" in older
