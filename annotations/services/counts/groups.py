"""The groups of the taxonomy, as agreement about groups needs them."""

from __future__ import annotations

from annotations.models import DiagnosticClass


def members(taxonomy_id: int) -> dict[str, tuple[str, ...]]:
    """Return the codes of the classes of each group by its code, both in their order."""
    found = DiagnosticClass.objects.filter(taxonomy=taxonomy_id)
    groups: dict[str, tuple[str, ...]] = {}
    for group, code in found.order_by("group__position", "position").values_list(
        "group__code", "code"
    ):
        groups[group] = (*groups.get(group, ()), code)
    return groups
