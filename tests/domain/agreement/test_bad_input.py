"""For any input, every function returns a value or a reason, or raises its own error."""

from __future__ import annotations

import dataclasses
import inspect
import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ecgreview import agreement
from ecgreview.agreement import PatternCount, Resampling, accuracy, coefficients, latent
from ecgreview.agreement.accuracy import arm_times, arms, blocks, performance, reference
from ecgreview.agreement.coefficients import (
    bands,
    measurements,
    multilabel,
    nominal,
    set_alpha,
    standard_errors,
    tables,
    two_readers,
    weighted,
    weights,
)
from ecgreview.agreement.latent import dawid_skene, pooled, triples, two_states
from ecgreview.agreement.latent.report import latent_report
from ecgreview.agreement.values.bounded import BadConfidence, BadReplicates
from ecgreview.agreement.values.coefficient import Estimates

HOW = Resampling(n_replicates=50)


def rng():
    return np.random.default_rng(0)


# Inputs: tables of the expected shape, filled with one number or word.

FILLS: dict[str, Any] = {
    "zeros": 0, "ones": 1, "twos": 2, "a negative": -1, "a fraction": 0.5, "huge": 1e300,
    "infinite": math.inf, "not a number": math.nan, "complex": 1j, "a word": "present",
    "nothing": None, "truths": True,
}  # fmt: skip
SIZES = {
    "as it should be": (3, 4, 2), "one reader": (1, 4, 2), "one exam": (3, 1, 2),
    "no reader": (0, 4, 2), "no exam": (3, 0, 2), "no class": (3, 4, 0), "nobody": (0, 0, 0),
}  # fmt: skip


def filled(fill: Any, shape: tuple[int, ...], dtype: Any = None) -> Any:
    """Return a table filled with one value, as int8 if states are expected and the value fits."""
    is_state = dtype is np.int8 and fill in (0, 1, 2, -1)
    return np.full(shape, fill, dtype=np.int8 if is_state else None)


MakeInput = Callable[[tuple[int, ...], Any], Any]
"""Makes an input from the expected shape and dtype."""


def constant(fill: Any) -> MakeInput:
    def make_input(shape: tuple[int, ...], dtype: Any = None) -> Any:
        return filled(fill, shape, dtype)

    return make_input


def ragged(shape: tuple[int, ...], dtype: Any = None) -> Any:
    return [[1, 2], [1]]


def nested_list(shape: tuple[int, ...], dtype: Any = None) -> Any:
    return np.ones(shape, dtype=int).tolist()


def text_array(shape: tuple[int, ...], dtype: Any = None) -> Any:
    return "present"


def none_value(shape: tuple[int, ...], dtype: Any = None) -> Any:
    return None


def one_dimensional(shape: tuple[int, ...], dtype: Any = None) -> Any:
    return np.array(1, dtype=dtype)


def mixed(shape: tuple[int, ...], dtype: Any = None) -> Any:
    """Return random readings in which the first two readers always agree."""
    result = rng().integers(0, 3, shape)
    if len(shape) and shape[0] > 1:
        result[1] = result[0]
    return result.astype(dtype or np.float64)


INPUTS: dict[str, MakeInput] = {
    **{name: constant(fill) for name, fill in FILLS.items()},
    "ragged": ragged, "a list": nested_list, "one word": text_array, "None": none_value,
    "no axes": one_dimensional, "mixed": mixed,
}  # fmt: skip


# How each function is called with an input.

Call = Callable[[MakeInput, tuple[int, int, int]], Any]


def _ratings(function: Callable[[Any], Any]) -> Call:
    return lambda make_input, size: function(make_input(size[:2], None))


def _states(function: Callable[[Any], Any]) -> Call:
    return lambda make_input, size: function(make_input(size, np.int8))


def _table(function: Callable[[Any], Any]) -> Call:
    return lambda make_input, size: function(make_input((*size[:2], size[2], size[2]), None))


def _counted(function: Callable[[Any], Any]) -> Call:
    return lambda make_input, size: function(weighted.counted(make_input(size[1:], None)))


def _votes(function: Callable[[Any], Any]) -> Call:
    return lambda make_input, size: function(weighted.Votes.of(make_input(size[:2], None)))


def _patterns(function: Callable[[PatternCount], Any]) -> Call:
    def call(make_input: MakeInput, size: tuple[int, int, int]) -> Any:
        n_readers, n_patterns, n_classes = size
        states = rng().integers(0, 3, (n_patterns, n_readers)).astype(np.int8)
        with_counts = function(PatternCount(states, make_input((n_classes, n_patterns), None)))
        counts = np.ones((n_classes, n_patterns))
        function(PatternCount(make_input((n_patterns, n_readers), np.int8), counts))
        return with_counts

    return call


def _square(function: Callable[[Any], Any]) -> Call:
    return lambda make_input, size: function(make_input((size[2], size[2]), None))


def _scores(function: Callable[[Any], Any]) -> Call:
    return lambda make_input, size: function(make_input(size[:1], None))


def _both(function: Callable[[Any, Any], Any], *, dtype: Any = None) -> Call:
    def call(make_input: MakeInput, size: tuple[int, int, int]) -> Any:
        shape = size[1:] if dtype else size[1:2]
        good = np.ones(shape, dtype=dtype)
        return [function(good, make_input(shape, dtype)), function(make_input(shape, dtype), good)]

    return call


def _performance(make_input: MakeInput, size: tuple[int, int, int]) -> Any:
    good = np.ones(size[1:], dtype=np.int8)
    return [
        performance.performance(good, good, rng(), patients=make_input(size[1:2], None)),
        performance.performance(make_input(size[1:], np.int8), good, rng(), n_replicates=50),
    ]


def _by_block(make_input: MakeInput, size: tuple[int, int, int]) -> Any:
    good = np.ones(size[1:], dtype=np.int8)
    return performance.by_block(good, good, make_input(size[1:2], None), rng(), n_replicates=50)


def _effects(make_input: MakeInput, size: tuple[int, int, int]) -> Any:
    n, n_classes = size[1:]
    good = np.ones((n, n_classes), dtype=np.int8)
    is_shown = np.arange(n) % 2 == 0
    identifiers = np.arange(n)
    return [
        arms.effects(
            arms.Readings(
                make_input((n, n_classes), np.int8), good, good, is_shown, identifiers, identifiers
            ),
            rng(),
            n_replicates=50,
        ),
        arms.effects(
            arms.Readings(good, good, good, make_input((n,), None), identifiers, identifiers),
            rng(),
            n_replicates=50,
        ),
    ]


def _times(make_input: MakeInput, size: tuple[int, int, int]) -> Any:
    n = size[1]
    is_shown, identifiers = np.arange(n) % 2 == 0, np.arange(n)
    return [
        arm_times.compare(
            make_input((n,), None), is_shown, identifiers, identifiers, rng(), n_replicates=50
        ),
        arm_times.compare(
            np.ones(n), make_input((n,), None), identifiers, identifiers, rng(), n_replicates=50
        ),
    ]


def _bands(make_input: MakeInput, size: tuple[int, int, int]) -> Any:
    shape = size[:1]
    return [
        [
            scale.probable(make_input(shape, None), np.full(shape, 0.1)),
            scale.cumulative(np.zeros(shape), make_input(shape, None)),
            scale.at(make_input(shape, None)),
        ]
        for scale in bands.SCALES.values()
    ]


def _report(make_input: MakeInput, size: tuple[int, int, int]) -> Any:
    readers = [f"Reader {place}" for place in range(size[0])]
    classes = [f"Class {place}" for place in range(size[2])]
    answers = agreement.Answers.of(make_input(size, np.int8))
    result = agreement.report(answers, readers, classes, how=HOW)
    return [result, agreement.pair_lines(result), agreement.pooled_lines(result),
            agreement.repeat_lines(result)]  # fmt: skip


def _effects_of_patients(make_input: MakeInput, size: tuple[int, int, int]) -> Any:
    patterns = PatternCount.of(rng().integers(0, 3, size).astype(np.int8))
    return latent_report(patterns, how=HOW, effects=make_input(size[2:], None))


def _fitted(patterns: PatternCount) -> Any:
    return triples.compare(patterns, two_states.fit(patterns))


def _specific(function: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda cells: function(cells, 0)


CALLS: dict[Callable[..., Any], Call] = {
    **{value: _ratings(value) for value in (
        nominal.percent_agreement, nominal.fleiss_kappa, nominal.krippendorff_alpha,
        nominal.gwet_ac1, nominal.cohen_kappa, nominal.cells,
    )},
    **{value: _table(value) for value in (
        tables.checked, two_readers.cohen_kappa, two_readers.cohen_kappa_max,
        two_readers.light_kappa, two_readers.percent_agreement, two_readers.prevalence_index,
        two_readers.bias_index, two_readers.scott_pi, two_readers.pabak, two_readers.gwet_ac1,
        two_readers.bangdiwala_b, two_readers.positive_jaccard, two_readers.mcnemar,
        standard_errors.cohen_kappa, standard_errors.cohen_kappa_null,
        standard_errors.cohen_kappa_z, standard_errors.bangdiwala_b,
    )},
    **{value: _counted(value) for value in (
        weighted.percent_agreement, weighted.brennan_prediger, weighted.gwet_ac2,
        weighted.fleiss_kappa, weighted.fleiss_kappa_by_category, weighted.krippendorff_alpha,
        weighted.krippendorff_ordinal_alpha, standard_errors.n_read,
        standard_errors.percent_agreement, standard_errors.brennan_prediger,
        standard_errors.gwet_ac2, standard_errors.fleiss_kappa,
        standard_errors.krippendorff_alpha, standard_errors.krippendorff_ordinal_alpha,
        standard_errors.positive_agreement, standard_errors.negative_agreement,
        standard_errors.fleiss_kappa_null, standard_errors.fleiss_kappa_null_by_category,
    )},
    standard_errors.specific_agreement: _counted(_specific(standard_errors.specific_agreement)),
    weighted.counted: lambda make_input, size: weighted.counted(make_input(size[1:], None)),
    weighted.conger_kappa: _votes(weighted.conger_kappa),
    standard_errors.conger_kappa: _votes(standard_errors.conger_kappa),
    weights.custom: _square(weights.custom),
    weights.of_disagreement: _square(weights.of_disagreement),
    **{item: _scores(item) for item in weights.SCHEMES.values()},
    measurements.intraclass: _ratings(measurements.intraclass),
    measurements.lin_concordance: _both(measurements.lin_concordance),
    measurements.limits_of_agreement: _both(measurements.limits_of_agreement),
    set_alpha.distances: _both(set_alpha.distances, dtype=np.int8),
    set_alpha.set_alpha: _states(set_alpha.set_alpha),
    set_alpha.set_alpha_measure: _states(lambda item: set_alpha.set_alpha_measure(item, rng())),
    multilabel.grouped: lambda make_input, size: multilabel.grouped(
        np.ones(size, dtype=np.int8), [make_input((2,), np.int8)]
    ),
    **{value: _patterns(value) for value in (two_states.fit, pooled.fit)},
    triples.compare: _patterns(_fitted),
    dawid_skene.fit: lambda make_input, size: dawid_skene.fit(make_input(size, None)),
    latent_report: lambda make_input, size: [
        _patterns(lambda item: latent_report(item, how=HOW))(make_input, size),
        _effects_of_patients(make_input, size),
    ],
    performance.performance: _performance,
    performance.by_block: _by_block,
    performance.confusion: _both(performance.confusion, dtype=np.int8),
    arms.effects: _effects,
    arm_times.compare: _times,
    blocks.positions: lambda make_input, size: blocks.positions(make_input(size[1:2], None)),
    blocks.stretches: lambda make_input, size: blocks.stretches(make_input(size[1:2], None)),
    blocks.periods: lambda make_input, size: blocks.periods(make_input(size[1:2], None)),
    PatternCount.of: _states(PatternCount.of),
    agreement.Answers.of: _states(agreement.Answers.of),
    agreement.report: _report,
    agreement.pair_lines: _report,
    agreement.pooled_lines: _report,
    agreement.repeat_lines: _report,
}  # fmt: skip

ELSEWHERE: set[Callable[..., Any]] = {
    *(reference.compare, reference.accuracy),
    standard_errors.t_interval,
}
"""Tested elsewhere, because they take sets of strings or results of other functions."""


def own_functions(module: ModuleType) -> Iterable[Callable[..., Any]]:
    public = getattr(module, "__all__", [name for name in vars(module) if name[0] != "_"])
    result = [getattr(module, name) for name in public]
    return [item for item in result if getattr(item, "__module__", "") == module.__name__]


def check_answer(answer: Any) -> None:
    """Fail if an answer is infinite, or undefined without a reason."""
    if isinstance(answer, Estimates):
        silent = ~answer.is_defined & (answer.reasons == "")
        assert not silent.any(), "undefined without a reason"
        assert not np.isinf(answer.values).any()
    elif isinstance(answer, np.ndarray):
        assert answer.dtype.kind != "f" or not np.isinf(answer).any()
    elif isinstance(answer, float):
        assert math.isfinite(answer)
    else:
        if isinstance(answer, Mapping) and "estimate" in answer:
            assert answer["estimate"] is not None or answer["reason"]
        for part in parts(answer):
            check_answer(part)


def parts(answer: Any) -> Iterable[Any]:
    if isinstance(answer, Mapping):
        return answer.values()
    if dataclasses.is_dataclass(answer):
        return [getattr(answer, field.name) for field in dataclasses.fields(answer)]
    return answer if isinstance(answer, list | tuple) else []


@pytest.mark.parametrize("function", CALLS, ids=lambda item: f"{item.__module__}.{item.__name__}")
def test_every_function_answers_or_raises_its_own_error(function):
    wrong = [
        f"{make_input}, {size}: {complaint}"
        for make_input in INPUTS
        for size, shape in SIZES.items()
        if (complaint := problem_with(CALLS[function], INPUTS[make_input], shape))
    ]
    assert wrong == []


def problem_with(call: Call, make_input: MakeInput, size: tuple[int, int, int]) -> str:
    """Return what is wrong with the answer; "" if it is valid or the input was refused properly."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_answer(call(make_input, size))
    except ValueError as error:
        return "" if _is_own(error) else repr(error)
    except Exception as error:
        return repr(error)
    return ""


def _is_own(refusal: ValueError) -> bool:
    return type(refusal).__module__.startswith("ecgreview.agreement") and bool(str(refusal))


STATES = np.full((4, 2), 2, dtype=np.int8)
SHOWN, WHO = np.ones(4, dtype=np.bool_), np.zeros(4, dtype=np.int64)
READINGS = arms.Readings(STATES, STATES, STATES, SHOWN, WHO, WHO)

WITH_CHANCE: dict[str, Callable[..., Any]] = {
    "performance": lambda **how: performance.performance(STATES, STATES, rng(), **how),
    "by_block": lambda **how: performance.by_block(STATES, STATES, WHO, rng(), **how),
    "effects": lambda **how: arms.effects(READINGS, rng(), **how),
    "times": lambda **how: arm_times.compare(np.ones(4), SHOWN, WHO, WHO, rng(), **how),
    "sets": lambda **how: set_alpha.set_alpha_measure(np.stack([STATES, STATES]), rng(), **how),
}


@pytest.mark.parametrize("function", WITH_CHANCE)
@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, math.nan, "0.95", None, True])
def test_an_invalid_confidence_is_refused(function, confidence):
    with pytest.raises(BadConfidence):
        WITH_CHANCE[function](confidence=confidence)


@pytest.mark.parametrize("function", WITH_CHANCE)
@pytest.mark.parametrize("n_replicates", [-1, 10.5, math.nan, "many", None, True])
def test_an_invalid_number_of_replicates_is_refused(function, n_replicates):
    with pytest.raises(BadReplicates):
        WITH_CHANCE[function](n_replicates=n_replicates)


@pytest.mark.parametrize("function", WITH_CHANCE)
def test_zero_replicates_give_no_interval(function):
    check_answer(WITH_CHANCE[function](n_replicates=0))


@pytest.mark.parametrize("patients", [[1, 2], [[1], [2], [3], [4]], "abcd", [[1, 2], [3]], 7])
def test_patients_of_another_length_are_refused(patients):
    with pytest.raises(agreement.BadRatings, match="patient"):
        agreement.Answers.of(np.ones((2, 4, 1), dtype=np.int8), patients)


def test_patients_may_have_any_identifiers():
    answers = agreement.Answers.of(np.ones((2, 4, 1), dtype=np.int8), ["a", "b", "a", "c"])
    assert answers.times.tolist() == [1, 1, 1]


def test_every_public_function_is_tested():
    modules = [getattr(room, name) for room in (coefficients, latent, accuracy)
               for name in room.__all__]  # fmt: skip
    public = {function for module in modules for function in own_functions(module)}
    public |= {getattr(agreement, name) for name in agreement.__all__}
    functions = {item for item in public if inspect.isfunction(item)}
    assert functions - set(CALLS) - ELSEWHERE == set()
