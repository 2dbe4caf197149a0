"""Writing to whoever may have read enough before the end: ``head``, or a pager that is left."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper


@contextmanager
def until_closed(out: OutputWrapper) -> Iterator[None]:
    """End what is written to ``out`` quietly when nobody reads it any more."""
    try:
        yield
        out.flush()
    except BrokenPipeError:
        # Python flushes standard output once more when it ends, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
