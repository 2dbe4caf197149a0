"""Run all benchmarks in bench/. Most print ratios against a peer measured in the same run."""

from __future__ import annotations

import os
import subprocess
import sys

from scripts import browser, check

WITH_SERVICES = [sys.executable, "-m", "ecgreview.local_services", sys.executable]


def main() -> int:
    """Run the benchmarks in order. Return how many failed, or 1 if there is no browser."""
    try:
        environment = {**os.environ, "CHROMIUM": browser.chromium(is_windowed=True)}
    except browser.NoBrowser as refusal:
        print(refusal, file=sys.stderr)
        return 1
    failures = 0
    for module in modules():
        print(f"\n$ python -m {module}", flush=True)
        command = [*WITH_SERVICES, "-m", module]
        done = subprocess.run(command, cwd=check.REPOSITORY, env=environment, check=False)
        failures += done.returncode != 0
    return failures


def modules() -> list[str]:
    """Return the module names of the benchmarks, those in subfolders last."""
    files = [
        file.relative_to(check.REPOSITORY).with_suffix("")
        for file in (check.REPOSITORY / "bench").rglob("[!_]*.py")
    ]
    return [
        ".".join(file.parts) for file in sorted(files, key=lambda file: (len(file.parts), file))
    ]


if __name__ == "__main__":
    sys.exit(main())
