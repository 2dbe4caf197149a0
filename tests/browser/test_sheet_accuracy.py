"""Accuracy of the rendered sheet in every layout, speed and gain, at two pixel ratios.

A synthetic exam is measured in the pixels of a screenshot, a real one on the drawn paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from annotations.models import Dataset, Exam, Tracing, User
from ecgreview.ecg import wire
from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import Signal
from tests.app.conftest import MakeBatch
from tests.browser.conftest import SignIn
from tests.browser.sheets import GUTTER_MM, DrawnSheet, Raster, leads, raster, read_sheet, set_sheet
from tests.sizes import size

RATE_HZ = 500
DURATION_S = 10.0
RR_S = 0.8
R_S = 0.064
FIRST_R_S = 0.3
CLEAR_R = {"V4", "V5"}
"""Leads of the real recording that rise through 70% of their height once per beat."""

R_MV = (0.6, 0.9, 1.1, 1.15)
"""R wave heights; the leads cycle through them. No R wave ends on the line of another row."""

LIMB = list(LEADS[:6])
CHEST = list(LEADS[6:])
CABRERA = ["aVL", "I", "−aVR", "II", "aVF", "III"]
# Per layout: number of columns, rhythm strips, distance between rows in millimeters.
LAYOUTS: dict[str, tuple[int, list[str], float]] = {
    "3x4+II": (4, ["II"], 40),
    "3x4+V1": (4, ["V1"], 40),
    "3x4+V5": (4, ["V5"], 40),
    "3x4+II+V1+V5": (4, ["II", "V1", "V5"], 30),
    "3x4": (4, [], 40),
    "6x2": (2, [], 25),
    "12x1": (1, [], 15),
}
PIXEL_LAYOUTS = ["3x4+II", "3x4+II+V1+V5", "6x2", "12x1"]
RATIOS = [1, pytest.param(2, marks=pytest.mark.drill)]
SPEEDS = [12.5, 25.0, 50.0]
GAINS = [2.5, 5.0, 10.0, 20.0]

HIDE_TEXT = """() => {
  const rules = new CSSStyleSheet();
  rules.replaceSync(".tracenames, .shapelayer { display: none !important; }");
  document.adoptedStyleSheets = [rules];
}"""


def each_setting(page: Page, layouts: Iterable[str]) -> Iterator[tuple[str, float, float]]:
    """Set each combination of layout, speed and gain and yield it.

    In ``make test``, each layout and speed has only one gain. ``make drill`` tests all gains.
    """
    for turn, layout in enumerate(layouts):
        set_sheet(page, layout=layout)
        for place, speed in enumerate(SPEEDS):
            set_sheet(page, speed=speed)
            for gain in size([GAINS[(turn + place) % len(GAINS)]], GAINS):
                set_sheet(page, gain=gain)
                yield layout, speed, gain


def r_wave_s(lead: int) -> NDArray[np.float64]:
    """Return the start times in seconds of the R waves of ``lead``, which differ between leads."""
    return np.arange(FIRST_R_S + lead * R_S, DURATION_S - R_S, RR_S)


def exact_signal() -> Signal:
    """Return a signal with square R waves of known heights at known samples."""
    samples = np.zeros((12, int(DURATION_S * RATE_HZ)), dtype=np.int16)
    for lead in range(12):
        for begin in r_wave_s(lead):
            first = round(begin * RATE_HZ)
            samples[lead, first : first + round(R_S * RATE_HZ)] = round(1000 * R_MV[lead % 4])
    return Signal(samples, float(RATE_HZ), 1.0)


@pytest.fixture
def exact_exam(dataset: Dataset, now: datetime) -> Exam:
    """An exam with the tracing of ``exact_signal``."""
    signal = exact_signal()
    exam = Exam.objects.create(
        dataset=dataset, source_key="exact", content_hash=signal.content_hash, imported_at=now
    )
    Tracing.objects.create(
        exam=exam,
        position=1,
        sampling_rate_hz=signal.sampling_rate_hz,
        n_samples=signal.n_samples,
        content_hash=signal.content_hash,
        packed=wire.pack(signal),
    )
    return exam


@pytest.fixture
def open_desk(sign_in_as: SignIn, ana: User, make_batch: MakeBatch) -> Callable[..., Page]:
    """Open Ana's desk with an exam, at a given device pixel ratio."""

    def open_it(exam: Exam, ratio: int = 1) -> Page:
        batch = make_batch([exam], [ana])
        address = f"/read/{batch.assignments.get().pk}/"
        page = sign_in_as(ana, address, device_scale_factor=ratio)
        expect(leads(page)).to_have_count(13)
        return page

    return open_it


@pytest.fixture
def decoder(browser: Browser) -> Iterator[Page]:
    """An empty page that decodes images."""
    page = browser.new_page()
    yield page
    page.close()


class Cell:
    """Where one segment of a lead should be on the sheet, computed independently of the page."""

    def __init__(
        self,
        name: str,
        row: int,
        rows: int,
        from_s: float,
        to_s: float,
        sheet: DrawnSheet,
        pitch: float,
    ) -> None:
        self.name = name
        self.lead = LEADS.index(name.removeprefix("−"))
        self.sign = -1 if name.startswith("−") else 1
        self.from_s, self.to_s = from_s, to_s
        lowest = sheet.pulses[-1][:, 1].min()
        self.baseline = lowest + pitch * (rows - 1 - row)

    def x(self, seconds: float, speed: float) -> float:
        """Return the x coordinate of a time, in millimeters. The sheet starts at 0 s."""
        return GUTTER_MM + seconds * speed


def cells_of(layout: str, sheet: DrawnSheet, speed: float, *, cabrera: bool = False) -> list[Cell]:
    """Return the cells of the sheet in drawing order."""
    columns, strips, pitch = LAYOUTS[layout]
    names = [*(CABRERA if cabrera else LIMB), *CHEST]
    shown_s = min(DURATION_S, 250 / speed)
    per_column = 12 // columns
    rows = per_column + len(strips)
    column_s = shown_s / columns
    grid = [
        Cell(
            name,
            i % per_column,
            rows,
            i // per_column * column_s,
            (i // per_column + 1) * column_s,
            sheet,
            pitch,
        )
        for i, name in enumerate(names)
    ]
    return grid + [
        Cell(name, per_column + i, rows, 0.0, shown_s, sheet, pitch)
        for i, name in enumerate(strips)
    ]


def errors_px(image: Raster, cell: Cell, speed: float, gain: float) -> list[float]:
    """Return the errors of ``cell`` in pixels: R wave heights first, then RR intervals."""
    mv = cell.sign * R_MV[cell.lead % 4]
    edges = []
    errors = []
    for begin in r_wave_s(cell.lead):
        if begin - 0.05 < cell.from_s or begin + R_S + 0.01 > cell.to_s:
            continue
        x, top = cell.x(begin, speed), cell.baseline + mv * gain
        level_mm = image.level(x - 0.048 * speed, x - 0.02 * speed, cell.baseline)
        height = image.level(x + 0.016 * speed, x + 0.048 * speed, top) - level_mm
        errors.append(height - mv * gain)
        middle = sorted([cell.baseline + 0.35 * mv * gain, cell.baseline + 0.65 * mv * gain])
        edges.append(image.edge(middle[0], middle[1], x, reach=min(0.5, 0.35 * R_S * speed)))
    rr = np.diff(edges) - RR_S * speed
    return [*(np.array(errors) * image.px_per_mm), *(rr * image.px_per_mm)]


def pulse_errors_px(image: Raster, sheet: DrawnSheet, speed: float, gain: float) -> list[float]:
    """Return the errors of the 1 mV pulses in pixels: height and width of each."""
    errors = []
    for pulse in sheet.pulses:
        foot, left = pulse[:, 1].min(), pulse[1, 0]
        right = left + 0.2 * speed
        level_mm = image.level(left - 0.9, left - 0.3, foot)
        height = image.level(left + 0.5, right - 0.5, foot + gain) - level_mm
        middle = (foot + 0.4 * gain, foot + 0.6 * gain)
        width = image.edge(*middle, right) - image.edge(*middle, left)
        errors += [height - gain, width - 0.2 * speed]
    return list(np.array(errors) * image.px_per_mm)


@pytest.mark.parametrize("ratio", RATIOS)
def test_every_rendered_wave_is_within_a_pixel(
    open_desk: Callable[..., Page], exact_exam: Exam, decoder: Page, ratio: int
) -> None:
    page = open_desk(exact_exam, ratio)
    page.evaluate(HIDE_TEXT)
    too_large = []
    for layout, speed, gain in each_setting(page, PIXEL_LAYOUTS):
        sheet, image = read_sheet(page), raster(page, decoder)
        errors = {"pulse": pulse_errors_px(image, sheet, speed, gain)}
        for cell in cells_of(layout, sheet, speed):
            errors.setdefault(cell.name, []).extend(errors_px(image, cell, speed, gain))
        assert all(errors.values()), errors
        too_large += [
            (layout, speed, gain, name, round(worst, 2))
            for name, errors_of_lead in errors.items()
            if not (worst := max(map(abs, errors_of_lead), default=9.0)) <= 0.6
        ]
    assert too_large == []


def test_the_inverted_lead_is_drawn_upside_down(
    open_desk: Callable[..., Page], exact_exam: Exam, decoder: Page
) -> None:
    page = open_desk(exact_exam)
    page.evaluate(HIDE_TEXT)
    page.keyboard.press("Shift+C")
    for layout in ("3x4+II", "6x2", "12x1"):
        set_sheet(page, layout=layout)
        sheet, image = read_sheet(page), raster(page, decoder)
        for cell in cells_of(layout, sheet, 25.0, cabrera=True):
            assert max(map(abs, errors_px(image, cell, 25.0, 10.0))) <= 0.6, (layout, cell.name)


@pytest.mark.parametrize("ratio", RATIOS)
def test_a_real_recording_is_drawn_sample_by_sample(
    open_desk: Callable[..., Page], real_exams: list[Exam], ratio: int
) -> None:
    exam = real_exams[0]
    signal = wire.unpack(bytes(Tracing.objects.get(exam=exam).packed))
    millivolts = signal.millivolts()
    page = open_desk(exam, ratio)
    for layout, speed, gain in each_setting(page, LAYOUTS):
        sheet = read_sheet(page)
        for place, cell in enumerate(cells_of(layout, sheet, speed)):
            line = np.vstack(sheet.lead(place))
            samples = millivolts[cell.lead] - np.median(millivolts[cell.lead])
            first, last = round(cell.from_s * 500), round(cell.to_s * 500)
            seconds = np.arange(first, last) / signal.sampling_rate_hz
            points = np.column_stack(
                [GUTTER_MM + seconds * speed, cell.baseline + samples[first:last] * gain]
            )
            where = (layout, speed, gain, cell.name)
            finest_mm = 0.05 / sheet.px_per_mm
            assert line.shape == points.shape, where  # one point per sample
            assert np.abs(line - points).max() <= finest_mm, where
            r_height = np.ptp(samples[first:last]) * gain
            assert np.ptp(line[:, 1]) == pytest.approx(r_height, abs=0.1), where
            if cell.name in CLEAR_R:
                rr = [
                    np.diff(upstrokes(points_of_line, cell.baseline))
                    for points_of_line in (line, points)
                ]
                assert rr[0] == pytest.approx(rr[1], abs=finest_mm + 0.02), where


def upstrokes(line: NDArray[np.float64], baseline: float) -> NDArray[np.float64]:
    """Return the x coordinates where ``line`` rises through 70% of its height, once per R wave."""
    level = baseline + 0.7 * (line[:, 1].max() - baseline)
    rises = np.flatnonzero((line[:-1, 1] < level) & (line[1:, 1] >= level))
    before, after = line[rises], line[rises + 1]
    share = (level - before[:, 1]) / (after[:, 1] - before[:, 1])
    rises_at: NDArray[np.float64] = before[:, 0] + share * (after[:, 0] - before[:, 0])
    return rises_at
