"""Who sees the pages of agreement, and of which batches."""

from __future__ import annotations

from datetime import timedelta

import pytest

from annotations.models import (
    Batch,
    ResultsOpen,
    ResultsSeen,
    Role,
)
from annotations.services.agreement import refresh
from annotations.services.people import roles
from tests.app.agreement_pages.pages import AF, LBBB, PARTS, addresses

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("person", ["ana", "eva"])
def test_who_has_no_permission_is_refused(request, signed_in, batch, person, part):
    client = signed_in(request.getfixturevalue(person))
    for address in addresses(batch):
        assert client.get(address + part).status_code == 403


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("person", ["davi", "rosa", "otto"])
def test_who_looks_at_results_sees_every_part(request, signed_in, batch, person, part):
    client = signed_in(request.getfixturevalue(person))
    for address in addresses(batch):
        assert client.get(address + part).status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_a_coordinator_who_reads_in_the_study_is_shown_no_number(
    signed_in, davi, batch, make_batch, make_exam, part
):
    roles.give(davi, [Role.COORDINATOR, Role.READER])
    make_batch([make_exam()], [davi])
    for address in addresses(batch):
        page = signed_in(davi).get(address + part)
        if "file" in part:
            assert page.status_code == 404
        else:
            assert "Hidden while you read in this study." in page.content.decode()
            assert "Atrial fibrillation" not in page.content.decode()


def test_a_study_with_an_open_batch_shows_those_of_its_batches_that_are_closed(
    signed_in, davi, batch, make_batch, make_exam, submit
):
    submit(make_batch([make_exam()]).assignments.first(), AF)
    page = signed_in(davi).get(addresses(batch)[1]).content.decode()
    assert "Not visible yet" in page
    assert f'href="/batches/{batch.pk}/agreement/"' in page


def test_whoever_is_shown_a_part_is_noted(signed_in, rosa, batch):
    for part in PARTS:
        ResultsSeen.objects.filter(user=rosa).delete()
        signed_in(rosa).get(addresses(batch)[1] + part)
        assert ResultsSeen.objects.filter(user=rosa, batch=batch).exists(), part


@pytest.mark.parametrize("part", PARTS)
def test_researchers_are_told_no_name_of_a_reader(signed_in, rosa, batch, part):
    for address in addresses(batch):
        told = signed_in(rosa).get(address + part).content.decode()
        for name in ("Ana", "Bruno", "Clara"):
            assert name not in told


@pytest.fixture
def live(make_batch, make_exam, submit, ana, bruno, now):
    """An open batch whose agreement is shown at once, and that of its study."""
    made = make_batch([make_exam()], [ana, bruno], name="Live")
    Batch.objects.filter(pk=made.pk).update(results_open=ResultsOpen.LIVE)
    for assignment in made.assignments.all():
        submit(assignment, AF if assignment.reader_id == ana.pk else LBBB)
    while refresh.work_next(now=now + timedelta(hours=1)):
        pass
    made.refresh_from_db()
    return made


def test_the_agreement_of_an_open_batch_may_be_shown_at_once(signed_in, davi, live):
    for address in addresses(live):
        assert signed_in(davi).get(address).context["lines"]


@pytest.mark.parametrize("query", ["?said=some", "?first=1&second=2&cell=n10"])
def test_who_said_what_of_an_exam_waits_until_its_batch_is_closed(signed_in, davi, live, query):
    code = live.assignments.first().exam.code
    for address in addresses(live):
        page = signed_in(davi).get(f"{address}exams/{query}&class={AF}")
        assert page.status_code == 200
        assert page.context["rows"] == []
        assert code not in page.content.decode()


def test_an_exam_of_an_open_batch_is_not_found_behind_its_agreement(signed_in, davi, live):
    code = live.assignments.first().exam.code
    for address in addresses(live):
        assert signed_in(davi).get(f"{address}exams/{code}/").status_code == 404
