"""Ignores ``BrokenPipeError`` when output is piped to ``head`` or a pager."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper


@contextmanager
def until_closed(out: OutputWrapper) -> Iterator[None]:
    """Run a block that writes to ``out``; end it without an error if the pipe is closed."""
    try:
        yield
        out.flush()
    except BrokenPipeError:
        # Python flushes standard output again at exit, which would raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
