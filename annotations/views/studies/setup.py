"""Setting a study up, step by step; every step is kept, and nothing is frozen before the last."""

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

WASHOUT = {"washout_days": 14, "washout_exams": 50}
"""Where a new study starts: hidden repeats that are turned on later have a washout at once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step as the list above the page shows it."""

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
    """Return the steps of setting ``study`` up, None when it is not made yet; none once open."""
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
    """Make a draft; its other rules are the usual ones until the next steps change them."""
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
    """Change the name or the classes of a draft."""
    study = lookups.study(request.user, slug)
    if not study.is_draft:
        return redirect("study", slug=study.slug)
    given = {"name": study.name, "taxonomy": study.taxonomy_id}
    form = NameForm(posted(request), initial=given)
    if request.method == "POST" and form.is_valid():
        settings = form.settings()
        if settings["taxonomy"] != str(study.taxonomy):
            settings["frequent_classes"] = None  # codes of another list
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
    """Change how exams are read in a draft."""
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
    """Show the whole protocol, all that is wrong with it, and what it will cost and tell."""
    study = lookups.study(request.user, slug)
    if not study.is_draft:
        return redirect("study", slug=study.slug)
    return _check_page(request, study)


@needs("add_study")
@require_POST
def study_open(request: SignedInRequest, slug: str) -> HttpResponse:
    """Freeze the protocol of a draft and let its batches be planned."""
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
    found = plan_preview.preview(study, is_blind=is_blind)
    n_readers = StudyReader.objects.filter(study=study).count()
    problems = _problems(study, current, n_readers, None)
    # What is wrong with these exams only does not keep the study from being opened.
    later = [one for one in _problems(study, current, n_readers, found.n_exams or None)
             if one not in problems]  # fmt: skip
    context = {
        "study": study,
        "steps": steps(study, "study-setup-check"),
        "lines": protocol_text.lines(protocol.as_document(current)),
        "problems": problems,
        "warnings": [*later, *_warnings(study, n_readers, found)],
        "preview": preview_lines(found, study),
    }
    return render(request, "studies/setup_check.html", context, status=status)


def _problems(
    study: Study, current: protocol.Protocol, n_readers: int, n_exams: int | None
) -> list[tuple[str, str]]:
    """Return what is wrong with the protocol here, each with the step that mends it."""
    found = lifecycle.problems(current, n_readers=n_readers or None, n_exams=n_exams)
    return [
        (reverse(MENDED_AT.get(key, "study-setup-reading"), args=[study.slug]), sentence)
        for key, sentence in protocol_text.problems(found)
    ]


MENDED_AT = {"name": "study-setup-name", "taxonomy": "study-setup-name"}


def _warnings(
    study: Study, n_readers: int, found: plan_preview.PlanPreview
) -> list[tuple[str, str]]:
    """Return what does not keep it from being opened, but from being read."""
    told = []
    if not n_readers:
        told.append(("study-readers", _("The study has no readers yet.")))
    if not found.n_exams:
        told.append(("study-exams", _("The study has no exams yet. You can add them later.")))
    elif found.refusal and n_readers:
        told.append(("study-readers", message(found.refusal)))
    return [(reverse(name, args=[study.slug]), sentence) for name, sentence in told]


def _rewrite(
    request: SignedInRequest, study: Study, settings: dict[str, Any], form: forms.Form
) -> Study | None:
    """Change settings of the protocol of a draft; return None after adding errors to the form."""
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
    """Show the problems of a protocol, or a refusal to store it, at the fields of ``form``."""

    def show(error: Exception) -> None:
        if isinstance(error, protocol.InvalidProtocol):
            for key, sentence in protocol_text.problems(error.problems):
                field = FIELDS.get(key, key)
                form.add_error(field if field in form.fields else None, sentence)
        else:
            form.add_error(REFUSED_FIELDS.get(type(error)), message(error))

    return RefusalHandler(show, Refusal, protocol.InvalidProtocol)


REFUSED_FIELDS: dict[type[Exception], str] = {
    NameTaken: "name",
    lifecycle.ReasonMissing: "reason",
}

FIELDS = {"repeat_fraction": "repeat_percent", "suggestion_arms": "suggestion_policy"}
"""Settings of the protocol whose form field has another name."""


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
