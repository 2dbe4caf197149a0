"""Take screenshots of a running demo: ``python -m scripts.screenshots FOLDER [--url URL]``.

Takes the pages in ``VIEWS``, in both themes and in a wide and a narrow window. Needs the demo's
ECGREVIEW_HOME to create one-time sign-in links. Submits nothing. ``--desk`` instead takes the desk
in every layout, theme and state, and submits a few exams of the demo; ``--only WORD`` limits it to
states whose name contains WORD.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from scripts import browser, check, desk_pictures

SIZES = {"wide": (1440, 820), "phone": (390, 844)}
THEMES = ("light", "dark")
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]


class NoDemo(Exception):
    """The demo printed no sign-in links, or a page to take is missing."""


@dataclass(frozen=True, slots=True)
class View:
    """A page to take: person, links to follow, and a selector that matches once it is drawn."""

    name: str
    person: str
    links: tuple[str, ...]
    sign: str


STUDY, BATCH = "main a[href^='/studies/demo']", "main a[href^='/batches/']"
VIEWS = (
    View("worklist", "Ana", (), ".worklist-batch"),
    View("desk", "Ana", ("a[href^='/read/']",), ".plot.is-front .trace"),
    View("batch", "Davi", (STUDY, BATCH), ".matrix"),
    View("new-study", "Davi", ("main a[href='/studies/new/steps/']",), ".stages"),
    View("study", "Davi", (STUDY,), ".protocol"),
    View("progress", "Davi", (STUDY, "main a[href$='/progress/']"), "line-chart .js-line"),
    View("readers", "Davi", (STUDY, "main a[href$='/readers/']"), "table"),
    View("agreement", "Davi", (STUDY, BATCH, "main a[href$='/agreement/']"), ".agreement"),
    View("audit", "Otto", ("nav a[href='/audit/']",), "table"),
)


def main(arguments: list[str]) -> int:
    """Take the screenshots and print their file names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument(
        "--desk", action="store_true", help="every layout, theme and state of the desk"
    )
    parser.add_argument("--only", default="", help="with --desk: states whose name contains this")
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    try:
        executable, links = browser.chromium(), sign_in_links(chosen.url)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
            if chosen.desk:
                photograph_desk(chromium, links["Ana"], chosen)
            else:
                for person, link in links.items():
                    photograph(chromium, person, link, chosen.url, chosen.folder)
            chromium.close()
    except (NoDemo, browser.NoBrowser) as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def sign_in_links(url: str) -> dict[str, str]:
    """Return a fresh sign-in link for each person in ``VIEWS``.

    Raises:
        NoDemo: there is no demo in this ECGREVIEW_HOME.
    """
    ask = [sys.executable, "manage.py", "demo_links", "--base-url", url]
    environment = {**os.environ, "ECGREVIEW_DEMO": "1"}
    done = subprocess.run(
        ask, cwd=check.REPOSITORY, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise NoDemo(f"No links from the demo: {done.stderr.strip()}")
    links = dict(re.findall(r"^ +(\w+) .*?(http\S+)$", done.stdout, re.MULTILINE))
    return {person: link for person, link in links.items() if person in {v.person for v in VIEWS}}


def photograph_desk(chromium: Browser, link: str, chosen: argparse.Namespace) -> None:
    """Sign Ana in and take screenshots of the desk in all its states."""
    page = signed_in(chromium, link)
    for file in desk_pictures.photograph(page, chosen.url, chosen.folder, chosen.only):
        print(file, flush=True)
    page.context.close()


def signed_in(chromium: Browser, link: str) -> Page:
    """Open a page and sign in with the one-time ``link``."""
    page = chromium.new_context(reduced_motion="reduce").new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in as").click()
    page.wait_for_url(lambda reached: "/link/" not in reached)
    return page


def photograph(chromium: Browser, person: str, link: str, url: str, folder: Path) -> None:
    """Sign ``person`` in and take their screenshots."""
    page = signed_in(chromium, link)
    for view in VIEWS:
        if view.person == person:
            go_to(page, url, view)
            for file in pictures(page, view, folder):
                print(file, flush=True)
    page.context.close()


def go_to(page: Page, url: str, view: View) -> None:
    """Follow the links of ``view`` from the person's start page.

    Raises:
        NoDemo: a page does not have the link.
    """
    page.set_viewport_size({"width": 1440, "height": 820})
    page.goto(url)
    for link in view.links:
        if page.locator(link).count() == 0:
            raise NoDemo(f"{view.name}: no link {link} at {page.url}")
        page.goto(url + str(page.locator(link).last.get_attribute("href")))


def pictures(page: Page, view: View, folder: Path) -> list[Path]:
    """Take ``view`` in each size and theme. Reload for each size, so that the sheet fits."""
    files = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.reload()
        page.locator(view.sign).first.wait_for(state="attached")
        page.wait_for_load_state("networkidle")
        for theme in THEMES:
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            files.append(folder / f"{view.name}-{size}-{theme}.png")
            page.screenshot(path=files[-1])
    return files


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
