"""Session tokens: JWTs signed with HS256, with the claims that a PDS writes."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

SECRET = b"sandbox-bluesky-jwt-secret"
ACCESS, REFRESH = "com.atproto.appPass", "com.atproto.refresh"
LIFETIMES = {ACCESS: 7200, REFRESH: 7_776_000}  # seconds: two hours, ninety days


class WrongToken(ValueError):
    """No token of this server; `args[0]` is the error's name."""


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _signature(text: str) -> str:
    return _coded(hmac.new(SECRET, text.encode(), hashlib.sha256).digest())


def sign(did: str, scope: str, now: float, jti: str) -> str:
    """A token for an account."""
    claims = {"scope": scope, "sub": did, "iat": int(now), "exp": int(now) + LIFETIMES[scope], "jti": jti}
    head = _coded(b'{"typ":"at+jwt","alg":"HS256"}')
    text = f"{head}.{_coded(json.dumps(claims).encode())}"
    return f"{text}.{_signature(text)}"


def read(token: str, scope: str, now: float) -> dict[str, Any]:
    """The claims of a token; raises WrongToken."""
    text, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(text).encode(), signature.encode()):
        raise WrongToken("InvalidToken")
    try:
        payload = text.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError, binascii.Error):
        raise WrongToken("InvalidToken") from None
    if claims["scope"] != scope:
        raise WrongToken("InvalidToken")
    if claims["exp"] <= now:
        raise WrongToken("ExpiredToken")
    return claims
