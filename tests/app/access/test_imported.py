"""A study whose readings were made elsewhere: nobody to sign in, nothing to look at on a sheet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annotations.models import Study
from tests.app.access.imports import bring_in
from tests.app.access.table import ADDRESSES, MANAGERS
from tests.app.conftest import NOW
from tests.sizes import size

pytestmark = pytest.mark.django_db

GETS = {name: methods["GET"] for name, methods in ADDRESSES.items() if "GET" in methods}


@pytest.fixture(scope="module")
def brought_in(module_db, prepared, tmp_path_factory):
    """The key of a study whose two readers were imported, made once for all tests."""
    with module_db():
        return bring_in(tmp_path_factory.mktemp("published"), NOW).pk


@pytest.fixture
def imported(world, brought_in):
    """The same world, whose addresses lead into the imported study."""
    batch = Study.objects.get(pk=brought_in).batches.get()
    assignment = batch.assignments.order_by("position")[0]
    people = {**world.people, "ana": assignment.reader}  # whose page "study-reader" is
    reading = assignment.readings.get()
    return replace(world, people=people, batch=batch, assignment=assignment, reading=reading)


def statuses(world, role):
    client = world.client(role)
    return {
        name: client.get(world.address(name) + cell.query).status_code
        for name, cell in GETS.items()
    }


def expected(role):
    return {name: cell.statuses[role] for name, cell in GETS.items()}


def test_every_page_of_it_opens_as_of_any_other(imported):
    # The batch is closed, so its readings are seen; there is no tracing to be had.
    differing = {"api-reading": 200, "api-tracing": 404, "batch-agreement-file": 200}
    for role in size(MANAGERS[:1], MANAGERS):
        assert (role, statuses(imported, role)) == (role, {**expected(role), **differing})


def test_nobody_who_reads_is_told_more_of_it_than_of_any_other(imported):
    # Bruno's own reading is not the one of the address any more.
    for role in ("anonymous", "eva", "bruno", "clara"):
        differing = {"api-reading": 401 if role == "anonymous" else 404}
        assert (role, statuses(imported, role)) == (role, {**expected(role), **differing})


class TestNobodyReadsWhatHasNoTracing:
    def test_its_disputed_exams_are_not_offered_to_adjudicators(self, imported):
        page = imported.client("davi").get(imported.address("batch")).content.decode()
        assert imported.batch.study.consensus.filter(outcome="disputed").exists()
        assert "in dispute" not in page

    def test_adjudicators_are_not_sent_its_exams(self, imported):
        client, address = imported.client("davi"), imported.address("batch-adjudicate")
        answer = client.post(
            address, {"readers": [imported.people["clara"].pk]}, format="multipart"
        )
        assert answer.status_code == 409
        assert "have no tracings, so nobody can read them" in answer.content.decode()

    def test_a_batch_of_its_exams_is_refused(self, imported, study):
        answer = imported.client("davi").post(
            f"/api/studies/{study.slug}/batches/",
            {"name": "More", "exams": [imported.assignment.exam.code], "readers": ["bruno"]},
            format="json",
        )
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("no-tracings")

    @pytest.mark.parametrize("name", ["batch-new", "study-exams"])
    def test_its_data_set_is_not_offered(self, imported, world, name):
        page = imported.client("davi").get(world.address(name)).content.decode()
        assert "Ward 3" in page
        assert "Exams without tracings" not in page
