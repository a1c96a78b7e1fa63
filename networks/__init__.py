"""One file a network: an OutgoingPost goes in, a Receipt or a named error comes out. Knows no table.

`NETWORKS` is plain, so that one can grep it; a network's library is loaded only by who has a channel on it.
"""

from collections.abc import Mapping
from importlib import import_module

from networks.base import Network
from networks.errors import ChannelSettingsWrong

NETWORKS = {
    "telegram": "networks.telegram:TelegramChannel",
    "x": "networks.x:XAccount",
    "mastodon": "networks.mastodon:MastodonAccount",
    "bluesky": "networks.bluesky:BlueskyAccount",
    "facebook": "networks.facebook:FacebookPage",
    "mail": "networks.mail:MailRelay",
}

# Those that write to people by themselves: whoever publishes hands them the list, with the post's title.
NEEDS_RECIPIENTS = frozenset({"mail"})

# How many posts a network is asked about at a time, where it tells how often they were liked or passed on (base.Reporting).
# X and Bluesky answer for so many in one request; the others are asked post by post. Telegram's Bot API tells nothing of
# the kind, and a mailing has nobody to ask.
REPORTS = {"x": 100, "bluesky": 25, "mastodon": 25, "facebook": 25}
# What reading one post's figures costs, in thousandths of a dollar.
# X, pay per use: reads of one's own posts; docs.x.com/x-api/getting-started/pricing, November 2026.
READ_PRICES = {"x": 1}

# What `channels add` must be told for each network.
REQUIRED_SETTINGS: dict[str, tuple[str, ...]] = {
    "telegram": ("chat_id",),
    "x": ("consumer_key", "consumer_secret", "access_token", "access_token_secret"),
    "mastodon": ("base_url", "access_token"),
    "bluesky": ("handle", "app_password"),
    "facebook": ("page_id", "access_token"),
    "mail": ("host", "sender"),
}
# What else a network understands; where it is not named here, that is `base_url`.
OPTIONAL_SETTINGS: dict[str, tuple[str, ...]] = {
    "mail": ("port", "username", "password", "starttls", "per_minute"),
}
# Those of them that nobody may read: they are locked in the store, and never shown again.
SECRET_SETTINGS: dict[str, frozenset[str]] = {
    "telegram": frozenset({"bot_token"}),
    "x": frozenset(REQUIRED_SETTINGS["x"]),
    "mastodon": frozenset({"access_token"}),
    "bluesky": frozenset({"app_password"}),
    "facebook": frozenset({"access_token"}),
    "mail": frozenset({"password"}),
}
# What the installation knows and hands to each channel of the network.
GIVEN_SETTINGS: dict[str, tuple[str, ...]] = {"telegram": ("bot_token", "base_url"), "x": ()}


def check_settings(network: str, settings: Mapping[str, str]) -> None:
    """Raise ChannelSettingsWrong where a setting is missing, empty or unknown."""
    if network not in NETWORKS:
        raise ChannelSettingsWrong(f"network “{network}” is unknown; choose one of {', '.join(NETWORKS)}")
    required, given = REQUIRED_SETTINGS[network], GIVEN_SETTINGS.get(network, ())
    known = {*required, *given, *OPTIONAL_SETTINGS.get(network, ("base_url",))}
    missing = [name for name in required if not settings.get(name)]
    if missing:
        raise ChannelSettingsWrong(f"{network} needs {', '.join(missing)}: add --set {missing[0]}=…")
    unknown = sorted(set(settings) - known)
    if unknown:
        raise ChannelSettingsWrong(
            f"{network} has no setting {', '.join(unknown)}; it knows {', '.join(sorted(known))}"
        )
    base_url = settings.get("base_url")
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise ChannelSettingsWrong(f"base_url “{base_url}” must begin with https:// (or http:// on this machine)")


def open_network(network: str, settings: Mapping[str, str]) -> Network:
    """The network of a channel, ready to publish. `settings` are the channel's own over what the installation gives."""
    check_settings(network, settings)
    module, _, name = NETWORKS[network].partition(":")
    opened: Network = getattr(import_module(module), name)(**settings)
    return opened
