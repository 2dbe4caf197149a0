"""The modules of all formats, by name; also writes a release when run as a program."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from ecgreview.release import formats

from . import contents


def modules() -> dict[str, ModuleType]:
    """Return the modules with a ``FORMAT``, by the name of the format."""
    names = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    # example_load is the script of a release, not a module of ours.
    found = [
        importlib.import_module(f"{formats.__name__}.{name}")
        for name in names
        if name != "example_load"
    ]
    return {module.FORMAT.name: module for module in found if hasattr(module, "FORMAT")}


ALL = modules()


def main(shared_data: Path, folder: Path) -> None:
    content = contents.content(shared_data)
    for name, module in ALL.items():
        (folder / name).mkdir()
        module.FORMAT.write(content, folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
