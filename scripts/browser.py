"""Find a Chromium for the browser tests, or install one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

WINDOWED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The same engine without a compositor, with which tests take half the CPU time.
SHELL = "chromium-headless-shell"
FONTS = "fonts-dejavu-core"
FIND = (
    "from playwright.sync_api import sync_playwright as p\n"
    "with p() as started: print(started.chromium.executable_path)"
)


class NoBrowser(Exception):
    """There is no Chromium, and none can be installed."""


def chromium(*, is_windowed: bool = False) -> str:
    """Return the path of a Chromium that starts.

    If the variable CHROMIUM is set, only that path is tried; otherwise PATH, Debian's package if we
    are root, and Playwright's download, in this order. Prefers the headless shell unless
    ``is_windowed``: benchmarks use the browser that readers have.

    Raises:
        NoBrowser: none of these works. Browser tests are never skipped silently.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        return checked(named)
    names = WINDOWED if is_windowed else (SHELL, *WINDOWED)
    path = on_path(names) or (install_package(names[0]) and on_path(names)) or download()
    if not path:
        raise NoBrowser(
            "No Chromium found. Run `apt install chromium` and try again, or set CHROMIUM to "
            "the path of one."
        )
    return checked(path)


def on_path(names: Sequence[str]) -> str | None:
    """Return the path of the first of ``names`` that is on PATH, or None."""
    return next((path for name in names if (path := shutil.which(name))), None)


def install_package(name: str) -> bool:
    """Install the Debian package ``name`` and fonts as root. Return whether that worked."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print("Installing Chromium from the system's packages …", flush=True)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", name, FONTS]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # An update may fail although the lists are recent enough, so only the installation counts.
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet)
    return subprocess.run(install, check=False, env=quiet).returncode == 0


def download() -> str | None:
    """Return the path of Playwright's Chromium after downloading it; None if that fails."""
    print("Downloading Chromium with Playwright …", flush=True)
    install = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(install, check=False).returncode != 0:
        return None
    done = subprocess.run([sys.executable, "-c", FIND], check=False, capture_output=True, text=True)
    return done.stdout.strip() or None


def checked(path: str) -> str:
    """Return ``path`` if the browser starts.

    Raises:
        NoBrowser: it does not start, for example because a library is missing.
    """
    try:
        done = subprocess.run([path, "--version"], check=False, capture_output=True, text=True)
    except OSError as error:
        raise NoBrowser(f"{path} does not start: {error}") from error
    if done.returncode != 0:
        raise NoBrowser(f"{path} does not start: {done.stderr.strip()}")
    return path
