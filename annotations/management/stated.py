"""Options of commands that state the license and the citation of a data set."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management import CommandError

from annotations.models import Dataset
from ecgreview.release import licences

MAX_LICENCE = Dataset._meta.get_field("licence").max_length or 0


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--licence", help="license of the data set, such as CC-BY-4.0 (SPDX)")
    parser.add_argument("--citation", help="how the authors of the data set want to be cited")


def facts(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of the data set that the options state.

    Raises:
        CommandError: the license is too long.
    """
    given = {"licence": options["licence"], "attribution": options["citation"]}
    values = {name: value for name, value in given.items() if value is not None}
    if len(values.get("licence", "")) > MAX_LICENCE:
        raise CommandError(f"A license has at most {MAX_LICENCE} characters.")
    return values


def hint(dataset: Dataset) -> str:
    """Return why data releases cannot contain the signals of a data set; empty if they can."""
    if not dataset.licence:
        return (
            f"The license of {dataset.name} is not stated, so data releases leave out its signals."
            f' State it: change_dataset "{dataset.name}" --licence CC-BY-4.0'
        )
    if licences.identifier(dataset.licence):
        return ""
    known = ", ".join(licences.REDISTRIBUTION)
    return (
        "Data releases do not know this license, so they leave out the signals of the data set."
        f" Known: {known}."
    )
