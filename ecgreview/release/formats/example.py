"""A script that loads a release with pandas and prints the agreement of its readers."""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path

from ecgreview.release.content import Content

from . import files
from .about import About

ABOUT = About(
    title="Example script",
    files={
        "example_load.py": (
            "loads `csv/readings_long.csv` or `parquet/readings_long.parquet` of the release and "
            "prints the kappa of each class: Cohen's for two readers, Light's for more"
        ),
    },
    readers=("pandas",),
    limits=("needs pandas, and a release that also has the format csv or parquet",),
)


class Example:
    name = "example"
    needs_signals = False
    extra = ""

    def write(self, content: Content, folder: Path) -> None:
        script = resources(__package__).joinpath("example_load.py").read_text(encoding="utf-8")
        files.write_text(folder / "example_load.py", script)


FORMAT = Example()
