"""Templates and messages: translated, escaped, without inline styles or scripts."""

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
CATALOG = ROOT / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
GETTEXT = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
CALL = re.compile(
    r"\b(?:n?gettext|_)\(\s*u?((?:\"(?:[^\"\\]|\\.)*\")|(?:'(?:[^'\\]|\\.)*'))", re.DOTALL
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with CATALOG.open("rb") as file:
        return read_po(file, locale="pt_BR")


def messages_of_templates() -> Iterator[str]:
    for template in TEMPLATES:
        for call in CALL.finditer(templatize(template.read_text(encoding="utf-8"))):
            yield ast.literal_eval(call.group(1))


def messages_of_python() -> Iterator[str]:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in GETTEXT and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def test_every_message_is_in_the_catalog(catalog):
    message_ids = {
        message.id if isinstance(message.id, str) else message.id[0] for message in catalog
    }
    assert {*messages_of_templates(), *messages_of_python()} - message_ids == set()


def test_every_message_of_the_catalog_is_used(catalog):
    message_ids = {
        message.id if isinstance(message.id, str) else message.id[0] for message in catalog
    }
    assert message_ids - {*messages_of_templates(), *messages_of_python(), ""} == set()


def test_every_message_is_translated(catalog):
    texts = {str(message.id): message.string for message in catalog if message.id}
    missing = {
        id_ for id_, text in texts.items() if not (all(text) if isinstance(text, tuple) else text)
    }
    assert missing == set()


def test_no_translation_is_fuzzy(catalog):
    assert [message.id for message in catalog if message.id and message.fuzzy] == []


def test_translations_have_the_placeholders_of_their_messages(catalog):
    placeholder = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
    for message in catalog:
        if isinstance(message.id, str) and message.id:
            assert set(placeholder.findall(message.id)) == set(
                placeholder.findall(str(message.string))
            ), message.id


def templates_matching(pattern: str) -> list[str]:
    """Return "template: match" for each match of a regular expression."""
    texts = {template: template.read_text(encoding="utf-8") for template in TEMPLATES}
    return [
        f"{template.relative_to(ROOT)}: {match[0]}"
        for template, text in texts.items()
        for match in re.finditer(pattern, text)
    ]


def test_no_template_has_inline_styles_or_scripts():
    assert len(TEMPLATES) > 100
    assert templates_matching(r"<style|\sstyle=|\son\w+=|javascript:") == []
    assert templates_matching(r"<script\b(?![^>]* src=)[^>]*>") == []


def test_no_template_disables_escaping():
    assert templates_matching(r"\|safe\b|autoescape off") == []


def test_every_page_has_a_title():
    assert templates_matching(r"{% extends(?![\s\S]*{% block title %})") == []


def test_livez_needs_no_database():
    # A query would fail the test, since it has no ``django_db`` mark.
    assert health.livez(RequestFactory().get("/livez")).status_code == 200


@pytest.mark.django_db
def test_readyz_names_unreachable_services_in_the_log_only(client, settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.content == b"not ready\n"
    assert "not ready: broker unreachable" in caplog.text


@pytest.mark.parametrize("status", ["400", "403", "404", "500", "403_csrf"])
def test_an_error_page_has_a_button(status):
    assert 'class="button"' in (ROOT / "templates" / f"{status}.html").read_text(encoding="utf-8")


def test_the_server_error_page_needs_no_database():
    # A query would fail the test, since it has no ``django_db`` mark.
    response = defaults.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()


@pytest.mark.django_db
def test_an_expired_form_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/language/", {"language": "pt-br"})
    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()
