"""The parameters of one Bot API request, whichever way they came: query, form, multipart or JSON."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sandbox.store import Json
from sandbox.telegram.errors import Refused, bad_request

LARGEST_UPLOAD = 50 * 1024 * 1024  # bytes: what a bot may upload, from the Bot API's page on sending files
FIELD_SIZE = 4 * 1024 * 1024  # bytes: one text field of a multipart body


@dataclass
class Upload:
    """A file that came in the body."""

    name: str
    mime: str
    content: bytes


@dataclass
class Params:
    """Values by name; complex ones may be JSON text or already decoded."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text, empty if absent."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def maybe(self, name: str) -> str | None:
        """A text, None if absent or empty."""
        return self.text(name) or None

    def flag(self, name: str) -> bool:
        """A Boolean, false if absent."""
        return self.text(name).lower() in ("true", "1", "yes")

    def whole(self, name: str, default: int = 0) -> int:
        """An integer; raises Refused for anything else."""
        try:
            return int(self.text(name) or default)
        except ValueError:
            raise bad_request(f"parameter {name} must be an integer") from None

    def tree(self, name: str) -> Any:
        """A decoded JSON value, None if absent; raises Refused if it is no JSON."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            what = {"reply_markup": "can't parse reply keyboard markup JSON object", "media": "can't parse media JSON"}
            raise bad_request(what.get(name, f"can't parse {name} JSON object")) from None

    def object(self, name: str) -> Json | None:
        """A decoded JSON object, None if absent."""
        value = self.tree(name)
        if value is not None and not isinstance(value, dict):
            raise bad_request(f"object expected as {name.replace('_', ' ')}")
        return value

    def items(self, name: str) -> list[Json] | None:
        """A decoded JSON array of objects, None if absent."""
        value = self.tree(name)
        if value is not None and not (isinstance(value, list) and all(isinstance(each, dict) for each in value)):
            raise bad_request(f"expected an Array of {name}")
        return value


async def read_params(request: Request) -> Params:
    """The query and the body of a request."""
    if int(request.headers.get("content-length") or 0) > LARGEST_UPLOAD + FIELD_SIZE:
        raise Refused(413, "Request Entity Too Large")
    params = Params(dict(request.query_params))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != "POST":
        return params
    if kind == "application/json":
        await _read_json(request, params)
    elif kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        async with request.form(max_files=20, max_part_size=FIELD_SIZE) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    mime = value.content_type or "application/octet-stream"
                    params.files[name] = Upload(value.filename or name, mime, await value.read())
                else:
                    params.values[name] = value
    return params


async def _read_json(request: Request, params: Params) -> None:
    body = await request.body()
    if not body.strip():
        return
    try:
        given = json.loads(body)
    except ValueError:
        raise bad_request("can't parse JSON request") from None
    if not isinstance(given, dict):
        raise bad_request("can't parse JSON request")
    params.values.update(
        {name: value if isinstance(value, dict | list) else _plain(value) for name, value in given.items()}
    )


def _plain(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
