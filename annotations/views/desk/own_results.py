"""A reader's private page after the lock: their figures, and where they stood alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import CellBasis, ClassState, DiagnosticClass, Study
from annotations.services.own_results import results
from annotations.services.own_results.results import READABILITY, LoneClass, LoneExam
from annotations.views.access import SignedInRequest, signed_in
from annotations.views.agreement import profile_table
from annotations.views.agreement.numbers import share
from annotations.views.csv_files import csv_file
from ecgreview.agreement.accuracy.reader_profiles import Against
from ecgreview.spreadsheets import formula_safe

EXAMS_PER_PAGE = 50

COLUMNS = ("exam", "class", "own_vote", "n_others", "state", "basis", "reasons", "comments")

# What a reader is compared with. Reference readers are left out, because they have names.
OFFERED = (Against.OTHERS, Against.CONSENSUS)

# The badge of a decision: its style and its text.
VERDICTS: Mapping[bool | None, tuple[str, Promise]] = {
    True: ("is-ok", gettext_lazy("as you voted")),
    False: ("is-warning", gettext_lazy("against your vote")),
    None: ("", gettext_lazy("no decision")),
}


@dataclass(frozen=True, slots=True)
class LoneLine:
    """A class on which the reader stood alone, for the page."""

    name: str
    vote: str
    others: str
    decision: str
    basis: str
    css_class: str
    verdict: str
    reasons: tuple[str, ...]


@never_cache
@signed_in
@require_safe
def own_results(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the reader's own results. Opening them is recorded."""
    study = _opened(request, slug)
    figures = results.figures(study, request.user)
    exams = results.lone_exams(study, request.user)
    page = Paginator(exams, EXAMS_PER_PAGE).get_page(request.GET.get("page"))
    classes = {row.code: row for row in DiagnosticClass.objects.filter(taxonomy=study.taxonomy)}
    context = {
        "study": study,
        "figures": figures,
        "gold": figures.gold and share(figures.gold.right.to_json()),
        "tallies": _tallies(exams),
        "pages": page,
        "lines": [(exam, [_line(item, classes) for item in exam.classes]) for exam in page],
        **_profile(figures, request.GET.get("against", "")),
    }
    return render(request, "own_results.html", context)


@never_cache
@signed_in
@require_safe
def own_results_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Download the classes on which the reader stood alone as CSV."""
    study = _opened(request, slug)
    rows = (row for exam in results.lone_exams(study, request.user) for row in _cells(exam))
    return csv_file(f"{study.slug}-my-results.csv", [COLUMNS, *rows])


def _opened(request: SignedInRequest, slug: str) -> Study:
    try:
        return results.open_study(request.user, slug, now=timezone.now())
    except Study.DoesNotExist as hidden:
        raise Http404 from hidden


def _profile(figures: results.Figures, against: str) -> dict[str, object]:
    detail = figures.detail
    if detail is None or detail.refusal:
        return {}
    offered = [name for name in OFFERED if detail.profiles[name].is_offered.get(name)]
    if not offered:
        return {}
    profile = detail.profiles[next((name for name in offered if name == against), offered[0])]
    rows = DiagnosticClass.objects.filter(taxonomy=detail.taxonomy_id)
    classes = {row.code: row for row in rows}
    return {
        "profile": profile,
        "offered": [(name.value, name == profile.against) for name in offered],
        "micro": share(profile.found.micro_f1.to_json()),
        "keep": f"against={profile.against}&",
        "met": profile_table.class_lines(profile, classes),
        "repeats": None
        if figures.place is None
        else profile_table.repeats(figures.report, figures.place, classes),
    }


def _tallies(exams: Iterable[LoneExam]) -> Mapping[str, int]:
    counts = Counter(item.is_confirmed for exam in exams for item in exam.classes)
    return {"confirmed": counts[True], "contradicted": counts[False], "open": counts[None]}


def _line(item: LoneClass, classes: Mapping[str, DiagnosticClass]) -> LoneLine:
    if item.code == READABILITY:
        name, words = _("Readability"), {True: _("Readable"), False: _("Unreadable")}
    else:
        of = classes[item.code]
        name = f"{of.abbreviation} · {of.local_name}"
        words = {True: str(ClassState.PRESENT.label), False: str(ClassState.ABSENT.label)}
    css_class, verdict = VERDICTS[item.is_confirmed]
    return LoneLine(
        name=name,
        vote=words[item.vote.is_for],
        others=f"{words[not item.vote.is_for]} ({item.vote.n_others})",
        decision=_decision(item.state, words),
        basis=_basis(item),
        css_class=css_class,
        verdict=str(verdict),
        reasons=item.reasons,
    )


def _basis(item: LoneClass) -> str:
    """Return why the class has its state, unless the name of the state says it already."""
    if not item.basis or item.basis == CellBasis.DISAGREEMENT:
        return ""
    return str(CellBasis(item.basis).label)


def _decision(state: str, words: Mapping[bool, str]) -> str:
    decided = {ClassState.PRESENT: words[True], ClassState.ABSENT: words[False]}
    return decided.get(ClassState(state)) or str(ClassState(state).label)


def _cells(exam: LoneExam) -> list[tuple[str, ...]]:
    return [
        (
            exam.assignment.code,
            item.code or "readable",
            "present" if item.vote.is_for else "absent",
            str(item.vote.n_others),
            item.state,
            item.basis,
            formula_safe(" | ".join(item.reasons)),
            formula_safe(" | ".join(exam.comments)),
        )
        for item in exam.classes
    ]
