"""A PDF's pages as the lines and words that lie on them: enough to measure what Chromium prints.

It reads the operators that set a matrix, build a path and paint it. Whatever else a page holds is
passed over, but pictures are counted, for a vector drawing has none.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MM_PER_POINT = 25.4 / 72

OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
TOKEN = re.compile(
    rb"\((?:\\.|[^\\)])*\)|<[0-9A-Fa-f\s]*>|<<|>>|[\[\]]|/[^\s/<>\[\]()]+|[^\s/<>\[\]()]+"
)
NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)$")

Matrix = NDArray[np.float64]


@dataclass(slots=True)
class Page:
    """One page: its size and its painted lines, in millimetres from the lower left corner."""

    width_mm: float
    height_mm: float
    lines: list[NDArray[np.float64]] = field(default_factory=list)
    n_pictures: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was painted."""
        return not self.lines


def pages(pdf: bytes) -> list[Page]:
    """Return the pages of ``pdf``, in the order they are written."""
    objects = {int(number): body for number, body in OBJECT.findall(pdf)}
    found = [body for body in objects.values() if re.search(rb"/Type\s*/Page\b(?!s)", body)]
    return [read(body, objects) for body in found]


def read(body: bytes, objects: dict[int, bytes]) -> Page:
    """Return the page that ``body`` describes."""
    box = re.search(rb"/MediaBox\s*\[([^\]]*)\]", body)
    assert box
    left, bottom, right, top = (float(number) for number in box[1].split())
    page = Page((right - left) * MM_PER_POINT, (top - bottom) * MM_PER_POINT)
    contents = re.search(rb"/Contents\s+(\d+) 0 R", body)
    if contents:
        Painter(page, objects, body).run(inflated(objects[int(contents[1])]), np.eye(3))
    return page


def inflated(body: bytes) -> bytes:
    """Return the stream of an object."""
    stream = STREAM.search(body)
    assert stream
    # What was compressed tells its own end: it may look like the line end that comes after it.
    is_packed = b"/FlateDecode" in body
    return zlib.decompressobj().decompress(stream[1]) if is_packed else stream[1]


PAINTING = {b"S", b"s", b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"}


class Painter:
    """Follows the operators of a page."""

    def __init__(self, page: Page, objects: dict[int, bytes], resources: bytes) -> None:
        self.page = page
        self.objects = objects
        self.resources = resources
        self.stack: list[Matrix] = []
        self.matrix: Matrix = np.eye(3)
        self.path: list[list[tuple[float, float]]] = []

    def run(self, content: bytes, matrix: Matrix) -> None:
        """Paint ``content`` under ``matrix``."""
        self.matrix = matrix
        numbers: list[float] = []
        name = b""
        for token in TOKEN.findall(content):
            if NUMBER.match(token):
                numbers.append(float(token))
            elif token.startswith(b"/"):
                name = token[1:]
            else:
                self.obey(token, numbers, name)
                numbers = []

    def obey(self, operator: bytes, numbers: list[float], name: bytes) -> None:
        """Do what one operator says."""
        if operator in {b"m", b"l", b"c", b"re"}:
            self.draw(operator, numbers)
        elif operator in PAINTING or operator == b"n":
            if operator != b"n":
                self.paint(self.path, self.matrix)
            self.path = []
        elif operator == b"Do":
            self.do(name, self.matrix)
        else:
            self.move(operator, numbers)

    def move(self, operator: bytes, numbers: list[float]) -> None:
        """Change the matrix, keep it, or take back the one kept."""
        if operator == b"q":
            self.stack.append(self.matrix)
        elif operator == b"Q":
            self.matrix = self.stack.pop()
        elif operator == b"cm":
            self.matrix = matrix_of(numbers[-6:]) @ self.matrix

    def draw(self, operator: bytes, numbers: list[float]) -> None:
        """Go on with the path."""
        if operator == b"m":
            self.path.append([point(numbers)])
        elif operator == b"re":
            x, y, width, height = numbers[-4:]
            right, top = x + width, y + height
            self.path.append([(x, y), (right, y), (right, top), (x, top), (x, y)])
        else:
            self.path[-1].append(point(numbers))

    def paint(self, path: list[list[tuple[float, float]]], matrix: Matrix) -> None:
        """Put the lines of ``path`` on the page."""
        for line in path:
            points = np.column_stack([np.array(line), np.ones(len(line))]) @ matrix
            self.page.lines.append(points[:, :2] * MM_PER_POINT)

    def do(self, name: bytes, matrix: Matrix) -> None:
        """Paint the form, or count the picture, that is called ``name``."""
        reference = re.search(rb"/" + re.escape(name) + rb"\s+(\d+) 0 R", self.resources)
        assert reference, name
        body = self.objects[int(reference[1])]
        if re.search(rb"/Subtype\s*/Image\b", body):
            self.page.n_pictures += 1
            return
        inner = re.search(rb"/Matrix\s*\[([^\]]*)\]", body)
        own = matrix_of([float(number) for number in inner[1].split()]) if inner else np.eye(3)
        Painter(self.page, self.objects, body).run(inflated(body), own @ matrix)


def matrix_of(numbers: list[float]) -> Matrix:
    """Return six numbers as a matrix that points are multiplied with from the left."""
    a, b, c, d, e, f = numbers
    return np.array([[a, b, 0.0], [c, d, 0.0], [e, f, 1.0]])


def point(numbers: list[float]) -> tuple[float, float]:
    """Return the end of a stroke."""
    return numbers[-2], numbers[-1]
