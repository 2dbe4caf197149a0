"""The agreement report: its values, and its reasons for missing values."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import cohen_kappa_score, f1_score

from ecgreview.agreement import BadRatings
from ecgreview.agreement.counts.answers import Answers
from ecgreview.agreement.reports.report import pair_lines, pooled_lines, repeat_lines, report
from ecgreview.agreement.sampling.resampling import Resampling
from ecgreview.agreement.values.reasons import Reason
from tests.domain.agreement.strategies import binary_ratings, study

READERS = ["ana", "bruno", "clara"]
CLASSES = ["atrial_fibrillation", "sinus_bradycardia"]
MEASURES = (
    "prevalence",
    "percent_agreement",
    "positive_agreement",
    "negative_agreement",
    "light_kappa",
    "conger_kappa",
    "fleiss_kappa",
    "krippendorff_alpha",
    "gwet_ac1",
    "pabak",
)
QUICK = Resampling(n_replicates=30)


def ratings_of(*readers: str) -> np.ndarray:
    """Return the ratings of one class; each reader is a row of ``+``, ``-`` and ``.`` (missing)."""
    return np.array([[[".-+".index(sign)] for sign in row] for row in readers], dtype=np.int8)


def report_on(ratings: np.ndarray, **more: Any) -> dict[str, Any]:
    n_readers, _, n_classes = ratings.shape
    names = [str(place) for place in range(n_classes)]
    return report(Answers.of(ratings), [*READERS, *"defgh"][:n_readers], names, how=QUICK, **more)


def class_of(*readers: str) -> dict[str, Any]:
    (result,) = report_on(ratings_of(*readers))["classes"]
    return dict(result)


def test_a_table_of_feinstein_1990_in_full():
    result = report_on(
        ratings_of("+" * 80 + "+" * 10 + "-" * 10, "+" * 80 + "-" * 10 + "+" * 5 + "-" * 5)
    )
    assert result["pairs"] == [
        {"readers": [0, 1], "n00": [5], "n01": [5], "n10": [10], "n11": [80]}
    ]
    (line,) = pair_lines(result, how=QUICK)
    (of_class,) = result["classes"]
    assert (line["readers"], line["class"]) == (["ana", "bruno"], "0")
    assert line["cohen_kappa"]["estimate"] == pytest.approx(0.3181818181818182, abs=1e-12)
    assert of_class["light_kappa"]["estimate"] == line["cohen_kappa"]["estimate"]
    assert of_class["positive_agreement"]["estimate"] == pytest.approx(0.9142857142857143)
    assert of_class["negative_agreement"]["estimate"] == pytest.approx(0.4, abs=1e-12)
    assert of_class["gwet_ac1"]["estimate"] == pytest.approx(0.808, abs=1e-12)
    assert of_class["prevalence"]["estimate"] == pytest.approx(0.875)


def test_counts_are_of_exams_read_at_least_twice():
    result = class_of("++-+.", "+--..", "+-...")
    counts = ("n_exams", "n_readings", "n_positive", "n_positive_any", "n_positive_all")
    assert [result[key] for key in counts] == [3, 8, 4, 2, 1]


def test_exams_read_once_are_counted_separately():
    result = report_on(ratings_of("++-+.", "+--..", "+-..."))
    counts = ("n_readers", "n_exams", "n_exams_compared", "n_readings")
    assert [result[key] for key in counts] == [3, 5, 3, 9]


def test_not_assessable_is_missing_for_that_class_only():
    ratings = np.ones((2, 3, 2), dtype=np.int8)
    ratings[0, 0, 1] = 0  # Ana could not assess the second class
    ratings[1, 2] = 0  # Bruno did not read the third exam
    result = report_on(ratings)
    measure = [(line["n_exams"], line["n_not_assessable"]) for line in result["classes"]]
    assert (measure, result["n_exams_compared"]) == ([(2, 0), (1, 1)], 2)


@pytest.mark.parametrize("key", MEASURES)
def test_exams_read_once_give_no_value(key):
    result = report_on(ratings_of("+--...", "...-+-"))
    (of_class,) = result["classes"]
    assert of_class[key]["estimate"] is None
    assert of_class[key]["reason"] == Reason.NOT_COMPARED
    assert result["pairs"] == []


@pytest.mark.parametrize("key", ["percent_agreement", "gwet_ac1", "pabak"])
def test_agreement_only_on_absence_has_a_caution(key):
    result = class_of("----", "----")
    assert result[key]["estimate"] == 1.0
    assert result[key]["reason"] == Reason.ABSENCE_ONLY


def test_one_discordant_exam_has_no_positive_agreement():
    result = class_of("-" * 49 + "+", "-" * 50)
    assert result["positive_agreement"]["estimate"] == 0.0
    assert result["krippendorff_alpha"]["estimate"] == pytest.approx(0.0, abs=1e-12)


def test_pairs_without_a_common_exam_are_omitted():
    result = report_on(ratings_of("++-...", "+-----", "...+-+"))
    assert [pair["readers"] for pair in result["pairs"]] == [[0, 1], [1, 2]]


def test_pair_lines_are_of_the_requested_classes():
    lines = pair_lines(report_on(study(1)), how=QUICK, classes=["2", "0"])
    assert [line["class"] for line in lines] == ["2", "0"] * 3


def test_a_report_without_pairs_has_no_lines():
    assert pair_lines(report_on(np.ones((1, 3, 2), np.int8)), how=QUICK) == []


def test_the_influence_of_single_readers_is_reported():
    result = class_of("++++----" * 5, "++++----" * 5, "+-+-+-+-" * 5)
    low, high = result["without_one_reader"]["fleiss_kappa"]
    assert low == pytest.approx(0.0, abs=1e-12)
    assert high == 1.0


def test_the_band_respects_the_interval():
    result = class_of("+" * 85 + "-" * 115, "+" * 80 + "-" * 120)
    few_exams = class_of("+-+", "+-+")
    assert result["bands"]["fleiss_kappa"] == "Almost Perfect"
    assert few_exams["bands"]["fleiss_kappa"] != "Almost Perfect"
    assert class_of("----", "----")["bands"]["fleiss_kappa"] == ""


def test_two_readers_have_no_leave_one_out_range():
    assert class_of("+-", "++")["without_one_reader"] == {}


def test_a_value_undefined_without_a_reader_has_no_range():
    result = class_of("+-+-", "+-++", "----")
    ranges = class_of("+-..", "+-..", "..+-")["without_one_reader"]
    assert result["without_one_reader"]["fleiss_kappa"] is not None
    assert ranges["fleiss_kappa"] is None


def test_repeats_compare_readers_with_themselves():
    tables = np.zeros((2, 1, 2, 2))
    tables[1, 0] = [[40, 9], [6, 45]]
    result = report_on(ratings_of("+-", "+-"), repeats=tables)
    assert result["repeats"] == [{"reader": 1, "n00": [40], "n01": [9], "n10": [6], "n11": [45]}]
    (line,) = repeat_lines(result, how=QUICK)
    assert (line["reader"], line["class"]) == ("bruno", "0")
    assert line["cohen_kappa"]["estimate"] == pytest.approx(0.7, abs=1e-3)


def test_the_report_states_the_resampled_unit():
    ratings = study(2, n_exams=200)
    patients = np.arange(200) // 2
    result = report(Answers.of(ratings, patients), READERS, list("abcd"), how=QUICK)
    assert result["method"]["unit"] == "patient"
    assert report_on(ratings)["method"]["unit"] == "exam"


def test_patients_with_several_exams_have_wider_intervals():
    ratings = study(3, n_exams=2000)
    twice, patients = np.concatenate([ratings, ratings], axis=1), np.tile(np.arange(2000), 2)
    widths = []
    for owners in (None, patients):
        result = report(Answers.of(twice, owners), READERS, list("abcd"))
        measure = result["classes"][3]["fleiss_kappa"]
        widths.append(measure["high"] - measure["low"])
    assert widths[1] / widths[0] == pytest.approx(2**0.5, rel=0.12)


@pytest.mark.parametrize(
    "shape", [(0, 0, 1), (2, 0, 1), (6, 0, 1), (1, 4, 1), (0, 4, 0), (2, 4, 0)]
)
def test_an_empty_batch_has_a_report(shape):
    result = report_on(np.ones(shape, dtype=np.int8))
    n_readers, n_exams, n_classes = shape
    assert result["n_exams_compared"] == (n_exams if n_readers > 1 and n_classes else 0)


def test_a_wrong_number_of_names_is_refused():
    with pytest.raises(BadRatings, match="names of 3 readers and 1 classes"):
        report(Answers.of(ratings_of("+-", "+-")), READERS, CLASSES[:1])


@given(binary_ratings(n_readers=(1, 4), n_exams=(1, 8), n_classes=(1, 3)))
def test_the_report_is_plain_json_without_nan(ratings):
    result = report_on(ratings)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    lines = pair_lines(result, how=QUICK)
    assert json.loads(json.dumps(lines, allow_nan=False)) == lines


@given(binary_ratings(n_readers=(1, 4), n_exams=(1, 8), n_classes=(1, 3)))
def test_every_measure_has_a_value_or_a_known_reason(ratings):
    for row in report_on(ratings)["classes"]:
        for key in MEASURES:
            assert row[key]["reason"] in ("", *Reason)
            assert row[key]["estimate"] is not None or row[key]["reason"]


def test_two_cardiologists_of_code_test(shared_data: Path):
    readings = []
    for number in (1, 2):
        path = shared_data / "readers" / f"code_test_cardiologist{number}_first100.csv"
        with path.open(newline="", encoding="utf-8") as lines:
            names, *rows = csv.reader(lines)
        readings.append(np.array(rows, dtype=np.int8))
    first, second = readings
    ratings = np.stack(readings) + np.int8(1)
    result = report(Answers.of(ratings), ["1", "2"], names, how=QUICK)
    assert result["overall"]["exact_set"]["estimate"] == pytest.approx(0.95)
    for column, line in enumerate(pair_lines(result, how=QUICK)):
        pair = first[:, column], second[:, column]
        if not any(codes.any() for codes in pair):
            assert line["cohen_kappa"]["estimate"] is None
            continue
        kappa, f1 = cohen_kappa_score(*pair), f1_score(*pair)
        assert line["cohen_kappa"]["estimate"] == pytest.approx(kappa, abs=1e-12)
        assert line["positive_agreement"]["estimate"] == pytest.approx(f1, abs=1e-12)


def test_pooled_lines_treat_all_answers_as_one_class():
    result = report_on(study(7, n_readers=2))
    (pooled,) = pooled_lines(result, how=QUICK)
    tables = pair_lines(result, how=QUICK)
    for field in ("n11", "n10", "n01", "n00"):
        assert pooled[field] == sum(line[field] for line in tables)
    assert pooled["cohen_kappa"]["estimate"] == pytest.approx(
        result["overall"]["micro"]["fleiss_kappa"]["estimate"], abs=0.01
    )


def test_an_interval_does_not_depend_on_other_requests():
    result = report_on(study(8, n_readers=3))
    alone = pair_lines(result, how=QUICK, classes=["1"])
    among = [line for line in pair_lines(result, how=QUICK) if line["class"] == "1"]
    assert alone == among


def test_pairs_over_all_classes_have_no_interval():
    ratings = study(9, n_readers=2)
    (line,) = pooled_lines(report_on(ratings), how=QUICK)
    assert line["cohen_kappa"]["low"] is None
    assert line["cohen_kappa"]["reason"] == Reason.PAIRS_OVER_CLASSES
    assert line["cohen_kappa"]["n"] == ratings.shape[1]


def of_patients(ratings: np.ndarray, patients: np.ndarray) -> dict[str, Any]:
    """Return the report of ``ratings``, given the patient of each exam."""
    names = list("abcd")[: ratings.shape[2]]
    return report(Answers.of(ratings, patients), READERS[: len(ratings)], names)


def test_several_exams_per_patient_widen_the_intervals_of_pairs():
    ratings = study(2, n_exams=1000)
    twice, patients = np.concatenate([ratings, ratings], axis=1), np.tile(np.arange(1000), 2)
    widths = []
    for owners in (np.arange(2000), patients):
        result = of_patients(twice, owners)
        measure = pair_lines(result, classes=["d"])[0]["cohen_kappa"]
        widths.append(measure["high"] - measure["low"])
    assert widths[1] / widths[0] == pytest.approx(2**0.5, rel=0.12)


def test_prevalence_of_pairs_has_its_own_design_effect():
    result = of_patients(study(2, n_exams=1000), np.arange(1000) // 2)
    changed = {**result, "pairs": [dict(pair) for pair in result["pairs"]]}
    for pair in changed["pairs"]:
        pair["design_effect_given"] = [9 * value for value in pair["design_effect"]]
        pair["design_effect"] = [1.0] * 4
    before, after = (pair_lines(item, classes=["d"])[0] for item in (result, changed))
    assert after["prevalence_index"]["low"] < before["prevalence_index"]["low"]
    assert after["cohen_kappa"]["low"] >= before["cohen_kappa"]["low"] - 0.05


def test_pairs_of_an_earlier_version_have_no_interval_for_several_exams_per_patient():
    result = of_patients(study(2, n_exams=200), np.arange(200) // 2)
    for pair in result["pairs"]:
        del pair["design_effect"], pair["design_effect_given"]
    for line in pair_lines(result, how=QUICK):
        assert line["percent_agreement"]["low"] is None
        assert line["percent_agreement"]["reason"] == Reason.PAIRS_OF_PATIENTS


def test_a_single_reader_has_no_pair_lines():
    ratings = study(2, n_exams=200, n_readers=1)
    assert pair_lines(of_patients(ratings, np.arange(200) // 2)) == []


def test_repeats_have_no_interval_for_several_exams_per_patient():
    tables = np.full((3, 4, 2, 2), 5.0)
    answers = Answers.of(study(2, n_exams=200), np.arange(200) // 2)
    result = report(answers, READERS, list("abcd"), how=QUICK, repeats=tables)
    for line in repeat_lines(result, how=QUICK):
        assert line["percent_agreement"]["low"] is None
        assert line["percent_agreement"]["reason"] == Reason.REPEATS_OF_PATIENTS


def test_several_exams_per_patient_widen_the_intervals_of_rare_classes():
    ratings = np.ones((2, 400, 1), dtype=np.int8)
    ratings[:, :10] = 2
    ratings[0, 5:10] = 1
    widths = []
    for owners in (np.arange(400), np.arange(400) // 10):
        (of_class,) = of_patients(ratings, owners)["classes"]
        measure = of_class["fleiss_kappa"]
        assert measure["method"] == "dirichlet"
        widths.append(measure["high"] - measure["low"])
    assert widths[1] > 1.5 * widths[0]


def test_several_exams_per_patient_widen_the_interval_of_prevalence():
    # A patient has the class in all ten exams or in none, so they carry the information of one.
    ratings = np.ones((2, 4000, 1), dtype=np.int8)
    ratings[:, :100] = 2
    widths = []
    for owners in (np.arange(4000), np.arange(4000) // 10):
        (of_class,) = of_patients(ratings, owners)["classes"]
        measure = of_class["prevalence"]
        widths.append(measure["high"] - measure["low"])
    assert 2.5 < widths[1] / widths[0] < 4


def test_several_exams_per_patient_widen_light_and_conger_of_many_readers():
    ratings = study(4, n_exams=600, n_readers=8)
    twice, patients = np.concatenate([ratings, ratings], axis=1), np.tile(np.arange(600), 2)
    names = [*READERS, *"defgh"]
    widths = []
    for owners in (None, patients):
        result = report(Answers.of(twice, owners), names, list("abcd"), how=QUICK)
        measure = result["classes"][3]["light_kappa"]
        widths.append(measure["high"] - measure["low"])
    assert widths[1] / widths[0] == pytest.approx(2**0.5, rel=0.05)


def test_one_exam_has_no_interval():
    result = report_on(np.full((2, 1, 1), 2, dtype=np.int8))
    assert result["overall"]["exact_set"]["estimate"] == 1.0
    assert result["overall"]["exact_set"]["low"] is None
    assert result["overall"]["exact_set"]["reason"] == Reason.NO_SPREAD


def test_a_mean_of_shares_is_at_least_zero():
    ratings = np.ones((2, 6, 1), dtype=np.int8)
    ratings[0, 0] = 2
    macro = report_on(ratings)["overall"]["macro"]
    assert macro["prevalence"]["low"] is None or macro["prevalence"]["low"] >= 0


@given(binary_ratings(n_readers=(1, 7), n_exams=(1, 8), n_classes=(1, 2)))
def test_a_missing_interval_has_a_reason(ratings):
    for row in report_on(ratings)["classes"]:
        for key in MEASURES:
            assert row[key]["low"] is not None or row[key]["reason"], key
