"""Planned batches: release, due date, and discarding."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotations.sentences.refusals import message
from annotations.services.assignment import batches, plans
from annotations.services.refusals import Refusal
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.batches.forms import DueForm


@needs("add_batch")
@require_POST
def batch_release(request: SignedInRequest, pk: int) -> HttpResponse:
    """Release a planned batch to its readers."""
    batch = lookups.batch(request.user, pk)
    try:
        batches.release(
            batch_id=batch.pk, actor=request.user, now=timezone.now(), due_on=_due(request)
        )
    except Refusal as refusal:
        messages.error(request, message(refusal))
    else:
        messages.success(request, _("The batch is released. Readers find it on their worklists."))
    return redirect("batch", pk=batch.pk)


@needs("add_batch")
@require_POST
def batch_due(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change the due date of a batch."""
    batch = lookups.batch(request.user, pk)
    try:
        batches.set_due(
            batch_id=batch.pk, due_on=_due(request), actor=request.user, now=timezone.now()
        )
    except Refusal as refusal:
        messages.error(request, message(refusal))
    else:
        messages.success(request, _("Due date saved."))
    return redirect("batch", pk=batch.pk)


@needs("add_batch")
@require_POST
def batch_discard(request: SignedInRequest, pk: int) -> HttpResponse:
    """Delete a batch that was not released."""
    batch = lookups.batch(request.user, pk)
    try:
        plans.discard(batch_id=batch.pk, actor=request.user, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, message(refusal))
        return redirect("batch", pk=batch.pk)
    messages.success(request, _("The plan was discarded. Its exams can be planned again."))
    return redirect("study", slug=batch.study.slug)


def _due(request: SignedInRequest) -> date | None:
    form = DueForm(request.POST)
    found: date | None = form.cleaned_data["due_on"] if form.is_valid() else None
    return found
