"""The exams of a study, and planning batches from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotations.models import Batch, Dataset, Exam, Handout, Study, User
from annotations.services.assignment import batches, plans
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.refusals import NameTaken
from annotations.services.studies import exam_pool, strata
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs, posted
from annotations.views.batches.forms import codes_in
from annotations.views.refusals import refusal_on_form
from annotations.views.studies.plan_forms import AnchorsForm, CodesForm, DrawForm, PlanForm
from annotations.views.studies.setup import steps
from annotations.views.studies.stratum_names import stratum_names

# Above this number of rows, only their number is shown.
MAX_STRATA = 60

AT_FIELDS: dict[type[Exception], str] = {
    NameTaken: "name",
    batches.DueBeforeToday: "due_on",
    plans.TooManyBatches: "n_batches",
}


@never_cache
@needs("add_batch")
@require_http_methods(["GET", "HEAD", "POST"])
def study_exams(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the exams of a study by stratum, and add more; strata are hidden from its readers."""
    study = lookups.study(request.user, slug)
    wanted = request.POST.get("do", "")
    sent = request.POST if wanted in ACTIONS else None
    may_see_strata = not is_blinded_to(study, request.user)
    shown: dict[str, forms.Form] = {
        "draw": DrawForm(sent if wanted == "draw" else None, may_see_strata=may_see_strata),
        "codes": CodesForm(sent if wanted == "codes" else None),
        "anchors": AnchorsForm(sent if wanted == "anchors" else None,
                               initial={"n_anchors": study.pool.filter(is_anchor=True).count()}),
        "clear": forms.Form(sent if wanted == "clear" else None),
    }  # fmt: skip
    if sent is not None and shown[wanted].is_valid():
        with refusal_on_form(shown[wanted]):
            messages.success(request, ACTIONS[wanted](study, shown[wanted], request.user))
            return redirect("study-exams", slug=study.slug)
    context = {
        "study": study,
        "forms": shown,
        "steps": steps(study, "study-exams"),
        "may_see_strata": may_see_strata,
        "n_exams": study.pool.count(),
        "n_anchors": study.pool.filter(is_anchor=True).count(),
        "n_left": plans.unassigned(study).count(),
        "strata": _strata(study) if may_see_strata else [],
        "has_datasets": Dataset.objects.exists(),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "studies/exams.html", context, status=status)


@never_cache
@needs("add_batch")
@require_http_methods(["GET", "HEAD", "POST"])
def study_plan(request: SignedInRequest, slug: str) -> HttpResponse:
    """Plan batches from the remaining exams; readers see them only after their release."""
    study = lookups.study(request.user, slug)
    n_made = study.batches.of_data().count()
    may_see_gaps = not is_blinded_to(study, request.user)
    named = {"name": _("Batch %(n)d") % {"n": n_made + 1}}
    form = PlanForm(posted(request), initial=named, may_see_gaps=may_see_gaps)
    if request.method == "POST" and form.is_valid():
        with refusal_on_form(form, AT_FIELDS):
            made = _plan(study, form.cleaned_data, request.user)
            messages.success(request, _planned(made))
            if len(made) == 1:
                return redirect("batch", pk=made[0].pk)
            return redirect("study", slug=study.slug)
    context = {
        "study": study,
        "form": form,
        "n_left": plans.unassigned(study).count(),
        "may_see_gaps": may_see_gaps,
        "n_short": plans.incomplete(study).count() if may_see_gaps else None,
        "n_readers": len(plans.readers_of(study)),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "studies/plan.html", context, status=status)


def _draw(study: Study, form: Any, user: User) -> str:
    drawn = exam_pool.draw(study=study, request=form.draw_request(), actor=user, now=timezone.now())
    return _added(drawn.n_exams)


def _codes(study: Study, form: forms.Form, user: User) -> str:
    codes = codes_in(form.cleaned_data["codes"])
    exams = list(Exam.objects.visible_to(user).filter(code__in=codes))
    n_added = exam_pool.add(study=study, exams=exams, actor=user, now=timezone.now())
    if unknown := sorted(set(codes) - {exam.code for exam in exams}):
        told = ngettext(
            "Exam %(codes)s does not exist.", "Exams %(codes)s do not exist.", len(unknown)
        )
        return f"{_added(n_added)} {told % {'codes': ', '.join(unknown[:10])}}"
    return _added(n_added)


def _anchors(study: Study, form: forms.Form, user: User) -> str:
    n = exam_pool.choose_anchors(
        study=study, n_anchors=form.cleaned_data["n_anchors"], actor=user, now=timezone.now()
    )
    return ngettext("All readers read %(n)d exam.", "All readers read %(n)d exams.", n) % {"n": n}


def _clear(study: Study, form: forms.Form, user: User) -> str:
    n = exam_pool.clear(study=study, actor=user, now=timezone.now())
    return ngettext("%(n)d exam was removed.", "%(n)d exams were removed.", n) % {"n": n}


ACTIONS: dict[str, Callable[[Study, Any, User], str]] = {
    "draw": _draw,
    "codes": _codes,
    "anchors": _anchors,
    "clear": _clear,
}


def _added(n: int) -> str:
    return ngettext("%(n)d exam was added.", "%(n)d exams were added.", n) % {"n": n}


def _strata(study: Study) -> list[dict[str, object]]:
    found = strata.in_pool(study)
    names = stratum_names(study.taxonomy, [stratum for stratum, _ in found])
    most = max((n for _, n in found), default=0)
    return [
        {"stratum": stratum, "name": names.get(stratum, ""), "n": n, "most": most}
        for stratum, n in found[:MAX_STRATA]
    ]


def _plan(study: Study, cleaned: dict[str, Any], user: User) -> list[Batch]:
    both = {"study": study, "name": cleaned["name"], "n_exams": cleaned["n_exams"],
            "due_on": cleaned["due_on"], "created_by": user, "now": timezone.now()}  # fmt: skip
    if cleaned["handout"] == Handout.POOLED:
        return [plans.plan_pool(**both, lease_minutes=cleaned["lease_minutes"])]
    is_filling_up = cleaned.get("fill_up", False)
    return plans.plan(**both, n_batches=cleaned["n_batches"], is_filling_up=is_filling_up)


def _planned(made: list[Batch]) -> str:
    n = len(made)
    return ngettext(
        "%(n)d batch is planned. Review it, then release it to the readers.",
        "%(n)d batches are planned. Review them, then release them to the readers.",
        n,
    ) % {"n": n}
