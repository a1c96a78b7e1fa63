"""The real program in processes of its own, as `python run_bot.py` starts it, and what they cost."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0  # seconds until a process must run
RUNS = "Porte-voix runs"


class Program:
    """`run_bot.py` with `arguments`, from when it is made until `stop` or `kill`; what it prints is in `log`.

    `settings` come without their prefix, and DATA_DIR is the folder where it works.
    """

    def __init__(self, settings: Mapping[str, str], *arguments: str) -> None:
        folder = Path(settings["DATA_DIR"])
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTEVOIX_")}
        own = {f"PORTEVOIX_{name}": value for name, value in settings.items()}
        self.log = folder / f"{'-'.join(arguments)}-{time.monotonic_ns()}.log"
        with self.log.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "run_bot.py"), *arguments],
                cwd=folder,
                env={**clean, **own, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def runs(self) -> None:
        """Return when it does."""
        end = time.monotonic() + PATIENCE
        while RUNS not in (said := self.log.read_text("utf-8")):
            assert self._process.poll() is None and time.monotonic() < end, said
            time.sleep(0.05)

    @property
    def cpu(self) -> float:
        """Seconds that it has spent, the system's part included."""
        return cpu_of(self._process.pid)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM; what is in flight ends first."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()


def cpu_of(pid: int) -> float:
    """Seconds of a process and of all that it started, those that ended included."""
    process = psutil.Process(pid)
    spent = process.cpu_times()
    seconds = spent.user + spent.system + spent.children_user + spent.children_system
    for child in process.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            seconds += cpu_of(child.pid)
    return seconds


def with_role(settings: Mapping[str, str], *roles: str) -> Program:
    """A process that does these things alone."""
    return Program(settings, "run", *(part for role in roles for part in ("--role", role)))
