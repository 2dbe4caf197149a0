"""The gold set of a study: exams with a known reference, chosen by a coordinator."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from annotations import row_security
from annotations.models import Assignment, AuditEvent, Exam, GoldExam, Slot, Study, User
from annotations.services import audit
from annotations.services.assignment import batches, qualification
from annotations.services.blinding import rules
from annotations.services.exams import same_recordings
from annotations.services.refusals import Refusal
from annotations.services.studies import lifecycle
from ecgreview import hash_chain


class GoldInUse(Refusal):
    code = "gold-in-use"


class NoUnusedGold(Refusal):
    code = "no-unused-gold"


@transaction.atomic
def name(
    *, study: Study, references: Mapping[str, Collection[str]], actor: User, now: datetime
) -> int:
    """Add exams to the gold set, or replace their references; return the size of the set.

    Args:
        study: not locked.
        references: class codes by exam code; the codes of an exam may be empty.
        actor: the coordinator, who can get no gold exams of this study from now on.
        now: the current time.

    Raises:
        lifecycle.NotThisPhase: the study is locked.
        rules.ReaderStillBlinded: ``actor`` reads in the study.
        batches.NoExams: ``references`` is empty.
        qualification.UnknownExams, qualification.UnknownClasses,
        qualification.ContradictoryReference: see ``qualification.make``.
        batches.NoTracings: some exams have no tracing.
        GoldInUse: some exams are in the exam pool or in a batch of the study.
        SameRecording: an exam has the same recording as another exam of the study.
    """
    study = _locked(study, actor)
    if not references:
        raise batches.NoExams
    exams = qualification.exams_of(references)
    qualification.refuse_contradictions(study.taxonomy, references)
    batches.refuse_without_tracings(list(exams.values()))
    _refuse_in_use(study, exams)
    same_recordings.refuse_duplicates(study, [exam.pk for exam in exams.values()])
    GoldExam.objects.bulk_create(
        (
            GoldExam(
                study=study, exam=exams[code], codes=sorted(set(codes)),
                named_by=actor, named_at=now,
            )
            for code, codes in references.items()
        ),
        update_conflicts=True,
        unique_fields=["study", "exam"],
        update_fields=["codes", "named_by", "named_at"],
    )  # fmt: skip
    n_gold = study.gold_exams.count()
    content = {code: sorted(set(codes)) for code, codes in references.items()}
    digest = hashlib.sha256(hash_chain.canonical_json(content).encode()).hexdigest()
    audit.record(
        actor=actor, action=audit.Action.STUDY_GOLD_NAMED, study=study, target=study,
        after={"n_exams": len(references), "n_gold": n_gold, "references_sha256": digest}, now=now,
    )  # fmt: skip
    return n_gold


@transaction.atomic
def remove_unused(*, study: Study, actor: User, now: datetime) -> int:
    """Remove the gold exams that nobody was assigned, and return their number.

    Raises:
        lifecycle.NotThisPhase, rules.ReaderStillBlinded: see ``name``.
        NoUnusedGold: all of them are assigned, or there are none.
    """
    study = _locked(study, actor)
    given = Assignment.objects.filter(batch__study=study).values("exam")
    n_removed, _ = study.gold_exams.exclude(exam__in=given).delete()
    if not n_removed:
        raise NoUnusedGold
    audit.record(
        actor=actor, action=audit.Action.STUDY_GOLD_REMOVED, study=study, target=study,
        after={"n_exams": n_removed, "n_gold": study.gold_exams.count()}, now=now,
    )  # fmt: skip
    return n_removed


@transaction.atomic
def record_seen(*, study: Study, user: User, now: datetime) -> None:
    """Record once that ``user`` was shown the gold exams of ``study`` and their references."""
    with row_security.as_owner():
        earlier = AuditEvent.objects.filter(
            study=study, actor=user, action=audit.Action.STUDY_GOLD_SEEN
        )
        is_new = study.gold_exams.exists() and not earlier.exists()
    if is_new:
        audit.record(
            actor=user, action=audit.Action.STUDY_GOLD_SEEN, study=study, target=study, now=now
        )


def _locked(study: Study, actor: User) -> Study:
    rules.refuse_readers(study, actor)
    locked = Study.objects.select_for_update(of=("self",), no_key=True).select_related("taxonomy")
    study = locked.get(pk=study.pk)
    if study.is_settled:
        raise lifecycle.NotThisPhase(phase=study.get_phase_display())
    return study


def _refuse_in_use(study: Study, exams: Mapping[str, Exam]) -> None:
    """Raise ``GoldInUse`` if the study uses one of ``exams`` for anything else."""
    ids = [exam.pk for exam in exams.values()]
    codes = set(study.pool.filter(exam__in=ids).values_list("exam__code", flat=True))
    assigned = Assignment.objects.filter(batch__study=study, exam__in=ids).without_gold()
    codes |= set(assigned.values_list("exam__code", flat=True))
    pooled = Slot.objects.filter(batch__study=study, exam__in=ids)
    codes |= set(pooled.values_list("exam__code", flat=True))
    if codes:
        raise GoldInUse(exams=", ".join(sorted(codes)[:10]))
