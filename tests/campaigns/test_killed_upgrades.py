"""An upgrade that is killed at any step leaves the store as it was, and the next start does all of it."""

import os
import signal
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, inspect
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from campaigns.database import DatabaseProblem, _alembic, migrate, version_here, version_of
from tests.stores import ask, connected

OLD = "0001"


@pytest.fixture
def old_url(blank_url: str) -> str:
    """The address of a store of the first version."""
    with connected(blank_url) as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, OLD)
    return blank_url


def killed(url: str, nth: int, of: str) -> bool:
    """Upgrade in a process of its own, which ends by kill -9 before its nth statement with these words; False: it came to the end."""
    child = os.fork()
    if not child:
        left = nth

        def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            nonlocal left
            left -= of in statement
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", count)
        try:
            migrate(url)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def state(url: str) -> tuple[str | None, list[str]]:
    """The version that a store says to have, and its tables."""
    with connected(url) as connection:
        return version_of(connection), sorted(inspect(connection).get_table_names())


@pytest.mark.parametrize(
    ("of", "step", "least"),
    [
        ("UPDATE alembic_version", 1, 23),  # each boundary between two migrations, and the last one
        ("", 97, 3),  # in the middle of any
    ],
)
def test_an_upgrade_that_is_killed_leaves_the_store_as_it_was_and_the_next_one_ends(
    old_url: str, of: str, step: int, least: int
) -> None:
    before, kills = state(old_url), 0
    while killed(old_url, 1 + kills * step, of):
        assert state(old_url) == before
        kills += 1
    assert kills >= least
    migrate(old_url)
    assert state(old_url)[0] == version_here()
    with connected(old_url) as connection:
        opts = {"compare_type": False, "render_as_batch": True}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_store_of_which_only_a_part_was_restored_is_not_taken_for_whole(store_url: str) -> None:
    ask(store_url, "DROP TABLE turns_taken")
    with pytest.raises(DatabaseProblem, match=r"lacks the table turns_taken, .* restore the whole backup"):
        migrate(store_url)
