"""Apply every rule to the same exams and count what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgreview.consensus.counting import Count
from ecgreview.consensus.decision import MIN_READINGS, Ballot, State, Status
from ecgreview.consensus.exam import Exam
from ecgreview.consensus.relations import Relations
from ecgreview.consensus.rules import NORMAL, RULES, Choice, voting_exams, with_rulings

from .methods import FITTED, Method, NotSupported, Settings, Unsupported, method_of, settings_of
from .results import STATES, Accuracy, Comparison, Contradiction, LeftOut, Outcome, RuleOutcomes

_Key = TypeVar("_Key")

_NUMBER_OF = {state: number for number, state in enumerate(STATES)}
_PRESENT, _ABSENT = _NUMBER_OF[State.PRESENT], _NUMBER_OF[State.ABSENT]
_UNDECIDED, _INCOMPLETE = _NUMBER_OF[State.UNDECIDED], _NUMBER_OF[State.INCOMPLETE]
_DECIDED = frozenset({_PRESENT, _ABSENT})
_N = len(STATES)

# The counts of a comparison with a reference, by class.
_HITS, _EXTRA, _MISSED, _OPEN_PRESENT, _OPEN_ABSENT = range(5)

ProgressCallback = Callable[[int, int], None]
"""Called with the number of steps done and the total."""


@dataclass(frozen=True, slots=True)
class _Span:
    """The settings from ``start`` to below ``stop``, at which the decision on an exam is the same.

    Attributes:
        states: numbers of the states of the marked cells of the exam.
        status: how the exam was decided.
        others: number of the state of each class that nobody marked but a reference did.
    """

    start: int
    stop: int
    states: tuple[int, ...]
    status: Status
    others: tuple[int, ...] = ()


def compare(
    choice: Choice,
    exams: Mapping[_Key, Exam],
    relations: Relations = NORMAL,
    *,
    references: Mapping[str, Mapping[_Key, Ballot]] | None = None,
    pending: Collection[_Key] = frozenset(),
    progress: ProgressCallback = lambda n_done, n_total: None,
) -> Comparison:
    """Compare what every rule decides on ``exams``.

    With n readers, this takes about as long as n + 2 runs of ``decide`` for each rule that is
    fitted to all exams, and about two for each other rule, whatever the number of settings: the
    decision on an exam changes at few of them.

    Args:
        choice: the rule and parameters of the study, with which the others are compared.
        exams: the readings, as for ``decide``.
        relations: as for ``decide``.
        references: the answers of each reference, by exam.
        pending: exams that are incomplete under every rule, because they must be reread.
        progress: called after each rule; may raise to stop.

    Raises:
        ContradictoryReading: as ``decide``.
    """
    work = _Work.of(choice, voting_exams(exams, relations), relations, references or {}, pending)
    results = []
    for n_done, rule in enumerate(RULES):
        progress(n_done, len(RULES))
        results.append(work.outcomes(rule))
    progress(len(RULES), len(RULES))
    return Comparison(
        classes=tuple(work.codes),
        readers=tuple(work.readers),
        references=tuple(references or ()),
        n_exams=len(work.exams),
        n_marked=sum(len(marked) for marked in work.marked),
        n_adjudicated=sum(any(b.is_adjudication for b in exam.ballots) for exam in work.exams),
        rules=tuple(results),
        contradictions=tuple(work.contradictions()),
    )


@dataclass(eq=False)
class _Work:
    """The readings, as every rule needs them.

    Attributes:
        keys: the key of each exam, as text.
        exams: with the ballots that vote.
        marked: codes of the marked cells of each exam, in alphabetical order.
        answers: for each reference, the answer to each exam, or None.
        pending: whether each exam must be reread.
    """

    choice: Choice
    relations: Relations
    keys: Sequence[str]
    exams: Sequence[Exam]
    marked: Sequence[tuple[str, ...]]
    answers: Sequence[Sequence[Ballot | None]]
    pending: Sequence[bool]

    @classmethod
    def of(
        cls,
        choice: Choice,
        voting: Mapping[_Key, Exam],
        relations: Relations,
        references: Mapping[str, Mapping[_Key, Ballot]],
        pending: Collection[_Key],
    ) -> _Work:
        return cls(
            choice,
            relations,
            [str(key) for key in voting],
            [*voting.values()],
            [
                tuple(sorted({code for ballot in exam.ballots for code in ballot.classes or ()}))
                for exam in voting.values()
            ],
            [[_answer(of.get(key), relations) for key in voting] for of in references.values()],
            [key in pending for key in voting],
        )

    @cached_property
    def codes(self) -> dict[str, int]:
        """The place of each class that a reader or a reference marked, in alphabetical order."""
        found = {code for marked in self.marked for code in marked}
        for answers in self.answers:
            found.update(code for answer in answers if answer for code in answer.classes or ())
        return {code: place for place, code in enumerate(sorted(found))}

    @cached_property
    def exams_of(self) -> Mapping[str, list[int]]:
        """The places of the exams of each reader, without adjudications."""
        places: dict[str, list[int]] = defaultdict(list)
        for place, exam in enumerate(self.exams):
            for ballot in exam.ballots:
                if not ballot.is_adjudication:
                    places[ballot.reader].append(place)
        return places

    @cached_property
    def readers(self) -> list[str]:
        return sorted(self.exams_of)

    @cached_property
    def n_most(self) -> int:
        """The largest number of readers of an exam."""
        return max(map(_n_readers, self.exams), default=0)

    @cached_property
    def others(self) -> list[tuple[str, ...]]:
        """The classes of each exam that a reference marked, but nobody else."""
        return [
            tuple(
                sorted(
                    {code for of in self.answers if (answer := of[place])
                     for code in answer.classes or ()} - set(self.marked[place])
                )
            )
            for place in range(len(self.exams))
        ]  # fmt: skip

    @cached_property
    def base(self) -> list[tuple[int, ...]]:
        """The states of the marked cells of each exam under the study's rule."""
        settings = settings_of(self.choice.rule, self.choice, self.n_most)
        own = Settings((settings.choices[settings.chosen],), (None,), 0)
        try:
            method = method_of(self.choice.rule, own, self.exams, self.relations)
        except NotSupported:
            # Without an estimate, the rule of the study decides by majority.
            rule = RULES[self.choice.rule]
            decisions = [
                with_rulings(rule, decision, exam, self.relations)
                for exam, decision in zip(
                    self.exams, rule.decide(self.exams, self.relations, self.choice), strict=True
                )
            ]
            return [
                self._settled(place, tuple(_NUMBER_OF[decision.state(c)] for c in marked))
                for place, (decision, marked) in enumerate(zip(decisions, self.marked, strict=True))
            ]
        return [self._spans(method, place, 1)[0].states for place in range(len(self.exams))]

    def _settled(self, place: int, states: tuple[int, ...]) -> tuple[int, ...]:
        return (_INCOMPLETE,) * len(states) if self.pending[place] else states

    def outcomes(self, rule: str) -> RuleOutcomes:
        settings = settings_of(rule, self.choice, self.n_most)
        try:
            method = method_of(rule, settings, self.exams, self.relations)
        except NotSupported as error:
            return RuleOutcomes(rule, error.reason.value)
        n = len(settings.choices)
        spans = [self._spans(method, place, n) for place in range(len(self.exams))]
        tallies = _Tallies(n, len(self.codes), len(self.answers))
        for place, of_exam in enumerate(spans):
            for span in of_exam:
                self._count(tallies, place, span)
            self._count_to_adjudicate(tallies, method, place, of_exam)
        left_out, reasons = self._left_out(rule, settings, method, spans)
        return RuleOutcomes(
            rule, "", tallies.outcomes(settings, left_out), settings.chosen,
            method.without_estimate, reasons,
        )  # fmt: skip

    def _spans(
        self, method: Method, place: int, n_settings: int, exam: Exam | None = None
    ) -> list[_Span]:
        """Return the spans of an exam; ``exam`` has fewer ballots if readers are left out."""
        marked, others = self.marked[place], self.others[place]
        if self.pending[place]:
            states, rest = (_INCOMPLETE,) * len(marked), (_INCOMPLETE,) * len(others)
            return [_Span(0, n_settings, states, Status.INCOMPLETE, rest)]
        exam = exam or self.exams[place]
        starts = sorted(start for start in method.breaks(exam) if start < n_settings)
        result = []
        for start, stop in pairwise([*starts, n_settings]):
            decision = method.decide(exam, start)
            states = tuple(_NUMBER_OF[decision.state(code)] for code in marked)
            rest = tuple(_NUMBER_OF[decision.state(code)] for code in others)
            result.append(_Span(start, stop, states, decision.status, rest))
        return result

    def _count(self, tallies: _Tallies, place: int, span: _Span) -> None:
        at = slice(span.start, span.stop)
        for code, before, state in zip(
            self.marked[place], self.base[place], span.states, strict=True
        ):
            tallies.add(at, tallies.changes + _N * before + state)
            if state == _PRESENT:
                tallies.add(at, tallies.present + self.codes[code])
            elif state == _UNDECIDED:
                tallies.add(at, tallies.disputed + self.codes[code])
        column = tallies.of_status.get(span.status)
        if column is not None:
            tallies.add(at, column)
        for reference, answers in enumerate(self.answers):
            if answer := answers[place]:
                for code, result in self._compared(answer, place, span):
                    tallies.add(at, tallies.accuracy(reference, self.codes[code], result))

    def _compared(self, answer: Ballot, place: int, span: _Span) -> Iterator[tuple[str, int]]:
        """Yield the result of comparing each cell with the answer of a reference."""
        states = (*span.states, *span.others)
        codes = (*self.marked[place], *self.others[place])
        for code, state in zip(codes, states, strict=True):
            if code not in answer.unassessed:
                result = _result(state, is_marked=code in (answer.classes or ()))
                if result is not None:
                    yield code, result

    def _count_to_adjudicate(
        self, tallies: _Tallies, method: Method, place: int, spans: Sequence[_Span]
    ) -> None:
        exam = self.exams[place]
        readers = tuple(ballot for ballot in exam.ballots if not ballot.is_adjudication)
        if len(readers) < len(exam.ballots):
            alone = Exam(readers, exam.n_wanted)
            spans = self._spans(method, place, tallies.n_settings, alone)
        for span in spans:
            if span.status == Status.DISPUTED:
                tallies.add(slice(span.start, span.stop), tallies.to_adjudicate)

    def _left_out(
        self, rule: str, settings: Settings, method: Method, spans: Sequence[Sequence[_Span]]
    ) -> tuple[list[list[LeftOut] | None], tuple[str, ...]]:
        """Return for each reader what changes at each setting, and why it cannot be computed."""
        results: list[list[LeftOut] | None] = []
        reasons = []
        n = len(settings.choices)
        n_decided = _n_decided(n, spans)
        for reader in self.readers:
            own = {place: self._without(place, reader) for place in self.exams_of[reader]}
            lost = [place for place, exam in own.items() if _n_readers(exam) < MIN_READINGS]
            try:
                if len(lost) == len(own):
                    raise NotSupported(Unsupported.NO_OTHERS)
                refitted, places = method, own.keys() - lost
                if rule in FITTED:
                    rest = [own.get(place, exam) for place, exam in enumerate(self.exams)]
                    refitted = method_of(rule, settings, rest, self.relations)
                    places = set(range(len(rest))).difference(lost)
            except NotSupported as error:
                results.append(None)
                reasons.append(error.reason.value)
                continue
            changed = np.zeros(n + 1, dtype=np.int64)
            for place in places:
                without = self._spans(refitted, place, n, own.get(place))
                for start, stop, n_changed in _changes(spans[place], without):
                    changed[start] += n_changed
                    changed[stop] -= n_changed
            counted = n_decided - _n_decided(n, [spans[place] for place in lost])
            counts = zip(counted.tolist(), changed.cumsum().tolist(), strict=False)
            results.append([LeftOut(*pair) for pair in counts])
            reasons.append("")
        return results, tuple(reasons)

    def _without(self, place: int, reader: str) -> Exam:
        exam = self.exams[place]
        ballots = tuple(b for b in exam.ballots if b.is_adjudication or b.reader != reader)
        return Exam(ballots, max(exam.n_wanted - 1, MIN_READINGS))

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield the cells in which a reference contradicts readers who agree."""
        for place, exam in enumerate(self.exams):
            count = Count.of([ballot for ballot in exam.ballots if not ballot.is_adjudication])
            for code in sorted({*self.marked[place], *self.others[place]}):
                n_votes, n_marked = count.n_votes(code), count.marked.get(code, 0)
                if n_votes < MIN_READINGS or n_marked not in {0, n_votes}:
                    continue
                for reference, answers in enumerate(self.answers):
                    answer = answers[place]
                    if answer is None or code in answer.unassessed:
                        continue
                    is_marked = code in (answer.classes or ())
                    if is_marked != (n_marked > 0):
                        yield Contradiction(self.keys[place], code, reference, is_marked, n_votes)


class _Tallies:
    """Counts at each setting, kept as differences from the setting before.

    An exam whose decision is the same from one setting to another adds to two rows only.
    """

    def __init__(self, n_settings: int, n_classes: int, n_references: int) -> None:
        self.n_settings, self.n_classes, self.n_references = n_settings, n_classes, n_references
        self.present, self.disputed = 0, n_classes
        self.changes = 2 * n_classes
        self.exams_disputed = self.changes + _N * _N
        self.exams_incomplete = self.exams_disputed + 1
        self.of_status = {
            Status.DISPUTED: self.exams_disputed, Status.INCOMPLETE: self.exams_incomplete,
        }  # fmt: skip
        self.to_adjudicate = self.exams_disputed + 2
        self._references = self.exams_disputed + 3
        width = self._references + 5 * n_classes * n_references
        self._table = np.zeros((n_settings + 1, width), dtype=np.int64)

    def add(self, at: slice, column: int) -> None:
        self._table[at.start, column] += 1
        self._table[at.stop, column] -= 1

    def accuracy(self, reference: int, place: int, result: int) -> int:
        """Return the column of a result of the comparison with a reference."""
        return self._references + (reference * 5 + result) * self.n_classes + place

    def outcomes(
        self, settings: Settings, left_out: Sequence[Sequence[LeftOut] | None]
    ) -> tuple[Outcome, ...]:
        table = self._table[:-1].cumsum(axis=0)
        return tuple(
            self._outcome(row, value, [of[place] if of else None for of in left_out])
            for place, (row, value) in enumerate(zip(table, settings.values, strict=True))
        )

    def _outcome(
        self, row: NDArray[np.int64], setting: float | None, left_out: Sequence[LeftOut | None]
    ) -> Outcome:
        changes = row[self.changes : self.exams_disputed].reshape(_N, _N)
        by_reference = row[self._references :].reshape(self.n_references, 5, self.n_classes)
        return Outcome(
            setting=setting,
            present=tuple(row[: self.n_classes].tolist()),
            disputed=tuple(row[self.disputed : self.changes].tolist()),
            n_incomplete=int(changes[:, _INCOMPLETE].sum()),
            n_exams_disputed=int(row[self.exams_disputed]),
            n_exams_incomplete=int(row[self.exams_incomplete]),
            n_exams_to_adjudicate=int(row[self.to_adjudicate]),
            changes=tuple(tuple(counts) for counts in changes.tolist()),
            left_out=tuple(left_out),
            accuracy=tuple(_accuracy(counts) for counts in by_reference),
        )


def _accuracy(counts: NDArray[np.int64]) -> Accuracy:
    """Return the comparison with a reference from counts of shape (5, n_classes)."""
    n_marked = counts[[_HITS, _MISSED, _OPEN_PRESENT]].sum(axis=0)
    is_marked = n_marked > 0
    f1 = 2 * counts[_HITS] / np.maximum(counts[_HITS] + counts[_EXTRA] + n_marked, 1)
    macro = round(float(f1[is_marked].mean()), 6) if is_marked.any() else None
    hits, extra, missed, open_present, open_absent = counts.sum(axis=1).tolist()
    return Accuracy(hits, extra, missed, open_present, open_absent, macro)


def _n_readers(exam: Exam) -> int:
    return sum(not ballot.is_adjudication for ballot in exam.ballots)


def _answer(ballot: Ballot | None, relations: Relations) -> Ballot | None:
    if ballot is None or ballot.classes is None:
        return None
    return Ballot(relations.implied_by(ballot.classes), ballot.unassessed, ballot.reader)


def _result(state: int, *, is_marked: bool) -> int | None:
    """Return the result of comparing a state with a reference; None if both are absent."""
    if state == _PRESENT:
        return _HITS if is_marked else _EXTRA
    if state == _ABSENT:
        return _MISSED if is_marked else None
    return _OPEN_PRESENT if is_marked else _OPEN_ABSENT


def _n_decided(n_settings: int, spans: Sequence[Sequence[_Span]]) -> NDArray[np.int64]:
    """Return the number of decided cells at each setting."""
    result = np.zeros(n_settings + 1, dtype=np.int64)
    for of_exam in spans:
        for span in of_exam:
            n = sum(state in _DECIDED for state in span.states)
            result[span.start] += n
            result[span.stop] -= n
    return result[:-1].cumsum()


def _changes(before: Sequence[_Span], after: Sequence[_Span]) -> Iterator[tuple[int, int, int]]:
    """Yield the number of decided cells that change, for each range of settings."""
    starts = sorted({span.start for span in (*before, *after)})
    stop = before[-1].stop
    for start, end in pairwise([*starts, stop]):
        old = next(span for span in before if span.start <= start < span.stop)
        new = next(span for span in after if span.start <= start < span.stop)
        n = sum(a in _DECIDED and a != b for a, b in zip(old.states, new.states, strict=True))
        if n:
            yield start, end, n
