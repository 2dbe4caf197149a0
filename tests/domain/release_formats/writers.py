"""The modules of all formats, by name; also writes a release when run as a program."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts import formats_page

from . import contents

ALL = formats_page.modules()


def main(shared_data: Path, folder: Path) -> None:
    content = contents.content(shared_data)
    for name, module in ALL.items():
        (folder / name).mkdir()
        module.FORMAT.write(content, folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
