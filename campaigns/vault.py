"""Locks what the store keeps and nobody may read in it: channels' credentials, second factors, the bot's token.

Each secret has a key of its own, derived (HKDF, RFC 5869) from the installation's secret key and from what the secret
is for. A value that is copied to another row, or to another purpose, does not open there.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.ext.asyncio import AsyncSession

SALT = b"porte-voix vault 1"
APART = "\x1f"  # stands between the parts of a purpose; no name holds it


class WrongKey(Exception):
    """None of the secret keys at hand opens this."""


class Vault:
    """Locks with `key`, and opens what that one or one of `old` locked. A purpose is a few words, such as a row's."""

    def __init__(self, key: str, *old: str) -> None:
        self._keys = tuple(dict.fromkeys(filter(None, (key, *old))))

    def lock(self, secret: str, *purpose: str | int) -> str:
        return Fernet(_derived(self._keys[0], purpose)).encrypt(secret.encode()).decode()

    def open(self, locked: str, *purpose: str | int) -> str:
        """Raises WrongKey, also where the value was locked for another purpose."""
        for key in self._keys:
            try:
                return Fernet(_derived(key, purpose)).decrypt(locked.encode()).decode()
            except InvalidToken:
                continue
        raise WrongKey(WrongKey.__doc__)

    def is_current(self, locked: str, *purpose: str | int) -> bool:
        """Whether the present key locked it, and not one that is still accepted beside."""
        try:
            Fernet(_derived(self._keys[0], purpose)).decrypt(locked.encode())
        except InvalidToken:
            return False
        return True

    def password(self, *purpose: str | int) -> str:
        """43 letters, digits, - and _ that every process with the present key knows, and that are stored nowhere."""
        return _derived(self._keys[0], purpose).decode().rstrip("=")

    def fingerprint(self, text: str, *purpose: str | int) -> str:
        """32 letters that stand for a text, and are worth nothing to who has the database and not the key."""
        return hmac.new(_derived(self._keys[0], purpose), text.encode(), hashlib.sha256).hexdigest()[:32]


def _derived(key: str, purpose: tuple[str | int, ...]) -> bytes:
    info = APART.join(map(str, purpose)).encode()
    return urlsafe_b64encode(HKDF(SHA256(), 32, SALT, info).derive(key.encode()))


def vault_of(session: AsyncSession) -> Vault:
    """The vault with which the store of this session was opened; RuntimeError where it was opened without one."""
    vault = session.info.get("vault")
    if not isinstance(vault, Vault):
        raise RuntimeError("this store was opened without its key: Database(url, vault)")
    return vault


def one_time_token() -> str:
    """192 random bits, for a cookie or a link; the store keeps `hash_of` it."""
    return secrets.token_urlsafe(24)


def hash_of(token: str) -> str:
    """What the store keeps of a random token: who reads it cannot come back with it."""
    return hashlib.sha256(token.encode()).hexdigest()
