"""Acts may go when their months are over: what may count once stands apart; on PostgreSQL each month is a partition."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# The acts of older months lie in the partition for all else, and go row by row.
BACK, AHEAD = 60, 3  # months
COLUMNS = "id, campaign_id, supporter_id, post_id, kind, network, once, wording, at"


def upgrade() -> None:
    _counted_once()
    _wording_sum()
    if op.get_bind().dialect.name == "postgresql":
        _by_month()
    else:
        with op.batch_alter_table("engagement", schema=None) as batch_op:
            batch_op.drop_constraint("uq_engagement_once", type_="unique")


def _counted_once() -> None:
    op.create_table(
        "counted_once",
        sa.Column("once", sa.String(length=80), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("supporter_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_counted_once_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["supporter_id"], ["supporter.id"], name=op.f("fk_counted_once_supporter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("once", name=op.f("pk_counted_once")),
    )
    op.execute(
        "INSERT INTO counted_once (once, campaign_id, supporter_id) "
        "SELECT once, campaign_id, supporter_id FROM engagement WHERE once IS NOT NULL"
    )
    op.create_index(op.f("ix_counted_once_supporter_id"), "counted_once", ["supporter_id"])


def _wording_sum() -> None:
    op.create_table(
        "wording_sum",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("wording", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("with_visit", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_wording_sum_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "wording", name=op.f("pk_wording_sum")),
    )


def _by_month() -> None:
    """Copied into a partitioned table, which then takes the name, the sequence, the keys and the indices."""
    op.execute("CREATE SCHEMA engagement_months")
    op.execute("CREATE TABLE by_month (LIKE engagement INCLUDING DEFAULTS) PARTITION BY RANGE (at)")
    op.execute("CREATE TABLE engagement_months.other PARTITION OF by_month DEFAULT")
    for name, begin, end in _months():
        op.execute(
            f"CREATE TABLE engagement_months.{name} PARTITION OF by_month FOR VALUES FROM ('{begin}') TO ('{end}')"
        )
    op.execute(f"INSERT INTO by_month ({COLUMNS}) SELECT {COLUMNS} FROM engagement")  # noqa: S608 - of this file
    op.execute("ALTER SEQUENCE engagement_id_seq OWNED BY by_month.id")
    op.execute("DROP TABLE engagement")
    op.execute("ALTER TABLE by_month RENAME TO engagement")
    op.execute("ALTER TABLE engagement ADD CONSTRAINT pk_engagement PRIMARY KEY (id, at)")
    for of, then in (("campaign", "CASCADE"), ("supporter", "SET NULL"), ("post", "SET NULL")):
        op.create_foreign_key(f"fk_engagement_{of}_id", "engagement", of, [f"{of}_id"], ["id"], ondelete=then)
    op.create_index("ix_engagement_post", "engagement", ["post_id", "kind", "supporter_id", "wording"])
    op.create_index("ix_engagement_person", "engagement", ["supporter_id", "kind"])
    op.create_index("ix_engagement_campaign_id_at", "engagement", ["campaign_id", "at"])


def _months() -> list[tuple[str, str, str]]:
    """From that of the first act to some ahead of the server's clock, with their first days."""
    months = op.get_bind().execute(
        sa.text(
            "SELECT to_char(m, '\"m\"_YYYY_MM'), to_char(m, 'YYYY-MM-DD'),"  # noqa: S608 - numbers of this file
            " to_char(m + interval '1 month', 'YYYY-MM-DD')"
            " FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') AS this) AS clock, generate_series("
            "greatest(date_trunc('month', (SELECT least(min(at), now()) FROM engagement) AT TIME ZONE 'UTC'),"
            f" this - interval '{BACK} months'), this + interval '{AHEAD} months', interval '1 month') AS m"
        )
    )
    return [(row[0], row[1], row[2]) for row in months]
