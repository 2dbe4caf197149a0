"""One function for each database constraint, named after it, that breaks it on purpose."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType

from tests.app.constraints import (
    of_archives,
    of_audit,
    of_batches,
    of_exams,
    of_mail,
    of_notices,
    of_protocols,
    of_readings,
    of_results,
    of_seats,
    of_studies,
    of_taxonomies,
)

MODULES = (
    of_archives,
    of_audit,
    of_batches,
    of_exams,
    of_mail,
    of_notices,
    of_protocols,
    of_readings,
    of_results,
    of_seats,
    of_studies,
    of_taxonomies,
)


def _breaks(module: ModuleType) -> list[Callable[..., None]]:
    """Return the functions that ``module`` itself defines."""
    functions = inspect.getmembers(module, inspect.isfunction)
    return [
        found
        for _, found in functions
        if found.__module__ == module.__name__ and not found.__name__.startswith("_")
    ]


BREAKS = [found for module in MODULES for found in _breaks(module)]
