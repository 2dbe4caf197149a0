"""Parser side: ``python -m ecgreview.ecg.formats.sandbox.server``, started only by the client.

The server imports everything once and reads no file itself. For each batch it forks a process with
limits on memory, time and files, which ends after its batch.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import struct
import sys
import tempfile
import traceback
from pathlib import Path

from ecgreview.ecg import formats
from ecgreview.ecg.formats import naming, wfdb_record
from ecgreview.ecg.formats.sandbox import frames

MEMORY_BYTES = 512 * 2**20
CPU_SECONDS_PER_EXAM = 30
SCRATCH_FILE_BYTES = 64 * 2**20
OPEN_FILES = 64
N_DESCRIPTORS = 2
STATUS = struct.Struct("<i")


def main() -> None:
    """Serve until standard input is closed."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # the importer handles Ctrl-C, and then closes the pipe
    # wfdb imports pandas, which imports pyarrow if it is installed for release formats. No file
    # needs it here, and it reserves more memory than a file may take.
    sys.modules["pyarrow"] = None  # type: ignore[assignment]
    wfdb_record.load_library()
    line = socket.socket(fileno=os.dup(0))
    while True:
        message, descriptors, _, _ = socket.recv_fds(line, 1, N_DESCRIPTORS)
        if not message:
            return
        question, answer = descriptors
        if (pid := os.fork()) == 0:
            line.close()
            serve(question, answer)
        os.close(question)
        os.close(answer)
        _, status = os.waitpid(pid, 0)
        line.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))


def serve(question: int, answer: int) -> None:
    """Read the requested files, and end this process."""
    code = 1
    try:
        with os.fdopen(question, "rb") as stream:
            message = json.load(stream)
        os.chdir(message["here"])
        tempfile.tempdir = message["scratch"]
        limit()
        for name in message["files"]:
            read(Path(name), Path(message["root"]), answer)
        code = 0
    except BrokenPipeError:
        pass  # the importer closed the pipe, so it needs no more results
    finally:
        if (error := sys.exc_info()[1]) is not None:
            traceback.print_exception(error)
        os._exit(code)


def read(path: Path, root: Path, answer: int) -> None:
    """Send the contents of the file at ``path``."""
    try:
        for result in formats.read(path, root):
            allow_more_time()
            frames.write(answer, frames.dump(result))
    except MemoryError:
        frames.write(answer, frames.dump(frames.exhausted(naming.key(path, root), MEMORY_BYTES)))
    frames.write(answer, frames.FILE_DONE)
    allow_more_time()


def limit() -> None:
    """Limit the resources of this process; only its CPU time can be extended later."""
    # Limit what the process allocates, without the libraries it maps.
    memory = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    resource.setrlimit(memory, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (SCRATCH_FILE_BYTES, SCRATCH_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    allow_more_time()


def allow_more_time() -> None:
    """Raise the limit on CPU time for the next exam."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS_PER_EXAM
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


if __name__ == "__main__":
    main()
