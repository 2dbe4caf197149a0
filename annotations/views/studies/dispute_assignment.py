"""Send exams of the dispute queue to adjudicators."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotations.dispute_filter import FIELDS, DisputeFilterForm
from annotations.models import (
    Consensus,
    Exam,
    Purpose,
    Role,
    Study,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.consensus import adjudications, disputes
from annotations.services.consensus.adjudications import Distribution
from annotations.services.refusals import NameTaken
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.batches.pages import READER_REFUSALS
from annotations.views.people.choices import people_with_role
from annotations.views.refusals import refusal_on_form
from annotations.views.studies.disputes import kept_query, visible_rows

ALL = "all"  # any other value: the exams that were selected one by one

# Fields of the queue page that the assignment form passes on.
KEPT = ("scope", "exam", *FIELDS)


class AssignmentForm(forms.Form):
    """Who adjudicates the chosen exams, and how they are distributed."""

    name = forms.CharField(label=gettext_lazy("Name of the batch"), max_length=120)
    readers = forms.MultipleChoiceField(
        label=gettext_lazy("Adjudicators"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one adjudicator.")},
    )
    distribution = forms.ChoiceField(
        label=gettext_lazy("Distribution"),
        widget=forms.RadioSelect,
        initial=Distribution.DIVIDED,
        choices=[
            (Distribution.DIVIDED, gettext_lazy("One adjudicator per exam, divided evenly")),
            (Distribution.ALL, gettext_lazy("Every adjudicator reads every exam")),
        ],
    )


@never_cache
@needs("add_batch")
@require_http_methods(["GET", "HEAD", "POST"])
def study_disputes_assign(request: SignedInRequest, slug: str) -> HttpResponse:
    """Choose adjudicators for the selected exams, or for all that match the filter."""
    study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        return render(request, "studies/still_reading.html", {"study": study}, status=403)
    query = request.POST if request.method == "POST" else request.GET
    rows = _chosen(request.user, study, query)
    exams = list(disputes.sendable(rows))
    people = _adjudicators(study, exams)
    posted = request.POST if request.method == "POST" else None
    form = AssignmentForm(posted, initial={"name": _free_name(study)})
    form.fields["readers"].choices = [  # type: ignore[attr-defined]
        (person.pk, _offer(person, n_may, len(exams))) for person, n_may in people.items() if n_may
    ]
    if form.is_valid():
        readers = [person for person in people if str(person.pk) in form.cleaned_data["readers"]]
        fields: dict[type[Exception], str] = dict.fromkeys(READER_REFUSALS, "readers")
        with refusal_on_form(form, {**fields, NameTaken: "name"}):
            batch = adjudications.send(
                study=study,
                exams=exams,
                readers=readers,
                name=form.cleaned_data["name"],
                created_by=request.user,
                now=timezone.now(),
                distribution=Distribution(form.cleaned_data["distribution"]),
            )
            messages.success(request, _sent(len(exams)))
            return redirect("batch", pk=batch.pk)
    n_chosen = rows.count()
    context = {
        "study": study,
        "form": form,
        "n_exams": len(exams),
        "n_left_out": n_chosen - len(exams),
        "n_blocked": sum(not n_may for n_may in people.values()),
        "kept": [(name, value) for name in KEPT for value in query.getlist(name) if value],
        "back": kept_query(query),
    }
    status = 400 if form.errors else 200
    return render(request, "studies/assign_disputes.html", context, status=status)


def _chosen(user: User, study: Study, query: QueryDict) -> QuerySet[Consensus]:
    """Return the exams that the user selected, or all that match the filter."""
    rows = visible_rows(user, study)
    if rows is None:
        return Consensus.objects.none()
    if query.get("scope") != ALL:
        return rows.filter(exam__code__in=query.getlist("exam"))
    form = DisputeFilterForm(query.dict(), study=study)
    return disputes.select(rows, study, form.selection()) if form.is_valid() else rows.none()


def _adjudicators(study: Study, exams: list[Exam]) -> dict[User, int]:
    """Return the adjudicators of the study, and how many of ``exams`` each may read."""
    withdrawn = StudyReader.objects.filter(study=study, status=StudyReaderStatus.WITHDRAWN)
    able = people_with_role(Role.ADJUDICATOR).filter(level__gte=study.minimum_reader_level)
    people = list(able.exclude(pk__in=withdrawn.values("user")))
    exam_ids = {exam.pk for exam in exams}
    n_blocked = dict.fromkeys((person.pk for person in people), 0)
    for reader_id, _exam in adjudications.not_for(study, people, exam_ids):
        if reader_id in n_blocked:
            n_blocked[reader_id] += 1
    return {person: len(exam_ids) - n_blocked[person.pk] for person in people}


def _offer(person: User, n_may: int, n_exams: int) -> str:
    if n_may == n_exams:
        return str(person)
    return _("%(name)s (may read %(n)s of %(total)s)") % {
        "name": person,
        "n": n_may,
        "total": n_exams,
    }


def _free_name(study: Study) -> str:
    """Return a name for the batch that no batch of the study has."""
    taken = set(study.batches.values_list("name", flat=True))
    n = study.batches.filter(purpose=Purpose.ADJUDICATION).count() + 1
    while (name := _("Adjudication %(n)s") % {"n": n}) in taken:
        n += 1
    return name


def _sent(n_exams: int) -> str:
    return ngettext(
        "%(n)s exam was sent to the adjudicators.",
        "%(n)s exams were sent to the adjudicators.",
        n_exams,
    ) % {"n": n_exams}
