"""Data sets: their exams, and the reports of their imports."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count, Max, Prefetch, Q
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
    """Show the exams and import reports of a data set, without exams that the user still reads."""
    dataset = get_object_or_404(Dataset, pk=pk)
    visible = Exam.objects.visible_to(request.user).filter(dataset=dataset)
    exams = visible.not_read_by(request.user)
    n_hidden = visible.count() - exams.count()
    counted = exams.annotate(n_tracings=Count("tracings")).order_by("pk")
    context = {
        "dataset": dataset,
        "pages": Paginator(counted, EXAMS_PER_PAGE).get_page(request.GET.get("page")),
        "n_hidden": n_hidden,
        "runs": _runs(request.user, dataset, refusals_only=n_hidden > 0),
    }
    return render(request, "datasets/detail.html", context)


def _runs(user: User, dataset: Dataset, *, refusals_only: bool) -> list[ImportRun]:
    """Return the latest imports with their first issues; empty if ``user`` may not see them."""
    if not user.has_perm("annotations.view_importrun"):
        return []
    visible_issues = Q(is_refusal=True) if refusals_only else Q()
    issues = ImportIssue.objects.filter(visible_issues).order_by("-is_refusal", "pk")[:ISSUES_SHOWN]
    counted = Q(issues__is_refusal=True) if refusals_only else None
    runs = dataset.import_runs.select_related("started_by").order_by("-started_at", "-pk")
    with_counts = runs.annotate(n_issues=Count("issues", filter=counted))
    first_issues = Prefetch("issues", queryset=issues, to_attr="first_issues")
    return list(with_counts.prefetch_related(first_issues)[:RUNS_SHOWN])
