"""Run everything at full size, stage after stage, and say at the end what failed or was left out.

The tests of ``make test`` and those marked ``drill``: deep random search, full Chromium,
simulations at full size, backup and restore; then the tests that need no browser on every other
Python that the project supports. An hour or more: for the night and before a release.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ecgreview import local_services
from scripts import bootstrap, check, javascript, services, test

VERSIONS = ("3.11", "3.12", "3.13")
OTHER_PYTHONS = check.REPOSITORY / ".cache" / "drill"


def main() -> int:
    """Run every stage whatever the others do; return whether one failed."""
    told = [told_of("static checks", check.main([])), told_of("JavaScript", javascript.main())]
    deep = test.python(["-m", "drill or not drill"], DRILL="1")
    told.append(told_of("everything at full size", deep))
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    told += [on(version) for version in VERSIONS if version != own]
    print("\n" + "\n".join(told), flush=True)
    return int(any(line.startswith("FAILED") for line in told))


def told_of(stage: str, code: int) -> str:
    """Return the line that tells how ``stage`` ended."""
    return f"{'FAILED ' if code else 'passed '} {stage}"


def on(version: str) -> str:
    """Run the tests without a browser on another Python; return what became of it."""
    stage = f"Python {version}"
    found = shutil.which(f"python{version}")
    if found is None or not is_python(found, version):
        return f"skipped  {stage}: python{version} is not on PATH or does not start"
    python = installed(version, found)
    if python is None:
        return told_of(f"{stage}: the packages cannot be installed", 1)
    try:
        with services.running() as addresses:
            environment = {**os.environ, **services.environment(), **addresses}
            command = [str(python), *test.PYTEST]
            done = subprocess.run(
                [*command, "tests/domain", "tests/app", "tests/platform"], check=False,
                cwd=check.REPOSITORY, env=services.for_processes(environment),
            )  # fmt: skip
    except local_services.ServicesFailed as refusal:
        print(refusal, file=sys.stderr)
        return told_of(stage, 1)
    return told_of(stage, done.returncode)


def is_python(path: str, version: str) -> bool:
    """Return whether ``path`` starts and is of ``version``; a manager's shim may refuse to."""
    ask = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(ask, check=False, capture_output=True, text=True)
    return done.stdout.strip() == version


def installed(version: str, found: str) -> Path | None:
    """Return a Python of ``version`` with the pinned packages, in .cache."""
    folder = OTHER_PYTHONS / version
    python = folder / "bin" / "python"
    files = [bootstrap.RUNTIME, bootstrap.DEVELOPMENT]
    named = [part for name in files for part in ("-r", name)]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input", "--no-deps"]
    steps = [[found, "-m", "venv", str(folder)], [*pip, "--require-hashes", *named]]
    for step in steps:
        if subprocess.run(step, cwd=check.REPOSITORY, check=False).returncode != 0:
            return None
    return python


if __name__ == "__main__":
    sys.exit(main())
