"""A comparison of rules as one document: embedded in the page, sent by the API, written as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotations.models import Exam, Study, User
from annotations.services.blinding import reader_names
from annotations.services.consensus.comparisons import Pace
from ecgreview.consensus import RULES, Adjudication, Choice
from ecgreview.consensus.comparison import STATES, Accuracy, Comparison, LeftOut, Outcome

Document = dict[str, Any]

# Columns of the CSV file that are counted over all classes.
TOTALS = (
    *("n_present", "n_disputed", "n_exams_disputed", "n_exams_to_adjudicate", "hours"),
    *("n_incomplete", "n_exams_incomplete", "n_different"),
)

ACCURACY = ("sensitivity", "ppv", "macro_f1", "n_errors", "n_extra", "n_missed", "n_unlabeled")


def document(comparison: Comparison, *, study: Study, user: User, pace: Pace) -> Document:
    """Return the document, with the names of readers as ``user`` sees them.

    ``user`` must be allowed to see the results of ``study``.
    """
    chosen: Choice = study.consensus_choice
    order = sorted(range(len(comparison.readers)), key=lambda n: int(comparison.readers[n]))
    exams = Exam.objects.in_bulk([int(row.exam) for row in comparison.contradictions])
    return {
        "rule": chosen.rule,
        "n_exams": comparison.n_exams,
        "n_marked": comparison.n_marked,
        "n_adjudicated": comparison.n_adjudicated,
        "seconds_per_exam": round(pace.seconds, 1),
        "n_measured": pace.n_measured,
        "classes": list(comparison.classes),
        "readers": _named([comparison.readers[n] for n in order], user),
        "references": _named(comparison.references, user),
        "states": [state.value for state in STATES],
        "rules": [
            {
                "rule": of.rule,
                "version": RULES[of.rule].version,
                "parameter": next(iter(RULES[of.rule].parameters), None),
                "reason": of.reason,
                "chosen": of.chosen,
                "without_estimate": list(of.without_estimate),
                "left_out_reasons": [of.left_out_reasons[n] for n in order if of.left_out_reasons],
                "settings": [_outcome(outcome, of.rule, order, pace) for outcome in of.outcomes],
            }
            for of in comparison.rules
        ],
        "contradictions": [
            {
                "exam": exams[int(row.exam)].code,
                "class": row.code,
                "reference": row.reference,
                "is_marked": row.is_marked,
                "n_votes": row.n_votes,
            }
            for row in comparison.contradictions
        ],
    }


def lines(of: Document) -> Iterator[list[object]]:
    """Yield the rows of the CSV file: the header, then one row per rule and setting."""
    yield [
        *("rule", "version", "setting", "is_chosen", "reason", *TOTALS),
        *(f"present:{code}" for code in of["classes"]),
        *(f"disputed:{code}" for code in of["classes"]),
        *(f"{name}:{reader}" for reader in of["readers"] for name in ("decided", "changed")),
        *(f"{name}:{reference}" for reference in of["references"] for name in ACCURACY),
    ]
    for rule in of["rules"]:
        head = [rule["rule"], rule["version"]]
        if rule["reason"]:
            yield [*head, "", "", rule["reason"]]
        for place, outcome in enumerate(rule["settings"]):
            yield [
                *head, outcome["setting"], int(place == rule["chosen"]), "",
                *(outcome[name] for name in TOTALS),
                *outcome["present"],
                *outcome["disputed"],
                *(row[name] for row in outcome["left_out"] for name in ("n_decided", "n_changed")),
                *(row[name] for row in outcome["accuracy"] for name in ACCURACY),
            ]  # fmt: skip


def _named(ids: Sequence[str], user: User) -> list[str]:
    by_id = reader_names.names_of_readers(User.objects.filter(pk__in=ids), user)
    return [by_id[int(pk)] for pk in ids]


def _outcome(outcome: Outcome, rule: str, order: Sequence[int], pace: Pace) -> Mapping[str, Any]:
    is_adjudicated = RULES[rule].adjudication != Adjudication.IGNORED
    setting = outcome.setting
    hours = pace.hours(outcome.n_exams_to_adjudicate)
    return {
        # k is a whole number; thresholds are below 1.
        "setting": int(setting) if setting and setting >= 1 else setting,
        "n_present": sum(outcome.present),
        "n_disputed": sum(outcome.disputed),
        "n_exams_disputed": outcome.n_exams_disputed,
        "n_exams_to_adjudicate": outcome.n_exams_to_adjudicate,
        "hours": round(hours, 3) if is_adjudicated else None,
        "n_incomplete": outcome.n_incomplete,
        "n_exams_incomplete": outcome.n_exams_incomplete,
        "n_different": outcome.n_different,
        "present": list(outcome.present),
        "disputed": list(outcome.disputed),
        "changes": [list(row) for row in outcome.changes],
        "left_out": [_left_out(outcome.left_out[n]) for n in order],
        "accuracy": [_accuracy(accuracy) for accuracy in outcome.accuracy],
    }


def _left_out(left_out: LeftOut | None) -> Mapping[str, Any]:
    if left_out is None:
        return {"n_decided": None, "n_changed": None, "share": None}
    return {
        "n_decided": left_out.n_decided,
        "n_changed": left_out.n_changed,
        "share": _rounded(left_out.share),
    }


def _accuracy(accuracy: Accuracy) -> Mapping[str, Any]:
    return {
        "sensitivity": _rounded(accuracy.sensitivity),
        "ppv": _rounded(accuracy.ppv),
        "macro_f1": accuracy.macro_f1,
        "n_errors": accuracy.n_errors,
        "n_hits": accuracy.n_hits,
        "n_extra": accuracy.n_extra,
        "n_missed": accuracy.n_missed,
        "n_unlabeled": accuracy.n_open_present + accuracy.n_open_absent,
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)
