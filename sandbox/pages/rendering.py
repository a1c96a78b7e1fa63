"""How a page of the sandbox is rendered."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

TEMPLATES = Jinja2Templates(directory=Path(__file__).parent.parent / "templates")
POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
LANGUAGES = {"fr": "français", "en": "anglais", "es": "espagnol", "de": "allemand", "br": "breton"}


def base_of(request: Request) -> str:
    """The prefix under which the sandbox is mounted, without a slash at its end."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def page(request: Request, template: str, **values: object) -> Response:
    """A rendered page that may load nothing from elsewhere."""
    values |= {"base": base_of(request), "languages": LANGUAGES}
    answer = TEMPLATES.TemplateResponse(request, template, values)
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer
