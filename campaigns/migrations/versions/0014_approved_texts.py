"""What a post said when it was approved, so that whoever must approve it again sees what changed."""

import sqlalchemy as sa
from alembic import op

from campaigns.models import Moment

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approved_text",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("approved_at", Moment(timezone=True), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_approved_text_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_approved_text")),
    )
