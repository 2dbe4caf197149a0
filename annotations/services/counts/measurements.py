"""What readers measured of exams: what agreement about measurements is computed from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from django.db.models import Q

from annotations.models import Exam, Scope
from annotations.services.counts import finding_votes
from ecgreview.agreement.reports.measured import Measured

UNITS = {"interval": "ms", "amplitude": "mV"}
"""Of the kinds of measurement."""


def collect(scope: Scope, readers: Sequence[int], codes: Sequence[str]) -> tuple[Measured, ...]:
    """Return what two readers or more measured of an exam for one class in one way.

    Of a reader's own measurements of that kind with that finding, their mean.

    Args:
        scope: whose.
        readers: ids of those whose measurements are compared, in the order of the places.
        codes: of the classes in force, in their order.
    """
    at = {reader: place for place, reader in enumerate(readers)}
    places = {code: place for place, code in enumerate(codes)}
    values: dict[tuple[int, str], dict[int, dict[int, list[float]]]] = {}
    told = finding_votes.findings(
        scope,
        "measurements",
        where=Q(findings__measurements__0__isnull=False),
    )
    for exam_id, reader_id, code, marks in told:
        if reader_id not in at:
            continue
        for mark in marks:
            kind = values.setdefault((places[code], mark["kind"]), defaultdict(dict))
            kind[exam_id].setdefault(at[reader_id], []).append(float(mark["value"]))
    compared = {
        of: {exam_id: one for exam_id, one in exams.items() if len(one) > 1}
        for of, exams in values.items()
    }
    patients = _patients({exam_id for exams in compared.values() for exam_id in exams})
    return tuple(
        Measured(
            column,
            kind,
            tuple(
                sorted(
                    tuple((reader, fmean(sorted(one))) for reader, one in sorted(exam.items()))
                    for exam in exams.values()
                )
            ),
            is_clustered=_has_several([patients.get(exam_id) for exam_id in exams]),
        )
        for (column, kind), exams in sorted(compared.items())
        if exams
    )


def without_points(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the results of a report without what was measured of single exams.

    They are shown apart, and later: when nobody reads these exams any more.
    """
    if "measured" not in results:
        return dict(results)
    lines = [{key: one[key] for key in one if key != "points"} for one in results["measured"]]
    return {**results, "measured": lines}


def _patients(exam_ids: set[int]) -> dict[int, int | None]:
    found = Exam.objects.filter(pk__in=exam_ids).values_list("pk", "patient")
    return dict(found)


def _has_several(patients: Sequence[int | None]) -> bool:
    known = [one for one in patients if one is not None]
    return len(known) != len(set(known))
