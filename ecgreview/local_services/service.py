"""Start, watch and end child processes; choose their ports and rotate their logs."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from ecgreview.local_services import exec_with_parent
from ecgreview.local_services.places import Places, write_private

LOOPBACK = "127.0.0.1"
LOG_LIMIT_BYTES = 10_000_000
LOGS_KEPT = 2
POLL_SECONDS = 0.02
ROOT = Path("/")


class ServiceFailed(Exception):
    """An embedded service did not start; the message says which and why."""


def spawn(
    program: Sequence[str],
    *,
    log: Path,
    dies_by: int,
    uid: int | None = None,
    prefix: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    directory: Path = ROOT,
) -> subprocess.Popen[bytes]:
    """Start ``program`` so that it dies with this process, and append its output to ``log``.

    Call this in the main thread: on Linux the program dies with the thread that started it.
    """
    rotate(log)
    with log.open("ab") as stream:
        return subprocess.Popen(
            [*prefix, *exec_with_parent.command(dies_by, list(program), uid)],
            stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environment,
            cwd=directory, start_new_session=True,
        )  # fmt: skip


def wait_until(
    ready: Callable[[], bool],
    child: subprocess.Popen[bytes],
    *,
    name: str,
    log: Path,
    seconds: float,
) -> None:
    """Wait until ``ready`` returns True.

    Raises:
        ServiceFailed: the child ended first, or ``seconds`` passed.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if child.poll() is not None:
            raise ServiceFailed(f"{name} stopped with code {child.returncode}.\n{tail(log)}")
        if time.monotonic() > deadline:
            raise ServiceFailed(f"{name} did not answer within {seconds:.0f} s.\n{tail(log)}")
        time.sleep(POLL_SECONDS)


def end(process: psutil.Process, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send the signals in turn, each followed by its wait in seconds, until ``process`` exits.

    Returns without an error if it is still running after the last wait.
    """
    for number, seconds in signals:
        try:
            process.send_signal(number)
            process.wait(seconds)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            continue
        return


def stop(child: subprocess.Popen[bytes], signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """End our own child and reap it, so that no zombie keeps its pid."""
    if child.poll() is None:
        end(psutil.Process(child.pid), signals)
        child.wait()


def living(pid: int) -> psutil.Process | None:
    """Return the process ``pid``, or None if it is not running or is a zombie."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except psutil.NoSuchProcess:
        return None


def port(places: Places, name: str) -> int:
    """Return the remembered port of ``name``, or a new one if there is none or it is taken.

    The port is remembered so that an address printed or stored earlier stays valid.
    """
    file = places.run / "ports.json"
    remembered = _remembered(file)
    if name not in remembered or not is_free(remembered[name]):
        remembered[name] = _free_port()
        write_private(file, json.dumps(remembered))
    return remembered[name]


def is_free(number: int, host: str = LOOPBACK) -> bool:
    """Return whether nothing listens on ``host``:``number``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError:
            return False
        return True


def tail(log: Path, n_lines: int = 12) -> str:
    """Return the last lines of a log file, for an error message."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-n_lines:])


def rotate(log: Path) -> None:
    """Rotate a log of more than ``LOG_LIMIT_BYTES``: ``.1`` becomes ``.2``, a copy ``.1``.

    It is copied and truncated, like logrotate's copytruncate, because the programs keep the file
    open and no two of them reopen it on the same signal. Lines written between copying and
    truncating are lost.
    """
    if not log.exists() or log.stat().st_size <= LOG_LIMIT_BYTES:
        return
    copies = [log.with_name(f"{log.name}.{n}") for n in range(1, LOGS_KEPT + 1)]
    for older, newer in zip(reversed(copies), reversed(copies[:-1]), strict=False):
        if newer.exists():
            newer.replace(older)
    shutil.copyfile(log, copies[0])
    copies[0].chmod(0o600)
    os.truncate(log, 0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        number: int = probe.getsockname()[1]
        return number


def _remembered(file: Path) -> dict[str, int]:
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): int(number) for name, number in stored.items()}
