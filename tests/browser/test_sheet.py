"""The sheet in a browser: geometry in millimeters, settings and calibration."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Dataset, Exam, Tracing, User
from ecgreview.ecg import wire
from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import INVALID, LeadStatus, Signal
from tests.app.conftest import MakeBatch
from tests.browser.conftest import SignIn
from tests.browser.sheets import GUTTER_MM, leads, read_sheet, set_sheet

MM_PER_S = 25.0
MM_PER_MV = 10.0
CARD_WIDTH_MM = 85.6


OpenDesk = Callable[..., Page]


@pytest.fixture
def open_desk(sign_in_as: SignIn, ana: User, make_batch: MakeBatch) -> OpenDesk:
    """Open Ana's desk with an exam."""

    def open_exam(exam: Exam, **settings: object) -> Page:
        batch = make_batch([exam], [ana])
        page = sign_in_as(ana, f"/read/{batch.assignments.get().pk}/", **settings)
        expect(page.locator("[data-part=settings]")).to_contain_text("mm/s")
        return page

    return open_exam


@pytest.fixture
def desk(open_desk: OpenDesk, real_exams: list[Exam]) -> Page:
    """Ana's desk with a real ECG."""
    return open_desk(real_exams[0])


@pytest.fixture
def signal(real_exams: list[Exam]) -> Signal:
    """The stored signal of the ECG on ``desk``."""
    return wire.unpack(bytes(Tracing.objects.get(exam=real_exams[0]).packed))


@pytest.fixture
def make_exam_of(dataset: Dataset, now: datetime) -> Callable[..., Exam]:
    """Create an exam with one tracing per signal."""

    def make(*signals: Signal) -> Exam:
        exam = Exam.objects.create(
            dataset=dataset,
            source_key=signals[0].content_hash,
            content_hash=signals[0].content_hash,
            imported_at=now,
        )
        for position, signal in enumerate(signals, start=1):
            Tracing.objects.create(
                exam=exam,
                position=position,
                sampling_rate_hz=signal.sampling_rate_hz,
                n_samples=signal.n_samples,
                content_hash=signal.content_hash,
                packed=wire.pack(signal),
            )
        return exam

    return make


def waves(duration_s: float = 10.0, rate_hz: float = 500.0, *, seed: int = 1) -> Signal:
    """Return a signal with one triangular wave per second in each lead, larger in later leads."""
    t = np.arange(int(duration_s * rate_hz)) / rate_hz
    wave = np.maximum(0, 1 - np.abs(t % 1.0 - 0.5) / 0.05) * 1000
    heights = np.linspace(0.5, 1.5, 12) * seed
    return Signal(np.round(heights[:, None] * wave).astype(np.int16), rate_hz, 1.0)


def test_the_pulse_is_on_a_ruling_in_millimeters_and_follows_layout_and_gain(desk: Page) -> None:
    sheet = read_sheet(desk)
    for pulse in sheet.pulses:
        left, right = pulse[pulse[:, 1] > pulse[:, 1].mean(), 0]
        settings, top = pulse[:, 1].min(), pulse[:, 1].max()
        assert [right - left, top - settings] == pytest.approx([5.0, 10.0], abs=0.02)
        assert [edge % 5 for edge in (left, settings)] == pytest.approx([0.0, 0.0], abs=0.02)
    box = desk.locator("ecg-viewer .paper").get_attribute("viewBox") or ""
    assert [float(number) for number in box.split()] == pytest.approx(
        [0, 0, sheet.width_mm, sheet.height_mm], abs=0.01
    )
    for setting, value, n_leads, height_mm in [
        ("Layout", "12x1", 12, 10.0),
        ("Gain", "5", 12, 5.0),
    ]:
        desk.get_by_label(setting).select_option(value)
        expect(leads(desk)).to_have_count(n_leads)
        expect(desk.locator("[data-part=settings]")).to_contain_text(f"{height_mm:.0f} mm/mV")
        for pulse in read_sheet(desk).pulses:
            assert np.ptp(pulse[:, 1]) == pytest.approx(height_mm, abs=0.02)


def test_the_rhythm_strip_and_the_height_of_every_lead_match_the_samples(
    desk: Page, signal: Signal
) -> None:
    sheet = read_sheet(desk)
    (strip,) = sheet.lead(12)
    samples = signal.millivolts()[LEADS.index("II")]
    at = (strip[:, 0] - GUTTER_MM) / MM_PER_S * signal.sampling_rate_hz
    expected_mm = np.interp(at, np.arange(samples.size), samples - np.median(samples)) * MM_PER_MV
    baseline_mm = sheet.pulses[-1][:, 1].min()

    assert np.ptp(at) == pytest.approx(samples.size - 1, abs=0.5)
    # Half the line width: points that Plotly's simplification drops lie within the stroke.
    assert strip[:, 1] - baseline_mm == pytest.approx(expected_mm, abs=0.15)

    for row, samples in enumerate(signal.millivolts()):
        column = samples.reshape(4, -1)[row // 3]
        heights = np.hstack([line[:, 1] for line in sheet.lead(row)])
        assert np.ptp(heights) == pytest.approx(np.ptp(column) * MM_PER_MV, abs=0.1), LEADS[row]


def test_a_sheet_has_few_elements(desk: Page) -> None:
    sheet = desk.locator(".plot.is-front")
    for layout, n_leads in [("3x4+II", 13), ("3x4+II+V1+V5", 15), ("6x2", 12), ("12x1", 12)]:
        set_sheet(desk, layout=layout)
        expect(leads(desk)).to_have_count(n_leads)
        assert sheet.evaluate("sheet => sheet.querySelectorAll('*').length") <= 250, layout
    assert desk.locator("canvas").count() == 0


def test_one_key_cycles_through_each_setting(desk: Page) -> None:
    settings = desk.locator("[data-part=settings]")
    desk.keyboard.press("Shift+S")
    expect(settings).to_contain_text("50 mm/s")
    desk.keyboard.press("Shift+S")
    expect(settings).to_contain_text("12.5 mm/s")
    desk.keyboard.press("Shift+G")
    expect(settings).to_contain_text("20 mm/mV")
    desk.keyboard.press("Shift+L")
    expect(desk.get_by_label("Layout")).to_have_value("3x4+V1")
    desk.keyboard.press("Shift+C")
    expect(desk.get_by_role("button", name="Cabrera")).to_have_attribute("aria-pressed", "true")
    expect(desk.locator(".tracenames")).to_contain_text("−aVR")


def test_the_settings_survive_a_reload(desk: Page) -> None:
    set_sheet(desk, layout="6x2", speed=50, gain=5)
    desk.reload()
    expect(desk.locator("[data-part=settings]")).to_contain_text("50 mm/s · 5 mm/mV")
    expect(desk.get_by_label("Layout")).to_have_value("6x2")


def test_missing_and_flat_leads_are_labeled(
    open_desk: OpenDesk, make_exam_of: Callable[..., Exam]
) -> None:
    recording = waves()
    samples = recording.samples.copy()
    samples[8] = INVALID
    samples[11] = 0
    status = [LeadStatus.RECORDED] * 12
    status[8] = LeadStatus.MISSING
    page = open_desk(make_exam_of(Signal(samples, 500.0, 1.0, tuple(status))))
    expect(page.locator(".tracenames").first).to_contain_text("V3 · not recorded")
    expect(page.locator(".tracenames").first).to_contain_text("V6 · flat")
    expect(leads(page)).to_have_count(12)
    dashes = page.locator(".plot.is-front .traceabsent path.js-line")
    assert dashes.evaluate("path => getComputedStyle(path).strokeDasharray") != "none"


def test_the_time_axis_is_correct_for_any_length_and_rate(
    sign_in_as: SignIn,
    live_server: LiveServer,
    ana: User,
    make_batch: MakeBatch,
    make_exam_of: Callable[..., Exam],
) -> None:
    shapes = [(7.0, 300.0), (10.24, 400.0), (10.0, 100.0), (10.0, 1000.0)]
    exams = [make_exam_of(waves(*shape)) for shape in shapes]
    batch = make_batch(exams, [ana])
    page = sign_in_as(ana)
    for exam, (duration_s, rate_hz) in zip(exams, shapes, strict=True):
        page.goto(f"{live_server.url}/read/{batch.assignments.get(exam=exam).pk}/")
        expect(page.locator("[data-part=settings]")).to_contain_text("mm/s")
        (strip,) = read_sheet(page).lead(12)
        assert np.ptp(strip[:, 0]) == pytest.approx((duration_s - 1 / rate_hz) * 25, abs=0.02)
        tops = strip[strip[:, 1] > strip[:, 1].max() - 0.5, 0]
        assert (tops - GUTTER_MM) / 25 % 1.0 == pytest.approx(0.5, abs=0.006)


def test_a_long_recording_is_shown_page_by_page(
    open_desk: OpenDesk, make_exam_of: Callable[..., Exam]
) -> None:
    page = open_desk(make_exam_of(waves(60.0, 250.0)))
    expect(page.locator("[data-part=window]")).to_have_text("0–10 of 60 s")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.locator("[data-part=window]")).to_have_text("50–60 of 60 s")
    expect(page.get_by_role("button", name="Later", exact=True)).to_be_disabled()


def test_several_tracings_have_tabs_and_a_key(
    open_desk: OpenDesk, make_exam_of: Callable[..., Exam]
) -> None:
    page = open_desk(make_exam_of(waves(), waves(seed=2)))
    before = np.ptp(read_sheet(page).lead(12)[0][:, 1])
    strip = leads(page).nth(12).locator("path.js-line")
    first = strip.get_attribute("d") or ""
    page.keyboard.press("t")
    expect(strip).not_to_have_attribute("d", first)
    expect(page.get_by_role("button", name="Tracing 2")).to_have_attribute("aria-pressed", "true")
    assert np.ptp(read_sheet(page).lead(12)[0][:, 1]) == pytest.approx(2 * before, rel=0.01)


def test_a_lead_reversal_preview_ends_with_its_tracing(
    open_desk: OpenDesk, make_exam_of: Callable[..., Exam]
) -> None:
    page = open_desk(make_exam_of(waves(), waves(seed=2)))
    expect(page.locator("[data-part=tools]")).to_have_attribute("data-ready", "yes")
    strip = leads(page).nth(12).locator("path.js-line")
    recorded = strip.get_attribute("d") or ""
    page.get_by_label("Lead reversal preview").select_option("ra-la")
    expect(page.locator(".sheet-badge.is-loud")).to_be_visible()
    for name in ("Tracing 2", "Tracing 1"):
        page.keyboard.press("t")
        tab = page.get_by_role("button", name=name)
        expect(tab).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".sheet-badge")).to_have_count(0)
    expect(strip).to_have_attribute("d", recorded)


def calibrate_screen(page: Page, px_per_mm: float) -> None:
    """Calibrate for a screen of ``px_per_mm`` by matching the card's outline."""
    page.keyboard.press("Shift+M")
    page.get_by_label("Outline size").fill(str(px_per_mm))
    box = page.locator("[data-part=card]").bounding_box()
    assert box
    assert [box["width"], box["height"]] == pytest.approx(
        [CARD_WIDTH_MM * px_per_mm, 53.98 * px_per_mm], abs=0.1
    )
    page.get_by_role("button", name="Save calibration").click()


def test_actual_size_on_an_uncalibrated_screen_asks_for_calibration(desk: Page) -> None:
    desk.keyboard.press("Shift+T")
    expect(desk.get_by_role("dialog", name="This screen")).to_be_visible()


def test_actual_size_is_true_to_the_millimeter_on_a_calibrated_screen(desk: Page) -> None:
    calibrate_screen(desk, 3.605)
    size = desk.locator("[data-part=size]")
    expect(size).to_have_text("4.0 px/mm · 1.11 × actual size")
    desk.keyboard.press("Shift+T")
    expect(size).to_have_text("3.6 px/mm · actual size")
    (strip,) = read_sheet(desk).lead(12)
    box = desk.locator("ecg-viewer").bounding_box()
    assert box
    assert box["width"] == pytest.approx(266 * 3.605, abs=0.1)
    assert np.ptp(strip[:, 0]) == pytest.approx(249.95, abs=0.1)

    desk.reload()  # the calibration is stored on the device
    expect(size).to_have_text("3.6 px/mm · actual size")
    session = desk.context.new_cdp_session(desk)
    zoomed = {"width": 1152, "height": 720, "deviceScaleFactor": 1.25, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", zoomed)
    expect(size).to_contain_text("different screen: calibrate it")


def test_settings_and_pulse_stay_visible_on_a_small_screen(
    open_desk: OpenDesk, real_exams: list[Exam]
) -> None:
    page = open_desk(real_exams[0], viewport={"width": 390, "height": 844})
    page.locator(".sheet-scroll").evaluate("e => e.scrollLeft = 250")
    expect(page.locator("[data-part=settings]")).to_be_in_viewport(ratio=1)
    pulse = page.locator(".sheet-foot .pulse")
    expect(pulse).to_be_in_viewport(ratio=1)
    height = pulse.locator("path").evaluate("path => path.getBoundingClientRect().height")
    assert height == pytest.approx(10 * read_sheet(page).px_per_mm, abs=1)
