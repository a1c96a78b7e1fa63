"""Two versions of the program on one store: the newer waits until the older has ended, and the older does not go on under it."""

import shutil
from pathlib import Path

import pytest

from campaigns.models import PublicationState
from sandbox.client import SandboxClient
from tests.conftest import free_port
from tests.crew import Crew
from tests.program import ROOT, Program

NEXT = '''"""What the next version brings."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("anthem", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("campaign", "anthem")
'''


@pytest.fixture
def mended(program: Program, tmp_path: Path) -> Program:
    """The next version of the program, which changes no table, on the same store."""
    made = program.again()
    made.root = tmp_path / "newer"
    left_out = shutil.ignore_patterns("__pycache__", ".*", "tests", "docs", "bench", "var")
    shutil.copytree(ROOT, made.root, ignore=left_out)
    made.set(PORT=str(free_port()))
    return made


@pytest.fixture
def newer(mended: Program) -> Program:
    """The next version of the program, which has one migration more, on the same store."""
    versions = mended.root / "campaigns/migrations/versions"
    head = max(file.name for file in versions.glob("[0-9]*.py"))[:4]
    (versions / "next.py").write_text(NEXT.format(head=head), "utf-8")
    return mended


async def test_the_newer_is_refused_while_the_older_runs_then_upgrades_and_the_older_is_refused(
    program: Program, newer: Program, sandbox: SandboxClient
) -> None:
    await program.start()
    code, said = await newer.call("migrate")
    assert (code, "another Porte-voix, of an older version, runs on this database: stop it" in said) == (1, True), said
    assert await program.stop() == 0
    code, said = await newer.call("migrate")
    assert (code, "is ready" in said) == (0, True), said
    code, said = await program.call("run")
    assert (code, "written by a newer Porte-voix; update the program, or restore an older backup" in said) == (1, True)
    assert "Traceback" not in said


@pytest.mark.about_servers
@pytest.mark.parametrize("role", ["clock", "worker", "web", "bot"])
async def test_the_newer_is_refused_while_any_one_role_of_the_older_runs(
    program: Program, newer: Program, sandbox: SandboxClient, role: str
) -> None:
    crew = Crew(program, sandbox)
    process = await crew.start(role)
    code, said = await newer.call("run", "--role", role)
    assert (code, "another Porte-voix, of an older version, runs on this database: stop it" in said) == (1, True), said
    assert await process.stop() == 0
    code, said = await newer.call("migrate")
    assert code == 0, said


@pytest.mark.about_servers
async def test_a_version_that_changes_no_table_goes_in_process_by_process_and_comes_out_again(
    program: Program, mended: Program, sandbox: SandboxClient
) -> None:
    """As docs/deploy says: one of the new version first, then each in turn; the way back is the same."""
    crews = [Crew(program, sandbox), Crew(mended, sandbox)]
    channels, texts = await crews[0].channels(3), [f"Texte {n}" for n in range(10)]
    roles, coming = ("worker", "clock", "web", "bot"), iter(texts)
    running = {role: await crews[0].start(role) for role in roles}
    for to in (crews[1], crews[0]):
        await to.queue(channels, next(coming))
        more = await to.start("worker")
        for role in roles:
            await to.queue(channels, next(coming))
            assert await running[role].stop() == 0, running[role].output
            running[role] = await to.start(role)
        assert await more.stop() == 0, more.output
    await sandbox.wait_for_ledger(len(texts) * len(channels), service="telegram", within=60)
    for process in running.values():
        assert await process.stop() == 0, process.output
        assert "Traceback" not in process.output
    for channel in channels:
        assert await crews[0].accepted(channel) == texts
        assert await crews[0].states(channel) == [PublicationState.published] * len(texts)


SAID = (
    "the database was brought to version next while this program, of version .*, ran: it ends, and sends nothing more"
)


async def test_a_program_that_finds_another_version_under_it_ends_with_a_sentence(
    program: Program, sandbox: SandboxClient
) -> None:
    """Such as a backup that was restored while it ran, or an upgrade past its lock."""
    await program.start()
    program.ask("UPDATE alembic_version SET version_num = 'next'")
    await program.line(SAID)
    assert await program.ended() == 1
    assert "Traceback" not in program.output


@pytest.mark.about_servers
@pytest.mark.parametrize("role", ["clock", "worker", "web", "bot"])
async def test_each_role_that_finds_another_version_under_it_ends_with_a_sentence(
    program: Program, sandbox: SandboxClient, role: str
) -> None:
    process = await Crew(program, sandbox).start(role)
    program.ask("UPDATE alembic_version SET version_num = 'next'")
    await process.line(SAID)
    assert await process.ended() == 1
    assert "Traceback" not in process.output
