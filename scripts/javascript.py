"""Run the tests of the ES modules with node's test runner."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the tests and return node's exit code.

    Returns 1 if node is not installed, because tests are never skipped silently.
    """
    if shutil.which("node") is None:
        print("The tests in tests/js need node. On Debian: apt install nodejs", file=sys.stderr)
        return 1
    files = sorted(str(file) for file in (REPOSITORY / "tests" / "js").rglob("*.test.js"))
    print("$ node --test tests/js", flush=True)
    command = ["node", "--test", "--test-reporter=dot", *files]
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
