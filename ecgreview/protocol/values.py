"""Check the values of a protocol's keys, each by itself and in combination."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ecgreview.strict_files import Path, Problem, closest, has_hidden, in_words

Check: TypeAlias = Callable[[Any, Path], Iterator[Problem]]

SEED = re.compile(r"[0-9a-f]{64}")
CODE = re.compile(r"[A-Za-z0-9_-]{1,60}")
TAXONOMY = re.compile(r"\S(.{0,78}\S)? \S{1,40}")
# One for each of the number keys 1 to 9.
MAX_FREQUENT_CLASSES = 9


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a protocol document.

    Attributes:
        about: purpose of the key; YAML files have it as a comment above the key.
        check: yields the problems of a value.
    """

    about: str
    check: Check
    is_required: bool = False


def problems(settings: Mapping[str, object]) -> list[Problem]:
    """Return all problems of ``settings``.

    Combinations of values are only checked if there are no other problems.
    """
    issues = [*_unknown(settings), *_missing(settings)]
    for name, key in KEYS.items():
        if name in settings:
            issues += key.check(settings[name], (name,))
    return issues or [*_arms_go_with_the_policy(settings)]


def _unknown(settings: Mapping[str, object]) -> Iterator[Problem]:
    for name in settings:
        if name not in KEYS:
            yield _problem(
                (name,), "is not a key of a protocol", closest(str(name), KEYS), "unknown"
            )


def _missing(settings: Mapping[str, object]) -> Iterator[Problem]:
    for name, key in KEYS.items():
        if key.is_required and name not in settings:
            yield _problem((name,), "is missing", f"Add it: {key.about}", "missing")


def _arms_go_with_the_policy(settings: Mapping[str, Any]) -> Iterator[Problem]:
    is_randomized = settings.get("suggestion_policy") == "randomised"
    arms = settings.get("suggestion_arms") or []
    if is_randomized and len(arms) < 2:
        reason = "has fewer than two arms, so nothing can be randomized"
        yield _problem(("suggestion_arms",), reason, "List at least two arms.", "too_few_arms")
    if arms and not is_randomized:
        reason = "is set, but suggestion_policy is not randomised"
        hint = "Remove the arms, or set suggestion_policy to randomised."
        yield _problem(("suggestion_arms",), reason, hint, "arms_without_policy")


def _problem(path: Path, reason: str, hint: str, code: str, **details: object) -> Problem:
    return Problem(in_words(path), reason, hint, code=code, details=details)


# Checks of single values. Their messages quote the value, so that it can be found in the file.


def _line(longest: int, pattern: re.Pattern[str] | None = None, example: str = "") -> Check:
    hint = f"Write a line of at most {longest} characters{example and f', such as {example}'}."

    def check(value: object, path: Path) -> Iterator[Problem]:
        if not isinstance(value, str):
            quotes = " If it is text, put it in quotes." if value is not None else ""
            yield _problem(path, f"is {_quoted(value)}, not text", hint + quotes, "not_a_text")
        elif not value.strip():
            yield _problem(path, "is empty", hint, "empty", longest=longest)
        elif value != value.strip() or len(value) > longest or has_hidden(value):
            reason = f"{_quoted(value)} is too long, or has hidden characters or spaces around it"
            yield _problem(path, reason, hint, "bad_text", longest=longest)
        elif pattern and not pattern.fullmatch(value):
            yield _problem(path, f"{_quoted(value)} has the wrong format", hint, "bad_form")

    return check


def _choice(*choices: str) -> Check:
    def check(value: object, path: Path) -> Iterator[Problem]:
        if not isinstance(value, str) or value not in choices:
            hint = f"One of {', '.join(choices)}."
            if isinstance(value, str) and (near := closest(value, choices)).startswith("Did"):
                hint = f"{near} {hint}"
            reason = f"is {_quoted(value)}, which is not one of the choices"
            yield _problem(path, reason, hint, "no_choice", choices=", ".join(choices))

    return check


def _integer(low: int, high: int) -> Check:
    def check(value: object, path: Path) -> Iterator[Problem]:
        if type(value) is not int or not low <= value <= high:  # bool is a subclass of int
            reason = f"is {_quoted(value)}, not a whole number from {low} to {high}"
            hint = f"Write a whole number from {low} to {high}."
            yield _problem(path, reason, hint, "not_in_range", low=low, high=high)

    return check


def _share(high: float) -> Check:
    def check(value: object, path: Path) -> Iterator[Problem]:
        is_number = type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
        if not is_number or not 0 <= value <= high:  # type: ignore[operator]
            reason = f"is {_quoted(value)}, not a number from 0 to {high:g}"
            hint = f"Write a decimal number from 0 to {high:g}, with a decimal point."
            yield _problem(path, reason, hint, "not_in_range", low=0, high=f"{high:g}")

    return check


def _threshold(value: object, path: Path) -> Iterator[Problem]:
    is_number = type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
    if not is_number or not 0.5 <= value < 1:  # type: ignore[operator]
        reason = f"is {_quoted(value)}, not a number from 0.5 to below 1"
        hint = "Write a decimal number such as 0.5 or 0.9, with a decimal point."
        yield _problem(path, reason, hint, "not_in_range", low=0.5, high="0.999")


def _flag(value: object, path: Path) -> Iterator[Problem]:
    if not isinstance(value, bool):
        reason = f"is {_quoted(value)}, neither true nor false"
        yield _problem(path, reason, "Write true or false.", "not_a_flag")


def _parts(checks: Mapping[str, Check], needed: frozenset[str]) -> Check:
    def check(value: object, path: Path) -> Iterator[Problem]:
        if not isinstance(value, dict):
            hint = f"Write the keys {', '.join(checks)} below it."
            yield _problem(path, f"is {_quoted(value)}, not keys with values", hint, "not_keys")
            return
        for name, part in value.items():
            if name in checks:
                yield from checks[name](part, (*path, name))
            else:
                hint = closest(str(name), checks)
                yield _problem((*path, str(name)), "is not a key here", hint, "unknown")
        for name in sorted(needed - value.keys()):
            yield _problem((*path, name), "is missing", f"Add {name}.", "missing")

    return check


def _list(check_one: Check, longest: int, of: Callable[[Any], object], plural: str) -> Check:
    """Return a check of a list whose entries must all differ in ``of(entry)``."""

    def check(value: object, path: Path) -> Iterator[Problem]:
        if not isinstance(value, list):
            hint = f"Write {plural}, each after a hyphen."
            yield _problem(path, f"is {_quoted(value)}, not a list", hint, "not_a_list")
            return
        if len(value) > longest:
            reason = f"has {len(value)} entries, more than {longest}"
            yield _problem(path, reason, f"Write {plural}.", "too_many")
        seen: list[object] = []
        for index, item in enumerate(value):
            item_path = (*path, index)
            yield from check_one(item, item_path)
            if of(item) in seen:
                yield _problem(
                    item_path, f"{_quoted(of(item))} is listed twice", "Remove one.", "twice"
                )
            seen.append(of(item))

    return check


def _or_null(check_value: Check) -> Check:
    def check(value: object, path: Path) -> Iterator[Problem]:
        return check_value(value, path) if value is not None else iter(())

    return check


def _seed(value: object, path: Path) -> Iterator[Problem]:
    # Never quote the value: it is a secret, and messages end up in logs.
    if not isinstance(value, str) or not SEED.fullmatch(value):
        hint = "Write null to have one drawn, or the digits 0-9 and a-f in quotes."
        yield _problem(path, "must be 64 lowercase hexadecimal digits", hint, "bad_seed")


def _quoted(value: object) -> str:
    text = "null" if value is None else str(value).lower() if value in (True, False) else ""
    if not isinstance(value, bool | None):
        text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


ARM_NAMES = ("none", "after_commit", "concurrent")

KEYS: Mapping[str, Key] = {
    "name": Key(
        "the study's name. Readers see it, so do not put a diagnosis in it.", _line(120), True
    ),
    "taxonomy": Key(
        "the list of classes: its name, a space and its version.",
        _line(121, TAXONOMY, "'ecg-review-66 0.1-draft'"),
        True,
    ),
    "consensus_rule": Key("the rule that makes consensus labels from readings.", _line(60, CODE)),
    "consensus_k": Key(
        "for the rule k_of_n: how many readers must mark a class.", _integer(1, 1000)
    ),
    "consensus_threshold": Key(
        "for rules with a posterior: the least posterior of a present class, from 0.5 to below 1.",
        _threshold,
    ),
    "readers_per_exam": Key("how many people read each exam.", _integer(1, 1000)),
    "results_open": Key(
        "when people who do not read can see results: live (agreement immediately, readings after "
        "the batch is closed), batch_closed, or study_locked.",
        _choice("live", "batch_closed", "study_locked"),
    ),
    "clinical_information": Key(
        "what readers see about the patient: none, age_and_sex, or full.",
        _choice("none", "age_and_sex", "full"),
    ),
    "prior_exam": Key(
        "whether readers can see the patient's previous exam: hidden or shown.",
        _choice("hidden", "shown"),
    ),
    "suggestion_policy": Key(
        "when readers see computer suggestions: none, after_commit (after their own blind"
        " reading), concurrent (while they read), or randomised (see suggestion_arms).",
        _choice("none", "after_commit", "concurrent", "randomised"),
    ),
    "suggestion_arms": Key(
        "only if the policy is randomised: the arms to draw from, each with a weight.",
        _list(
            _parts(
                {"arm": _choice(*ARM_NAMES), "weight": _integer(1, 1000)},
                frozenset({"arm", "weight"}),
            ),
            len(ARM_NAMES),
            lambda item: item.get("arm") if isinstance(item, dict) else item,
            "each arm once",
        ),
    ),
    "qt_correction": Key(
        "how the criteria model corrects QT: bazett, fridericia, framingham, or hodges.",
        _choice("bazett", "fridericia", "framingham", "hodges"),
    ),
    "adjudication": Key(
        "what an adjudicator sees: masked (no votes), open (the votes), or masked_then_open.",
        _choice("masked", "open", "masked_then_open"),
    ),
    "repeat_fraction": Key(
        "share of each reader's exams that come back as hidden repeats, from 0 to 0.5.",
        _share(0.5),
    ),
    "gold_fraction": Key(
        "share of each reader's exams that are hidden gold exams, from 0 to 0.2.", _share(0.2)
    ),
    "washout_days": Key(
        "minimum number of days between the two readings of a repeat.", _integer(0, 3650)
    ),
    "washout_exams": Key(
        "minimum number of other exams between the two readings of a repeat.", _integer(0, 10_000)
    ),
    "patient_gap": Key(
        "desired number of other exams between two exams of one patient.", _integer(0, 10_000)
    ),
    "undo_window_s": Key(
        "how long a submission can be corrected, in seconds; 0 means never.", _integer(0, 86_400)
    ),
    "minimum_reader_level": Key(
        "minimum level of readers: 1 (trainee), 2 (cardiologist), or 3 (senior).", _integer(1, 3)
    ),
    "qualification": Key(
        "whether readers must first pass exams with reference answers, and the share to match.",
        _parts({"required": _flag, "pass_mark": _share(1)}, frozenset()),
    ),
    "frequent_classes": Key(
        "codes for the number keys 1 to 9, in order; null uses the defaults of the list.",
        _or_null(
            _list(
                _line(60, CODE),
                MAX_FREQUENT_CLASSES,
                lambda item: item,
                f"at most {MAX_FREQUENT_CLASSES} codes",
            )
        ),
    ),
    "order_seed": Key(
        "SECRET from which all reading orders are derived; null draws a new one.", _or_null(_seed)
    ),
}
