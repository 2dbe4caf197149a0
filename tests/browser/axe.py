"""Accessibility checks with axe-core."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

EVERYTHING = {"resultTypes": ["violations"], "preload": False, "selectors": False}
COLORS = {**EVERYTHING, "runOnly": ["color-contrast", "link-in-text-block"]}

RUN = "options => axe.run(options).then(({ violations }) => violations)"


def violations_now(page: Page, options: dict[str, Any] = EVERYTHING) -> list[str]:
    """Return the violations that axe-core finds on ``page``, each with the elements concerned."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)  # half a megabyte, so once per page
    return [
        f"{rule['id']}: {rule['help']}: {[node['html'][:160] for node in rule['nodes']]}"
        for rule in page.evaluate(RUN, options)
    ]
