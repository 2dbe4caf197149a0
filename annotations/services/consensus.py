"""The consensus of a study: what follows from the readings of its closed batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from annotations.models import (
    Assignment,
    Batch,
    Consensus,
    ConsensusLabel,
    DiagnosticClass,
    Finding,
    Outcome,
    Reading,
    Study,
)
from annotations.models.reading import ReadingQuerySet
from ecgreview import consensus

ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule makes of the readings of one exam.

    Attributes:
        votes: for each class that anybody gave, by how many of ``n_readings``.
        present: the classes that the rule keeps.
    """

    outcome: Outcome
    reason: str
    n_readings: int
    votes: Mapping[str, int]
    present: frozenset[str]


def refresh_next(*, now: datetime) -> bool:
    """Recompute the consensus of one study that is due; return False when there is none."""
    with transaction.atomic():
        due = Batch.objects.filter(consensus_is_due=True).values("study")
        studies = Study.objects.select_for_update(skip_locked=True, no_key=True)
        study = studies.filter(pk__in=due).order_by("pk").first()
        if study is None:
            return False
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
        exam_id: judge(study.consensus_rule, label_sets, exclusive)
        for exam_id, label_sets in sorted(_label_sets(study).items())
    }
    study.consensus.all().delete()
    rows = Consensus.objects.bulk_create(
        (_row(study, exam_id, verdict, now) for exam_id, verdict in verdicts.items()),
        batch_size=ROWS_AT_ONCE,
    )
    ConsensusLabel.objects.bulk_create(
        (label for row in rows for label in _labels(row, verdicts[row.exam_id], classes)),
        batch_size=ROWS_AT_ONCE,
    )
    Batch.objects.filter(pk__in=settled).update(consensus_is_due=False)


def judge(
    rule: str, label_sets: Sequence[frozenset[str] | None], exclusive: Collection[str]
) -> Verdict:
    """Return what ``rule`` makes of one exam's readings; None stands for "unreadable".

    Who cannot read an exam says nothing about its classes, so only the others vote; an exam that
    most of at least two readers cannot read is unreadable.

    Args:
        rule: a key of ``consensus.RULES``.
        label_sets: for each reading the codes it gave.
        exclusive: the codes of the classes that stand alone.
    """
    legible = [labels for labels in label_sets if labels is not None]
    n_readings, n_illegible = len(label_sets), len(label_sets) - len(legible)
    decision = consensus.decide(rule, legible, exclusive=exclusive)
    remark = f"{n_illegible} of {n_readings} readers could not read it." if n_illegible else ""
    if n_readings >= 2 and n_illegible > len(legible):
        return Verdict(Outcome.UNREADABLE, remark, n_readings, decision.votes, frozenset())
    return Verdict(
        outcome=Outcome(decision.status),
        reason=f"{decision.reason} {remark}".strip(),
        n_readings=n_readings,
        votes=decision.votes,
        present=frozenset(decision.labels),
    )


def _label_sets(study: Study) -> dict[int, list[frozenset[str] | None]]:
    """Return for each exam of a closed batch what each reader gave, None if unreadable.

    Who read an exam again in another batch has no second vote: the first reading is the blindest.
    """
    readings = Reading.objects.blind().filter(
        assignment__batch__study=study, assignment__batch__closed_at__isnull=False
    )
    codes: dict[int, set[str]] = defaultdict(set)
    given = Finding.objects.filter(reading__in=readings)
    for reading_id, code in given.values_list("reading", "diagnostic_class__code"):
        codes[reading_id].add(code)
    exams = Assignment.objects.filter(batch__in=study.batches.closed()).values_list("exam")
    found: dict[int, list[frozenset[str] | None]] = {exam: [] for (exam,) in exams.distinct()}
    for reading in _first_of_each_reader(readings):
        labels = frozenset(codes[reading.pk]) if reading.is_readable else None
        found[reading.assignment.exam_id].append(labels)
    return found


def _first_of_each_reader(readings: ReadingQuerySet) -> Iterator[Reading]:
    voted: set[tuple[int, int]] = set()
    for reading in readings.select_related("assignment").order_by("pk"):
        vote = (reading.assignment.exam_id, reading.assignment.reader_id)
        if vote not in voted:
            voted.add(vote)
            yield reading


def _row(study: Study, exam_id: int, verdict: Verdict, now: datetime) -> Consensus:
    return Consensus(
        study=study,
        exam_id=exam_id,
        rule=f"{study.consensus_rule} {consensus.RULES[study.consensus_rule].version}",
        outcome=verdict.outcome,
        reason=verdict.reason,
        n_readings=verdict.n_readings,
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
            n_readings=verdict.n_readings,
            is_present=code in verdict.present,
        )
