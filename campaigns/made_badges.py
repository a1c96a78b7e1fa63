"""Badges by the dozen as the file that people take away."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from tempfile import NamedTemporaryFile

from campaigns.badge_batches import Asked, BatchRefused, frames_in_use
from campaigns.badge_making import NOT_MADE, Outcome, make_batch
from campaigns.database import Database
from campaigns.file_requests import FileRefused, Made, Report
from campaigns.installation import slug_of
from campaigns.media_stores import MediaHome, opened
from campaigns.mirrors import FramesHome
from campaigns.models import Campaign, FileRequest
from campaigns.words import Words


class BadgeFiles:
    """Makes them; `badges` is a maker of schedules/file_making.py."""

    def __init__(self, database: Database, files: MediaHome, frames_dir: FramesHome) -> None:
        self._database, self._files, self._frames_dir = database, files, frames_dir

    async def badges(self, asked: FileRequest, tell: Report) -> Made:
        """As a ZIP, with the frames as the campaign has them by now. Raises FileRefused where no badge could be made."""
        called, words = str(asked.wanted["called"]), Words(asked.wanted["language"])
        async with self._database.read() as session:
            campaign = await session.get_one(Campaign, asked.campaign_id)
            frames = await frames_in_use(session, campaign, self._frames_dir)
        wish = Asked.of_json(asked.wanted)
        try:
            with _a_result() as result, NamedTemporaryFile(suffix=".zip") as source:
                await asyncio.to_thread(opened(self._files).copy_to, asked.source, source)
                source.flush()
                outcome = await make_batch(Path(source.name), called, result, wish, frames, words, tell)
        except BatchRefused as refused:
            raise FileRefused(str(refused)) from None
        return Made(result, f"badges-{slug_of(PurePath(called).stem)}.zip", _notes(outcome, words))


@contextmanager
def _a_result() -> Iterator[Path]:
    """A new file, which stays only where nothing went wrong."""
    with NamedTemporaryFile(suffix=".zip", delete=False) as file:
        pass
    result = Path(file.name)
    try:
        yield result
    except BaseException:  # also where it is to be made no more
        result.unlink()
        raise


def _notes(outcome: Outcome, words: Words) -> str | None:
    if not outcome.failures:
        return None
    return words.many(
        "{n} of {all} photos became no badge: {file} in the ZIP says why.",
        "{n} of {all} photos became no badges: {file} in the ZIP says why.",
        len(outcome.failures),
        all=outcome.asked,
        file=NOT_MADE,
    )
