"""Data sets: what was imported, from where, and what was refused."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count, Max, Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import Dataset, Exam, ImportIssue, ImportRun, User
from annotations.views.access import SignedInRequest, needs

EXAMS_PER_PAGE = 50
RUNS_SHOWN = 10
ISSUES_SHOWN = 200


@never_cache
@needs("view_dataset")
@require_safe
def dataset_list(request: SignedInRequest) -> HttpResponse:
    """List the data sets by name."""
    counted = Dataset.objects.annotate(
        n_exams=Count("exams", distinct=True), last_import_at=Max("import_runs__started_at")
    )
    return render(request, "datasets/list.html", {"datasets": counted.order_by("name")})


@never_cache
@needs("view_dataset")
@require_safe
def dataset_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the exams of a data set and the report of each import."""
    dataset = get_object_or_404(Dataset, pk=pk)
    exams = Exam.objects.visible_to(request.user).filter(dataset=dataset)
    counted = exams.annotate(n_tracings=Count("tracings")).order_by("pk")
    context = {
        "dataset": dataset,
        "pages": Paginator(counted, EXAMS_PER_PAGE).get_page(request.GET.get("page")),
        "runs": _runs(request.user, dataset),
    }
    return render(request, "datasets/detail.html", context)


def _runs(user: User, dataset: Dataset) -> list[ImportRun]:
    if not user.has_perm("annotations.view_importrun"):
        return []
    issues = ImportIssue.objects.order_by("-is_refusal", "pk")
    runs = dataset.import_runs.select_related("started_by").order_by("-started_at", "-pk")
    return list(runs.prefetch_related(Prefetch("issues", queryset=issues))[:RUNS_SHOWN])
