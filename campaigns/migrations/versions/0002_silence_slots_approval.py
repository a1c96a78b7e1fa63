"""Silence, late policies, slots, series, approval, costs, addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "mail_address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("territory_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token", sa.String(length=24), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unsubscribed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_mail_address_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_mail_address_territory_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_address")),
        sa.UniqueConstraint("campaign_id", "address", name=op.f("uq_mail_address_campaign_id_address")),
        sa.UniqueConstraint("token", name=op.f("uq_mail_address_token")),
    )
    with op.batch_alter_table("mail_address", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_address_territory_id"), ["territory_id"], unique=False)

    op.create_table(
        "polling_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("territory_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("saturday", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_polling_day_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_polling_day_territory_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_polling_day")),
    )
    with op.batch_alter_table("polling_day", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_polling_day_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_polling_day_territory_id"), ["territory_id"], unique=False)

    op.create_table(
        "silence_window",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("territory_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_silence_window_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_silence_window_territory_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence_window")),
    )
    with op.batch_alter_table("silence_window", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_silence_window_territory_id"), ["territory_id"], unique=False)
        batch_op.create_index("ix_silence_window_when", ["campaign_id", "ends_at"], unique=False)

    op.create_table(
        "approval",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("organizer_id", sa.Integer(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organizer_id"], ["organizer.id"], name=op.f("fk_approval_organizer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_approval_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "organizer_id", name=op.f("pk_approval")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("organizer_id", sa.Integer(), nullable=True),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_audit_campaign_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["organizer_id"], ["organizer.id"], name=op.f("fk_audit_organizer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_audit_post_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_organizer_id"), ["organizer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_post_id"), ["post_id"], unique=False)

    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sponsor_line", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("notice_url", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("approvals", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("near_vote_days", sa.Integer(), nullable=False, server_default="0"))

    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.add_column(sa.Column("slots", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("price_post", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("price_link", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("monthly_cap", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("daily_quota", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("told_resting_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("organizer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("telegram_id", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("link_code", sa.String(length=24), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_organizer_link_code"), ["link_code"])
        batch_op.create_unique_constraint(batch_op.f("uq_organizer_telegram_id"), ["telegram_id"])

    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.add_column(sa.Column("late_policy", sa.String(length=24), nullable=False, server_default="send"))
        batch_op.add_column(sa.Column("grace", sa.Integer(), nullable=False, server_default="60"))
        batch_op.add_column(sa.Column("recurrence", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("recurs_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("repeat_after", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("series_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("occurrence_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("wording", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_post_series_id"), ["series_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_post_series_id_occurrence_at"), ["series_id", "occurrence_at"])
        batch_op.create_foreign_key(batch_op.f("fk_post_series_id"), "post", ["series_id"], ["id"], ondelete="SET NULL")

    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cost", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("told_attempt", sa.Integer(), nullable=False, server_default="0"))
    # What failed before anybody was told is no news.
    op.execute("UPDATE publication SET told_attempt = attempts")
