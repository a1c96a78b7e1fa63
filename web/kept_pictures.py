"""Pictures of posts as answers, wherever they are kept."""

import asyncio
import mimetypes
from collections.abc import Mapping
from pathlib import Path

from starlette.responses import FileResponse, Response

from campaigns.media_stores import MediaHome


async def answer(home: MediaHome, file: str, headers: Mapping[str, str] | None = None) -> Response | None:
    """The picture of that name; None where there is none. Raises MediaAway."""
    kind = mimetypes.guess_type(file)[0]
    if isinstance(home, Path):  # sent by the system, without being read
        return FileResponse(home / file, media_type=kind, headers=headers) if (home / file).is_file() else None
    try:
        data = await asyncio.to_thread(home.load, file)
    except FileNotFoundError:
        return None
    return Response(data, media_type=kind, headers=headers)
