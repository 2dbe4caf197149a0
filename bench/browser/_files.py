"""The pages of the peers, the product's scripts and some exams, from a small server."""

from __future__ import annotations

import functools
import json
import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from ecgreview.ecg import synth, wire

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
UPLOT = REPOSITORY / "node_modules" / "uplot" / "dist"
"""npm puts it there for the benchmarks; the product never serves it."""

FOLDERS = {
    "/static/": REPOSITORY / "static",
    "/vendor/": REPOSITORY / "build" / "vendor" / "plotly",
    "/uplot/": UPLOT,
    "/bench/": HERE,
}
N_EXAMS = 12


class Files(BaseHTTPRequestHandler):
    """The pages, the product's scripts, and the exams packed as the product serves them."""

    def __init__(self, exams: list[bytes], *args: object) -> None:
        self.exams = exams
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer with a file, the number of exams, or one exam."""
        path = self.path.partition("?")[0]
        if path == "/exams/count":
            self.reply(json.dumps(len(self.exams)).encode(), "application/json")
        elif path.startswith("/exams/"):
            packed = self.exams[int(path.removeprefix("/exams/"))]
            self.reply(packed, "application/octet-stream", encoding="gzip")
        else:
            self.reply_file(path)

    def reply_file(self, path: str) -> None:
        """Answer with what one of ``FOLDERS`` holds."""
        for prefix, folder in FOLDERS.items():
            file = (folder / path.removeprefix(prefix)).resolve()
            if path.startswith(prefix) and file.is_relative_to(folder) and file.is_file():
                self.reply(file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")
                return
        self.send_error(404)

    def reply(self, body: bytes, content_type: str, encoding: str = "identity") -> None:
        """Send ``body``."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the parent's name)
        """Say nothing per request."""


def packed_exams(number: int = N_EXAMS) -> list[bytes]:
    """Return exams of different conditions, as stored."""
    rng = np.random.default_rng(12)
    names = [synth.CONDITIONS[i % len(synth.CONDITIONS)] for i in range(number)]
    return [wire.pack(synth.synthesise(name, rng).signal) for name in names]


@contextmanager
def serving() -> Iterator[str]:
    """Serve on a free port of this machine and tell the address of the pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, packed_exams()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/bench"
    server.shutdown()
