"""A protocol as text: its rules, and changes between versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotations.models import (
    AdjudicationMode,
    Arm,
    ClinicalInformation,
    PriorExam,
    QtCorrection,
    ReaderLevel,
    ResultsOpen,
    SuggestionPolicy,
)
from annotations.sentences.protocols import sentence
from annotations.views.studies.forms import RULES
from ecgreview import consensus
from ecgreview.consensus import Parameter
from ecgreview.protocol import complete
from ecgreview.strict_files import Problem

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One rule of a protocol: its subject and its value."""

    key: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that differs between two versions."""

    label: str
    before: str
    after: str


def lines(document: Document) -> list[Line]:
    """Return the rules of a protocol, given as a dictionary from ``protocol.as_document``."""
    document = complete(document)
    return [
        Line(key, str(label), text(document)) for key, label, text in RULE_TEXTS if key in document
    ]


def changes(before: Document, after: Document) -> list[Change]:
    """Return the rules that differ between ``before`` and ``after``."""
    old = {line.key: line.text for line in lines(before)}
    return [
        Change(line.label, old.get(line.key, "–"), line.text)
        for line in lines(after)
        if line.text != old.get(line.key)
    ]


def _readers(document: Document) -> str:
    n = document["readers_per_exam"]
    return ngettext("%(n)d reader reads each exam", "%(n)d readers read each exam", n) % {"n": n}


def _suggestions(document: Document) -> str:
    policy = _label(SuggestionPolicy, document["suggestion_policy"])
    arms = document.get("suggestion_arms") or []
    if not arms:
        return policy
    total = sum(arm["weight"] for arm in arms)
    shares = [f"{_label(Arm, arm['arm'])}: {_percent(arm['weight'] / total)}" for arm in arms]
    return f"{policy} ({'; '.join(shares)})"


def _repeats(document: Document) -> str:
    fraction = document["repeat_fraction"]
    if not fraction:
        return _("None")
    return _(
        "%(percent)s of each reader's exams are repeated unannounced (minimum days: "
        "%(days)d; minimum other exams in between: %(exams)d)"
    ) % {
        "percent": _percent(fraction),
        "days": document["washout_days"],
        "exams": document["washout_exams"],
    }


def _gold(document: Document) -> str:
    fraction = document["gold_fraction"]
    if not fraction:
        return _("None")
    return _("%(percent)s of each reader's exams have a known reference") % {
        "percent": _percent(fraction)
    }


def _gap(document: Document) -> str:
    n = document["patient_gap"]
    if not n:
        return _("No minimum distance")
    return ngettext(
        "At least %(n)d other exam in between, if the list allows it",
        "At least %(n)d other exams in between, if the list allows it",
        n,
    ) % {"n": n}


def _undo(document: Document) -> str:
    seconds = document["undo_window_s"]
    return _("Within %(n)d s") % {"n": seconds} if seconds else _("Never")


def _level(document: Document) -> str:
    return str(ReaderLevel(document["minimum_reader_level"]).label)


def _qualification(document: Document) -> str:
    qualification = document["qualification"]
    if not qualification["required"]:
        return _("Not required")
    return _("Required before reading; pass mark %(percent)s") % {
        "percent": _percent(qualification["pass_mark"])
    }


def _frequent(document: Document) -> str:
    codes = document["frequent_classes"]
    return _("Defaults of the list") if codes is None else ", ".join(codes) or "–"


def _seed(document: Document) -> str:
    return str(document["order_seed_sha256"] or "–")


def _text(key: str) -> Callable[[Document], str]:
    return lambda document: str(document[key])


def _chosen(key: str, choices: Any) -> Callable[[Document], str]:
    return lambda document: _label(choices, document[key])


def _parameter(name: Parameter) -> Callable[[Document], str]:
    """Return a function that shows a parameter of the consensus rule, if the rule uses it."""

    def text(document: Document) -> str:
        rule = consensus.RULES.get(document["consensus_rule"])
        is_used = rule is not None and name in rule.parameters
        value = document[f"consensus_{name.value}"]
        return number_format(value) if is_used else _("Not used by this rule")

    return text


def _label(choices: Any, value: str) -> str:
    return str(dict(choices.choices).get(value, value))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + "%"


RULE_TEXTS: tuple[tuple[str, Promise, Callable[[Document], str]], ...] = (
    ("name", gettext_lazy("Name"), _text("name")),
    ("taxonomy", gettext_lazy("List of classes"), _text("taxonomy")),
    ("readers_per_exam", gettext_lazy("Readers per exam"), _readers),
    ("minimum_reader_level", gettext_lazy("Minimum experience"), _level),
    ("qualification", gettext_lazy("Qualification"), _qualification),
    (
        "clinical_information",
        gettext_lazy("Patient information shown to readers"),
        _chosen("clinical_information", ClinicalInformation),
    ),
    ("prior_exam", gettext_lazy("Previous exam"), _chosen("prior_exam", PriorExam)),
    ("suggestion_policy", gettext_lazy("Suggestions shown"), _suggestions),
    ("qt_correction", gettext_lazy("QT correction"), _chosen("qt_correction", QtCorrection)),
    ("repeat_fraction", gettext_lazy("Hidden repeats"), _repeats),
    ("gold_fraction", gettext_lazy("Hidden gold exams"), _gold),
    ("patient_gap", gettext_lazy("Exams of one patient"), _gap),
    ("undo_window_s", gettext_lazy("Time to take back a submission"), _undo),
    (
        "consensus_rule",
        gettext_lazy("Consensus rule"),
        lambda document: str(RULES.get(document["consensus_rule"], document["consensus_rule"])),
    ),
    ("consensus_k", gettext_lazy("Votes that a class needs"), _parameter(Parameter.K)),
    (
        "consensus_threshold",
        gettext_lazy("Minimum posterior probability"),
        _parameter(Parameter.THRESHOLD),
    ),
    ("adjudication", gettext_lazy("Adjudicators see"), _chosen("adjudication", AdjudicationMode)),
    ("results_open", gettext_lazy("Results visible"), _chosen("results_open", ResultsOpen)),
    ("frequent_classes", gettext_lazy("Number keys"), _frequent),
    ("order_seed_sha256", gettext_lazy("SHA-256 of the randomization secret"), _seed),
)
"""Every rule, in display order. A test checks that none is missing."""


def problem_lines(problems: Iterable[Problem]) -> list[tuple[str, str]]:
    """Return the top-level key and a sentence in the active language for each problem."""
    return [(problem.key.split("[")[0].split(".")[0], sentence(problem)) for problem in problems]
