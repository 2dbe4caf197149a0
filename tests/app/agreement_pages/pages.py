"""Addresses of the agreement pages, and helpers to read them."""

from __future__ import annotations

import pytest
from django.urls import reverse

AF, LBBB, PVC = "atrial_fibrillation", "left_bundle_branch_block", "ventricular_premature_complex"
NOISE = "artifact"

PARTS = (
    "", "readers/", "exams/", "pair/?first=1&second=2", "file/", "file/?format=json",
    "file/?table=pairs&class=atrial_fibrillation", "file/?format=svg",
)  # fmt: skip
"""Pages and files about classes, pairs and exams."""

MORE_PARTS = ("reader", "suggestions", "precision")
"""Pages about readers, suggestions and precision."""


MANAGERS = ["davi", *(pytest.param(name, marks=pytest.mark.drill) for name in ("rosa", "otto"))]
"""People who may see results. `make test` runs these tests as Davi only, `make drill` as all three.

The access table (tests/app/access/table.py) always covers all three.
"""


def addresses(batch):
    return [f"/batches/{batch.pk}/agreement/", f"/studies/{batch.study.slug}/agreement/"]


def address(scope, part, batch):
    scope_kwargs = {"pk": batch.pk} if scope == "batch" else {"slug": batch.study.slug}
    reader_kwargs = {"place": 1} if part == "reader" else {}
    return reverse(f"{scope}-agreement-{part}", kwargs={**scope_kwargs, **reader_kwargs})


def lines(page):
    return {line.of.code: line for line in page.context["lines"]}
