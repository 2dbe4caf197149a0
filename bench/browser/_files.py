"""A small server for the peers' pages, our scripts and the exams."""

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
# npm installs it for the benchmarks only; the site never serves it.
UPLOT = REPOSITORY / "node_modules" / "uplot" / "dist"

FOLDERS = {
    "/static/": REPOSITORY / "static",
    "/vendor/": REPOSITORY / "build" / "vendor" / "plotly",
    "/uplot/": UPLOT,
    "/bench/": HERE,
}
N_EXAMS = 12


class Files(BaseHTTPRequestHandler):
    """Serves the pages, our scripts, and the exams packed as the site serves them."""

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
        """Answer with a file of one of ``FOLDERS``."""
        for prefix, folder in FOLDERS.items():
            file = (folder / path.removeprefix(prefix)).resolve()
            if path.startswith(prefix) and file.is_relative_to(folder) and file.is_file():
                self.reply(file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")
                return
        self.send_error(404)

    def reply(self, body: bytes, content_type: str, encoding: str = "identity") -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the parent's name)
        """Log nothing."""


def packed_exams(number: int = N_EXAMS) -> list[bytes]:
    """Return synthetic exams of different conditions, packed."""
    rng = np.random.default_rng(12)
    names = [synth.CONDITIONS[i % len(synth.CONDITIONS)] for i in range(number)]
    return [wire.pack(synth.synthesize(name, rng).signal) for name in names]


@contextmanager
def serving() -> Iterator[str]:
    """Serve on a free port of this machine; yield the address of the pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, packed_exams()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/bench"
    server.shutdown()
