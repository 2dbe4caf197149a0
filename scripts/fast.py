"""Run the tests that need neither services nor a browser: the domain's and the ES modules'."""

from __future__ import annotations

import os
import subprocess
import sys

from scripts import javascript, services

PYTEST = ["-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", "tests/domain"]


def main(arguments: list[str]) -> int:
    """Run both, JavaScript first because it takes seconds."""
    if failed := javascript.main():
        return failed
    environment = services.for_processes(os.environ)
    command = [sys.executable, *PYTEST, *arguments]
    return subprocess.run(
        command, cwd=javascript.REPOSITORY, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
