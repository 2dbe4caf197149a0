"""What the drills share: waiting for something, and reading what a process says."""

import subprocess
import time
from collections.abc import Callable
from typing import IO, Any

DEADLINE_SECONDS = 300.0  # only a failing test waits so long; a busy machine may


def eventually(is_so: Callable[[], bool]) -> bool:
    """Return whether ``is_so`` becomes true before the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def output(process: subprocess.Popen[Any]) -> IO[Any]:
    """Return the pipe that ``process`` writes to."""
    if process.stdout is None:
        raise ValueError("The process was started without a pipe.")
    return process.stdout


def first_line(process: subprocess.Popen[Any]) -> Any:
    """Return the first line that ``process`` writes, waiting for it."""
    return output(process).readline()
