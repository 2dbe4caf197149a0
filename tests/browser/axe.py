"""A page as axe-core sees it."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

EVERYTHING = {"resultTypes": ["violations"], "preload": False, "selectors": False}
COLOURS = {**EVERYTHING, "runOnly": ["color-contrast", "link-in-text-block"]}

RUN = "options => axe.run(options).then(({ violations }) => violations)"


def objections(page: Page, options: dict[str, Any] = EVERYTHING) -> list[str]:
    """Return what axe-core objects to on ``page`` as it is now, each with its elements."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)  # once: it is half a megabyte
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes']]}"
        for one in page.evaluate(RUN, options)
    ]
