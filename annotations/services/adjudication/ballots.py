"""The decisions of adjudicators, and the votes of extra readers, as ballots of the consensus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import groupby
from typing import TypeAlias

from annotations.models import Adjudication, AdjudicationStage, Answer, Study, Taxonomy
from annotations.services.taxonomy import mappings
from ecgreview.consensus import Ballot, Purpose, Ruling
from ecgreview.taxonomy import Translation

_ORDER = [AdjudicationStage.MASKED, AdjudicationStage.OPEN, AdjudicationStage.DISCUSSED]

_Translate: TypeAlias = Callable[[Translation], Translation]


def of_study(study: Study, exam_ids: Collection[int] | None = None) -> Mapping[int, list[Ballot]]:
    """Return the ballots of the adjudications and extra readings in closed batches, by exam id.

    Only exams in ``exam_ids`` are returned; None means all. Of the stages of one adjudicator,
    the last counts. After a discussion, only second votes count.
    """
    rows = (
        Adjudication.objects.with_decisions()
        .filter(assignment__batch__study=study, assignment__batch__closed_at__isnull=False)
        .select_related("assignment__batch")
        .order_by("assignment__exam", "assignment__batch", "submitted_at", "pk")
    )
    if exam_ids is not None:
        rows = rows.filter(assignment__exam__in=exam_ids)
    translators = _translators(study)
    by_exam: dict[int, list[Ballot]] = defaultdict(list)
    for (exam_id, _), of_batch in groupby(
        rows, key=lambda row: (row.assignment.exam_id, row.assignment.batch_id)
    ):
        for row in _counting(of_batch):
            codes, translate = translators[row.assignment.batch.taxonomy_id]
            by_exam[exam_id].append(_ballot(row, codes, translate))
    return by_exam


def _counting(rows: Iterable[Adjudication]) -> list[Adjudication]:
    latest: dict[int, Adjudication] = {}
    for row in sorted(rows, key=lambda row: _ORDER.index(AdjudicationStage(row.stage))):
        latest[row.adjudicator_id] = row
    discussed = [row for row in latest.values() if row.stage == AdjudicationStage.DISCUSSED]
    return discussed or list(latest.values())


def _ballot(row: Adjudication, codes: frozenset[str], translate: _Translate) -> Ballot:
    """Return the ballot that ``row`` casts.

    An extra reader votes like a reader, but only on the classes that they called present or absent.
    """
    reader, is_extra = str(row.adjudicator_id), row.assignment.batch.is_extra
    purpose = Purpose.DATA if is_extra else Purpose.ADJUDICATION
    if row.is_unreadable:
        return Ballot(None, reader=reader, purpose=purpose)
    answers = {
        answer: {
            decision.diagnostic_class.code: decision.overrules
            for decision in row.decisions.all()
            if decision.answer == answer
        }
        for answer in Answer
    }
    present = _codes(answers[Answer.PRESENT], overrules=False)
    absent = _codes(answers[Answer.ABSENT], overrules=False)
    voted = translate(Translation(present, not_asked=codes - present - absent))
    unassessed = voted.not_asked | voted.undecided
    if is_extra:
        return Ballot(voted.codes, unassessed, reader, purpose=purpose)
    ruling = Ruling(
        added=_carried(translate, _codes(answers[Answer.PRESENT], overrules=True)),
        removed=_carried(translate, _codes(answers[Answer.ABSENT], overrules=True)),
        undecidable=_carried(translate, _codes(answers[Answer.NOT_DECIDABLE], overrules=False)),
    )
    return Ballot(voted.codes, unassessed, reader, purpose=purpose, ruling=ruling)


def _codes(answers: Mapping[str, bool], *, overrules: bool) -> frozenset[str]:
    return frozenset(code for code, overruling in answers.items() if overruling == overrules)


def _carried(translate: _Translate, codes: frozenset[str]) -> frozenset[str]:
    return translate(Translation(codes)).codes


def _translators(study: Study) -> Mapping[int, tuple[frozenset[str], _Translate]]:
    """Return the codes of each adjudicated list of classes, and its translation to that in force.

    Raises:
        mappings.NoMapping: there is no mapping to the list in force.
    """
    adjudicated = study.batches.exclude(adjudication_mode="")
    used = Taxonomy.objects.filter(batches__in=adjudicated)
    return {
        row.pk: (
            frozenset(row.classes.values_list("code", flat=True)),
            _same if row.pk == study.taxonomy_id else mappings.between(row, study.taxonomy).carry,
        )
        for row in used.distinct()
    }


def _same(reading: Translation) -> Translation:
    return reading
