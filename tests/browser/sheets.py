"""Measure the sheet of a page: drawn paths in millimeters, and pixels of a screenshot."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

GUTTER_MM = 15.0

Points = NDArray[np.float64]

READ_SHEET = """viewer => {
  const traces = [...viewer.querySelectorAll(".plot.is-front .scatterlayer .trace")];
  const uid = ({ classList }) => [...classList].find((name) => /^trace./.test(name)).slice(5);
  const lines = (trace) => [...trace.querySelectorAll("path.js-line")];
  const paths = (trace) => lines(trace).map((path) => path.getAttribute("d"));
  const { width, height } = viewer.getBoundingClientRect();
  return {
    scale: parseFloat(viewer.style.getPropertyValue("--px-per-mm")), width, height,
    traces: Object.fromEntries(traces.map((trace) => [uid(trace), paths(trace)])),
  };
}"""

# Decodes a PNG to brightness, one byte per pixel. The page must have no CSP.
BRIGHTNESS = """async (png) => {
  const bytes = Uint8Array.from(atob(png), (char) => char.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const gray = new Uint8Array(image.width * image.height);
  for (let i = 0, at = 0; i < gray.length; i += 1, at += 4) {
    gray[i] = (data[at] + data[at + 1] + data[at + 2]) / 3;
  }
  let text = "";
  for (let i = 0; i < gray.length; i += 32768) {
    text += String.fromCharCode(...gray.subarray(i, i + 32768));
  }
  return { width: image.width, height: image.height, gray: btoa(text) };
}"""


@dataclass(frozen=True, slots=True)
class DrawnSheet:
    """The lines of the visible sheet, in millimeters from its lower left corner, y upward."""

    px_per_mm: float
    width_mm: float
    height_mm: float
    lines: dict[str, list[Points]]

    @property
    def pulses(self) -> list[Points]:
        """The calibration pulses, from the top row to the bottom row."""
        return sorted(self.lines["calibration"], key=lambda pulse: -pulse[:, 1].min())

    def lead(self, place: int) -> list[Points]:
        """Return the drawn lines of the cell at index ``place`` in drawing order."""
        return self.lines.get(f"lead-{place}", [])


def read_sheet(page: Page) -> DrawnSheet:
    data = page.locator("ecg-viewer").evaluate(READ_SHEET)
    scale, height = data["scale"], data["height"]
    lines = {
        name: [to_mm(vertices(path), height, scale) for path in paths if path]
        for name, paths in data["traces"].items()
    }
    return DrawnSheet(scale, data["width"] / scale, height / scale, lines)


def to_mm(points: Points, height_px: float, scale: float) -> Points:
    """Convert pixels from the upper left corner to millimeters from the lower left."""
    return np.column_stack([points[:, 0], height_px - points[:, 1]]) / scale


def vertices(path: str) -> Points:
    """Return the points of an SVG ``path`` made of M, L, H and V."""
    commands = np.array(re.findall(r"[MLHV]", path))
    numbers = np.fromstring(re.sub(r"[MLHV,]", " ", path), sep=" ")
    is_pair = np.isin(commands, ["M", "L"])
    first = np.cumsum(np.where(is_pair, 2, 1)) - np.where(is_pair, 2, 1)
    assert len(numbers) == first[-1] + 1 + is_pair[-1], path[:80]
    # H and V keep the other coordinate, so take the index of the last command that set it.
    x = np.maximum.accumulate(np.where(commands == "V", -1, first))
    y = np.maximum.accumulate(np.where(commands == "H", -1, first + is_pair))
    return np.column_stack([numbers[x], numbers[y]])


def leads(page: Page) -> Locator:
    """Locate the drawn leads and rhythm strips."""
    return page.locator(".plot.is-front .scatterlayer [class*=tracelead]")


def set_sheet(
    page: Page,
    *,
    layout: str | None = None,
    speed: float | None = None,
    gain: float | None = None,
) -> None:
    """Change settings and wait until the line below the sheet shows the new speed and gain."""
    settings = page.locator("[data-part=settings]")
    if layout is not None:
        page.locator("[data-part=layout]").select_option(layout)
    if speed is not None:
        page.locator("[data-part=speedMmPerS]").select_option(f"{speed:g}")
        expect(settings).to_contain_text(f"{speed:g} mm/s")
    if gain is not None:
        page.locator("[data-part=gainMmPerMv]").select_option(f"{gain:g}")
        expect(settings).to_contain_text(f"· {gain:g} mm/mV")


@dataclass(frozen=True, slots=True)
class Raster:
    """The pixels of the sheet.

    Attributes:
        ink: shape (rows, columns), from the top left; 0 is paper, 1 the full color of a trace.
        px_per_mm: device pixels per millimeter.
    """

    ink: NDArray[np.float64]
    px_per_mm: float

    def level(self, x0: float, x1: float, y: float, *, reach: float = 1.2) -> float:
        """Return the height of a horizontal line from ``x0`` to ``x1``, within ``reach`` of ``y``.

        All values are in millimeters, with y upward. NaN if there is no ink.
        """
        rows, columns = self.ink.shape
        first, last = (
            round(x0 * self.px_per_mm),
            max(round(x1 * self.px_per_mm), round(x0 * self.px_per_mm) + 1),
        )
        top = max(round(rows - (y + reach) * self.px_per_mm), 0)
        bottom = min(round(rows - (y - reach) * self.px_per_mm), rows)
        window = self.ink[top:bottom, first : min(last, columns)]
        # Columns crossed by a vertical stroke have more ink than the horizontal line alone.
        clean = window[:, window.sum(axis=0) <= window.sum(axis=0).min() + 0.25]
        return float((rows - (top + center(clean.sum(axis=1)))) / self.px_per_mm)

    def edge(self, y0: float, y1: float, x: float, *, reach: float = 0.5) -> float:
        """Return x of a vertical stroke between ``y0`` and ``y1``, within ``reach`` of ``x``."""
        rows, columns = self.ink.shape
        left = max(round((x - reach) * self.px_per_mm), 0)
        right = min(round((x + reach) * self.px_per_mm) + 1, columns)
        top, bottom = round(rows - y1 * self.px_per_mm), round(rows - y0 * self.px_per_mm)
        window = self.ink[top : max(bottom, top + 1), left:right].sum(axis=0)
        return (left + center(window)) / self.px_per_mm


def center(ink: NDArray[np.float64]) -> float:
    """Return the centroid of ``ink`` in pixels from the outer edge of the first pixel, or NaN."""
    if ink.sum() == 0:
        return float("nan")
    return float((ink * (np.arange(ink.size) + 0.5)).sum() / ink.sum())


def raster(page: Page, decoder: Page) -> Raster:
    """Return the rendered pixels of the sheet; ``decoder`` is any page without a CSP."""
    box = page.locator("ecg-viewer").bounding_box()
    assert box
    png = page.screenshot(clip=box, scale="device", animations="disabled")
    image = decoder.evaluate(BRIGHTNESS, base64.b64encode(png).decode())
    gray = np.frombuffer(base64.b64decode(image["gray"]), dtype=np.uint8)
    brightness = gray.reshape(image["height"], image["width"]).astype(float)
    # Ink is whatever is darker than the darkest line of the ruling.
    ink = np.clip((RULING_BRIGHTNESS - brightness) / (RULING_BRIGHTNESS - TRACE_BRIGHTNESS), 0, 1)
    scale: float = page.locator("ecg-viewer").evaluate(
        "e => parseFloat(e.style.getPropertyValue('--px-per-mm'))"
    )
    return Raster(ink, scale * image["width"] / box["width"])


TRACE_BRIGHTNESS = 25.0
RULING_BRIGHTNESS = 190.0
