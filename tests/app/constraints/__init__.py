"""One function per database constraint; it violates the constraint that it is named after."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType

from tests.app.constraints import (
    of_adjudications,
    of_archives,
    of_audit,
    of_batches,
    of_comparisons,
    of_exams,
    of_gold,
    of_mail,
    of_notices,
    of_protocols,
    of_readings,
    of_releases,
    of_results,
    of_scoring,
    of_seats,
    of_studies,
    of_taxonomies,
)

MODULES = (
    of_adjudications,
    of_archives,
    of_audit,
    of_batches,
    of_comparisons,
    of_exams,
    of_gold,
    of_mail,
    of_notices,
    of_protocols,
    of_readings,
    of_releases,
    of_results,
    of_scoring,
    of_seats,
    of_studies,
    of_taxonomies,
)


def _violations(module: ModuleType) -> list[Callable[..., None]]:
    """Return the public functions that ``module`` itself defines."""
    functions = inspect.getmembers(module, inspect.isfunction)
    return [
        function
        for _, function in functions
        if function.__module__ == module.__name__ and not function.__name__.startswith("_")
    ]


VIOLATIONS = [function for module in MODULES for function in _violations(module)]
