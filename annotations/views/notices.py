"""The page with the user's own notices."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotations.desk_payloads import NOTICES_SHOWN, notice_payload
from annotations.models import Notice
from annotations.services.notices import delivery
from annotations.views.access import SignedInRequest, signed_in


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def notice_list(request: SignedInRequest) -> HttpResponse:
    """List the user's latest notices; a POST marks all of them as seen."""
    if request.method == "POST":
        delivery.mark_seen(user=request.user, now=timezone.now())
        return redirect("notices")
    latest = Notice.objects.visible_to(request.user).order_by("-created_at", "-pk")
    notices = [notice_payload(notice) for notice in latest[:NOTICES_SHOWN]]
    context = {"notices": notices, "has_unseen": any(not notice["is_seen"] for notice in notices)}
    return render(request, "notices/list.html", context)
