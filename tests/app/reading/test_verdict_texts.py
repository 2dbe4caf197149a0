"""Every code of the criteria model has a text that the desk can show."""

from __future__ import annotations

import pytest

from annotations.views.desk.texts import desk_texts
from ecgreview.criteria import Reason
from ecgreview.criteria.rules import BOOK
from ecgreview.measure.measurements import Missing


@pytest.mark.parametrize(
    ("prefix", "codes"),
    [("why", list(Reason)), ("missing", list(Missing)), ("check", list(BOOK.labels))],
)
def test_every_code_has_a_text(prefix, codes):
    assert {f"{prefix}-{code}" for code in codes} <= desk_texts().keys()
