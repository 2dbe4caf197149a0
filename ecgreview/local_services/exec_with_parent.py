"""Run another program that dies with its parent, even if the parent is killed.

This file is run by its path, without site packages: ``exec_with_parent.py PARENT SIGNAL UID PROGRAM
ARGUMENT...``. UID is ``-`` to keep the current user. Linux delivers SIGNAL when the parent ends for
any reason; on other systems the program does not die with its parent.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
SCRIPT = os.path.abspath(__file__)  # noqa: PTH100 - pathlib would double the start of this script


def command(signal_number: int, program: list[str], uid: int | None = None) -> list[str]:
    """Return the arguments that run ``program`` so that it ends with this process."""
    user = "-" if uid is None else str(uid)
    parent = str(os.getpid())
    return [sys.executable, "-I", "-S", SCRIPT, parent, str(signal_number), user, *program]


def replace_process(parent: int, signal_number: int, uid: int | None, program: list[str]) -> None:
    """Replace this process with ``program``; returns only if the parent has already ended."""
    if uid is not None:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    die_with_parent(signal_number)  # after the change of user, which would clear this setting
    if os.getppid() != parent:  # the parent died before the signal was set
        return
    os.execv(program[0], program)  # noqa: S606 - no shell is wanted


def die_with_parent(signal_number: int) -> None:
    """On Linux, have the kernel send us this signal when the thread that started us ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)


if __name__ == "__main__":
    user = None if sys.argv[3] == "-" else int(sys.argv[3])
    replace_process(int(sys.argv[1]), int(sys.argv[2]), user, sys.argv[4:])
