"""Where the pages of agreement are, and what is said on them."""

from __future__ import annotations

from django.urls import reverse

AF, LBBB, PVC = "atrial_fibrillation", "left_bundle_branch_block", "ventricular_premature_complex"
NOISE = "artifact"

PARTS = (
    "", "readers/", "exams/", "pair/?first=1&second=2", "file/", "file/?format=json",
    "file/?table=pairs&class=atrial_fibrillation", "file/?format=svg",
)  # fmt: skip
"""The parts that tell of classes, pairs and exams."""

MORE_PARTS = ("reader", "suggestions", "precision")
"""The parts that tell what lies beyond coefficients."""


def addresses(batch):
    """Return where the agreement of a batch and of its study is."""
    return [f"/batches/{batch.pk}/agreement/", f"/studies/{batch.study.slug}/agreement/"]


def address(kind, part, batch):
    place = {"pk": batch.pk} if kind == "batch" else {"slug": batch.study.slug}
    number = {"place": 1} if part == "reader" else {}
    return reverse(f"{kind}-agreement-{part}", kwargs={**place, **number})


def lines(page):
    return {line.of.code: line for line in page.context["lines"]}
