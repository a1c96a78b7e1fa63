"""Programs that are forked end as those that are started: with the same code, and the same words."""

import asyncio
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.forks import ROOT, forks, surroundings
from tests.program import Program

ENDINGS = {
    "in good order": "print('done')",
    "with a code": "sys.exit(3)",
    "with a sentence": "sys.exit('a sentence')",
    "by an error": "1 / 0",
    "by Ctrl-C": "raise KeyboardInterrupt",
    "by a signal": "os.kill(os.getpid(), 9)",
    "past all handlers": "os._exit(5)",
}
SHOW = """
import atexit, gc, os, sys, threading
atexit.register(print, 'at exit')
print(sys.argv, __name__, os.getcwd(), sys.path, sys.stdin.read(), gc.isenabled(), threading.active_count())
print(sorted(os.environ.items()), sys.stdout.isatty(), sys.stdout.encoding, sys.stdout.line_buffering)
print('to the other one', file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["campaigns", "list"],  # does its work
        ["campaigns", "set", "--inclusive", "dots"],  # a mistake that the command line sees
        ["channels", "add", "nowhere", "Canal"],  # one that the command sees
        ["--help"],
    ],
)
async def test_a_forked_command_prints_and_ends_as_one_that_is_started(program: Program, arguments: list[str]) -> None:
    await program.call("campaigns", "add", "La Région qui ose")
    forked = await program.call(*arguments)
    program.forked = False
    assert await program.call(*arguments) == forked


async def test_a_forked_program_answers_and_is_ended_as_one_that_is_started(program: Program) -> None:
    await program.call("campaigns", "add", "La Région qui ose")
    seen = []
    for forked in (True, False):
        stopped, killed = program.again(), program.again()
        for each in (stopped, killed):
            each.forked = forked
            await each.start()
            await each.said("Nobody can log in yet")  # the last that it has to say
            async with httpx.AsyncClient() as client:
                seen.append((await client.get(f"{each.site}/healthz")).status_code)
            if each is killed:
                each.signal(signal.SIGKILL)
            seen += [await (each.ended() if each is killed else each.stop()), _without_what_changes(each.output)]
    assert seen[:6] == seen[6:]
    assert [seen[0], seen[1], seen[3], seen[4]] == [200, 0, 200, -signal.SIGKILL]


def _without_what_changes(said: str) -> list[str]:
    """Its lines, in whatever order they came, without ports and keys."""
    return sorted(re.sub(r"key=\S+|\d+", "…", said).splitlines())


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
async def test_a_fork_ends_as_a_process_does(tmp_path: Path, end: str) -> None:
    script = tmp_path / "run_bot.py"
    script.write_text(SHOW + end)
    environment = {**surroundings(), "PORTEVOIX_HOST": "here"}
    started = await asyncio.create_subprocess_exec(
        sys.executable, script, "a", "b c",
        cwd=tmp_path, env=environment, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await started.communicate()
    code, said = await forks().call(["a", "b c"], environment, str(tmp_path), script)
    # What was forked found the program's folder first in sys.path, not the script's; and its tracebacks begin earlier.
    assert code == started.returncode
    assert _without_frames(said) == _without_frames(
        output.decode().replace(f"['{tmp_path}', '{ROOT}'", f"['{ROOT}', '{ROOT}'")
    )


def _without_frames(said: str) -> list[str]:
    return [line for line in said.splitlines() if not line.startswith("  ")]


async def test_other_surroundings_and_other_code_are_started_anew(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {**surroundings(), "PORTEVOIX_PORT": "1"}
    assert forks().fit(plain)
    assert not forks().fit({**plain, "LD_PRELOAD": "libfaketime"})
    assert not forks().fit({**plain, "TZ": "Europe/Paris"})
    monkeypatch.setattr("tests.program.forks", pytest.fail)
    program.root = program.folder / "newer"
    code, said = await program.call("--help")
    assert code == 2 and "can't open file" in said


async def test_forks_run_side_by_side(tmp_path: Path) -> None:
    script = tmp_path / "run_bot.py"
    script.write_text(
        "import os, sys, time\nopen(sys.argv[1], 'w')\nwhile not os.path.exists(sys.argv[2]):\n    time.sleep(0.01)"
    )
    ways = (["a", "b"], ["b", "a"])  # each waits for the other's file
    ended = await asyncio.gather(*(forks().call(way, surroundings(), str(tmp_path), script) for way in ways))
    assert ended == [(0, ""), (0, "")]


def _waiting_script(folder: Path) -> Path:
    """Says who it is in the file `pid`, and stays."""
    script = folder / "run_bot.py"
    script.write_text("import os, time\nopen('pid', 'w').write(f'{os.getpid()}\\n')\ntime.sleep(600)")
    return script


async def test_who_no_longer_waits_for_a_command_ends_it(tmp_path: Path) -> None:
    script = _waiting_script(tmp_path)
    waits = asyncio.create_task(forks().call([], surroundings(), str(tmp_path), script))
    pid = await _number_in(tmp_path / "pid")
    waits.cancel()
    with suppress(asyncio.CancelledError):
        await waits
    await _gone(pid)


async def test_forks_end_with_their_test_process_whatever_becomes_of_it(tmp_path: Path) -> None:
    script = _waiting_script(tmp_path)
    tests = (
        "import asyncio, pathlib\nfrom tests.forks import forks, surroundings\n"
        "pathlib.Path('forks').write_text(f'{forks().process.pid}\\n')\n"
        f"asyncio.run(forks().call([], surroundings(), {str(tmp_path)!r}, {str(script)!r}))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", tests, cwd=tmp_path, env=surroundings())
    pids = [await _number_in(tmp_path / name) for name in ("forks", "pid")]
    process.send_signal(signal.SIGKILL)
    await process.wait()
    for pid in pids:
        await _gone(pid)


async def _number_in(file: Path) -> int:
    async with asyncio.timeout(60):
        while not file.exists() or not (text := file.read_text()).endswith("\n"):  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.05)
    return int(text)


async def _gone(pid: int) -> None:
    """Waits until there is no such process; who ended, and whom nobody asked how, is gone too."""
    async with asyncio.timeout(60):
        with suppress(FileNotFoundError, ProcessLookupError):
            while "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():  # noqa: ASYNC110, ASYNC240
                await asyncio.sleep(0.05)
