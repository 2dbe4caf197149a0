from __future__ import annotations

import pytest

from annotations.models import Assignment, Batch, Reading, Role, User
from annotations.services.assignment import batches
from annotations.services.taxonomy import versions
from tests.app import builders
from tests.app.access.world import World
from tests.app.builders import NOW
from tests.app.constraints.acts import check_constraints_then_defer


@pytest.fixture(autouse=True)
def no_request_limit(settings):
    """Switch off the rate limits, because these tests send thousands of requests per minute."""
    settings.API_REQUESTS_PER_MINUTE = settings.API_REQUESTS_PER_MINUTE_ANONYMOUS = 0


@pytest.fixture(scope="module")
def prepared(module_db):
    """Create people, an open batch and a closed batch, once per module.

    The protocol shows the previous exam.

    Returns:
        Primary keys of the open batch, of Ana's first assignment in it, and of Bruno's assignment
        of the same exam, which he has read.
    """
    with module_db():
        classes = versions.install(now=NOW)
        people = {
            name.lower(): builders.person(name, *roles)
            for name, roles in (
                ("Ana", [Role.READER]), ("Bruno", [Role.READER]), ("Clara", [Role.ADJUDICATOR]),
                ("Davi", [Role.COORDINATOR]), ("Eva", []), ("Rosa", [Role.RESEARCHER]),
                ("Otto", [Role.AUDITOR]), ("Caio", [Role.COORDINATOR, Role.READER]),
            )
        }  # fmt: skip
        people["root"] = User.objects.create_superuser("root", password=None)
        ana, bruno, davi, caio = (people[name] for name in ("ana", "bruno", "davi", "caio"))
        ward = builders.dataset(now=NOW)
        study = builders.study(classes, davi, now=NOW, prior_exam="shown")
        first, *follow_ups = (builders.exam(ward, number, now=NOW) for number in range(1, 5))
        closed = builders.batch(study, "Closed", [first], [ana, bruno], by=davi, now=NOW)
        for assignment in closed.assignments.all():
            builders.submit(assignment, "atrial_fibrillation", now=NOW, comment="a comment")
        batches.close(batch_id=closed.pk, closed_by=davi, now=NOW)
        builders.visits(ward, follow_ups, (0, 1, 2), now=NOW)
        batch = builders.batch(study, "Open", follow_ups[1:], [ana, bruno, caio], by=davi, now=NOW)
        assignment = batch.assignments.filter(reader=ana).in_reading_order()[0]
        bruno_assignment = batch.assignments.get(reader=bruno, exam=assignment.exam)
        builders.submit(
            bruno_assignment, "right_bundle_branch_block", now=NOW, comment="Bruno's comment"
        )
        check_constraints_then_defer()  # links the audit events into the chain
        return batch.pk, assignment.pk, bruno_assignment.pk


@pytest.fixture
def world(db, prepared):
    """The rows of ``prepared``, without the changes of earlier tests."""
    batch, assignment, bruno_assignment = prepared
    return World(
        {person.username: person for person in User.objects.all()},
        Batch.objects.get(pk=batch),
        Assignment.objects.get(pk=assignment),
        Reading.objects.get(assignment=bruno_assignment),
    )


@pytest.fixture
def study(world):
    return world.batch.study
