"""What an operator can set: one model, read from the environment (prefix BACKTALK_) and a TOML file.

The docstring under a setting is its only description: docs/self-hosting.md shows the same words.
Order of precedence: command line, environment, file, default. Only `cli` and `bootstrap` import this module.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from backtalk.errors import Invalid

PREFIX = "BACKTALK_"
MIN_SECRET_CHARS = 32
KEY_FILE = "secret.key"

_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>\d{1,5}))?")
_LAST_PORT = 65_535


class BadSetting(Invalid):
    """A setting has a value that cannot be used."""

    code = "bad_setting"


class Settings(BaseModel):
    """A checked configuration. Each field is the setting BACKTALK_<NAME> and, in lower case, a key of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True)

    data_dir: Path = Field(default_factory=lambda: user_data_path("backtalk"))
    """Folder of the SQLite database and of the secret key. Default: the user's data folder."""

    database_url: str = ""
    """`sqlite:///PATH` or `postgresql://…`. Default: `backtalk.db` in DATA_DIR. This release runs on SQLite only."""

    secret_key: SecretStr = SecretStr("")
    """Seals stored secrets; at least 32 characters. Several, separated by commas: the first seals, all can open.
    Default: made on the first start and kept in `secret.key` in DATA_DIR; with PostgreSQL it must be given."""

    public_url: str = ""
    """The address under which people reach this server: `https://chat.example.com`. Default: from HOST and PORT."""

    host: str = "127.0.0.1"
    """Address to listen on. `0.0.0.0` makes the server reachable from other machines: put a TLS proxy in front."""

    port: int = Field(default=8420, ge=0, le=_LAST_PORT)
    """Port to listen on; 0 takes a free one."""

    egress_allow: tuple[str, ...] = ()
    """Comma list of private targets that APIs may call: `host`, `host:port` or a CIDR range. Loopback opens only for
    an exact `host:port` such as `127.0.0.1:3000`; metadata and link-local addresses never open."""

    log_format: Literal["text", "json"] = "text"
    """`text` for people, `json` for machines. One line per event in both."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is logged. From `info` up, logs hold no message text, phone number or e-mail address."""

    retention_days: int = Field(default=30, ge=1, le=3650)
    """Days after which call log rows and taken-in events are deleted."""

    admin_email: str = ""
    """E-mail address of the first user of the dashboard. Read by a later release."""

    admin_password: SecretStr = SecretStr("")
    """Password of that user, at least 12 characters. Given together with ADMIN_EMAIL."""

    trusted_proxies: tuple[str, ...] = ()
    """Comma list of addresses or CIDR ranges whose X-Forwarded-For and X-Forwarded-Proto are believed."""

    @field_validator("egress_allow", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("data_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("write it as sqlite:///PATH or postgresql://USER@HOST/NAME")
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if any(len(key) < MIN_SECRET_CHARS for key in _keys(value)) or (value and not _keys(value)):
            raise ValueError(f"each key needs at least {MIN_SECRET_CHARS} characters; `openssl rand -hex 32` makes one")
        return value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        value = value.rstrip("/")
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("write an absolute address such as https://chat.example.com")
        return value

    @field_validator("host")
    @classmethod
    def _not_empty(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("write an address to listen on, such as 127.0.0.1")
        return value.strip()

    @field_validator("egress_allow")
    @classmethod
    def _targets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not _is_target(entry):
                raise ValueError(f"{entry!r} is not a host, host:port or CIDR range such as 10.1.0.0/16")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            try:
                ipaddress.ip_network(entry)
            except ValueError:
                raise ValueError(f"{entry!r} is not an address or CIDR range such as 10.0.0.0/8") from None
        return value

    @field_validator("admin_password")
    @classmethod
    def _password(cls, value: SecretStr) -> SecretStr:
        if value and len(value.get_secret_value()) < 12:  # noqa: PLR2004 - said in the docstring of the setting
            raise ValueError("write at least 12 characters")
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if bool(self.admin_email) != bool(self.admin_password):
            raise ValueError("ADMIN_EMAIL and ADMIN_PASSWORD are given together or not at all")
        if self.uses_postgresql and not self.secret_key:
            raise ValueError(
                "SECRET_KEY must be given when DATABASE_URL names PostgreSQL: all processes need the same one"
            )
        return self

    @property
    def uses_postgresql(self) -> bool:
        return self.database_url.startswith("postgresql://")

    @property
    def database(self) -> str:
        """The address of the database, the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'backtalk.db'}"

    @property
    def address(self) -> str:
        """Where this server is reached: PUBLIC_URL, else HOST and PORT."""
        if self.public_url:
            return self.public_url
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def load(
    environ: Mapping[str, str] | None = None, *, config: Path | None = None, given: Mapping[str, Any] | None = None
) -> Settings:
    """Settings from the environment and a TOML file; `given` (the command line) wins. BadSetting names the key."""
    values = _from_file(config) if config else {}
    values |= _from_environment(os.environ if environ is None else environ)
    values |= {name: value for name, value in (given or {}).items() if value is not None}
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadSetting(_sentence(first["loc"], first["msg"])) from None


def secret_keys(settings: Settings) -> list[str]:
    """The keys that seal: the given ones, else the one kept in DATA_DIR, made when there is none yet (row K07)."""
    if given := _keys(settings.secret_key):
        return given
    path = settings.data_dir / KEY_FILE
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = path.read_text("utf-8").strip()
        else:
            key = secrets.token_hex(32)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(key + "\n")
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise BadSetting(f"{PREFIX}DATA_DIR: {settings.data_dir} cannot be used ({error.strerror})") from None
    if len(key) < MIN_SECRET_CHARS:
        raise BadSetting(f"{PREFIX}SECRET_KEY: {path} does not hold a key; restore it from your backup")
    return [key]


def _keys(value: SecretStr) -> list[str]:
    return [key.strip() for key in value.get_secret_value().split(",") if key.strip()]


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in Settings.model_fields:
            if value:
                values[name] = value
        elif like := get_close_matches(name, Settings.model_fields, n=1, cutoff=0.75):
            raise BadSetting(f"{variable} is not a setting; did you mean {PREFIX}{like[0].upper()}?")
    return values


def _from_file(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadSetting(f"--config: {path} cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"--config: {path} is not valid TOML ({error})") from None
    values = {name.lower(): value for name, value in document.items()}
    if unknown := _first(name for name in values if name not in Settings.model_fields):
        like = get_close_matches(unknown, Settings.model_fields, n=1)
        hint = f"did you mean {like[0]}?" if like else f"known are {', '.join(Settings.model_fields)}."
        raise BadSetting(f"--config: {unknown} in {path} is not a setting; {hint}")
    return values


def _first(names: Iterable[str]) -> str | None:
    return next(iter(names), None)


def _sentence(place: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    message = message[:1].lower() + message[1:] if place else message
    return f"{PREFIX}{str(place[0]).upper()}: {message}" if place else f"{PREFIX}{message}"


def _is_target(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry)
    except ValueError:
        match = _HOST_AND_PORT.fullmatch(entry)
        return match is not None and (match["port"] is None or 0 < int(match["port"]) <= _LAST_PORT)
    return True
