"""The only reader of the environment."""

import os
import secrets
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from campaigns.media_stores import Bucket, MediaHome, parts_of
from campaigns.mirrors import FramesHome, Mirror
from campaigns.vault import Vault

PREFIX = "PORTEVOIX_"
TELEGRAM = "https://api.telegram.org"
WEBHOOK_PORTS = (443, 80, 88, 8443)  # where Telegram delivers: setWebhook


class SettingsProblem(Exception):
    """A setting is wrong; the message names it and says what to write."""


class Settings(BaseSettings):
    """Read once by run_bot.py and passed in. Each may also come from a file, named by the same variable + `_FILE`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore")

    database_url: str = ""  # empty: one SQLite file in data_dir
    database_wait: int = Field(default=60, ge=0)  # seconds at start for which a store that is away is waited for
    data_dir: Path = Path("var")
    media_url: str = ""  # a bucket that speaks S3, for pictures and frames; empty: data_dir
    media_key: str = ""
    media_secret: SecretStr = SecretStr("")
    bot_token: SecretStr = SecretStr("")
    telegram_base_url: str = TELEGRAM
    public_url: str = ""  # empty: http://host:port
    bot_updates: Literal["polling", "webhook"] = (
        "polling"  # how the bot hears: it asks Telegram, or Telegram comes to public_url
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    trusted_proxies: str = "127.0.0.1, ::1"  # whose X-Forwarded-For and X-Forwarded-Proto are believed; empty: nobody's
    secret_key: SecretStr = SecretStr("")  # empty: made once and kept in data_dir
    old_secret_key: SecretStr = SecretStr("")  # opens what was locked before the key changed; `keys renew` ends that
    log_level: str = "INFO"
    log_format: str = "text"  # json: one object a line, for machines
    latest_minutes: int = Field(default=5, ge=1)  # how late a publication may be before /healthz says so
    # For so many what people did is kept with its moment, beside the month that goes on; a year of it is shown.
    acts_months: int = Field(default=13, ge=13)
    metrics_port: int = Field(
        default=0, ge=0, le=65535
    )  # where a process without the pages answers /metrics; 0: nowhere
    metrics_token: SecretStr = SecretStr("")  # lets a monitor on another machine read /metrics
    sentry_dsn: SecretStr = SecretStr("")  # where errors are reported, without anything of a person
    otlp_endpoint: str = ""  # where traces go, such as http://127.0.0.1:4318
    _token_is_kept: bool = PrivateAttr(default=False)
    _bucket: Bucket | None = PrivateAttr(default=None)
    _mirror: Mirror | None = PrivateAttr(default=None)

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("log_format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value.lower() not in {"text", "json"}:
            raise ValueError("must be text or json")
        return value.lower()

    @field_validator("public_url", "telegram_base_url", "otlp_endpoint")
    @classmethod
    def _has_scheme(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with https:// (or http:// on this machine)")
        return value.rstrip("/")

    @field_validator("bot_updates")
    @classmethod
    def _can_be_reached(cls, value: str, info: ValidationInfo) -> str:
        if value == "webhook" and "public_url" in info.data and "telegram_base_url" in info.data:
            near = info.data["telegram_base_url"] != TELEGRAM  # a Bot API server of one's own takes any address
            if not _is_for_webhook(info.data["public_url"], near=near):
                raise ValueError(
                    f"webhook needs {PREFIX}PUBLIC_URL, an https:// address that Telegram reaches on port 443, 80, 88 or"
                    " 8443; set it, or write polling"
                )
        return value

    @field_validator("media_url")
    @classmethod
    def _names_a_bucket(cls, value: str) -> str:
        if value:
            parts_of(value)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _names_machines(cls, value: str) -> str:
        """Not *: whoever may say where they come from can say it anew at each wrong password."""
        named = [part.strip() for part in value.split(",") if part.strip()]
        for part in named:
            try:
                ip_network(part)
            except ValueError:
                raise ValueError(
                    f"“{part}” is no address and no network: write them as 10.0.0.5, 10.1.0.0/16, with commas between"
                ) from None
        return ",".join(named)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        named = {**_env_vars(dotenv_settings), **_env_vars(env_settings)}
        return init_settings, env_settings, _NamedFiles(settings_cls, named), dotenv_settings

    @property
    def token_is_kept(self) -> bool:
        """Whether the bot's token was given in the console, and not by the environment."""
        return self._token_is_kept

    def take_kept_token(self, token: str) -> None:
        """Use the token that was given in the console."""
        self.bot_token, self._token_is_kept = SecretStr(token), True

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'porte-voix.sqlite3'}"

    @property
    def frames_dir(self) -> Path:
        """The frames made by designers, a folder for each campaign."""
        return self.data_dir / "frames"

    @property
    def kits_dir(self) -> Path:
        """The sections' kits as they were made last; they are made anew where they are gone."""
        return self.data_dir / "kits"

    @property
    def files_dir(self) -> Path:
        """The files that organizers asked for."""
        return self.data_dir / "files"

    @property
    def media_dir(self) -> Path:
        return self.data_dir / "media"

    @property
    def media(self) -> MediaHome:
        """Where posts' pictures lie: `media_dir`, or the bucket; raises MediaProblem where nothing speaks S3."""
        if not self.media_url:
            return self.media_dir
        if self._bucket is None:
            self._bucket = self._in_bucket("media")
        return self._bucket

    @property
    def frames(self) -> FramesHome:
        """Where designers' frames lie: `frames_dir`, which follows the bucket where there is one; raises MediaProblem."""
        if not self.media_url:
            return self.frames_dir
        if self._mirror is None:
            self._mirror = Mirror(self.frames_dir, self._in_bucket("frames"))
        return self._mirror

    @property
    def kits(self) -> MediaHome:
        """Where sections' kits are handed on from, whichever process made them: `kits_dir`, or the bucket."""
        return self._in_bucket("kits") if self.media_url else self.kits_dir

    @property
    def files(self) -> MediaHome:
        """Where files lie for a day that organizers asked for: they hold what is private, and no page hands them to others."""
        return self._in_bucket("files") if self.media_url else self.files_dir

    @property
    def kept_files(self) -> dict[str, MediaHome]:
        """What lies beside the rows and cannot be made anew, by the folder that it lies in."""
        return {part: self._in_bucket(part) if self.media_url else self.data_dir / part for part in ("media", "frames")}

    def _in_bucket(self, below: str) -> Bucket:
        return Bucket(self.media_url, self.media_key, self.media_secret.get_secret_value(), below=below)

    @property
    def site_url(self) -> str:
        """Where people reach the web pages, without a trailing slash."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def telegram_link(self) -> str:
        """What stands before a bot's user name in a deep link; a stand-in serves its own."""
        return "https://t.me" if self.telegram_base_url == TELEGRAM else f"{self.telegram_base_url}/t.me"


def _is_for_webhook(address: str, *, near: bool) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port or 443
    except ValueError:  # a port that is no number
        return False
    return bool(parts.hostname) and (near or (parts.scheme == "https" and port in WEBHOOK_PORTS))


def _env_vars(source: PydanticBaseSettingsSource) -> Mapping[str, str | None]:
    """What a source read, by names in lower case; settings passed in place of it have none."""
    return source.env_vars if isinstance(source, EnvSettingsSource) else {}


class _NamedFiles(EnvSettingsSource):
    """PORTEVOIX_BOT_TOKEN_FILE=/run/secrets/token is read as PORTEVOIX_BOT_TOKEN."""

    def __init__(self, settings_cls: type[BaseSettings], named: Mapping[str, str | None]) -> None:
        super().__init__(settings_cls)
        self._named = named

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = f"{PREFIX}{field_name.upper()}_FILE"
        path = self._named.get(name.lower())
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsProblem(f"{name} names {path}, which cannot be read: {error}") from None


def read_settings(**overrides: Any) -> Settings:
    """The settings of this run; raises SettingsProblem with one sentence for each wrong value."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [
            f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
        ]
        raise SettingsProblem("; ".join(lines)) from None
    except SettingsError as error:  # pydantic-settings wraps what a source raises
        raise SettingsProblem(str(error.__cause__ or error)) from None
    except UnicodeDecodeError:
        raise SettingsProblem("the file .env is not UTF-8; save it as UTF-8") from None


def secret_key(settings: Settings) -> str:
    """The key that signs forms and locks secrets: the setting, or one made once and kept in the data folder."""
    if value := settings.secret_key.get_secret_value():
        return value
    path = key_file(settings)
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}.part")
            unfinished.touch(mode=0o600)
            unfinished.write_text(secrets.token_urlsafe(32), encoding="ascii")
            unfinished.replace(path)  # a crash leaves no empty key, with which anybody could sign
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsProblem(
            f"{PREFIX}DATA_DIR: {path} cannot be written or read ({error.strerror}); name a folder that can"
        ) from None


def key_file(settings: Settings) -> Path:
    """Where the secret key is kept unless the settings name one."""
    return settings.data_dir / "secret_key"


def vault_for(settings: Settings) -> Vault:
    """Locks with the present key, and opens with each that is known."""
    return Vault(*known_keys(settings))


def known_keys(settings: Settings) -> tuple[str, ...]:
    """The present key, and behind it the old one, and the data folder's where the setting took its place."""
    key = secret_key(settings)
    file = key_file(settings)
    try:
        kept = file.read_text(encoding="ascii").strip() if file.exists() else ""
    except (OSError, UnicodeDecodeError):
        kept = ""  # it is not the present key, or secret_key() had said so
    return tuple(dict.fromkeys(filter(None, (key, settings.old_secret_key.get_secret_value(), kept))))
