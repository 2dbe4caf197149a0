"""A minimal PDF reader that returns the lines on each page, to measure what Chromium prints.

It interprets the operators that set a matrix, build or paint a path, or draw a form, and counts
images, because a vector drawing must have none. It ignores all other operators.
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
    """One page: its size and its painted lines, in millimeters from the lower left corner."""

    width_mm: float
    height_mm: float
    lines: list[NDArray[np.float64]] = field(default_factory=list)
    n_pictures: int = 0

    @property
    def is_empty(self) -> bool:
        return not self.lines


def pages(pdf: bytes) -> list[Page]:
    """Return the pages of ``pdf`` in file order."""
    objects = {int(number): body for number, body in OBJECT.findall(pdf)}
    bodies = [body for body in objects.values() if re.search(rb"/Type\s*/Page\b(?!s)", body)]
    return [read_page(body, objects) for body in bodies]


def read_page(body: bytes, objects: dict[int, bytes]) -> Page:
    """Interpret a page object and the content stream it refers to."""
    box = re.search(rb"/MediaBox\s*\[([^\]]*)\]", body)
    assert box
    left, bottom, right, top = (float(number) for number in box[1].split())
    page = Page((right - left) * MM_PER_POINT, (top - bottom) * MM_PER_POINT)
    contents = re.search(rb"/Contents\s+(\d+) 0 R", body)
    if contents:
        Painter(page, objects, body).run(stream_of(objects[int(contents[1])]), np.eye(3))
    return page


def stream_of(body: bytes) -> bytes:
    """Return the decompressed stream of an object."""
    stream = STREAM.search(body)
    assert stream
    # Don't strip the line break before "endstream": the last bytes of compressed data may look
    # like one. zlib ignores whatever follows the end of the data.
    is_packed = b"/FlateDecode" in body
    return zlib.decompressobj().decompress(stream[1]) if is_packed else stream[1]


PAINTING = {b"S", b"s", b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"}


class Painter:
    """Interprets the operators of a content stream."""

    def __init__(self, page: Page, objects: dict[int, bytes], resources: bytes) -> None:
        self.page = page
        self.objects = objects
        self.resources = resources
        self.stack: list[Matrix] = []
        self.matrix: Matrix = np.eye(3)
        self.path: list[list[tuple[float, float]]] = []

    def run(self, content: bytes, matrix: Matrix) -> None:
        """Interpret ``content``, starting with ``matrix``."""
        self.matrix = matrix
        numbers: list[float] = []
        name = b""
        for token in TOKEN.findall(content):
            if NUMBER.match(token):
                numbers.append(float(token))
            elif token.startswith(b"/"):
                name = token[1:]
            else:
                self.execute(token, numbers, name)
                numbers = []

    def execute(self, operator: bytes, numbers: list[float], name: bytes) -> None:
        if operator in {b"m", b"l", b"c", b"re"}:
            self.extend_path(operator, numbers)
        elif operator in PAINTING or operator == b"n":
            if operator != b"n":
                self.paint(self.path, self.matrix)
            self.path = []
        elif operator == b"Do":
            self.paint_object(name, self.matrix)
        else:
            self.change_matrix(operator, numbers)

    def change_matrix(self, operator: bytes, numbers: list[float]) -> None:
        """Push, pop or multiply the matrix."""
        if operator == b"q":
            self.stack.append(self.matrix)
        elif operator == b"Q":
            self.matrix = self.stack.pop()
        elif operator == b"cm":
            self.matrix = matrix_of(numbers[-6:]) @ self.matrix

    def extend_path(self, operator: bytes, numbers: list[float]) -> None:
        if operator == b"m":
            self.path.append([point(numbers)])
        elif operator == b"re":
            x, y, width, height = numbers[-4:]
            right, top = x + width, y + height
            self.path.append([(x, y), (right, y), (right, top), (x, top), (x, y)])
        else:
            self.path[-1].append(point(numbers))

    def paint(self, path: list[list[tuple[float, float]]], matrix: Matrix) -> None:
        """Add the lines of ``path`` to the page."""
        for line in path:
            points = np.column_stack([np.array(line), np.ones(len(line))]) @ matrix
            self.page.lines.append(points[:, :2] * MM_PER_POINT)

    def paint_object(self, name: bytes, matrix: Matrix) -> None:
        """Interpret the form called ``name``, or count it if it is an image."""
        reference = re.search(rb"/" + re.escape(name) + rb"\s+(\d+) 0 R", self.resources)
        assert reference, name
        body = self.objects[int(reference[1])]
        if re.search(rb"/Subtype\s*/Image\b", body):
            self.page.n_pictures += 1
            return
        inner = re.search(rb"/Matrix\s*\[([^\]]*)\]", body)
        own = matrix_of([float(number) for number in inner[1].split()]) if inner else np.eye(3)
        Painter(self.page, self.objects, body).run(stream_of(body), own @ matrix)


def matrix_of(numbers: list[float]) -> Matrix:
    """Return the 3×3 matrix of six PDF numbers, for row vectors: ``points @ matrix``."""
    a, b, c, d, e, f = numbers
    return np.array([[a, b, 0.0], [c, d, 0.0], [e, f, 1.0]])


def point(numbers: list[float]) -> tuple[float, float]:
    """Return the end point of a path operator: its last two operands."""
    return numbers[-2], numbers[-1]
