"""The words and the code of the templates: translated, and without anything inline."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.test import Client, RequestFactory
from django.utils.translation.template import templatize
from django.views import defaults

from annotations.views import health

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SOURCES = [
    *(ROOT / "annotations").rglob("*.py"),
    *(ROOT / "ecgreview" / "report_writing").rglob("*.py"),
    ROOT / "ecgreview" / "settings.py",
]
CATALOGUE = ROOT / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
GETTEXT = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
CALL = re.compile(
    r"\b(?:n?gettext|_)\(\s*u?((?:\"(?:[^\"\\]|\\.)*\")|(?:'(?:[^'\\]|\\.)*'))", re.DOTALL
)


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="pt_BR")


def words_of_templates() -> Iterator[str]:
    for template in TEMPLATES:
        for call in CALL.finditer(templatize(template.read_text(encoding="utf-8"))):
            yield ast.literal_eval(call.group(1))


def words_of_python() -> Iterator[str]:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in GETTEXT and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def test_every_word_is_in_the_catalogue(catalogue):
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue}
    assert {*words_of_templates(), *words_of_python()} - known == set()


def test_the_catalogue_has_no_word_that_is_not_used(catalogue):
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue}
    assert known - {*words_of_templates(), *words_of_python(), ""} == set()


def test_every_word_is_translated(catalogue):
    texts = {str(message.id): message.string for message in catalogue if message.id}
    missing = {
        id_ for id_, text in texts.items() if not (all(text) if isinstance(text, tuple) else text)
    }
    assert missing == set()


def test_no_translation_is_a_guess(catalogue):
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


def test_a_translation_has_the_placeholders_of_its_source(catalogue):
    placeholder = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
    for message in catalogue:
        if isinstance(message.id, str) and message.id:
            assert set(placeholder.findall(message.id)) == set(
                placeholder.findall(str(message.string))
            ), message.id


def those_with(pattern: str) -> list[str]:
    """Return the templates in which a regular expression is found, and what was found."""
    texts = {template: template.read_text(encoding="utf-8") for template in TEMPLATES}
    return [
        f"{template.relative_to(ROOT)}: {found[0]}"
        for template, text in texts.items()
        for found in re.finditer(pattern, text)
    ]


def test_no_template_styles_or_scripts_inline():
    assert len(TEMPLATES) > 100
    assert those_with(r"<style|\sstyle=|\son\w+=|javascript:") == []
    assert those_with(r"<script\b(?![^>]* src=)[^>]*>") == []


def test_no_template_trusts_text_as_markup():
    assert those_with(r"\|safe\b|autoescape off") == []


def test_every_page_has_a_title():
    assert those_with(r"{% extends(?![\s\S]*{% block title %})") == []


def test_livez_asks_nobody():
    # No database mark: a query would be refused.
    assert health.livez(RequestFactory().get("/livez")).status_code == 200


@pytest.mark.django_db
def test_readyz_tells_the_log_alone_what_is_unreachable(client, settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.content == b"not ready\n"
    assert "not ready: broker unreachable" in caplog.text


@pytest.mark.parametrize("status", ["400", "403", "404", "500", "403_csrf"])
def test_an_error_page_offers_a_way_on(status):
    assert 'class="button"' in (ROOT / "templates" / f"{status}.html").read_text(encoding="utf-8")


def test_the_page_of_a_failure_needs_no_database():
    # No database mark: a query would be refused.
    response = defaults.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()


@pytest.mark.django_db
def test_an_expired_form_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/language/", {"language": "pt-br"})
    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()
