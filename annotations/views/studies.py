"""Studies: the list, a new one, its batches, its consensus, its export."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count, Max, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotations.firewall import is_still_reading
from annotations.forms import StudyForm
from annotations.models import Batch, Consensus, Outcome, Study, Taxonomy, User
from annotations.services import export, studies
from annotations.views.access import SignedInRequest, needs

EXAMS_PER_PAGE = 50

SHORT = {
    Outcome.AGREEMENT: gettext_lazy("Agreement"),
    Outcome.MAJORITY: gettext_lazy("Majority"),
    Outcome.UNDECIDED: gettext_lazy("Undecided"),
    Outcome.UNREADABLE: gettext_lazy("Unreadable"),
}
"""The outcomes where there is room for a word."""


@never_cache
@needs("view_study")
@require_safe
def study_list(request: SignedInRequest) -> HttpResponse:
    """List the studies, newest first."""
    visible = Study.objects.visible_to(request.user)
    counted = visible.annotate(
        n_batches=Count("batches", distinct=True),
        n_exams=Count("batches__assignments__exam", distinct=True),
        last_batch_at=Max("batches__created_at"),
    )
    return render(request, "studies/list.html", {"studies": counted.order_by("-created_at", "-pk")})


@needs("add_study")
@require_http_methods(["GET", "HEAD", "POST"])
def study_new(request: SignedInRequest) -> HttpResponse:
    """Make a study under the newest list of classes."""
    taxonomy = Taxonomy.objects.order_by("-installed_at", "-pk").first()
    form = StudyForm(request.POST or None)
    if taxonomy and request.method == "POST" and form.is_valid():
        try:
            study = studies.create(
                taxonomy=taxonomy,
                created_by=request.user,
                now=timezone.now(),
                **form.cleaned_data,
            )
        except studies.NameTaken:
            form.add_error("name", _("Another study has this name. Choose a different one."))
        else:
            return redirect("study", slug=study.slug)
    status = 400 if request.method == "POST" else 200
    context = {"form": form, "taxonomy": taxonomy}
    return render(request, "studies/new.html", context, status=status)


@never_cache
@needs("view_study")
@require_safe
def study_detail(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the rules of a study and its batches; progress only to those who do not read in it."""
    study = _study(request.user, slug)
    is_hidden = is_still_reading(study, request.user)
    batches = Batch.objects.visible_to(request.user).filter(study=study)
    shown = batches if is_hidden else batches.with_progress()
    context = {
        "study": study,
        "batches": shown.order_by("-created_at", "-pk"),
        "is_hidden": is_hidden,
        "outcomes": _outcomes(Consensus.objects.visible_to(request.user).filter(study=study)),
        "has_closed_batch": study.batches.closed().exists(),
    }
    return render(request, "studies/detail.html", context)


@never_cache
@needs("view_consensus")
@require_safe
def study_consensus(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what follows from the readings of the closed batches, exam by exam."""
    study = _study(request.user, slug)
    visible = Consensus.objects.visible_to(request.user).filter(study=study)
    wanted = request.GET.get("outcome", "")
    chosen = visible.filter(outcome=wanted) if wanted in Outcome.values else visible
    rows = chosen.select_related("exam").prefetch_related("labels__diagnostic_class")
    pages = Paginator(rows.order_by("exam__code"), EXAMS_PER_PAGE)
    context = {
        "study": study,
        "is_hidden": is_still_reading(study, request.user),
        "is_due": study.batches.filter(consensus_is_due=True).exists(),
        "outcomes": _outcomes(visible),
        "wanted": wanted if wanted in Outcome.values else "",
        "n_all": visible.count(),
        "pages": pages.get_page(request.GET.get("page")),
    }
    return render(request, "studies/consensus.html", context)


@never_cache
@needs("export_study")
@require_safe
def study_export(request: SignedInRequest, slug: str) -> HttpResponse:
    """Hand out the study's tables as one archive, unless the person still reads in it."""
    study = _study(request.user, slug)
    if is_still_reading(study, request.user):
        return render(request, "studies/still_reading.html", {"study": study}, status=403)
    archive = export.archive(study=study, now=timezone.now())
    response = HttpResponse(archive, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}.zip"'
    return response


def _study(user: User, slug: str) -> Study:
    return get_object_or_404(
        Study.objects.visible_to(user).select_related("taxonomy", "created_by"), slug=slug
    )


def _outcomes(consensus: QuerySet[Consensus]) -> list[dict[str, object]]:
    """Return how many exams came to each outcome, in the order of the outcomes."""
    counts = dict(consensus.values_list("outcome").annotate(n=Count("pk")))
    return [
        {
            "value": outcome.value,
            "label": outcome.label,
            "short": SHORT[outcome],
            "n": counts[outcome.value],
        }
        for outcome in Outcome
        if outcome.value in counts
    ]
