"""The documentation matches the code: commands, settings, columns and links."""

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
SETTINGS_MODULE = "DJANGO_SETTINGS_MODULE"  # Django's own variable, set by the site itself
COMMANDS = sorted(name for name, app in get_commands().items() if app == "annotations")
EXPORTED = {
    "consensus.csv": tables.consensus,
    "readings_long.csv": tables.readings_long,
    "taxonomy.csv": tables.taxonomy,
    "agreement.csv": tables.agreement,
}


def sections(page: str) -> dict[str, str]:
    """Return the text below each heading that is only code, such as a command name."""
    return dict(SECTION.findall((DOCS / page).read_text(encoding="utf-8")))


def links() -> list[tuple[Path, str]]:
    """Return all links of the documentation as (page, target)."""
    return [
        (page, target)
        for page in PAGES
        for target in LINK.findall(page.read_text(encoding="utf-8"))
    ]


def rows(text: str) -> list[str]:
    """Return the code in the first cell of each table row."""
    return ROW.findall(text)


class TestLinks:
    def test_every_relative_link_exists(self):
        relative = [
            (page, target) for page, target in links() if not re.match(r"[a-z]+:|#", target)
        ]
        broken = [
            f"{page.relative_to(ROOT)}: {target}"
            for page, target in relative
            if not (page.parent / target.split("#")[0]).exists()
        ]
        assert broken == []

    def test_every_link_to_a_heading_exists(self):
        inner = [
            (page, path, anchor)
            for page, target in links()
            if re.match(r"(?![a-z]+:)[^#]*#", target)
            for path, anchor in [target.split("#")]
        ]
        missing = [
            f"{page.relative_to(ROOT)}: {path}#{anchor}"
            for page, path, anchor in inner
            if anchor not in anchors(page.parent / path if path else page)
        ]
        assert missing == []

    def test_every_page_is_linked(self):
        linked = {(page.parent / target.split("#")[0]).resolve() for page, target in links()}
        expected = {*DOCS.rglob("*.md")} - {*DOCS.glob("adr/*.md"), DOCS / "README.md"}
        assert [page for page in sorted(expected) if page.resolve() not in linked] == []


class TestPlaces:
    """Paths and functions that the developer documentation mentions."""

    @pytest.mark.parametrize("document", ABOUT_CODE, ids=lambda path: path.name)
    def test_every_path_exists(self, document):
        paths = {*PLACE.findall(document.read_text(encoding="utf-8"))}
        assert sorted(path for path in paths if not (ROOT / path).exists()) == []

    def test_every_step_names_a_function_of_its_file(self):
        page = DOCS / "concepts" / "follow-one-submission.md"
        steps = STEP.findall(page.read_text(encoding="utf-8"))
        assert len(steps) > 40
        assert [step for step in steps if step[0] not in functions_in(ROOT / step[1])] == []


class TestCommands:
    def test_every_command_is_documented(self):
        assert sorted(sections("reference/commands.md")) == COMMANDS

    @pytest.mark.parametrize("name", COMMANDS)
    def test_documented_arguments_match_the_command(self, name):
        assert rows(sections("reference/commands.md")[name]) == list(arguments(name))


class TestSettings:
    def test_every_variable_that_is_read_is_documented(self):
        documented = {*rows((DOCS / "guides/operator.md").read_text(encoding="utf-8"))}
        read = {name for program in PROGRAMS for name in variables(program)}
        assert read - documented == set()

    def test_every_documented_variable_is_read(self):
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
    def test_documented_columns_match_the_files(self, study, name):
        codes = set(study.taxonomy.classes.values_list("code", flat=True))
        headings = [str(heading) for heading in next(iter(EXPORTED[name](study)))]
        one_by_one = [heading for heading in headings if heading not in codes]
        per_class = ["<class code>"] if len(one_by_one) < len(headings) else []
        assert rows(sections("reference/export.md")[name]) == [*one_by_one, *per_class]


def anchors(page: Path) -> set[str]:
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def functions_in(path: Path) -> set[str]:
    """Return functions, classes and methods (``Class.method``) of a Python file.

    Of a JavaScript file, return functions and methods, without the names of classes.
    """
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
    """Yield the arguments of ``command`` beyond those of every Django command."""
    parser = load_command_class("annotations", command).create_parser("manage.py", command)
    common = {action.dest for action in common_options()}
    for action in parser._actions:
        if action.dest not in common:
            yield action.option_strings[-1] if action.option_strings else action.dest


def common_options() -> list[Action]:
    return BaseCommand().create_parser("manage.py", "any")._actions


def variables(program: Path) -> Iterator[str]:
    """Yield the names of environment variables that ``program`` reads."""
    for node in ast.walk(ast.parse(program.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=owner), args=[ast.Constant(value=str(name)), *_]
            ):
                if ast.unparse(owner) in {"env", "os.environ"} and name != SETTINGS_MODULE:
                    yield name


def compose_variables() -> set[str]:
    """Return the variables of .env.example, including commented-out ones."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE))
