"""Each stratum gets its quota, or the error names the stratum that is too small."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview import design

LABELS = [["normal"]] * 60 + [["af"]] * 25 + [["lbbb"]] * 10 + [[]] * 5
EXAMS = np.arange(100)


def chosen_by_stratum(sample: design.Sample, labels=LABELS) -> Counter[str]:
    return Counter(next(iter(labels[exam]), "") for exam in sample.exams.tolist())


def draw(**more) -> design.Sample:
    settings = {"seed": "s", "exams": EXAMS, "labels": LABELS, **more}
    return design.sample(**settings)


def test_a_proportional_sample_has_each_stratum_by_its_share():
    result = draw(n_exams=20)
    assert chosen_by_stratum(result) == {"normal": 12, "af": 5, "lbbb": 2, "": 1}
    assert result.quotas == chosen_by_stratum(result)
    assert result.available == {"": 5, "af": 25, "lbbb": 10, "normal": 60}


def test_remaining_places_go_by_largest_remainder():
    # Exact shares of 10: 6, 2.5, 1, 0.5. The remainders tie, so the larger stratum gets the place.
    assert draw(n_exams=10).quotas == {"normal": 6, "af": 3, "lbbb": 1, "": 0}


def test_an_equal_sample_has_equally_many_of_each_stratum():
    result = draw(n_exams=18, quota="equal")
    assert result.quotas == {"": 4, "af": 5, "lbbb": 4, "normal": 5}


def test_a_listed_quota_leaves_the_other_strata_out():
    result = draw(quota={"af": 3, "lbbb": 2})
    assert chosen_by_stratum(result) == {"af": 3, "lbbb": 2}


def test_an_exam_of_several_labels_counts_for_its_rarest():
    labels = [["normal", "rbbb"], ["normal"], ["normal", "af"], ["af", "normal"]]
    result = design.sample(seed="s", exams=range(4), labels=labels, n_exams=0)
    assert result.available == {"af": 2, "normal": 1, "rbbb": 1}


def test_a_duplicate_label_counts_once():
    labels = [["a", "a", "b"], ["b"], ["a", "a"], ["b"]]
    result = design.sample(seed="s", exams=range(4), labels=labels, n_exams=0)
    assert result.available == {"a": 2, "b": 2}


def test_of_equally_rare_labels_the_first_by_name_counts():
    result = design.sample(seed="s", exams=[1], labels=[["b", "a"]], n_exams=1)
    assert result.available == {"a": 1}


@given(st.integers(0, 100))
def test_a_sample_has_the_requested_number_of_exams(n_exams):
    exams = draw(n_exams=n_exams).exams
    assert len(exams) == len(set(exams.tolist())) == n_exams


def test_the_import_order_does_not_change_the_sample():
    back = draw(exams=EXAMS[::-1], labels=LABELS[::-1], n_exams=30)
    assert back.exams.tolist() == draw(n_exams=30).exams.tolist()


def test_another_seed_gives_another_sample():
    assert draw(n_exams=20).exams.tolist() != draw(n_exams=20, seed="t").exams.tolist()


def test_every_exam_of_a_stratum_is_equally_likely():
    counts = np.zeros(10)
    for number in range(500):
        result = design.sample(seed=f"s{number}", exams=range(10), labels=[["x"]] * 10, n_exams=3)
        counts[result.exams] += 1
    assert ((counts - 150) ** 2 / 150).sum() < 33.7  # 99.99th percentile, 9 degrees of freedom


def test_no_patient_comes_more_often_than_allowed():
    patients = EXAMS // 2
    result = draw(n_exams=30, patients=patients, per_patient=1)
    assert len(set(patients[result.exams].tolist())) == 30


def test_unknown_patients_count_as_different_patients():
    assert len(draw(n_exams=50, patients=np.full(100, -1), per_patient=1).exams) == 50


@given(st.data())
def test_a_sample_is_refused_only_when_none_exists(data):
    n = data.draw(st.integers(1, 9))
    strata = data.draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n))
    patients = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    quota = {name: data.draw(st.integers(0, strata.count(name)), name) for name in "abc"}
    limit = data.draw(st.integers(1, 2))
    is_possible = any(
        Counter(strata[at] for at in own) == Counter(quota)
        and all(count <= limit for count in Counter(patients[at] for at in own).values())
        for own in subsets(n)
    )
    try:
        result = design.sample(
            seed="s",
            exams=range(n),
            labels=[[name] for name in strata],
            quota=quota,
            patients=patients,
            per_patient=limit,
        )
    except design.QuotaUnmet:
        assert not is_possible
    else:
        assert Counter(strata[at] for at in result.exams) == Counter(quota)
        assert max(Counter(patients[at] for at in result.exams).values(), default=0) <= limit


def subsets(n: int) -> list[list[int]]:
    return [[at for at in range(n) if bits >> at & 1] for bits in range(2**n)]


def test_a_stratum_with_too_few_exams_is_refused_by_name():
    with pytest.raises(
        design.QuotaUnmet, match="lbbb: 11 exams requested, 10 available"
    ) as refusal:
        draw(quota={"lbbb": 11, "af": 1})
    result = refusal.value
    assert (result.stratum, result.requested, result.available) == ("lbbb", 11, 10)


def test_an_unknown_stratum_is_refused():
    with pytest.raises(design.QuotaUnmet, match="wpw: 1 exams requested, 0 available"):
        draw(quota={"wpw": 1})


def test_too_few_patients_are_refused():
    with pytest.raises(design.QuotaUnmet, match="af: 2 exams requested, 1 available") as refusal:
        draw(quota={"af": 2}, patients=np.zeros(100), per_patient=1)
    assert refusal.value.available == 1


def test_an_empty_pool_is_refused():
    with pytest.raises(design.QuotaUnmet, match=r"\(no label\): 3 exams requested, 0 available"):
        design.sample(seed="s", exams=[], labels=[], n_exams=3)
    assert len(design.sample(seed="s", exams=[], labels=[], n_exams=0).exams) == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"n_exams": None}, "n_exams"),
        ({"n_exams": -1}, "n_exams"),
        ({"n_exams": 3, "quota": {"af": 2}}, "n_exams"),
        ({"quota": {"af": -1}}, "quota"),
        ({"n_exams": 1, "per_patient": 0}, "per_patient"),
        ({"n_exams": 1, "patients": [1]}, "exams"),
        ({"n_exams": 1, "exams": [3] * 100}, "exams"),
    ],
)
def test_an_invalid_sample_is_refused_by_field_name(change, field):
    with pytest.raises(design.BadDesign, match=field):
        draw(**change)


def test_a_sample_is_serializable():
    assert json.loads(json.dumps(draw(n_exams=2).as_dict()))["quotas"]
