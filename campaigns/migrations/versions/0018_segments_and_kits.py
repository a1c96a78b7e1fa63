"""Segments under a name, the links of sections' kits, and people by their first names."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_segment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("territory_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("interest_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_saved_segment_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_saved_segment_territory_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["interest_id"], ["interest.id"], name=op.f("fk_saved_segment_interest_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_segment")),
        sa.UniqueConstraint("campaign_id", "name", name=op.f("uq_saved_segment_campaign_id_name")),
    )
    op.create_index(op.f("ix_saved_segment_territory_id"), "saved_segment", ["territory_id"])
    op.create_index(op.f("ix_saved_segment_interest_id"), "saved_segment", ["interest_id"])
    with op.batch_alter_table("share_link", schema=None) as batch_op:
        batch_op.add_column(sa.Column("territory_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_share_link_territory_id"), "territory", ["territory_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index("ix_supporter_first_name", "supporter", ["first_name"])
    with op.batch_alter_table("engagement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_engagement_campaign_id"))
        batch_op.create_index("ix_engagement_campaign_id_at", ["campaign_id", "at"])
