"""What the store keeps locked: for one purpose, by the secret key, carried over from an old store and to a new key."""

import re

import pytest
from sqlmodel import select

from campaigns import channel_secrets, installation, kept_secrets
from campaigns.channel_secrets import SecretUnreadable, settings_of
from campaigns.database import Database
from campaigns.models import Channel
from campaigns.opening import opener
from campaigns.settings import Settings, vault_for
from campaigns.vault import Vault, WrongKey
from networks import NETWORKS, OPTIONAL_SETTINGS, REQUIRED_SETTINGS, SECRET_SETTINGS
from networks.errors import ChannelRevoked, ChannelSettingsWrong
from tests.conftest import X_KEYS
from tests.stores import everything

KEY = "a key of the tests"
MASTODON = {"base_url": "https://mastodon.example", "access_token": "mot-de-passe-du-canal"}


def test_what_is_locked_opens_again_and_says_nothing():
    locked = Vault(KEY).lock("s3cret", "channel", 1, "token")
    assert "s3cret" not in locked
    assert Vault(KEY).open(locked, "channel", 1, "token") == "s3cret"


def test_a_password_is_the_same_for_the_same_key_and_purpose_alone():
    password = Vault(KEY).password("webhook's address", "7")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", password)
    assert Vault(KEY, "an old key").password("webhook's address", "7") == password
    others = [
        Vault("an old key", KEY).password("webhook's address", "7"),
        Vault(KEY).password("webhook's address", "8"),
        Vault(KEY).password("webhook's header", "7"),
    ]
    assert len({password, *others}) == 4


@pytest.mark.parametrize(
    ("key", "purpose"),
    [
        ("another key", ("channel", 1, "token")),
        (KEY, ("channel", 2, "token")),  # copied to another row
        (KEY, ("channel", 1, "password")),  # or to another setting
        (KEY, ("channel", 1)),
        (KEY, ("channel1", "token")),
    ],
)
def test_it_opens_for_its_purpose_and_its_key_alone(key, purpose):
    with pytest.raises(WrongKey):
        Vault(key).open(Vault(KEY).lock("s3cret", "channel", 1, "token"), *purpose)


def test_an_old_key_opens_and_no_longer_locks():
    locked = Vault("old").lock("s3cret", "x")
    both = Vault("new", "old")
    assert both.open(locked, "x") == "s3cret"
    assert not both.is_current(locked, "x")
    assert both.is_current(both.lock("s3cret", "x"), "x")
    with pytest.raises(WrongKey):
        Vault("old").open(both.lock("s3cret", "x"), "x")


def test_every_secret_setting_is_one_that_its_network_knows():
    for network in NETWORKS:
        known = {*REQUIRED_SETTINGS[network], *OPTIONAL_SETTINGS.get(network, ()), "bot_token"}
        assert SECRET_SETTINGS[network] <= known, network
        named = {name for name in known if any(word in name for word in ("token", "password", "secret"))}
        assert named - {"bot_token"} <= SECRET_SETTINGS[network], network


async def test_a_channels_address_stays_readable_and_its_token_does_not(database, store_url, campaign):
    async with database.write() as session:
        channel = await installation.add_channel(session, campaign.id, "mastodon", "Mastodon", MASTODON)
    assert channel.settings == {"base_url": "https://mastodon.example"}
    assert settings_of(Vault(KEY), channel) == MASTODON
    assert "mot-de-passe-du-canal" not in everything(store_url)


async def test_a_new_token_takes_the_place_of_the_old_one_and_the_rest_stays(database, campaign):
    async with database.write() as session:
        channel = await installation.add_channel(session, campaign.id, "mastodon", "Mastodon", MASTODON)
        channel.resting_reason = "revoked"
        await installation.change_channel(session, channel, {"access_token": "new"})
        assert settings_of(Vault(KEY), channel) == MASTODON | {"access_token": "new"}
        assert channel.resting_reason == "revoked"  # until the network has said yes
        with pytest.raises(ChannelSettingsWrong, match="needs access_token"):
            await installation.change_channel(session, channel, {"access_token": ""})
        with pytest.raises(ChannelSettingsWrong, match="no setting colour"):
            await installation.change_channel(session, channel, {"colour": "red"})
        assert settings_of(Vault(KEY), channel) == MASTODON | {"access_token": "new"}


async def test_what_an_earlier_version_stored_in_the_clear_is_locked_once(database, campaign):
    async with database.write() as session:
        channel = await installation.add_channel(session, campaign.id, "mastodon", "Mastodon", MASTODON)
        channel.settings, channel.secrets = dict(MASTODON), {}
    async with database.write() as session:
        assert await channel_secrets.some_are_open(session)
        assert await channel_secrets.lock_what_is_open(session) == 1
    async with database.write() as session:
        assert not await channel_secrets.some_are_open(session)
        assert await channel_secrets.lock_what_is_open(session) == 0
        found = (await session.scalars(select(Channel))).one()
    assert found.settings == {"base_url": "https://mastodon.example"}
    assert settings_of(Vault(KEY), found) == MASTODON


async def test_with_another_key_the_channel_rests_with_a_sentence_that_says_what_to_do(database, campaign, tmp_path):
    async with database.write() as session:
        channel = await installation.add_channel(session, campaign.id, "x", "Compte X", X_KEYS)
    with pytest.raises(SecretUnreadable):
        settings_of(Vault("another"), channel)
    open_network = opener(Settings(_env_file=None, data_dir=tmp_path, secret_key="another"))
    with pytest.raises(ChannelRevoked) as refused:
        open_network(channel)
    said = str(refused.value)
    assert "channel Compte X" in said and "PORTEVOIX_OLD_SECRET_KEY" in said and "give the channel a new" in said


async def test_a_new_key_locks_everything_anew_and_names_what_it_cannot_read(database, campaign, clock):
    async with database.write() as session:
        old = await installation.add_channel(session, campaign.id, "mastodon", "Mastodon", MASTODON)
        lost = await installation.add_channel(session, campaign.id, "mastodon", "Perdu", MASTODON)
        lost.secrets = {"access_token": Vault("long gone").lock("x", "channel", lost.id, "access_token")}
        await kept_secrets.keep(session, kept_secrets.BOT_TOKEN, "1:abc", clock())
    renewed = Database(database.url.render_as_string(), Vault("new", KEY))
    async with renewed.write() as session:
        changed, unreadable = await channel_secrets.lock_anew(session)
        assert (changed, [problem.channel.name for problem in unreadable]) == (1, ["Perdu"])
        assert await kept_secrets.lock_anew(session) == (1, [])
    async with renewed.read() as session:
        stored = await session.get_one(Channel, old.id)
        assert await kept_secrets.kept(session, kept_secrets.BOT_TOKEN) == "1:abc"
    assert settings_of(Vault("new"), stored) == MASTODON  # the old key is needed no more
    await renewed.close()


def test_a_key_in_the_settings_opens_what_the_data_folders_own_locked(tmp_path):
    own = vault_for(Settings(_env_file=None, data_dir=tmp_path))
    locked = own.lock("s3cret", "x")
    given = vault_for(Settings(_env_file=None, data_dir=tmp_path, secret_key="given"))
    assert given.open(locked, "x") == "s3cret" and not given.is_current(locked, "x")
    old = Settings(_env_file=None, data_dir=tmp_path / "elsewhere", secret_key="newer", old_secret_key="given")
    assert vault_for(old).open(given.lock("s3cret", "x"), "x") == "s3cret"


async def test_a_store_that_was_opened_without_its_key_keeps_no_secret_in_the_clear(database, campaign):
    bare = Database(database.url.render_as_string())
    async with bare.write() as session:
        await installation.add_channel(session, campaign.id, "telegram", "Canal", {"chat_id": "1"})
    with pytest.raises(RuntimeError, match="without its key"):
        async with bare.write() as session:
            await installation.add_channel(session, campaign.id, "x", "Compte X", X_KEYS)
    await bare.close()
