"""Exam strata, from source labels or model suggestions. Used only for sampling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from annotations.models import Study, StudyExam, Suggestion, User
from annotations.services.blinding import rules
from annotations.services.refusals import Refusal

MAX_STRATUM = StudyExam._meta.get_field("stratum").max_length or 0

EXAMS_AT_ONCE = 5_000


class StratumSource(models.TextChoices):
    NONE = "none", _("No strata: draw from all exams")
    SOURCE = "source", _("Labels of the source")
    SUGGESTED = "suggested", _("Suggestions of the criteria model")


class StrataHidden(Refusal):
    code = "strata-hidden"


def in_pool(study: Study) -> list[tuple[str, int]]:
    """Return the strata of the pool with their numbers of exams, the largest first."""
    counts = Counter(study.pool.values_list("stratum", flat=True))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def suggested_shares(study: Study) -> dict[str, float]:
    """Return the share of exams for which the model suggests each class, by class code.

    The shares are relative to the exams of the pool that the model has examined. Empty if it has
    examined less than half of the pool.
    """
    in_pool = StudyExam.objects.filter(study=study, exam=OuterRef("run__exam"))
    named = Suggestion.objects.named_in(study.taxonomy)
    suggestions = named.filter(Exists(in_pool), run__finished_at__isnull=False)
    n_exams = study.pool.count()
    n_seen = (
        study.pool.filter(exam__suggestion_runs__finished_at__isnull=False)
        .values("exam")
        .distinct()
        .count()
    )
    if not n_exams or n_seen < n_exams / 2:
        return {}
    pairs = suggestions.values_list("diagnostic_class__code", "run__exam").distinct()
    counts = Counter(code for code, _ in pairs)
    return {code: count / n_seen for code, count in counts.items()}


def refuse_readers(study: Study, user: User) -> None:
    """Raise if the strata of ``study`` are hidden from ``user``.

    Raises:
        StrataHidden: ``user`` reads in the study.
    """
    if rules.reads_in(study, user):
        raise StrataHidden


def of_exams(
    table: Sequence[tuple[int, int | None, list[str]]], stratify_by: str, study: Study
) -> list[str]:
    """Return the stratum of each exam: its rarest label, or empty if it has none.

    Args:
        table: (exam id, patient id, source labels) of each exam.
        stratify_by: one of ``StratumSource``.
        study: only suggestions of classes in its taxonomy are used.
    """
    if stratify_by == StratumSource.NONE:
        return [""] * len(table)
    labels: Sequence[Collection[str]] = [own for *_, own in table]
    if stratify_by == StratumSource.SUGGESTED:
        suggested = _suggested([pk for pk, *_ in table], study)
        labels = [suggested.get(pk, ()) for pk, *_ in table]
    counts = Counter(label for own in labels for label in set(own))
    return [
        min(own, key=lambda label: (counts[label], label), default="")[:MAX_STRATUM]
        for own in labels
    ]


def _suggested(exam_ids: Sequence[int], study: Study) -> dict[int, set[str]]:
    """Return the codes of the suggested classes by exam id."""
    named = Suggestion.objects.named_in(study.taxonomy).filter(run__finished_at__isnull=False)
    by_exam: dict[int, set[str]] = {}
    for start in range(0, len(exam_ids), EXAMS_AT_ONCE):
        some = named.filter(run__exam__in=exam_ids[start : start + EXAMS_AT_ONCE])
        for exam_id, code in some.values_list("run__exam", "diagnostic_class__code"):
            by_exam.setdefault(exam_id, set()).add(code)
    return by_exam
