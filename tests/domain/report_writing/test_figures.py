"""Forest plots and reader matrices."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from ecgreview import taxonomy
from ecgreview.agreement.coefficients.kernels import cohen_kappa
from ecgreview.agreement.sampling.resampling import Resampling
from ecgreview.report_writing import ENGLISH, brazilian, figure_pdf, forest, lettering, matrix
from ecgreview.report_writing.forest import UnknownMeasure
from ecgreview.report_writing.matrix import UnknownClass
from tests.domain.agreement.strategies import study

from .examples import QUICK, agreement, three_readers

SVG = "{http://www.w3.org/2000/svg}"
ORDERS = ("estimate", "name", "n", "report")


def parse_svg(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own drawing


def texts_of(svg: str) -> list[str]:
    return [item.text or "" for item in parse_svg(svg).iter(f"{SVG}text")]


def titles_of(svg: str) -> list[str]:
    return [item.text or "" for item in parse_svg(svg).iter(f"{SVG}title")]


def names_in(svg: str) -> list[str]:
    return [label for label in texts_of(svg) if label.startswith("Class ")]


def test_every_class_has_its_counts():
    result = three_readers()
    labels = texts_of(forest.svg(result, "krippendorff_alpha", ENGLISH))
    for line in result["classes"]:
        at = labels.index(line["class"])
        counts = [str(line[key]) for key in ("n_exams", "n_positive_any", "n_positive_all")]
        assert labels[at + 1 : at + 4] == counts
        assert labels[at + 4] == ENGLISH.interval(line["krippendorff_alpha"])


def test_the_highest_estimate_is_first_and_the_undefined_last():
    result = three_readers()
    values = {line["class"]: line["krippendorff_alpha"]["estimate"] for line in result["classes"]}
    names = names_in(forest.svg(result, "krippendorff_alpha", ENGLISH))
    defined = [values[name] for name in names if values[name] is not None]
    assert values[names[-1]] is None
    assert defined == sorted(defined, reverse=True)


def test_classes_can_be_ordered_by_name():
    result = agreement(study(1), classes=["Class d", "Class B", "Class a", "Class c"])
    names = names_in(forest.svg(result, "pabak", ENGLISH, order="name"))
    assert names == ["Class a", "Class B", "Class c", "Class d"]


def test_classes_can_be_ordered_by_frequency():
    result = three_readers()
    names = names_in(forest.svg(result, "pabak", ENGLISH, order="n"))
    frequencies = {line["class"]: line["n_positive_any"] for line in result["classes"]}
    assert [frequencies[name] for name in names] == sorted(frequencies.values(), reverse=True)


def test_classes_can_keep_the_report_order():
    names = names_in(forest.svg(three_readers(), "pabak", ENGLISH, order="report"))
    assert names == ["Class 0", "Class 1", "Class 2", "Class 3"]


def test_the_chance_line_of_kappa_is_zero():
    drawing = parse_svg(forest.svg(three_readers(), "fleiss_kappa", ENGLISH))
    lines = [item for item in drawing.iter(f"{SVG}line") if item.get("stroke-dasharray")]
    assert len({line.get("x1") for line in lines[:-1]}) == 1  # the last mark belongs to the legend


def test_the_chance_line_of_positive_agreement_is_the_prevalence():
    result = agreement(study(1, n_exams=2000))
    drawing = parse_svg(forest.svg(result, "positive_agreement", ENGLISH, order="report"))
    dashed = [item for item in drawing.iter(f"{SVG}line") if item.get("stroke-dasharray")]
    places = [float(item.get("x1", "")) for item in dashed[:-1]]
    shares = [line["prevalence"]["estimate"] for line in result["classes"]]
    steps = np.diff(places) / np.diff(shares)
    assert steps == pytest.approx(np.full(3, steps[0]), rel=1e-2)


def test_a_rare_class_has_an_open_mark():
    result = three_readers()
    fills = [
        item.get("fill")
        for item in parse_svg(forest.svg(result, "pabak", ENGLISH)).iter(f"{SVG}circle")
    ]
    n_rare = sum(line["pabak"]["method"] == "dirichlet" for line in result["classes"])
    assert fills[:-2].count("#ffffff") == n_rare  # the last two circles belong to the legend


def test_a_missing_interval_is_stated():
    result = agreement(study(1), how=Resampling(n_replicates=0))
    labels = texts_of(forest.svg(result, "fleiss_kappa", ENGLISH))
    assert "no interval" in labels
    assert not any(" to " in label for label in labels)


def test_a_forest_of_an_unknown_coefficient_is_refused():
    with pytest.raises(UnknownMeasure):
        forest.svg(three_readers(), "charm", ENGLISH)


def test_the_matrix_shows_the_kappa_of_each_pair():
    result = three_readers()
    pair = result["pairs"][0]
    column = 3
    table = np.array(
        [[pair["n00"][column], pair["n01"][column]], [pair["n10"][column], pair["n11"][column]]]
    )
    (kappa,) = cohen_kappa(table[None].astype(float)).coefficients()
    assert kappa.value is not None
    labels = texts_of(matrix.svg(result, ENGLISH, class_name="Class 3"))
    assert ENGLISH.decimal(kappa.value, 2) in labels
    assert str(table.sum()) in labels


def test_the_matrix_of_all_classes_pools_their_answers():
    result = three_readers()
    pair = result["pairs"][2]
    counts = [sum(pair[field]) for field in ("n00", "n01", "n10", "n11")]
    (kappa,) = cohen_kappa(np.array(counts, dtype=float).reshape(1, 2, 2)).coefficients()
    assert kappa.value is not None
    assert ENGLISH.decimal(kappa.value, 2) in texts_of(matrix.svg(result, ENGLISH))


def test_the_diagonal_shows_intra_reader_agreement():
    labels = titles_of(matrix.svg(three_readers(), ENGLISH, class_name="Class 3"))
    assert any(text.startswith("Ana: 0.810; exams read twice: 42") for text in labels)


def test_readers_without_a_common_exam_have_an_empty_field():
    ratings = np.zeros((3, 4, 1), np.int8)
    ratings[:2, :2], ratings[2, 2:] = 1, 1
    labels = texts_of(matrix.svg(agreement(ratings), ENGLISH))
    assert "no exam in common" in labels


def test_a_matrix_of_an_unknown_class_is_refused():
    with pytest.raises(UnknownClass):
        matrix.svg(three_readers(), ENGLISH, class_name="Class 9")


def large() -> Iterator[dict[str, Any]]:
    yield agreement(study(1, n_classes=66), how=QUICK)
    yield agreement(study(2, n_readers=46, n_classes=3), how=QUICK)
    yield agreement(np.zeros((0, 0, 2), np.int8))
    yield agreement(np.ones((3, 5, 0), np.int8))
    yield agreement(np.ones((1, 5, 2), np.int8))


@pytest.mark.parametrize(
    "report", list(large()), ids=["66", "46", "nobody", "no class", "one reader"]
)
def test_figures_of_any_size_are_drawn(report):
    for svg in (forest.svg(report, "krippendorff_alpha", ENGLISH), matrix.svg(report, ENGLISH)):
        root = parse_svg(svg)
        assert "nan" not in svg
        assert float(root.get("height", "")) > 0
        assert figure_pdf(svg).startswith(b"%PDF")


def test_all_classes_fit_a_page_at_the_width_of_a_journal():
    names = [line.name for line in taxonomy.load().classes]
    result = agreement(study(1, n_classes=len(names)), classes=names)
    root = parse_svg(forest.svg(result, "krippendorff_alpha", ENGLISH))
    assert float(root.get("height", "")) / float(root.get("width", "")) < 240 / 174


def test_all_texts_of_a_forest_are_inside_the_drawing():
    names = [item.name for item in taxonomy.load().classes]
    result = agreement(study(1, n_classes=len(names)), classes=names)
    for item in parse_svg(forest.svg(result, "pabak", ENGLISH)).iter(f"{SVG}text"):
        x, size = float(item.get("x", "")), float(item.get("font-size", ""))
        room = lettering.width(item.text or "", size)
        left_edge = {"end": x - room, "middle": x - room / 2}.get(item.get("text-anchor", ""), x)
        assert left_edge >= 0
        assert left_edge + room <= 760


def test_the_same_report_gives_the_same_drawing():
    result = three_readers()
    assert forest.svg(result, "pabak", ENGLISH) == forest.svg(result, "pabak", ENGLISH)
    assert figure_pdf(matrix.svg(result, ENGLISH)) == figure_pdf(matrix.svg(result, ENGLISH))


def test_portuguese_uses_a_decimal_comma():
    labels = texts_of(forest.svg(three_readers(), "pabak", brazilian(lambda sentence: sentence)))
    assert "0,2" in labels


def test_names_are_escaped():
    result = agreement(
        study(1, n_classes=1), classes=['<g onload="x">&'], readers=["</svg>", "&", "'"]
    )
    assert '<g onload="x">&' in texts_of(forest.svg(result, "pabak", ENGLISH))
    assert "</svg>" in texts_of(matrix.svg(result, ENGLISH))


def test_no_letter_is_wider_than_assumed():
    result = importlib.util.find_spec("matplotlib")
    assert result is not None
    assert result.origin is not None
    font = TTFont(Path(result.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf")
    widths, per_em = font["hmtx"], font["head"].unitsPerEm
    for code, name in font.getBestCmap().items():
        if 32 <= code < 0x100 or code in {0x3BA, 0x3B1, 0x2212, 0x2264, 0x2013}:
            true = 1000 * widths[name][0] / per_em
            assert lettering.width(chr(code), 1000) >= true - 8, chr(code)


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("Sinus rhythm", 200, ["Sinus rhythm"]),
        ("Nonspecific intraventricular delay", 90, ["Nonspecific", "intraventricular\u2026"]),
        ("", 100, [""]),
    ],
)
def test_long_names_are_wrapped_and_shortened(text, room, lines):
    assert lettering.wrapped(text, 10, room) == lines
