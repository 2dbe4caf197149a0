"""Every coefficient against published numbers, at their printed precision."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecgreview import agreement
from ecgreview.agreement.coefficients import kernels, nominal

from .tables import KRIPPENDORFF_2011, coded, codes, counted, only, two_readers, value

# The example of PROC FREQ, as quoted by statsmodels.
SAS_PROC_FREQ = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]

FLEISS_WIKIPEDIA = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def _printed(exact: float, printed: float) -> bool:
    """Return whether ``exact`` rounds to ``printed``."""
    n_decimals = len(repr(printed).split(".")[1])
    return abs(exact - printed) <= 0.5 * math.pow(10, -n_decimals) + 1e-12


def _matches(value: float | None, expected: dict[str, float | None]) -> None:
    assert value == pytest.approx(expected["exact"], rel=0, abs=1e-12)
    exact, published = expected["exact"], expected["published"]
    assert published is None or (exact is not None and _printed(exact, published))


# Examples contained in this file.


def test_alpha_of_krippendorff_2011():
    ratings = coded(KRIPPENDORFF_2011, [1, 2, 3, 4, 5])
    assert agreement.krippendorff_alpha(ratings).value == pytest.approx(0.743, abs=5e-4)


def test_ac1_of_the_irrcac_manual():
    ratings = coded(KRIPPENDORFF_2011, [1, 2, 3, 4, 5])
    assert agreement.gwet_ac1(ratings).value == pytest.approx(0.77544, abs=5e-6)


def test_fleiss_kappa_of_the_irrcac_manual():
    ratings = coded(KRIPPENDORFF_2011, [1, 2, 3, 4, 5])
    assert agreement.fleiss_kappa(ratings).value == pytest.approx(0.76117, abs=5e-6)


def test_percent_agreement_of_the_irrcac_manual():
    ratings = coded(KRIPPENDORFF_2011, [1, 2, 3, 4, 5])
    assert agreement.percent_agreement(ratings).value == pytest.approx(0.8181818, abs=5e-8)


def test_brennan_prediger_of_the_irrcac_manual():
    cells = nominal.cells(coded(KRIPPENDORFF_2011, [1, 2, 3, 4, 5]))
    assert value(kernels.brennan_prediger(cells)) == pytest.approx(0.77273, abs=5e-6)


def test_cohen_kappa_of_sas():
    assert value(kernels.cohen_kappa(np.array(SAS_PROC_FREQ, float))) == pytest.approx(
        0.4842, abs=5e-5
    )


def test_fleiss_kappa_of_the_wikipedia_table():
    assert value(kernels.fleiss_kappa(counted(FLEISS_WIKIPEDIA))) == pytest.approx(0.210, abs=5e-4)


@pytest.mark.parametrize(
    ("table", "po", "kappa"),
    [
        ([[40, 9], [6, 45]], 0.85, 0.70),
        ([[80, 10], [5, 5]], 0.85, 0.32),
        ([[45, 15], [25, 15]], 0.60, 0.13),
        ([[25, 35], [5, 35]], 0.60, 0.26),
    ],
)
def test_the_kappa_paradox_of_feinstein_1990(table, po, kappa):
    assert value(kernels.percent_agreement(two_readers(table))) == pytest.approx(po)
    assert value(kernels.cohen_kappa(np.array(table, float))) == pytest.approx(kappa, abs=5e-3)


# Examples stored with the shared data.


def test_cohen_kappas(vectors):
    for case in vectors("cohen")["cases"]:
        _matches(value(kernels.cohen_kappa(np.array(case["table"], float))), case["kappa"])


def test_fleiss_1971_thirty_patients_by_six_psychiatrists(vectors):
    case = vectors("fleiss")["cases"][0]
    ratings = coded(case["ratings"], case["categories"])
    cells = nominal.cells(ratings)
    np.testing.assert_array_equal(cells.table, case["counts"])
    _matches(agreement.fleiss_kappa(ratings).value, case["fleiss"])
    _matches(agreement.gwet_ac1(ratings).value, case["ac1"])
    _matches(agreement.krippendorff_alpha(ratings).value, case["alpha"])
    _matches(value(kernels.brennan_prediger(cells)), case["bp"])


def test_light_kappa_is_the_mean_over_pairs_of_readers(vectors):
    # Each exam's six ratings are listed in ascending order, so a "reader" is a rank here.
    case = vectors("fleiss")["cases"][0]
    ratings = coded(case["ratings"], case["categories"])
    n_readers = len(ratings)
    kappas = [
        agreement.cohen_kappa(ratings[[first, second]]).value
        for first in range(n_readers)
        for second in range(first + 1, n_readers)
    ]
    _matches(float(np.mean([kappa for kappa in kappas if kappa is not None])), case["light"])


def test_fleiss_kappas_of_printed_counts(vectors):
    case = vectors("fleiss")["cases"][1]
    _matches(value(kernels.fleiss_kappa(counted(case["counts"]))), case["fleiss"])


def test_randolph_kappa_is_brennan_prediger(vectors):
    for table in vectors("fleiss")["cases"][2]["tables"]:
        cells = counted(table["counts"])
        _matches(value(kernels.fleiss_kappa(cells)), table["fleiss"])
        _matches(value(kernels.brennan_prediger(cells)), table["randolph"])


def test_krippendorff_alphas(vectors):
    for case in vectors("krippendorff")["cases"]:
        ratings = coded(case["ratings"], case["categories"])
        result = agreement.krippendorff_alpha(ratings, codes(case["categories"]))
        _matches(result.value, case["alpha"]["nominal"])


def test_kappa_paradoxes(vectors):
    for case in vectors("kappa_paradox")["cases"]:
        table, exact = case["table_pp_pn_np_nn"], case["exact"]
        cells = two_readers(table)
        result = {
            "po": value(kernels.percent_agreement(cells)),
            "cohen": value(kernels.cohen_kappa(np.array(table, float))),
            "scott": value(kernels.fleiss_kappa(cells)),
            "alpha": value(kernels.krippendorff_alpha(cells)),
            "ac1": value(kernels.gwet_ac1(cells)),
            "pabak": value(kernels.brennan_prediger(cells)),
            "ppos": value(kernels.specific_agreement(cells, 0)),
            "pneg": value(kernels.specific_agreement(cells, 1)),
        }
        for name, number in result.items():
            assert number == pytest.approx(exact[name], rel=0, abs=1e-12), (case["name"], name)
        for name, printed in case["published"].items():
            assert _printed(exact[name], printed), (case["name"], name)


def test_specific_agreement_of_de_vet_2017(vectors):
    case = vectors("specific_agreement")
    ratings = coded(case["ratings"], [0, 1])
    cells = nominal.cells(ratings)
    exact, published = case["exact"], case["published"]
    overall = agreement.percent_agreement(ratings).value
    _matches(overall, {"exact": exact["overall"], "published": published["overall"]})
    for name, category in (("positive", 1), ("negative", 0)):
        result = value(kernels.specific_agreement(cells, category))
        _matches(result, {"exact": exact[name], "published": published[name]})
    for name, kernel in KERNELS.items():
        if name in exact:
            assert value(kernel(cells)) == pytest.approx(exact[name]["coef"], rel=0, abs=1e-12)


KERNELS = {
    "pa": kernels.percent_agreement,
    "gwet": kernels.gwet_ac1,
    "ac1": kernels.gwet_ac1,
    "fleiss": kernels.fleiss_kappa,
    "scott": kernels.fleiss_kappa,
    "krippendorff": kernels.krippendorff_alpha,
    "alpha": kernels.krippendorff_alpha,
    "bp": kernels.brennan_prediger,
}


def test_unweighted_coefficients_of_the_irrcac_tests(vectors):
    n_compared = 0
    for data in vectors("gwet_irrcac")["raw"].values():
        cells = nominal.cells(coded(data["ratings"], data["categories"]), codes(data["categories"]))
        for case in data["cases"]:
            if case["weights"] == "identity" and case["coefficient"] in KERNELS:
                result = value(KERNELS[case["coefficient"]](cells))
                numbers = {key: case[key]["coef"] for key in ("exact", "published")}
                _matches(result, numbers)
                n_compared += 1
    assert n_compared == 20


def test_the_irrcac_readme(vectors):
    readme = vectors("gwet_irrcac")["R_readme"]
    raw = vectors("gwet_irrcac")["raw"]["raw_4raters"]
    tables = {
        "cac_raw4raters": nominal.cells(coded(raw["ratings"], raw["categories"])),
        "distrib_6raters": counted(readme["distrib_6raters"]["counts"]),
        "cont3x3abstractors": two_readers(readme["cont3x3abstractors"]["table"]),
    }
    for name, cells in tables.items():
        printed = readme[name].get("values", readme[name])
        for coefficient in KERNELS.keys() & printed.keys():
            result = only(KERNELS[coefficient](cells)).value
            assert result is not None
            assert _printed(result, printed[coefficient]["coef"]), (name, coefficient)
    ac1 = only(kernels.gwet_ac1(counted(readme["cac_dist4cat"]["counts"]))).value
    assert ac1 is not None
    assert _printed(ac1, readme["cac_dist4cat"]["ac1"])


EDGES = {
    "percent_agreement": kernels.percent_agreement,
    "pabak": kernels.brennan_prediger,
    "kappa": kernels.fleiss_kappa,
    "fleiss": kernels.fleiss_kappa,
    "alpha": kernels.krippendorff_alpha,
    "positive_agreement": lambda cells: kernels.specific_agreement(cells, 1),
    "negative_agreement": lambda cells: kernels.specific_agreement(cells, 0),
}


def test_edge_cases_have_a_value_or_a_reason(vectors):
    for case in vectors("edge_cases")["cases"]:
        cells = counted(case["counts"])
        for name, kernel in EDGES.items():
            coefficient = only(kernel(cells))
            assert (coefficient.value is None) == bool(coefficient.reason)
            if "all" in case or (name in case and case[name] is None):
                assert coefficient.value is None, (case["name"], name)
            elif name in case:
                assert coefficient.value == pytest.approx(case[name], rel=0, abs=1e-12)
