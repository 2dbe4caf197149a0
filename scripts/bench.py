"""Run every benchmark in bench/ that needs no argument; each prints ratios against a peer."""

from __future__ import annotations

import subprocess
import sys

from scripts import check


def main() -> int:
    """Run the files in order; return how many failed."""
    failures = 0
    for file in sorted((check.REPOSITORY / "bench").glob("[!_]*.py")):
        print(f"\n$ {file.relative_to(check.REPOSITORY)}", flush=True)
        command = [sys.executable, "-m", "ecgreview.embedded", sys.executable, str(file)]
        failures += subprocess.run(command, cwd=check.REPOSITORY, check=False).returncode != 0
    return failures


if __name__ == "__main__":
    sys.exit(main())
