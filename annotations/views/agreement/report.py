"""The written report (methods and results), on the page and as a download."""

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
    """Show the written report, or download it as ``?format=`` html, md or pdf.

    Raises:
        Http404: there is no report, or no such format.
    """
    dashboard = page.agreement_page(request, pk, slug)
    form = request.GET.get("format", "")
    if not form:
        context = {"document": _document(dashboard, dashboard.report)} if dashboard.report else None
        return page.page(request, dashboard, "report", context)
    if dashboard.report is None or form not in FORMATS:
        raise Http404
    kind, write = FORMATS[form]
    content = write(_document(dashboard, dashboard.report), dashboard.report)
    response = HttpResponse(content, content_type=kind)
    name = f"{slugify(dashboard.title)}-agreement-{dashboard.report.number}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _document(dashboard: AgreementPage, stored: AgreementReport) -> Document:
    names = {code: subject.local_name for code, subject in dashboard.classes.items()}
    group_names = {
        code: subject.local_name
        for code, subject in groups(dashboard.results, dashboard.classes).items()
    }
    results = report_writing.with_class_names(
        versions.named(dashboard.results, dashboard.names), names, group_names
    )
    facts = details.facts_of(stored, dashboard.user)
    has_room = report_writing.has_room_for_pairs(results)
    document = report_writing.write(
        results,
        study_facts.localized(facts, stored) if facts else study_facts.of_report(stored),
        numbers.wording(),
        pairs=agreement.pair_lines(results) if has_room else (),
        repeats=agreement.repeat_lines(results),
    )
    return document if facts else _without_facts(document)


def _without_facts(document: Document) -> Document:
    """Return ``document`` with a note that the facts about the study must be filled in by hand."""
    first, *others = document.sections
    note = Paragraph(
        _(
            "This version has no stored study facts, so they are left for you to fill in. Newer "
            "versions have them."
        ),
        "warning",
    )
    return replace(document, sections=(replace(first, blocks=(note, *first.blocks)), *others))


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
