"""The exams behind the counts of an agreement report, and each reader's answers.

Patterns of individual exams reveal their labels, so only the database role that owns the tables can
read them. The caller must have checked that the user may see the report and its individual readings
(``AgreementPage.are_readings_open``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection

from annotations import row_security
from annotations.models import AgreementReport, ReaderKind


class ExamFilter(StrEnum):
    """Which exams to list, by how their readers answered one class."""

    ANY = "any"
    ALL = "all"
    SOME = "some"
    NONE = "none"
    NOT_ASSESSABLE = "na"


class Cell(StrEnum):
    """How two readers answered one class: a cell of their two-by-two table."""

    BOTH = "n11"
    FIRST = "n10"
    SECOND = "n01"
    NEITHER = "n00"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two readers by primary key, and a cell of their two-by-two table."""

    first: int
    second: int
    cell: Cell


@dataclass(frozen=True, slots=True)
class ExamStates:
    """The answers to one class on one exam.

    Attributes:
        exam_id: primary key of the exam.
        code: code of the exam.
        states: by reader: "0" not assessable, "1" absent, "2" present.
    """

    exam_id: int
    code: str
    states: Mapping[int, str]

    def readers_with(self, state: str) -> list[int]:
        return [reader for reader, own in self.states.items() if own == state]

    @property
    def present(self) -> list[int]:
        """Readers who marked the class."""
        return self.readers_with("2")

    @property
    def absent(self) -> list[int]:
        """Readers who answered absent."""
        return self.readers_with("1")

    @property
    def not_assessable(self) -> list[int]:
        """Readers who could not assess it."""
        return self.readers_with("0")


def find_exams(
    report: AgreementReport, code: str, condition: ExamFilter | Pair, *, after: int = 0, limit: int
) -> list[ExamStates]:
    """Return the exams in the scope of ``report`` that meet ``condition``, by ascending id.

    Exams and answers are current, so they may differ from the counts of an outdated report.

    Args:
        report: must be visible to the user.
        code: code of the class.
        condition: a filter on the answers of all people, or a cell of two readers' table.
        after: return only exams with a larger id.
        limit: maximum number of exams.
    """
    where, values = _condition(condition)
    others = _models_and_references(report)
    values |= _scope(report) | {"code": code, "after": after, "limit": limit, "others": others}
    votes = VOTES_OF_PEOPLE if others else VOTES_OF_ALL
    statement = EXAMS.format(of_batch=_of_batch(report), where=where, votes=votes)
    with row_security.as_owner(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    return [
        ExamStates(exam_id, exam_code, dict(zip(readers, states, strict=True)))
        for exam_id, exam_code, readers, states in rows
    ]


def of_exam(report: AgreementReport, exam_id: int) -> tuple[list[int], dict[str, str]] | None:
    """Return the readers who could read an exam, and their answers by class code.

    Answers are one digit per reader, as in ``ExamStates``. Classes that all readers answered with
    absent are left out. None if the exam is not counted in the scope of ``report``.
    """
    values = _scope(report) | {"exam": exam_id}
    with row_security.as_owner(), connection.cursor() as cursor:
        cursor.execute(OF_EXAM.format(of_batch=_of_batch(report)), values)
        row = cursor.fetchone()
    return None if row is None else (list(row[0]), json.loads(row[1]))


# A class without stored states is absent for all readers.
EXAMS = """
select page.exam_id, e.code, page.readers, page.digits from (
    select p.exam_id, p.readers, s.digits
      from annotations_exampattern p,
      lateral (select coalesce(p.states ->> %(code)s,
                               repeat('1', cardinality(p.readers))) digits) s,
      lateral ({votes}) v
     where p.study_id = %(study)s and p.{of_batch} and p.taxonomy_id = %(taxonomy)s
       and p.exam_id > %(after)s and {where}
     order by p.exam_id limit %(limit)s) page
  join annotations_exam e on e.id = page.exam_id order by page.exam_id
"""
OF_EXAM = """
select p.readers, p.states from annotations_exampattern p
 where p.study_id = %(study)s and p.{of_batch} and p.taxonomy_id = %(taxonomy)s
   and p.exam_id = %(exam)s
"""

# An ``ExamFilter`` looks only at people: models and references have no vote.
VOTES_OF_ALL = "select s.digits"
VOTES_OF_PEOPLE = """
select coalesce(string_agg(substr(s.digits, reader.place::int, 1), '' order by reader.place), '')
       digits
  from unnest(p.readers) with ordinality reader(id, place)
 where reader.id <> all(%(others)s)
"""

COMPARED = "length(translate(v.digits, '0', '')) >= 2"
"""At least two readers could assess the class."""

CONDITIONS: Mapping[ExamFilter, str] = {
    ExamFilter.ANY: f"{COMPARED} and v.digits like '%%2%%'",
    ExamFilter.ALL: f"{COMPARED} and v.digits like '%%2%%' and v.digits not like '%%1%%'",
    ExamFilter.SOME: f"{COMPARED} and v.digits like '%%2%%' and v.digits like '%%1%%'",
    ExamFilter.NONE: f"{COMPARED} and v.digits not like '%%2%%'",
    ExamFilter.NOT_ASSESSABLE: "v.digits like '%%0%%'",
}
STATES: Mapping[Cell, tuple[str, str]] = {
    Cell.BOTH: ("2", "2"),
    Cell.FIRST: ("2", "1"),
    Cell.SECOND: ("1", "2"),
    Cell.NEITHER: ("1", "1"),
}
OF_PAIR = """substr(s.digits, array_position(p.readers, %(first)s::bigint), 1) = %(first_state)s
   and substr(s.digits, array_position(p.readers, %(second)s::bigint), 1) = %(second_state)s"""


def _condition(condition: ExamFilter | Pair) -> tuple[str, dict[str, Any]]:
    if isinstance(condition, ExamFilter):
        return CONDITIONS[condition], {}
    first_state, second_state = STATES[condition.cell]
    return OF_PAIR, {
        "first": condition.first,
        "second": condition.second,
        "first_state": first_state,
        "second_state": second_state,
    }


def _models_and_references(report: AgreementReport) -> list[int]:
    kinds = report.coded_results.get("kinds", [])
    both = zip(report.coded_results["readers"], kinds, strict=False)
    return [int(reader) for reader, kind in both if kind != ReaderKind.PERSON]


def _scope(report: AgreementReport) -> dict[str, Any]:
    return {
        "study": report.study_id,
        "batch": report.batch_id,
        "taxonomy": report.taxonomy_id,
    }


def _of_batch(report: AgreementReport) -> str:
    return "batch_id is null" if report.batch_id is None else "batch_id = %(batch)s"
