"""The consensus on signal quality is the median; on a problem, the majority."""

from __future__ import annotations

import itertools

import pytest

from ecgreview.consensus import (
    LEVELS,
    SignalBallot,
    SignalVotes,
    State,
    decide_signal,
    problem_codes,
    signal_agreement,
)

NOISE = frozenset({"noise", "noise:V1"})


def ballots(*qualities, **more):
    return [SignalBallot(quality, **more) for quality in qualities]


def quality(*qualities, n_wanted=2):
    return decide_signal(ballots(*qualities), n_wanted).quality


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        (["good", "good"], "good"),
        (["good", "acceptable"], "disputed"),
        (["good", "acceptable", "unreadable"], "acceptable"),
        (["good", "poor", "poor", "unreadable"], "poor"),
        (["good", "good", "poor", "poor"], "disputed"),
        (["unreadable", "unreadable", "good"], "unreadable"),
        (["good"], "incomplete"),
        ([], "incomplete"),
    ],
)
def test_the_quality_is_the_level_in_the_middle(readings, expected):
    assert quality(*readings) == expected


def test_missing_readings_leave_a_quality_that_they_cannot_change():
    assert quality("good", "good", n_wanted=3) == "good"
    assert quality("good", "acceptable", n_wanted=3) == "incomplete"


@pytest.mark.parametrize("n_missing", [1, 2])
def test_no_further_reading_changes_a_quality_decided_before_it(n_missing):
    for n in (2, 3):
        for readings in itertools.combinations_with_replacement(LEVELS, n):
            early = quality(*readings, n_wanted=n + n_missing)
            for further in itertools.combinations_with_replacement(LEVELS, n_missing):
                late = quality(*readings, *further)
                assert early in {late, "incomplete"}


def test_an_adjudicator_settles_a_quality_in_dispute():
    adjudication = ballots("acceptable", is_adjudication=True)
    decided = decide_signal([*ballots("good", "poor"), *adjudication], 2)
    assert (decided.quality, decided.votes) == ("acceptable", {"good": 1, "poor": 1})


def test_an_adjudicator_does_not_overrule_readers():
    adjudication = ballots("poor", is_adjudication=True, problems=NOISE)
    decided = decide_signal([*ballots("good", "good"), *adjudication], 2)
    assert (decided.quality, decided.problems) == ("good", {})


def test_a_problem_needs_more_than_half_of_the_readings():
    named, not_named = SignalBallot("poor", NOISE), SignalBallot("good")
    states = [
        decide_signal([*[named] * n, *[not_named] * (4 - n)], 2).problems["noise:V1"]
        for n in (1, 2, 3)
    ]
    assert states == [State.ABSENT, State.UNDECIDED, State.PRESENT]


def test_a_problem_is_counted_once_and_in_each_of_its_leads():
    assert problem_codes([("noise", ["V1", "V2"]), ("other", [])]) == {
        "noise", "noise:V1", "noise:V2", "other",
    }  # fmt: skip


def test_an_agreement_has_an_interval_and_its_exams():
    votes = [
        SignalVotes({"good": 2}, {}, 60),
        SignalVotes({"poor": 2}, {"noise": 2}, 30),
        SignalVotes({"good": 1, "poor": 1}, {"noise": 1}, 10),
        SignalVotes({"good": 1}, {"reversal": 1}, 500),
    ]
    of_quality, noise = signal_agreement(votes)
    assert (of_quality.item, of_quality.n_exams, of_quality.n_any) == ("quality", 100, 40)
    assert (noise.item, noise.n_exams, noise.n_any) == ("noise", 100, 40)
    percent, kappa, pabak = noise.statistics.values()
    # 65% of 200 readings do not name it, so chance agreement is 0.65^2 + 0.35^2 = 0.545.
    assert percent.estimate == pytest.approx(0.9)
    assert kappa.estimate == pytest.approx((0.9 - 0.545) / (1 - 0.545))
    assert pabak.estimate == pytest.approx(0.8)
    assert pabak.low == pytest.approx(0.8 - 2 * 0.0301512 * 1.984217, abs=1e-5)


def test_grouped_exams_give_the_same_agreement_as_single_ones():
    grouped = [SignalVotes({"good": 2}, {}, 5), SignalVotes({"good": 1, "poor": 1}, {"noise": 1}, 3)]
    single = [SignalVotes(row.quality, row.problems) for row in grouped for _ in range(row.n_exams)]
    assert [
        [measure.estimate for measure in item.statistics.values()]
        for item in signal_agreement(grouped)
    ] == [
        [pytest.approx(measure.estimate) for measure in item.statistics.values()]
        for item in signal_agreement(single)
    ]


def test_without_an_exam_read_twice_there_is_no_agreement():
    assert signal_agreement([SignalVotes({"good": 1}, {}, 9)]) == []
