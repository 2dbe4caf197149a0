"""Sessions of a committee of adjudicators."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotations.services.adjudication import sessions
from annotations.services.blinding.rules import is_blinded_to
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.batches.forms import SessionForm
from annotations.views.refusals import refusal_as_message


@needs("add_batch")
@require_POST
def session_begin(request: SignedInRequest, pk: int) -> HttpResponse:
    """Begin a session with the chosen attendees."""
    batch = lookups.batch(request.user, pk)
    if is_blinded_to(batch.study, request.user):
        return render(request, "studies/still_reading.html", {"study": batch.study}, status=403)
    form = SessionForm(request.POST, batch=batch)
    attendees = list(form.cleaned_data["attendees"]) if form.is_valid() else []
    with refusal_as_message(request):
        sessions.begin(
            batch_id=batch.pk, attendees=attendees, actor=request.user, now=timezone.now()
        )
        messages.success(request, _("The session has begun. The members can vote again."))
    return redirect("batch", pk=batch.pk)


@needs("add_batch")
@require_POST
def session_end(request: SignedInRequest, pk: int) -> HttpResponse:
    """End the running session."""
    batch = lookups.batch(request.user, pk)
    with refusal_as_message(request):
        sessions.end(batch_id=batch.pk, actor=request.user, now=timezone.now())
        messages.success(request, _("The session has ended."))
    return redirect("batch", pk=batch.pk)
