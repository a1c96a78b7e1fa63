"""The same badge with sharp, the image library of Node: installed by npm, once, into a cache of this checkout's own."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".venv" / "bench-sharp"
SCRIPT = Path(__file__).with_name("badge_sharp.mjs")


@contextmanager
def started(photo: bytes, frame_png: bytes) -> Iterator[Callable[[], float] | str]:
    """What makes one badge and gives its seconds of processor time, so that turns can alternate; or why there is none."""
    node = shutil.which("node")
    if node is None or (why := _install()):
        yield "sharp was not measured: " + (why if node else "Node is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        photo_file, frame_file = Path(folder, "photo.jpg"), Path(folder, "frame.png")
        photo_file.write_bytes(photo)
        frame_file.write_bytes(frame_png)
        command = [node, str(SCRIPT), str(photo_file), str(frame_file), str(FOLDER)]
        with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            asked, answers = process.stdin, process.stdout
            assert asked is not None and answers is not None

            def turn() -> float:
                asked.write("\n")
                asked.flush()
                return float(answers.readline()) / 1000

            yield turn
            asked.close()


def _install() -> str:
    """Bring sharp where it is missing; why that cannot be, or nothing."""
    npm = shutil.which("npm")
    if (FOLDER / "node_modules" / "sharp").exists():
        return ""
    if npm is None:
        return "npm is not installed"
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text(json.dumps({"private": True}), "utf-8")
    install = [npm, "install", "--silent", "sharp@0.34"]
    failed = subprocess.run(install, cwd=FOLDER, capture_output=True, timeout=180).returncode
    return "npm could not install it" if failed else ""
