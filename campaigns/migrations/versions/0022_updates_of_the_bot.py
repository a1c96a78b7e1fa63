"""Updates of the bot that were handled, or that wait for their chat's turn."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bot_update",
        sa.Column("bot_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("update_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chat", sa.String(length=32), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bot_id", "update_id", name=op.f("pk_bot_update")),
    )
    waits = sa.text("chat IS NOT NULL")
    op.create_index("ix_bot_update_waiting", "bot_update", ["chat"], postgresql_where=waits, sqlite_where=waits)
    op.create_index(op.f("ix_bot_update_at"), "bot_update", ["at"])
