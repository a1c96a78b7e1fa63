"""The same badge with sharp, the image library of Node: installed by npm, once, into a cache of this checkout's own."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".venv" / "bench-sharp"
SCRIPT = Path(__file__).with_name("badge_sharp.mjs")
ROUNDS = 5


def milliseconds(photo: bytes, frame_png: bytes) -> float | str:
    """The median of a badge, or why there is none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return "sharp was not measured: Node and npm are not installed"
    if not (FOLDER / "node_modules" / "sharp").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "package.json").write_text(json.dumps({"private": True}), "utf-8")
        install = [npm, "install", "--silent", "sharp@0.34"]
        if subprocess.run(install, cwd=FOLDER, capture_output=True, timeout=180).returncode:
            return "sharp was not measured: npm could not install it"
    with tempfile.TemporaryDirectory() as folder:
        photo_file, frame_file = Path(folder, "photo.jpg"), Path(folder, "frame.png")
        photo_file.write_bytes(photo)
        frame_file.write_bytes(frame_png)
        command = [node, str(SCRIPT), str(photo_file), str(frame_file), str(ROUNDS), str(FOLDER)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return float(done.stdout) if done.returncode == 0 else "sharp was not measured: it failed"
