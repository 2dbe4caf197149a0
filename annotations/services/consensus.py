"""The consensus of a study: what follows from the readings of its closed batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import F

from annotations.models import (
    Assignment,
    Batch,
    Consensus,
    ConsensusLabel,
    DiagnosticClass,
    Outcome,
    Reading,
    Study,
)
from annotations.services import agreement_runs, votes
from annotations.services.votes import Vote
from ecgreview import consensus

ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule makes of the readings of one exam.

    Attributes:
        votes: for each class that anybody gave, by how many of ``n_readings``.
        present: the classes that the rule keeps.
        not_assessable: for each class that any of them could not assess, how many could not.
    """

    outcome: Outcome
    reason: str
    n_readings: int
    n_unreadable: int
    votes: Mapping[str, int]
    present: frozenset[str]
    not_assessable: Mapping[str, int]


def refresh_next(*, now: datetime) -> bool:
    """Recompute the consensus of one study that is due; return False when there is none.

    The attempt is counted before the work begins, and committed: a study whose consensus comes to
    no end goes behind all others instead of holding them up for ever.
    """
    due = Batch.objects.filter(consensus_is_due=True)
    unlocked = Study.objects.select_for_update(skip_locked=True, no_key=True)
    with transaction.atomic():
        waiting = due.order_by("n_consensus_attempts", "pk").values_list("study", flat=True)
        found = (unlocked.filter(pk=pk).first() for pk in dict.fromkeys(waiting))
        claimed = next((study for study in found if study), None)
        if claimed is None:
            return False
        due.filter(study=claimed).update(n_consensus_attempts=F("n_consensus_attempts") + 1)
    with transaction.atomic():
        study = unlocked.filter(pk=claimed.pk, pk__in=due.values("study")).first()
        if study is not None:  # else another worker took it between the two transactions
            compute(study=study, now=now)
    return True


@transaction.atomic
def compute(*, study: Study, now: datetime) -> None:
    """Replace the consensus of ``study`` by what its closed batches say now."""
    # Two at once would both insert; whoever comes second waits here, then starts from our rows.
    # So does the end of a batch, which must not fall between two of our queries.
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    settled = list(
        study.batches.closed().filter(consensus_is_due=True).values_list("pk", flat=True)
    )
    classes = {item.code: item for item in study.taxonomy.classes.all()}
    exclusive = [code for code, item in classes.items() if item.is_exclusive]
    verdicts = {
        exam_id: _verdict(study, cast, exclusive) for exam_id, cast in sorted(_votes(study).items())
    }
    before = _told(study)
    study.consensus.all().delete()
    rows = Consensus.objects.bulk_create(
        (_row(study, exam_id, verdict, now) for exam_id, verdict in verdicts.items()),
        batch_size=ROWS_AT_ONCE,
    )
    ConsensusLabel.objects.bulk_create(
        (label for row in rows for label in _labels(row, verdicts[row.exam_id], classes)),
        batch_size=ROWS_AT_ONCE,
    )
    Batch.objects.filter(pk__in=settled).update(consensus_is_due=False, n_consensus_attempts=0)
    changed = before.symmetric_difference(
        (exam_id, one.outcome, one.present, frozenset(one.not_assessable))
        for exam_id, one in verdicts.items()
    )
    agreement_runs.note_exams(study, {exam_id for exam_id, *_ in changed}, now=now)


def _told(study: Study) -> set[tuple[int, str, frozenset[str], frozenset[str]]]:
    """Return of each exam its outcome, its labels and what could not be assessed."""
    given: dict[int, set[str]] = {}
    present = ConsensusLabel.objects.filter(consensus__study=study, is_present=True)
    for pk, code in present.values_list("consensus", "diagnostic_class__code"):
        given.setdefault(pk, set()).add(code)
    rows = study.consensus.values_list("pk", "exam", "outcome", "not_assessable")
    return {
        (exam_id, outcome, frozenset(given.get(pk, ())), frozenset(missing))
        for pk, exam_id, outcome, missing in rows
    }


def judge(
    rule: str,
    label_sets: Sequence[frozenset[str] | None],
    exclusive: Collection[str],
    missing: Sequence[frozenset[str]] | None = None,
) -> Verdict:
    """Return what ``rule`` makes of one exam's readings; None stands for "unreadable".

    Who cannot read an exam says nothing about its classes, so only the others vote; an exam that
    most of at least two readers cannot read is unreadable.

    Args:
        rule: a key of ``consensus.RULES``.
        label_sets: for each reading the codes it gave.
        exclusive: the codes of the classes that stand alone.
        missing: for each reading the codes of the classes it could not assess; None: it could all.
    """
    untold = missing or [frozenset[str]()] * len(label_sets)
    both = zip(label_sets, untold, strict=True)
    told = [(labels, unknown) for labels, unknown in both if labels is not None]
    legible = [labels for labels, _ in told]
    n_readings, n_illegible = len(label_sets), len(label_sets) - len(legible)
    decision = consensus.decide(
        rule, legible, exclusive=exclusive, missing=[unknown for _, unknown in told]
    )
    remark = f"{n_illegible} of {n_readings} readers could not read it." if n_illegible else ""
    if n_readings >= 2 and n_illegible > len(legible):
        return Verdict(
            Outcome.UNREADABLE, remark, n_readings, n_illegible,
            decision.votes, frozenset(), decision.n_missing,
        )  # fmt: skip
    return Verdict(
        outcome=Outcome(decision.status),
        reason=f"{decision.reason} {remark}".strip(),
        n_readings=n_readings,
        n_unreadable=n_illegible,
        votes=decision.votes,
        present=frozenset(decision.labels),
        not_assessable=decision.n_missing,
    )


def _verdict(study: Study, cast: Sequence[Vote], exclusive: Collection[str]) -> Verdict:
    """Return what the study's rule makes of the votes on one exam.

    While a reading waits to be made again, because a class it gave was split, nothing is decided.
    """
    label_sets = [vote.translation.codes if vote.translation else None for vote in cast]
    verdict = judge(
        study.consensus_rule, label_sets, exclusive, missing=[vote.missing for vote in cast]
    )
    if n_open := sum(vote.is_open for vote in cast):
        reason = f"{n_open} of {len(cast)} readings wait to be made again under new classes."
        return replace(verdict, outcome=Outcome.UNDECIDED, reason=reason, present=frozenset())
    return verdict


def _votes(study: Study) -> dict[int, list[Vote]]:
    """Return for each exam of a closed batch the vote of each reader, in the study's classes."""
    readings = Reading.objects.counted().of_people()
    readings = readings.filter(
        assignment__batch__study=study, assignment__batch__closed_at__isnull=False
    )
    rows = readings.select_related("assignment").in_turn()
    counting = votes.that_count(votes.translated(study, rows))
    closed = study.batches.closed().of_data()
    exams = Assignment.objects.filter(batch__in=closed).values_list("exam")
    return {exam: counting.get(exam, []) for (exam,) in exams.distinct()}


def _row(study: Study, exam_id: int, verdict: Verdict, now: datetime) -> Consensus:
    return Consensus(
        study=study,
        exam_id=exam_id,
        rule=f"{study.consensus_rule} {consensus.RULES[study.consensus_rule].version}",
        outcome=verdict.outcome,
        reason=verdict.reason,
        n_readings=verdict.n_readings,
        n_unreadable=verdict.n_unreadable,
        not_assessable=dict(verdict.not_assessable),
        computed_at=now,
    )


def _labels(
    row: Consensus, verdict: Verdict, classes: dict[str, DiagnosticClass]
) -> Iterable[ConsensusLabel]:
    for code, n_positive in verdict.votes.items():
        yield ConsensusLabel(
            consensus=row,
            diagnostic_class=classes[code],
            n_positive=n_positive,
            n_readings=verdict.n_readings - verdict.not_assessable.get(code, 0),
            is_present=code in verdict.present,
        )
