"""Feedback on a qualification or practice set: the reader's answers beside the reference."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import Purpose, Seat
from annotations.services.assignment import qualification, qualification_feedback
from annotations.views.access import SignedInRequest, signed_in


@never_cache
@signed_in
@require_safe
def feedback_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the reader's own answers and result, once feedback is allowed."""
    try:
        seat = qualification_feedback.seat_of(batch_id=pk, reader=request.user)
    except Seat.DoesNotExist as missing:
        raise Http404 from missing
    context = {
        "seat": seat,
        "batch": seat.batch,
        "is_practice": seat.batch.purpose == Purpose.PRACTICE,
        "pass_mark": qualification.pass_mark(seat.batch),
        "n_left": seat.n_assigned - seat.n_read,
    }
    try:
        lines = qualification_feedback.lines(seat)
    except qualification_feedback.NotEvaluatedYet:
        return render(request, "qualification/not_yet.html", context)
    context |= {"lines": lines, "n_right": sum(line.is_right for line in lines)}
    return render(request, "qualification/feedback.html", context)
