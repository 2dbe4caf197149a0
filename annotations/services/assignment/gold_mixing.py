"""Mix hidden gold exams into the orders of readers, so that nobody can tell them apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from annotations import row_security
from annotations.models import (
    Assignment,
    AuditEvent,
    Exam,
    Occurrence,
    ResultsSeen,
    Study,
    User,
)
from annotations.services import audit
from annotations.services.assignment import past_assignments
from annotations.services.assignment.handout import Row
from annotations.services.refusals import Refusal
from ecgreview import design

# A person who did one of these in a study knows the answers to its gold exams.
SHOWS_ANSWERS = (audit.Action.STUDY_GOLD_NAMED, audit.Action.STUDY_GOLD_SEEN)


class TooFewGold(Refusal):
    code = "too-few-gold"


class GoldDraw:
    """Draws the gold exams of ``readers``, none twice for the same reader.

    Readers who know the answers get none. Load and use it as the owner of the tables: planners who
    read in the study must not learn which exams are gold.
    """

    def __init__(self, study: Study, readers: Collection[int]) -> None:
        self.study = study
        self._patients = {
            exam: design.UNKNOWN if patient is None else patient
            for exam, patient in study.gold_exams.values_list("exam_id", "exam__patient_id")
        }
        self._blocked = _blocked(self._patients, readers)
        self._knowing = _knowing(study, readers)
        self._n_before = dict.fromkeys(readers, 0)
        assigned = Assignment.objects.filter(batch__study=study, reader__in=readers)
        for (reader,) in assigned.values_list("reader_id"):
            self._n_before[reader] += 1

    def mix(self, rows: Sequence[Row], fraction: float, *, at_most: int | None = None) -> list[Row]:
        """Return ``rows`` of one reader with gold exams at random positions.

        Args:
            rows: one reader's part of a batch, in order; positions continue from the first.
            fraction: share of gold exams, from the protocol of the batch.
            at_most: maximum number of gold exams; fewer are added if there are too few. None: no
                limit.

        Raises:
            TooFewGold: there are too few, and ``at_most`` is None.
        """
        reader, first = rows[0].reader_id, rows[0].position
        gold = self._drawn(reader, len(rows), fraction, at_most)
        patients = _patients(row.exam_id for row in rows)
        order = design.mixed(
            self.study.seed, reader,
            [(row.exam_id, patients[row.exam_id]) for row in rows],
            [(exam, self._patients[exam]) for exam in gold],
            patient_gap=self.study.patient_gap + 1,
        )  # fmt: skip
        others = iter(rows)
        return [
            Row(reader, exam, position, Occurrence.GOLD)
            if is_gold
            else replace(next(others), position=position)
            for position, ((exam, _), is_gold) in enumerate(order, start=first)
        ]

    def _drawn(self, reader: int, n_others: int, fraction: float, at_most: int | None) -> list[int]:
        if reader in self._knowing:
            return []
        n_before = self._n_before[reader]
        n_gold = design.n_gold(self.study.seed, reader, n_others, n_before, fraction)
        free = self._patients.keys() - self._blocked[reader]
        if at_most is not None:
            n_gold = min(n_gold, at_most, len(free))
        elif n_gold > len(free):
            name = str(User.objects.get(pk=reader))
            raise TooFewGold(reader=name, needed=n_gold, available=len(free))
        drawn = design.in_gold_order(self.study.seed, reader, free)[:n_gold]
        self._blocked[reader].update(drawn)
        self._n_before[reader] += n_others + n_gold
        return drawn


def mixed(study: Study, rows: Iterable[Row]) -> list[Row]:
    """Return ``rows`` of a new batch with the share of gold exams that the protocol asks for.

    Raises:
        TooFewGold: a reader would need more gold exams than there are.
    """
    if not study.gold_fraction:
        return list(rows)
    by_reader: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.reader_id, row.position)):
        by_reader[row.reader_id].append(row)
    with row_security.as_owner():
        draw = GoldDraw(study, list(by_reader))
        return [row for own in by_reader.values() for row in draw.mix(own, study.gold_fraction)]


def data_caps(study: Study, caps: Mapping[int, int], past: design.Readings) -> Mapping[int, int]:
    """Return ``caps`` reduced so that the gold exams of new batches still fit.

    Args:
        study: its protocol in force applies.
        caps: maximum number of exams of each reader in total, by user id.
        past: data readings and hidden repeats so far.
    """
    if not study.gold_fraction or not caps:
        return caps
    given = Assignment.objects.filter(batch__study=study, occurrence=Occurrence.GOLD)
    readers = given.filter(past_assignments.yields_a_reading()).values_list("reader_id", flat=True)
    n_gold, n_past = Counter(readers), Counter(past.readers.tolist())
    return {
        reader: n_past[reader]
        + design.n_besides_gold(cap - n_past[reader] - n_gold[reader], study.gold_fraction)
        for reader, cap in caps.items()
    }


def _blocked(exams: Collection[int], readers: Collection[int]) -> dict[int, set[int]]:
    """Return the gold exams that each reader was ever assigned, or whose results they know."""
    blocked: dict[int, set[int]] = {reader: set() for reader in readers}
    assigned = Assignment.objects.filter(exam__in=exams, reader__in=readers)
    for reader, exam in assigned.values_list("reader_id", "exam_id"):
        blocked[reader].add(exam)
    seen = ResultsSeen.objects.known_to(readers).filter(batch__assignments__exam__in=exams)
    columns = ("user_id", "user__vouched_by_id", "batch__assignments__exam_id")
    for user, voucher, exam in seen.values_list(*columns).distinct():
        for reader in {user, voucher} & blocked.keys():
            blocked[reader].add(exam)
    return blocked


def _knowing(study: Study, readers: Collection[int]) -> set[int]:
    """Return the readers who know the answers, or who vouch for an account that does."""
    shown = AuditEvent.objects.filter(study=study, action__in=SHOWS_ANSWERS)
    people = set(shown.values_list("actor_id", "actor__vouched_by_id"))
    seen = ResultsSeen.objects.filter(batch__study=study)
    people |= set(seen.values_list("user_id", "user__vouched_by_id"))
    known_to = {person for pair in people for person in pair}
    return {reader for reader in readers if reader in known_to}


def _patients(exams: Iterable[int]) -> dict[int, int]:
    rows = Exam.objects.filter(pk__in=set(exams)).values_list("pk", "patient_id")
    return {pk: design.UNKNOWN if patient is None else patient for pk, patient in rows}
