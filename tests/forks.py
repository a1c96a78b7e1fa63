"""Commands without their start: each is a fork of a process that has the program's imports done.

A start is seconds of imports, and tests call hundreds of commands. `python -m tests.forks` imports what run_bot.py does
and waits; each fork of it then runs run_bot.py as `__main__`. What the interpreter does at a process's end is left to
it: exit codes, tracebacks, handlers of atexit. It ends when who started it does, and kills what nobody waits for.
"""

import asyncio
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "run_bot.py"
SETTINGS = "PORTEVOIX_"  # nothing that begins so is read during imports
LARGEST = 1_000_000  # bytes of a request; most of it is the environment


def surroundings() -> dict[str, str]:
    """What a program finds in its environment beside its settings: nothing in it knows of tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith((SETTINGS, "PYTEST_"))}
    return {**clean, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", "PYTHONPATH": str(ROOT)}


class Forks:
    """Where commands are forked that have these surroundings, which imports may have read."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.forks", str(theirs.fileno())],
                cwd=ROOT,
                # numpy starts threads for matrices, which no fork would have; nothing here multiplies any.
                env={**self._environment, "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a Ctrl-C is for who started it
            )

    def fit(self, environment: Mapping[str, str]) -> bool:
        """Whether a fork with this environment is what a start with it would be."""
        return self._environment == {n: value for n, value in environment.items() if not n.startswith(SETTINGS)}

    async def call(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: str, program: Path = PROGRAM
    ) -> tuple[int, str]:
        """Run a program to its end: its exit code and all that it printed."""
        request = json.dumps([[str(program), *arguments], dict(environment), folder]).encode()
        ours, theirs = socket.socketpair()
        with ours, tempfile.TemporaryFile() as output:
            ours.setblocking(False)
            with theirs:
                socket.send_fds(self._requests, [request], [theirs.fileno(), output.fileno()])
            code = await asyncio.get_running_loop().sock_recv(ours, 16)
            assert code, "the process that is forked has ended; its error is above"
            output.seek(0)
            return int(code), output.read().decode()


@cache
def forks() -> Forks:
    """Those of this test process."""
    return Forks(surroundings())


@dataclass(frozen=True)
class _Run:
    pid: int
    ended: int  # a file descriptor that can be read when the process has ended
    answer: socket.socket  # takes its exit code; closed at the other end where nobody waits for it


def _become_next(requests: socket.socket) -> str:
    """Fork at each request. Returns in the forks alone, with the program that each is to run."""
    running: list[_Run] = []
    while True:
        ready, _, _ = select.select([requests, *(each for run in running for each in (run.ended, run.answer))], [], [])
        for run in list(running):
            if run.ended in ready:
                running.remove(run)
                _answer(run)
            elif run.answer in ready:
                os.kill(run.pid, signal.SIGKILL)
        if requests not in ready:
            continue
        request, handles, _, _ = socket.recv_fds(requests, LARGEST, 2)
        if not request:
            for run in running:
                os.kill(run.pid, signal.SIGKILL)
            raise SystemExit
        answer, output = handles
        if pid := os.fork():
            os.close(output)
            running.append(_Run(pid, os.pidfd_open(pid), socket.socket(fileno=answer)))
            continue
        for run in running:
            os.close(run.ended)
            run.answer.close()
        requests.close()
        os.close(answer)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        sys.argv, environment, folder = json.loads(request)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        return sys.argv[0]


def _answer(run: _Run) -> None:
    os.close(run.ended)
    _, status = os.waitpid(run.pid, 0)
    with run.answer, suppress(BrokenPipeError):
        run.answer.send(str(os.waitstatus_to_exitcode(status)).encode())


if __name__ == "__main__":
    runpy.run_path(str(PROGRAM), run_name="imports")
    assert len(os.listdir("/proc/self/task")) == 1, "a fork has none of the other threads"  # noqa: PTH208
    runpy.run_path(_become_next(socket.socket(fileno=int(sys.argv[1]))), run_name="__main__")
