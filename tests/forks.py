"""Programs without their start: each is a fork of a process that has the program's imports done.

A start is seconds of imports, and tests start hundreds. `python -m tests.forks` imports what run_bot.py does and waits;
each fork of it then runs run_bot.py as `__main__`. What the interpreter does at a process's end is left to
it: exit codes, tracebacks, handlers of atexit. It ends when who started it does, and kills what nobody waits for.
"""

import asyncio
import importlib
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
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "run_bot.py"
SETTINGS = "PORTEVOIX_"  # nothing that begins so is read during imports
LARGEST = 1_000_000  # bytes of a request; most of it is the environment


def surroundings() -> dict[str, str]:
    """What a program finds in its environment beside its settings: nothing in it knows of tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith((SETTINGS, "PYTEST_"))}
    return {**clean, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", "PYTHONPATH": str(ROOT)}


class Fork:
    """A process that was forked elsewhere: what asyncio's own has of one, as far as tests need it.

    It is killed where this is closed before its end.
    """

    def __init__(self, answers: socket.socket, pid: int) -> None:
        self.pid = pid
        self._answers = answers
        self._code: int | None = None
        self._turn = asyncio.Lock()  # a loop tells one only when a socket has something

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._answers.close()

    @property
    def returncode(self) -> int | None:
        """None as long as it runs."""
        if self._code is None:
            with suppress(BlockingIOError):
                self._code = _number(self._answers.recv(16))
        return self._code

    async def wait(self) -> int:
        async with self._turn:
            if self._code is None:
                said = await asyncio.get_running_loop().sock_recv(self._answers, 16)
                if self._code is None:  # else `returncode` was asked meanwhile, and has read it
                    self._code = _number(said)
        return self._code

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):  # it has ended since
                os.kill(self.pid, number)


def _number(said: bytes) -> int:
    assert said, "the process that is forked has ended; its error is above"
    return int(said)


class Forks:
    """Where programs are forked that have these surroundings, which imports may have read."""

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
        with (
            tempfile.TemporaryFile() as output,
            await self.start(arguments, environment, folder, output.fileno(), program) as fork,
        ):
            code = await fork.wait()
            output.seek(0)
            return code, output.read().decode()

    async def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: str,
        output: int,
        program: Path = PROGRAM,
    ) -> Fork:
        """A program in the background; all that it prints goes to the file descriptor `output`."""
        request = json.dumps([[str(program), *arguments], dict(environment), folder]).encode()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            socket.send_fds(self._requests, [request], [theirs.fileno(), output])
        try:
            return Fork(ours, _number(await asyncio.get_running_loop().sock_recv(ours, 16)))
        except BaseException:
            ours.close()
            raise


@cache
def forks() -> Forks:
    """Those of this test process."""
    return Forks(surroundings())


@dataclass(frozen=True)
class _Run:
    pid: int
    ended: int  # a file descriptor that can be read when the process has ended
    answer: socket.socket  # takes its number and its exit code; closed at the other end where nobody waits for it

    def say(self, number: int) -> None:
        with suppress(BrokenPipeError):
            self.answer.send(str(number).encode())


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
            running[-1].say(pid)
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
    with run.answer:
        run.say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    runpy.run_path(str(PROGRAM), run_name="imports")
    importlib.import_module("commands.serving")  # which `run` waits for, and no other command
    assert len(os.listdir("/proc/self/task")) == 1, "a fork has none of the other threads"  # noqa: PTH208
    runpy.run_path(_become_next(socket.socket(fileno=int(sys.argv[1]))), run_name="__main__")
