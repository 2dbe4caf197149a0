"""A study whose readings were made elsewhere: nobody to sign in, nothing to look at on a sheet."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from django.core.management import call_command

from annotations.leak_probe.differences import differences
from annotations.leak_probe.observations import Recorder, Step
from annotations.models import Study
from annotations.services.agreement import refresh
from annotations.services.consensus import labels
from tests.app import published
from tests.app.access.table import ADDRESSES, MANAGERS, ROLES

pytestmark = pytest.mark.django_db

OTHERS = [role for role in ROLES if role not in {*MANAGERS, "caio", "root"}]
GETS = {name: methods["GET"] for name, methods in ADDRESSES.items() if "GET" in methods}


@pytest.fixture
def bring_in(tmp_path, now):
    """Import two readers of twelve exams, and compute what is due."""

    def make():
        first, second = (given[24:36] for given in published.pair())
        folder = published.write(
            tmp_path / "published", {"cardiologist1": first, "cardiologist2": second}
        )
        call_command("import_readings", "--format", "codetest", "--study", "Published",
                     str(folder), stdout=io.StringIO())  # fmt: skip
        while refresh.refresh_next(now=now):
            pass
        while labels.refresh_next(now=now):
            pass
        return Study.objects.get(slug="published")

    return make


@pytest.fixture
def imported(world, bring_in):
    """The same world, whose addresses lead into the imported study."""
    batch = bring_in().batches.get()
    assignment = batch.assignments.order_by("position").first()
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
    for role in MANAGERS:
        assert (role, statuses(imported, role)) == (role, {**expected(role), **differing})


def test_it_changes_nothing_that_a_reader_gets(world, bring_in):
    def look():
        seen = {}
        for role in OTHERS:
            recorder = Recorder(world.client(role), frozenset())
            seen[role] = [recorder.see(step) for step in steps]
        return seen

    # The list of versions of the classes is public, and has one more.
    steps = [Step("GET", world.address(name) + cell.query)
             for name, cell in GETS.items() if name != "api-taxonomies"]  # fmt: skip
    look()  # what is cached at the first look is so from then on
    before = look()
    bring_in()
    after = look()
    for role in OTHERS:
        assert [str(leak) for leak in differences(before[role], after[role])] == []


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
