"""The exams of a study, and planning batches of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

from annotations.models import Batch, Dataset, Exam, Handout, Study, Taxonomy, User
from annotations.services.assignment import batches, plans
from annotations.services.assignment.qualification import UnknownExams
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.refusals import NameTaken
from annotations.services.studies import exam_pool, strata
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs, posted
from annotations.views.batches.forms import codes_in
from annotations.views.refusals import refusal_on_form
from annotations.views.studies.plan_forms import AnchorsForm, CodesForm, DrawForm, PlanForm
from annotations.views.studies.setup import steps

# Maximum number of strata listed on the page.
MAX_STRATA = 60

# Vocabularies that data sources use for their labels.
VOCABULARIES = ("snomed_ct", "code15", "scp", "cpsc2018")

REFUSED_FIELDS: dict[type[Exception], str] = {
    NameTaken: "name",
    batches.DueBeforeToday: "due_on",
    plans.TooManyBatches: "n_batches",
}


@never_cache
@needs("add_batch")
@require_http_methods(["GET", "HEAD", "POST"])
def study_exams(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the exams of a study; a POST adds or removes exams, or chooses anchors.

    Strata are hidden from people from whom the results of the study are hidden.
    """
    study = lookups.study(request.user, slug)
    action = request.POST.get("do", "")
    data = request.POST if action in ACTIONS else None
    may_see_strata = not is_blinded_to(study, request.user)
    action_forms: dict[str, forms.Form] = {
        "draw": DrawForm(data if action == "draw" else None, may_see_strata=may_see_strata),
        "codes": CodesForm(data if action == "codes" else None),
        "anchors": AnchorsForm(data if action == "anchors" else None,
                               initial={"n_anchors": study.pool.filter(is_anchor=True).count()}),
        "clear": forms.Form(data if action == "clear" else None),
    }  # fmt: skip
    if data is not None and action_forms[action].is_valid():
        with refusal_on_form(action_forms[action]):
            messages.success(request, ACTIONS[action](study, action_forms[action], request.user))
            return redirect("study-exams", slug=study.slug)
    context = {
        "study": study,
        "forms": action_forms,
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
    """Plan batches of the remaining exams. Readers cannot see a batch before its release."""
    study = lookups.study(request.user, slug)
    n_batches = study.batches.of_data().count()
    may_see_gaps = not is_blinded_to(study, request.user)
    initial = {"name": _("Batch %(n)d") % {"n": n_batches + 1}}
    form = PlanForm(posted(request), initial=initial, may_see_gaps=may_see_gaps)
    if request.method == "POST" and form.is_valid():
        with refusal_on_form(form, REFUSED_FIELDS):
            planned = _plan(study, form.cleaned_data, request.user)
            messages.success(request, _planned_text(planned))
            if len(planned) == 1:
                return redirect("batch", pk=planned[0].pk)
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
    result = exam_pool.draw(
        study=study, request=form.draw_request(), actor=user, now=timezone.now()
    )
    return _added_text(result.n_exams)


def _add_by_code(study: Study, form: forms.Form, user: User) -> str:
    codes = codes_in(form.cleaned_data["codes"])
    exams = list(Exam.objects.visible_to(user).filter(code__in=codes))
    if not exams:
        raise UnknownExams(exams=", ".join(codes[:10]))
    n_added = exam_pool.add(study=study, exams=exams, actor=user, now=timezone.now())
    if unknown := sorted(set(codes) - {exam.code for exam in exams}):
        unknown_text = ngettext(
            "Exam %(codes)s does not exist. Check the code.",
            "Exams %(codes)s do not exist. Check the codes.",
            len(unknown),
        )
        return f"{_added_text(n_added)} {unknown_text % {'codes': ', '.join(unknown[:10])}}"
    return _added_text(n_added)


def _choose_anchors(study: Study, form: forms.Form, user: User) -> str:
    n = exam_pool.choose_anchors(
        study=study, n_anchors=form.cleaned_data["n_anchors"], actor=user, now=timezone.now()
    )
    return ngettext("All readers read %(n)d exam.", "All readers read %(n)d exams.", n) % {"n": n}


def _clear(study: Study, form: forms.Form, user: User) -> str:
    n = exam_pool.clear(study=study, actor=user, now=timezone.now())
    return ngettext("%(n)d exam was removed.", "%(n)d exams were removed.", n) % {"n": n}


ACTIONS: dict[str, Callable[[Study, Any, User], str]] = {
    "draw": _draw,
    "codes": _add_by_code,
    "anchors": _choose_anchors,
    "clear": _clear,
}


def _added_text(n: int) -> str:
    return ngettext("%(n)d exam was added.", "%(n)d exams were added.", n) % {"n": n}


def _strata(study: Study) -> list[dict[str, object]]:
    counts = strata.in_pool(study)
    names = stratum_names(study.taxonomy, [stratum for stratum, _ in counts])
    max_n = max((n for _, n in counts), default=0)
    return [
        {"stratum": stratum, "name": names.get(stratum, ""), "n": n, "max_n": max_n}
        for stratum, n in counts[:MAX_STRATA]
    ]


def stratum_names(taxonomy: Taxonomy, strata: Iterable[str]) -> dict[str, str]:
    """Return class names by stratum. Strata that match no class are left out.

    Codes are compared ignoring case, because the columns of CODE-15 vary in case. An exact match
    between codes takes precedence over an approximate one.
    """
    by_code: dict[str, tuple[bool, str]] = {}
    for diagnostic_class in taxonomy.classes.order_by("position"):
        name = diagnostic_class.local_name
        by_code[diagnostic_class.code.lower()] = (False, name)
        for vocabulary in VOCABULARIES:
            for mapped in diagnostic_class.codes.get(vocabulary, ()):
                candidate = (mapped["match"] != "exact", name)
                code = mapped["code"].lower()
                by_code[code] = min(
                    by_code.get(code, candidate), candidate, key=lambda match: match[0]
                )
    return {
        stratum: by_code[stratum.lower()][1]
        for stratum in set(strata)
        if stratum.lower() in by_code
    }


def _plan(study: Study, cleaned: dict[str, Any], user: User) -> list[Batch]:
    common = {"study": study, "name": cleaned["name"], "n_exams": cleaned["n_exams"],
            "due_on": cleaned["due_on"], "created_by": user, "now": timezone.now()}  # fmt: skip
    if cleaned["handout"] == Handout.POOLED:
        return [plans.plan_pool(**common, lease_minutes=cleaned["lease_minutes"])]
    is_filling_up = cleaned.get("fill_up", False)
    return plans.plan(**common, n_batches=cleaned["n_batches"], is_filling_up=is_filling_up)


def _planned_text(planned: list[Batch]) -> str:
    n = len(planned)
    return ngettext(
        "%(n)d batch is planned. Review it, then release it to the readers.",
        "%(n)d batches are planned. Review them, then release them to the readers.",
        n,
    ) % {"n": n}
