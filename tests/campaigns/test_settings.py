"""Settings: where they come from, which one wins, and what is said of a wrong one."""

import re
from pathlib import Path

import pytest

from campaigns.settings import Settings, SettingsProblem, read_settings, secret_key

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch, tmp_path):
    for name in ("DATABASE_URL", "DATA_DIR", "BOT_TOKEN", "PUBLIC_URL", "HOST", "PORT", "SECRET_KEY", "LOG_LEVEL"):
        monkeypatch.delenv(f"PORTEVOIX_{name}", raising=False)
        monkeypatch.delenv(f"PORTEVOIX_{name}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)  # no .env but the test's own


def test_without_any_setting_everything_lies_in_var_and_listens_here_only(monkeypatch):
    settings = read_settings()
    assert settings.store_url == "sqlite:///var/porte-voix.sqlite3"
    assert str(settings.media_dir) == "var/media"
    assert settings.site_url == "http://127.0.0.1:8000"
    assert settings.telegram_link == "https://t.me"


def test_the_environment_is_read_with_its_prefix_only(monkeypatch):
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("PORTEVOIX_PORT", "8123")
    assert read_settings().port == 8123


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"argument", "variable", "file", "dotenv"}, "argument"),  # the command line wins over all
        ({"variable", "file", "dotenv"}, "variable"),
        ({"file", "dotenv"}, "file"),
        ({"dotenv", "dotenv-file"}, "dotenv-file"),  # a file that .env names, over .env's own value
        ({"file", "dotenv-file"}, "file"),
        ({"dotenv"}, "dotenv"),
        (set(), ""),  # the default
    ],
)
def test_the_nearest_setting_wins(monkeypatch, tmp_path, given, expected):
    for name in ("file", "dotenv-file"):
        (tmp_path / name).write_text(f"{name}\n")  # editors end a file with a line break
    lines = []
    if "dotenv" in given:
        lines.append("PORTEVOIX_BOT_TOKEN=dotenv")
    if "dotenv-file" in given:
        lines.append(f"PORTEVOIX_BOT_TOKEN_FILE={tmp_path / 'dotenv-file'}")
    (tmp_path / ".env").write_text("\n".join(lines))
    if "variable" in given:
        monkeypatch.setenv("PORTEVOIX_BOT_TOKEN", "variable")
    if "file" in given:
        monkeypatch.setenv("PORTEVOIX_BOT_TOKEN_FILE", str(tmp_path / "file"))
    settings = read_settings(**({"bot_token": "argument"} if "argument" in given else {}))
    assert settings.bot_token.get_secret_value() == expected


def test_every_setting_may_come_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "port").write_text("8124")
    monkeypatch.setenv("PORTEVOIX_PORT_FILE", str(tmp_path / "port"))
    assert read_settings().port == 8124


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "huit", "PORTEVOIX_PORT: Input should be a valid integer"),
        ("PORT", "70000", "PORTEVOIX_PORT: Input should be less than or equal to 65535"),
        ("PORT", "-1", "PORTEVOIX_PORT: Input should be greater than or equal to 0"),
        ("LOG_LEVEL", "LOUD", "PORTEVOIX_LOG_LEVEL: must be DEBUG, INFO, WARNING or ERROR"),
        ("TRUSTED_PROXIES", "*", "PORTEVOIX_TRUSTED_PROXIES: “*” is no address and no network"),
        ("TRUSTED_PROXIES", "10.0.0.5, proxy.example.org", "PORTEVOIX_TRUSTED_PROXIES: “proxy.example.org” is no"),
        ("TRUSTED_PROXIES", "10.1.2.3/16", "PORTEVOIX_TRUSTED_PROXIES: “10.1.2.3/16” is no"),  # a network begins at 0
        ("PUBLIC_URL", "exemple.org", "PORTEVOIX_PUBLIC_URL: must begin with https://"),
        ("TELEGRAM_BASE_URL", "ftp://exemple.org", "PORTEVOIX_TELEGRAM_BASE_URL: must begin with https://"),
        ("BOT_UPDATES", "pull", "PORTEVOIX_BOT_UPDATES: Input should be 'polling' or 'webhook'"),
        ("BOT_UPDATES", "webhook", "PORTEVOIX_BOT_UPDATES: webhook needs PORTEVOIX_PUBLIC_URL, an https:// address"),
    ],
)
def test_a_wrong_value_is_named_in_one_sentence(monkeypatch, name, value, sentence):
    monkeypatch.setenv(f"PORTEVOIX_{name}", value)
    with pytest.raises(SettingsProblem) as problem:
        read_settings()
    assert str(problem.value).startswith(sentence)
    assert "\n" not in str(problem.value)


def test_two_wrong_values_are_both_named(monkeypatch):
    monkeypatch.setenv("PORTEVOIX_PORT", "huit")
    monkeypatch.setenv("PORTEVOIX_LOG_LEVEL", "LOUD")
    with pytest.raises(SettingsProblem, match=r"PORTEVOIX_PORT: .*; PORTEVOIX_LOG_LEVEL: "):
        read_settings()


@pytest.mark.parametrize(
    ("address", "host", "good"),
    [
        ("https://exemple.org", None, True),
        ("https://exemple.org:8443/campagne", None, True),
        ("https://exemple.org:443", None, True),
        ("https://exemple.org:9443", None, False),  # Telegram goes to no other port
        ("https://exemple.org:port", None, False),
        ("http://exemple.org", None, False),
        ("http://exemple.org:80", None, False),  # a port of Telegram's, and no TLS
        ("", None, False),  # http://host:port
        ("http://127.0.0.1:8123", "http://127.0.0.1:9", True),  # a stand-in, or a Bot API server of one's own
        ("https://exemple.org:9443", "http://127.0.0.1:9", True),
        ("", "http://127.0.0.1:9", False),
    ],
)
def test_a_webhook_needs_an_address_that_telegram_goes_to(address, host, good):
    given = {"public_url": address, "bot_updates": "webhook"} | ({"telegram_base_url": host} if host else {})
    if good:
        assert read_settings(**given).bot_updates == "webhook"
    else:
        with pytest.raises(SettingsProblem, match="webhook needs PORTEVOIX_PUBLIC_URL"):
            read_settings(**given)


def test_a_wrong_address_is_named_once_though_the_webhook_needs_it_too():
    with pytest.raises(SettingsProblem) as problem:
        read_settings(public_url="exemple.org", bot_updates="webhook")
    assert str(problem.value).startswith("PORTEVOIX_PUBLIC_URL: ")
    assert "BOT_UPDATES" not in str(problem.value)


def test_a_file_that_cannot_be_read_is_named_with_its_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("PORTEVOIX_BOT_TOKEN_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsProblem, match=r"^PORTEVOIX_BOT_TOKEN_FILE names .*nowhere, which cannot be read"):
        read_settings()


def test_a_dotenv_that_is_not_utf8_is_one_sentence(tmp_path):
    (tmp_path / ".env").write_bytes("PORTEVOIX_HOST=é".encode("latin-1"))
    with pytest.raises(SettingsProblem, match=r"\.env is not UTF-8"):
        read_settings()


def test_addresses_lose_their_last_slash_and_levels_are_upper_case(monkeypatch):
    monkeypatch.setenv("PORTEVOIX_PUBLIC_URL", "https://exemple.org/")
    monkeypatch.setenv("PORTEVOIX_LOG_LEVEL", "debug")
    settings = read_settings()
    assert (settings.site_url, settings.log_level) == ("https://exemple.org", "DEBUG")


def test_a_stand_in_for_telegram_serves_its_own_deep_links():
    assert read_settings(telegram_base_url="http://127.0.0.1:9").telegram_link == "http://127.0.0.1:9/t.me"


def test_secrets_do_not_show_when_settings_are_printed():
    settings = read_settings(bot_token="1:abc", secret_key="cle-secrete")
    assert "1:abc" not in repr(settings)
    assert "cle-secrete" not in repr(settings)


def test_the_secret_key_is_made_once_for_the_owner_alone(tmp_path):
    settings = read_settings(data_dir=tmp_path / "new" / "data")
    key = secret_key(settings)
    assert len(key) >= 40
    assert secret_key(settings) == key
    assert (settings.data_dir / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in settings.data_dir.iterdir()] == ["secret_key"]
    assert secret_key(read_settings(data_dir=tmp_path / "other")) != key


def test_a_given_secret_key_is_taken_and_not_written(tmp_path):
    assert secret_key(read_settings(data_dir=tmp_path / "data", secret_key="given")) == "given"
    assert not (tmp_path / "data").exists()


def test_a_crash_while_the_secret_key_was_written_leaves_no_empty_key(tmp_path, monkeypatch):
    settings = read_settings(data_dir=tmp_path / "data")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_text", _crash)
        with pytest.raises(KeyboardInterrupt):
            secret_key(settings)
    assert len(secret_key(settings)) >= 40


def _crash(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_data_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsProblem, match=r"^PORTEVOIX_DATA_DIR: .* cannot be written or read"):
        secret_key(read_settings(data_dir=tmp_path / "file"))


def test_every_setting_stands_in_the_example_and_in_the_docs_and_no_other():
    known = {name.upper() for name in Settings.model_fields}
    example = set(re.findall(r"PORTEVOIX_([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8")))
    assert example - {"BOT_TOKEN_FILE"} == known
    table = (ROOT / "docs" / "going-live.md").read_text("utf-8").split("## Settings")[1].split("## A service")[0]
    named = {
        name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`([A-Z_]+)`", row)
    }
    assert named == known


def test_the_example_is_read_as_it_is(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text("utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert read_settings().public_url == "https://campaign.example.org"
