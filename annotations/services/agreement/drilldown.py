"""The exams behind the counts of an agreement report, and each reader's answers.

What is counted of single exams is as good as their labels, so the database shows it to workers
alone. Whoever calls this has found a report of the scope that the person may see, and that its
single readings are open to them as well (``Shown.are_readings_open``).
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
    """What the readers of an exam said of a class, all of them together."""

    ANY = "any"
    ALL = "all"
    SOME = "some"
    NONE = "none"
    NOT_ASSESSABLE = "na"


class Cell(StrEnum):
    """What the first of two readers said of a class, and what the second."""

    BOTH = "n11"
    FIRST = "n10"
    SECOND = "n01"
    NEITHER = "n00"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two readers by primary key, and a field of their table."""

    first: int
    second: int
    cell: Cell


@dataclass(frozen=True, slots=True)
class ExamStates:
    """What was said of a class of one exam.

    Attributes:
        exam_id: of the exam.
        code: of the exam.
        states: by reader: "0" not assessable, "1" absent, "2" present.
    """

    exam_id: int
    code: str
    states: Mapping[int, str]

    def readers_with(self, state: str) -> list[int]:
        """Return the readers who said so."""
        return [reader for reader, own in self.states.items() if own == state]

    @property
    def present(self) -> list[int]:
        """Who gave the class."""
        return self.readers_with("2")

    @property
    def absent(self) -> list[int]:
        """Who did not."""
        return self.readers_with("1")

    @property
    def not_assessable(self) -> list[int]:
        """Who could not tell."""
        return self.readers_with("0")


def find_exams(
    report: AgreementReport, code: str, condition: ExamFilter | Pair, *, after: int = 0, limit: int
) -> list[ExamStates]:
    """Return exams of the scope of ``report`` of which that was said, in steady order.

    They are those of now: with a report that is out of date they may differ from its counts.

    Args:
        report: one that the person may see.
        code: of the class.
        condition: all readers together said, or a pair of them.
        after: the id of the exam after which to begin.
        limit: of their number.
    """
    where, values = _condition(condition)
    others = _no_people(report)
    values |= _scope(report) | {"code": code, "after": after, "limit": limit, "others": others}
    votes = VOTES_OF_PEOPLE if others else VOTES_OF_ALL
    statement = BEHIND.format(of_batch=_of_batch(report), where=where, votes=votes)
    with row_security.as_owner(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    return [
        ExamStates(exam_id, exam_code, dict(zip(readers, states, strict=True)))
        for exam_id, exam_code, readers, states in rows
    ]


def of_exam(report: AgreementReport, exam_id: int) -> tuple[list[int], dict[str, str]] | None:
    """Return who could read an exam, and what they said of each class not all call absent.

    The second are digits by the code of the class, one for each reader; None: the exam is not
    counted in the scope of ``report``.
    """
    values = _scope(report) | {"exam": exam_id}
    with row_security.as_owner(), connection.cursor() as cursor:
        cursor.execute(OF_EXAM.format(of_batch=_of_batch(report)), values)
        row = cursor.fetchone()
    return None if row is None else (list(row[0]), json.loads(row[1]))


# Of a class that no state tells of, all readers say that it is absent.
BEHIND = """
select found.exam_id, e.code, found.readers, found.said from (
    select p.exam_id, p.readers, s.said
      from annotations_exampattern p,
      lateral (select coalesce(p.states ->> %(code)s,
                               repeat('1', cardinality(p.readers))) said) s,
      lateral ({votes}) v
     where p.study_id = %(study)s and p.{of_batch} and p.taxonomy_id = %(taxonomy)s
       and p.exam_id > %(after)s and {where}
     order by p.exam_id limit %(limit)s) found
  join annotations_exam e on e.id = found.exam_id order by found.exam_id
"""
OF_EXAM = """
select p.readers, p.states from annotations_exampattern p
 where p.study_id = %(study)s and p.{of_batch} and p.taxonomy_id = %(taxonomy)s
   and p.exam_id = %(exam)s
"""

# What all readers together say is what people say: models and references have no vote.
VOTES_OF_ALL = "select s.said"
VOTES_OF_PEOPLE = """
select coalesce(string_agg(substr(s.said, who.place::int, 1), '' order by who.place), '') said
  from unnest(p.readers) with ordinality who(reader, place)
 where who.reader <> all(%(others)s)
"""

COMPARED = "length(translate(v.said, '0', '')) >= 2"
"""Two readers or more could assess the class."""

CONDITIONS: Mapping[ExamFilter, str] = {
    ExamFilter.ANY: f"{COMPARED} and v.said like '%%2%%'",
    ExamFilter.ALL: f"{COMPARED} and v.said like '%%2%%' and v.said not like '%%1%%'",
    ExamFilter.SOME: f"{COMPARED} and v.said like '%%2%%' and v.said like '%%1%%'",
    ExamFilter.NONE: f"{COMPARED} and v.said not like '%%2%%'",
    ExamFilter.NOT_ASSESSABLE: "v.said like '%%0%%'",
}
STATES: Mapping[Cell, tuple[str, str]] = {
    Cell.BOTH: ("2", "2"),
    Cell.FIRST: ("2", "1"),
    Cell.SECOND: ("1", "2"),
    Cell.NEITHER: ("1", "1"),
}
OF_PAIR = """substr(s.said, array_position(p.readers, %(first)s::bigint), 1) = %(first_said)s
   and substr(s.said, array_position(p.readers, %(second)s::bigint), 1) = %(second_said)s"""


def _condition(condition: ExamFilter | Pair) -> tuple[str, dict[str, Any]]:
    if isinstance(condition, ExamFilter):
        return CONDITIONS[condition], {}
    first_said, second_said = STATES[condition.cell]
    return OF_PAIR, {
        "first": condition.first,
        "second": condition.second,
        "first_said": first_said,
        "second_said": second_said,
    }


def _no_people(report: AgreementReport) -> list[int]:
    """Return the readers of ``report`` who are models or references."""
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
