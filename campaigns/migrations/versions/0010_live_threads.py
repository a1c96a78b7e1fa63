"""Live threads, and what the bot told organizers of a post."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.add_column(sa.Column("thread_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_post_thread_id"), ["thread_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_post_thread_id"), "post", ["thread_id"], ["id"], ondelete="SET NULL")
    # What was decided before is no news; what waits for a yes is.
    op.execute("UPDATE post SET told_at = created_at WHERE state <> 'submitted'")
