"""OAuth 1.0a: whose request it is, and whether the signature fits the address as it was requested (RFC 5849)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from oauthlib.oauth1.rfc5849 import signature as rfc5849
from starlette.requests import Request

from sandbox.x.problems import unauthorized
from sandbox.x.state import Account, XState

FRESH = 300.0  # seconds: how far a timestamp may be from the clock, either way


@dataclass
class Signed:
    """A request in the form that oauthlib verifies."""

    uri: str
    http_method: str
    params: list[tuple[str, str]]
    signature: str


async def signer(request: Request, state: XState) -> Account:
    """The account that signed this request; raises Problem (401) for whatever does not fit."""
    form = ""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = (await request.body()).decode("utf-8", "replace")
    address = str(request.url)
    try:
        everything = rfc5849.collect_parameters(
            uri_query=urlsplit(address).query,
            body=form,
            headers={"Authorization": request.headers.get("authorization", "")},
            exclude_oauth_signature=False,
        )
    except ValueError as error:
        raise unauthorized() from error
    given = dict(everything)
    account = state.by_token(given.get("oauth_token", ""))
    if account is None or account.revoked or given.get("oauth_consumer_key") != account.consumer_key:
        raise unauthorized()
    if given.get("oauth_signature_method") != "HMAC-SHA1" or given.get("oauth_version", "1.0") != "1.0":
        raise unauthorized()
    params = [(name, value) for name, value in everything if name != "oauth_signature"]
    signed: Any = Signed(address, request.method, params, given.get("oauth_signature", ""))
    if not rfc5849.verify_hmac_sha1(signed, account.consumer_secret, account.access_token_secret):
        raise unauthorized()
    _fresh(state, given)
    return account


def _fresh(state: XState, given: dict[str, str]) -> None:
    """Refuse an old timestamp and a nonce that was seen: a recorded request cannot be sent again."""
    now = state.clock().timestamp()
    stamp, nonce = given.get("oauth_timestamp", ""), given.get("oauth_nonce", "")
    if not stamp.isdecimal() or abs(now - int(stamp)) > FRESH or not nonce:
        raise unauthorized()
    state.nonces = (
        {key: at for key, at in state.nonces.items() if at > now - FRESH} if len(state.nonces) > 5000 else state.nonces
    )
    if (stamp, nonce) in state.nonces:
        raise unauthorized()
    state.nonces[stamp, nonce] = float(stamp) + FRESH
