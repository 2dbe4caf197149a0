"""Screenshots of the desk in every layout, theme and state, for ``scripts.screenshots``.

Each state starts from a fresh page. For each window size, the findings accumulate in the draft of
one exam, which is submitted at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, Route, expect

SIZES = {"large": (1440, 900), "small": (1024, 700), "phone": (390, 844)}
THEMES = ("light", "dark")
SUBMIT = "Control+Enter"
# Height below the sheet: the settings bar and the window edge.
BELOW_PX = 110
READ_LINK = "a[href^='/read/']"

Step = Callable[[Page], None]


@dataclass(frozen=True, slots=True)
class State:
    """A screenshot of the desk: its name, and the step that leads from a fresh page to it."""

    name: str
    step: Step


def photograph(page: Page, url: str, folder: Path, only: str) -> Iterator[Path]:
    """Take the screenshots whose name contains ``only``, and yield the file of each."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.goto(url)
        page.goto(url + str(page.locator(READ_LINK).first.get_attribute("href")))
        desk = page.url
        for state in STATES:
            if only not in state.name:
                continue
            page.goto(desk)
            wait_until_drawn(page)
            state.step(page)
            yield from pictures(page, folder / f"desk-{state.name}-{size}")
            reset_sheet(page)


def wait_until_drawn(page: Page) -> None:
    """Wait until the sheet is drawn and nothing is loading."""
    page.locator(".plot.is-front .trace").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")


def pictures(page: Page, stem: Path) -> Iterator[Path]:
    """Take a screenshot in both themes."""
    page.wait_for_timeout(150)
    for theme in THEMES:
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        file = stem.with_name(f"{stem.name}-{theme}.png")
        page.screenshot(path=file)
        yield file
    page.emulate_media(color_scheme="light")


def reset_sheet(page: Page) -> None:
    """Delete the sheet settings that the desk stores in the browser."""
    page.evaluate(
        "Object.keys(localStorage).filter((name) => /sheet|screen/.test(name))"
        ".forEach((name) => localStorage.removeItem(name))"
    )


def choose(part: str, value: str) -> Step:
    """Return the step that chooses ``value`` in a menu above the sheet."""
    return lambda page: choose_in(page, part, value)


def choose_in(page: Page, part: str, value: str) -> None:
    """Choose ``value`` even if the menu is collapsed."""
    page.locator(f"[data-part={part}]").evaluate(
        "(menu, value) => { menu.value = value;"
        " menu.dispatchEvent(new Event('change', {bubbles: true})); }",
        value,
    )


def keys(*pressed: str) -> Step:
    """Return the step that presses these keys."""

    def press(page: Page) -> None:
        for key in pressed:
            page.keyboard.press(key)

    return press


def measuring(key: str) -> Step:
    """Return the step that drags the tool of ``key`` over a beat in the last row."""

    def measure(page: Page) -> None:
        page.keyboard.press(key)
        box = page.locator("ecg-viewer .overlay").bounding_box()
        assert box is not None  # noqa: S101 - it is visible
        size = page.viewport_size or {"height": box["height"]}
        x = box["x"] + box["width"] * 0.25
        y = min(box["y"] + box["height"] * 0.9, size["height"] - BELOW_PX)  # its visible part
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + box["width"] * 0.08, y - box["height"] * 0.05, steps=5)
        page.mouse.up()

    return measure


def lens(page: Page) -> None:
    """Hold the magnifier over the middle of the sheet."""
    page.keyboard.press("x")
    box = page.locator("ecg-viewer").bounding_box()
    assert box is not None  # noqa: S101
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5, steps=3)


def finding(page: Page, abbreviation: str) -> None:
    """Add a finding unless the draft has it already."""
    there = page.locator(".finding-name b").all_inner_texts()
    if abbreviation not in there:
        page.keyboard.press("/")
        page.keyboard.type(abbreviation)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        expect(page.locator("[data-part=draft-state]")).to_have_text("Saved")


def findings(page: Page) -> None:
    """Add two findings, one of them probable."""
    finding(page, "AF")
    finding(page, "LBBB")
    page.keyboard.press("-")


def evidence(page: Page) -> None:
    """Attach a measurement and an area to the selected finding."""
    findings(page)
    measuring("k")(page)
    page.locator("[data-part=caliper-panel] button", has_text="finding").first.click()
    page.keyboard.press("Escape")
    measuring("l")(page)


def not_assessable(page: Page) -> None:
    """Mark a class as not assessable."""
    findings(page)
    page.keyboard.press("i")


def not_good(page: Page) -> None:
    """Rate the signal as poor, with a problem and its leads."""
    keys("p", "Shift+O", "r", "Enter", "ArrowDown", "Enter")(page)


def contradiction(page: Page) -> None:
    """Add findings that exclude each other."""
    finding(page, "AF")
    page.keyboard.press("n")


def conflict(page: Page) -> None:
    """Save another draft from another window."""
    other = page.context.new_page()
    other.goto(page.url)
    wait_until_drawn(other)
    finding(other, "RBBB")
    other.close()
    page.keyboard.press("-")
    page.get_by_role("dialog", name="This draft was changed elsewhere").wait_for()


def compared(page: Page) -> None:
    """Open the first exam with a previous exam, and compare them."""
    page.goto("/".join([*page.url.split("/")[:3], "worklist", ""]))
    links = page.locator(READ_LINK).evaluate_all("links => links.map((link) => link.href)")
    for link in dict.fromkeys(links):
        page.goto(link)
        wait_until_drawn(page)
        if page.locator(".tab.is-previous-exam").count():
            page.keyboard.press("h")
            page.locator("[data-part=previous-exam]").wait_for()
            return


def resolve_conflict(page: Page) -> None:
    """Keep our draft if an earlier screenshot left a conflict open."""
    keep_mine = page.get_by_role("button", name="Keep this draft")
    if keep_mine.is_visible():
        keep_mine.click()


SHEETS = (
    *(
        State(f"layout-{layout.replace('+', '-')}", choose("layout", layout))
        for layout in ("3x4+II", "3x4+V1", "3x4+V5", "3x4+II+V1+V5", "3x4", "6x2", "12x1")
    ),
    State(
        "layout-cabrera", lambda page: page.locator("[data-part=cabrera]").dispatch_event("click")
    ),
    *(State(f"speed-{speed}", choose("speedMmPerS", speed)) for speed in ("12.5", "50")),
    *(State(f"gain-{gain}", choose("gainMmPerMv", gain)) for gain in ("2.5", "5", "20")),
    *(
        State(f"filter-{name}", choose("filter", name))
        for name in ("150hz", "40hz", "baseline", "mains")
    ),
    State("swap", choose("swap", "ra-la")),
    State("actual-size", lambda page: page.locator("[data-part=screen]").dispatch_event("click")),
)

TOOLS = (
    State("calipers-time", measuring("k")),
    State("calipers-voltage", measuring("v")),
    State("calipers-march", measuring("m")),
    State("area", keys("l")),
    State("lead-zoom", keys("z")),
    State("lens", lens),
    State("lead-overlay", keys("o")),
    State("median-beat", keys("b")),
)

FORM = (
    State("help", keys("?")),
    State("tree", keys("e", "ArrowDown", "ArrowRight")),
    State("finder", keys("/", "b", "l", "o")),
    State("findings", findings),
    State("evidence", evidence),
    State("contradiction", contradiction),
    State("not-assessable", not_assessable),
    State("poor", not_good),
    State("unreadable", keys("u")),
    State("abstain", keys("Shift+A")),
    State("conflict", conflict),
)


def submitted(page: Page) -> None:
    """Show an exam after submission, with suggestions if the study shows them."""
    if page.locator(".desk.is-submitted").count() == 0:
        address = page.url
        resolve_conflict(page)
        keys("g")(page)
        finding(page, "LBBB")
        page.keyboard.press(SUBMIT)
        page.wait_for_timeout(1500)
        page.goto(address)
        wait_until_drawn(page)
    page.wait_for_timeout(800)


def finished(page: Page) -> None:
    """Show the end of the queue, without sending the submission to the server."""
    page.route("**/read/*/", without_next)
    page.route(
        "**/api/assignments/*/reading/",
        lambda route: route.fulfill(status=201, json={"next": None, "undo_until": None}),
    )
    page.reload()
    wait_until_drawn(page)
    resolve_conflict(page)
    keys("g", SUBMIT)(page)
    page.wait_for_timeout(300)
    if page.locator("[data-part=notice]").is_visible():  # confirm a doubtful submission
        page.keyboard.press(SUBMIT)
    page.locator("[data-part=finished]").wait_for()
    page.unroute_all()


def without_next(route: Route) -> None:
    """Serve the desk page without a next exam."""
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r'"next": "?\w+"?', '"next": null', answer.text()))


STATES = (
    *SHEETS,
    *TOOLS,
    *FORM,
    State("prior", compared),
    State("finished", finished),
    State("submitted", submitted),
)
