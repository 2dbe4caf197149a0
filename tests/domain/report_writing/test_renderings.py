"""Markdown, HTML and PDF have the same content, and user texts are escaped."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgreview.report_writing import Document, StudyFacts, html, markdown, pdf
from ecgreview.report_writing.document import Figure, Paragraph, Section, plain
from tests.domain.agreement.strategies import binary_ratings, study

from .examples import FACTS, NOTHING_KNOWN, agreement, document, three_readers
from .texts import texts

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "#panic(1) $x$ *b* _i_ @ref `c` ]",
    "| a | ~b~ ![x](http://evil.example) <!-- -->",
]


class Page(HTMLParser):
    """The visible words and the attributes of an HTML page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.marks: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.marks += [(name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.words.append(data)


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def hostile_document() -> Document:
    ratings = study(1)
    result = agreement(ratings, readers=HOSTILE[:3], classes=HOSTILE)
    return document(result, StudyFacts(study=HOSTILE[0], scope=HOSTILE[1], taxonomy=HOSTILE[2]))


@pytest.mark.parametrize("facts", [FACTS, NOTHING_KNOWN], ids=["all known", "nothing known"])
def test_markdown_has_every_text(facts):
    written = document(three_readers(), facts)
    output = unescaped(markdown(written))
    assert [text for text in {*texts(written), *written.references} if text not in output] == []


@pytest.mark.parametrize("facts", [FACTS, NOTHING_KNOWN], ids=["all known", "nothing known"])
def test_html_has_every_text(facts):
    written = document(three_readers(), facts)
    page = Page(html(written))
    output = {*page.words, *(value for _, value in page.marks)}
    alternatives = {block.alt for block in written.figures()}
    assert [text for text in {*texts(written)} - alternatives if text not in output] == []


def test_html_loads_no_external_resources():
    page = Page(html(hostile_document()))
    assert {"script", "img", "link", "iframe", "object", "a"} & set(page.tags) == set()
    assert not [name for name, _ in page.marks if name.startswith("on")]
    links = [value for name, value in page.marks if name in {"href", "src", "xlink:href"}]
    assert links == []


def test_user_texts_are_escaped_in_markdown():
    output = markdown(hostile_document())
    assert "<script" not in output.replace("\\<", "")
    assert not re.search(r"(?<!\\)!\[x", output)


def test_all_rows_of_a_markdown_table_have_equally_many_cells():
    for part in markdown(hostile_document()).split("\n\n"):
        if part.startswith("| "):
            bars = [len(re.findall(r"(?<!\\)\|", line)) for line in part.split("\n")]
            assert len(set(bars)) == 1


def test_markdown_names_the_files_of_its_figures():
    written = document(three_readers())
    output = markdown(written, figure_path="figures/{name}.svg")
    assert [f"(figures/{figure.name}.svg)" in output for figure in written.figures()] == [True] * 3


def test_a_pdf_is_reproducible():
    written = document(three_readers())
    assert pdf(written) == pdf(written)


def test_a_pdf_has_its_creation_date():
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert b"2026-11-22T12:00:00" in pdf(document(three_readers()), written_at=at)


def test_a_pdf_is_tagged_for_accessibility():
    file_bytes = pdf(document(three_readers()))
    assert file_bytes.startswith(b"%PDF-1.7")
    assert b"pdfuaid" in file_bytes


def test_user_texts_are_escaped_in_a_pdf():
    assert pdf(hostile_document()).startswith(b"%PDF")


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b",
        "\ud800",
        "x\u202egnp.exe",
        "a\nb",
        "\ufffe",
        "\x1b[0m",
        "\uf0b7 pasted from a word processor",
        "a mark that no font has: x\u1de6",
        "\u5fc3\u96fb\u56f3 \U0001f600 \u0642\u0644\u0628",
    ],
)
def test_any_text_can_be_rendered(text):
    written = Document(
        language="pt-BR",
        title=f"Title {text}",
        byline=(text,),
        sections=(Section(f"Heading {text}", 1, (Paragraph(text), Paragraph(text, "gap"))),),
        references_title="References",
        references=(f"1. {text}",),
    )
    markdown(written).encode()
    html(written).encode()
    assert pdf(written)


@pytest.mark.parametrize(
    ("text", "printable"),
    [
        ("condução  auriculoventricular\n", "condução auriculoventricular"),
        ("a\u202eb", "ab"),
        ("\ud800a", "a"),
        ("\u03ba \u2264 1", "\u03ba \u2264 1"),
        ("Nome\u00a0*", "Nome\u00a0*"),
    ],
)
def test_unprintable_characters_are_removed(text, printable):
    assert plain(text) == printable


@settings(max_examples=25)
@given(binary_ratings())
def test_any_study_can_be_written(ratings: np.ndarray):
    written = document(agreement(ratings), NOTHING_KNOWN)
    assert markdown(written)
    assert html(written)


@settings(max_examples=5)
@given(binary_ratings(), st.text(max_size=30))
def test_any_study_can_be_printed(ratings: np.ndarray, name: str):
    assert pdf(document(agreement(ratings), StudyFacts(study=name, scope=name)))


def test_a_report_has_three_figures():
    assert [isinstance(figure, Figure) for figure in document(three_readers()).figures()] == [
        True
    ] * 3
