"""Fixtures whose rows are kept from one test of a module to the next.

Creating the taxonomy, a study and its people for each test took a fifth of the time of all tests
that use a database. Each kept object is created once, in a savepoint of its own. Before the next
test, the savepoints that it does not use are rolled back, so that it finds exactly the rows it
requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import wraps
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.db import connection, transaction

from tests.app.builders import NOW

Build = Callable[..., Any]

KEPT_FIXTURES: list[Build] = []
"""Functions that create a kept object from earlier ones, in the order of their savepoints."""

FACTORIES: set[Build] = set()
"""Functions that create no rows. Most return a function that does."""


def kept(build: Build) -> Any:
    """Make ``build`` a fixture whose rows are kept; each test gets a copy of the object.

    The parameters of ``build`` may be other kept fixtures, factories and those in ``GIVEN``.
    """

    @wraps(build)
    def fixture(**arguments: Any) -> Any:
        layer = KEPT.layer_of(build)
        return deepcopy(layer.made) if layer else build(**arguments)

    KEPT_FIXTURES.append(build)
    return pytest.fixture(fixture)


def factory(make: Build) -> Any:
    """Register ``make`` as a fixture that kept fixtures may use. It must create no rows itself."""
    FACTORIES.add(make)
    return pytest.fixture(make)


GIVEN = {"db", "now", "numbers", "tmp_path"}
"""Parameters of kept fixtures and factories that are neither a kept fixture nor a factory."""


@dataclass(frozen=True)
class Requested:
    """What a test requests: kept fixtures in the order of their savepoints, and factories."""

    builds: tuple[Build, ...] = ()
    factories: Mapping[str, Build] = field(default_factory=dict)


def requested(request: pytest.FixtureRequest) -> Requested:
    """Return the kept fixtures and the factories that a test uses.

    A kept fixture that depends on any other fixture is left out and created for the test alone:
    a test class may have overridden one that it depends on.
    """
    fixtures = ((name, request._arg2fixturedefs.get(name)) for name in request.fixturenames)
    functions = {name: definitions[-1].func for name, definitions in fixtures if definitions}
    used = {name: getattr(function, "__wrapped__", None) for name, function in functions.items()}
    kept_names = {name: build for name, build in used.items() if build in KEPT_FIXTURES}
    factories = {name: make for name, make in functions.items() if make in FACTORIES}

    def is_complete(function: Build) -> bool:
        parameters = signature(function).parameters.keys() - GIVEN
        needed = [kept_names.get(name) or factories.get(name) for name in parameters]
        return all(part is not None and is_complete(part) for part in needed)

    builds = sorted(filter(is_complete, kept_names.values()), key=KEPT_FIXTURES.index)
    return Requested(tuple(builds), factories)


@dataclass
class Numbers:
    """How many exams and batches the factories have created; their names are numbered."""

    exams: int = 0
    batches: int = 0


@dataclass(frozen=True)
class Layer:
    """One kept object, and the savepoint whose end removes its rows."""

    build: Build
    made: Any
    numbers: Numbers
    savepoint: transaction.Atomic


class Kept:
    """The layers that exist now, the oldest first."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.session: object = None
        """The database session of the layers. They end with it."""

    def keep(self, requested_rows: Requested) -> None:
        """Make the database contain what the test requests, and nothing else."""
        if connection.connection is not self.session:
            self.layers.clear()
        missing = [*requested_rows.builds]
        n_common = 0
        for layer in self.layers:
            if missing[:1] != [layer.build]:
                break
            n_common += 1
            del missing[0]
        while len(self.layers) > n_common:
            roll_back(self.layers.pop().savepoint)
        for build in missing:
            self.layers.append(self.new_layer(build, requested_rows.factories))
        self.session = connection.connection

    def new_layer(self, build: Build, factories: Mapping[str, Build]) -> Layer:
        savepoint = transaction.atomic()
        savepoint._from_testcase = True  # type: ignore[attr-defined]  # as around Django's own test cases
        savepoint.__enter__()
        numbers = self.numbers
        objects = deepcopy({layer.build.__name__: layer.made for layer in self.layers})
        given: dict[str, Any] = {**objects, "now": NOW, "db": None, "numbers": numbers}

        def call(function: Build) -> Any:
            names = signature(function).parameters
            return function(
                **{n: call(factories[n]) if n in factories else given[n] for n in names}
            )

        try:
            with TemporaryDirectory() as folder:
                given["tmp_path"] = Path(folder)
                made = call(build)
            connection.check_constraints()  # also links the audit events into the chain
        except BaseException:
            roll_back(savepoint)
            raise
        connection.run_on_commit.clear()
        return Layer(build, made, numbers, savepoint)

    def layer_of(self, build: Build) -> Layer | None:
        return next((layer for layer in self.layers if layer.build is build), None)

    @property
    def numbers(self) -> Numbers:
        """The numbers at which the next layer or the test continues."""
        return replace(self.layers[-1].numbers) if self.layers else Numbers()


def roll_back(savepoint: transaction.Atomic) -> None:
    transaction.set_rollback(True)
    savepoint.__exit__(None, None, None)


KEPT = Kept()
