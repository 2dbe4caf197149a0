"""Files for GitHub and pre-commit refer to existing commands, tools and versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
PAGES = [ROOT / name for name in ("SECURITY.md", "CONTRIBUTING.md", "README.md")]
PACKAGES = {"lint-imports": "import-linter"}


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def hooks() -> dict[str, dict[str, Any]]:
    repos = load(".pre-commit-config.yaml")["repos"]
    return {hook["id"]: hook for repo in repos for hook in repo["hooks"]}


@pytest.mark.parametrize("path", sorted(GITHUB.rglob("*.yml")), ids=lambda path: path.name)
def test_yaml_files_of_github_are_mappings(path):
    assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("path", [*sorted(GITHUB.rglob("*.*")), *PAGES], ids=lambda path: path.name)
def test_mentioned_make_targets_exist(path):
    text = path.read_text(encoding="utf-8")
    named = {*re.findall(r"(?:`|run: .*|&& )make ([a-z]+)", text)}
    assert named - {*TARGETS} == set()


def test_hooks_use_tools_of_the_development_requirements():
    locked = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    tools = [
        Path(hook["entry"].split()[0]).name
        for hook in hooks().values()
        if hook["language"] == "system"
    ]
    assert [tool for tool in tools if f"\n{PACKAGES.get(tool, tool)}==" not in locked] == []


@pytest.mark.parametrize(
    ("message", "is_accepted"),
    [
        ("agreement: Format thousands and decimals by locale\n\nDetails.\n", True),
        ("Format thousands and decimals by locale\n", False),
        ("agreement: Format thousands and decimals by locale.\n", False),
        (f"agreement: Format {'x' * 60}\n\narea: Do the thing\n", False),
    ],
)
def test_the_commit_hook_checks_the_form_of_subjects(message, is_accepted):
    # pre-commit's pygrep matches like this with --multiline.
    pattern = re.compile(hooks()["commit-subject"]["entry"].encode(), re.MULTILINE | re.DOTALL)
    assert bool(pattern.search(message.encode())) == is_accepted


def test_ci_covers_the_supported_python_versions():
    matrix = load(".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    bootstrap = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [f"python{version}" for version in matrix] == sorted(
        set(re.findall(r"python3\.\d+", bootstrap))
    )


def test_all_files_state_the_same_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == settings.VERSION == load("CITATION.cff")["version"]
