"""The written report: methods and results in words, to read here and to take along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from django.http import Http404, HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import AgreementReport
from annotations.services.agreement import details, study_facts, versions
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import numbers, page
from annotations.views.agreement.page import AgreementPage
from annotations.views.agreement.subjects import groups
from ecgreview import agreement, report_writing
from ecgreview.report_writing import Document, markdown, pdf
from ecgreview.report_writing.document import Paragraph


@never_cache
@needs("view_agreementreport")
@require_safe
def report(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show the written report, or hand it out as ?format= says: html, md or pdf.

    Raises:
        Http404: there is no report, or no such format.
    """
    found = page.agreement_page(request, pk, slug)
    form = request.GET.get("format", "")
    if not form:
        context = {"document": _document(found, found.report)} if found.report else None
        return page.page(request, found, "report", context)
    if found.report is None or form not in FORMATS:
        raise Http404
    kind, write = FORMATS[form]
    content = write(_document(found, found.report), found.report)
    response = HttpResponse(content, content_type=kind)
    name = f"{slugify(found.title)}-agreement-{found.report.number}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _document(found: AgreementPage, stored: AgreementReport) -> Document:
    names = {code: one.local_name for code, one in found.classes.items()}
    whole = {code: one.local_name for code, one in groups(found.results, found.classes).items()}
    told = report_writing.with_class_names(versions.named(found.results, found.names), names, whole)
    facts = details.facts_of(stored, found.user)
    has_room = report_writing.has_room_for_pairs(told)
    document = report_writing.write(
        told,
        study_facts.localized(facts, stored) if facts else study_facts.of_the_version(stored),
        numbers.wording(),
        pairs=agreement.pair_lines(told) if has_room else (),
        repeats=agreement.repeat_lines(told),
    )
    return document if facts else _without_facts(document)


def _without_facts(document: Document) -> Document:
    """Return ``document`` with a word on why so much of it is left to the author."""
    first, *others = document.sections
    told = Paragraph(
        _(
            "This version has no stored study facts. They are left to fill in. Newer "
            "versions have them."
        ),
        "warning",
    )
    return replace(document, sections=(replace(first, blocks=(told, *first.blocks)), *others))


def _html(document: Document, stored: AgreementReport) -> str:
    return report_writing.html(document)


def _markdown(document: Document, stored: AgreementReport) -> str:
    return markdown(document)


def _pdf(document: Document, stored: AgreementReport) -> bytes:
    return pdf(document, written_at=stored.computed_at)


FORMATS: Mapping[str, tuple[str, Callable[[Document, AgreementReport], str | bytes]]] = {
    "html": ("text/html; charset=utf-8", _html),
    "md": ("text/markdown; charset=utf-8", _markdown),
    "pdf": ("application/pdf", _pdf),
}
