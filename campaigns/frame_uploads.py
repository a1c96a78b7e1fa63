"""A frame as its designer hands it over, a PNG or a zip of its folder: checked, then laid where the program reads it."""

import hashlib
import io
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from secrets import token_hex
from tempfile import TemporaryDirectory

from badges import FrameRefused
from badges.errors import wrong_file
from badges.frame_files import FILE
from badges.starting_frame import write_starting_frame
from campaigns.badge_frames import frame_at
from campaigns.installation import slug_of
from campaigns.kits import safe
from campaigns.mirrors import FramesHome, Mirror, near
from campaigns.models import Campaign
from campaigns.zips import ZIP, ZipTooLarge, ZipUnread, unzipped

KINDS = (".toml", ".png", ".ttf", ".otf")  # what a frame is made of; the rest of a zip is left out
MOST_FILES = 40
MOST_UNPACKED = 60_000_000  # bytes of all that a zip holds of a frame


def keep(campaign: Campaign, name: str, file: str, data: bytes, frames_dir: FramesHome) -> str:
    """Lay a frame into the campaign's folder and give its key, which is another one for other content.

    Takes seconds: call it in a thread. Raises FrameRefused, which names file, line and key as the designer knows them;
    then nothing is kept. MediaAway where the bucket that the folder follows does not answer.
    """
    key = f"{slug_of(name)}-{hashlib.sha256(data).hexdigest()[:8]}"
    home = near(frames_dir, campaign.slug) / campaign.slug
    draft = home / f".{key}.{token_hex(4)}"  # beside the others, which it may take up
    draft.mkdir(parents=True)
    called = safe(PurePosixPath(file.replace("\\", "/")).name)
    try:
        source = _unpacked(called, data, draft) if data.startswith(ZIP) else _written(draft / called, data)
        _try(campaign, source)
        target = home / key if source is draft else home / f"{key}.png"
        shutil.rmtree(target, ignore_errors=True)
        source.replace(target)
        if isinstance(frames_dir, Mirror):
            frames_dir.send(target)
    except FrameRefused as refused:
        raise _as_handed_over(refused, draft, called) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return key


def to_start_from() -> bytes:
    """A zip of the frame that `frames new` writes: pictures, and a frame.toml that explains itself. Call it in a thread."""
    file = io.BytesIO()
    with TemporaryDirectory() as place, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        folder = Path(place) / "frame"
        write_starting_frame(folder)
        for each in sorted(folder.iterdir()):
            archive.write(each, f"{folder.name}/{each.name}")
    return file.getvalue()


def drop(frames_dir: FramesHome, campaign: Campaign, key: str) -> None:
    """Take a frame's files away; those that are gone already are no error."""
    folder = near(frames_dir, campaign.slug) / campaign.slug / key
    if isinstance(frames_dir, Mirror):
        frames_dir.drop(folder)
        frames_dir.drop(folder.with_name(f"{key}.png"))
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name(f"{key}.png").unlink(missing_ok=True)


def _written(file: Path, data: bytes) -> Path:
    file.write_bytes(data)
    return file


def _try(campaign: Campaign, source: Path) -> None:
    """All of its formats in the campaign's words, with a name and without."""
    frame = frame_at(campaign, source)
    for format in frame.formats:
        for named in (True, False):
            frame.artwork(format, named=named)


def _unpacked(called: str, data: bytes, folder: Path) -> Path:
    """The files of a zip that lie beside its frame.toml, flat in the folder; no name in it leads out of there."""
    try:
        with unzipped(io.BytesIO(data), MOST_UNPACKED) as package:
            home = min(
                (path.parent for path in package.files if path.name == FILE), key=_depth, default=PurePosixPath()
            )
            wanted = [path for path in package.files if path.parent == home and _belongs(path)]
            if len(wanted) > MOST_FILES:
                raise wrong_file(
                    called, f"it holds more than {MOST_FILES} files; leave out what the frame does not need"
                )
            for path in wanted:
                _written(folder / path.name, package.read(path))
    except ZipTooLarge:
        raise wrong_file(
            called, f"unpacked it weighs more than {MOST_UNPACKED // 1_000_000} MB; save smaller pictures"
        ) from None
    except (ZipUnread, OSError, ValueError) as error:
        raise wrong_file(called, f"the zip cannot be read ({error}); pack it once more, without a password") from None
    return folder


def _depth(path: PurePosixPath) -> int:
    return len(path.parts)


def _belongs(path: PurePosixPath) -> bool:
    return path.suffix.lower() in KINDS and not path.name.startswith(".")


def _as_handed_over(refused: FrameRefused, draft: Path, called: str) -> FrameRefused:
    """The refusal without this machine's folders: a designer knows the names in their own."""
    values = dict(refused.values)
    for name, value in values.items():
        if isinstance(value, str):
            for place in (draft.resolve(), draft):
                value = value.replace(f"{place}/", "").replace(f"{place}", called).replace(f"{place.parent}/", "")
            values[name] = value
    return FrameRefused(refused.code, **values)
