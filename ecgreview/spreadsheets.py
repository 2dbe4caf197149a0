"""Text in CSV files that spreadsheets must not execute."""

from __future__ import annotations

# Spreadsheets treat a cell that starts with one of these as a formula.
FORMULA_STARTS = frozenset("=+-@\t\r")


def formula_safe(text: str) -> str:
    """Return ``text``, with a leading apostrophe if a spreadsheet would treat it as a formula."""
    return f"'{text}" if text[:1] in FORMULA_STARTS else text
