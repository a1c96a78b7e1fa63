"""Opens a channel's network, with its own settings over what the installation knows."""

from collections.abc import Callable, Mapping

from campaigns.channel_secrets import SecretUnreadable, settings_of
from campaigns.models import Channel
from campaigns.settings import Settings, vault_for
from networks import GIVEN_SETTINGS, open_network
from networks.base import Network
from networks.errors import ChannelRevoked, ChannelSettingsWrong


def opener(settings: Settings) -> Callable[[Channel], Network]:
    """Raises networks.errors.ChannelRevoked where a channel's settings do not do, or cannot be read."""
    vault = vault_for(settings)

    def open_channel(channel: Channel) -> Network:
        try:
            return open_network(channel.network, with_known(settings, channel.network, settings_of(vault, channel)))
        except (ChannelSettingsWrong, SecretUnreadable) as problem:
            raise ChannelRevoked(f"channel {channel.name}: {problem}") from problem

    return open_channel


def with_known(settings: Settings, network: str, own: Mapping[str, str]) -> dict[str, str]:
    """A channel's settings over those that the installation gives to each of its network."""
    known = {"bot_token": settings.bot_token.get_secret_value(), "base_url": settings.telegram_base_url}
    return {name: known[name] for name in GIVEN_SETTINGS.get(network, ()) if known[name]} | dict(own)


async def ask(network: str, settings: Mapping[str, str]) -> str:
    """What the network says of a credential, before it is stored; raises NetworkProblem or ChannelSettingsWrong."""
    opened = open_network(network, settings)
    try:
        return await opened.check()
    finally:
        await opened.close()
