"""The content of a reading besides findings: not assessable classes, evidence, effort."""

from __future__ import annotations

import uuid

import pytest

from annotations.models import Finding, Reading
from annotations.services.audit import signed_content
from annotations.services.reading import content as reading_content
from annotations.services.reading import signing as reading_signing
from tests.app import signing
from tests.app.kept import kept

AF, NOISE, NORMAL = "atrial_fibrillation", "artifact", "normal_ecg"
PLACE = {"tracing": 1, "leads": ["II", "V1"], "from_s": 0.5, "to_s": 2.25}
PR = {
    "kind": "interval", "tracing": 1, "lead": "II", "from_s": 1.0, "to_s": 1.238, "value": 238.0,
    "n_cycles": 1,
}  # fmt: skip


def not_assessable_codes(reading):
    return sorted(reading.not_assessable.values_list("diagnostic_class__code", flat=True))


@kept
def assignment(assign, ana):
    return assign(ana)


@pytest.fixture
def submit_full(assignment, now):
    """Submit a reading with every kind of content, under a new key unless one is given."""

    def submit_reading(key=None, **changes):
        values = {
            "assignment_id": assignment.pk,
            "reader": assignment.reader,
            "based_on": 0,
            "findings": [reading_content.FindingIn(AF, "probable", [PLACE], [PR])],
            "quality": "poor",
            "comment": "",
            "idempotency_key": key or uuid.uuid4(),
            "active_ms": 40_000,
            "display": {},
            "now": now,
            "not_assessable": [NOISE],
            "problems": [{"kind": "noise", "leads": ["V2"]}],
            "idle_ms": 9_000,
            "tools": {"calipers": 3},
        }
        return signing.submit_reading(**{**values, **changes})

    return submit_reading


def test_evidence_is_stored_with_the_finding(submit_full):
    submit_full()
    finding = Finding.objects.get()
    assert (finding.localisations, finding.measurements) == ([PLACE], [PR])


def test_not_assessable_classes_are_stored(submit_full):
    assert not_assessable_codes(submit_full().reading) == [NOISE]


def test_signal_problems_are_stored(submit_full):
    submit_full()
    assert Reading.objects.get().problems == [{"kind": "noise", "leads": ["V2"]}]


def test_active_and_idle_time_and_tools_are_stored(submit_full):
    reading = submit_full().reading
    assert (reading.active_ms, reading.idle_ms, reading.tools) == (40_000, 9_000, {"calipers": 3})


def test_the_same_submission_sent_again_is_a_repeat(submit_full):
    key = uuid.uuid4()
    submit_full(key)
    assert submit_full(key).is_repeat


@pytest.mark.parametrize(
    "changes",
    [
        {"not_assessable": []},
        {"problems": []},
        {"outcome": "abstained"},
        {"findings": [reading_content.FindingIn(AF, "probable", [], [PR])]},
        {"findings": [reading_content.FindingIn(AF, "probable", [PLACE], [])]},
        {"findings": [reading_content.FindingIn(AF, "probable", [PLACE], [PR])] * 2},
        {"supersedes": uuid.uuid4()},
    ],
)
def test_a_key_with_different_content_is_refused(submit_full, changes):
    key = uuid.uuid4()
    submit_full(key)
    with pytest.raises(reading_signing.KeyReused):
        submit_full(key, **changes)


@pytest.mark.parametrize(
    ("changes", "refusal", "named"),
    [
        ({"not_assessable": [AF]}, reading_content.TwoStates, (AF,)),
        ({"not_assessable": [NOISE, NOISE]}, reading_content.RepeatedClass, (NOISE,)),
        ({"not_assessable": ["no_such_class"]}, reading_content.UnknownClass, ("no_such_class",)),
        (
            {"findings": [], "quality": "unreadable"},
            reading_content.UnreadableWithFindings,
            (NOISE,),
        ),
        (
            {"findings": [reading_content.FindingIn(AF, "definite", [{**PLACE, "tracing": 2}])]},
            reading_content.UnknownTracing,
            (AF,),
        ),
        (
            {"findings": [reading_content.FindingIn(AF, "definite", [], [{**PR, "tracing": 9}])]},
            reading_content.UnknownTracing,
            (AF,),
        ),
        ({"outcome": "abstained"}, reading_content.AbstainedWithFindings, (AF, NOISE)),
        ({"outcome": "abstained", "findings": []}, reading_content.AbstainedWithFindings, (NOISE,)),
    ],
)
def test_invalid_content_is_refused_with_its_codes(submit_full, changes, refusal, named):
    with pytest.raises(refusal) as refused:
        submit_full(**changes)
    assert refused.value.details == {"codes": ", ".join(named)}
    assert not Reading.objects.exists()


def test_normal_can_be_combined_with_not_assessable_classes(submit_full):
    normal = [reading_content.FindingIn(NORMAL, "definite")]
    assert not_assessable_codes(submit_full(findings=normal).reading) == [NOISE]


def test_a_reading_needs_a_quality(submit_full):
    with pytest.raises(reading_content.QualityMissing):
        submit_full(quality="")


NO_CONTENT = {"findings": [], "not_assessable": [], "problems": [], "outcome": "abstained"}


def test_an_abstention_has_no_content(submit_full):
    reading = submit_full(**NO_CONTENT, quality="").reading
    assert (reading.is_answered, reading.n_findings, reading.quality) == (False, 0, "")


def test_an_abstention_cannot_be_unreadable(submit_full):
    with pytest.raises(reading_content.AbstainedFromUnreadable):
        submit_full(**NO_CONTENT, quality="unreadable")


def test_the_signed_content_of_a_simple_reading_is_unchanged(assignment, submit):
    reading = Reading.objects.get(pk=submit(assignment, AF).pk)
    content = signed_content.reading_content(reading)
    assert sorted(content) == [
        "active_ms", "assignment", "comment", "display", "findings", "key", "n_findings",
        "protocol_version", "quality", "reader", "stage", "submitted_at", "taxonomy",
    ]  # fmt: skip
    assert content["findings"] == [[AF, "definite"]]


def test_the_signed_content_holds_all_parts(submit_full):
    content = signed_content.reading_content(Reading.objects.get(pk=submit_full().reading.pk))
    assert content["findings"] == [
        [AF, "probable", {"localisations": [PLACE], "measurements": [PR]}]
    ]
    assert (content["not_assessable"], content["n_not_assessable"]) == ([NOISE], 1)
    assert (content["problems"], content["idle_ms"], content["tools"]) == (
        [{"kind": "noise", "leads": ["V2"]}],
        9_000,
        {"calipers": 3},
    )
