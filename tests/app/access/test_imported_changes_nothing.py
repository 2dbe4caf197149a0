"""An import does not change any response that readers get."""

from __future__ import annotations

import pytest

from annotations.leak_probe.differences import differences
from annotations.leak_probe.observations import Recorder, Step
from tests.app.access.imports import import_study
from tests.app.access.table import ADDRESSES, MANAGERS, ROLES
from tests.sizes import size

pytestmark = pytest.mark.django_db

NON_MANAGERS = [role for role in ROLES if role not in {*MANAGERS, "caio", "root"}]
OBSERVERS = size(["ana", "clara"], NON_MANAGERS)
GETS = {name: methods["GET"] for name, methods in ADDRESSES.items() if "GET" in methods}


def test_an_import_changes_no_response_of_a_reader(world, tmp_path, now):
    def observe(roles=OBSERVERS):
        observations = {}
        for role in roles:
            recorder = Recorder(world.client(role), frozenset())
            observations[role] = [recorder.send(step) for step in steps]
        return observations

    # Left out: the public list of taxonomy versions, to which the import adds one.
    steps = [Step("GET", world.address(name) + cell.query)
             for name, cell in GETS.items() if name != "api-taxonomies"]  # fmt: skip
    observe(OBSERVERS[:1])  # fills the caches before the two rounds that are compared
    before = observe()
    import_study(tmp_path, now)
    after = observe()
    for role in OBSERVERS:
        assert [str(leak) for leak in differences(before[role], after[role])] == []
