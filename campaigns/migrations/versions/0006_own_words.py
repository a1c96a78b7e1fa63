"""What supporters write themselves for a post."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_wording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("supporter_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_own_wording_post_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["supporter_id"], ["supporter.id"], name=op.f("fk_own_wording_supporter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_wording")),
        sa.UniqueConstraint("post_id", "supporter_id", name=op.f("uq_own_wording_post_id_supporter_id")),
    )
    with op.batch_alter_table("own_wording", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_own_wording_supporter_id"), ["supporter_id"], unique=False)
