"""Study setup in steps. Each step is saved immediately; only the last one freezes the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotations.models import Study, StudyReader, StudyReaderStatus, Taxonomy
from annotations.sentences.refusals import message
from annotations.services.assignment import plan_preview
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.refusals import NameTaken, Refusal
from annotations.services.studies import lifecycle, protocols
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs, posted
from annotations.views.refusals import RefusalHandler, refusal_as_message
from annotations.views.studies import protocol_text
from annotations.views.studies.plan_preview import preview_lines
from annotations.views.studies.setup_forms import NameForm, ReadingForm, initial
from ecgreview import protocol

# Defaults for new studies, so that hidden repeats have a washout if they are turned on later.
WASHOUT = {"washout_days": 14, "washout_exams": 50}


@dataclass(frozen=True, slots=True)
class Step:
    """An entry in the list of steps at the top of the page."""

    url: str
    label: str
    is_current: bool
    is_done: bool


STEPS: tuple[tuple[str, Promise], ...] = (
    ("study-setup-name", gettext_lazy("Name and classes")),
    ("study-setup-reading", gettext_lazy("Reading")),
    ("study-readers", gettext_lazy("Readers")),
    ("study-exams", gettext_lazy("Exams")),
    ("study-setup-check", gettext_lazy("Check and open")),
)


def steps(study: Study | None, current: str) -> list[Step]:
    """Return the setup steps of a study, or an empty list once it is open.

    ``study`` is None before the draft has been created.
    """
    if study is not None and not study.is_draft:
        return []
    done = set() if study is None else _done(study)
    return [
        Step(
            url=reverse(name, args=[study.slug]) if study else "",
            label=str(label),
            is_current=name == current,
            is_done=name in done,
        )
        for name, label in STEPS
    ]


@needs("add_study")
@require_http_methods(["GET", "HEAD", "POST"])
def study_start(request: SignedInRequest) -> HttpResponse:
    """Create a draft with default rules, which the next steps can change."""
    newest = Taxonomy.objects.all().newest_first().first()
    form = NameForm(posted(request), initial={"taxonomy": newest})
    if newest and request.method == "POST" and form.is_valid():
        with protocol_problems_on_form(form):
            study = lifecycle.create(
                protocol=protocol.parse({**WASHOUT, **form.settings()}),
                created_by=request.user,
                now=timezone.now(),
            )
            return redirect("study-setup-reading", slug=study.slug)
    context = {"form": form, "steps": steps(None, "study-setup-name"), "taxonomy": newest}
    return render(request, "studies/setup_name.html", context, status=_status(request))


@never_cache
@needs("add_study")
@require_http_methods(["GET", "HEAD", "POST"])
def setup_name(request: SignedInRequest, slug: str) -> HttpResponse:
    """Change the name or the list of classes of a draft."""
    study = lookups.study(request.user, slug)
    if not study.is_draft:
        return redirect("study", slug=study.slug)
    stored = {"name": study.name, "taxonomy": study.taxonomy_id}
    form = NameForm(posted(request), initial=stored)
    if request.method == "POST" and form.is_valid():
        settings = form.settings()
        if settings["taxonomy"] != str(study.taxonomy):
            settings["frequent_classes"] = None  # the codes belong to the old list
        if changed := _rewrite(request, study, settings, form):
            return redirect("study-setup-reading", slug=changed.slug)
        study.refresh_from_db()
    context = {"form": form, "study": study, "steps": steps(study, "study-setup-name"),
               "taxonomy": study.taxonomy}  # fmt: skip
    return render(request, "studies/setup_name.html", context, status=_status(request))


@never_cache
@needs("add_study")
@require_http_methods(["GET", "HEAD", "POST"])
def setup_reading(request: SignedInRequest, slug: str) -> HttpResponse:
    """Change how exams are read, while the study is a draft."""
    study = lookups.study(request.user, slug)
    if not study.is_draft:
        return redirect("study", slug=study.slug)
    form = ReadingForm(posted(request), initial=initial(protocols.protocol_of(study)))
    if (
        request.method == "POST"
        and form.is_valid()
        and _rewrite(request, study, form.settings(), form)
    ):
        return redirect("study-readers", slug=study.slug)
    context = {"form": form, "study": study, "steps": steps(study, "study-setup-reading")}
    return render(request, "studies/setup_reading.html", context, status=_status(request))


@never_cache
@needs("add_study")
@require_http_methods(["GET", "HEAD"])
def setup_check(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the whole protocol, its problems, and the expected effort and precision."""
    study = lookups.study(request.user, slug)
    if not study.is_draft:
        return redirect("study", slug=study.slug)
    return _check_page(request, study)


@needs("add_study")
@require_POST
def study_open(request: SignedInRequest, slug: str) -> HttpResponse:
    """Open a draft: freeze its protocol, so that batches can be planned."""
    study = lookups.study(request.user, slug)
    try:
        with refusal_as_message(request):
            lifecycle.open_study(study_id=study.pk, actor=request.user, now=timezone.now())
            messages.success(request, _("The study is open. Its protocol is frozen."))
            if study.pool.exists():
                return redirect("study-plan", slug=study.slug)
    except protocol.InvalidProtocol:
        return _check_page(request, study, status=400)
    return redirect("study", slug=study.slug)


def _check_page(request: SignedInRequest, study: Study, status: int = 200) -> HttpResponse:
    is_blind = is_blinded_to(study, request.user)
    current = protocols.protocol_of(study)
    preview = plan_preview.preview(study, is_blind=is_blind)
    n_readers = StudyReader.objects.filter(study=study).count()
    problems = _problems(study, current, n_readers, None)
    # Problems that depend on the chosen exams do not prevent opening the study.
    with_exams = _problems(study, current, n_readers, preview.n_exams or None)
    exam_problems = [problem for problem in with_exams if problem not in problems]
    context = {
        "study": study,
        "steps": steps(study, "study-setup-check"),
        "lines": protocol_text.lines(protocol.as_document(current)),
        "problems": problems,
        "warnings": [*exam_problems, *_warnings(study, n_readers, preview)],
        "preview": preview_lines(preview, study),
    }
    return render(request, "studies/setup_check.html", context, status=status)


def _problems(
    study: Study, current: protocol.Protocol, n_readers: int, n_exams: int | None
) -> list[tuple[str, str]]:
    """Return the protocol's problems as (URL of the step that fixes it, sentence)."""
    problems = lifecycle.problems(current, n_readers=n_readers or None, n_exams=n_exams)
    return [
        (reverse(STEP_BY_RULE.get(key, "study-setup-reading"), args=[study.slug]), sentence)
        for key, sentence in protocol_text.problem_lines(problems)
    ]


STEP_BY_RULE = {"name": "study-setup-name", "taxonomy": "study-setup-name"}


def _warnings(
    study: Study, n_readers: int, preview: plan_preview.PlanPreview
) -> list[tuple[str, str]]:
    """Return problems that prevent reading but not opening, as (URL of the step, sentence)."""
    warnings = []
    if not n_readers:
        warnings.append(("study-readers", _("The study has no readers yet.")))
    if not preview.n_exams:
        warnings.append(("study-exams", _("The study has no exams yet. You can add them later.")))
    elif preview.refusal and n_readers:
        warnings.append(("study-readers", message(preview.refusal)))
    return [(reverse(name, args=[study.slug]), sentence) for name, sentence in warnings]


def _rewrite(
    request: SignedInRequest, study: Study, settings: dict[str, Any], form: forms.Form
) -> Study | None:
    """Change protocol settings of a draft and return it, or None after adding form errors."""
    current = protocols.protocol_of(study)
    with protocol_problems_on_form(form):
        return lifecycle.rewrite(
            study_id=study.pk,
            protocol=protocol.parse({**current.settings(), **settings}),
            actor=request.user,
            now=timezone.now(),
        )
    return None


def protocol_problems_on_form(form: forms.Form) -> RefusalHandler:
    """Show problems of a protocol, or a refusal to store it, at the fields of ``form``."""

    def show(error: Exception) -> None:
        if isinstance(error, protocol.InvalidProtocol):
            for key, sentence in protocol_text.problem_lines(error.problems):
                field = FORM_FIELDS.get(key, key)
                form.add_error(field if field in form.fields else None, sentence)
        else:
            form.add_error(REFUSED_FIELDS.get(type(error)), message(error))

    return RefusalHandler(show, Refusal, protocol.InvalidProtocol)


REFUSED_FIELDS: dict[type[Exception], str] = {
    NameTaken: "name",
    lifecycle.ReasonMissing: "reason",
}

FORM_FIELDS = {
    "repeat_fraction": "repeat_percent",
    "gold_fraction": "gold_percent",
    "suggestion_arms": "suggestion_policy",
}
"""Form field by protocol setting, where the names differ."""


def _done(study: Study) -> set[str]:
    readers = StudyReader.objects.filter(study=study).exclude(status=StudyReaderStatus.WITHDRAWN)
    done = {"study-setup-name", "study-setup-reading"}
    if readers.count() >= study.readers_per_exam:
        done.add("study-readers")
    if study.pool.exists():
        done.add("study-exams")
    return done


def _status(request: SignedInRequest) -> int:
    return 400 if request.method == "POST" else 200
