"""CSV files of exams with reference answers, for qualifications and gold exams."""

from __future__ import annotations

import csv
import io

from annotations.services.refusals import Refusal

COLUMNS = ["exam", "codes"]


class ReferenceFileUnreadable(Refusal):
    code = "reference-file-unreadable"


class ReferenceColumns(Refusal):
    code = "reference-columns"


class ReferenceLine(Refusal):
    code = "reference-line"


class ReferenceTwice(Refusal):
    code = "reference-twice"


def parse(content: bytes) -> dict[str, list[str]]:
    """Return the class codes of each exam by exam code.

    Args:
        content: CSV in UTF-8 with the columns exam,codes: an exam's code, and the codes of its
            classes separated by semicolons.

    Raises:
        ReferenceFileUnreadable: it is not CSV in UTF-8.
        ReferenceColumns: the first line does not have these columns.
        ReferenceLine: a line does not have one exam and its codes.
        ReferenceTwice: an exam is listed twice.
    """
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReferenceFileUnreadable from error
    if not rows or [cell.strip() for cell in rows[0]] != COLUMNS:
        raise ReferenceColumns
    references: dict[str, list[str]] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(COLUMNS) or not row[0].strip():
            raise ReferenceLine(line=line)
        exam = row[0].strip()
        if exam in references:
            raise ReferenceTwice(exam=exam, line=line)
        references[exam] = [code.strip() for code in row[1].split(";") if code.strip()]
    return references
