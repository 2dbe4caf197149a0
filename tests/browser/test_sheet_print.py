"""The printed sheet: one page, true to scale, vectors only, labeled."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotations.models import Exam, User
from tests.app.conftest import MakeBatch
from tests.browser import pdf
from tests.browser.conftest import SignIn
from tests.browser.sheets import leads, read_sheet, set_sheet


@pytest.fixture
def desk(
    sign_in_as: SignIn,
    ana: User,
    make_batch: MakeBatch,
    real_exams: list[Exam],
) -> Page:
    """Ana's desk with a real ECG."""
    batch = make_batch(real_exams[:1], [ana])
    page = sign_in_as(ana, f"/read/{batch.assignments.get().pk}/")
    expect(leads(page)).to_have_count(13)
    return page


def printed_pages(page: Page) -> list[pdf.Page]:
    return pdf.pages(page.pdf(prefer_css_page_size=True, print_background=False))


def rhythm_strip(page: pdf.Page) -> np.ndarray:
    """Return the line with the most points, which is the rhythm strip."""
    return max(page.lines, key=len)


def test_a_sheet_is_printed_to_scale_with_every_sample_and_without_images(desk: Page) -> None:
    for theme in ("light", "dark"):
        desk.emulate_media(color_scheme=theme)
        (page,) = printed_pages(desk)
        assert [page.width_mm, page.height_mm] == pytest.approx([297, 210], abs=0.5)
        assert len(rhythm_strip(page)) == 5000
        # 5000 samples at 500 Hz: the first and the last are 249.95 mm apart.
        assert np.ptp(rhythm_strip(page)[:, 0]) == pytest.approx(249.95, rel=0.005)
        assert page.n_pictures == 0
        upright = [
            line
            for line in page.lines
            if len(line) == 2 and np.ptp(line[:, 0]) < 0.01 and np.ptp(line[:, 1]) > 150
        ]
        steps = np.diff(np.unique(np.round([line[0, 0] for line in upright], 2)))
        assert len(upright) >= 250
        assert steps == pytest.approx(1.0, rel=0.02)


def test_printed_waves_have_the_same_height_as_on_the_screen(desk: Page) -> None:
    for layout, gain in [("3x4+II", 10.0), ("12x1", 10.0), ("3x4+II+V1+V5", 5.0)]:
        set_sheet(desk, layout=layout, gain=gain)
        on_screen = read_sheet(desk)
        (page,) = printed_pages(desk)
        for place in range(12):
            expected = np.ptp(np.vstack(on_screen.lead(place))[:, 1])
            heights = [np.ptp(line[:, 1]) for line in page.lines if len(line) > 100]
            assert min(abs(height - expected) for height in heights) <= 0.005 * expected, layout


def test_the_page_has_exam_settings_and_a_ruler_of_a_hundred_millimeters(desk: Page) -> None:
    code = desk.locator("[data-part=code]").inner_text()
    set_sheet(desk, speed=25, gain=10)
    desk.emulate_media(media="print")
    head = desk.locator(".print-head")
    expect(head).to_contain_text(code)
    expect(head).to_contain_text("25 mm/s · 10 mm/mV · raw, no filter · 500 Hz · 1:1, actual size")
    expect(desk.locator(".sheet-head")).to_be_hidden()
    expect(desk.locator("form.reading")).to_be_hidden()
    box = desk.locator(".print-ruler").bounding_box()
    assert box
    assert box["width"] == pytest.approx(100 * 96 / 25.4, abs=0.5)


def test_printing_is_recorded_as_a_tool(desk: Page) -> None:
    desk.evaluate(
        """() => {
          window.used = [];
          document.addEventListener("tool", ({ detail }) => window.used.push(detail.name));
        }"""
    )
    printed_pages(desk)
    assert "print" in desk.evaluate("window.used")
