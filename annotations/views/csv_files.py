"""CSV files to download."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from django.http import HttpResponse


def csv_file(name: str, rows: Iterable[Iterable[object]]) -> HttpResponse:
    """Return a response that browsers save as ``name``.

    Text written by people must be made ``formula_safe`` first.
    """
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
