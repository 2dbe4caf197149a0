"""Studies: list, creation, overview and consensus."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Aggregate, Count, Max, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotations.models import (
    Batch,
    Consensus,
    ConsensusLabel,
    Outcome,
    Study,
    StudyReaderStatus,
    Taxonomy,
    User,
)
from annotations.services.adjudication import history
from annotations.services.assignment import plans
from annotations.services.blinding import results_seen, rules
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.studies import lifecycle, protocols
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.batches import consensus_text, signal_text
from annotations.views.studies import protocol_text
from annotations.views.studies.forms import StudyForm
from annotations.views.studies.setup import protocol_problems_on_form
from ecgreview import protocol

EXAMS_PER_PAGE = 50


@never_cache
@needs("view_study")
@require_safe
def study_list(request: SignedInRequest) -> HttpResponse:
    """List the studies, newest first."""
    visible = Study.objects.visible_to(request.user)
    counted = visible.annotate(
        n_batches=Coalesce(_of_batches(Count("pk")), 0),
        last_batch_at=_of_batches(Max("created_at")),
    )
    # One query counts the exams of all studies; a subquery per study would be slower.
    grouped = Batch.objects.filter(study__in=visible).values("study")
    n_exams = dict(
        grouped.annotate(n=Count("assignments__exam", distinct=True)).values_list("study", "n")
    )
    listed = list(counted.order_by("-created_at", "-pk"))
    for study in listed:
        study.n_exams = n_exams.get(study.pk, 0)  # type: ignore[attr-defined]
    return render(request, "studies/list.html", {"studies": listed})


@needs("add_study")
@require_http_methods(["GET", "HEAD", "POST"])
def study_new(request: SignedInRequest) -> HttpResponse:
    """Create a study with the newest taxonomy."""
    taxonomy = Taxonomy.objects.all().newest_first().first()
    form = StudyForm(request.POST or None)
    if taxonomy and request.method == "POST" and form.is_valid():
        with protocol_problems_on_form(form):
            new_protocol = protocol.parse({**form.settings(), "taxonomy": str(taxonomy)})
            study = _create(request.user, new_protocol, is_open=form.cleaned_data["open_now"])
            return redirect("study", slug=study.slug)
    status = 400 if request.method == "POST" else 200
    context = {"form": form, "taxonomy": taxonomy}
    return render(request, "studies/new.html", context, status=status)


@never_cache
@needs("view_study")
@require_safe
def study_detail(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the rules and batches of a study. Its readers do not see the progress."""
    study = lookups.study(request.user, slug)
    is_hidden = is_blinded_to(study, request.user)
    batches = Batch.objects.visible_to(request.user).filter(study=study)
    listed = batches if is_hidden else batches.with_progress()
    visible = Consensus.objects.visible_to(request.user).filter(study=study)
    outcomes = consensus_text.tallies(visible, study.consensus_rule)
    if outcomes:
        results_seen.results_of_study(study=study, user=request.user, now=timezone.now())
    context = {
        "study": study,
        "batches": listed.order_by("-created_at", "-pk"),
        "is_hidden": is_hidden,
        "outcomes": outcomes,
        "has_closed_batch": study.batches.closed().exists(),
        "lines": [line for line in _rules(study) if line.key not in LEFT_OUT],
        "n_readers": study.readers.exclude(status=StudyReaderStatus.WITHDRAWN).count(),
        "n_pool": study.pool.count(),
        "n_left": plans.unassigned(study).count(),
        "n_open": study.batches.open().count(),
        "may_break_glass": request.user.has_perm("annotations.break_glass")
        and rules.reads_in(study, request.user),
        "today": timezone.now().date(),
    }
    return render(request, "studies/detail.html", context)


@never_cache
@needs("view_consensus")
@require_safe
def study_consensus(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the consensus exam by exam, as far as it is visible to the user."""
    study = lookups.study(request.user, slug)
    visible = Consensus.objects.visible_to(request.user).filter(study=study)
    outcomes = consensus_text.tallies(visible, study.consensus_rule)
    if outcomes:
        results_seen.results_of_study(study=study, user=request.user, now=timezone.now())
    requested = request.GET.get("outcome", "")
    selected = requested if requested in Outcome.values else ""
    shows_signal = request.GET.get("show") == "signal"
    listed = visible.filter(outcome=selected) if selected else visible
    labels = ConsensusLabel.objects.select_related("diagnostic_class").order_by(
        "diagnostic_class__position"
    )
    rows = listed.select_related("exam").prefetch_related(Prefetch("labels", labels))
    pages = Paginator(rows.order_by("exam__code"), EXAMS_PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "study": study,
        "is_hidden": is_blinded_to(study, request.user),
        "is_due": study.batches.filter(consensus_is_due=True).exists(),
        "outcomes": outcomes,
        "selected": selected,
        "n_all": sum(outcome.n for outcome in outcomes),
        "pages": page,
        "lines": consensus_text.exam_lines(
            page.object_list,
            history.of_exams(study, [row.exam_id for row in page.object_list]),
        ),
        "of_signal": signal_text.agreement(visible) if shows_signal else None,
    }
    return render(request, "studies/consensus.html", context)


# The overview omits these rules; the protocol page shows all.
LEFT_OUT = frozenset({"name", "frequent_classes", "order_seed_sha256"})


def _rules(study: Study) -> list[protocol_text.Line]:
    return protocol_text.lines(protocol.as_document(protocols.protocol_of(study)))


@transaction.atomic
def _create(user: User, new_protocol: protocol.Protocol, *, is_open: bool) -> Study:
    """Create a study, and open it immediately if ``is_open``."""
    study = lifecycle.create(protocol=new_protocol, created_by=user, now=timezone.now())
    if is_open:
        return lifecycle.open_study(study_id=study.pk, actor=user, now=timezone.now())
    return study


def _of_batches(aggregate: Aggregate) -> Subquery:
    """Return a subquery that aggregates the batches of each study.

    It is evaluated once per study; a join with the batches would evaluate it once per batch.
    """
    batches = Batch.objects.filter(study=OuterRef("pk")).order_by().values("study")
    return Subquery(batches.annotate(aggregate=aggregate).values("aggregate"))
