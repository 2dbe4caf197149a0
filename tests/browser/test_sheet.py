"""The sheet in a real browser: what lies on the screen are the millimetres and the samples."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Exam, Tracing, User
from ecgreview.ecg import wire
from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import Signal
from tests.app.conftest import MakeBatch

from .conftest import SignIn

GUTTER_MM = 15.0
MM_PER_S = 25.0
MM_PER_MV = 10.0
NAMES, PULSES, FIRST_LEAD = 0, 1, 2
"""The order of what is drawn; after the names and the pulses come twelve leads and the rhythm."""

Points = NDArray[np.float64]


@pytest.fixture
def desk(
    sign_in_as: SignIn,
    live_server: LiveServer,
    ana: User,
    make_batch: MakeBatch,
    real_exams: list[Exam],
) -> Page:
    """Ana's reading desk with a real ECG."""
    batch = make_batch(real_exams[:1], [ana])
    page = sign_in_as(ana)
    page.goto(f"{live_server.url}/read/{batch.assignments.get().pk}/")
    expect(drawn(page)).to_have_count(FIRST_LEAD + 13)
    return page


@pytest.fixture
def signal(real_exams: list[Exam]) -> Signal:
    """The samples of that ECG, as stored."""
    return wire.unpack(bytes(Tracing.objects.get(exam=real_exams[0]).packed))


def drawn(page: Page) -> Locator:
    """Return the names, the pulses and the leads on view."""
    return page.locator(".plot.is-front .scatterlayer .trace")


def px_per_mm(page: Page) -> float:
    """Return the scale that the page claims for its sheet."""
    line = page.locator("[data-part=settings]")
    expect(line).to_contain_text("px/mm")
    found = re.search(r"([\d.]+) px/mm", line.inner_text())
    assert found
    return float(found[1])


def lines_mm(page: Page, place: int) -> list[Points]:
    """Return what was drawn at ``place``: per line (n, 2) millimetres, y upwards."""
    height = page.locator(".plot.is-front svg.main-svg").first.get_attribute("height")
    scale = px_per_mm(page)
    lines = []
    for path in drawn(page).nth(place).locator("path.js-line").all():
        points = vertices(path.get_attribute("d") or "")
        points[:, 1] = float(height or "nan") - points[:, 1]
        lines.append(points / scale)
    return lines


def vertices(path: str) -> Points:
    """Return the points of an SVG ``path`` made of M, L, H and V."""
    x = y = 0.0
    points = []
    for command, text in re.findall(r"([MLHV])([^MLHV]+)", path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", text)]
        if command in "ML":
            x, y = numbers
        elif command == "H":
            (x,) = numbers
        else:
            (y,) = numbers
        points.append((x, y))
    return np.array(points)


def test_the_calibration_pulse_is_ten_millimetres_by_five_on_the_ruling(desk: Page) -> None:
    for pulse in lines_mm(desk, PULSES):
        left, right = pulse[pulse[:, 1] > pulse[:, 1].mean(), 0]
        foot, top = pulse[:, 1].min(), pulse[:, 1].max()
        assert [right - left, top - foot] == pytest.approx([5.0, 10.0], abs=0.02)
        assert [edge % 5 for edge in (left, foot)] == pytest.approx([0.0, 0.0], abs=0.02)
    tile = desk.locator("ecg-viewer .paper").evaluate("e => getComputedStyle(e).backgroundSize")
    assert float(tile.split("px")[0]) == pytest.approx(5 * px_per_mm(desk), abs=0.01)


@pytest.mark.parametrize(
    ("setting", "value", "n_leads", "height_mm"),
    [("Arrangement", "12x1", 12, 10.0), ("Gain", "5", 13, 5.0)],
)
def test_the_pulse_shows_how_the_sheet_is_drawn(
    desk: Page, setting: str, value: str, n_leads: int, height_mm: float
) -> None:
    desk.get_by_label(setting).select_option(value)
    expect(drawn(desk)).to_have_count(FIRST_LEAD + n_leads)
    expect(desk.locator("[data-part=settings]")).to_contain_text(f"{height_mm:.0f} mm/mV")
    for pulse in lines_mm(desk, PULSES):
        assert np.ptp(pulse[:, 1]) == pytest.approx(height_mm, abs=0.02)


def test_the_rhythm_strip_of_lead_ii_goes_through_its_samples(desk: Page, signal: Signal) -> None:
    (strip,) = lines_mm(desk, FIRST_LEAD + 12)
    samples = signal.millivolts()[LEADS.index("II")]
    at = (strip[:, 0] - GUTTER_MM) / MM_PER_S * signal.sampling_rate_hz
    expected_mm = np.interp(at, np.arange(samples.size), samples - np.median(samples)) * MM_PER_MV
    baseline_mm = lines_mm(desk, PULSES)[-1][:, 1].min()

    assert np.ptp(at) == pytest.approx(samples.size - 1, abs=0.5)
    # Half the width of the line: what Plotly leaves out lies inside the stroke.
    assert strip[:, 1] - baseline_mm == pytest.approx(expected_mm, abs=0.15)


def test_every_lead_is_as_high_as_it_was_recorded(desk: Page, signal: Signal) -> None:
    for row, samples in enumerate(signal.millivolts()):
        column = samples.reshape(4, -1)[row // 3]
        heights = np.hstack([line[:, 1] for line in lines_mm(desk, FIRST_LEAD + row)])
        assert np.ptp(heights) == pytest.approx(np.ptp(column) * MM_PER_MV, abs=0.1), LEADS[row]


def test_a_sheet_is_light_with_no_way_to_send_it_away(desk: Page) -> None:
    sheet = desk.locator(".plot.is-front")
    assert sheet.evaluate("sheet => sheet.querySelectorAll('*').length") <= 250
    assert desk.locator("canvas").count() == 0

    config = sheet.evaluate("({_context: c}) => [c.showSendToCloud, c.plotlyServerURL]")
    assert config == [False, ""]
    assert desk.locator(".modebar, .modebar-btn, a[href*=plotly], [data-title]").count() == 0
