"""All coefficients of two readers for one class, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ecgreview.agreement.coefficients import two_readers
from ecgreview.agreement.reports.pairs import pair_measures
from ecgreview.agreement.sampling.resampling import Resampling
from ecgreview.agreement.values.reasons import Reason

PUBLISHED = {
    "percent_agreement": "po",
    "cohen_kappa": "cohen",
    "scott_pi": "scott",
    "gwet_ac1": "ac1",
    "pabak": "pabak",
    "positive_agreement": "ppos",
    "negative_agreement": "pneg",
    "prevalence_index": "prevalence_index",
    "bias_index": "bias_index",
    "krippendorff_alpha": "alpha",
    "cohen_kappa_max": "kappa_max",
}


def measures_of(table: list[list[int]]) -> dict[str, Any]:
    result = pair_measures(np.array([table], dtype=float), Resampling())
    return {name: measure.to_json()[0] for name, measure in result.items()}


def test_every_paradox_of_kappa_is_reported_in_full(vectors):
    for case in vectors("kappa_paradox")["cases"]:
        (both, first), (second, neither) = case["table_pp_pn_np_nn"]
        result = measures_of([[neither, second], [first, both]])
        for name, key in PUBLISHED.items():
            assert result[name]["estimate"] == pytest.approx(case["exact"][key], abs=1e-12), name
            assert result[name]["low"] <= result[name]["estimate"] <= result[name]["high"]


def test_swapping_readers_does_not_change_agreement():
    first, second = measures_of([[45, 9], [6, 40]]), measures_of([[45, 6], [9, 40]])
    assert first["cohen_kappa"]["estimate"] == second["cohen_kappa"]["estimate"]
    assert first["bias_index"]["estimate"] == -second["bias_index"]["estimate"]


def test_a_pair_without_a_common_exam_has_a_reason():
    result = measures_of([[0, 0], [0, 0]])
    for item in result.values():
        assert (item["estimate"], item["low"], item["n"]) == (None, None, 0)
        assert item["reason"] == Reason.NOT_COMPARED


def test_one_exam_gives_a_reason_instead_of_an_error():
    result = measures_of([[0, 0], [0, 1]])
    assert result["percent_agreement"]["estimate"] == 1.0
    assert result["cohen_kappa"]["estimate"] is None


def test_mcnemar_has_no_interval():
    result = measures_of([[800, 10], [30, 40]])
    assert result["mcnemar_p"]["estimate"] == pytest.approx(0.0022, abs=1e-4)
    assert (result["mcnemar_p"]["low"], result["mcnemar_p"]["method"]) == (None, "")


@pytest.mark.parametrize("absurd", [-1.0, float("nan"), float("inf")])
def test_an_invalid_count_is_refused(absurd):
    with pytest.raises(two_readers.BadTable):
        pair_measures(np.array([[[1.0, 2.0], [3.0, absurd]]]), Resampling())
