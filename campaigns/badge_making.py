"""Makes a batch of badges: photo by photo out of one zip and into another, a few at a time, so that memory stays small.

Nobody made these badges for themselves: they count for nobody, and nothing is written down of who is on them.
"""

import asyncio
import csv
import io
import logging
import os
import zipfile
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from badges import BadgeError, Output, render_badges
from badges.headers import MOST_BYTES
from badges.wishes import Failure, Wish
from campaigns.badge_batches import MOST_PHOTOS, Asked, Batch, BatchRefused, Frames, read_batch
from campaigns.badge_frames import badge_sentence
from campaigns.file_requests import Report
from campaigns.kits import AS_MADE
from campaigns.result_files import BOM, defused
from campaigns.words import Words
from campaigns.zips import Package, ZipUnread, unzipped

log = logging.getLogger(__name__)
AT_ONCE = min(os.cpu_count() or 1, 4)  # renders: each may take 120 MB
NOT_MADE = "not-made.csv"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of how many photos badges were made, and what was not."""

    asked: int
    failures: tuple[Failure, ...]

    @property
    def made(self) -> int:
        return self.asked - len(self.failures)


async def make_batch(
    source: Path, called: str, result: Path, asked: Asked, frames: Frames, words: Words, report: Report
) -> Outcome:
    """Write the zip `result` from the zip `source`, which its owner called so.

    One photo that fails is named in it, and the others are made.

    Raises BatchRefused where none could be made. Cancelled, it ends as soon as the badges in hand are made.
    """
    batch = await asyncio.to_thread(read_batch, source, called, asked, frames, words)
    failures = list(batch.failures)
    with unzipped(source, MOST_PHOTOS * MOST_BYTES) as package, zipfile.ZipFile(result, "w") as archive:
        done = len(failures)
        await report(done, batch.asked)
        async with aclosing(_rendered(package, batch, frames, words)) as rendered:
            async for wish, names, made in rendered:
                if isinstance(made, str):
                    failures.append(Failure(wish.place, wish.where, made))
                else:
                    await asyncio.to_thread(_add, archive, names, made)
                done += 1
                await report(done, batch.asked)
        failures.sort(key=lambda one: one.place)
        if failures:
            _add(archive, [NOT_MADE], [_told(failures, words)])
    if len(failures) == batch.asked:
        raise BatchRefused(_none_made(failures, words))
    return Outcome(batch.asked, tuple(failures))


async def _rendered(
    package: Package, batch: Batch, frames: Frames, words: Words
) -> AsyncGenerator[tuple[Wish, Sequence[str], list[bytes] | str]]:
    """Each wish in its order with the names of its files, and these, or why there are none."""
    pool, loop = ThreadPoolExecutor(AT_ONCE, "badges"), asyncio.get_running_loop()
    begun: deque[tuple[Wish, Sequence[str], asyncio.Future[list[bytes] | str]]] = deque()
    try:
        for wish, names in zip(batch.wishes, batch.file_names(), strict=True):
            begun.append((wish, names, loop.run_in_executor(pool, _make, package, wish, frames, words)))
            if len(begun) > AT_ONCE:
                first, its, made = begun.popleft()
                yield first, its, await made
        while begun:
            first, its, made = begun.popleft()
            yield first, its, await made
    finally:
        await asyncio.to_thread(pool.shutdown, cancel_futures=True)  # nothing reads the zip any more when it is closed


def _make(package: Package, wish: Wish, frames: Frames, words: Words) -> list[bytes] | str:
    """The badges of one photo, or why it cannot be used; whatever is wrong with it stops no other."""
    try:
        photo = package.read(PurePosixPath(wish.photo))
        outputs = [Output(format) for format in wish.formats]
        return render_badges(photo, frames.drawn(wish.frame), wish.name, outputs, crop=wish.crop)
    except BadgeError as error:
        return badge_sentence(words, error)
    except ZipUnread as unread:
        return words("It is damaged in the zip ({said}). Pack it once more.", said=unread)
    except Exception as error:
        log.warning("a photo of a batch could not be made into a badge: %s", type(error).__name__)
        return words("This photo cannot be used. Save it anew as a JPEG, then send it.")


def _add(archive: zipfile.ZipFile, names: Sequence[str], contents: Sequence[bytes]) -> None:
    for name, content in zip(names, contents, strict=True):
        archive.writestr(zipfile.ZipInfo(name, AS_MADE), content)  # stored: a JPEG does not become smaller


def _told(failures: Sequence[Failure], words: Words) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([words("Position"), words("Photo"), words("What is wrong")])
    writer.writerows([one.place, defused(one.where), defused(one.why)] for one in failures)
    return (BOM + out.getvalue()).encode()


def _none_made(failures: Sequence[Failure], words: Words) -> str:
    first = failures[0]
    return words.many(
        "No badge could be made of the photo {where}: {why}",
        "No badge could be made of any of the {n} photos. The first is {where}: {why}",
        len(failures),
        where=first.where,
        why=first.why,
    )
