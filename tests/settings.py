"""The site's settings, for whoever types ``pytest FILE`` with nothing prepared.

pytest loads this before it loads any test. Processes that a test starts see the site's own
settings.
"""

import os
import sys
from pathlib import Path

from scripts import services

TESTS = Path(__file__).resolve().parent
NO_SERVICES = ("domain", "js")
"""Folders whose tests need neither the database nor the queue."""


def is_without_services(arguments: list[str]) -> bool:
    """Return whether all files named in ``arguments`` lie in folders that need no services."""
    if {"--help", "-h", "--version", "--collect-only", "--co"} & {*arguments}:
        return True
    files = [Path(one.partition("::")[0]).resolve() for one in arguments if not one.startswith("-")]
    named = [file for file in files if file.exists() and TESTS in (file, *file.parents)]
    return bool(named) and all(
        any(TESTS / folder in (file, *file.parents) for folder in NO_SERVICES) for file in named
    )


def prepare(arguments: list[str]) -> None:
    """Complete the environment, starting the tests' own services unless they are given."""
    for name, value in services.environment().items():
        os.environ.setdefault(name, value)
    if any(name in os.environ for name in services.ADDRESSES):
        return
    is_without = is_without_services(arguments)
    os.environ.update(services.NOT_STARTED if is_without else services.keep())


prepare(sys.argv[1:])
os.environ["DJANGO_SETTINGS_MODULE"] = "ecgreview.settings"

from ecgreview.settings import *  # noqa: E402, F403 - it reads the environment
