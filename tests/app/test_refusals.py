"""Each refusal has one code, one explanation in both languages, and one HTTP status."""

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
    """Return every refusal that can be raised: those with a code of their own."""
    for package in (services, views):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return [one for one in below(Refusal) if "code" in vars(one)]


def below(base: type[Refusal]) -> Iterator[type[Refusal]]:
    for one in base.__subclasses__():
        yield one
        yield from below(one)


def texts() -> list[str]:
    """Return the string literals of the catalog, with their adjacent parts joined."""
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


def raised() -> Iterator[tuple[str, set[str]]]:
    """Yield the name of each exception that services raise with keywords, and the keywords."""
    for path in (ROOT / "annotations" / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and node.exc is not None:
                call = node.exc if isinstance(node.exc, ast.Call) else None
                name = (call.func if call else node.exc)  # fmt: skip
                keywords = {str(one.arg) for one in call.keywords} if call else set()
                if not (call and call.args):
                    yield ast.unparse(name).rpartition(".")[2], keywords


def test_no_two_refusals_have_the_same_code():
    codes = Counter(one.code for one in classes())
    assert len(codes) > 80
    assert [code for code, n in codes.items() if n > 1] == []


def test_every_refusal_has_a_status_and_every_status_a_refusal():
    known = {one.code for one in classes()} | {code for code, _ in sentences.DOMAIN.values()}
    assert known | {*FRAMEWORK.values(), "timed-out"} == set(PROBLEMS) == set(sentences.SENTENCES)


def test_every_refusal_is_explained_in_both_languages():
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


def test_every_refusal_of_a_design_is_explained():
    kinds = set(design.DesignRefused.__subclasses__()) - {design.BadDesign}
    assert kinds == set(sentences.DESIGN)


def test_no_title_is_shared():
    titles = Counter(str(title) for title, _ in sentences.SENTENCES.values())
    assert [title for title, n in titles.items() if n > 1] == []


def test_no_sentence_is_written_twice():
    found = texts()
    assert [text for text, n in Counter(found).items() if n > 1] == []
    elsewhere = "\n".join(
        re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))
        for folder in ("annotations", "templates")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".html"} and path != Path(sentences.__file__)
    )
    long = [text for text in found if len(text) > 30 and "%(" not in text]
    assert [text for text in long if text in elsewhere] == []


def test_titles_are_the_same_every_time():
    assert [code for code, (title, _) in sentences.SENTENCES.items() if "%" in str(title)] == []


def test_a_refusal_is_raised_with_what_its_sentence_names():
    wanted: dict[str, list[set[str]]] = {}
    for one in classes():
        _, hint = sentences.SENTENCES[one.code]
        wanted.setdefault(one.__name__, []).append(set(PLACEHOLDER.findall(str(hint))))
    wrong = [
        (name, keywords)
        for name, keywords in raised()
        if name in wanted and keywords not in wanted[name]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("language", "title", "hint"),
    [
        ("en", "This name is already taken.", "Choose a name other than Spring."),
        ("pt-br", "Este nome já está em uso.", "Escolha um nome diferente de Spring."),
    ],
)
def test_a_refusal_speaks_the_language_of_the_page(language, title, hint):
    with translation.override(language):
        assert sentences.message(NameTaken(name="Spring")) == f"{title} {hint}"


def test_numbers_are_written_as_the_language_does():
    with translation.override("pt-br"):
        assert "10.000" in sentences.of_code("pool-too-large", {"limit": 10_000}).hint


def test_what_nobody_mapped_is_a_defect():
    with pytest.raises(KeyError):
        sentences.explain(ValueError("x"))


@pytest.mark.django_db
def test_the_api_refuses_in_the_language_that_is_asked_for():
    refusal = APIClient().get("/api/me/", headers={"Accept-Language": "pt-BR"})
    body = refusal.json()
    assert body["type"].endswith("#not-authenticated")
    assert body["title"] == "Você não entrou no site, ou o seu token não é válido."
    assert body["detail"] == f"{body['title']} {body['hint']}"
    assert refusal.headers["Content-Language"] == "pt-br"
