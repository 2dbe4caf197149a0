"""A WSGI site for the drill of the deadline: one path answers, one never does."""

import os
import threading

from ecgreview.deadline import WithDeadline


def answer(environ, start_response):
    if environ["PATH_INFO"] == "/stuck":
        threading.Event().wait()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]


def application():
    return WithDeadline(answer, seconds=1.0)
