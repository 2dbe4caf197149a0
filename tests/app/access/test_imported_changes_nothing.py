"""What readers get does not depend on a study whose readings were made elsewhere."""

from __future__ import annotations

import pytest

from annotations.leak_probe.differences import differences
from annotations.leak_probe.observations import Recorder, Step
from tests.app.access.imports import bring_in
from tests.app.access.table import ADDRESSES, MANAGERS, ROLES

pytestmark = pytest.mark.django_db

OTHERS = [role for role in ROLES if role not in {*MANAGERS, "caio", "root"}]
GETS = {name: methods["GET"] for name, methods in ADDRESSES.items() if "GET" in methods}


def test_it_changes_nothing_that_a_reader_gets(world, tmp_path, now):
    def look(roles=OTHERS):
        seen = {}
        for role in roles:
            recorder = Recorder(world.client(role), frozenset())
            seen[role] = [recorder.send(step) for step in steps]
        return seen

    # The list of versions of the classes is public, and has one more.
    steps = [Step("GET", world.address(name) + cell.query)
             for name, cell in GETS.items() if name != "api-taxonomies"]  # fmt: skip
    look(OTHERS[:1])  # what is cached at the first look is so from then on
    before = look()
    bring_in(tmp_path, now)
    after = look()
    for role in OTHERS:
        assert [str(leak) for leak in differences(before[role], after[role])] == []
