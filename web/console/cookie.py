"""The console's cookie: a random token and nothing else. What it opens stands in the database.

The token of a form is made from it, so that a form is good for the session that it was made for and for no other. Who
is not signed in has a token too, which opens nothing: the login form is guarded by it.
"""

import hashlib
import hmac
import re
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from campaigns.sign_ins import LONGEST
from campaigns.vault import one_time_token
from web.site import site_of

COOKIE, PATH = "console", "/console"
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
SYSTEMS = (("android", "Android"), ("iphone", "iPhone"), ("ipad", "iPad"), ("windows", "Windows"), ("mac os", "macOS"), ("linux", "Linux"))  # fmt: skip
BROWSERS = (("edg/", "Edge"), ("opr/", "Opera"), ("firefox/", "Firefox"), ("chrom", "Chrome"), ("safari/", "Safari"))


def token_of(request: Request) -> str:
    """What the browser brought, or was given in this request; empty where that is no token."""
    given: str = getattr(request.state, "console_token", "")
    brought = request.cookies.get(COOKIE, "")
    return given or (brought if TOKEN.fullmatch(brought) else "")


def csrf_token(request: Request) -> str:
    """The token that every form of this session carries. A visitor without a cookie is given one: `carry` the answer."""
    token = token_of(request)
    if not token:
        token = request.state.console_token = one_time_token()
    return form_token(token)


def form_token(token: str) -> str:
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()[:40] if token else ""


def carry(request: Request, answer: Response) -> Response:
    """Give the answer the cookie that this request made, if it did."""
    given: str = getattr(request.state, "console_token", "")
    if given:
        set_token(request, answer, given)
    return answer


def set_token(request: Request, answer: Response, token: str, lasts: timedelta = LONGEST) -> None:
    https = site_of(request).url.startswith("https://")
    answer.set_cookie(
        COOKIE, token, max_age=int(lasts.total_seconds()), path=PATH, secure=https, httponly=True, samesite="lax"
    )


def drop_token(answer: Response) -> None:
    answer.delete_cookie(COOKIE, path=PATH)


def client_of(request: Request) -> str:
    return request.client.host if request.client else ""


def device_of(request: Request) -> str:
    """ "Firefox, Linux": enough for its owner to recognise it by, and all that is kept of it."""
    agent = request.headers.get("user-agent", "").lower()
    known = [next((name for sign, name in signs if sign in agent), "") for signs in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, known))
