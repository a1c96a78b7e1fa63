"""Whether a frame is offered to who makes a badge."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("frame", schema=None) as batch_op:
        batch_op.add_column(sa.Column("in_use", sa.Boolean(), nullable=False, server_default=sa.true()))
