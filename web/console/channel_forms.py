"""The settings of each network as fields of a form, from the networks' own lists. A secret one is never shown again."""

from dataclasses import dataclass

from starlette.datastructures import FormData

from campaigns.models import Channel
from campaigns.words import mark
from networks import GIVEN_SETTINGS, OPTIONAL_SETTINGS, REQUIRED_SETTINGS, SECRET_SETTINGS
from web.uploads import text_of

_ = mark
CAN_TEST = frozenset({"telegram", "mail"})  # where the campaign can write to one person alone
MANY_SERVERS = frozenset({"mastodon", "bluesky"})  # the others have one address, known to the program
LABELS = {
    "chat_id": _("The chat: @name of a public one, or its number"),
    "bot_token": _("Another bot's token, where this channel has its own"),
    "base_url": _("Address of the server"),
    "access_token": _("Access token"),
    "access_token_secret": _("Access token secret"),
    "consumer_key": _("API key"),
    "consumer_secret": _("API key secret"),
    "handle": _("Handle, such as campaign.bsky.social"),
    "app_password": _("App password, made in Bluesky's settings"),
    "page_id": _("Number of the Page"),
    "host": _("Mail server"),
    "sender": _("Sender, such as Campaign <news@campaign.example>"),
    "port": _("Port"),
    "username": _("User name"),
    "password": _("Password"),
    "starttls": _("STARTTLS: yes or no"),
    "per_minute": _("Messages a minute, at most"),
}
HINTS = {  # what to have ready, by network
    "telegram": _("Make the campaign's bot an administrator of the channel or group first."),
    "x": _("From the developer portal, of an app that may read and write. Posting there costs money."),
    "mastodon": _("From Preferences, Development on your server: a new application that may write."),
    "bluesky": _("Not the account's own password: an app password can be taken back alone."),
    "facebook": _("A Page's token with the permission pages_manage_posts."),
    "mail": _("One message a person, to those on the campaign's list who said yes."),
}


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str  # a msgid
    required: bool
    secret: bool
    value: str  # what is stored; empty for a secret
    stored: bool  # there is a value already: left empty, it stays


def fields_of(network: str, channel: Channel | None = None) -> list[Field]:
    required, secret = REQUIRED_SETTINGS[network], SECRET_SETTINGS[network]
    kept = channel.settings if channel else {}
    own = [name for name in GIVEN_SETTINGS.get(network, ()) if name in secret]  # such as a bot of the channel's own
    optional = [name for name in (*OPTIONAL_SETTINGS.get(network, ("base_url",)), *own) if name not in required]
    if network not in MANY_SERVERS:
        optional = [name for name in optional if name != "base_url" or name in kept]
    return [
        Field(
            name,
            LABELS.get(name, name),
            name in required,
            name in secret,
            kept.get(name, ""),
            channel is not None and (name in channel.settings or name in channel.secrets),
        )
        for name in (*required, *optional)
    ]


def read(form: FormData, network: str, channel: Channel | None = None) -> dict[str, str]:
    """The settings that a form gives; what is left empty of a stored secret is not among them."""
    asked = [field for field in fields_of(network, channel) if f"set.{field.name}" in form]
    given = {field.name: (text_of(form, f"set.{field.name}"), field) for field in asked}
    return {name: value for name, (value, field) in given.items() if value or (field.stored and not field.secret)}
