"""A WSGI site for tests of the web server.

Depending on the path, it never answers, sends a large body, echoes, or sends its process ID.
"""

import os
import threading

from ecgreview.serving.application import Buffered
from ecgreview.serving.bodies import BodyLimits
from ecgreview.site.deadline import WithDeadline

LARGE_BYTES = 8_000_000  # more than the buffers of a connection hold


def answer(environ, start_response):
    if environ["PATH_INFO"] == "/stuck":
        threading.Event().wait()
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/much":
        return [b"x" * LARGE_BYTES]
    if environ["PATH_INFO"] == "/echo":
        return [environ["wsgi.input"].read()]
    return [str(os.getpid()).encode()]


def application():
    return Buffered(lambda: WithDeadline(answer, seconds=1.0), n_threads=2)


def patient():
    limits = BodyLimits(idle_s=600.0, total_s=600.0)
    return Buffered(lambda: WithDeadline(answer, seconds=600.0), n_threads=2, limits=limits)


def impatient():
    limits = BodyLimits(max_bytes=1000, idle_s=0.3, total_s=600.0)
    return Buffered(lambda: WithDeadline(answer, seconds=600.0), n_threads=2, limits=limits)
