"""What `badge batch` is given: a folder of photos, or a CSV with a photo and a name a line."""

from pathlib import Path

from badges.wishes import Failure, ListRefused, Wish, is_photo, read_list, wishes_of
from commands.common import Refused


def read_folder(folder: Path, frame: str, formats: tuple[str, ...], *, names_from_files: bool) -> list[Wish]:
    """Each file of a folder, in the order of their names; hidden ones are left out. Raises Refused."""
    try:
        files = sorted(each.name for each in folder.iterdir() if each.is_file())
    except OSError as error:
        raise Refused(f"{folder}: {error.strerror}") from None
    photos = [name for name in files if is_photo(name)]
    if not photos:
        raise Refused(f"{folder}: there is no photo in this folder")
    return wishes_of(photos, frame, formats, names_from_files=names_from_files)


def read_csv(file: Path, frame: str, formats: tuple[str, ...]) -> tuple[list[Wish], list[Failure]]:
    """The lines of a CSV and those that cannot be read; an empty cell means what the options say. Raises Refused."""
    try:
        return read_list(file.read_bytes(), frame, formats)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from None
    except ListRefused as refused:
        where = f"{file}, line {refused.line}" if refused.line else f"{file}"
        raise Refused(f"{where}: {refused.why}") from None
