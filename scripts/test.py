"""Run the tests with embedded services and a browser. Static checks run before and alongside.

K=word runs only the tests whose names contain it, without the checks.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ecgreview import local_services
from scripts import browser, check, services

REPOSITORY = check.REPOSITORY
# Provides the hashed file names that pages use. Without esbuild, import cycles fail.
COLLECT = ["manage.py", "collectstatic", "--noinput", "--clear", "--verbosity=0"]
# Two workers, their database and browser keep two cores busy. tests/conftest.py determines the
# order: slow modules first. A worker that crashes leaves its module to another one: without a
# limit, a module that always crashes would be tried forever.
PYTEST = [
    "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder",
    "--max-worker-restart", "2",
]  # fmt: skip
BESIDE = (["-m", "scripts.javascript"], ["-m", "scripts.check", check.SLOW])


def main(arguments: Sequence[str]) -> int:
    """Run the tests selected by K, or everything; ``arguments`` are passed to pytest.

    mypy uses one core for up to a minute, so it runs alongside pytest.
    """
    if word := os.environ.get("K"):
        return python([*arguments, "-k", word])
    if failed := check.main(check.QUICK):
        return failed
    with ThreadPoolExecutor() as pool:
        other = pool.submit(in_turn, BESIDE)
        failed = python(arguments)
        other_failed, output = other.result()
    print(output, flush=True)
    return failed or other_failed


def in_turn(commands: Sequence[Sequence[str]]) -> tuple[int, str]:
    """Run Python with each of ``commands`` until one fails; return the exit code and all output."""
    outputs = []
    for command in commands:
        done = subprocess.run(
            [sys.executable, *command], cwd=REPOSITORY, check=False, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        outputs.append(done.stdout)
        if done.returncode != 0:
            return done.returncode, "".join(outputs)
    return 0, "".join(outputs)


def python(arguments: Sequence[str], **more: str) -> int:
    """Run pytest with the tests' own services; ``more`` is added to its environment."""
    try:
        chromium = browser.chromium(is_windowed="DRILL" in more)
        with services.running() as addresses:
            environment = {**os.environ, **services.environment(), **addresses, **more}
            environment["CHROMIUM"] = chromium
            collected = {**environment, "ECGREVIEW_COLLECTED": "1"}
            return run(COLLECT, environment) or run([*PYTEST, *arguments], collected)
    except (browser.NoBrowser, local_services.ServicesFailed) as refusal:
        print(refusal, file=sys.stderr)
        return 1


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    print(f"$ python {' '.join(command)}", flush=True)
    done = subprocess.run(
        [sys.executable, *command], cwd=REPOSITORY, check=False,
        env=services.for_processes(environment),
    )  # fmt: skip
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
