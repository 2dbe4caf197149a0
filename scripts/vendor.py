"""Copy plotly.js to where Django finds static files: from npm, or else from Python's plotly.

npm's basic bundle (scatter, bar, pie) is a quarter of the size of the full one. Both are the same
release; a test compares the versions. Writes build/vendor/plotly/plotly.min.js.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VENDOR = REPOSITORY / "build" / "vendor" / "plotly"
BUNDLE = VENDOR / "plotly.min.js"
FROM_NPM = REPOSITORY / "node_modules" / "plotly.js-basic-dist-min"
BANNER = re.compile(rb"plotly\.js[^\n]{0,40}? v(\d+\.\d+\.\d+)")


class NoPlotly(Exception):
    """Neither npm nor Python's plotly provides a bundle."""


def main() -> int:
    """Copy the bundle unless it is up to date."""
    stamp, expected = VENDOR / ".source", fingerprint()
    if BUNDLE.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == expected:
        return 0
    VENDOR.mkdir(parents=True, exist_ok=True)
    source = fetch()
    shutil.copyfile(source, BUNDLE)
    terms = source.with_name("LICENSE")
    if terms.exists():
        shutil.copyfile(terms, VENDOR / "LICENSE")
    stamp.write_text(expected, encoding="ascii")
    print(f"plotly.js {version(BUNDLE)} from {source.parent.name}, {BUNDLE.stat().st_size:,} bytes")
    return 0


def fingerprint() -> str:
    """Return a hash of what the bundle depends on: the lock file, and whether npm is available."""
    lock = (REPOSITORY / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + str(npm()).encode()).hexdigest()


def fetch() -> Path:
    """Return the path of the bundle, installed with npm if possible."""
    program = npm()
    if program is not None:
        install = [program, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
                   "--no-update-notifier"]  # fmt: skip
        done = subprocess.run(install, cwd=REPOSITORY, check=False)
        if done.returncode == 0:
            return FROM_NPM / "plotly-basic.min.js"
    print("npm is not available; using the full bundle of Python's plotly.")
    return from_python()


def from_python() -> Path:
    """Return the full bundle that comes with Python's plotly.

    Raises:
        NoPlotly: the package is not installed.
    """
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise NoPlotly("Python's plotly is not installed: run `make setup`.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def npm() -> str | None:
    """Return the path of npm, or None; ECGREVIEW_NPM=0 disables it."""
    return None if os.environ.get("ECGREVIEW_NPM") == "0" else shutil.which("npm")


def version(bundle: Path) -> str:
    """Return the release that the banner of ``bundle`` states.

    Raises:
        NoPlotly: the banner states no release.
    """
    match = BANNER.search(bundle.read_bytes()[:2000])
    if match is None:
        raise NoPlotly(f"{bundle} does not say which plotly.js it is.")
    return match.group(1).decode()


if __name__ == "__main__":
    sys.exit(main())
