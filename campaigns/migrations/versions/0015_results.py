"""What the networks report, and counts by hour, day and month, summed from the acts that are there."""

from collections import Counter
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEYS = {
    "campaign_hour": ("campaign_id", "day", "hour", "kind"),
    "post_hour": ("post_id", "day", "hour", "kind"),
    "territory_tally": ("campaign_id", "span", "since", "kind", "territory_id"),
}


def upgrade() -> None:
    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.add_column(sa.Column("metrics_cap", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("metrics_month", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("metrics_spent", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.add_column(sa.Column("measure_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_index("ix_publication_channel_due")
        due = ["channel_id", "state", "due_at", "id", "sent_at"]
        batch_op.create_index("ix_publication_channel_due", due, unique=False)
    with op.batch_alter_table("engagement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wording", sa.Integer(), nullable=True))
        batch_op.drop_index("ix_engagement_post")
        batch_op.create_index("ix_engagement_post", ["post_id", "kind", "supporter_id", "wording"], unique=False)
    op.create_index("ix_dialogue_campaign_updated", "dialogue", ["campaign_id", "updated_at"])
    _metrics()
    _counts()
    _sum_up()


def _metrics() -> None:
    for name, own in (
        ("metric", sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False)),
        ("metric_day", sa.Column("day", sa.Date(), nullable=False)),
    ):
        key = ("publication_id", "kind", "day") if name == "metric_day" else ("publication_id", "kind")
        op.create_table(
            name,
            sa.Column("publication_id", sa.Integer(), nullable=False),
            sa.Column("kind", sa.String(length=24), nullable=False),
            own,
            sa.Column("value", sa.Integer(), nullable=False),
            sa.ForeignKeyConstraint(
                ["publication_id"], ["publication.id"], name=op.f(f"fk_{name}_publication_id"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
        )

    op.create_table(
        "channel_reach",
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_channel_reach_channel_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", "day", "kind", name=op.f("pk_channel_reach")),
        sqlite_with_rowid=False,
    )


def _counts() -> None:
    columns: dict[str, list[tuple[str, Any]]] = {
        "campaign_hour": [("campaign_id", sa.Integer()), ("day", sa.Date()), ("hour", sa.Integer())],
        "post_hour": [("post_id", sa.Integer()), ("day", sa.Date()), ("hour", sa.Integer())],
        "territory_tally": [("campaign_id", sa.Integer()), ("span", sa.String(length=24)), ("since", sa.Date())],
    }
    for name, own in columns.items():
        own = [*own, ("kind", sa.String(length=24))]
        own += [("territory_id", sa.Integer())] if name == "territory_tally" else []
        of = [column.removesuffix("_id") for column, _kind in own if column.endswith("_id")]
        op.create_table(
            name,
            *(sa.Column(column, kind, nullable=False) for column, kind in own),
            sa.Column("count", sa.Integer(), nullable=False),
            *(
                sa.ForeignKeyConstraint([f"{o}_id"], [f"{o}.id"], name=op.f(f"fk_{name}_{o}_id"), ondelete="CASCADE")
                for o in of
            ),
            sa.PrimaryKeyConstraint(*KEYS[name], name=op.f(f"pk_{name}")),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "territory_people",
        sa.Column("territory_id", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_territory_people_territory_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("territory_id", name=op.f("pk_territory_people")),
    )
    op.create_table(
        "rollup_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("engagement_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollup_mark")),
    )
    op.create_index(op.f("ix_territory_tally_territory_id"), "territory_tally", ["territory_id"])


def _sum_up() -> None:
    """By the hour of UTC first, so that few rows come here; a territory is where the person is now."""
    connection = op.get_bind()
    zones = {row[0]: _zone(row[1]) for row in connection.execute(sa.text("SELECT id, timezone FROM campaign"))}
    hour = {
        "sqlite": "substr(e.at, 1, 13) || ':00:00'",
        "postgresql": "to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:00:00')",
    }[connection.dialect.name]
    place = "LEFT JOIN participation p ON p.supporter_id = e.supporter_id AND p.campaign_id = e.campaign_id"
    sums = {name: Counter[tuple[object, ...]]() for name in KEYS}
    for group in ("e.post_id", "p.territory_id"):
        acts = connection.execute(
            sa.text(
                f"SELECT e.campaign_id, {group}, e.kind, {hour}, count(*) FROM engagement e "  # noqa: S608 - of this file
                f"{place if group.startswith('p.') else ''} GROUP BY 1, 2, 3, 4"
            )
        )
        for campaign, of, kind, at, number in acts:
            moment = datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(zones[campaign])
            day = moment.date()
            if group == "e.post_id":
                sums["campaign_hour"][campaign, day, moment.hour, kind] += number
                if of is not None:
                    sums["post_hour"][of, day, moment.hour, kind] += number
            elif of is not None:
                sums["territory_tally"][campaign, "day", day, kind, of] += number
                sums["territory_tally"][campaign, "month", day.replace(day=1), kind, of] += number
    for name, counts in sums.items():
        _write(name, counts)
    last = "SELECT 1, coalesce(max(id), 0) FROM engagement"
    connection.execute(sa.text(f"INSERT INTO rollup_mark (id, engagement_id) {last}"))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:  # this machine lacks it: an hour or two off is better than no upgrade
        return UTC


def _write(name: str, counts: "Counter[tuple[object, ...]]") -> None:
    columns = [*KEYS[name], "count"]
    values = ", ".join(f":{column}" for column in columns)
    statement = sa.text(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({values})")  # noqa: S608 - of this file
    rows = [dict(zip(columns, (*map(_plain, key), number), strict=True)) for key, number in counts.items()]
    for start in range(0, len(rows), 50_000):
        op.get_bind().execute(statement, rows[start : start + 50_000])


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
