"""Run selected tests within seconds: T=tests/app/assignment/test_leases.py, K=word, or both.

The services stay up between calls, and static checks are skipped.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from ecgreview import local_services
from scripts import check, services


def main() -> int:
    files = shlex.split(os.environ.get("T", ""))
    word = os.environ.get("K")
    if not files and not word:
        print("Name the tests: make quick T=tests/app/assignment/test_leases.py", file=sys.stderr)
        return 2
    try:
        addresses = services.keep()
    except local_services.ServicesFailed as refusal:
        print(refusal, file=sys.stderr)
        return 1
    environment = {**os.environ, **services.environment(), **addresses}
    chosen = [*files, *(["-k", word] if word else [])]
    command = [sys.executable, "-m", "pytest", "-q", *chosen]
    return subprocess.run(
        command, cwd=check.REPOSITORY, env=services.for_processes(environment), check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
