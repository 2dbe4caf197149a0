"""Pages for a study's protocol and phase: amend, lock, release results, break the glass."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import tasks
from annotations.models import ProtocolVersion, Study
from annotations.sentences.refusals import message
from annotations.services.blinding import rules
from annotations.services.studies import lifecycle, protocols
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs, posted
from annotations.views.refusals import refusal_as_message
from annotations.views.studies import protocol_text
from annotations.views.studies.plan_forms import ReasonForm
from annotations.views.studies.setup import protocol_problems_on_form
from annotations.views.studies.setup_forms import AmendmentForm, initial, proposed_rule
from ecgreview import protocol


@never_cache
@needs("view_study")
@require_safe
def study_protocol(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the protocol in force, and the changes from version to version."""
    study = lookups.study(request.user, slug)
    document = protocol.as_document(protocols.protocol_of(study))
    context = {
        "study": study,
        "lines": protocol_text.lines(document),
        "versions": _versions(study),
    }
    return render(request, "studies/protocol.html", context)


@never_cache
@needs("view_study")
@require_safe
def study_protocol_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Download the protocol as a file for ``create_study``, without the secret seed."""
    study = lookups.study(request.user, slug)
    text = protocol.dump(protocols.without_seed(protocols.protocol_of(study)))
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}.yaml"'
    return response


@never_cache
@needs("add_study")
@require_http_methods(["GET", "HEAD", "POST"])
def study_amend(request: SignedInRequest, slug: str) -> HttpResponse:
    """Amend the protocol for new batches, after a preview of the changes and with a reason."""
    study = lookups.study(request.user, slug)
    if study.is_draft:
        return redirect("study-setup-reading", slug=study.slug)
    if not study.is_open:
        messages.error(request, message(lifecycle.NotThisPhase(phase=study.get_phase_display())))
        return redirect("study", slug=study.slug)
    current = protocols.protocol_of(study)
    proposed = proposed_rule(request.GET)
    form = AmendmentForm(posted(request), initial={**initial(current), **proposed})
    is_confirmed = request.POST.get("step") == "amend"
    amended = _amended(form, current) if request.method == "POST" and form.is_valid() else None
    if is_confirmed and amended is not None and _amend(request, study, form, amended):
        return redirect("study-protocol", slug=study.slug)
    context = {
        "study": study,
        "form": form,
        "changes": [] if amended is None else _changes(current, amended),
        "is_proposed": bool(proposed) and request.method != "POST",
    }
    is_bad = request.method == "POST" and bool(form.errors)
    return render(request, "studies/amend.html", context, status=400 if is_bad else 200)


@needs("close_batch")
@require_POST
def study_lock(request: SignedInRequest, slug: str) -> HttpResponse:
    """End all reading in a study permanently."""
    study = lookups.study(request.user, slug)
    with refusal_as_message(request):
        lifecycle.lock(study_id=study.pk, actor=request.user, now=timezone.now())
        tasks.nudge(tasks.refresh_agreement)
        tasks.nudge(tasks.compute_consensus)
        messages.success(request, _("The study is locked. Reading has ended."))
    return redirect("study", slug=study.slug)


@needs("close_batch")
@require_POST
def study_release(request: SignedInRequest, slug: str) -> HttpResponse:
    """Declare the results of a locked study final."""
    study = lookups.study(request.user, slug)
    with refusal_as_message(request):
        lifecycle.release(study_id=study.pk, actor=request.user, now=timezone.now())
        messages.success(request, _("The results of the study are released."))
    return redirect("study", slug=study.slug)


@never_cache
@needs("break_glass")
@require_http_methods(["GET", "HEAD", "POST"])
def study_break_glass(request: SignedInRequest, slug: str) -> HttpResponse:
    """Let a reader see the results of their study. Requires a reason, and ends their reading."""
    study = lookups.study(request.user, slug)
    if not rules.reads_in(study, request.user):
        messages.info(
            request, _("You do not read in this study, so there is no blinding to break.")
        )
        return redirect("study", slug=study.slug)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        lifecycle.break_glass(
            study=study, user=request.user, reason=form.cleaned_data["reason"], now=timezone.now()
        )
        messages.warning(
            request,
            _(
                "Your reading in this study has ended. You can now see its results, as far as its "
                "rules allow."
            ),
        )
        return redirect("study", slug=study.slug)
    context = {"study": study, "form": form}
    status = 400 if request.method == "POST" else 200
    return render(request, "studies/break_glass.html", context, status=status)


def _amended(form: AmendmentForm, current: protocol.Protocol) -> protocol.Protocol | None:
    """Return the amended protocol, or None after adding errors to the form."""
    with protocol_problems_on_form(form):
        amended = protocol.parse({**current.settings(), **form.settings()})
        if problems := protocol.check_amendment(current, amended) or lifecycle.problems(amended):
            raise protocol.InvalidProtocol(problems)
        return amended
    return None


def _amend(
    request: SignedInRequest, study: Study, form: AmendmentForm, amended: protocol.Protocol
) -> bool:
    """Amend the protocol; return False after adding errors to the form."""
    with protocol_problems_on_form(form):
        lifecycle.amend(
            study_id=study.pk, protocol=amended, reason=form.cleaned_data["reason"],
            actor=request.user, now=timezone.now(),
        )  # fmt: skip
        messages.success(request, _("The protocol was amended. The changes apply to new batches."))
        return True
    return False


def _changes(current: protocol.Protocol, amended: protocol.Protocol) -> list[protocol_text.Change]:
    return protocol_text.changes(protocol.as_document(current), protocol.as_document(amended))


def _versions(study: Study) -> list[dict[str, Any]]:
    """Return the versions, newest first, each with its changes from the previous one."""
    rows = list(
        ProtocolVersion.objects.filter(study=study).select_related("created_by").order_by("version")
    )
    return [
        {
            "row": row,
            "changes": [] if old is None else protocol_text.changes(old.document, row.document),
        }
        for old, row in zip([None, *rows], rows, strict=False)
    ][::-1]
