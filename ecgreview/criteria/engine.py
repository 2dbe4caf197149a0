"""Apply the rules to the measurements of one exam."""

from __future__ import annotations

from collections.abc import Iterable

from ecgreview.measure.measurements import Measured, Measurements, Missing

from .marks import marks_of
from .rules import BOOK, SIGNS, Condition, QtFormula, Rule, Unless
from .verdicts import Check, Outcome, Proposal, Reason, State, Verdict

_PRECEDENCE = (State.SUGGESTED, State.WITHHELD, State.NOT_MET)

_UNDECIDED = {
    Outcome.MISSING: Reason.NOT_MEASURED,
    Outcome.UNCERTAIN: Reason.UNCERTAIN,
    Outcome.NEAR_LIMIT: Reason.NEAR_LIMIT,
}


class _Exam:
    """The measurements of one exam, ready to be compared with limits."""

    def __init__(self, measurements: Measurements, sex: str | None, formula: QtFormula) -> None:
        self.measurements = measurements
        self.formula = formula
        self._sex = sex

    def check(self, condition: Condition) -> Check:
        """Compare one measurement with its limit."""
        name = condition.measured(self.formula)
        measured: Measured = getattr(self.measurements, name)
        limit, label = condition.threshold(self._sex), BOOK.labels[name]
        return Check(
            measurement=name,
            comparison=condition.comparison,
            limit=limit,
            value=measured.value,
            unit=label.unit,
            decimals=_decimals(measured.value, limit, label.decimals),
            n_beats=measured.n_beats,
            n_beats_found=max(self.measurements.dominant_share.n_beats, measured.n_beats),
            outcome=self._outcome(condition, measured),
            missing=Missing(measured.reason) if measured.value is None else None,
        )

    def _outcome(self, condition: Condition, measured: Measured) -> Outcome:
        if measured.value is None:
            return Outcome.MISSING
        if measured.confidence < BOOK.min_confidence:
            return Outcome.UNCERTAIN
        if not condition.holds(measured.value, self._sex):
            return Outcome.FAILED
        distance = abs(measured.value - condition.threshold(self._sex))
        return Outcome.NEAR_LIMIT if distance < condition.tolerance else Outcome.MET


def examine(
    measurements: Measurements,
    *,
    age_years: float | None,
    sex: str | None,
    qt_formula: QtFormula = QtFormula.BAZETT,
) -> tuple[Verdict, ...]:
    """Return a verdict on each class the model checks, in the order of the rules.

    Args:
        measurements: measurements of one exam. If one is missing, classes whose criteria need it
            are never suggested.
        age_years: age, None if unknown. Below 18, every class is withheld, because the limits
            are for adults.
        sex: "F", "M" or None; if unknown, the stricter limit is used.
        qt_formula: QT correction of the study's protocol.
    """
    if age_years is not None and age_years < BOOK.youngest_years:
        return tuple(
            Verdict(rules[0].code, State.WITHHELD, Reason.CHILD, (), rules[0].source)
            for rules in BOOK.by_code.values()
        )
    exam = _Exam(measurements, sex, qt_formula)
    return tuple(
        min(
            (_judge(rule, exam) for rule in rules),
            key=lambda verdict: _PRECEDENCE.index(verdict.state),
        )
        for rules in BOOK.by_code.values()
    )


def propose(verdicts: Iterable[Verdict], measurements: Measurements) -> list[Proposal]:
    """Return a suggestion, with its evidence, for each suggested class in ``verdicts``."""
    return [
        _proposal(verdict, verdict.checks[0], measurements)
        for verdict in verdicts
        if verdict.state == State.SUGGESTED
    ]


def suggest(
    measurements: Measurements,
    *,
    age_years: float | None,
    sex: str | None,
    qt_formula: QtFormula = QtFormula.BAZETT,
) -> list[Proposal]:
    """Return a suggestion for each class whose criteria ``measurements`` meet; see ``examine``."""
    verdicts = examine(measurements, age_years=age_years, sex=sex, qt_formula=qt_formula)
    return propose(verdicts, measurements)


def _judge(rule: Rule, exam: _Exam) -> Verdict:
    """Return the verdict of one rule: check its criteria, then its exceptions and guards."""
    checks = [exam.check(condition) for condition in rule.criteria]
    for check in checks:
        if check.outcome == Outcome.FAILED:
            return Verdict(rule.code, State.NOT_MET, Reason.CRITERIA, (check,), rule.source)
    main = checks[0]
    for check in checks:
        if check.outcome != Outcome.MET:
            evidence = (main,) if check is main else (main, check)
            reason = _UNDECIDED[check.outcome]
            return Verdict(rule.code, State.WITHHELD, reason, evidence, rule.source)
    return _unless(rule, main, exam) or _guarded(rule, main, exam)


def _unless(rule: Rule, main: Check, exam: _Exam) -> Verdict | None:
    """Return the verdict of the first exception that applies or cannot be ruled out, if any."""
    for exception in rule.unless:
        checks = [exam.check(condition) for condition in exception.conditions]
        if any(check.outcome == Outcome.FAILED for check in checks):
            continue
        state, reason, evidence = _exception(exception, checks)
        return Verdict(rule.code, state, reason, (main, evidence), rule.source)
    return None


def _exception(exception: Unless, checks: list[Check]) -> tuple[State, Reason, Check]:
    for check in checks:
        if check.outcome != Outcome.MET:
            return State.WITHHELD, _UNDECIDED[check.outcome], check
    return exception.state, exception.reason, checks[0]


def _guarded(rule: Rule, main: Check, exam: _Exam) -> Verdict:
    for guard in rule.guards:
        if guard.formula is not None and guard.formula != exam.formula:
            continue
        check = exam.check(guard)
        if check.outcome == Outcome.MET or (check.value is None and guard.or_missing):
            continue
        reason = guard.reason if check.outcome == Outcome.FAILED else None
        reason = reason or _UNDECIDED[check.outcome]
        return Verdict(rule.code, State.WITHHELD, reason, (main, check), rule.source)
    return Verdict(rule.code, State.SUGGESTED, None, (main,), rule.source)


def _proposal(verdict: Verdict, check: Check, measurements: Measurements) -> Proposal:
    value = check.value or 0.0
    unit = f" {check.unit}" if check.unit else ""
    measured = f"{BOOK.labels[check.measurement].text} {_number(value, check.decimals)}{unit}"
    beats = f"({check.n_beats} of {check.n_beats_found} beats)"
    sign, limit = SIGNS[check.comparison], f"{check.limit:g}".replace("-", "\N{MINUS SIGN}")
    return Proposal(
        code=verdict.code,
        evidence=f"{measured} {sign} {limit}{unit} {beats}",
        marks=marks_of(check.measurement, measured, measurements),
        evidence_data={**check.to_json(), "source": verdict.source},
    )


def _decimals(value: float | None, limit: float, usual: int) -> int:
    """Return the decimals that keep ``value`` distinct from its limit, to avoid "200 > 200"."""
    if value is None:
        return usual
    sufficient = (n for n in range(usual, 3) if round(value, n) != limit or value == limit)
    return next(sufficient, 3)


def _number(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")
