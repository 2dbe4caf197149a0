"""Access to the agreement pages by role and by state of the batch."""

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
from tests.app.agreement_pages.pages import AF, LBBB, MANAGERS, PARTS, addresses

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("person", ["ana", pytest.param("eva", marks=pytest.mark.drill)])
def test_readers_and_people_without_a_role_are_refused(request, signed_in, batch, person, part):
    client = signed_in(request.getfixturevalue(person))
    for address in addresses(batch):
        assert client.get(address + part).status_code == 403


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("person", MANAGERS)
def test_managers_see_every_part(request, signed_in, batch, person, part):
    client = signed_in(request.getfixturevalue(person))
    for address in addresses(batch):
        assert client.get(address + part).status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_a_coordinator_who_reads_in_the_study_sees_no_results(
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


def test_a_study_with_an_open_batch_links_to_its_closed_batches(
    signed_in, davi, batch, make_batch, make_exam, submit
):
    submit(make_batch([make_exam()]).assignments.first(), AF)
    page = signed_in(davi).get(addresses(batch)[1]).content.decode()
    assert "Not visible yet" in page
    assert f'href="/batches/{batch.pk}/agreement/"' in page


def test_opening_a_part_is_recorded_as_results_seen(signed_in, rosa, batch):
    for part in PARTS:
        ResultsSeen.objects.filter(user=rosa).delete()
        signed_in(rosa).get(addresses(batch)[1] + part)
        assert ResultsSeen.objects.filter(user=rosa, batch=batch).exists(), part


@pytest.mark.parametrize("part", PARTS)
def test_researchers_see_no_reader_names(signed_in, rosa, batch, part):
    for address in addresses(batch):
        text = signed_in(rosa).get(address + part).content.decode()
        for name in ("Ana", "Bruno", "Clara"):
            assert name not in text


@pytest.fixture
def live(make_batch, make_exam, submit, ana, bruno, now):
    """An open batch of a study with live results, and its agreement."""
    batch = make_batch([make_exam()], [ana, bruno], name="Live")
    Batch.objects.filter(pk=batch.pk).update(results_open=ResultsOpen.LIVE)
    for assignment in batch.assignments.all():
        submit(assignment, AF if assignment.reader_id == ana.pk else LBBB)
    while refresh.work_next(now=now + timedelta(hours=1)):
        pass
    batch.refresh_from_db()
    return batch


def test_live_results_are_shown_while_the_batch_is_open(signed_in, davi, live):
    for address in addresses(live):
        assert signed_in(davi).get(address).context["lines"]


@pytest.mark.parametrize("query", ["?said=some", "?first=1&second=2&cell=n10"])
def test_single_readings_stay_hidden_until_the_batch_is_closed(signed_in, davi, live, query):
    code = live.assignments.first().exam.code
    for address in addresses(live):
        page = signed_in(davi).get(f"{address}exams/{query}&class={AF}")
        assert page.status_code == 200
        assert page.context["rows"] == []
        assert code not in page.content.decode()


def test_an_exam_of_an_open_batch_is_not_found(signed_in, davi, live):
    code = live.assignments.first().exam.code
    for address in addresses(live):
        assert signed_in(davi).get(f"{address}exams/{code}/").status_code == 404
