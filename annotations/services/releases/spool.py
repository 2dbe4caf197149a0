"""Temporary files of rows that are read several times, so that memory does not grow with them."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

Row = TypeVar("Row")

# Each block of rows is preceded by its length in bytes.
LENGTH_BYTES = 8


class Spool(Generic[Row]):
    """Blocks of rows in a temporary file that only this user can read or write.

    An object that occurs in many rows, such as the label of a class that nobody marked, is stored
    once per block.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.n_rows = 0
        path.touch(mode=0o600, exist_ok=False)

    def add(self, rows: Sequence[Row]) -> None:
        """Append a block of rows."""
        block = zlib.compress(pickle.dumps(list(rows), pickle.HIGHEST_PROTOCOL), 1)
        with self._path.open("ab") as file:
            file.write(len(block).to_bytes(LENGTH_BYTES, "big") + block)
        self.n_rows += len(rows)

    def blocks(self) -> Iterator[list[Row]]:
        """Yield the blocks in the order in which they were added."""
        with self._path.open("rb") as file:
            while length := file.read(LENGTH_BYTES):
                block = zlib.decompress(file.read(int.from_bytes(length, "big")))
                yield pickle.loads(block)  # noqa: S301 - written by this process

    def __iter__(self) -> Iterator[Row]:
        for block in self.blocks():
            yield from block
