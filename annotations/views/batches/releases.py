"""Planned batches: release, due date, and discarding."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotations.services.assignment import batches, plans
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.batches.forms import DueForm
from annotations.views.refusals import refusal_as_message


@needs("add_batch")
@require_POST
def batch_release(request: SignedInRequest, pk: int) -> HttpResponse:
    batch = lookups.batch(request.user, pk)
    with refusal_as_message(request):
        batches.release(
            batch_id=batch.pk, actor=request.user, now=timezone.now(), due_on=_due_on(request)
        )
        messages.success(request, _("The batch is released. Readers find it on their worklists."))
    return redirect("batch", pk=batch.pk)


@needs("add_batch")
@require_POST
def batch_due(request: SignedInRequest, pk: int) -> HttpResponse:
    batch = lookups.batch(request.user, pk)
    with refusal_as_message(request):
        batches.set_due(
            batch_id=batch.pk, due_on=_due_on(request), actor=request.user, now=timezone.now()
        )
        messages.success(request, _("Due date saved."))
    return redirect("batch", pk=batch.pk)


@needs("add_batch")
@require_POST
def batch_discard(request: SignedInRequest, pk: int) -> HttpResponse:
    """Delete a batch that has not been released."""
    batch = lookups.batch(request.user, pk)
    with refusal_as_message(request):
        plans.discard(batch_id=batch.pk, actor=request.user, now=timezone.now())
        messages.success(request, _("The plan was discarded. Its exams can be planned again."))
        return redirect("study", slug=batch.study.slug)
    return redirect("batch", pk=batch.pk)


def _due_on(request: SignedInRequest) -> date | None:
    """Return the entered date, or None if the field is empty or invalid."""
    form = DueForm(request.POST)
    due_on: date | None = form.cleaned_data["due_on"] if form.is_valid() else None
    return due_on
