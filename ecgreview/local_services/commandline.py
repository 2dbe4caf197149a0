"""Set up a management command's environment before Django starts: addresses and a secret key."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from ecgreview import local_services
from ecgreview.local_services.places import Places, default_home
from ecgreview.site import env

ADDRESSES = ("DATABASE_URL", "REDIS_URL")
WITHOUT_SERVICES = frozenset({
    "--help", "-h", "--version", "collectstatic", "compilemessages", "diffsettings", "findstatic",
    "help", "makemessages", "spectacular", "startapp", "startproject", "version",
})  # fmt: skip
NOT_STARTED = {
    "DATABASE_URL": "postgresql://services-not-started@127.0.0.1:1/none",
    "REDIS_URL": "redis://services-not-started@127.0.0.1:1/0",
}
SECRET_KEY_BYTES = 48


class HalfConfigured(Exception):
    """Only one of DATABASE_URL and REDIS_URL is set."""


@contextmanager
def services_for(arguments: Sequence[str]) -> Iterator[None]:
    """Set the environment of the command in ``arguments`` (without the program).

    With both addresses set, nothing embedded starts. With neither, the embedded services start
    if the command needs them, and stop after the last command that uses them. One alone is
    refused, because splitting the data between two places is worse than an error message.

    Raises:
        HalfConfigured: exactly one address is set.
        ServicesFailed: the embedded services did not start.
    """
    configured = [name for name in ADDRESSES if env.is_set(name)]
    if len(configured) == len(ADDRESSES):
        yield
    elif configured:
        missing = next(name for name in ADDRESSES if name not in configured)
        raise HalfConfigured(
            f"{configured[0]} is set but {missing} is not. Set both for servers of your own, or "
            "neither for the embedded ones."
        )
    elif needs_services(arguments):
        with local_services.running() as services, _environment(_embedded(services)):
            yield
    else:
        with _environment(NOT_STARTED):
            yield


def needs_services(arguments: Sequence[str]) -> bool:
    """Return whether the command opens the database or the queue."""
    return bool(arguments) and WITHOUT_SERVICES.isdisjoint((arguments[0], *arguments[-1:]))


def _embedded(services: local_services.Services) -> dict[str, str]:
    return {
        "DATABASE_URL": services.database_url,
        "REDIS_URL": services.redis_url,
        "ECGREVIEW_EMBEDDED": "1",
    }


@contextmanager
def _environment(addresses: Mapping[str, str]) -> Iterator[None]:
    """Set ``addresses`` and the other variables for a single machine; restore all at the end."""
    before = dict(os.environ)
    os.environ.update(addresses)
    # Unless configured otherwise: plain HTTP on loopback, and the audit heads file and secret key
    # of this home.
    os.environ.setdefault("ECGREVIEW_DEMO", "1")
    os.environ.setdefault("AUDIT_HEADS_FILE", str(default_home() / "audit-heads.txt"))
    if not env.is_set("SECRET_KEY"):
        places = Places(default_home()).create()
        os.environ["SECRET_KEY"] = places.secret("django", SECRET_KEY_BYTES)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
