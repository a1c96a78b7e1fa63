"""Referents of territories, the messages that show how far a broadcast is, and the menus of chats."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "territory_leader",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("territory_id", sa.Integer(), nullable=False),
        sa.Column("supporter_id", sa.Integer(), nullable=True),
        sa.Column("link_code", sa.String(length=24), nullable=True),
        sa.Column("most_a_day", sa.Integer(), nullable=False),
        sa.Column("appointed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["supporter_id"], ["supporter.id"], name=op.f("fk_territory_leader_supporter_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_territory_leader_territory_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_territory_leader")),
        sa.UniqueConstraint("link_code", name=op.f("uq_territory_leader_link_code")),
        sa.UniqueConstraint("territory_id", "supporter_id", name=op.f("uq_territory_leader_territory_id_supporter_id")),
    )
    with op.batch_alter_table("territory_leader", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_territory_leader_supporter_id"), ["supporter_id"], unique=False)

    op.create_table(
        "broadcast_watch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("broadcast_id", sa.Integer(), nullable=False),
        sa.Column("organizer_id", sa.Integer(), nullable=True),
        sa.Column("supporter_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(organizer_id IS NULL) <> (supporter_id IS NULL)", name=op.f("ck_broadcast_watch_one_person")
        ),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcast.id"], name=op.f("fk_broadcast_watch_broadcast_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organizer_id"], ["organizer.id"], name=op.f("fk_broadcast_watch_organizer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["supporter_id"], ["supporter.id"], name=op.f("fk_broadcast_watch_supporter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_watch")),
        sa.UniqueConstraint("broadcast_id", "organizer_id", name=op.f("uq_broadcast_watch_broadcast_id_organizer_id")),
        sa.UniqueConstraint("broadcast_id", "supporter_id", name=op.f("uq_broadcast_watch_broadcast_id_supporter_id")),
    )
    with op.batch_alter_table("broadcast_watch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_broadcast_watch_organizer_id"), ["organizer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_broadcast_watch_supporter_id"), ["supporter_id"], unique=False)

    op.create_table(
        "chat_menu",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_chat_menu")),
    )

    with op.batch_alter_table("organizer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("language", sa.String(), nullable=False, server_default="fr"))
