"""Run everything: static checks, JavaScript, Python with embedded services and a browser."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile

import browser
import check

REPOSITORY = check.REPOSITORY
PYTEST = ["-m", "pytest", "-n", "2", "--dist", "loadscope", "--cov", "--cov-report=term"]


def main(arguments: list[str]) -> int:
    """Run the stages in turn; ``arguments`` go to pytest."""
    try:
        chromium = browser.chromium()
    except browser.NoBrowser as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return check.main() or javascript() or python(chromium, arguments)


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
            "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright's sync API runs a loop of its own
        }
        environment.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
        command = [sys.executable, "-m", "ecgreview.embedded", sys.executable, *PYTEST, *arguments]
        print("$ pytest", flush=True)
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
