"""Run all tests and report the lines that no test runs."""

from __future__ import annotations

import sys

from scripts import test

if __name__ == "__main__":
    sys.exit(test.main(["--cov", "--cov-report=term"]))
