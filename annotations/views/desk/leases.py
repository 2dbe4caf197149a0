"""Taking the next exam from a pool."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from annotations.models import Batch
from annotations.services.assignment import leases
from annotations.views.access import SignedInRequest, signed_in
from annotations.views.refusals import refusal_as_message


@signed_in
@require_POST
def take_next(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take the next exam from a pool and open it at the desk."""
    try:
        with refusal_as_message(request, messages.INFO):
            lease = leases.take(batch_id=pk, reader=request.user, now=timezone.now())
            return redirect("desk", pk=lease.pk)
    except Batch.DoesNotExist as missing:
        raise Http404 from missing
    return redirect("worklist")
