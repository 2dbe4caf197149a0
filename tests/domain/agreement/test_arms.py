"""Suggestions shown or hidden: published trials, formulas, coverage and what must always hold."""

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
def readings_(draw: st.DrawFn) -> Readings:
    n = draw(st.integers(0, 10))
    states = arrays.arrays(np.int8, (n, N_CLASSES), elements=st.integers(0, 2))
    labels = arrays.arrays(np.int64, n, elements=st.integers(5, 8))
    is_shown = draw(arrays.arrays(np.bool_, n))
    return Readings(draw(states), draw(states), draw(states), is_shown, draw(labels), draw(labels))


def of(readings: Readings, **options: object) -> dict[Split, Effect]:
    rng = np.random.default_rng(1)
    return dict(effects(readings, rng, **{"n_replicates": 50, **options}))  # type: ignore[arg-type]


def one_class(
    rows: list[tuple[int, int, int, bool, int, int]],
) -> Readings:
    """Return readings of one class: answer, suggestion, reference, shown, reader, exam."""
    table = np.array(rows)
    answers, suggestions, reference = table[:, :3].T.astype(np.int8)[:, :, None]
    is_shown = table[:, 3].astype(bool)
    return Readings(answers, suggestions, reference, is_shown, table[:, 4], table[:, 5])


def trial(
    rng: np.random.Generator, *, n_readers: int = 12, n_exams: int = 40, spread: float = 0.0
) -> Readings:
    """Return a trial of wrong suggestions, which .35 of the readers follow unseen, .65 if shown.

    Each reader reads all exams, half of them with the suggestion shown. Some exams are easy and
    some readers are easily led: ``spread`` is how much readers differ.
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
    for (shown, hidden), n in zip(
        [(PRESENT, PRESENT), (PRESENT, ABSENT), (ABSENT, PRESENT), (ABSENT, ABSENT)],
        check["n"],
        strict=True,
    ):
        for _ in range(n):
            rows += [
                (shown, PRESENT, ABSENT, True, exam % 7, exam),
                (hidden, PRESENT, ABSENT, False, exam % 7 + 1, exam),
            ]
            exam += 1
    result = of(one_class(rows))[Split.COMMISSION]
    assert result.by_exam.difference.estimate == pytest.approx(check["diff"], rel=0, abs=1e-12)
    assert result.by_exam.standard_error == pytest.approx(check["se"], rel=0, abs=1e-12)
    assert result.by_exam.difference.n == 400
    assert result.difference.estimate == pytest.approx(check["diff"], rel=0, abs=1e-12)


def test_agreement_with_wrong_advice_of_tsai_2003(vectors):
    published = vectors("automation_bias")["tsai2003"]["agreed_with_incorrect"]
    shares = {True: published["with_"][0], False: published["without"][0]}
    rows = [
        (PRESENT if place < 1000 * share else ABSENT, PRESENT, ABSENT, shown, place % 30, place)
        for shown, share in shares.items()
        for place in range(1000)
    ]
    result = of(one_class(rows))[Split.WRONG]
    assert result.shown.estimate == pytest.approx(0.677)
    assert result.hidden.estimate == pytest.approx(0.346)
    assert result.difference.estimate == pytest.approx(published["difference"])


def test_answers_are_split_by_what_the_suggestion_was():
    rows = [
        (PRESENT, PRESENT, PRESENT, True, 1, 1),  # right, suggested
        (ABSENT, ABSENT, ABSENT, True, 1, 2),  # right, not suggested
        (PRESENT, PRESENT, ABSENT, True, 1, 3),  # commission
        (ABSENT, ABSENT, PRESENT, True, 1, 4),  # omission
        (PRESENT, PRESENT, MISSING, True, 1, 5),  # suggested, nobody knows whether rightly
        (PRESENT, MISSING, PRESENT, True, 1, 6),  # the model does not know the class
        (MISSING, PRESENT, PRESENT, True, 1, 7),  # the reader could not assess it
    ]
    n_of = {split: effect.shown.n for split, effect in of(one_class(rows)).items()}
    assert n_of == {
        Split.ALL: 5,
        Split.SUGGESTED: 3,
        Split.RIGHT: 2,
        Split.WRONG: 2,
        Split.COMMISSION: 1,
        Split.OMISSION: 1,
    }


def test_to_miss_what_was_not_suggested_is_an_omission():
    rows = [
        (ABSENT, ABSENT, PRESENT, True, 1, 1),
        (PRESENT, ABSENT, PRESENT, False, 2, 1),
    ]
    result = of(one_class(rows))
    assert result[Split.OMISSION].difference.estimate == 1
    assert result[Split.COMMISSION].difference.reason == Reason.NONE_SHOWN


@cache
@cache
def coverage(spread: float) -> dict[str, float]:
    """Return in which share of simulated trials each interval holds the true difference, .30."""
    held: dict[str, list[bool]] = {"difference": [], "by_reader": [], "by_exam": []}
    for seed in range(150):
        rng = np.random.default_rng(seed)
        result = effects(trial(rng, spread=spread), rng, n_replicates=200)[Split.COMMISSION]
        intervals = (result.difference, result.by_reader, result.by_exam.difference)
        for name, item in zip(held, intervals, strict=True):
            held[name].append((item.low or 0) <= 0.3 <= (item.high or 0))
    return {name: float(np.mean(of_name)) for name, of_name in held.items()}


@pytest.mark.parametrize("spread", [0.0, 0.25])
def test_the_two_way_bootstrap_covers_the_truth(spread):
    assert coverage(spread)["difference"] >= 0.93


@pytest.mark.parametrize("spread", [0.0, 0.25])
def test_the_sandwich_over_readers_covers_the_truth(spread):
    assert 0.9 <= coverage(spread)["by_reader"] <= 0.99


def test_pairs_of_exams_do_not_cover_the_truth_when_readers_differ():
    assert coverage(0.25)["by_exam"] < 0.9


@given(readings=readings_())
def test_there_is_a_value_or_a_known_reason(readings):
    known = {
        Reason.NONE_SHOWN,
        Reason.NONE_HIDDEN,
        Reason.FEW_READERS_ANSWERED,
        Reason.FEW_PAIRED_EXAMS,
        Reason.EQUAL_DIFFERENCES,
        Reason.NO_SPREAD,
    }
    for result in of(readings).values():
        for value in (
            result.shown,
            result.hidden,
            result.difference,
            result.by_reader,
            result.by_exam.difference,
        ):
            assert (value.reason == "") == (value.low is not None)
            assert value.reason in ("", *known)
            numbers = [x for x in (value.estimate, value.low, value.high) if x is not None]
            assert np.isfinite(numbers).all()


@given(readings=readings_(), seed=seeds)
def test_the_order_of_the_readings_does_not_matter(readings, seed):
    order = np.random.default_rng(seed).permutation(len(readings.answers))
    shuffled = Readings(*(getattr(readings, name)[order] for name in Readings.__slots__))
    for here, there in zip(of(readings).values(), of(shuffled).values(), strict=True):
        assert there.difference.estimate == here.difference.estimate
        assert there.difference.low == pytest.approx(here.difference.low)
        assert there.by_reader.low == pytest.approx(here.by_reader.low)


@given(readings=readings_())
def test_the_names_of_readers_and_exams_do_not_matter(readings):
    renamed = Readings(
        readings.answers,
        readings.suggestions,
        readings.reference,
        readings.is_shown,
        readings.readers * 3 - 100,
        readings.exams + 7,
    )
    assert of(renamed) == of(readings)


@given(readings=readings_())
def test_swapping_the_arms_turns_the_difference_round(readings):
    swapped = Readings(
        readings.answers,
        readings.suggestions,
        readings.reference,
        ~readings.is_shown,
        readings.readers,
        readings.exams,
    )
    for here, there in zip(of(readings).values(), of(swapped).values(), strict=True):
        assert (there.shown.estimate, there.shown.n) == (here.hidden.estimate, here.hidden.n)
        if here.difference.estimate is not None:
            assert there.difference.estimate == -here.difference.estimate
            if here.difference.low is not None:
                assert there.difference.high == pytest.approx(-here.difference.low)


@given(readings=readings_())
def test_wrong_suggestions_are_commissions_with_omissions(readings):
    result = of(readings)
    assert result[Split.WRONG].shown.n == (
        result[Split.COMMISSION].shown.n + result[Split.OMISSION].shown.n
    )


def test_an_arm_without_readings_has_a_reason():
    result = of(one_class([(PRESENT, PRESENT, ABSENT, True, reader, 1) for reader in (1, 2)]))
    effect = result[Split.ALL]
    assert effect.hidden == Measure.undefined(0, Reason.NONE_HIDDEN)
    assert effect.difference == effect.by_reader == Measure.undefined(2, Reason.NONE_HIDDEN)
    assert effect.by_exam.difference.reason == Reason.FEW_PAIRED_EXAMS


def test_one_reader_has_no_interval():
    rows = [
        (answer, PRESENT, ABSENT, shown, 1, exam)
        for exam, answer in enumerate([PRESENT, ABSENT, ABSENT])
        for shown in (True, False)
    ]
    effect = of(one_class(rows))[Split.ALL]
    assert (
        effect.difference == effect.by_reader == Measure.alone(0.0, 6, Reason.FEW_READERS_ANSWERED)
    )


def test_readers_without_an_answer_of_the_kind_do_not_count():
    rows = [(PRESENT, PRESENT, ABSENT, shown, 1, 1) for shown in (True, False)]
    rows += [(PRESENT, PRESENT, PRESENT, shown, 2, 2) for shown in (True, False)]
    result = of(one_class(rows))
    assert result[Split.COMMISSION].difference.reason == Reason.FEW_READERS_ANSWERED
    assert result[Split.COMMISSION].shown.reason == Reason.FEW_READERS_ANSWERED


def test_only_exams_of_both_arms_are_paired():
    rows = [
        (answer, PRESENT, ABSENT, shown, 1 + shown, exam)
        for exam, answer in enumerate([PRESENT, ABSENT, ABSENT])
        for shown in (True, False)
    ]
    rows += [(ABSENT, PRESENT, ABSENT, True, 1, 8), (ABSENT, PRESENT, ABSENT, False, 2, 9)]
    assert of(one_class(rows))[Split.WRONG].by_exam.difference.n == 3


def test_the_sandwich_of_two_readers():
    """Linear parts of .125 and -.125: the error is sqrt(2 / 1 * 2 * .125**2) = .25."""
    follows = {(1, True): 3, (1, False): 1, (2, True): 1, (2, False): 1}
    rows = [
        (PRESENT if exam < n else ABSENT, PRESENT, ABSENT, shown, reader, exam)
        for (reader, shown), n in follows.items()
        for exam in range(4)
    ]
    result = of(one_class(rows))[Split.ALL].by_reader
    assert result.estimate == 0.25
    assert (result.high or 0) - 0.25 == pytest.approx(12.7062 * 0.25, rel=1e-5)


def test_readers_who_all_follow_alike_have_no_sandwich():
    rows = [
        (PRESENT if shown else ABSENT, PRESENT, ABSENT, shown, reader, exam)
        for reader in (1, 2)
        for exam in (1, 2)
        for shown in (True, False)
    ]
    effect = of(one_class(rows))[Split.ALL]
    assert effect.by_reader == Measure.alone(1.0, 8, Reason.NO_SPREAD)


def test_the_same_seed_gives_the_same_interval():
    readings = trial(np.random.default_rng(3))
    assert of(readings, n_replicates=130) == of(readings, n_replicates=130)


@pytest.mark.parametrize(
    ("differences", "reason"),
    [
        ([], Reason.FEW_PAIRED_EXAMS),
        ([1.0], Reason.FEW_PAIRED_EXAMS),
        ([0.5, 0.5], Reason.EQUAL_DIFFERENCES),
    ],
)
def test_pairs_that_tell_too_little_have_a_reason(differences, reason):
    result = paired_by_exam(np.array(differences))
    assert (result.difference.low, result.difference.reason) == (None, reason)
    assert (result.difference.estimate is None) == (not differences)


def test_a_difference_that_is_no_number_is_refused():
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
def test_states_of_other_readings_are_refused(name):
    with pytest.raises(BadArms, match="beside answers"):
        Readings(**{**arrays_of(2), name: np.ones((3, 1), dtype=np.int8)})


@pytest.mark.parametrize("name", ["is_shown", "readers", "exams"])
def test_labels_of_other_readings_are_refused(name):
    with pytest.raises(BadArms, match="for 2 readings"):
        Readings(**{**arrays_of(2), name: np.zeros(3, dtype=np.int64)})


def test_an_unknown_state_is_refused():
    with pytest.raises(BadRatings, match="neither 0"):
        Readings(**{**arrays_of(2), "answers": np.full((2, 1), 3, dtype=np.int8)})


def test_an_absurd_confidence_is_refused():
    with pytest.raises(BadConfidence, match="not between 0 and 1"):
        of(Readings(**arrays_of(2)), confidence=1.0)
