"""The lists of classes used by published readings."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ecgreview import taxonomy

# The name of the list of ``code_test``.
CODE_TEST = "code-test-6"

CODE_TEST_FILE = Path(__file__).with_name("code_test_6.yaml")


@cache
def code_test() -> taxonomy.Taxonomy:
    """Return the six classes of CODE-test. None is exclusive, and none is for normal exams."""
    return taxonomy.load(CODE_TEST_FILE)
