"""Open a release with third-party programs: install them outside .venv, then run the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from scripts import bootstrap, services

FOLDER = bootstrap.REPOSITORY / ".cache" / "interop"
PYTEST = ["-m", "pytest", "-n", "0", "-m", "interop", "tests/domain"]


def main(arguments: Sequence[str]) -> int:
    """Install what is missing and run the tests marked ``interop``; none of them may be skipped."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        for name, requirements in bootstrap.INTEROP.items():
            bootstrap.install_into(FOLDER / name, [requirements])
    except bootstrap.SetupFailed as refusal:
        print(refusal, file=sys.stderr)
        return 1
    environment = services.for_processes({**os.environ, "ECGREVIEW_INTEROP": "required"})
    command = [sys.executable, *PYTEST, *arguments]
    return subprocess.run(
        command, cwd=bootstrap.REPOSITORY, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
