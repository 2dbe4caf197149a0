"""Typed readers of environment variables: a missing or malformed value prevents the start.

Every reader also accepts ``NAME_FILE``, the path of a file that contains the value, so that a
secret can come from a mounted file and stay out of the process list.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})
POSTGRES_SCHEMES = frozenset({"postgres", "postgresql"})
MAIL_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


class BadEnvironment(Exception):
    """An environment variable is missing or has an invalid value."""


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Address of the database; the password is never part of its repr."""

    name: str
    user: str
    password: str = field(repr=False)
    host: str
    port: int
    options: dict[str, str]


@dataclass(frozen=True, slots=True)
class MailServer:
    """Address of the mail server; the password is never part of its repr."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    starts_tls: bool
    is_tls: bool


def text(name: str, default: str | None = None) -> str:
    """Return the value of ``name`` or the content of the file that ``name_FILE`` points to.

    Raises:
        BadEnvironment: neither is set and there is no default, both are set, or the file cannot be
            read.
    """
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value is not None and file is not None:
        raise BadEnvironment(f"{name} and {name}_FILE are both set; keep one of them.")
    if file is not None:
        return _content(name, Path(file))
    if value is not None:
        return value
    if default is None:
        raise BadEnvironment(f"{name} is not set. See .env.example for an example.")
    return default


def is_set(name: str) -> bool:
    """Return whether ``name`` or ``name_FILE`` has a value."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def flag(name: str, *, default: bool = False) -> bool:
    """Return a yes/no variable; reject anything else."""
    value = text(name, "1" if default else "0").strip().lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise BadEnvironment(f"{name} is {value!r}; write 1 or 0.")


def integer(name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
    """Return an integer between ``minimum`` and ``maximum``, inclusive."""
    value = text(name, str(default)).strip()
    try:
        number = int(value)
    except ValueError as error:
        raise BadEnvironment(f"{name} is {value!r}; write a whole number.") from error
    if number < minimum or (maximum is not None and number > maximum):
        limit = f"at least {minimum}" if maximum is None else f"{minimum} to {maximum}"
        raise BadEnvironment(f"{name} is {number}; it must be {limit}.")
    return number


def words(name: str, default: str = "") -> list[str]:
    """Return the entries of a comma-separated list, stripped."""
    entries = (entry.strip() for entry in text(name, default).split(","))
    return [entry for entry in entries if entry]


def path(name: str, default: Path) -> Path:
    """Return an absolute path; ``~`` is the home directory."""
    return Path(text(name, str(default))).expanduser().resolve()


def postgres(name: str = "DATABASE_URL") -> PostgresAddress:
    """Return the parts of ``postgresql://user:password@host:port/database?option=value``.

    Raises:
        BadEnvironment: it has no value, has another scheme, lacks the host, user or database, or
            its port is not a valid number.
    """
    value = text(name)
    parts = urlsplit(value)
    database = unquote(parts.path.lstrip("/"))
    if parts.scheme not in POSTGRES_SCHEMES or not (parts.hostname and parts.username and database):
        raise BadEnvironment(f"{name} must look like postgresql://user:password@host:5432/name.")
    try:
        port = parts.port or 5432
    except ValueError as error:
        raise BadEnvironment(f"{name} has a port that is not a number.") from error
    return PostgresAddress(
        name=database,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        host=unquote(parts.hostname),
        port=port,
        options=dict(parse_qsl(parts.query)),
    )


def site_url(name: str = "SITE_URL", default: str | None = None) -> str:
    """Return the address of the site, such as ``https://ecg.hospital.example``, without a trailing
    slash.

    Raises:
        BadEnvironment: it has no value, or is not in the form ``scheme://host[:port]``.
    """
    value = text(name, default).strip().rstrip("/")
    parts = urlsplit(value)
    is_whole = parts.scheme in {"http", "https"} and parts.hostname
    if not is_whole or parts.path or parts.query or parts.fragment or parts.username:
        raise BadEnvironment(f"{name} must look like https://ecg.hospital.example.")
    return value


def mail_server(name: str = "EMAIL_URL") -> MailServer | None:
    """Return the parts of ``smtp://user:password@host:587``; None when it is not set.

    ``smtp`` starts in plain text and switches to TLS immediately (STARTTLS), ``smtps`` uses TLS
    from the first byte; ``smtp+plain`` never uses TLS and is for a server on the same machine.

    Raises:
        BadEnvironment: it has another scheme or no host, or its port is not a valid number.
    """
    if not is_set(name):
        return None
    parts = urlsplit(text(name))
    if parts.scheme not in MAIL_PORTS or not parts.hostname:
        raise BadEnvironment(f"{name} must look like smtp://user:password@host:587.")
    try:
        port = parts.port or MAIL_PORTS[parts.scheme]
    except ValueError as error:
        raise BadEnvironment(f"{name} has a port that is not a number.") from error
    return MailServer(
        host=unquote(parts.hostname),
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starts_tls=parts.scheme == "smtp",
        is_tls=parts.scheme == "smtps",
    )


def redis(name: str = "REDIS_URL") -> str:
    """Return the address of Redis or Valkey, rejecting other schemes early."""
    value = text(name)
    if urlsplit(value).scheme not in {"redis", "rediss"}:
        raise BadEnvironment(f"{name} must look like redis://:password@host:6379/0.")
    return value


def _content(name: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadEnvironment(f"{name}_FILE points to {file}, which cannot be read.") from error
