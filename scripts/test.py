"""Run everything: static checks, JavaScript, Python with embedded services and a browser."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile

from scripts import browser, check

REPOSITORY = check.REPOSITORY
# Fails when ES modules import each other in a circle; pages are tested with hashed names.
COLLECT = ["manage.py", "collectstatic", "--noinput", "--verbosity=0"]
WITH_SERVICES = ["-m", "ecgreview.embedded", sys.executable]
# The order of tests/conftest.py, in which the long ones come first.
PYTEST = ["-m", "pytest", "-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]


def main(arguments: list[str]) -> int:
    """Run the stages in turn, mypy beside the last; ``arguments`` go to pytest.

    mypy keeps one core busy for up to a minute: alone, it would leave the other idle.
    """
    try:
        chromium = browser.chromium()
    except browser.NoBrowser as refusal:
        print(refusal, file=sys.stderr)
        return 1
    if failed := check.main(check.QUICK) or javascript():
        return failed
    with tempfile.TemporaryFile() as output:
        command = [sys.executable, "-m", "scripts.check", check.SLOW]
        with subprocess.Popen(
            command, cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT
        ) as types:
            failed = python(chromium, arguments)
        output.seek(0)
        print(output.read().decode(errors="replace"), flush=True)
    return failed or types.returncode


def javascript() -> int:
    """Run the tests of the ES modules with node's own runner."""
    files = sorted(str(file) for file in (REPOSITORY / "tests" / "js").glob("*.test.js"))
    if shutil.which("node") is None:
        print("SKIPPED: tests/js, because node is not installed.", flush=True)
        return 0
    print("$ node --test tests/js", flush=True)
    return subprocess.run(["node", "--test", *files], cwd=REPOSITORY, check=False).returncode


def python(chromium: str, arguments: list[str]) -> int:
    """Run pytest against services of its own, in a home that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="ecgreview-test-") as home:
        environment = {
            **os.environ,
            "CHROMIUM": chromium,
            "ECGREVIEW_HOME": home,
            "ECGREVIEW_DEMO": "1",
            "STATIC_ROOT": f"{home}/static",
            "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright's sync API runs a loop of its own
        }
        environment.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
        return run(COLLECT, environment) or run([*WITH_SERVICES, *PYTEST, *arguments], environment)


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run this Python with ``command`` in the repository."""
    print(f"$ python {' '.join(command)}", flush=True)
    done = subprocess.run([sys.executable, *command], cwd=REPOSITORY, env=environment, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
