"""Events with their buses, who comes, and what they are told of it; missions that are called off."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("mission", schema=None) as batch_op:
        batch_op.add_column(sa.Column("called_off_at", sa.DateTime(timezone=True), nullable=True))

    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("territory_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("reminders", sa.JSON(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("called_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_event_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_event_territory_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("code", name=op.f("uq_event_code")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_campaign_starts", ["campaign_id", "starts_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_territory_id"), ["territory_id"], unique=False)

    op.create_table(
        "event_bus",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("town", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("leaves_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_bus_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_bus")),
    )
    with op.batch_alter_table("event_bus", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_bus_event_id"), ["event_id"], unique=False)

    op.create_table(
        "event_signup",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("supporter_id", sa.Integer(), nullable=True),
        sa.Column("bus_id", sa.Integer(), nullable=True),
        sa.Column("signed_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_signup_event_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["supporter_id"], ["supporter.id"], name=op.f("fk_event_signup_supporter_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["bus_id"], ["event_bus.id"], name=op.f("fk_event_signup_bus_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_signup")),
        sa.UniqueConstraint("event_id", "supporter_id", name=op.f("uq_event_signup_event_id_supporter_id")),
    )
    with op.batch_alter_table("event_signup", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_signup_bus_id"), ["bus_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_signup_supporter_id"), ["supporter_id"], unique=False)

    op.create_table(
        "signup_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_signup_id", sa.Integer(), nullable=True),
        sa.Column("mission_signup_id", sa.Integer(), nullable=True),
        sa.Column("supporter_id", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.String(length=24), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("needed_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(event_signup_id IS NULL) <> (mission_signup_id IS NULL)", name=op.f("ck_signup_message_one_thing")
        ),
        sa.ForeignKeyConstraint(
            ["event_signup_id"],
            ["event_signup.id"],
            name=op.f("fk_signup_message_event_signup_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["mission_signup_id"],
            ["mission_signup.id"],
            name=op.f("fk_signup_message_mission_signup_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["supporter_id"], ["supporter.id"], name=op.f("fk_signup_message_supporter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signup_message")),
        sa.UniqueConstraint(
            "event_signup_id", "occasion", "due_at", name=op.f("uq_signup_message_event_signup_id_occasion_due_at")
        ),
        sa.UniqueConstraint(
            "mission_signup_id", "occasion", "due_at", name=op.f("uq_signup_message_mission_signup_id_occasion_due_at")
        ),
    )
    with op.batch_alter_table("signup_message", schema=None) as batch_op:
        batch_op.create_index("ix_signup_message_state", ["state", "not_before"], unique=False)
        batch_op.create_index(batch_op.f("ix_signup_message_supporter_id"), ["supporter_id"], unique=False)
