"""The consensus explorer: all rules side by side on the readings of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotations import tasks
from annotations.models import ClassState, RuleComparison, Study, User
from annotations.services.blinding import results_seen
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.consensus import comparison_document, comparisons
from annotations.services.consensus.comparison_document import Document
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement.run_text import RunStatus
from annotations.views.csv_files import csv_file
from annotations.views.studies.explorer_texts import explorer_texts
from annotations.views.studies.forms import short_rule
from ecgreview.consensus import Parameter
from ecgreview.consensus.comparison import STATES, Unsupported

# How many contradictions the page lists. The API has all of them.
MAX_CONTRADICTIONS = 200

PREFERRED = (None, Parameter.K, Parameter.THRESHOLD)

REASONS: Mapping[str, Promise] = {
    Unsupported.FEW_READERS: gettext_lazy("Needs at least three readers."),
    Unsupported.FEW_READINGS: gettext_lazy("Needs exams with three readings."),
    Unsupported.NOT_IDENTIFIED: gettext_lazy("No posterior can be estimated from these readings."),
    Unsupported.NO_OTHERS: gettext_lazy(
        "Without this reader no exam has two readings, so there is nothing to compare."
    ),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of numbers.

    Attributes:
        path: where the number is in an outcome, as in the script.
        format: "count", "share" or "hours".
        has_bar: whether a bar shows it.
    """

    path: str
    format: str
    label: str = ""
    has_bar: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """A number of a rule, which the script replaces when a slider moves."""

    rule: str
    measure: Measure
    text: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule with its numbers, or the reason why there are none."""

    rule: str
    name: str
    is_chosen: bool
    use_url: str
    reason: str
    values: list[Value]
    n_without_estimate: int


@never_cache
@needs("view_consensus")
@require_http_methods(["GET", "HEAD", "POST"])
def consensus_explorer(request: SignedInRequest, slug: str) -> HttpResponse:
    """Compare the rules; a POST requests the comparison of a large study."""
    study = lookups.study(request.user, slug)
    now = timezone.now()
    is_visible = comparisons.is_visible(study, request.user)
    if request.method == "POST":
        if is_visible:
            requested = comparisons.request(study=study, actor=request.user, now=now)
            if not requested.is_ready:
                tasks.nudge(tasks.compare_rules)
        return redirect("study-explorer", slug=study.slug)
    context: dict[str, Any] = {
        "study": study,
        "is_hidden": is_blinded_to(study, request.user),
        "is_visible": is_visible,
        "is_due": study.batches.filter(consensus_is_due=True).exists(),
    }
    if is_visible:
        row, is_current = comparisons.latest(study=study, actor=request.user, now=now)
        context |= {
            "is_current": is_current,
            "run_status": _run_status(row) if row and not row.is_ready else None,
            "is_running": row is not None and row.finished_at is None,
        }
        if row is not None and row.is_ready:
            results_seen.results_of_study(study=study, user=request.user, now=now)
            context |= _results(_document(row, study, request.user), study, request.user)
    return render(request, "studies/explorer.html", context)


@never_cache
@needs("view_consensus")
@require_safe
def explorer_progress(request: SignedInRequest, slug: str) -> HttpResponse:
    """Return the progress of the latest comparison as JSON, for polling."""
    return JsonResponse(asdict(_run_status(_latest(request, slug)[1])))


@never_cache
@needs("view_consensus")
@require_safe
def explorer_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Download the current comparison as CSV, one row per rule and setting."""
    study, row = _latest(request, slug)
    if not row.is_ready:
        raise Http404
    results_seen.results_of_study(study=study, user=request.user, now=timezone.now())
    lines = comparison_document.lines(_document(row, study, request.user))
    return csv_file(f"{study.slug}-rules.csv", lines)


def _latest(request: SignedInRequest, slug: str) -> tuple[Study, RuleComparison]:
    study = lookups.study(request.user, slug)
    if not comparisons.is_visible(study, request.user):
        raise Http404
    row, _is_current = comparisons.latest(study=study, actor=request.user, now=timezone.now())
    if row is None:
        raise Http404
    return study, row


def _document(row: RuleComparison, study: Study, user: User) -> Document:
    return comparison_document.document(
        comparisons.results_of(row), study=study, user=user, pace=comparisons.pace_of(study)
    )


def _run_status(row: RuleComparison) -> RunStatus:
    if row.is_ready:
        return RunStatus(_("The comparison is ready."), is_over=True, is_newer=True)
    if row.has_failed:
        return RunStatus(_("The rules could not be compared."), is_over=True)
    if row.failure:
        lead = _("Comparing the rules failed. It will be tried again.")
    elif row.started_at:
        lead = _("The rules are being compared.")
    else:
        lead = _("The comparison is queued.")
    text = _("%(n_done)s of %(n_total)s rules") % {"n_done": row.n_done, "n_total": row.n_total}
    return RunStatus(lead, text, row.n_done, row.n_total)


# -- The tables -----------------------------------------------------------------------------------


def _results(document: Document, study: Study, user: User) -> dict[str, Any]:
    """Return the template variables of a comparison."""
    may_use = study.is_open and user.has_perm("annotations.add_study")
    measures = _measures(document)
    classes = {item.code: item for item in study.taxonomy.classes.all()}
    supported = [rule for rule in document["rules"] if not rule["reason"]]
    others = [rule for rule in supported if rule["rule"] != document["rule"]]
    # A rule that a slider changes, and if possible one with a posterior.
    other = max(others, key=lambda rule: PREFERRED.index(rule["parameter"]), default=None)
    shown = document["contradictions"][:MAX_CONTRADICTIONS]
    return {
        "document": {**document, "contradictions": []},
        "words": explorer_texts(),
        "measures": measures,
        "lines": [_line(rule, document, measures, study if may_use else None)
                  for rule in document["rules"]],
        "may_use": may_use,
        "sliders": _sliders(document),
        "supported": [(rule["rule"], short_rule(rule["rule"])) for rule in supported],
        "own_name": short_rule(document["rule"]),
        "other": other and {"rule": other["rule"], "name": short_rule(other["rule"])},
        "class_lines": [
            (
                classes[code],
                [_value(rule, Measure(f"present.{place}", "count")) for rule in supported],
            )
            for place, code in _by_count(document)
        ],
        "labels": {code: classes[code].abbreviation for code in document["classes"]},
        "names": {code: classes[code].local_name for code in document["classes"]},
        "reader_lines": _reader_lines(document, supported),
        "is_left_out": any("" in rule["left_out_reasons"] for rule in supported),
        "left_out_notes": _left_out_notes(supported),
        "references": [
            (name, _accuracy_measures(place),
             [(short_rule(rule["rule"]), [_value(rule, m) for m in _accuracy_measures(place)])
              for rule in supported])
            for place, name in enumerate(document["references"])
        ],
        "change_lines": _change_lines(other) if other else [],
        "change_labels": [_STATE_LABELS[state] for state in STATES],
        "contradictions": [
            {**row, "class": classes[row["class"]],
             "reference": document["references"][row["reference"]]}
            for row in shown
        ],
        "n_contradictions": len(document["contradictions"]),
    }  # fmt: skip


_STATE_LABELS: Mapping[str, Promise] = {
    ClassState.PRESENT: gettext_lazy("Present"),
    ClassState.ABSENT: gettext_lazy("Absent"),
    ClassState.UNDECIDED: gettext_lazy("Disputed"),
    ClassState.INCOMPLETE: gettext_lazy("Incomplete"),
    ClassState.NOT_ASSESSED: gettext_lazy("Not assessed"),
}


def _measures(document: Document) -> list[Measure]:
    """Return the columns of the overview."""
    measures = [
        Measure("n_present", "count", _("Labels"), has_bar=True),
        Measure("n_disputed", "count", _("Disputed cells"), has_bar=True),
        Measure("n_exams_to_adjudicate", "count", _("Exams to adjudicate"), has_bar=True),
        Measure("hours", "hours", _("Adjudication hours"), has_bar=True),
        Measure("n_incomplete", "count", _("Incomplete cells")),
        Measure("n_different", "count", _("Cells that differ"), has_bar=True),
    ]
    if document["n_adjudicated"]:
        measures.insert(4, Measure("n_exams_disputed", "count", _("Exams still in dispute")))
    return measures


def _accuracy_measures(reference: int) -> list[Measure]:
    at = f"accuracy.{reference}"
    return [
        Measure(f"{at}.sensitivity", "share", _("Sensitivity")),
        Measure(f"{at}.ppv", "share", _("Positive predictive value")),
        Measure(f"{at}.macro_f1", "share", _("Macro F1")),
        Measure(f"{at}.n_errors", "count", _("Wrong labels")),
        Measure(f"{at}.n_unlabeled", "count", _("No label")),
    ]


def _line(
    rule: Mapping[str, Any], document: Document, measures: list[Measure], used_in: Study | None
) -> RuleLine:
    reason = REASONS.get(rule["reason"], "")
    return RuleLine(
        rule["rule"],
        short_rule(rule["rule"]),
        rule["rule"] == document["rule"],
        _use_url(used_in, rule) if used_in and not reason else "",
        str(reason),
        [] if reason else [_value(rule, measure) for measure in measures],
        len(rule["without_estimate"]),
    )


def _use_url(study: Study, rule: Mapping[str, Any]) -> str:
    query = {"consensus_rule": rule["rule"]}
    if rule["parameter"]:
        query[f"consensus_{rule['parameter']}"] = _chosen(rule)["setting"]
    return f"{reverse('study-amend', args=[study.slug])}?{urlencode(query)}#results-title"


def _chosen(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    outcome: Mapping[str, Any] = rule["settings"][rule["chosen"]]
    return outcome


def _value(rule: Mapping[str, Any], measure: Measure) -> Value:
    found: Any = _chosen(rule)
    for key in measure.path.split("."):
        if found is not None:
            found = found[int(key)] if isinstance(found, list) else found[key]
    return Value(rule["rule"], measure, _written(found, measure.format))


def _written(value: float | None, format_: str) -> str:
    if value is None:
        return "–"
    if format_ == "share":
        return f"{number_format(100 * value, 1)}%"
    return str(number_format(value, 1 if format_ == "hours" else 0, force_grouping=True))


def _by_count(document: Document) -> list[tuple[int, str]]:
    """Return the places and codes of the classes, those with the most labels first."""
    own = next((rule for rule in document["rules"] if rule["rule"] == document["rule"]), None)
    usable = own if own and own["settings"] else document["rules"][0]
    present = _chosen(usable)["present"]
    return sorted(enumerate(document["classes"]), key=lambda item: (-present[item[0]], item[1]))


def _reader_lines(
    document: Document, supported: list[Mapping[str, Any]]
) -> list[tuple[str, list[Value]]]:
    return [
        (name, [_value(rule, Measure(f"left_out.{place}.share", "share")) for rule in supported])
        for place, name in enumerate(document["readers"])
    ]


def _left_out_notes(supported: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return each reason why a reader could not be left out, with the rules it applies to."""
    rules: dict[str, list[str]] = {}
    for rule in supported:
        for reason in dict.fromkeys(filter(None, rule["left_out_reasons"])):
            rules.setdefault(reason, []).append(short_rule(rule["rule"]))
    return [(str(REASONS[reason]), ", ".join(names)) for reason, names in rules.items()]


def _change_lines(rule: Mapping[str, Any]) -> list[tuple[Promise, list[Value]]]:
    return [
        (
            _STATE_LABELS[state],
            [
                _value(rule, Measure(f"changes.{row}.{column}", "count"))
                for column in range(len(STATES))
            ],
        )
        for row, state in enumerate(STATES)
    ]


def _sliders(document: Document) -> list[dict[str, Any]]:
    """Return the sliders, one for each parameter of a supported rule."""
    labels = {
        Parameter.K: _("Votes that a class needs (k)"),
        Parameter.THRESHOLD: _("Minimum posterior probability"),
    }
    by_parameter = {
        rule["parameter"]: rule
        for rule in document["rules"]
        if rule["parameter"] and len(rule["settings"]) > 1
    }
    return [
        {
            "parameter": parameter.value,
            "label": labels[parameter],
            "last": len(by_parameter[parameter]["settings"]) - 1,
            "chosen": by_parameter[parameter]["chosen"],
            "decimals": 0 if parameter == Parameter.K else 2,
            "text": number_format(
                _chosen(by_parameter[parameter])["setting"], 0 if parameter == Parameter.K else 2
            ),
        }
        for parameter in labels
        if parameter in by_parameter
    ]
