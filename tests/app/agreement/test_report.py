"""The written report of a study: page and downloads."""

from __future__ import annotations

import re

import pytest

from annotations.models import AgreementReport, ResultsSeen
from annotations.services.agreement import details, refresh, study_facts
from ecgreview.report_writing import Spread
from tests.app.kept import kept

AF = "atrial_fibrillation"


@kept
def address(make_batch, make_exam, submit, close, ana, bruno, now):
    """Address of the report of a closed batch that Ana and Bruno read."""
    exams = [make_exam(age_years=age) for age in (40.0, 60.0, 80.0)]
    batch = make_batch(exams, [ana, bruno], "Read")
    for place, assignment in enumerate(batch.assignments.select_related("reader")):
        submit(assignment, AF if place % 3 else "sinus_bradycardia")
    close(batch)
    refresh.refresh(batch=batch, now=now)
    refresh.refresh_study(study=batch.study, now=now)
    return f"/batches/{batch.pk}/agreement/report/"


@pytest.fixture
def as_davi(davi, signed_in):
    return signed_in(davi)


def test_the_page_has_methods_and_results(as_davi, address):
    page = as_davi.get(address)
    assert page.status_code == 200
    titles = [section.title for section in page.context["document"].sections]
    assert len(titles) > 5
    assert "GRRAS" in page.content.decode()


@pytest.mark.parametrize(
    ("extension", "content_type", "start"),
    [
        ("pdf", "application/pdf", b"%PDF-"),
        ("html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("md", "text/markdown; charset=utf-8", b"# "),
    ],
)
def test_the_report_can_be_downloaded(as_davi, address, extension, content_type, start):
    response = as_davi.get(address, {"format": extension})
    assert (response.status_code, response["Content-Type"]) == (200, content_type)
    assert response["Content-Disposition"] == f'attachment; filename="read-agreement-1.{extension}"'
    assert response.content.startswith(start)


def test_downloading_twice_gives_identical_files(as_davi, address):
    first, second = (as_davi.get(address, {"format": "pdf"}).content for _ in range(2))
    assert first == second


def test_an_unknown_format_is_not_found(as_davi, address):
    assert as_davi.get(address, {"format": "docx"}).status_code == 404


def test_numbers_equal_those_of_the_stored_report(as_davi, address):
    text = as_davi.get(address, {"format": "md"}).content.decode()
    report = AgreementReport.objects.get(batch__isnull=False)
    (of_class,) = [line for line in report.results["classes"] if line["class"] == AF]
    assert f"{of_class['positive_agreement']['estimate']:.3f}" in text
    assert f"{of_class['positive_agreement']['low']:.3f}" in text
    assert report.inputs_digest in text


def test_the_report_is_translated_to_portuguese(as_davi, address):
    as_davi.post("/language/", {"language": "pt-br"})
    text = as_davi.get(address, {"format": "md"}).content.decode()
    assert re.search(r"\d,\d{3}", text)


def test_study_facts_match_the_rows(address, study, davi):
    report = AgreementReport.objects.select_related("study", "batch", "taxonomy").get(
        batch__isnull=False
    )
    stored = details.facts_of(report, davi)
    assert stored
    facts = study_facts.localized(stored, report)
    assert facts.exams.n == 3
    assert facts.exams.age_years == Spread(50.0, 60.0, 70.0, 3)
    assert (facts.counts.assigned, facts.counts.read, facts.counts.corrected) == (6, 6, 0)
    assert facts.readers.n == 2
    assert facts.provenance.digest == report.inputs_digest
    assert facts.design.readers_per_exam == study.readers_per_exam


def test_a_study_has_a_report_too(as_davi, address, study):
    page = as_davi.get(f"/studies/{study.slug}/agreement/report/")
    assert page.status_code == 200
    assert page.context["document"].title


def test_downloading_the_report_is_recorded_as_results_seen(as_davi, address, davi):
    as_davi.get(address, {"format": "md"})
    assert ResultsSeen.objects.filter(user=davi).exists()


def test_readers_of_the_study_are_refused(ana, address, signed_in):
    assert signed_in(ana).get(address, {"format": "pdf"}).status_code == 403


def test_without_a_report_a_download_is_not_found(as_davi, make_batch):
    batch = make_batch()
    place = f"/batches/{batch.pk}/agreement/report/"
    assert as_davi.get(place).status_code == 200
    assert as_davi.get(place, {"format": "pdf"}).status_code == 404
