"""Alembic's entry; the connection comes from campaigns.database.migrate."""

from typing import Any, Literal

from alembic import context
from sqlmodel import AutoString, SQLModel

from campaigns.models import Choice, Moment


def plain_types(kind: str, item: Any, _autogen: object) -> str | Literal[False]:
    """A migration must not change when the code does: write SQLAlchemy's own types into it."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Choice | AutoString):
        return f"sa.String(length={item.impl.length})" if isinstance(item, Choice) else "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    render_item=plain_types,
)
with context.begin_transaction():
    context.run_migrations()
