"""Turning a template into an answer, in the visitor's language; and the one way in which a page says that it cannot."""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from campaigns.models import Campaign
from campaigns.words import LANGUAGES, Words, language_of, mark
from networks.threads import whole
from web.console.menu import current, menu_for

HERE = Path(__file__).parent
STATIC = HERE / "static"
LANGUAGE_COOKIE = "language"
A_YEAR = 365 * 24 * 3600  # seconds
LARGEST_ROW = 2**63 - 1  # what a database's number holds

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Trouble(Exception):
    """An answer that is no page: a status, a title and a sentence (both msgids) that says what to do."""

    def __init__(self, status: int, title: str, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(title)
        self.status, self.title, self.sentence, self.headers = status, title, sentence, headers


def nothing_here() -> Trouble:
    return Trouble(404, mark("There is nothing here"), mark("The address may be mistyped, or the page was taken down."))


def row(number: int) -> int:
    """A row's number out of an address; Trouble where no database has such a row."""
    if number > LARGEST_ROW:
        raise nothing_here()
    return number


def number_of(request: Request, name: str) -> int | None:
    """A number in the address's query; None for what is none, or could be no row's."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 10 else None


def address_with(request: Request, **changed: object) -> str:
    """This page's address with other values in its query; None takes one out."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    return f"{request.url.path}?{urlencode([*kept, *((k, v) for k, v in changed.items() if v is not None)])}"


def language(request: Request) -> str:
    """What was asked for by `?lang=`, was chosen before, or is the browser's first known language."""
    chosen = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    return next((code for code in chosen if code in LANGUAGES), None) or _accepted(
        request.headers.get("accept-language", "")
    )


def _accepted(header: str) -> str:
    wishes = []
    for i, part in enumerate(header[:500].split(",")):
        code, _, weight = part.partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", weight)
        code = code.strip().partition("-")[0].lower()
        if code in LANGUAGES:
            wishes.append((-float(quality[1]) if quality else -1.0, i, code))
    return min(wishes)[2] if wishes else language_of(None)


def words_of(request: Request, campaign: Campaign | None = None) -> Words:
    return Words(language(request), campaign.inclusive) if campaign else Words(language(request))


@lru_cache
def asset(name: str) -> str:
    """A static file's address, which changes with its content, so that browsers may keep it."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]}"


@lru_cache
def shell(name: str) -> str:
    """The address of a static file that the console's shell brings."""
    return f"/console/shell/{name}?v={version('starlette-admin')}"


def _in(request: Request, code: str) -> str:
    others = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return f"{request.url.path}?{urlencode([*others, ('lang', code)])}"


def web_address(url: str | None) -> str | None:
    """An address that is safe to stand in a link, whoever wrote it."""
    return url if url and url.startswith(("https://", "http://")) else None


def site_name(url: str) -> str:
    """The host of an address, as people read it."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def shortened(text: str, limit: int) -> str:
    """One line of at most `limit` letters, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


_templates.globals |= {"shell": shell, "menu_for": menu_for, "current_entry": current}
_templates.filters |= {"web_address": web_address, "site_name": site_name, "shortened": shortened, "whole": whole}


def _campaign(values: Mapping[str, object]) -> Campaign | None:
    """Whose page it is, by what its template gets."""
    found = values.get("campaign") or getattr(values.get("desk"), "campaign", None)
    return found if isinstance(found, Campaign) else None


def render(request: Request, template: str, **values: object) -> str:
    """A template as HTML; it may use `_`, `many`, `words`, `asset` and what is handed in."""
    words = words_of(request, _campaign(values))
    return _templates.get_template(template).render(
        _=words,
        many=words.many,  # by its bare name, as the catalogs' tool finds it
        words=words,
        asset=asset,
        path=request.url.path,
        languages={code: (name, _in(request, code)) for code, name in LANGUAGES.items()},
        **values,
    )


def page(
    request: Request, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **values: object
) -> HTMLResponse:
    """A rendered template as an answer."""
    words, html = words_of(request), render(request, template, **values)
    answer = HTMLResponse(html, status, headers)
    answer.headers["Vary"] = "Accept-Language, Cookie"
    answer.headers["Content-Language"] = words.language
    if request.query_params.get("lang") in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, words.language, max_age=A_YEAR, httponly=True, samesite="lax")
    return answer


def trouble_page(request: Request, trouble: Trouble) -> HTMLResponse:
    return page(
        request, "trouble.html", trouble.status, trouble.headers, title=trouble.title, sentence=trouble.sentence
    )
