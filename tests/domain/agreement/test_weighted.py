"""Weighted coefficients of several readers: published numbers and invariants."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview import agreement
from ecgreview.agreement import BadRatings, Cells, PatternCount
from ecgreview.agreement.coefficients import kernels, two_readers, weighted
from ecgreview.agreement.coefficients import weights as weighing
from ecgreview.agreement.coefficients.weighted import Votes
from ecgreview.agreement.values.reasons import Reason

from .tables import KRIPPENDORFF_2011, coded, counted, only, value

LINEAR_5 = [
    [1, 0.75, 0.5, 0.25, 0],
    [0.75, 1, 0.75, 0.5, 0.25],
    [0.5, 0.75, 1, 0.75, 0.5],
    [0.25, 0.5, 0.75, 1, 0.75],
    [0, 0.25, 0.5, 0.75, 1],
]
"""Gwet's linear weights for five categories."""


def printed(exact: float | None, published: float, n_decimals: int) -> bool:
    """Return whether ``exact`` rounds to ``published``."""
    return exact is not None and abs(exact - published) <= 0.5 * 10.0**-n_decimals + 1e-12


def n_decimals(published: float) -> int:
    return len(repr(published).split(".")[1])


def votes_of(data) -> Votes:
    ratings = coded(data["ratings"], data["categories"])
    return Votes.of(ratings, range(len(data["categories"])))


def weights_of(case, categories):
    if case["weights"] == "custom":
        return weighing.custom(case["weights_matrix"])
    is_number = isinstance(categories[0], int | float)
    scores = categories if is_number else range(1, len(categories) + 1)
    return weighing.SCHEMES[case["weights"]](scores)


OF_CELLS = {
    "pa": weighted.percent_agreement,
    "bp": weighted.brennan_prediger,
    "fleiss": weighted.fleiss_kappa,
    "gwet": weighted.gwet_ac2,
    "krippendorff": weighted.krippendorff_alpha,
}
OTHER_NAMES = {
    "ac1": "gwet",
    "ac2": "gwet",
    "alpha": "krippendorff",
    "scott": "fleiss",
    "cohen": "conger",
    "percent_agreement": "pa",
    "pabak": "bp",
    "kappa": "fleiss",
}
NAMES = [*OF_CELLS, "conger"]


def coefficient_of(name, votes, weights=None):
    canonical = OTHER_NAMES.get(name, name)
    if canonical == "conger":
        return weighted.conger_kappa(votes, weights)
    return OF_CELLS[canonical](votes.cells, weights)


# Weights.


def test_the_linear_weights_of_gwet():
    np.testing.assert_allclose(weighing.linear([1, 2, 3, 4, 5]), np.array(LINEAR_5), atol=1e-15)


@pytest.mark.parametrize(
    ("scheme", "rows"),
    [
        ("identity", [[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ("bipolar", [[1, 0.667, 0], [0.667, 1, 0.667], [0, 0.667, 1]]),
        ("circular", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ("linear", [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]),
        ("ordinal", [[1, 0.667, 0], [0.667, 1, 0.667], [0, 0.667, 1]]),
        ("quadratic", [[1, 0.75, 0], [0.75, 1, 0.75], [0, 0.75, 1]]),
        ("radical", [[1, 0.293, 0], [0.293, 1, 0.293], [0, 0.293, 1]]),
        ("ratio", [[1, 0.556, 0], [0.556, 1, 0.84], [0, 0.84, 1]]),
    ],
)
def test_weights_of_three_categories_as_irrcac_prints_them(scheme, rows):
    np.testing.assert_allclose(weighing.SCHEMES[scheme]([1, 2, 3]), np.array(rows), atol=5.1e-4)


@pytest.mark.parametrize("scheme", weighing.SCHEMES)
@given(scores=st.lists(st.integers(0, 20), min_size=1, max_size=6, unique=True))
def test_every_scheme_makes_weights(scheme, scores):
    weights = weighing.SCHEMES[scheme](scores)
    np.testing.assert_array_equal(weighing.custom(weights), weights)
    np.testing.assert_array_equal(weights, weights.T)


@pytest.mark.parametrize("scheme", weighing.SCHEMES)
@pytest.mark.parametrize("scores", [[], [1, 1], [1, float("nan")], [[1, 2]]])
def test_scores_that_do_not_separate_categories_are_refused(scheme, scores):
    with pytest.raises(weighing.BadWeights):
        weighing.SCHEMES[scheme](scores)


def test_a_ratio_scale_has_no_negative_score():
    with pytest.raises(weighing.BadWeights, match="must not be negative"):
        weighing.ratio([-1, 2])


def test_a_ratio_scale_may_have_a_zero():
    expected = np.array([[1, 0, 0], [0, 1, 0.75], [0, 0.75, 1]])
    np.testing.assert_allclose(weighing.ratio([0, 1, 3]), expected)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([1.0], "shape"),
        ([[1.0, 0.0]], "shape"),
        (np.ones((0, 0)), "shape"),
        ([[1, np.nan], [0, 1]], "finite"),
        ([[1, 0], [0, 0.9]], "diagonal"),
        ([[1, 1.1], [0, 1]], "between 0 and 1"),
        ([[1, -0.1], [0, 1]], "between 0 and 1"),
        ([[1, 1], [1, 1]], "disagreement is impossible"),
    ],
)
def test_invalid_weights_are_refused(matrix, message):
    with pytest.raises(weighing.BadWeights, match=message):
        weighing.custom(matrix)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[0, -1], [1, 0]], "must not be negative"),
        ([[1, 1], [1, 0]], "diagonal must be 0"),
        ([[0, 0]] * 2, "disagreement is impossible"),
    ],
)
def test_invalid_disagreement_weights_are_refused(matrix, message):
    with pytest.raises(weighing.BadWeights, match=message):
        weighing.of_disagreement(matrix)


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_other_categories_are_refused(name):
    votes = Votes.of([[0, 1], [1, 1]])
    with pytest.raises(weighing.BadWeights, match="for 3 categories, but there are 2"):
        coefficient_of(name, votes, weighing.identity([1, 2, 3]))


# Published coefficients.


def test_alpha_of_krippendorff_2011_for_ordered_categories():
    cells = Votes.of(coded(KRIPPENDORFF_2011, [1, 2, 3, 4, 5])).cells
    assert value(weighted.krippendorff_ordinal_alpha(cells)) == pytest.approx(0.815, abs=5e-4)


def test_the_irrcac_tests(vectors):
    n_compared = 0
    for data in vectors("gwet_irrcac")["raw"].values():
        votes = votes_of(data)
        for case in data["cases"]:
            weights = weights_of(case, data["categories"])
            result = value(coefficient_of(case["coefficient"], votes, weights))
            where = (case["coefficient"], case["weights"])
            assert result == pytest.approx(case["exact"]["coef"], rel=0, abs=1e-12), where
            assert printed(result, case["published"]["coef"], 3), where
            agreed = value(weighted.percent_agreement(votes.cells, weights))
            if case["coefficient"] != "krippendorff":
                assert agreed == pytest.approx(case["exact"]["pa"], rel=0, abs=1e-12), where
            n_compared += 1
    assert n_compared == 65


@pytest.mark.parametrize("name", ["interval_quadratic", "table3_5_quadratic"])
def test_the_book_of_gwet_2014(vectors, name):
    data = vectors("gwet_irrcac")["gwet2014_book"][name]
    used = {category for unit in data["ratings"] for category in unit if category is not None}
    categories = sorted(used)
    scores = categories if name.startswith("interval") else [1, 2, 3]
    votes = Votes.of(coded(data["ratings"], categories))
    weights = weighing.quadratic(scores)
    for key, triple in data.items():
        if key != "ratings":
            result = value(coefficient_of(key, votes, weights))
            assert printed(result, triple[2], n_decimals(triple[2])), key


def test_the_irrcac_readme(vectors):
    readme = vectors("gwet_irrcac")["R_readme"]
    votes = votes_of(vectors("gwet_irrcac")["raw"]["raw_4raters"])
    conger = readme["conger_raw4raters"]["coef"]
    assert printed(value(weighted.conger_kappa(votes)), conger, 5)
    for name, row in readme["cac_raw4raters"].items():
        assert printed(value(coefficient_of(name, votes)), row["coef"], n_decimals(row["coef"]))


def test_krippendorff_alphas_of_all_levels(vectors):
    levels = {"nominal": weighing.identity, "interval": weighing.quadratic, "ratio": weighing.ratio}
    n_compared = 0
    for case in vectors("krippendorff")["cases"]:
        categories = case["categories"]
        is_number = isinstance(categories[0], int)
        scores = categories if is_number else range(len(categories))
        cells = votes_of(case).cells
        for level, numbers in case["alpha"].items():
            result = value(
                weighted.krippendorff_ordinal_alpha(cells)
                if level == "ordinal"
                else weighted.krippendorff_alpha(cells, levels[level](scores))
            )
            assert result == pytest.approx(numbers["exact"], rel=0, abs=1e-12)
            assert printed(result, numbers["published"], n_decimals(numbers["published"]))
            n_compared += 1
    assert n_compared == 8


def test_fleiss_1971(vectors):
    case = vectors("fleiss")["cases"][0]
    votes = votes_of(case)
    conger = value(weighted.conger_kappa(votes))
    assert conger == pytest.approx(case["conger_exact"]["exact"], rel=0, abs=1e-12)
    assert printed(conger, case["conger_exact"]["published"], 3)
    cells = weighted.counted(case["counts"])
    by_category = weighted.fleiss_kappa_by_category(cells)
    for result, numbers in zip(by_category.values, case["kappa_by_category"], strict=True):
        assert result == pytest.approx(numbers["exact"], rel=0, abs=1e-12)
        assert printed(result, numbers["published"], 3)


def test_de_vet_2017(vectors):
    case = vectors("specific_agreement")
    votes = Votes.of(coded(case["ratings"], [0, 1]))
    for name in ("bp", "ac1", "fleiss", "pa", "alpha"):
        result = value(coefficient_of(name, votes))
        assert result == pytest.approx(case["exact"][name]["coef"], rel=0, abs=1e-12)


def test_edge_cases_have_a_value_or_a_reason(vectors):
    for case in vectors("edge_cases")["cases"]:
        cells = weighted.counted(case["counts"])
        for name in ("percent_agreement", "pabak", "kappa", "fleiss", "alpha"):
            coefficient = only(OF_CELLS[OTHER_NAMES.get(name, name)](cells))
            if "all" in case or (name in case and case[name] is None):
                assert coefficient.value is None, (case["name"], name)
                assert coefficient.reason
            elif name in case:
                assert coefficient.value == pytest.approx(case[name], rel=0, abs=1e-12)


# Refused input and undefined values.


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1.0], "shape"),
        (np.ones((2, 0)), "shape"),
        ([[-1.0, 2]], "negative"),
        ([[np.inf]], "finite"),
    ],
)
def test_invalid_tables_of_counts_are_refused(table, message):
    with pytest.raises(BadRatings, match=message):
        weighted.counted(table)


@pytest.mark.parametrize(
    ("ratings", "categories", "message"),
    [([1.0], None, "axes"), ([[1.0], [2.0]], [1.0], "not among"), ([[1.0]], [1.0, 1.0], "twice")],
)
def test_invalid_ratings_are_refused(ratings, categories, message):
    with pytest.raises(BadRatings, match=message):
        Votes.of(ratings, categories)


@pytest.mark.parametrize("name", NAMES)
def test_exams_read_once_have_no_value(name):
    coefficient = only(coefficient_of(name, Votes.of([[0, np.nan], [np.nan, 1]], [0, 1])))
    assert (coefficient.value, coefficient.reason) == (None, Reason.NOT_COMPARED)


@pytest.mark.parametrize("name", ["fleiss", "krippendorff", "conger"])
def test_constant_readings_have_no_value(name):
    coefficient = only(
        coefficient_of(name, Votes.of(np.array([[1, 1, 0], [1, 1, np.nan]]), [0, 1]))
    )
    assert (coefficient.value, coefficient.reason) == (None, Reason.ALL_ALIKE)


@pytest.mark.parametrize("name", ["bp", "gwet"])
def test_constant_readings_are_a_caution(name):
    coefficient = only(coefficient_of(name, Votes.of([[1, 1, 1], [1, 1, 1]], [0, 1])))
    assert (coefficient.value, coefficient.reason) == (1.0, Reason.ONE_CATEGORY_USED)


@pytest.mark.parametrize("name", ["bp", "gwet"])
def test_a_single_possible_category_has_a_reason(name):
    coefficient = only(coefficient_of(name, Votes.of([[1, 1], [1, 1]])))
    assert (coefficient.value, coefficient.reason) == (None, Reason.ONE_CATEGORY)


@pytest.mark.parametrize("name", ["fleiss", "krippendorff", "conger"])
def test_equally_weighted_categories_have_a_reason(name):
    weights = weighing.custom([[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    coefficient = only(coefficient_of(name, Votes.of([[0, 1, 0], [1, 1, 0]], [0, 1, 2]), weights))
    assert (coefficient.value, coefficient.reason) == (None, Reason.NO_CHANCE_DISAGREEMENT)


def test_conger_needs_two_readers():
    weights = weighing.custom([[1, 0, 1], [0, 1, 1], [1, 1, 1]])
    coefficient = only(coefficient_of("conger", Votes.of([[0, 1], [2, 2]], [0, 1, 2]), weights))
    assert (coefficient.value, coefficient.reason) == (None, Reason.NO_CHANCE_DISAGREEMENT)


def test_no_ratings_have_no_value():
    for name in NAMES:
        assert (
            only(coefficient_of(name, Votes.of(np.empty((2, 0)), [0, 1]))).reason
            == Reason.NOT_COMPARED
        )


def test_an_unused_category_has_no_kappa():
    by_category = weighted.fleiss_kappa_by_category(Votes.of([[0, 1], [0, 1]], [0, 1, 2]).cells)
    assert [coefficient.reason for coefficient in by_category.coefficients()] == [
        "",
        "",
        Reason.CATEGORY_UNUSED,
    ]


def test_a_category_always_used_has_no_kappa():
    by_category = weighted.fleiss_kappa_by_category(counted([[0, 2], [0, 2]]))
    assert [coefficient.reason for coefficient in by_category.coefficients()] == [
        Reason.CATEGORY_UNUSED,
        Reason.ALL_ALIKE,
    ]


def test_categories_have_no_kappa_without_comparisons():
    by_category = weighted.fleiss_kappa_by_category(counted([[0, 1], [1, 0]]))
    assert [coefficient.reason for coefficient in by_category.coefficients()] == [
        Reason.NOT_COMPARED
    ] * 2


# Invariants.

CODES = [0.0, 1.0, 2.0]
ratings_ = arrays.arrays(
    np.float64,
    st.tuples(st.integers(2, 5), st.integers(1, 12)),
    elements=st.sampled_from([*CODES, float("nan")]),
)
seeds = st.integers(0, 2**32 - 1)
schemes = st.sampled_from(sorted(weighing.SCHEMES))
every = pytest.mark.parametrize("name", NAMES)


def rated(name, ratings, scheme):
    return only(coefficient_of(name, Votes.of(ratings, CODES), weighing.SCHEMES[scheme]([1, 2, 3])))


def is_same(first, second):
    if first.value is None or second.value is None:
        return first == second
    return (first.value, first.reason) == (pytest.approx(second.value, abs=1e-9), second.reason)


@every
@given(ratings=ratings_, scheme=schemes)
def test_there_is_a_value_up_to_one_or_a_reason(name, ratings, scheme):
    coefficient = rated(name, ratings, scheme)
    if coefficient.value is None:
        assert coefficient.reason
    else:
        assert coefficient.value <= 1 + 1e-12


@every
@given(ratings=ratings_, scheme=schemes, seed=seeds)
def test_the_order_of_readers_and_exams_does_not_matter(name, ratings, scheme, seed):
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(rng.permutation(ratings, axis=0), axis=1)
    assert is_same(rated(name, shuffled, scheme), rated(name, ratings, scheme))


@every
@given(ratings=ratings_, scheme=schemes, seed=seeds)
def test_the_names_of_the_categories_do_not_matter(name, ratings, scheme, seed):
    order = np.random.default_rng(seed).permutation(3)
    weights = weighing.SCHEMES[scheme]([1, 2, 3])[np.ix_(order, order)]
    renamed = Votes.of(ratings, np.array(CODES)[order].tolist())
    assert is_same(only(coefficient_of(name, renamed, weights)), rated(name, ratings, scheme))


@pytest.mark.parametrize("name", ["pa", "bp", "fleiss", "gwet", "conger"])
@given(ratings=ratings_, scheme=schemes)
def test_duplicating_every_exam_changes_nothing(name, ratings, scheme):
    twice = np.concatenate([ratings, ratings], axis=1)
    assert is_same(rated(name, twice, scheme), rated(name, ratings, scheme))


@given(ratings=ratings_, scheme=schemes)
def test_alpha_decreases_when_every_exam_is_duplicated(ratings, scheme):
    """The small-sample correction, 1 / number of readings, is halved."""
    once = rated("alpha", ratings, scheme).value
    assume(once is not None)
    twice = rated("alpha", np.concatenate([ratings, ratings], axis=1), scheme).value
    compared = ratings[:, (~np.isnan(ratings)).sum(axis=0) >= 2]
    n = np.count_nonzero(~np.isnan(compared))
    assert 1 - twice == pytest.approx((1 - once) * (2 * n - 1) / (2 * n - 2))


@every
@given(ratings=ratings_, scheme=schemes)
def test_transposed_weights_give_the_same_result(name, ratings, scheme):
    weights = weighing.SCHEMES[scheme]([1, 2, 3])
    lower = np.tril(weights)
    for asymmetric in (lower, lower.T):
        halved = weighing.custom((asymmetric + asymmetric.T) / 2)
        votes = Votes.of(ratings, CODES)
        assert is_same(
            only(coefficient_of(name, votes, asymmetric)), only(coefficient_of(name, votes, halved))
        )


@pytest.mark.parametrize(
    ("name", "nominal"),
    [
        ("pa", kernels.percent_agreement),
        ("bp", kernels.brennan_prediger),
        ("fleiss", kernels.fleiss_kappa),
        ("gwet", kernels.gwet_ac1),
        ("krippendorff", kernels.krippendorff_alpha),
    ],
)
@given(ratings=ratings_)
def test_without_weights_they_equal_the_nominal_coefficients(name, nominal, ratings):
    cells = Votes.of(ratings, CODES).cells
    value, expected = only(OF_CELLS[name](cells)), only(nominal(cells))
    assert value.value == pytest.approx(expected.value, abs=1e-12)
    assert is_same(value, only(OF_CELLS[name](cells, weighing.identity(CODES))))


@given(ratings=ratings_, scheme=schemes)
def test_conger_of_two_complete_readers_equals_cohen(ratings, scheme):
    pair = ratings[:2][:, ~np.isnan(ratings[:2]).any(axis=0)]
    assume(pair.size)
    weights = weighing.SCHEMES[scheme]([1, 2, 3])
    table = np.zeros((3, 3))
    np.add.at(table, tuple(pair.astype(int)), 1.0)
    cohen = only(two_readers.cohen_kappa(table, weights))
    assert is_same(rated("conger", pair, scheme), cohen)


@given(ratings=ratings_)
def test_ordinal_alpha_of_two_categories_equals_nominal(ratings):
    cells = Votes.of(np.where(ratings == 2, 1.0, ratings), [0.0, 1.0]).cells
    ordinal = only(weighted.krippendorff_ordinal_alpha(cells))
    assert is_same(ordinal, only(weighted.krippendorff_alpha(cells)))


@given(ratings=ratings_)
def test_ordinal_alpha_does_not_change_with_reversed_categories(ratings):
    upright, inverted = Votes.of(ratings, CODES).cells, Votes.of(ratings, CODES[::-1]).cells
    assert is_same(
        only(weighted.krippendorff_ordinal_alpha(upright)),
        only(weighted.krippendorff_ordinal_alpha(inverted)),
    )


@pytest.mark.parametrize("seed", range(10))
def test_ordinal_alpha_matches_the_krippendorff_package(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, 40)
    ratings = np.clip(truth + rng.integers(-1, 2, (4, 40)), 0, 3).astype(np.float64)
    ratings[rng.random(ratings.shape) < 0.3] = np.nan
    expected = krippendorff.alpha(
        ratings, level_of_measurement="ordinal", value_domain=[0, 1, 2, 3]
    )
    result = value(weighted.krippendorff_ordinal_alpha(Votes.of(ratings, [0, 1, 2, 3]).cells))
    assert result == pytest.approx(expected, abs=1e-12)


@given(seed=seeds)
def test_vectorized_classes_equal_single_classes(seed):
    states = np.random.default_rng(seed).integers(0, 3, (3, 15, 4)).astype(np.int8)
    patterns = PatternCount.of(states)
    together = weighted.conger_kappa(Votes.of_patterns(patterns)).coefficients()
    cells = weighted.krippendorff_ordinal_alpha(patterns.cells()).coefficients()
    for number in range(4):
        alone = Votes.of(np.where(states[:, :, number] == 0, np.nan, states[:, :, number]), [1, 2])
        assert is_same(together[number], only(weighted.conger_kappa(alone)))
        assert is_same(cells[number], only(weighted.krippendorff_ordinal_alpha(alone.cells)))


def test_replicates_may_be_the_leading_axis():
    cells = Cells(np.array([[2.0, 0], [1, 1], [0, 2]]), np.arange(1.0, 25).reshape(2, 4, 3))
    assert weighted.gwet_ac2(cells).values.shape == (2, 4)
    assert weighted.krippendorff_ordinal_alpha(cells).values.shape == (2, 4)


def test_the_nominal_functions_agree_with_the_votes():
    ratings = np.array([[0, 1, 2, 1], [0, 1, 1, np.nan]])
    assert agreement.krippendorff_alpha(ratings).value == pytest.approx(
        value(weighted.krippendorff_alpha(Votes.of(ratings).cells))
    )
