"""The gold set of a study, and how well readers do on it. Hidden from the study's readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotations.models import Assignment, DiagnosticClass, Occurrence, Study, User
from annotations.services.agreement import gold_accuracy
from annotations.services.agreement.gold_accuracy import GoldAnswer, ReaderGold
from annotations.services.assignment import gold_set, reference_file
from annotations.services.blinding import reader_names
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.taxonomy import mappings
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import numbers
from annotations.views.agreement.numbers import Number
from annotations.views.refusals import refusal_as_message, refusal_on_form
from ecgreview.agreement.accuracy.reference import Accuracy

MAX_FILE_BYTES = 2_000_000


class GoldForm(forms.Form):
    """A CSV file of exams with references."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy(
            "Columns exam,codes: an exam's code, and its classes separated by semicolons. Exams "
            "that are already gold exams get the new reference."
        ),
    )

    def clean_file(self) -> bytes:
        """Return the content."""
        file = self.cleaned_data["file"]
        if file.size > MAX_FILE_BYTES:
            raise forms.ValidationError(_("The file is larger than 2 MB. Is it the right one?"))
        content: bytes = file.read()
        return content


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """An answer that differs from the reference; the sets are names of classes."""

    exam: str
    missed: list[str]
    extra: list[str]
    is_readable: bool


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """A gold exam and the names of its classes; a class that is not in force has its code."""

    exam: str
    names: list[str]


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """A reader's row. The numbers are None if nothing can be compared yet."""

    name: str
    gold: ReaderGold
    numbers: list[Number] | None
    wrong: list[AnswerLine]


@never_cache
@needs("add_batch")
@require_http_methods(["GET", "HEAD", "POST"])
def study_gold(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the accuracy of each reader; a POST names gold exams or removes unused ones."""
    study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        if request.method == "POST":
            return render(request, "studies/still_reading.html", {"study": study}, status=403)
        return render(request, "studies/gold.html", {"study": study, "is_hidden": True})
    if request.method == "POST" and request.POST.get("do") == "remove":
        return _remove(request, study)
    form = GoldForm()
    status = 200
    if request.method == "POST":
        form, status = GoldForm(request.POST, request.FILES), 400
        if form.is_valid() and _name(request, study, form):
            return redirect("study-gold", slug=study.slug)
    return _page(request, study, form, status)


def _name(request: SignedInRequest, study: Study, form: GoldForm) -> bool:
    """Add the exams in the file to the gold set; return False if that is refused."""
    with refusal_on_form(form, {}):
        references = reference_file.parse(form.cleaned_data["file"])
        n = gold_set.name(
            study=study, references=references, actor=request.user, now=timezone.now()
        )
        text = ngettext(
            "The study has %(n)d gold exam now.", "The study has %(n)d gold exams now.", n
        )
        messages.success(request, text % {"n": n})
        return True
    return False


def _remove(request: SignedInRequest, study: Study) -> HttpResponse:
    with refusal_as_message(request):
        n = gold_set.remove_unused(study=study, actor=request.user, now=timezone.now())
        text = ngettext("%(n)d gold exam was removed.", "%(n)d gold exams were removed.", n)
        messages.success(request, text % {"n": n})
    return redirect("study-gold", slug=study.slug)


def _page(request: SignedInRequest, study: Study, form: GoldForm, status: int) -> HttpResponse:
    gold_set.record_seen(study=study, user=request.user, now=timezone.now())
    given = Assignment.objects.filter(batch__study=study, occurrence=Occurrence.GOLD)
    n_gold = study.gold_exams.count()
    try:
        readers = reader_lines(study, request.user)
    except mappings.NoMapping:
        readers = None
    context = {
        "study": study,
        "is_hidden": False,
        "form": form,
        "n_gold": n_gold,
        "n_unused": study.gold_exams.exclude(exam__in=given.values("exam")).count(),
        "readers": readers,
        "gold": _references(study),
    }
    return render(request, "studies/gold.html", context, status=status)


def _references(study: Study) -> list[ReferenceLine]:
    classes = {item.code: item.local_name for item in study.taxonomy.classes.all()}
    rows = study.gold_exams.order_by("exam__code").values_list("exam__code", "codes")
    return [
        ReferenceLine(exam, [classes.get(code, code) for code in codes]) for exam, codes in rows
    ]


def reader_lines(study: Study, user: User) -> list[ReaderLine]:
    """Return a row for each reader who was given gold exams.

    Raises:
        mappings.NoMapping: see ``gold_accuracy.of_study``.
    """
    names = reader_names.names_for(user, study)
    classes = {item.code: item for item in study.taxonomy.classes.all()}
    return [
        ReaderLine(
            name=reader_names.with_kind(names.of(gold.reader), gold.reader),
            gold=gold,
            numbers=accuracy_numbers(gold.accuracy),
            wrong=[answer_line(answer, classes) for answer in gold.wrong],
        )
        for gold in gold_accuracy.of_study(study)
        if gold.n_given
    ]


def accuracy_numbers(accuracy: Accuracy | None) -> list[Number] | None:
    """Return the exact share, sensitivity, precision and micro-F1, formatted."""
    if accuracy is None:
        return None
    shares = (accuracy.right, accuracy.sensitivity, accuracy.precision)
    return [
        *(numbers.share(share.to_json()) for share in shares),
        numbers.number(accuracy.f1.to_json()),
    ]


def answer_line(answer: GoldAnswer, classes: Mapping[str, DiagnosticClass]) -> AnswerLine:
    def named(codes: Iterable[str]) -> list[str]:
        ordered = sorted((classes[code] for code in codes), key=lambda item: item.position)
        return [item.local_name for item in ordered]

    return AnswerLine(
        answer.exam.code, named(answer.missed), named(answer.extra), answer.is_readable
    )
