"""The desk has words for every code that the criteria model stores."""

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
def test_every_code_has_its_words(prefix, codes):
    assert {f"{prefix}-{code}" for code in codes} <= desk_texts().keys()
