from __future__ import annotations

import pytest

from annotations.models import Role, User
from tests.app.access.world import World
from tests.app.constraints.acts import commit_and_go_on


@pytest.fixture(autouse=True)
def no_limit_of_requests(settings):
    """Let one address ask for everything within a minute."""
    settings.API_REQUESTS_PER_MINUTE = settings.API_REQUESTS_PER_MINUTE_ANONYMOUS = 0


@pytest.fixture
def study(make_study):
    """A study whose readers may compare with the exam before."""
    return make_study(prior_exam="shown")


@pytest.fixture
def world(
    ana,
    bruno,
    clara,
    davi,
    eva,
    rosa,
    otto,
    make_user,
    make_exam,
    make_visits,
    make_batch,
    submit,
    close,
):
    """An open batch with one of Bruno's readings in it, and a closed batch of the same study."""
    caio = make_user("Caio", Role.COORDINATOR, Role.READER)
    root = User.objects.create_superuser("root", password=None)
    closed = make_batch([make_exam()], [ana, bruno], "Closed")
    for assignment in closed.assignments.all():
        submit(assignment, "atrial_fibrillation", comment="a comment")
    close(closed)
    batch = make_batch(make_visits(0, 1, 2)[1:], [ana, bruno, caio], "Open")
    assignment = batch.assignments.filter(reader=ana).in_reading_order()[0]
    theirs = batch.assignments.get(reader=bruno, exam=assignment.exam)
    reading = submit(theirs, "right_bundle_branch_block", comment="Bruno's own words")
    commit_and_go_on()  # so that the audit trail has its links
    everybody = (ana, bruno, clara, davi, eva, rosa, otto, caio, root)
    people = {person.username: person for person in everybody}
    return World(people, batch, assignment, reading)
