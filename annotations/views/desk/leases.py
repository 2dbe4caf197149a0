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

WHY_NOT: dict[type[Exception], Promise] = {
    leases.NoExamNow: _("No exam of this batch is free for you now. Look again later."),
    leases.NothingAvailable: _("Nothing is handed out to you in this study for now."),
    guards.BatchClosed: _("The batch is closed and takes no more readings."),
    guards.StudyNotOpen: _("The study is locked and takes no more readings."),
}
"""What the reader is told; of what others have taken, nothing."""


@signed_in
@require_POST
def take_next(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take the next exam of a pool and open it at the desk."""
    try:
        lease = leases.take(batch_id=pk, reader=request.user, now=timezone.now())
    except Batch.DoesNotExist as missing:
        raise Http404 from missing
    except tuple(WHY_NOT) as refusal:
        messages.info(request, str(WHY_NOT[type(refusal)]))
        return redirect("worklist")
    return redirect("desk", pk=lease.pk)
