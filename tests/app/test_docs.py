"""The documentation says what the code does: commands, settings, columns, links."""

from __future__ import annotations

import ast
import re
from argparse import Action
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class

from annotations.services.export import archive, tables

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PLACE = re.compile(r"`((?:annotations|ecgreview|static/js|templates|tests|bench)/[\w/.]+)`")
STEP = re.compile(r"`([\w.]+)`\s+in\s+`([\w/]+\.(?:py|js))`")
ABOUT_CODE = [ROOT / "CONTRIBUTING.md", *(DOCS / "concepts").glob("*.md"), *DOCS.glob("adr/*.md")]
SECTION = re.compile(r"^## `([^`]+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
PROGRAMS = [*(ROOT / "ecgreview").rglob("*.py"), *(ROOT / "scripts").glob("*.py")]
SETTINGS_MODULE = "DJANGO_SETTINGS_MODULE"  # Django's own, and always ours
COMMANDS = sorted(name for name, app in get_commands().items() if app == "annotations")
EXPORTED = {
    "consensus.csv": tables.consensus,
    "readings_long.csv": tables.readings_long,
    "taxonomy.csv": tables.taxonomy,
    "agreement.csv": tables.agreement,
}


def sections(page: str) -> dict[str, str]:
    """Return the text below each heading that is nothing but code, such as a command's name."""
    return dict(SECTION.findall((DOCS / page).read_text(encoding="utf-8")))


def links() -> list[tuple[Path, str]]:
    """Return every link of the documentation, with the page that it is on."""
    return [
        (page, target)
        for page in PAGES
        for target in LINK.findall(page.read_text(encoding="utf-8"))
    ]


def rows(text: str) -> list[str]:
    """Return the first cells of the tables in ``text``."""
    return ROW.findall(text)


class TestLinks:
    def test_every_relative_link_leads_to_something_that_exists(self):
        relative = [
            (page, target) for page, target in links() if not re.match(r"[a-z]+:|#", target)
        ]
        broken = [
            f"{page.relative_to(ROOT)}: {target}"
            for page, target in relative
            if not (page.parent / target.split("#")[0]).exists()
        ]
        assert broken == []

    def test_every_link_to_a_heading_names_one(self):
        inner = [
            (page, path, anchor)
            for page, target in links()
            if re.match(r"(?![a-z]+:)[^#]*#", target)
            for path, anchor in [target.split("#")]
        ]
        lost = [
            f"{page.relative_to(ROOT)}: {path}#{anchor}"
            for page, path, anchor in inner
            if anchor not in anchors(page.parent / path if path else page)
        ]
        assert lost == []

    def test_every_page_can_be_reached_from_the_table_of_contents(self):
        linked = {(page.parent / target.split("#")[0]).resolve() for page, target in links()}
        meant = {*DOCS.rglob("*.md")} - {*DOCS.glob("adr/*.md"), DOCS / "README.md"}
        assert [page for page in sorted(meant) if page.resolve() not in linked] == []


class TestPlaces:
    """Files and functions that pages about the code name."""

    @pytest.mark.parametrize("document", ABOUT_CODE, ids=lambda path: path.name)
    def test_every_path_exists(self, document):
        paths = {*PLACE.findall(document.read_text(encoding="utf-8"))}
        assert sorted(path for path in paths if not (ROOT / path).exists()) == []

    def test_every_step_names_a_function_of_its_file(self):
        page = DOCS / "concepts" / "follow-one-submission.md"
        steps = STEP.findall(page.read_text(encoding="utf-8"))
        assert len(steps) > 40
        assert [step for step in steps if step[0] not in defined(ROOT / step[1])] == []


class TestCommands:
    def test_every_command_is_documented(self):
        assert sorted(sections("reference/commands.md")) == COMMANDS

    @pytest.mark.parametrize("name", COMMANDS)
    def test_the_arguments_documented_are_those_of_the_command(self, name):
        assert rows(sections("reference/commands.md")[name]) == list(arguments(name))


class TestSettings:
    def test_every_variable_the_program_reads_is_documented(self):
        documented = {*rows((DOCS / "guides/operator.md").read_text(encoding="utf-8"))}
        read = {name for program in PROGRAMS for name in variables(program)}
        assert read - documented == set()

    def test_no_variable_is_documented_that_nothing_reads(self):
        documented = {*rows((DOCS / "guides/operator.md").read_text(encoding="utf-8"))}
        read = {name for program in PROGRAMS for name in variables(program)}
        assert documented - read - compose_variables() == set()

    def test_every_variable_of_the_example_is_documented(self):
        documented = {*rows((DOCS / "guides/operator.md").read_text(encoding="utf-8"))}
        assert compose_variables() - documented == set()


@pytest.mark.django_db
class TestExport:
    def test_every_file_is_documented(self, study, now):
        written = archive.contents(study=study, now=now)
        assert sorted(sections("reference/export.md")) == sorted(written)

    @pytest.mark.parametrize("name", EXPORTED)
    def test_the_columns_documented_are_those_written(self, study, name):
        codes = set(study.taxonomy.classes.values_list("code", flat=True))
        headings = [str(heading) for heading in next(iter(EXPORTED[name](study)))]
        one_by_one = [heading for heading in headings if heading not in codes]
        per_class = ["<class code>"] if len(one_by_one) < len(headings) else []
        assert rows(sections("reference/export.md")[name]) == [*one_by_one, *per_class]


def anchors(page: Path) -> set[str]:
    """Return how the headings of ``page`` are linked to."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", one).strip().lower().replace(" ", "-") for one in headings}


def defined(path: Path) -> set[str]:
    """Return the functions of a module, and its methods as ``Class.method``; of JavaScript all."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        return set(re.findall(r"^(?: {2}|export )?(?:async |function )*(\w+)\(.*{$", text, re.M))
    body = ast.parse(text).body
    methods = [
        f"{owner.name}.{node.name}"
        for owner in body
        if isinstance(owner, ast.ClassDef)
        for node in owner.body
        if isinstance(node, ast.FunctionDef)
    ]
    names = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return {*names, *methods}


def arguments(command: str) -> Iterator[str]:
    """Yield what ``command --help`` adds to the options of every Django command."""
    parser = load_command_class("annotations", command).create_parser("manage.py", command)
    everyone = {action.dest for action in everybodys_options()}
    for action in parser._actions:
        if action.dest not in everyone:
            yield action.option_strings[-1] if action.option_strings else action.dest


def everybodys_options() -> list[Action]:
    """Return the options that every command of Django has."""
    return BaseCommand().create_parser("manage.py", "any")._actions


def variables(program: Path) -> Iterator[str]:
    """Yield the environment variables that ``program`` reads by name."""
    for node in ast.walk(ast.parse(program.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=owner), args=[ast.Constant(value=str(name)), *_]
            ):
                if ast.unparse(owner) in {"env", "os.environ"} and name != SETTINGS_MODULE:
                    yield name


def compose_variables() -> set[str]:
    """Return the names that .env.example asks for or offers."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE))
