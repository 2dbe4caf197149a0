"""Rows of the consensus, computed from readings but not stored yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from annotations.models import (
    Assignment,
    Consensus,
    ConsensusLabel,
    DiagnosticClass,
    Purpose,
    QueuedCase,
    Reading,
    Slot,
    Study,
)
from annotations.services.adjudication import ballots
from annotations.services.assignment import required_readings
from annotations.services.audit import digests
from annotations.services.consensus import queue
from annotations.services.reading import votes
from annotations.services.reading.votes import Vote
from ecgreview import consensus
from ecgreview.consensus import (
    Ballot,
    Basis,
    Cell,
    Certainty,
    Decision,
    Reason,
    Relations,
    SignalBallot,
    SignalDecision,
    State,
    Status,
)

REREAD_PENDING = Cell(State.INCOMPLETE, Basis.REREAD_PENDING)

# For more exams than this, all readings of the study are loaded: a statement with a longer list of
# exams takes longer.
MAX_LISTED = 5_000


@dataclass(frozen=True, slots=True)
class Computed:
    """The consensus on one exam, with its labels and the votes behind it."""

    row: Consensus
    labels: Sequence[ConsensusLabel]
    votes: Sequence[Vote]


@dataclass(frozen=True, slots=True)
class _Votes:
    """What the readings of one exam say about its classes and its signal."""

    votes: Sequence[Vote]
    signal: Sequence[SignalBallot]
    adjudicators: Collection[int]
    adjudications: Sequence[Ballot]

    @property
    def is_pending(self) -> bool:
        """Whether the exam must be reread, because a class was split."""
        return any(vote.is_open for vote in self.votes)


def compute(
    study: Study, relations: Relations, inputs: Mapping[int, str], now: datetime
) -> list[Computed]:
    """Compute the consensus on some exams, in the order of their ids.

    Args:
        study: the study.
        relations: what must hold between its classes in force.
        inputs: the value of ``Consensus.inputs`` by exam id: all exams that have a consensus, if
            the rule of the study is fitted to them (``Rule.is_exam_local``).
        now: time of computation.

    Raises:
        mappings.NoMapping: see ``votes.translated``.
    """
    of_exams, required = _votes_and_required(study, inputs.keys())
    exams = {exam_id: _exam(of_exam, required[exam_id]) for exam_id, of_exam in of_exams.items()}
    decisions = _decisions(study, relations, exams, of_exams)
    classes = {item.code: item for item in study.taxonomy.classes.only("taxonomy", "code")}
    columns = digests.consensus_columns()
    computed = []
    for exam_id, decision in decisions.items():
        signal = consensus.decide_signal(of_exams[exam_id].signal, required[exam_id])
        row = _row(study, exam_id, decision, of_exams[exam_id].votes, now)
        row.unassessed = _unassessed(exams[exam_id])
        _add_signal(row, signal)
        row.inputs = inputs[exam_id]
        labels = _labels(row, decision, classes)
        row.digest = _digest(row, labels, columns)
        computed.append(Computed(row, labels, of_exams[exam_id].votes))
    return computed


def place(study: Study, relations: Relations, computed: Sequence[Computed]) -> list[QueuedCase]:
    """Place exams in the dispute queue, and return their cases, unsaved."""
    votes_by_exam = {exam.row.exam_id: exam.votes for exam in computed}
    places = queue.Queue.of(study, votes_by_exam, relations)
    return [
        case
        for exam in computed
        for case in places.place(
            exam.row,
            {
                label.diagnostic_class.code: (label.n_positive, label.n_readings)
                for label in exam.labels
            },
        )
    ]


def _votes_and_required(
    study: Study, exam_ids: Set[int] | None
) -> tuple[dict[int, _Votes], Mapping[int, int]]:
    """Return the votes on exams of closed batches, and how many readings each exam needs.

    Only exams in ``exam_ids`` are returned; None means all.
    """
    listed = None if exam_ids is None or len(exam_ids) > MAX_LISTED else sorted(exam_ids)
    of_exams = dict(_votes(study, listed))
    if exam_ids is not None:
        of_exams = {pk: of_exam for pk, of_exam in of_exams.items() if pk in exam_ids}
    return of_exams, required_readings.by_exam(study, study.batches.closed(), listed)


def _votes(study: Study, exam_ids: Collection[int] | None) -> list[tuple[int, _Votes]]:
    """Return for each exam of a closed batch the vote of each reader, in the study's taxonomy.

    Exams come in the order of their ids. Only exams in ``exam_ids`` are returned; None means all.
    """
    readings = Reading.objects.counted().of_people()
    readings = readings.filter(
        assignment__batch__study=study, assignment__batch__closed_at__isnull=False
    )
    if exam_ids is not None:
        readings = readings.filter(assignment__exam__in=exam_ids)
    by_id = {row.pk: row for row in readings.select_related("assignment").in_turn()}
    counting = votes.counted(votes.translated(study, by_id.values()))
    adjudicators = _adjudicators(study, exam_ids)
    adjudications = ballots.of_study(study, exam_ids)
    return [
        (
            exam_id,
            _Votes(
                counting.get(exam_id, []),
                [
                    _signal(by_id[vote.reading_id], adjudicators[exam_id])
                    for vote in counting.get(exam_id, [])
                ],
                adjudicators[exam_id],
                adjudications.get(exam_id, ()),
            ),
        )
        for exam_id in _exams(study, exam_ids)
    ]


def _exams(study: Study, exam_ids: Collection[int] | None) -> list[int]:
    """Return the exams of closed batches, by id."""
    chosen = Q(batch__in=study.batches.closed().of_data())
    if exam_ids is not None:
        chosen &= Q(exam__in=exam_ids)
    assigned = Assignment.objects.filter(chosen).without_gold().order_by().values_list("exam")
    pooled = Slot.objects.filter(chosen).order_by().values_list("exam")
    return sorted(exam_id for (exam_id,) in assigned.union(pooled))


def _adjudicators(study: Study, exam_ids: Collection[int] | None) -> Mapping[int, set[int]]:
    """Return the user ids of the adjudicators of each exam."""
    assignments = Assignment.objects.filter(batch__study=study, batch__purpose=Purpose.ADJUDICATION)
    if exam_ids is not None:
        assignments = assignments.filter(exam__in=exam_ids)
    by_exam: dict[int, set[int]] = defaultdict(set)
    for exam_id, reader_id in assignments.values_list("exam", "reader"):
        by_exam[exam_id].add(reader_id)
    return by_exam


def _signal(reading: Reading, adjudicators: Collection[int]) -> SignalBallot:
    problems = ((item["kind"], item["leads"]) for item in reading.problems)
    return SignalBallot(
        reading.quality,
        consensus.problem_codes(problems),
        is_adjudication=reading.reader_id in adjudicators,
    )


def _decisions(
    study: Study,
    relations: Relations,
    exams: Mapping[int, consensus.Exam],
    of_exams: Mapping[int, _Votes],
) -> dict[int, Decision]:
    """Apply the study's rule to each exam, and return the decisions by exam id."""
    decisions = consensus.decide(study.consensus_choice, exams, relations)
    return {
        exam_id: _as_incomplete(decision) if of_exams[exam_id].is_pending else decision
        for exam_id, decision in decisions.items()
    }


def _exam(of_exam: _Votes, n_wanted: int) -> consensus.Exam:
    ballots_of_votes = (_ballot(vote, of_exam.adjudicators) for vote in of_exam.votes)
    return consensus.Exam((*ballots_of_votes, *of_exam.adjudications), n_wanted)


def exams_of(
    study: Study, exam_ids: Set[int] | None = None
) -> tuple[dict[int, consensus.Exam], set[int]]:
    """Return the ballots on each exam of a closed batch, as input to rules, by exam id.

    Args:
        study: the study.
        exam_ids: the exams to return; None for all.

    Returns:
        The exams, and the ids of those that are incomplete until somebody rereads them.
    """
    of_exams, required = _votes_and_required(study, exam_ids)
    exams = {exam_id: _exam(of_exam, required[exam_id]) for exam_id, of_exam in of_exams.items()}
    return exams, {exam_id for exam_id, of_exam in of_exams.items() if of_exam.is_pending}


def _ballot(vote: Vote, adjudicators: Collection[int]) -> Ballot:
    is_adjudication = vote.reader_id in adjudicators
    purpose = consensus.Purpose.ADJUDICATION if is_adjudication else consensus.Purpose.DATA
    return replace(ballot_of(vote), purpose=purpose)


def ballot_of(vote: Vote) -> Ballot:
    """Return a vote as input to rules; the reader is their id as text."""
    reader = str(vote.reader_id)
    if vote.translation is None:
        return Ballot(None, reader=reader)
    certainty = {code: Certainty(value) for code, value in vote.certainty.items()}
    return Ballot(vote.translation.codes, vote.unassessed, reader, certainty=certainty)


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


def _row(
    study: Study, exam_id: int, decision: Decision, exam_votes: Sequence[Vote], now: datetime
) -> Consensus:
    not_assessable = Counter(code for vote in exam_votes for code in vote.missing)
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


def _unassessed(exam: consensus.Exam) -> dict[str, int]:
    """Return how many readable readings and adjudications have no vote on each class."""
    readable = (ballot for ballot in exam.ballots if ballot.classes is not None)
    return dict(sorted(Counter(code for of in readable for code in of.unassessed).items()))


def _add_signal(row: Consensus, signal: SignalDecision) -> None:
    row.quality = signal.quality.value
    row.quality_votes = dict(signal.votes)
    row.problem_states = {code: state.value for code, state in signal.problems.items()}
    row.problem_votes = dict(signal.problem_votes)


def _labels(
    row: Consensus, decision: Decision, classes: Mapping[str, DiagnosticClass]
) -> list[ConsensusLabel]:
    return [
        ConsensusLabel(
            consensus=row,
            diagnostic_class=classes[code],
            n_positive=n_positive,
            n_readings=decision.n_votes[code],
            is_present=code in decision.labels,
        )
        for code, n_positive in decision.votes.items()
    ]


def _digest(
    row: Consensus, labels: Sequence[ConsensusLabel], columns: Mapping[str, Sequence[str]]
) -> str:
    of_labels = (
        [label.diagnostic_class.code, *(getattr(label, name) for name in columns["labels"])]
        for label in labels
    )
    return digests.of_exam([getattr(row, name) for name in columns["consensus"]], of_labels)
