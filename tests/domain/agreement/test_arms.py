"""Effect of suggestions: published trials, formulas, coverage, and invariants."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview.agreement import ABSENT, MISSING, PRESENT, BadRatings
from ecgreview.agreement.accuracy.arms import BadArms, Effect, Readings, Split, effects
from ecgreview.agreement.coefficients import two_readers
from ecgreview.agreement.values.bounded import BadConfidence, Measure
from ecgreview.agreement.values.pairing import BadPairs, paired_by_exam
from ecgreview.agreement.values.reasons import Reason

N_CLASSES = 2
seeds = st.integers(0, 2**32 - 1)


@st.composite
def random_readings(draw: st.DrawFn) -> Readings:
    n = draw(st.integers(0, 10))
    states = arrays.arrays(np.int8, (n, N_CLASSES), elements=st.integers(0, 2))
    labels = arrays.arrays(np.int64, n, elements=st.integers(5, 8))
    is_shown = draw(arrays.arrays(np.bool_, n))
    return Readings(draw(states), draw(states), draw(states), is_shown, draw(labels), draw(labels))


def effects_of(readings: Readings, **options: object) -> dict[Split, Effect]:
    rng = np.random.default_rng(1)
    return dict(effects(readings, rng, **{"n_replicates": 50, **options}))  # type: ignore[arg-type]


def one_class(
    rows: list[tuple[int, int, int, bool, int, int]],
) -> Readings:
    """Build readings from rows of (answer, suggestion, reference, is_shown, reader, exam)."""
    table = np.array(rows)
    answers, suggestions, reference = table[:, :3].T.astype(np.int8)[:, :, None]
    is_shown = table[:, 3].astype(bool)
    return Readings(answers, suggestions, reference, is_shown, table[:, 4], table[:, 5])


def trial(
    rng: np.random.Generator, *, n_readers: int = 12, n_exams: int = 40, spread: float = 0.0
) -> Readings:
    """Simulate wrong suggestions. Readers agree with 35% of the hidden and 65% of the shown ones.

    Each reader reads all exams, half of them with the suggestion shown. Exams differ in
    difficulty; ``spread`` is how much readers differ in susceptibility.
    """
    readers, exams = (grid.ravel() for grid in np.indices((n_readers, n_exams)))
    is_shown = rng.random(readers.size) < 0.5
    easy = rng.uniform(-0.1, 0.1, n_exams)[exams]
    led = rng.uniform(-spread, spread, n_readers)[readers]
    follows = rng.random(readers.size) < np.where(is_shown, 0.65 + led, 0.35) + easy
    answers = np.where(follows, PRESENT, ABSENT).astype(np.int8)[:, None]
    suggestions = np.full_like(answers, PRESENT)
    return Readings(answers, suggestions, np.full_like(answers, ABSENT), is_shown, readers, exams)


def test_the_paired_formula(vectors):
    check = vectors("automation_bias")["formula_check"]
    both, first_only, second_only, neither = check["n"]
    paired = paired_by_exam(np.repeat([0.0, 1.0, -1.0, 0.0], check["n"]))
    test = two_readers.mcnemar([[both, first_only], [second_only, neither]])
    assert paired.difference.estimate == pytest.approx(check["diff"], rel=0, abs=1e-12)
    assert paired.standard_error == pytest.approx(check["se"], rel=0, abs=1e-12)
    assert test.chi2.values == pytest.approx(check["mcnemar_chi2"], rel=0, abs=1e-12)
    assert test.p.values == pytest.approx(2.2e-6, rel=0.01)


def test_the_paired_formula_from_readings(vectors):
    check = vectors("automation_bias")["formula_check"]
    rows, exam = [], 0
    for (is_shown, hidden), n in zip(
        [(PRESENT, PRESENT), (PRESENT, ABSENT), (ABSENT, PRESENT), (ABSENT, ABSENT)],
        check["n"],
        strict=True,
    ):
        for _ in range(n):
            rows += [
                (is_shown, PRESENT, ABSENT, True, exam % 7, exam),
                (hidden, PRESENT, ABSENT, False, exam % 7 + 1, exam),
            ]
            exam += 1
    result = effects_of(one_class(rows))[Split.COMMISSION]
    assert result.by_exam.difference.estimate == pytest.approx(check["diff"], rel=0, abs=1e-12)
    assert result.by_exam.standard_error == pytest.approx(check["se"], rel=0, abs=1e-12)
    assert result.by_exam.difference.n == 400
    assert result.difference.estimate == pytest.approx(check["diff"], rel=0, abs=1e-12)


def test_agreement_with_wrong_advice_of_tsai_2003(vectors):
    published = vectors("automation_bias")["tsai2003"]["agreed_with_incorrect"]
    shares = {True: published["with_"][0], False: published["without"][0]}
    rows = [
        (PRESENT if place < 1000 * share else ABSENT, PRESENT, ABSENT, is_shown, place % 30, place)
        for is_shown, share in shares.items()
        for place in range(1000)
    ]
    result = effects_of(one_class(rows))[Split.WRONG]
    assert result.shown.estimate == pytest.approx(0.677)
    assert result.hidden.estimate == pytest.approx(0.346)
    assert result.difference.estimate == pytest.approx(published["difference"])


def test_answers_are_split_by_the_suggestion():
    rows = [
        (PRESENT, PRESENT, PRESENT, True, 1, 1),  # correct, suggested
        (ABSENT, ABSENT, ABSENT, True, 1, 2),  # correct, not suggested
        (PRESENT, PRESENT, ABSENT, True, 1, 3),  # commission
        (ABSENT, ABSENT, PRESENT, True, 1, 4),  # omission
        (PRESENT, PRESENT, MISSING, True, 1, 5),  # suggested, correctness unknown
        (PRESENT, MISSING, PRESENT, True, 1, 6),  # the model does not cover the class
        (MISSING, PRESENT, PRESENT, True, 1, 7),  # the reader could not assess the class
    ]
    n_of = {split: effect.shown.n for split, effect in effects_of(one_class(rows)).items()}
    assert n_of == {
        Split.ALL: 5,
        Split.SUGGESTED: 3,
        Split.RIGHT: 2,
        Split.WRONG: 2,
        Split.COMMISSION: 1,
        Split.OMISSION: 1,
    }


def test_missing_an_unsuggested_class_is_an_omission():
    rows = [
        (ABSENT, ABSENT, PRESENT, True, 1, 1),
        (PRESENT, ABSENT, PRESENT, False, 2, 1),
    ]
    result = effects_of(one_class(rows))
    assert result[Split.OMISSION].difference.estimate == 1
    assert result[Split.COMMISSION].difference.reason == Reason.NONE_SHOWN


@cache
@cache
def coverage(spread: float) -> dict[str, float]:
    """Return the coverage of each interval in simulated trials. The true difference is .30."""
    coverages: dict[str, list[bool]] = {"difference": [], "by_reader": [], "by_exam": []}
    for seed in range(150):
        rng = np.random.default_rng(seed)
        result = effects(trial(rng, spread=spread), rng, n_replicates=200)[Split.COMMISSION]
        intervals = (result.difference, result.by_reader, result.by_exam.difference)
        for name, item in zip(coverages, intervals, strict=True):
            coverages[name].append((item.low or 0) <= 0.3 <= (item.high or 0))
    return {name: float(np.mean(of_name)) for name, of_name in coverages.items()}


@pytest.mark.parametrize("spread", [0.0, 0.25])
def test_the_two_way_bootstrap_covers_the_truth(spread):
    assert coverage(spread)["difference"] >= 0.93


@pytest.mark.parametrize("spread", [0.0, 0.25])
def test_the_sandwich_over_readers_covers_the_truth(spread):
    assert 0.9 <= coverage(spread)["by_reader"] <= 0.99


def test_pairs_of_exams_undercover_when_readers_differ():
    assert coverage(0.25)["by_exam"] < 0.9


@given(readings=random_readings())
def test_there_is_a_value_or_a_known_reason(readings):
    allowed = {
        Reason.NONE_SHOWN,
        Reason.NONE_HIDDEN,
        Reason.FEW_READERS_ANSWERED,
        Reason.FEW_PAIRED_EXAMS,
        Reason.EQUAL_DIFFERENCES,
        Reason.NO_SPREAD,
    }
    for result in effects_of(readings).values():
        for value in (
            result.shown,
            result.hidden,
            result.difference,
            result.by_reader,
            result.by_exam.difference,
        ):
            assert (value.reason == "") == (value.low is not None)
            assert value.reason in ("", *allowed)
            numbers = [x for x in (value.estimate, value.low, value.high) if x is not None]
            assert np.isfinite(numbers).all()


@given(readings=random_readings(), seed=seeds)
def test_the_order_of_the_readings_does_not_matter(readings, seed):
    order = np.random.default_rng(seed).permutation(len(readings.answers))
    shuffled = Readings(*(getattr(readings, name)[order] for name in Readings.__slots__))
    for original, changed in zip(
        effects_of(readings).values(), effects_of(shuffled).values(), strict=True
    ):
        assert changed.difference.estimate == original.difference.estimate
        assert changed.difference.low == pytest.approx(original.difference.low)
        assert changed.by_reader.low == pytest.approx(original.by_reader.low)


@given(readings=random_readings())
def test_the_names_of_readers_and_exams_do_not_matter(readings):
    renamed = Readings(
        readings.answers,
        readings.suggestions,
        readings.reference,
        readings.is_shown,
        readings.readers * 3 - 100,
        readings.exams + 7,
    )
    assert effects_of(renamed) == effects_of(readings)


@given(readings=random_readings())
def test_swapping_the_arms_negates_the_difference(readings):
    swapped = Readings(
        readings.answers,
        readings.suggestions,
        readings.reference,
        ~readings.is_shown,
        readings.readers,
        readings.exams,
    )
    for original, changed in zip(
        effects_of(readings).values(), effects_of(swapped).values(), strict=True
    ):
        assert (changed.shown.estimate, changed.shown.n) == (
            original.hidden.estimate,
            original.hidden.n,
        )
        if original.difference.estimate is not None:
            assert changed.difference.estimate == -original.difference.estimate
            if original.difference.low is not None:
                assert changed.difference.high == pytest.approx(-original.difference.low)


@given(readings=random_readings())
def test_wrong_suggestions_are_commissions_and_omissions(readings):
    result = effects_of(readings)
    assert result[Split.WRONG].shown.n == (
        result[Split.COMMISSION].shown.n + result[Split.OMISSION].shown.n
    )


def test_an_arm_without_readings_has_a_reason():
    result = effects_of(
        one_class([(PRESENT, PRESENT, ABSENT, True, reader, 1) for reader in (1, 2)])
    )
    effect = result[Split.ALL]
    assert effect.hidden == Measure.undefined(0, Reason.NONE_HIDDEN)
    assert effect.difference == effect.by_reader == Measure.undefined(2, Reason.NONE_HIDDEN)
    assert effect.by_exam.difference.reason == Reason.FEW_PAIRED_EXAMS


def test_one_reader_has_no_interval():
    rows = [
        (answer, PRESENT, ABSENT, is_shown, 1, exam)
        for exam, answer in enumerate([PRESENT, ABSENT, ABSENT])
        for is_shown in (True, False)
    ]
    effect = effects_of(one_class(rows))[Split.ALL]
    assert (
        effect.difference == effect.by_reader == Measure.alone(0.0, 6, Reason.FEW_READERS_ANSWERED)
    )


def test_readers_without_such_an_answer_do_not_count():
    rows = [(PRESENT, PRESENT, ABSENT, is_shown, 1, 1) for is_shown in (True, False)]
    rows += [(PRESENT, PRESENT, PRESENT, is_shown, 2, 2) for is_shown in (True, False)]
    result = effects_of(one_class(rows))
    assert result[Split.COMMISSION].difference.reason == Reason.FEW_READERS_ANSWERED
    assert result[Split.COMMISSION].shown.reason == Reason.FEW_READERS_ANSWERED


def test_only_exams_read_in_both_arms_are_paired():
    rows = [
        (answer, PRESENT, ABSENT, is_shown, 1 + is_shown, exam)
        for exam, answer in enumerate([PRESENT, ABSENT, ABSENT])
        for is_shown in (True, False)
    ]
    rows += [(ABSENT, PRESENT, ABSENT, True, 1, 8), (ABSENT, PRESENT, ABSENT, False, 2, 9)]
    assert effects_of(one_class(rows))[Split.WRONG].by_exam.difference.n == 3


def test_the_sandwich_of_two_readers():
    """The readers contribute .125 and -.125; the standard error is sqrt(2 / 1 * 2 * .125**2)."""
    follows = {(1, True): 3, (1, False): 1, (2, True): 1, (2, False): 1}
    rows = [
        (PRESENT if exam < n else ABSENT, PRESENT, ABSENT, is_shown, reader, exam)
        for (reader, is_shown), n in follows.items()
        for exam in range(4)
    ]
    result = effects_of(one_class(rows))[Split.ALL].by_reader
    assert result.estimate == 0.25
    assert (result.high or 0) - 0.25 == pytest.approx(12.7062 * 0.25, rel=1e-5)


def test_readers_without_variation_have_no_sandwich_interval():
    rows = [
        (PRESENT if is_shown else ABSENT, PRESENT, ABSENT, is_shown, reader, exam)
        for reader in (1, 2)
        for exam in (1, 2)
        for is_shown in (True, False)
    ]
    effect = effects_of(one_class(rows))[Split.ALL]
    assert effect.by_reader == Measure.alone(1.0, 8, Reason.NO_SPREAD)


def test_the_same_seed_gives_the_same_interval():
    readings = trial(np.random.default_rng(3))
    assert effects_of(readings, n_replicates=130) == effects_of(readings, n_replicates=130)


@pytest.mark.parametrize(
    ("differences", "reason"),
    [
        ([], Reason.FEW_PAIRED_EXAMS),
        ([1.0], Reason.FEW_PAIRED_EXAMS),
        ([0.5, 0.5], Reason.EQUAL_DIFFERENCES),
    ],
)
def test_uninformative_pairs_have_a_reason(differences, reason):
    result = paired_by_exam(np.array(differences))
    assert (result.difference.low, result.difference.reason) == (None, reason)
    assert (result.difference.estimate is None) == (not differences)


def test_a_non_finite_difference_is_refused():
    with pytest.raises(BadPairs, match="finite"):
        paired_by_exam(np.array([0.0, np.nan]))


def arrays_of(n: int) -> dict[str, np.ndarray]:
    states = np.ones((n, 1), dtype=np.int8)
    labels = np.zeros(n, dtype=np.int64)
    return {
        "answers": states,
        "suggestions": states,
        "reference": states,
        "is_shown": labels > 0,
        "readers": labels,
        "exams": labels,
    }


@pytest.mark.parametrize("name", ["suggestions", "reference"])
def test_states_of_different_length_are_refused(name):
    with pytest.raises(BadArms, match="states have shape"):
        Readings(**{**arrays_of(2), name: np.ones((3, 1), dtype=np.int8)})


@pytest.mark.parametrize("name", ["is_shown", "readers", "exams"])
def test_labels_of_different_length_are_refused(name):
    with pytest.raises(BadArms, match="for 2 readings"):
        Readings(**{**arrays_of(2), name: np.zeros(3, dtype=np.int64)})


def test_an_unknown_state_is_refused():
    with pytest.raises(BadRatings, match="neither 0"):
        Readings(**{**arrays_of(2), "answers": np.full((2, 1), 3, dtype=np.int8)})


def test_an_invalid_confidence_is_refused():
    with pytest.raises(BadConfidence, match="not between 0 and 1"):
        effects_of(Readings(**arrays_of(2)), confidence=1.0)
