"""Coefficients of two readers: published numbers and invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from ecgreview.agreement import Estimates
from ecgreview.agreement.coefficients import kernels, two_readers
from ecgreview.agreement.coefficients import weights as weighing
from ecgreview.agreement.coefficients.two_readers import BadTable
from ecgreview.agreement.values.reasons import Reason

from .tables import only, value
from .tables import two_readers as cells_of

COHEN_1968 = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]


def is_printed(exact: float | None, published: float | None) -> bool:
    """Return whether ``exact`` rounds to ``published``; both may be None."""
    if exact is None or published is None:
        return published is None
    n_decimals = len(repr(published).split(".")[1])
    return abs(exact - published) <= 0.5 * 10.0**-n_decimals + 1e-12


def matches(estimates: Estimates, numbers: dict[str, float | None]) -> None:
    result = value(estimates)
    assert result == pytest.approx(numbers["exact"], rel=0, abs=1e-12)
    assert is_printed(result, numbers["published"])


# Published numbers.


def test_cohen_1968():
    weights = weighing.of_disagreement([[0, 1, 3], [1, 0, 6], [3, 6, 0]])
    assert value(two_readers.cohen_kappa(COHEN_1968)) == pytest.approx(0.492, abs=5e-4)
    assert value(two_readers.cohen_kappa(COHEN_1968, weights)) == pytest.approx(0.348, abs=5e-4)


def test_cohen_1968_with_weights_that_are_not_symmetric():
    weights = weighing.of_disagreement([[0, 1, 4], [1, 0, 6], [2, 2, 0]])
    assert value(two_readers.cohen_kappa(COHEN_1968, weights)) == pytest.approx(0.353, abs=5e-4)


def test_cohen_kappas(vectors):
    for case in vectors("cohen")["cases"]:
        matches(two_readers.cohen_kappa(case["table"]), case["kappa"])
        if "kappa_max" in case:
            matches(two_readers.cohen_kappa_max(case["table"]), case["kappa_max"])


def test_weighted_cohen_kappas(vectors):
    cohen, fleiss, sas, _ = vectors("cohen")["cases"]
    for name, disagreement in (
        ("weighted", cohen["disagreement_weights"]),
        ("weighted_asym", cohen["disagreement_weights_asym"]),
    ):
        weights = weighing.of_disagreement(disagreement)
        matches(two_readers.cohen_kappa(cohen["table"], weights), cohen[name])
    result = two_readers.cohen_kappa(fleiss["table"], fleiss["agreement_weights"])
    matches(result, fleiss["weighted"])
    result = two_readers.cohen_kappa(sas["table"], weighing.linear([1, 2, 3]))
    matches(result, sas["weighted_linear"]["kappa"])


PARADOX = {
    "po": two_readers.percent_agreement,
    "cohen": two_readers.cohen_kappa,
    "scott": two_readers.scott_pi,
    "ac1": two_readers.gwet_ac1,
    "pabak": two_readers.pabak,
    "prevalence_index": two_readers.prevalence_index,
    "bias_index": two_readers.bias_index,
    "kappa_max": two_readers.cohen_kappa_max,
    "bangdiwala_b": two_readers.bangdiwala_b,
    "jaccard_pos": two_readers.positive_jaccard,
    "mcnemar_chi2": lambda table: two_readers.mcnemar(table).chi2,
}


@pytest.mark.parametrize("name", PARADOX)
def test_kappa_paradoxes(vectors, name):
    for case in vectors("kappa_paradox")["cases"]:
        absent_first = np.array(case["table_pp_pn_np_nn"], dtype=float)[::-1, ::-1]
        result = value(PARADOX[name](absent_first))
        assert result == pytest.approx(case["exact"][name], rel=0, abs=1e-12), case["name"]
        assert is_printed(result, case["published"].get(name))


def test_the_table_of_the_irrcac_readme(vectors):
    printed = vectors("gwet_irrcac")["R_readme"]["cont3x3abstractors"]
    result = {
        "cohen": two_readers.cohen_kappa,
        "scott": two_readers.scott_pi,
        "ac1": two_readers.gwet_ac1,
        "bp": two_readers.pabak,
        "bangdiwala": two_readers.bangdiwala_b,
        "pa": two_readers.percent_agreement,
    }
    for name, coefficient in result.items():
        assert is_printed(value(coefficient(printed["table"])), printed["values"][name]["coef"])


def test_mcnemar_of_the_x_ray_example():
    test = two_readers.mcnemar([[16232, 782], [1309, 1467]])
    assert value(test.chi2) == pytest.approx(132.82, abs=5e-3)
    assert value(test.p) == pytest.approx(9.8e-31, rel=0.01)


@pytest.mark.parametrize(("first", "second"), [(1, 0), (5, 5), (2, 9), (30, 11), (0, 40)])
def test_the_exact_p_matches_the_binomial_test(first, second):
    test = two_readers.mcnemar([[7, second], [first, 3]])
    expected = binomtest(first, first + second).pvalue
    assert value(test.exact_p) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("scheme", ["linear", "quadratic"])
def test_weighted_kappa_matches_sklearn(seed, scheme):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 4, (2, 50))
    table = np.zeros((4, 4))
    np.add.at(table, (first, second), 1.0)
    expected = cohen_kappa_score(first, second, weights=scheme)
    result = value(two_readers.cohen_kappa(table, weighing.SCHEMES[scheme]([1, 2, 3, 4])))
    assert result == pytest.approx(expected, abs=1e-12)


def test_light_kappa_of_fleiss_1971(vectors):
    case = vectors("fleiss")["cases"][0]
    codes = np.array(case["ratings"]).T - 1
    pairs = [(item, other) for item in range(6) for other in range(item + 1, 6)]
    tables = np.zeros((len(pairs), 5, 5))
    for table, (reader, other) in zip(tables, pairs, strict=True):
        np.add.at(table, (codes[reader], codes[other]), 1.0)
    matches(two_readers.light_kappa(tables), case["light"])


# Undefined values and refused input.

OF_ANY = {
    name: PARADOX[name]
    for name in ("po", "cohen", "scott", "ac1", "pabak", "kappa_max", "bangdiwala_b")
}
OF_FINDINGS = {name: reader for name, reader in PARADOX.items() if name not in OF_ANY}
BAD = [[1.0, 2.0], [[1.0, 2.0]], np.ones((0, 0)), [[-1, 0], [0, 1]], [[np.nan, 0], [0, 1]]]


@pytest.mark.parametrize("name", PARADOX)
@pytest.mark.parametrize("table", BAD, ids=["row", "oblong", "empty", "negative", "nan"])
def test_invalid_tables_are_refused(name, table):
    with pytest.raises(BadTable):
        PARADOX[name](table)


@pytest.mark.parametrize("name", OF_FINDINGS)
def test_findings_are_absent_or_present(name):
    with pytest.raises(BadTable, match="3 categories, not 2"):
        OF_FINDINGS[name](np.ones((3, 3)))


def test_several_pairs_are_a_leading_axis():
    with pytest.raises(BadTable, match="axis of pairs"):
        two_readers.light_kappa([[1, 2], [3, 4]])


@pytest.mark.parametrize("name", PARADOX)
def test_no_common_exam_has_a_reason(name):
    coefficient = only(PARADOX[name](np.zeros((2, 2))))
    assert (coefficient.value, coefficient.reason) == (None, Reason.NOT_COMPARED)


@pytest.mark.parametrize("name", ["cohen", "scott", "kappa_max"])
def test_a_single_used_category_has_a_reason(name):
    coefficient = only(PARADOX[name]([[9, 0], [0, 0]]))
    assert (coefficient.value, coefficient.reason) == (None, Reason.ALL_ALIKE)


def test_a_single_used_category_has_a_reason_with_weights():
    coefficient = only(two_readers.cohen_kappa(np.diag([9, 0, 0]), weighing.linear([1, 2, 3])))
    assert (coefficient.value, coefficient.reason) == (None, Reason.ALL_ALIKE)


@pytest.mark.parametrize("name", ["ac1", "pabak", "bangdiwala_b"])
def test_a_single_used_category_is_a_caution(name):
    coefficient = only(PARADOX[name]([[9, 0], [0, 0]]))
    assert (coefficient.value, coefficient.reason) == (1.0, Reason.ONE_CATEGORY_USED)


@pytest.mark.parametrize("name", ["ac1", "pabak"])
def test_a_single_possible_category_has_a_reason(name):
    coefficient = only(PARADOX[name]([[9]]))
    assert (coefficient.value, coefficient.reason) == (None, Reason.ONE_CATEGORY)


def test_zero_chance_disagreement_has_a_reason():
    weights = weighing.custom([[1, 0, 1], [0, 1, 1], [1, 1, 1]])
    coefficient = only(two_readers.cohen_kappa([[0, 0, 4], [0, 0, 5], [0, 0, 0]], weights))
    assert (coefficient.value, coefficient.reason) == (None, Reason.NO_CHANCE_DISAGREEMENT)


def test_readers_without_a_common_category_have_no_bangdiwala_b():
    coefficient = only(two_readers.bangdiwala_b([[0, 9], [0, 0]]))
    assert (coefficient.value, coefficient.reason) == (None, Reason.NOTHING_SHARED)


def test_a_finding_nobody_marked_has_no_jaccard():
    coefficient = only(two_readers.positive_jaccard([[9, 0], [0, 0]]))
    assert (coefficient.value, coefficient.reason) == (None, Reason.NEVER_GIVEN)


def test_mcnemar_is_undefined_without_disagreement():
    test = two_readers.mcnemar([[5, 0], [0, 3]])
    for estimates in (test.chi2, test.p, test.exact_p):
        assert (value(estimates), only(estimates).reason) == (None, Reason.NEVER_DISAGREED)


def test_light_omits_pairs_without_a_kappa():
    empty, alike, some = np.zeros((2, 2)), np.diag([3.0, 0]), np.array([[5.0, 1], [2, 4]])
    mean = value(two_readers.light_kappa([empty, alike, some]))
    assert mean == value(two_readers.cohen_kappa(some))
    assert only(two_readers.light_kappa([empty, alike])).reason == Reason.NO_PAIR_DEFINED
    assert only(two_readers.light_kappa([empty, empty])).reason == Reason.NOT_COMPARED


# Invariants.

counts = st.integers(0, 30).map(float)
tables_ = st.integers(2, 4).flatmap(
    lambda q: arrays.arrays(np.float64, (q, q), elements=counts, fill=st.nothing())
)
findings = arrays.arrays(np.float64, (2, 2), elements=counts)
seeds = st.integers(0, 2**32 - 1)


def is_same(first, second):
    if first.value is None or second.value is None:
        return first == second
    return (first.value, first.reason) == (pytest.approx(second.value, abs=1e-9), second.reason)


@pytest.mark.parametrize("name", OF_ANY)
@given(table=tables_)
def test_the_order_of_the_readers_does_not_matter(name, table):
    assert is_same(only(OF_ANY[name](table.T)), only(OF_ANY[name](table)))


@pytest.mark.parametrize("name", OF_ANY)
@given(table=tables_, seed=seeds)
def test_the_order_of_the_categories_does_not_matter(name, table, seed):
    order = np.random.default_rng(seed).permutation(len(table))
    assert is_same(only(OF_ANY[name](table[np.ix_(order, order)])), only(OF_ANY[name](table)))


@pytest.mark.parametrize("name", [*OF_ANY, "prevalence_index", "bias_index", "jaccard_pos"])
@given(table=findings)
def test_duplicating_every_exam_changes_nothing(name, table):
    assert is_same(only(PARADOX[name](2 * table)), only(PARADOX[name](table)))


@pytest.mark.parametrize("name", PARADOX)
@given(table=findings)
def test_there_is_a_finite_value_or_a_reason(name, table):
    coefficient = only(PARADOX[name](table))
    assert np.isfinite(coefficient.value) if coefficient.value is not None else coefficient.reason


@given(table=tables_)
def test_kappa_is_at_most_its_maximum(table):
    kappa, most = two_readers.cohen_kappa(table), two_readers.cohen_kappa_max(table)
    assert (value(kappa) is None) == (value(most) is None)
    if value(kappa) is not None:
        assert kappa.values <= most.values + 1e-12
        assert most.values <= 1 + 1e-12


@given(table=tables_)
def test_scott_equals_fleiss_of_two_readers(table):
    assert is_same(only(two_readers.scott_pi(table)), only(kernels.fleiss_kappa(cells_of(table))))


@given(table=tables_)
def test_ac1_and_pabak_equal_the_general_formulas(table):
    cells = cells_of(table)
    ac1, pabak = only(two_readers.gwet_ac1(table)), only(two_readers.pabak(table))
    assert ac1.value == pytest.approx(value(kernels.gwet_ac1(cells)), abs=1e-12)
    assert pabak.value == pytest.approx(value(kernels.brennan_prediger(cells)), abs=1e-12)


@given(table=findings)
def test_pabak_is_kappa_without_prevalence_or_bias(table):
    """Byrt, Bishop & Carlin 1993: kappa = (PABAK - PI**2 + BI**2) / (1 - PI**2 + BI**2)."""
    kappa = value(two_readers.cohen_kappa(table))
    if kappa is None:
        return
    prevalence = two_readers.prevalence_index(table).values
    bias = two_readers.bias_index(table).values
    pabak = two_readers.pabak(table).values
    shift = prevalence**2 - bias**2
    assert kappa == pytest.approx((pabak - shift) / (1 - shift), abs=1e-9)


@given(table=tables_)
def test_identity_weights_equal_no_weights(table):
    identity = weighing.identity(range(len(table)))
    assert is_same(
        only(two_readers.cohen_kappa(table, identity)), only(two_readers.cohen_kappa(table))
    )


@given(table=tables_, factor=st.floats(0.1, 50))
def test_the_scale_of_disagreement_does_not_matter(table, factor):
    apart = np.abs(np.subtract.outer(np.arange(len(table)), np.arange(len(table)))) ** 1.5
    small = two_readers.cohen_kappa(table, weighing.of_disagreement(apart))
    large = two_readers.cohen_kappa(table, weighing.of_disagreement(factor * apart))
    assert is_same(only(small), only(large))


@given(table=tables_)
def test_transposing_table_and_weights_changes_nothing(table):
    apart = np.triu(np.ones_like(table), 1) + 3 * np.tril(np.ones_like(table), -1)
    weights = weighing.of_disagreement(apart)
    assert is_same(
        only(two_readers.cohen_kappa(table.T, weights.T)),
        only(two_readers.cohen_kappa(table, weights)),
    )


@given(table=findings)
def test_mcnemar_does_not_depend_on_the_order_of_the_readers(table):
    value, expected = two_readers.mcnemar(table), two_readers.mcnemar(table.T)
    assert is_same(only(value.p), only(expected.p))
    assert is_same(only(value.exact_p), only(expected.exact_p))


@given(tables=arrays.arrays(np.float64, (2, 3, 2, 2), elements=counts))
def test_leading_axes_may_be_classes_or_replicates(tables):
    for coefficient in PARADOX.values():
        together = coefficient(tables)
        assert together.values.shape == (2, 3)
        apart = [only(coefficient(item)) for item in tables.reshape(6, 2, 2)]
        assert all(map(is_same, together.coefficients(), apart))
