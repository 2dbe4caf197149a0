"""Standard errors: published numbers, independent computations, and invariants."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview.agreement import Cells, Estimates, PatternCount
from ecgreview.agreement.coefficients import (
    kernels,
    standard_errors,
    two_readers,
    weighted,
)
from ecgreview.agreement.coefficients import weights as weighing
from ecgreview.agreement.coefficients.weighted import Votes
from ecgreview.agreement.values.bounded import BadConfidence
from ecgreview.agreement.values.reasons import Reason

from .tables import coded, counted, only, value
from .tables import two_readers as cells_of

OF_CELLS = {
    "pa": standard_errors.percent_agreement,
    "bp": standard_errors.brennan_prediger,
    "fleiss": standard_errors.fleiss_kappa,
    "gwet": standard_errors.gwet_ac2,
    "krippendorff": standard_errors.krippendorff_alpha,
}
ESTIMATES = {
    "pa": weighted.percent_agreement,
    "bp": weighted.brennan_prediger,
    "fleiss": weighted.fleiss_kappa,
    "gwet": weighted.gwet_ac2,
    "krippendorff": weighted.krippendorff_alpha,
}
OTHER_NAMES = {"ac1": "gwet", "alpha": "krippendorff", "scott": "fleiss"}
NAMES = [*OF_CELLS, "conger"]


def standard_error_of(name, votes, weights=None) -> Estimates:
    canonical = OTHER_NAMES.get(name, name)
    if canonical == "conger":
        return standard_errors.conger_kappa(votes, weights)
    return OF_CELLS[canonical](votes.cells, weights)


def estimate(name, votes, weights=None) -> Estimates:
    canonical = OTHER_NAMES.get(name, name)
    if canonical == "conger":
        return weighted.conger_kappa(votes, weights)
    return ESTIMATES[canonical](votes.cells, weights)


def is_printed(exact: float | None, published: float, n_decimals: int | None = None) -> bool:
    """Return whether ``exact`` rounds to ``published``."""
    decimals = len(repr(published).split(".")[1]) if n_decimals is None else n_decimals
    return exact is not None and abs(exact - published) <= 0.5 * 10.0**-decimals + 1e-12


def votes_of(data) -> Votes:
    ratings = coded(data["ratings"], data["categories"])
    return Votes.of(ratings, range(len(data["categories"])))


def weights_of(case, categories):
    if case["weights"] == "custom":
        return weighing.custom(case["weights_matrix"])
    is_number = isinstance(categories[0], int | float)
    scores = categories if is_number else range(1, len(categories) + 1)
    return weighing.SCHEMES[case["weights"]](scores)


# Published numbers.


def test_the_irrcac_tests(vectors):
    n_compared = 0
    for data in vectors("gwet_irrcac")["raw"].values():
        votes = votes_of(data)
        for case in data["cases"]:
            weights = weights_of(case, data["categories"])
            errors, estimates = (
                of(case["coefficient"], votes, weights) for of in (standard_error_of, estimate)
            )
            where = (case["coefficient"], case["weights"])
            if case["exact"]["se"] is not None:
                assert value(errors) == pytest.approx(case["exact"]["se"], rel=0, abs=1e-12), where
            if "se" in case["published"]:
                assert is_printed(value(errors), case["published"]["se"], 3), where
            is_alpha = case["coefficient"] == "krippendorff"
            n = votes.cells.n_compared if is_alpha else standard_errors.n_read(votes.cells)
            limits = standard_errors.t_interval(estimates, errors, n)
            for limit, end in zip(limits, ("lo", "hi"), strict=True):
                assert is_printed(float(limit), case["published"][end], 3), (*where, end)
            n_compared += 1
    assert n_compared == 65


def test_the_irrcac_readme(vectors):
    readme = vectors("gwet_irrcac")["R_readme"]
    votes = votes_of(vectors("gwet_irrcac")["raw"]["raw_4raters"])
    assert is_printed(value(standard_error_of("conger", votes)), readme["conger_raw4raters"]["se"])
    for name, row in readme["cac_raw4raters"].items():
        if name != "alpha":
            assert is_printed(value(standard_error_of(name, votes)), row["se"]), name
    distribution = readme["distrib_6raters"]
    cells = counted(distribution["counts"])
    for name, row in distribution["values"].items():
        result = value(OF_CELLS[OTHER_NAMES.get(name, name)](cells))
        if name in ("ac1", "bp", "fleiss"):
            assert is_printed(result, row["se"]), name


def test_alpha_lies_between_the_ports_of_irrcac(vectors):
    """The ports' formulas differ by 2% at most; see ``standard_errors.krippendorff_alpha``."""
    readme = vectors("gwet_irrcac")["R_readme"]
    votes = votes_of(vectors("gwet_irrcac")["raw"]["raw_4raters"])
    raw = value(standard_error_of("alpha", votes))
    assert raw == pytest.approx(readme["cac_raw4raters"]["alpha"]["se"], rel=1e-3)
    cells = counted(readme["distrib_6raters"]["counts"])
    result = value(standard_errors.krippendorff_alpha(cells))
    assert result == pytest.approx(readme["distrib_6raters"]["values"]["alpha"]["se"], rel=0.02)


def test_two_readers_of_the_irrcac_readme(vectors):
    """The README's errors divide by n, not n - 1, except those of Cohen and Bangdiwala."""
    printed = vectors("gwet_irrcac")["R_readme"]["cont3x3abstractors"]
    cells, n = cells_of(printed["table"]), 100
    for name in ("scott", "ac1", "bp", "pa", "krippendorff"):
        result = value(OF_CELLS[OTHER_NAMES.get(name, name)](cells))
        assert is_printed(result * np.sqrt((n - 1) / n), printed["values"][name]["se"]), name
    cohen = value(standard_errors.cohen_kappa(printed["table"]))
    assert is_printed(cohen, printed["values"]["cohen"]["se"])
    bangdiwala = value(standard_errors.bangdiwala_b(printed["table"]))
    assert is_printed(bangdiwala, printed["values"]["bangdiwala"]["se"])


def test_fleiss_1971(vectors):
    case = vectors("fleiss")["cases"][0]
    cells = counted(case["counts"])
    for name, expected in case["se_gwet"].items():
        result = value(OF_CELLS[OTHER_NAMES.get(name, name)](cells))
        assert result == pytest.approx(expected, rel=0, abs=1e-12), name
    kappa, error = kernels.fleiss_kappa(cells), standard_errors.fleiss_kappa_null(cells)
    z = float(kappa.values / error.values)
    assert z == pytest.approx(case["z_null"]["exact"], rel=0, abs=1e-11)
    assert is_printed(z, case["z_null"]["published"])
    by_category = value(standard_errors.fleiss_kappa_null_by_category(cells))
    assert by_category == pytest.approx(case["se_by_category"], rel=0, abs=1e-12)


def test_de_vet_2017(vectors):
    case = vectors("specific_agreement")
    votes = Votes.of(coded(case["ratings"], [0, 1]))
    for name in ("bp", "ac1", "fleiss", "pa", "alpha"):
        result = value(standard_error_of(name, votes))
        assert result == pytest.approx(case["exact"][name]["se"], rel=0, abs=1e-12)


def test_cohen_kappas(vectors):
    cohen, fleiss, sas, bortz = vectors("cohen")["cases"]
    weights = {"fleiss": fleiss["agreement_weights"], "sas": weighing.linear([1, 2, 3])}
    se, se0 = standard_errors.cohen_kappa, standard_errors.cohen_kappa_null
    linear = sas["weighted_linear"]
    for result, expected in (
        (se(cohen["table"]), cohen["se_fleiss_cohen_everitt"]),
        (se(fleiss["table"]), fleiss["se"]),
        (se(fleiss["table"], weights["fleiss"]), fleiss["se_weighted"]),
        (se0(fleiss["table"]), fleiss["se0"]),
        (se0(fleiss["table"], weights["fleiss"]), fleiss["se0_weighted"]),
        (se(sas["table"]), sas["se"]),
        (se0(sas["table"]), sas["se0"]),
        (se(sas["table"], weights["sas"]), linear["se"]),
        (se0(sas["table"], weights["sas"]), linear["se0"]),
        (se(bortz["table"]), bortz["se"]),
    ):
        assert value(result) == pytest.approx(expected["exact"], rel=0, abs=1e-12)
        assert expected["published"] is None or is_printed(value(result), expected["published"])


def test_the_z_of_sas(vectors):
    sas = vectors("cohen")["cases"][2]
    for weights, expected in (
        (None, sas["z"]),
        (weighing.linear([1, 2, 3]), sas["weighted_linear"]["z"]),
    ):
        z = value(standard_errors.cohen_kappa_z(sas["table"], weights))
        assert z == pytest.approx(expected["exact"], rel=0, abs=1e-12)
        assert is_printed(z, expected["published"])


def test_cohen_kappas_of_the_paradoxes(vectors):
    for case in vectors("kappa_paradox")["cases"]:
        result = value(standard_errors.cohen_kappa(case["table_pp_pn_np_nn"]))
        assert result == pytest.approx(case["exact"]["se_cohen"], rel=0, abs=1e-12)


# Independent computations.


def slopes(coefficient, n_exams, step=1e-4):
    """Return the derivative with respect to each number of exams (central differences)."""
    steps = step * np.eye(n_exams.size)
    more, less = (coefficient(n_exams + sign * steps).values for sign in (1, -1))
    return (more - less) / (2 * step)


CODES = [0.0, 1.0, 2.0]
LINEAR = weighing.linear(CODES)
complete = arrays.arrays(
    np.float64, st.tuples(st.integers(2, 4), st.integers(3, 12)), elements=st.sampled_from(CODES)
)


@pytest.mark.parametrize("name", ["pa", "bp", "fleiss", "gwet", "conger"])
@given(ratings=complete)
def test_complete_readings_give_the_infinitesimal_jackknife(name, ratings):
    votes = Votes.of(ratings, CODES)
    error = value(standard_error_of(name, votes, LINEAR))
    assume(error is not None)
    changes = slopes(
        lambda n_exams: estimate(name, Votes(votes.choices, n_exams), LINEAR), votes.n_exams
    )
    n = votes.n_exams.size
    assert error == pytest.approx(np.sqrt((changes**2).sum() * n / (n - 1)), abs=1e-5)


@given(ratings=complete)
def test_the_error_of_alpha_ignores_the_small_sample_correction(ratings):
    cells = Votes.of(ratings, CODES).cells
    for error, alpha in (
        (
            standard_errors.krippendorff_alpha(cells, LINEAR),
            partial(weighted.krippendorff_alpha, weights=LINEAR),
        ),
        (
            standard_errors.krippendorff_ordinal_alpha(cells),
            weighted.krippendorff_ordinal_alpha,
        ),
    ):
        assume(value(error) is not None)
        n_exams = cells.n_exams

        def corrected(n, table=cells.table, alpha=alpha):
            readings = (n * table.sum(axis=1)).sum(axis=-1)
            short = alpha(Cells(table, n))
            return Estimates(1 - (1 - short.values) * readings / (readings - 1))

        n = n_exams.size
        changes = slopes(corrected, n_exams)
        jackknife = np.sqrt((changes**2).sum() * n / (n - 1))
        assert value(error) == pytest.approx(jackknife, abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_ordinal_alpha_with_missing_readings_is_close_to_the_jackknife(seed):
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, 200, p=[0.7, 0.2, 0.1])
    ratings = np.clip(truth + rng.choice([-1, 0, 1], (4, 200), p=[0.15, 0.7, 0.15]), 0, 2)
    missing = np.where(rng.random(ratings.shape) < 0.3, np.nan, ratings)
    cells = Votes.of(missing, CODES).cells
    cells = Cells(cells.table[cells.is_compared], np.ones(int(cells.n_compared)))
    n = cells.n_exams.size
    without = weighted.krippendorff_ordinal_alpha(Cells(cells.table, 1 - np.eye(n))).values
    jackknife = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    result = value(standard_errors.krippendorff_ordinal_alpha(cells))
    assert result == pytest.approx(jackknife, rel=0.02)


counts = st.integers(0, 30).map(float)
tables_ = st.integers(2, 4).flatmap(
    lambda q: arrays.arrays(np.float64, (q, q), elements=counts, fill=st.nothing())
)


def of_table(coefficient, shape):
    return lambda n_exams: coefficient(n_exams.reshape(-1, *shape))


@given(table=tables_)
def test_two_readers_give_the_infinitesimal_jackknife(table):
    dense = table + 1  # so that no cell becomes negative below
    apart = np.triu(np.ones_like(table), 1) + 3 * np.tril(np.ones_like(table), -1)
    weights = weighing.of_disagreement(apart)
    for error, coefficient in (
        (standard_errors.cohen_kappa(dense), two_readers.cohen_kappa),
        (
            standard_errors.cohen_kappa(dense, weights),
            partial(two_readers.cohen_kappa, weights=weights),
        ),
        (standard_errors.bangdiwala_b(dense), two_readers.bangdiwala_b),
    ):
        changes = slopes(of_table(coefficient, table.shape), dense.reshape(-1))
        expected = np.sqrt((dense.reshape(-1) * changes**2).sum())
        assert value(error) == pytest.approx(expected, rel=1e-5, abs=1e-7)


@given(table=tables_)
def test_the_null_error_of_kappa_assumes_independent_readers(table):
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    assume(value(standard_errors.cohen_kappa_null(table)) is not None)
    weights = weighing.quadratic(range(len(table)))
    by_chance = np.outer(rows, columns) / table.sum()
    null = value(standard_errors.cohen_kappa_null(table, weights))
    assert null == pytest.approx(value(standard_errors.cohen_kappa(by_chance, weights)), abs=1e-9)


@pytest.mark.parametrize("n_readers", [2, 4])
def test_the_null_error_of_fleiss_matches_simulated_guessing(n_readers):
    rng = np.random.default_rng(7)
    chosen = np.arange(n_readers + 1.0)
    table = np.stack([n_readers - chosen, chosen], axis=1)
    is_given = rng.random((4000, 150, n_readers)) < 0.2
    n_exams = (is_given.sum(axis=2)[:, :, None] == chosen).sum(axis=1).astype(np.float64)
    kappas = kernels.fleiss_kappa(Cells(table, n_exams)).values
    errors = standard_errors.fleiss_kappa_null(Cells(table, n_exams)).values
    assert errors.mean() == pytest.approx(kappas.std(), rel=0.05)
    both = standard_errors.fleiss_kappa_null_by_category(Cells(table, n_exams)).values
    np.testing.assert_allclose(errors, both)


@given(a=counts, b=counts, c=counts, d=counts)
def test_positive_agreement_of_two_readers_matches_graham_and_bull(a, b, c, d):
    assume(a + b + c > 0)
    assume(a + b + c + d > 1)
    cells = cells_of([[d, c], [b, a]])
    result = value(standard_errors.positive_agreement(cells))
    m = b + c
    assert result == pytest.approx(np.sqrt(4 * a * m * (a + m)) / (2 * a + m) ** 2, abs=1e-9)


def test_the_interval_of_percent_agreement_has_nominal_coverage():
    rng = np.random.default_rng(3)
    table = np.array([[3.0, 0], [2, 1], [1, 2], [0, 3]])
    chances = np.array([0.6, 0.1, 0.1, 0.2])
    truth = (chances * np.array([1, 1 / 3, 1 / 3, 1])).sum()
    cells = Cells(table, rng.multinomial(200, chances, 4000).astype(np.float64))
    low, high = standard_errors.t_interval(
        weighted.percent_agreement(cells),
        standard_errors.percent_agreement(cells),
        standard_errors.n_read(cells),
    )
    assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.95, abs=0.015)


# Undefined values.

SMALL = np.array([[0.0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 1, 1]])


@pytest.mark.parametrize("name", NAMES)
def test_exams_read_once_have_no_error(name):
    coefficient = only(standard_error_of(name, Votes.of([[0, np.nan], [np.nan, 1]], [0, 1])))
    assert (coefficient.value, coefficient.reason) == (None, Reason.NOT_COMPARED)


@pytest.mark.parametrize("name", NAMES)
def test_no_exams_have_no_error(name):
    assert (
        only(standard_error_of(name, Votes.of(np.empty((2, 0)), [0, 1]))).reason
        == Reason.NOT_COMPARED
    )


@pytest.mark.parametrize("name", ["fleiss", "krippendorff", "conger"])
def test_an_undefined_coefficient_has_no_error(name):
    coefficient = only(standard_error_of(name, Votes.of([[1, 1], [1, 1]], [0, 1])))
    assert (coefficient.value, coefficient.reason) == (None, Reason.ALL_ALIKE)


@pytest.mark.parametrize("name", NAMES)
def test_a_single_exam_has_no_error(name):
    coefficient = only(standard_error_of(name, Votes.of([[0], [1]], [0, 1])))
    assert (coefficient.value, coefficient.reason) == (None, Reason.ONE_EXAM)


@pytest.mark.parametrize("name", NAMES)
def test_perfect_agreement_has_no_error(name):
    coefficient = only(standard_error_of(name, Votes.of([[0, 1, 1], [0, 1, 1]], [0, 1])))
    assert (coefficient.value, coefficient.reason) == (0.0, Reason.NO_EXAM_DIFFERS)


@pytest.mark.parametrize("name", ["bp", "gwet"])
def test_perfect_agreement_on_one_category_has_no_error(name):
    coefficient = only(standard_error_of(name, Votes.of([[1, 1, 1], [1, 1, 1]], [0, 1])))
    assert (coefficient.value, coefficient.reason) == (0.0, Reason.NO_EXAM_DIFFERS)


def test_cohen_has_the_same_reasons():
    for table, reason in (
        ([[0, 0], [0, 0]], Reason.NOT_COMPARED),
        ([[5, 0], [0, 0]], Reason.ALL_ALIKE),
        ([[0, 1], [0, 0]], Reason.ONE_EXAM),
        ([[5, 0], [0, 3]], Reason.NO_EXAM_DIFFERS),
    ):
        assert only(standard_errors.cohen_kappa(table)).reason == reason
    assert value(standard_errors.cohen_kappa([[5, 0], [0, 0]])) is None
    z = only(standard_errors.cohen_kappa_z([[5, 3], [0, 0]]))
    assert (z.value, z.reason) == (None, Reason.NO_EXAM_DIFFERS)


def test_invalid_tables_are_refused():
    for error in (
        standard_errors.cohen_kappa,
        standard_errors.cohen_kappa_null,
        standard_errors.bangdiwala_b,
    ):
        with pytest.raises(two_readers.BadTable):
            error([[1, -1], [0, 1]])


def test_an_unused_category_has_no_error():
    cells = cells_of([[5, 0], [0, 0]])
    assert only(standard_errors.positive_agreement(cells)).reason == Reason.CATEGORY_UNUSED
    assert only(standard_errors.negative_agreement(cells)).reason == Reason.NO_EXAM_DIFFERS


def test_the_null_error_of_fleiss_needs_equally_many_readings_per_exam():
    unequal = only(standard_errors.fleiss_kappa_null(counted([[2, 1], [1, 1]])))
    assert (unequal.value, unequal.reason) == (None, Reason.UNEQUAL_READINGS)
    lone = only(standard_errors.fleiss_kappa_null(counted([[1, 1], [1, 0], [0, 2]])))
    assert (lone.value, lone.reason) == (None, Reason.UNEQUAL_READINGS)
    unmet = Cells(np.array([[1.0, 1], [2, 0], [3, 0]]), np.array([4.0, 5, 0]))
    assert value(standard_errors.fleiss_kappa_null(unmet)) is not None
    unread = counted([[1, 1], [2, 0], [0, 0]])
    assert value(standard_errors.fleiss_kappa_null(unread)) is not None
    alike = only(standard_errors.fleiss_kappa_null_by_category(counted([[2, 0], [2, 0]])))
    assert (alike.value, alike.reason) == (None, Reason.ALL_ALIKE)
    nothing = Cells(np.empty((0, 2)), np.empty(0))
    assert only(standard_errors.fleiss_kappa_null(nothing)).reason == Reason.NOT_COMPARED


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, float("nan")])
def test_a_confidence_is_between_zero_and_one(confidence):
    votes = Votes.of(SMALL)
    with pytest.raises(BadConfidence, match="between 0 and 1"):
        standard_errors.t_interval(
            standard_error_of("pa", votes),
            standard_error_of("pa", votes),
            np.array(4.0),
            confidence,
        )


def test_without_an_error_there_is_no_interval():
    votes = Votes.of([[0], [1]], [0, 1])
    limits = standard_errors.t_interval(
        estimate("pa", votes), standard_error_of("pa", votes), standard_errors.n_read(votes.cells)
    )
    assert np.isnan(limits).all()


# Invariants.

ratings_ = arrays.arrays(
    np.float64,
    st.tuples(st.integers(2, 5), st.integers(1, 12)),
    elements=st.sampled_from([*CODES, float("nan")]),
)
seeds = st.integers(0, 2**32 - 1)
every = pytest.mark.parametrize("name", NAMES)


def is_same(first, second):
    if first.value is None or second.value is None:
        return first == second
    return (first.value, first.reason) == (pytest.approx(second.value, abs=1e-9), second.reason)


@every
@given(ratings=ratings_)
def test_there_is_a_finite_error_or_a_reason(name, ratings):
    coefficient = only(standard_error_of(name, Votes.of(ratings, CODES), LINEAR))
    if coefficient.value is None:
        assert coefficient.reason
    else:
        assert coefficient.value > 0 or coefficient.reason == Reason.NO_EXAM_DIFFERS
        assert np.isfinite(coefficient.value)


@every
@given(ratings=ratings_, seed=seeds)
def test_the_order_of_readers_and_exams_does_not_matter(name, ratings, seed):
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(rng.permutation(ratings, axis=0), axis=1)
    votes, others = Votes.of(ratings, CODES), Votes.of(shuffled, CODES)
    assert is_same(
        only(standard_error_of(name, others, LINEAR)), only(standard_error_of(name, votes, LINEAR))
    )


@every
@given(ratings=ratings_, seed=seeds)
def test_the_names_of_the_categories_do_not_matter(name, ratings, seed):
    order = np.random.default_rng(seed).permutation(3)
    renamed = Votes.of(ratings, np.array(CODES)[order].tolist())
    result = standard_error_of(name, renamed, LINEAR[np.ix_(order, order)])
    assert is_same(only(result), only(standard_error_of(name, Votes.of(ratings, CODES), LINEAR)))


@pytest.mark.parametrize("name", ["pa", "bp", "fleiss", "gwet", "conger"])
@given(ratings=ratings_)
def test_duplicating_every_exam_reduces_the_error(name, ratings):
    votes = Votes.of(ratings, CODES)
    once = value(standard_error_of(name, votes, LINEAR))
    assume(once is not None)
    n = standard_errors.n_read(votes.cells)
    twice = value(standard_error_of(name, Votes(votes.choices, 2 * votes.n_exams), LINEAR))
    assert twice == pytest.approx(once * np.sqrt((n - 1) / (2 * n - 1)), abs=1e-9)


@given(table=tables_)
def test_duplicating_every_exam_of_two_readers_divides_the_error_by_root_two(table):
    for error in (
        standard_errors.cohen_kappa,
        standard_errors.cohen_kappa_null,
        standard_errors.bangdiwala_b,
        lambda item: standard_errors.specific_agreement(cells_of(item), 0),
    ):
        once, twice = value(error(table)), value(error(2 * table))
        if once is not None:
            assert twice == pytest.approx(once / np.sqrt(2), abs=1e-9)


@every
@given(ratings=ratings_)
def test_an_unread_exam_changes_nothing(name, ratings):
    more = np.concatenate([ratings, np.full((len(ratings), 1), np.nan)], axis=1)
    result = only(standard_error_of(name, Votes.of(more, CODES), LINEAR))
    assert is_same(result, only(standard_error_of(name, Votes.of(ratings, CODES), LINEAR)))


@given(ratings=ratings_)
def test_a_reader_who_read_nothing_changes_nothing(ratings):
    more = np.concatenate([ratings, np.full((1, ratings.shape[1]), np.nan)])
    result = only(standard_error_of("conger", Votes.of(more, CODES), LINEAR))
    assert is_same(result, only(standard_error_of("conger", Votes.of(ratings, CODES), LINEAR)))


@given(seed=seeds)
def test_vectorized_classes_equal_single_classes(seed):
    states = np.random.default_rng(seed).integers(0, 3, (3, 15, 4)).astype(np.int8)
    patterns = PatternCount.of(states)
    votes = Votes.of_patterns(patterns)
    together = {name: standard_error_of(name, votes).coefficients() for name in NAMES}
    ordinal = standard_errors.krippendorff_ordinal_alpha(patterns.cells()).coefficients()
    for number in range(4):
        alone = Votes.of(np.where(states[:, :, number] == 0, np.nan, states[:, :, number]), [1, 2])
        for name in NAMES:
            assert is_same(together[name][number], only(standard_error_of(name, alone))), name
        of_one = standard_errors.krippendorff_ordinal_alpha(alone.cells)
        assert is_same(ordinal[number], only(of_one))


@given(n_exams=arrays.arrays(np.float64, (2, 3, 4), elements=counts))
def test_replicates_may_be_the_leading_axis(n_exams):
    table = np.array([[2.0, 0], [1, 1], [0, 2], [0, 1]])
    errors = [*OF_CELLS.values(), standard_errors.krippendorff_ordinal_alpha]
    errors += [standard_errors.positive_agreement, standard_errors.negative_agreement]
    for error in errors:
        together = error(Cells(table, n_exams))
        assert together.values.shape == (2, 3)
        apart = [only(error(Cells(table, item))) for item in n_exams.reshape(6, 4)]
        assert all(map(is_same, together.coefficients(), apart))


@pytest.mark.parametrize(
    "error",
    [
        standard_errors.cohen_kappa,
        standard_errors.cohen_kappa_null,
        standard_errors.cohen_kappa_z,
        standard_errors.bangdiwala_b,
    ],
)
def test_vectorized_tables_equal_single_tables(error):
    tables = np.random.default_rng(4).integers(1, 30, (2, 3, 4, 4)).astype(float)
    together = error(tables).values
    alone = [[error(table).values.item() for table in row] for row in tables]
    assert together.shape == (2, 3)
    np.testing.assert_allclose(together, alone, rtol=1e-12)
