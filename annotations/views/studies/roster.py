"""The roster of a study: add, limit, pause, withdraw and reassign readers."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotations.models import Seat, Study, StudyReader, User
from annotations.services.assignment import reassignment
from annotations.services.blinding import reader_names
from annotations.services.blinding.reader_names import ReaderNames, with_kind
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.refusals import Refusal
from annotations.services.studies import roster
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs, posted
from annotations.views.refusals import refusal_as_message, refusal_on_form
from annotations.views.studies.plan_forms import AddReadersForm, ReasonForm, ReassignForm
from annotations.views.studies.setup import steps

MAX_CAP = 1_000_000


@never_cache
@needs("view_study")
@require_http_methods(["GET", "HEAD", "POST"])
def study_readers(request: SignedInRequest, slug: str) -> HttpResponse:
    """List the readers. A POST adds readers, or limits how many exams each may get."""
    study = lookups.study(request.user, slug)
    may_change = request.user.has_perm("annotations.add_batch") and not study.is_settled
    form = AddReadersForm(study=study)
    status = 200
    if request.method == "POST":
        if not may_change:
            return render(request, "403.html", status=403)
        if request.POST.get("do") == "caps":
            return _set_caps(request, study)
        form = AddReadersForm(request.POST, study=study)
        if form.is_valid() and _join(request, study, form):
            return redirect("study-readers", slug=study.slug)
        status = 400
    return _readers_page(request, study, form, may_change=may_change, status=status)


@never_cache
@needs("add_batch")
@require_http_methods(["GET", "HEAD", "POST"])
def study_reader(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Pause, resume or withdraw a reader; while the study is a draft, remove them."""
    study = lookups.study(request.user, slug)
    line = _line(study, pk)
    form = ReasonForm(posted(request))
    action = ACTIONS.get(request.POST.get("do", ""))
    if action is None or not (action in WITHOUT_REASON or form.is_valid()):
        return _reader_page(request, line, form, ReassignForm(study=study, reader=line.user))
    with refusal_as_message(request):
        messages.success(request, action(study, line.user, _reason(form), request.user))
    return redirect("study-readers", slug=study.slug)


@needs("add_batch")
@require_POST
def study_reassign(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Reassign the waiting exams of a reader to others."""
    study = lookups.study(request.user, slug)
    line = _line(study, pk)
    if is_blinded_to(study, request.user):
        # The number of exams that wait for a colleague would reveal their progress.
        return render(request, "studies/still_reading.html", {"study": study}, status=403)
    form = ReassignForm(request.POST, study=study, reader=line.user)
    if form.is_valid():
        with refusal_on_form(form):
            result = reassignment.reassign(
                study=study, reader=line.user, to=list(form.cleaned_data["to"]),
                actor=request.user, reason=form.cleaned_data["reason"], now=timezone.now(),
                include_started=form.cleaned_data["with_begun"], limit=form.cleaned_data["limit"],
            )  # fmt: skip
            messages.success(request, _reassigned_text(result))
            return redirect("study-readers", slug=study.slug)
    return _reader_page(request, line, ReasonForm(), form)


def _reassigned_text(result: reassignment.Reassignment) -> str:
    text = ngettext(
        "%(n)d exam was reassigned.", "%(n)d exams were reassigned.", result.n_moved
    ) % {"n": result.n_moved}
    if result.n_left:
        not_moved = ngettext(
            "%(n)d was not reassigned: none of these readers can read it.",
            "%(n)d were not reassigned: none of these readers can read them.",
            result.n_left,
        )
        text = f"{text} {not_moved % {'n': result.n_left}}"
    return text


def _line(study: Study, pk: int) -> StudyReader:
    return get_object_or_404(StudyReader.objects.select_related("user"), study=study, user=pk)


def _reader_page(
    request: SignedInRequest, line: StudyReader, form: ReasonForm, reassign: ReassignForm
) -> HttpResponse:
    study = line.study
    is_hidden = is_blinded_to(study, request.user)
    waiting = reassignment.reassignable(study, line.user, include_started=True)
    context = {
        "study": study,
        "line": line,
        "form": form,
        "reassign": reassign,
        "is_self": line.user_id == request.user.pk,
        "is_hidden": is_hidden,
        "n_waiting": 0 if is_hidden or not study.is_open else waiting.count(),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "studies/reader.html", context, status=status)


def _readers_page(
    request: SignedInRequest, study: Study, form: AddReadersForm, *, may_change: bool, status: int
) -> HttpResponse:
    names = reader_names.names_for(request.user, study)
    is_hidden = is_blinded_to(study, request.user)
    context = {
        "study": study,
        "steps": steps(study, "study-readers") if may_change else [],
        "lines": _lines(study, names, is_hidden=is_hidden),
        "form": form,
        "may_change": may_change,
        "is_named": names.are_real,
        # Whether a colleague passed a qualification is hidden like other results.
        "is_hidden": is_hidden,
    }
    return render(request, "studies/readers.html", context, status=status)


def _lines(study: Study, names: ReaderNames, *, is_hidden: bool) -> list[dict[str, object]]:
    """Return the readers in the order in which they joined.

    If results are hidden, so are the numbers of exams, because in a pool they grow as people read.
    """
    seats = Seat.objects.filter(batch__study=study).order_by().values_list("reader")
    n_assigned = {} if is_hidden else dict(seats.annotate(n=Sum("n_assigned", default=0)))
    readers = StudyReader.objects.filter(study=study).select_related("user").order_by("pk")
    return [
        {
            "line": line,
            "name": with_kind(names.of(line.user), line.user),
            "n_assigned": n_assigned.get(line.user_id, 0),
            "is_too_low": line.user.is_person and line.user.level < study.minimum_reader_level,
        }
        for line in readers
    ]


def _join(request: SignedInRequest, study: Study, form: AddReadersForm) -> bool:
    chosen = list(form.cleaned_data["readers"])
    with refusal_on_form(form, {Refusal: "readers"}):
        roster.join(study=study, readers=chosen, actor=request.user, now=timezone.now())
        n = len(chosen)
        added = ngettext("%(n)d reader was added.", "%(n)d readers were added.", n)
        messages.success(request, added % {"n": n})
        return True
    return False


def _set_caps(request: SignedInRequest, study: Study) -> HttpResponse:
    """Store the limits that have changed, and report invalid ones."""
    n_changed = 0
    for line in StudyReader.objects.filter(study=study).select_related("user").order_by("pk"):
        try:
            max_exams = _cap(request.POST, line)
        except ValueError:
            problem = _("%(name)s: enter a whole number, or leave the limit empty.")
            messages.error(request, problem % {"name": line.user})
            continue
        if max_exams != line.max_exams:
            n_changed += 1
            roster.set_cap(
                study=study, user=line.user, max_exams=max_exams, actor=request.user,
                now=timezone.now(),
            )  # fmt: skip
    changed = ngettext("%(n)d limit was changed.", "%(n)d limits were changed.", n_changed)
    messages.success(request, changed % {"n": n_changed})
    return redirect("study-readers", slug=study.slug)


def _cap(posted: QueryDict, line: StudyReader) -> int | None:
    """Return the limit that was entered for a reader; None means no limit.

    A field that is missing from the request keeps the current limit.

    Raises:
        ValueError: the text is not a whole number from 0 to ``MAX_CAP``.
    """
    text = posted.get(f"cap-{line.user_id}")
    if text is None:
        return line.max_exams
    if not text.strip():
        return None
    if not text.strip().isascii() or not 0 <= int(text) <= MAX_CAP:
        raise ValueError(text)
    return int(text)


def _pause(study: Study, user: User, reason: str, actor: User) -> str:
    roster.pause(study=study, user=user, reason=reason, actor=actor, now=timezone.now())
    return _("%(name)s is paused and gets no more exams.") % {"name": user}


def _resume(study: Study, user: User, reason: str, actor: User) -> str:
    roster.resume(study=study, user=user, actor=actor, now=timezone.now())
    return _("%(name)s has resumed reading.") % {"name": user}


def _withdraw(study: Study, user: User, reason: str, actor: User) -> str:
    roster.withdraw(study=study, user=user, reason=reason, actor=actor, now=timezone.now())
    return _("%(name)s has left the study. The readings are kept.") % {"name": user}


def _take_off(study: Study, user: User, reason: str, actor: User) -> str:
    roster.remove(study=study, user=user, actor=actor, now=timezone.now())
    return _("%(name)s was removed from the list.") % {"name": user}


ACTIONS: dict[str, Callable[[Study, User, str, User], str]] = {
    "pause": _pause,
    "resume": _resume,
    "withdraw": _withdraw,
    "take-off": _take_off,
}
WITHOUT_REASON = (_resume, _take_off)


def _reason(form: ReasonForm) -> str:
    return str(form.cleaned_data.get("reason", "")) if form.is_valid() else ""
