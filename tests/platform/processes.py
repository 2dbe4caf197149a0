"""Helpers for tests that start processes."""

import subprocess
import time
from collections.abc import Callable
from typing import IO, Any

DEADLINE_SECONDS = 300.0  # only a failing test, or a very busy machine, waits that long


def eventually(is_so: Callable[[], bool]) -> bool:
    """Return whether ``is_so`` returns true before the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def output(process: subprocess.Popen[Any]) -> IO[Any]:
    """Return the stdout pipe of ``process``."""
    if process.stdout is None:
        raise ValueError("The process was started without a pipe.")
    return process.stdout


def first_line(process: subprocess.Popen[Any]) -> Any:
    return output(process).readline()
