"""How often something was asked for of late, known to every process."""

import sqlalchemy as sa
from alembic import op

from campaigns.models import Moment

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "turns_taken",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_turns_taken_ends_at", "turns_taken", ["ends_at"])
