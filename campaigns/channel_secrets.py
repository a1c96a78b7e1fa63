"""A channel's settings: what may be read stands in `settings`, what may not in `secrets`, each value locked for its row."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from campaigns.models import Channel
from campaigns.vault import Vault, WrongKey, vault_of
from networks import SECRET_SETTINGS


class SecretUnreadable(Exception):
    """A channel's credential was locked with another secret key."""

    def __init__(self, channel: Channel, name: str) -> None:
        super().__init__(
            f"its {name} was locked with another secret key: set PORTEVOIX_OLD_SECRET_KEY to that key, or give the"
            " channel a new one"
        )
        self.channel, self.name = channel, name


def setting_names(channel: Channel) -> set[str]:
    """The settings that a channel has, secret ones included."""
    return {*channel.settings, *channel.secrets}


def settings_of(vault: Vault, channel: Channel) -> dict[str, str]:
    """All settings of a channel in the clear, to open its network with; raises SecretUnreadable."""
    return dict(channel.settings) | {name: _open(vault, channel, name) for name in channel.secrets}


def _open(vault: Vault, channel: Channel, name: str) -> str:
    try:
        return vault.open(channel.secrets[name], *_purpose(channel, name))
    except WrongKey:
        raise SecretUnreadable(channel, name) from None


def _purpose(channel: Channel, name: str) -> tuple[str | int, ...]:
    return "channel", channel.id, name


def change_settings(session: AsyncSession, channel: Channel, given: Mapping[str, str]) -> None:
    """Write settings over those of the same names; the row has its id by now. An empty one is taken away."""
    secret = SECRET_SETTINGS.get(channel.network, frozenset())
    plain = {**channel.settings, **{name: value for name, value in given.items() if name not in secret}}
    locked = {
        name: vault_of(session).lock(value, *_purpose(channel, name)) for name, value in given.items() if name in secret
    }
    gone = {name for name, value in given.items() if not value}
    channel.settings = {name: value for name, value in plain.items() if name not in gone}
    channel.secrets = {name: value for name, value in {**channel.secrets, **locked}.items() if name not in gone}


async def lock_what_is_open(session: AsyncSession) -> int:
    """Lock the credentials that an earlier version of the program stored in the clear; how many there were."""
    found = 0
    for channel in await session.scalars(select(Channel)):
        if openly := _in_the_clear(channel):
            change_settings(session, channel, openly)
            channel.settings = {name: value for name, value in channel.settings.items() if name not in openly}
            found += len(openly)
    return found


def _in_the_clear(channel: Channel) -> dict[str, str]:
    secret = SECRET_SETTINGS.get(channel.network, frozenset())
    return {name: value for name, value in channel.settings.items() if name in secret}


async def some_are_open(session: AsyncSession) -> bool:
    return any(_in_the_clear(channel) for channel in await session.scalars(select(Channel)))


async def first_unreadable(session: AsyncSession) -> SecretUnreadable | None:
    """A credential that this process's keys do not open, if there is one."""
    vault = vault_of(session)
    for channel in await session.scalars(select(Channel).order_by(Channel.id)):  # type: ignore[arg-type]
        for name in channel.secrets:
            try:
                _open(vault, channel, name)
            except SecretUnreadable as problem:
                return problem
    return None


async def lock_anew(session: AsyncSession) -> tuple[int, list[SecretUnreadable]]:
    """Lock every channel's credentials with the present key: how many changed, and those that no key opens."""
    vault, changed, unreadable = vault_of(session), 0, []
    for channel in await session.scalars(select(Channel).order_by(Channel.id)):  # type: ignore[arg-type]
        for name, locked in channel.secrets.items():
            if vault.is_current(locked, *_purpose(channel, name)):
                continue
            try:
                change_settings(session, channel, {name: _open(vault, channel, name)})
                changed += 1
            except SecretUnreadable as problem:
                unreadable.append(problem)
    return changed, unreadable
