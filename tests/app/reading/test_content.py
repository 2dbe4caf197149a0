"""What a reading says beside its findings: what cannot be told, what shows it, the work."""

from __future__ import annotations

import uuid

import pytest

from annotations.models import Finding, Reading
from annotations.services.audit import signed_content
from annotations.services.reading import content as reading_content
from annotations.services.reading import signing as reading_signing
from tests.app import signing

AF, NOISE, NORMAL = "atrial_fibrillation", "artifact", "normal_ecg"
PLACE = {"tracing": 1, "leads": ["II", "V1"], "from_s": 0.5, "to_s": 2.25}
PR = {
    "kind": "interval", "tracing": 1, "lead": "II", "from_s": 1.0, "to_s": 1.238, "value": 238.0,
    "n_cycles": 1,
}  # fmt: skip


def untold(reading):
    return sorted(reading.not_assessable.values_list("diagnostic_class__code", flat=True))


@pytest.fixture
def sheet(assign, ana):
    return assign(ana)


@pytest.fixture
def whole(sheet, now):
    """Say all there is to say, under a key of one's own unless another is given."""

    def say(key=None, **changes):
        said = {
            "assignment_id": sheet.pk,
            "reader": sheet.reader,
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
        return signing.submit_reading(**{**said, **changes})

    return say


def test_what_shows_a_finding_is_stored_with_it(whole):
    whole()
    found = Finding.objects.get()
    assert (found.localisations, found.measurements) == ([PLACE], [PR])


def test_a_class_that_cannot_be_told_is_neither_present_nor_absent(whole):
    assert untold(whole().reading) == [NOISE]


def test_why_the_quality_is_not_good_is_stored(whole):
    whole()
    assert Reading.objects.get().problems == [{"kind": "noise", "leads": ["V2"]}]


def test_idle_time_is_stored_apart(whole):
    reading = whole().reading
    assert (reading.active_ms, reading.idle_ms, reading.tools) == (40_000, 9_000, {"calipers": 3})


def test_the_same_sent_again_is_the_same_reading(whole):
    key = uuid.uuid4()
    whole(key)
    assert whole(key).is_repeat


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
def test_a_key_cannot_say_something_else(whole, changes):
    key = uuid.uuid4()
    whole(key)
    with pytest.raises(reading_signing.KeyReused):
        whole(key, **changes)


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
def test_what_cannot_be_is_refused_by_name(whole, changes, refusal, named):
    with pytest.raises(refusal) as refused:
        whole(**changes)
    assert refused.value.details == {"codes": ", ".join(named)}
    assert not Reading.objects.exists()


def test_normal_may_stand_beside_what_cannot_be_told(whole):
    normal = [reading_content.FindingIn(NORMAL, "definite")]
    assert untold(whole(findings=normal).reading) == [NOISE]


def test_who_reads_says_how_well_the_signal_can_be_read(whole):
    with pytest.raises(reading_content.QualityMissing):
        whole(quality="")


NOTHING = {"findings": [], "not_assessable": [], "problems": [], "outcome": "abstained"}


def test_who_abstains_says_nothing(whole):
    reading = whole(**NOTHING, quality="").reading
    assert (reading.is_answered, reading.n_findings, reading.quality) == (False, 0, "")


def test_who_calls_an_exam_unreadable_has_read_it(whole):
    with pytest.raises(reading_content.AbstainedFromUnreadable):
        whole(**NOTHING, quality="unreadable")


def test_the_digest_of_a_plain_reading_is_as_it_always_was(sheet, submit):
    reading = Reading.objects.get(pk=submit(sheet, AF).pk)
    content = signed_content.reading_content(reading)
    assert sorted(content) == [
        "active_ms", "assignment", "comment", "display", "findings", "key", "n_findings",
        "protocol_version", "quality", "reader", "stage", "submitted_at", "taxonomy",
    ]  # fmt: skip
    assert content["findings"] == [[AF, "definite"]]


def test_the_digest_holds_all_that_is_said(whole):
    content = signed_content.reading_content(Reading.objects.get(pk=whole().reading.pk))
    assert content["findings"] == [
        [AF, "probable", {"localisations": [PLACE], "measurements": [PR]}]
    ]
    assert (content["not_assessable"], content["n_not_assessable"]) == ([NOISE], 1)
    assert (content["problems"], content["idle_ms"], content["tools"]) == (
        [{"kind": "noise", "leads": ["V2"]}],
        9_000,
        {"calipers": 3},
    )
