"""What is typed is kept; pictures have credits and a focal point; posts have a version and choose who gets their kit."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sketch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("organizer_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_sketch_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organizer_id"], ["organizer.id"], name=op.f("fk_sketch_organizer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_sketch_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sketch")),
    )
    with op.batch_alter_table("sketch", schema=None) as batch_op:
        batch_op.create_index("ix_sketch_campaign_post", ["campaign_id", "post_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sketch_organizer_id"), ["organizer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sketch_post_id"), ["post_id"], unique=False)

    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.add_column(sa.Column("alt_required", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.add_column(sa.Column("credit", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("focus_x", sa.Integer(), nullable=False, server_default="50"))
        batch_op.add_column(sa.Column("focus_y", sa.Integer(), nullable=False, server_default="50"))
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("kit_language", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("kit_interest_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_post_kit_interest_id"), "interest", ["kit_interest_id"], ["id"], ondelete="SET NULL"
        )
