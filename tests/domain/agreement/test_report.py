"""The report of a batch: what it says, and what it says when there is nothing to say."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import cohen_kappa_score, f1_score

from ecgreview import agreement
from ecgreview.agreement import BadRatings, coefficient

READERS = ["ana", "bruno", "clara"]
CLASSES = ["atrial_fibrillation", "sinus_bradycardia"]
KEYS = ("percent", "positive", "negative", "cohen_mean", "fleiss", "alpha", "ac1", "pabak")


def ratings_of(*readers: str) -> np.ndarray:
    """Return the ratings of one class; each reader is a row of ``+``, ``-`` and ``.`` (missing)."""
    return np.array([[[".-+".index(said)] for said in row] for row in readers], dtype=np.int8)


def report_of(*readers: str) -> dict[str, Any]:
    return agreement.report(ratings_of(*readers), READERS[: len(readers)], CLASSES[:1])


def test_a_table_of_feinstein_1990_in_full():
    report = report_of("+" * 80 + "+" * 10 + "-" * 10, "+" * 80 + "-" * 10 + "+" * 5 + "-" * 5)
    (found,) = report["classes"]
    (pair,) = found["pairs"]
    assert [pair[key] for key in ("n", "n11", "n10", "n01", "n00")] == [100, 80, 10, 5, 5]
    assert pair["readers"] == ["ana", "bruno"]
    assert pair["cohen"]["value"] == pytest.approx(0.3181818181818182, abs=1e-12)
    assert found["cohen_mean"] == pair["cohen"]
    assert found["positive"]["value"] == pytest.approx(0.9142857142857143, abs=1e-12)
    assert found["negative"]["value"] == pytest.approx(0.4, abs=1e-12)
    assert found["ac1"]["value"] == pytest.approx(0.808, abs=1e-12)
    assert found["pabak"]["value"] == pytest.approx(0.7, abs=1e-12)
    assert found["prevalence"]["value"] == pytest.approx(0.875)


def test_counts_are_of_exams_read_twice():
    (found,) = report_of("++-+.", "+--..", "+-...")["classes"]
    counts = ("n_exams", "n_readings", "n_positive", "n_positive_any", "n_positive_all")
    assert [found[key] for key in counts] == [3, 8, 4, 2, 1]


def test_exams_are_counted_apart_when_they_were_read_once():
    report = report_of("++-+.", "+--..", "+-...")
    assert (report["n_readers"], report["n_exams"], report["n_exams_compared"]) == (3, 5, 3)


def test_a_class_that_a_reader_could_not_assess_is_missing_for_that_class_alone():
    ratings = np.full((2, 3, 2), agreement.ABSENT, dtype=np.int8)
    ratings[0, 0, 1] = agreement.MISSING  # Ana could not assess the second class
    ratings[1, 2] = agreement.MISSING  # Bruno did not read the third exam
    report = agreement.report(ratings, READERS[:2], CLASSES[:2])
    told = [(one["n_exams"], one["n_not_assessable"]) for one in report["classes"]]
    assert (told, report["n_exams_compared"]) == ([(2, 0), (1, 1)], 2)


def test_a_class_nobody_gave_has_reasons():
    (found,) = report_of("----", "----")["classes"]
    assert found["positive"] == {"value": None, "reason": "No reader gave the class."}
    for key in ("fleiss", "alpha"):
        assert found[key] == {
            "value": None,
            "reason": "All readings say the same, so agreement beyond chance is undefined.",
        }
    assert found["cohen_mean"]["value"] is None
    assert found["negative"] == {"value": 1.0, "reason": ""}


@pytest.mark.parametrize("key", ["percent", "ac1", "pabak"])
def test_agreement_on_absence_alone_carries_a_caution(key):
    (found,) = report_of("----", "----")["classes"]
    assert found[key]["value"] == 1.0
    assert found[key]["reason"] == coefficient.ABSENCE_ONLY


def test_a_class_everybody_gave_to_every_exam_has_no_kappa():
    (found,) = report_of("++++", "++++")["classes"]
    assert found["negative"]["reason"] == "Every reader gave the class to every exam."
    assert found["positive"]["value"] == 1.0
    assert found["fleiss"]["value"] is None


def test_a_finding_that_one_reader_alone_has_come_to_gives_no_kappa():
    ratings = np.full((2, 4, 1), agreement.ABSENT, dtype=np.int8)
    ratings[:, 3] = [[agreement.PRESENT], [agreement.MISSING]]
    (found,) = agreement.report(ratings, ["Ana", "Bruno"], ["x"])["classes"]
    assert found["fleiss"] == {"value": None, "reason": coefficient.ALL_ALIKE}


def test_one_discordant_exam_has_no_positive_agreement():
    (found,) = report_of("-" * 49 + "+", "-" * 50)["classes"]
    assert found["positive"]["value"] == 0.0
    assert found["alpha"]["value"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("key", KEYS)
def test_nothing_read_twice_means_no_value(key):
    (found,) = report_of("+--...", "...-+-")["classes"]
    assert found[key] == {"value": None, "reason": "No exam was read by two readers."}
    assert found["pairs"] == []


def test_pairs_without_a_common_exam_are_left_out():
    (found,) = report_of("++-...", "+-----", "...+-+")["classes"]
    assert [pair["readers"] for pair in found["pairs"]] == [["ana", "bruno"], ["bruno", "clara"]]


def test_light_kappa_is_the_mean_of_the_defined_pairs():
    (found,) = report_of("++--", "+---", "+-.-")["classes"]
    kappas = [pair["cohen"]["value"] for pair in found["pairs"]]
    assert found["cohen_mean"]["value"] == pytest.approx(sum(kappas) / 3)


def test_macro_means_are_over_the_defined_classes():
    one = ratings_of("++--", "+---")
    none = ratings_of("----", "----")
    both = np.concatenate([one, none], axis=2)
    macro = agreement.report(both, READERS[:2], CLASSES)["overall"]["macro"]
    assert macro["alpha"]["n_defined"] == 1
    assert macro["alpha"]["n_classes"] == 2
    assert macro["percent"]["value"] == pytest.approx((0.75 + 1) / 2)


def test_a_macro_mean_of_nothing_has_a_reason():
    macro = report_of("----", "----")["overall"]["macro"]
    assert macro["positive"] == {
        "value": None,
        "reason": "No class has a value.",
        "n_defined": 0,
        "n_classes": 1,
    }


def test_exact_sets_count_exams_where_all_readers_agree_on_all_classes():
    first = ratings_of("++-.", "+--+")
    second = ratings_of("-+-.", "-+-+")
    overall = agreement.report(np.concatenate([first, second], axis=2), READERS[:2], CLASSES)[
        "overall"
    ]
    assert overall["exact_set"]["value"] == pytest.approx(2 / 3)
    assert overall["jaccard"]["value"] == pytest.approx((1 + 1 / 2 + 1) / 3)


def test_two_empty_sets_overlap_fully():
    assert report_of("--", "--")["overall"]["jaccard"]["value"] == 1.0


def test_an_empty_set_does_not_overlap_with_a_finding():
    assert report_of("-", "+")["overall"]["jaccard"]["value"] == 0.0


@pytest.mark.parametrize("shape", [(0, 0, 1), (2, 0, 1), (1, 4, 1), (0, 4, 0), (2, 4, 0)])
def test_an_empty_batch_has_a_report(shape):
    n_readers, _, n_classes = shape
    report = agreement.report(
        np.ones(shape, dtype=np.int8), READERS[:n_readers], CLASSES[:n_classes]
    )
    assert report["n_exams_compared"] == (4 if n_readers > 1 and shape[1] and n_classes else 0)


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(BadRatings, match="3 readers and 1 classes are named"):
        agreement.report(ratings_of("+-", "+-"), READERS, CLASSES[:1])


states = arrays.arrays(
    np.int8,
    st.tuples(st.integers(1, 4), st.integers(1, 8), st.integers(1, 3)),
    elements=st.integers(0, 2),
)


def report_on(ratings: np.ndarray) -> dict[str, Any]:
    names = [[str(i) for i in range(ratings.shape[axis])] for axis in (0, 2)]
    return agreement.report(ratings, *names)


@given(states)
def test_the_report_is_plain_json_without_nan(ratings):
    report = report_on(ratings)
    assert json.loads(json.dumps(report, allow_nan=False)) == report


@given(states)
def test_every_coefficient_has_a_value_or_a_known_reason(ratings):
    for row in report_on(ratings)["classes"]:
        for key in KEYS:
            value, reason = row[key]["value"], row[key]["reason"]
            assert reason in ("", *coefficient.REASONS)
            assert value is not None or reason


@given(states)
def test_swapping_present_with_absent_swaps_the_specific_agreements(ratings):
    swapped = np.array([0, 2, 1], dtype=np.int8)[ratings]
    for here, there in zip(
        report_on(ratings)["classes"], report_on(swapped)["classes"], strict=True
    ):
        for mine, theirs in (("positive", "negative"), ("alpha", "alpha"), ("ac1", "ac1")):
            if here[mine]["value"] is None:
                assert there[theirs]["value"] is None
            else:
                assert here[mine]["value"] == pytest.approx(there[theirs]["value"], abs=1e-9)


def test_two_cardiologists_of_code_test(shared_data: Path):
    readings = []
    for who in (1, 2):
        path = shared_data / "readers" / f"code_test_cardiologist{who}_first100.csv"
        with path.open(newline="", encoding="utf-8") as lines:
            names, *rows = csv.reader(lines)
        readings.append(np.array(rows, dtype=np.int8))
    first, second = readings
    report = agreement.report(np.stack(readings) + np.int8(1), ["1", "2"], names)
    assert report["overall"]["exact_set"]["value"] == pytest.approx(0.95)
    for column, row in enumerate(report["classes"]):
        pair = first[:, column], second[:, column]
        if not any(codes.any() for codes in pair):
            assert row["cohen_mean"]["value"] is None
            continue
        assert row["cohen_mean"]["value"] == pytest.approx(cohen_kappa_score(*pair), abs=1e-12)
        assert row["positive"]["value"] == pytest.approx(f1_score(*pair), abs=1e-12)
