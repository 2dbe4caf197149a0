"""An imported study: its readers have no accounts and its exams no tracings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annotations.models import Study
from tests.app.access.imports import import_study
from tests.app.access.table import ADDRESSES, MANAGERS
from tests.app.builders import NOW
from tests.sizes import size

pytestmark = pytest.mark.django_db

GETS = {name: methods["GET"] for name, methods in ADDRESSES.items() if "GET" in methods}


@pytest.fixture(scope="module")
def imported_study_id(module_db, prepared, tmp_path_factory):
    """Primary key of the imported study; imported once for the module."""
    with module_db():
        return import_study(tmp_path_factory.mktemp("published"), NOW).pk


@pytest.fixture
def imported(world, imported_study_id):
    """The world, with addresses that point to the imported study."""
    batch = Study.objects.get(pk=imported_study_id).batches.get()
    assignment = batch.assignments.order_by("position")[0]
    people = {**world.people, "ana": assignment.reader}  # used in the address "study-reader"
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


def test_managers_get_the_same_statuses_as_in_any_other_study(imported):
    # The batch is closed, so its readings are visible. There are no tracings.
    differing = {
        "api-reading": 200, "api-tracing": 404, "batch-agreement-file": 200,
        # Its batch is closed, so there is a comparison of rules.
        "api-study-consensus-rules": 200, "study-explorer-progress": 200,
        "study-explorer-file": 200,
        # There is no release with the key in the address.
        "api-study-releases": 200, "api-study-release": 404, "api-study-release-file": 404,
    }  # fmt: skip
    for role in size(MANAGERS[:1], MANAGERS):
        assert (role, statuses(imported, role)) == (role, {**expected(role), **differing})


def test_others_get_the_same_statuses_as_in_any_other_study(imported):
    # The reading in the address is no longer Bruno's.
    for role in size(("anonymous", "bruno"), ("anonymous", "eva", "bruno", "clara")):
        differing = {"api-reading": 401 if role == "anonymous" else 404}
        assert (role, statuses(imported, role)) == (role, {**expected(role), **differing})


class TestExamsWithoutTracings:
    def test_disputed_exams_are_not_offered_for_adjudication(self, imported):
        page = imported.client("davi").get(imported.address("batch")).content.decode()
        assert imported.batch.study.consensus.filter(outcome="disputed").exists()
        assert "in dispute" not in page

    def test_adjudicating_them_is_refused(self, imported):
        client, address = imported.client("davi"), imported.address("batch-adjudicate")
        response = client.post(
            address, {"readers": [imported.people["clara"].pk]}, format="multipart"
        )
        assert response.status_code == 409
        assert "have no tracings, so no adjudicator can read them" in response.content.decode()

    def test_a_batch_of_them_is_refused(self, imported, study):
        response = imported.client("davi").post(
            f"/api/studies/{study.slug}/batches/",
            {"name": "More", "exams": [imported.assignment.exam.code], "readers": ["bruno"]},
            format="json",
        )
        assert response.status_code == 400
        assert response.json()["type"].endswith("no-tracings")

    @pytest.mark.parametrize("name", ["batch-new", "study-exams"])
    def test_their_data_set_is_not_offered(self, imported, world, name):
        page = imported.client("davi").get(world.address(name)).content.decode()
        assert "Ward 3" in page
        assert "Exams without tracings" not in page
