"""Run everything at full size, stage by stage, and list what failed or was skipped.

Runs all tests, including those marked ``drill``: deep random search, full Chromium, full-size
simulations, backup and restore. Then runs the tests that need no browser on all other supported
Python versions. Takes an hour or more; use it at night and before a release.
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
    """Run every stage, even after a failure; return 1 if one failed."""
    results = [
        result_line("static checks", check.main([])),
        result_line("JavaScript", javascript.main()),
    ]
    deep = test.python(["-m", "drill or not drill", "--timeout", "7200"], DRILL="1")
    results.append(result_line("everything at full size", deep))
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    results += [test_python(version) for version in VERSIONS if version != own]
    print("\n" + "\n".join(results), flush=True)
    return int(any(line.startswith("FAILED") for line in results))


def result_line(stage: str, code: int) -> str:
    return f"{'FAILED ' if code else 'passed '} {stage}"


def test_python(version: str) -> str:
    """Run the tests that need no browser on another Python; return the result line."""
    stage = f"Python {version}"
    path = shutil.which(f"python{version}")
    if path is None or not is_python(path, version):
        return f"skipped  {stage}: python{version} is not on PATH or does not start"
    python = install(version, path)
    if python is None:
        return result_line(f"{stage}: the packages cannot be installed", 1)
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
        return result_line(stage, 1)
    return result_line(stage, done.returncode)


def is_python(path: str, version: str) -> bool:
    """Return whether ``path`` runs Python ``version``. A version manager's shim may not."""
    ask = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(ask, check=False, capture_output=True, text=True)
    return done.stdout.strip() == version


def install(version: str, path: str) -> Path | None:
    """Install the pinned packages for another Python in .cache; return it, or None on failure."""
    folder = OTHER_PYTHONS / version
    python = folder / "bin" / "python"
    files = [bootstrap.RUNTIME, bootstrap.DEVELOPMENT]
    named = [part for name in files for part in ("-r", name)]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input", "--no-deps"]
    steps = [[path, "-m", "venv", str(folder)], [*pip, "--require-hashes", *named]]
    for step in steps:
        if subprocess.run(step, cwd=check.REPOSITORY, check=False).returncode != 0:
            return None
    return python


if __name__ == "__main__":
    sys.exit(main())
