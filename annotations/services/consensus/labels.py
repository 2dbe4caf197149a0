"""Consensus labels of a study, computed from the readings of its closed batches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import F

from annotations import table_statistics
from annotations.models import (
    Assignment,
    Batch,
    Consensus,
    ConsensusLabel,
    DiagnosticClass,
    Purpose,
    QueuedCase,
    Slot,
    Study,
)
from annotations.services import audit
from annotations.services.adjudication import ballots
from annotations.services.assignment import required_readings
from annotations.services.audit import digests
from annotations.services.consensus import queue
from annotations.services.counts import runs
from annotations.services.reading import votes
from annotations.services.reading.votes import Vote
from annotations.services.taxonomy import mappings
from ecgreview import consensus
from ecgreview.consensus import (
    Ballot,
    Basis,
    Cell,
    Decision,
    Reason,
    Relations,
    State,
    Status,
)

ROWS_AT_ONCE = 2000

REREAD_PENDING = Cell(State.INCOMPLETE, Basis.REREAD_PENDING)


def refresh_next(*, now: datetime) -> bool:
    """Recompute the consensus of one study that is due; return False when there is none.

    The attempt is counted and committed first, so that a study whose computation never finishes
    moves behind all others.
    """
    due = Batch.objects.filter(consensus_is_due=True)
    unlocked = Study.objects.select_for_update(skip_locked=True, no_key=True)
    with transaction.atomic():
        waiting = due.order_by("n_consensus_attempts", "pk").values_list("study", flat=True)
        studies = (unlocked.filter(pk=pk).first() for pk in dict.fromkeys(waiting))
        claimed = next((study for study in studies if study), None)
        if claimed is None:
            return False
        due.filter(study=claimed).update(n_consensus_attempts=F("n_consensus_attempts") + 1)
    with transaction.atomic():
        study = unlocked.filter(pk=claimed.pk, pk__in=due.values("study")).first()
        if study is not None:  # otherwise another worker took it between the two transactions
            compute(study=study, now=now)
    return True


@transaction.atomic
def compute(*, study: Study, now: datetime) -> None:
    """Replace the consensus of ``study`` with one computed from all its closed batches."""
    table_statistics.keep_up()
    # Race: a second worker waits here and then replaces our rows, instead of inserting duplicates.
    # Closing a batch waits as well, so that all our queries see the same closed batches.
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    settled = list(
        study.batches.closed().filter(consensus_is_due=True).values_list("pk", flat=True)
    )
    classes = {item.code: item for item in study.taxonomy.classes.all()}
    votes_by_exam = _votes(study)
    decisions = _decisions(study, votes_by_exam)
    before = _stored(study)
    study.consensus.all().delete()
    rows = [
        _row(study, exam_id, decision, votes_by_exam[exam_id], now)
        for exam_id, decision in decisions.items()
    ]
    places = queue.Queue.of(study, votes_by_exam, relations_of(study))
    cases = [case for row in rows for case in places.place(row, _votes_of(decisions[row.exam_id]))]
    rows = Consensus.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)
    QueuedCase.objects.bulk_create(cases, batch_size=ROWS_AT_ONCE)
    ConsensusLabel.objects.bulk_create(
        (label for row in rows for label in _labels(row, decisions[row.exam_id], classes)),
        batch_size=ROWS_AT_ONCE,
    )
    Batch.objects.filter(pk__in=settled).update(consensus_is_due=False, n_consensus_attempts=0)
    changed = before ^ {_result(row) for row in rows}
    runs.note_exams(study, {exam_id for exam_id, *_ in changed}, now=now)
    _record(study, len(rows), now)


def _record(study: Study, n_exams: int, now: datetime) -> None:
    """Record the digest of all rows in the audit trail, so that later alterations are found."""
    columns = digests.consensus_columns()
    audit.record(
        actor=None, action=audit.Action.CONSENSUS_COMPUTED, study=study, target=study,
        after={"n_exams": n_exams, "digest": digests.of_consensus(study, columns),
               "columns": columns}, now=now,
    )  # fmt: skip


# Per exam: id, outcome, state of all classes that are not listed, (code, state) of the listed
# classes, and codes of classes that at least one reader could not assess.
Result = tuple[int, str, str, frozenset[tuple[str, str]], frozenset[str]]


def _stored(study: Study) -> set[Result]:
    columns = ("exam_id", "outcome", "rest_state", "class_states", "not_assessable")
    return {_result(row) for row in study.consensus.only(*columns)}


def _result(row: Consensus) -> Result:
    states = frozenset(row.class_states.items())
    return (row.exam_id, row.outcome, row.rest_state, states, frozenset(row.not_assessable))


def _decisions(study: Study, votes_by_exam: Mapping[int, Sequence[Vote]]) -> dict[int, Decision]:
    """Apply the study's rule to the votes of each exam, and return the decisions by exam id."""
    required = required_readings.by_exam(study, study.batches.closed())
    adjudicators, adjudications = _adjudicators(study), ballots.of_study(study)
    exams = {
        exam_id: consensus.Exam(
            (
                *(_ballot(vote, adjudicators[exam_id]) for vote in of_exam),
                *adjudications.get(exam_id, ()),
            ),
            required[exam_id],
        )
        for exam_id, of_exam in sorted(votes_by_exam.items())
    }
    decisions = consensus.decide(study.consensus_choice, exams, relations_of(study))
    return {
        exam_id: _as_incomplete(decision)
        if any(vote.is_open for vote in votes_by_exam[exam_id])
        else decision
        for exam_id, decision in decisions.items()
    }


def relations_of(study: Study) -> Relations:
    """Return the relations between the classes in force that hold in every consensus."""
    published = mappings.as_published(study.taxonomy)
    exclusive = (item.code for item in published.classes if item.is_exclusive)
    return Relations.of(exclusive, published.relations)


def _ballot(vote: Vote, adjudicators: Collection[int]) -> Ballot:
    is_adjudication = vote.reader_id in adjudicators
    purpose = consensus.Purpose.ADJUDICATION if is_adjudication else consensus.Purpose.DATA
    reader = str(vote.reader_id)
    if vote.translation is None:
        return Ballot(None, reader=reader, purpose=purpose)
    unassessed = vote.missing | vote.translation.not_asked | vote.translation.undecided
    return Ballot(vote.translation.codes, unassessed, reader, purpose=purpose)


def _as_incomplete(decision: Decision) -> Decision:
    """Make the decision incomplete, because a class was split and the exam must be reread."""
    return replace(
        decision,
        status=Status.INCOMPLETE,
        cells=dict.fromkeys(decision.votes, REREAD_PENDING),
        rest=REREAD_PENDING,
        adjudicated=frozenset(),
        reason=Reason.REREAD_PENDING,
    )


def _votes(study: Study) -> dict[int, list[Vote]]:
    """Return for each exam of a closed batch the vote of each reader, in the study's taxonomy."""
    rows = queue.closed_readings(study).of_people()
    counting = votes.counted(votes.translated(study, rows))
    closed = study.batches.closed().of_data()
    assigned = Assignment.objects.filter(batch__in=closed).without_gold().values_list("exam")
    pooled = Slot.objects.filter(batch__in=closed).values_list("exam")
    return {exam: counting.get(exam, []) for (exam,) in assigned.union(pooled)}


def _adjudicators(study: Study) -> Mapping[int, set[int]]:
    """Return the user ids of the adjudicators of each exam."""
    assignments = Assignment.objects.filter(batch__study=study, batch__purpose=Purpose.ADJUDICATION)
    by_exam: dict[int, set[int]] = defaultdict(set)
    for exam_id, reader_id in assignments.values_list("exam", "reader"):
        by_exam[exam_id].add(reader_id)
    return by_exam


def _row(
    study: Study, exam_id: int, decision: Decision, exam_votes: Sequence[Vote], now: datetime
) -> Consensus:
    not_assessable = Counter(
        code for vote in exam_votes if vote.translation is not None for code in vote.missing
    )
    return Consensus(
        study=study,
        exam_id=exam_id,
        rule=study.consensus_choice.name,
        outcome=decision.status.value,
        reason=decision.reason.value,
        n_readings=decision.n_readings,
        n_wanted=decision.n_wanted,
        n_unreadable=decision.n_unreadable,
        not_assessable=dict(sorted(not_assessable.items())),
        class_states={code: state.value for code, state in decision.states.items()},
        rest_state=decision.rest.state.value,
        bases={code: cell.basis.value for code, cell in decision.cells.items()},
        rest_basis=decision.rest.basis.value,
        posteriors={
            code: round(cell.posterior, 6)
            for code, cell in decision.cells.items()
            if cell.posterior is not None
        },
        adjudicated=sorted(decision.adjudicated),
        computed_at=now,
    )


def _votes_of(decision: Decision) -> queue.VotesOfClass:
    return {code: (n, decision.n_votes[code]) for code, n in decision.votes.items()}


def _labels(
    row: Consensus, decision: Decision, classes: Mapping[str, DiagnosticClass]
) -> Iterable[ConsensusLabel]:
    for code, n_positive in decision.votes.items():
        yield ConsensusLabel(
            consensus=row,
            diagnostic_class=classes[code],
            n_positive=n_positive,
            n_readings=decision.n_votes[code],
            is_present=code in decision.labels,
        )
