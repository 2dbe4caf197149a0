"""The site's settings, with local services, so that a bare ``pytest FILE`` works.

pytest loads this module before any test. Processes started by a test use the site's own settings.
"""

import os
import sys
from pathlib import Path

from scripts import services

TESTS = Path(__file__).resolve().parent
NO_SERVICES = ("domain", "js")
"""Folders whose tests need neither database nor queue."""


def is_without_services(arguments: list[str]) -> bool:
    """Return whether no services are needed: no test runs, or all files are in ``NO_SERVICES``."""
    if {"--help", "-h", "--version", "--collect-only", "--co"} & {*arguments}:
        return True
    files = [
        Path(argument.partition("::")[0]).resolve()
        for argument in arguments
        if not argument.startswith("-")
    ]
    named = [file for file in files if file.exists() and TESTS in (file, *file.parents)]
    return bool(named) and all(
        any(TESTS / folder in (file, *file.parents) for folder in NO_SERVICES) for file in named
    )


def prepare(arguments: list[str]) -> None:
    """Set missing environment variables. Start local services unless their addresses are given."""
    for name, value in services.environment().items():
        os.environ.setdefault(name, value)
    if any(name in os.environ for name in services.ADDRESSES):
        return
    is_without = is_without_services(arguments)
    os.environ.update(services.NOT_STARTED if is_without else services.keep())


prepare(sys.argv[1:])
os.environ["DJANGO_SETTINGS_MODULE"] = "ecgreview.settings"

from ecgreview.settings import *  # noqa: E402, F403 - it reads the environment
