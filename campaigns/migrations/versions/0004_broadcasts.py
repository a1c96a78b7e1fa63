"""Broadcasts, their handouts, and the interests that people choose."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "interest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_interest_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interest")),
        sa.UniqueConstraint("campaign_id", "name", name=op.f("uq_interest_campaign_id_name")),
    )
    op.create_table(
        "broadcast",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("organizer_id", sa.Integer(), nullable=True),
        sa.Column("supporter_id", sa.Integer(), nullable=True),
        sa.Column("approver_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("territory_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("interest_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["approver_id"], ["organizer.id"], name=op.f("fk_broadcast_approver_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_broadcast_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["interest_id"], ["interest.id"], name=op.f("fk_broadcast_interest_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organizer_id"], ["organizer.id"], name=op.f("fk_broadcast_organizer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["supporter_id"], ["supporter.id"], name=op.f("fk_broadcast_supporter_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_broadcast_territory_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
    )
    with op.batch_alter_table("broadcast", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_broadcast_approver_id"), ["approver_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_broadcast_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_broadcast_interest_id"), ["interest_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_broadcast_organizer_id"), ["organizer_id"], unique=False)
        batch_op.create_index("ix_broadcast_state", ["state", "started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_broadcast_supporter_id"), ["supporter_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_broadcast_territory_id"), ["territory_id"], unique=False)

    op.create_table(
        "chosen_interest",
        sa.Column("participation_id", sa.Integer(), nullable=False),
        sa.Column("interest_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interest_id"], ["interest.id"], name=op.f("fk_chosen_interest_interest_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["participation_id"],
            ["participation.id"],
            name=op.f("fk_chosen_interest_participation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("participation_id", "interest_id", name=op.f("pk_chosen_interest")),
    )
    with op.batch_alter_table("chosen_interest", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_chosen_interest_interest_id"), ["interest_id"], unique=False)

    with op.batch_alter_table("handout", schema=None) as batch_op:
        batch_op.add_column(sa.Column("broadcast_id", sa.Integer(), nullable=True))
        batch_op.alter_column("post_id", existing_type=sa.Integer(), nullable=True)
        batch_op.create_index("ix_handout_broadcast_state", ["broadcast_id", "state"], unique=False)
        batch_op.create_unique_constraint(
            batch_op.f("uq_handout_broadcast_id_supporter_id"), ["broadcast_id", "supporter_id"]
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_handout_one_thing"), "(post_id IS NULL) <> (broadcast_id IS NULL)"
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_handout_broadcast_id"), "broadcast", ["broadcast_id"], ["id"], ondelete="CASCADE"
        )

    # A post counted as handed out when its handouts were written; from now on when they have been sent.
    op.execute("UPDATE post SET handed_out_at = NULL WHERE id IN (SELECT post_id FROM handout WHERE state = 'queued')")
