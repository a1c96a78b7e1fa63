"""How people want to be written to: quiet hours, so many messages a day, a digest, a pause. Territories' common goals."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.add_column(sa.Column("quiet_from", sa.Integer(), nullable=False, server_default="21"))
        batch_op.add_column(sa.Column("quiet_until", sa.Integer(), nullable=False, server_default="8"))

    with op.batch_alter_table("participation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("quiet_from", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("quiet_until", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("most_a_day", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("digest_at", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("broadcast", schema=None) as batch_op:
        batch_op.add_column(sa.Column("handed_out_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("handout", schema=None) as batch_op:
        batch_op.add_column(sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_index("ix_handout_state")
        batch_op.create_index("ix_handout_state", ["state", "not_before"], unique=False)

    with op.batch_alter_table("territory", schema=None) as batch_op:
        batch_op.add_column(sa.Column("goal", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("goal_kind", sa.String(length=24), nullable=True))
