"""Batches: creation, progress, closing, and sending disputed exams to adjudication."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import tasks
from annotations.models import (
    AgreementReport,
    Batch,
    Consensus,
    Exam,
    OpenReason,
    Outcome,
    Purpose,
    Slot,
    Study,
    User,
)
from annotations.sentences.refusals import message
from annotations.services.adjudication import sessions
from annotations.services.assignment import batches, plan_preview, reassignment
from annotations.services.blinding import results_seen
from annotations.services.blinding.reader_names import names_in_batch
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.consensus import adjudications, extra_readers
from annotations.services.refusals import NameTaken, Refusal
from annotations.services.studies import roster
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.batches.completion_matrix import matrix
from annotations.views.batches.forms import (
    AdjudicationForm,
    BatchForm,
    DueForm,
    ExtraReadersForm,
    SessionForm,
)
from annotations.views.refusals import refusal_as_message, refusal_on_form
from annotations.views.studies.plan_preview import balance_lines
from ecgreview.consensus import RULES
from ecgreview.design import SECONDS_PER_READING, DesignRefused

# Refusals that are shown as errors of the form field ``readers``.
READER_REFUSALS: tuple[type[Exception], ...] = (
    adjudications.AlreadyRead,
    sessions.NotACommittee,
    adjudications.AlreadySent,
    roster.KnowsResults,
    roster.NotAReader,
    batches.TooManyReadings,
    extra_readers.ExtraReadersMissing,
    reassignment.Paused,
    roster.LevelTooLow,
    roster.HasLeft,
)
EXTRA_READER_REFUSALS: tuple[type[Exception], ...] = (*READER_REFUSALS, DesignRefused)


@needs("add_batch")
@require_http_methods(["GET", "HEAD", "POST"])
def batch_new(request: SignedInRequest, slug: str) -> HttpResponse:
    """Choose exams and readers. Nothing is stored until the summary is confirmed."""
    study = lookups.study(request.user, slug)
    if request.method != "POST":
        codes = _short_exams(request.user, study, request.GET.get("lacking", ""))
        return _batch_form(request, study, BatchForm(study=study, initial={"codes": codes}), 200)
    form = BatchForm(request.POST, study=study)
    if not form.is_valid():
        return _batch_form(request, study, form, 400)
    if request.POST.get("step") != "create":
        context = {"study": study, "form": form, **_summary(form.cleaned_data)}
        return render(request, "batches/preview.html", context)
    return _create(request, study, form)


@never_cache
@needs("view_batch")
@require_safe
def batch_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the completion matrix, unless it is hidden from the user."""
    batch = lookups.batch(request.user, pk)
    return _batch_page(request, batch, AdjudicationForm())


@needs("close_batch")
@require_POST
def batch_close(request: SignedInRequest, pk: int) -> HttpResponse:
    """Close a batch, and start computing agreement and consensus."""
    batch = lookups.batch(request.user, pk)
    with refusal_as_message(request):
        batches.close(batch_id=batch.pk, closed_by=request.user, now=timezone.now())
        tasks.nudge(tasks.refresh_agreement)
        tasks.nudge(tasks.compute_consensus)
        messages.success(
            request, _("The batch is closed. Agreement and consensus are being computed.")
        )
        return redirect("batch", pk=batch.pk)
    return _batch_page(request, batch, AdjudicationForm(), status=409)


@needs("add_batch")
@require_POST
def batch_adjudicate(request: SignedInRequest, pk: int) -> HttpResponse:
    """Create an adjudication batch from the disputed exams of a closed batch."""
    batch = lookups.batch(request.user, pk)
    if is_blinded_to(batch.study, request.user):
        # Even whether there are disputed exams would reveal what other readers found.
        return render(request, "studies/still_reading.html", {"study": batch.study}, status=403)
    form = AdjudicationForm(request.POST)
    if not form.is_valid():
        return _batch_page(request, batch, form, status=400)
    try:
        adjudication = adjudications.send_disputed(
            batch_id=batch.pk,
            readers=list(form.cleaned_data["readers"]),
            created_by=request.user,
            now=timezone.now(),
            is_committee=form.cleaned_data["is_committee"],
            has_audit_form=form.cleaned_data["has_audit_form"],
        )
    except READER_REFUSALS as refusal:
        form.add_error("readers", message(refusal))
        return _batch_page(request, batch, form, status=400)
    except NameTaken:
        # The user did not choose the name, so the usual message about names would be confusing.
        messages.error(
            request, _("The exams in dispute of this batch have already been sent to adjudication.")
        )
        return _batch_page(request, batch, form, status=409)
    except Refusal as refusal:
        messages.error(request, message(refusal))
        return _batch_page(request, batch, form, status=409)
    messages.success(request, _("The exams in dispute were sent to the adjudicators."))
    return redirect("batch", pk=adjudication.pk)


@needs("add_batch")
@require_POST
def batch_extra(request: SignedInRequest, pk: int) -> HttpResponse:
    """Divide the disputed exams of a closed batch among extra readers."""
    batch = lookups.batch(request.user, pk)
    if is_blinded_to(batch.study, request.user):
        # Even whether there are disputed exams would reveal what other readers found.
        return render(request, "studies/still_reading.html", {"study": batch.study}, status=403)
    form = ExtraReadersForm(request.POST)
    if not form.is_valid():
        return _batch_page(request, batch, AdjudicationForm(), extra_form=form, status=400)
    try:
        sent = extra_readers.ask(
            batch_id=batch.pk,
            readers=list(form.cleaned_data["readers"]),
            created_by=request.user,
            now=timezone.now(),
            readers_per_exam=form.cleaned_data["readers_per_exam"],
        )
    except EXTRA_READER_REFUSALS as refusal:
        form.add_error("readers", message(refusal))
        return _batch_page(request, batch, AdjudicationForm(), extra_form=form, status=400)
    except NameTaken:
        # The user did not choose the name, so the usual message about names would be confusing.
        messages.error(
            request, _("Extra readers were already asked about the exams in dispute of this batch.")
        )
        return _batch_page(request, batch, AdjudicationForm(), status=409)
    except Refusal as refusal:
        messages.error(request, message(refusal))
        return _batch_page(request, batch, AdjudicationForm(), status=409)
    messages.success(request, _("The exams in dispute were sent to the extra readers."))
    return redirect("batch", pk=sent.pk)


def _batch_page(
    request: SignedInRequest,
    batch: Batch,
    form: AdjudicationForm,
    extra_form: ExtraReadersForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "batch": batch,
        "study": batch.study,
        "form": form,
        "adjudicators_do": RULES[batch.study.consensus_rule].adjudication.value,
    }
    context["is_hidden"] = is_blinded_to(batch.study, request.user)
    context["due_form"] = DueForm(initial={"due_on": batch.due_on})
    if not batch.is_released:
        if not context["is_hidden"]:
            report = plan_preview.balance_report(batch)
            context["balance"] = balance_lines(report, names_in_batch(batch, request.user))
            context["report"] = report.own
        return render(request, "batches/planned.html", context, status=status)
    if not context["is_hidden"]:
        opened = Batch.objects.filter(pk=batch.pk).with_open_results()
        results_seen.results(batches=opened, user=request.user, now=timezone.now())
        context |= {
            "matrix": matrix(batch, request.user, request.GET.get("page")),
            "agreement": AgreementReport.objects.visible_to(request.user).filter(batch=batch),
            **_unresolved_counts(request.user, batch),
            **_derived(request.user, batch),
        }
        if _takes_extra_readers(batch) and context["n_disputed"] and not context["extra"]:
            context["extra_form"] = extra_form or ExtraReadersForm()
            context["extra_form"].offer(batch.study, _disputed_ids(request.user, batch))
        if batch.is_committee:
            context["standing"] = sessions.standing(batch)
            context["session_form"] = SessionForm(batch=batch)
    return render(request, "batches/detail.html", context, status=status)


def _unresolved_counts(user: User, batch: Batch) -> dict[str, int]:
    """Return how many exams are disputed, lack readings, or wait for a rereading.

    Exams without tracings are left out, because nobody can read them.
    """
    return _consensus_of(user, batch).aggregate(
        n_disputed=Count("pk", filter=Q(outcome=Outcome.DISPUTED)),
        n_short=Count("pk", filter=Q(reason=OpenReason.READINGS_MISSING)),
        n_reread=Count("pk", filter=Q(reason=OpenReason.REREAD_PENDING)),
    )


def _consensus_of(user: User, batch: Batch) -> QuerySet[Consensus]:
    assigned = Exam.objects.filter(assignments__batch=batch)
    pooled = Exam.objects.filter(pk__in=Slot.objects.filter(batch=batch).values("exam"))
    exams = Exam.objects.filter(Q(pk__in=assigned) | Q(pk__in=pooled)).with_tracings()
    return Consensus.objects.visible_to(user).filter(study=batch.study, exam__in=exams)


def _short_exams(user: User, study: Study, batch_id: str) -> str:
    """Return the codes of a batch's exams that lack readings; empty if results are hidden."""
    batch = study.batches.filter(pk=int(batch_id)).first() if batch_id.isdecimal() else None
    if batch is None or is_blinded_to(study, user):
        return ""
    lacking = _consensus_of(user, batch).filter(reason=OpenReason.READINGS_MISSING)
    return " ".join(lacking.order_by("exam__code").values_list("exam__code", flat=True))


def _derived(user: User, batch: Batch) -> dict[str, Batch | None]:
    """Return the batches to which exams of ``batch`` were sent; None if there is none yet."""
    names = {
        "adjudication": adjudications.adjudication_name(batch),
        "extra": extra_readers.extra_name(batch),
    }
    visible = Batch.objects.visible_to(user).filter(study=batch.study, name__in=names.values())
    by_name = {derived.name: derived for derived in visible}
    return {key: by_name.get(name) for key, name in names.items()}


def _takes_extra_readers(batch: Batch) -> bool:
    is_possible = RULES[batch.study.consensus_rule].takes_extra_readers
    return is_possible and batch.study.is_open and batch.purpose != Purpose.ADJUDICATION


def _disputed_ids(user: User, batch: Batch) -> set[int]:
    disputed = _consensus_of(user, batch).filter(outcome=Outcome.DISPUTED)
    return set(disputed.values_list("exam", flat=True))


def _batch_form(
    request: SignedInRequest, study: Study, form: BatchForm, status: int
) -> HttpResponse:
    context = {"study": study, "form": form, "has_exams": Exam.objects.exists()}
    return render(request, "batches/new.html", context, status=status)


def _create(request: SignedInRequest, study: Study, form: BatchForm) -> HttpResponse:
    cleaned = form.cleaned_data
    fields: dict[type[Exception], str] = dict.fromkeys(READER_REFUSALS, "readers")
    fields[NameTaken] = "name"
    with refusal_on_form(form, fields):
        batch = batches.create(
            study=study,
            name=cleaned["name"],
            exams=cleaned["exams"],
            readers=list(cleaned["readers"]),
            created_by=request.user,
            now=timezone.now(),
        )
        messages.success(request, _("The batch is open. Readers find it on their worklists."))
        return redirect("batch", pk=batch.pk)
    return _batch_form(request, study, form, 400)


def _summary(cleaned: dict[str, Any]) -> dict[str, object]:
    """Return the exams, readers, counts and estimated reading time of the new batch."""
    exams, readers = cleaned["exams"], list(cleaned["readers"])
    patients = Counter(exam.patient_id for exam in exams if exam.patient_id)
    return {
        "exams": exams,
        "readers": readers,
        "codes": " ".join(exam.code for exam in exams),
        "n_readings": len(exams) * len(readers),
        "minutes_each": round(len(exams) * SECONDS_PER_READING / 60),
        "minutes_all": round(len(exams) * len(readers) * SECONDS_PER_READING / 60),
        "n_same_patient": sum(count for count in patients.values() if count > 1),
        "seconds": round(SECONDS_PER_READING),
    }
