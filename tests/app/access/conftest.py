from __future__ import annotations

import pytest

from annotations.models import Assignment, Batch, Reading, Role, User
from annotations.services.assignment import batches
from annotations.services.taxonomy import versions
from tests.app import builders
from tests.app.access.world import World
from tests.app.conftest import NOW
from tests.app.constraints.acts import commit_and_go_on


@pytest.fixture(autouse=True)
def no_limit_of_requests(settings):
    """Let one address ask for everything within a minute."""
    settings.API_REQUESTS_PER_MINUTE = settings.API_REQUESTS_PER_MINUTE_ANONYMOUS = 0


@pytest.fixture(scope="module")
def prepared(module_db):
    """The people and the batches, by their keys; made once for all tests of a module.

    An open batch with one of Bruno's readings in it, and a closed batch of the same study, whose
    readers may compare with the exam before.
    """
    with module_db():
        classes = versions.install(now=NOW)
        people = {
            name.lower(): builders.person(name, *wanted)
            for name, wanted in (
                ("Ana", [Role.READER]), ("Bruno", [Role.READER]), ("Clara", [Role.ADJUDICATOR]),
                ("Davi", [Role.COORDINATOR]), ("Eva", []), ("Rosa", [Role.RESEARCHER]),
                ("Otto", [Role.AUDITOR]), ("Caio", [Role.COORDINATOR, Role.READER]),
            )
        }  # fmt: skip
        people["root"] = User.objects.create_superuser("root", password=None)
        ana, bruno, davi, caio = (people[name] for name in ("ana", "bruno", "davi", "caio"))
        ward = builders.dataset(now=NOW)
        study = builders.study(classes, davi, now=NOW, prior_exam="shown")
        first, *of_a_patient = (builders.exam(ward, number, now=NOW) for number in range(1, 5))
        closed = builders.batch(study, "Closed", [first], [ana, bruno], by=davi, now=NOW)
        for assignment in closed.assignments.all():
            builders.submit(assignment, "atrial_fibrillation", now=NOW, comment="a comment")
        batches.close(batch_id=closed.pk, closed_by=davi, now=NOW)
        builders.visits(ward, of_a_patient, (0, 1, 2), now=NOW)
        batch = builders.batch(
            study, "Open", of_a_patient[1:], [ana, bruno, caio], by=davi, now=NOW
        )
        assignment = batch.assignments.filter(reader=ana).in_reading_order()[0]
        theirs = batch.assignments.get(reader=bruno, exam=assignment.exam)
        builders.submit(theirs, "right_bundle_branch_block", now=NOW, comment="Bruno's own words")
        commit_and_go_on()  # so that the audit trail has its links
        return batch.pk, assignment.pk, theirs.pk


@pytest.fixture
def world(db, prepared):
    """What was prepared, as no other test has met it."""
    batch, assignment, theirs = prepared
    return World(
        {person.username: person for person in User.objects.all()},
        Batch.objects.get(pk=batch),
        Assignment.objects.get(pk=assignment),
        Reading.objects.get(assignment=theirs),
    )


@pytest.fixture
def study(world):
    return world.batch.study
