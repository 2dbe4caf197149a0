"""Each refusal has one code, one HTTP status, and a message in both languages."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation
from rest_framework.test import APIClient

from annotations import services, views
from annotations.api.problems import FRAMEWORK, PROBLEMS
from annotations.sentences import refusals as sentences
from annotations.services.refusals import NameTaken, Refusal
from ecgreview import design

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def classes() -> list[type[Refusal]]:
    """Return all refusals with a code of their own."""
    for package in (services, views):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return [refusal for refusal in subclasses_of(Refusal) if "code" in vars(refusal)]


def subclasses_of(base: type[Refusal]) -> Iterator[type[Refusal]]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from subclasses_of(subclass)


def texts() -> list[str]:
    """Return the English messages of all refusals."""
    source = Path(sentences.__file__).read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        node.args[0].value
        for node in calls
        if isinstance(node.func, ast.Name)
        and node.func.id == "_"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]


def raised_exceptions() -> Iterator[tuple[str, set[str]]]:
    """Yield name and keyword arguments of exceptions raised in services.

    Exceptions with positional arguments are left out.
    """
    for path in (ROOT / "annotations" / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and node.exc is not None:
                call = node.exc if isinstance(node.exc, ast.Call) else None
                name = (call.func if call else node.exc)  # fmt: skip
                keywords = {str(keyword.arg) for keyword in call.keywords} if call else set()
                if not (call and call.args):
                    yield ast.unparse(name).rpartition(".")[2], keywords


def test_no_two_refusals_have_the_same_code():
    codes = Counter(refusal.code for refusal in classes())
    assert len(codes) > 80
    assert [code for code, n in codes.items() if n > 1] == []


def test_refusals_statuses_and_sentences_have_the_same_codes():
    codes = {refusal.code for refusal in classes()} | {
        code for code, _ in sentences.DOMAIN.values()
    }
    assert codes | {*FRAMEWORK.values(), "timed-out"} == set(PROBLEMS) == set(sentences.SENTENCES)


def test_every_refusal_has_a_text_in_both_languages():
    in_language = {}
    for language in ("en", "pt-br"):
        with translation.override(language):
            in_language[language] = {
                code: (str(title), str(hint)) for code, (title, hint) in sentences.SENTENCES.items()
            }
    for code, (title, hint) in in_language["en"].items():
        translated = in_language["pt-br"][code]
        assert translated[0] not in {title, ""}, code
        assert code == "design-refused" or translated[1] not in {hint, ""}, code


def test_every_refusal_of_a_design_has_a_text():
    kinds = set(design.DesignRefused.__subclasses__()) - {design.BadDesign}
    assert kinds == set(sentences.DESIGN)


def test_titles_are_unique():
    titles = Counter(str(title) for title, _ in sentences.SENTENCES.values())
    assert [title for title, n in titles.items() if n > 1] == []


def test_sentences_are_written_once():
    catalog_texts = texts()
    assert [text for text, n in Counter(catalog_texts).items() if n > 1] == []
    elsewhere = "\n".join(
        re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))
        for folder in ("annotations", "templates")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".html"} and path != Path(sentences.__file__)
    )
    long = [text for text in catalog_texts if len(text) > 30 and "%(" not in text]
    assert [text for text in long if text in elsewhere] == []


def test_titles_have_no_placeholders():
    assert [code for code, (title, _) in sentences.SENTENCES.items() if "%" in str(title)] == []


def test_refusals_are_raised_with_the_placeholders_of_their_hint():
    placeholders: dict[str, list[set[str]]] = {}
    for refusal in classes():
        _, hint = sentences.SENTENCES[refusal.code]
        placeholders.setdefault(refusal.__name__, []).append(set(PLACEHOLDER.findall(str(hint))))
    mismatched = [
        (name, keywords)
        for name, keywords in raised_exceptions()
        if name in placeholders and keywords not in placeholders[name]
    ]
    assert mismatched == []


@pytest.mark.parametrize(
    ("language", "title", "hint"),
    [
        ("en", "This name is already taken.", "Choose a name other than Spring."),
        ("pt-br", "Este nome já está em uso.", "Escolha um nome diferente de Spring."),
    ],
)
def test_a_refusal_is_translated(language, title, hint):
    with translation.override(language):
        assert sentences.message(NameTaken(name="Spring")) == f"{title} {hint}"


def test_numbers_are_formatted_by_locale():
    with translation.override("pt-br"):
        assert "10.000" in sentences.of_code("pool-too-large", {"limit": 10_000}).hint


def test_an_unknown_exception_raises_key_error():
    with pytest.raises(KeyError):
        sentences.explain(ValueError("x"))


@pytest.mark.django_db
def test_the_api_follows_accept_language():
    refusal = APIClient().get("/api/me/", headers={"Accept-Language": "pt-BR"})
    body = refusal.json()
    assert body["type"].endswith("#not-authenticated")
    assert body["title"] == "Você não entrou no site, ou o seu token não é válido."
    assert body["detail"] == f"{body['title']} {body['hint']}"
    assert refusal.headers["Content-Language"] == "pt-br"
