"""Taking the next exam of a pool."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from annotations.models import Batch
from annotations.services.assignment import guards, leases
from annotations.views.access import SignedInRequest, signed_in

MESSAGES: dict[type[Exception], Promise] = {
    leases.NoExamNow: _("No exam of this batch is available for you now. Try again later."),
    leases.NothingAvailable: _(
        "You cannot take exams in this study now. Ask the coordinator when reading resumes."
    ),
    guards.BatchClosed: _("The batch is closed and takes no more readings."),
    guards.StudyNotOpen: _("The study is locked and takes no more readings."),
}
"""Messages to the reader. They reveal nothing about exams that other readers took."""


@signed_in
@require_POST
def take_next(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take the next exam of a pool and open it at the desk."""
    try:
        lease = leases.take(batch_id=pk, reader=request.user, now=timezone.now())
    except Batch.DoesNotExist as missing:
        raise Http404 from missing
    except tuple(MESSAGES) as refusal:
        messages.info(request, str(MESSAGES[type(refusal)]))
        return redirect("worklist")
    return redirect("desk", pk=lease.pk)
