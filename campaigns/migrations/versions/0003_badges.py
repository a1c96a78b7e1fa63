"""Frames of a territory, the badge that the bot remembers, the support wall."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("frame", schema=None) as batch_op:
        batch_op.add_column(sa.Column("territory_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_frame_territory_id"), ["territory_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_frame_territory_id"), "territory", ["territory_id"], ["id"], ondelete="CASCADE"
        )

    with op.batch_alter_table("participation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("badge_name", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("badge_frame", sa.String(), nullable=True))

    op.create_table(
        "wall_badge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("supporter_id", sa.Integer(), nullable=True),
        sa.Column("territory_id", sa.Integer(), nullable=True),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.String(length=24), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_wall_badge_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["supporter_id"], ["supporter.id"], name=op.f("fk_wall_badge_supporter_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_wall_badge_territory_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wall_badge")),
        sa.UniqueConstraint("campaign_id", "supporter_id", name=op.f("uq_wall_badge_campaign_id_supporter_id")),
        sa.UniqueConstraint("token", name=op.f("uq_wall_badge_token")),
    )
    with op.batch_alter_table("wall_badge", schema=None) as batch_op:
        batch_op.create_index("ix_wall_badge_shown", ["campaign_id", "shown_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_wall_badge_supporter_id"), ["supporter_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_wall_badge_territory_id"), ["territory_id"], unique=False)
