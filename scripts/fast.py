"""Run the domain tests and the JavaScript tests, which need neither services nor a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from scripts import services, test

PYTEST = ["-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", "tests/domain"]


def main(arguments: list[str]) -> int:
    """Run both sets of tests at the same time; print the output of the JavaScript tests last."""
    # Somebody is waiting, so try a quarter of the random examples of `make test`.
    environment = services.for_processes({"HYPOTHESIS_PROFILE": "fast", **os.environ})
    with ThreadPoolExecutor() as pool:
        modules = pool.submit(test.in_turn, [["-m", "scripts.javascript"]])
        command = [sys.executable, *PYTEST, *arguments]
        failed = subprocess.run(
            command, cwd=test.REPOSITORY, env=environment, check=False
        ).returncode
        modules_failed, output = modules.result()
    print(output, flush=True)
    return failed or modules_failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
