"""The API of readings in detail: marks, measurements, abstaining, deferring and undoing."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from rest_framework.test import APIClient

from annotations.models import Draft, Finding, Reading, SuggestionModel, SuggestionRun
from tests.app.kept import kept

AF, FLUTTER, NOISE = "atrial_fibrillation", "atrial_flutter", "artifact"
PLACE = {"tracing": 1, "leads": ["II", "V1"], "from_s": 0.5, "to_s": 2.25}
PR = {
    "kind": "interval", "tracing": 1, "lead": "II", "from_s": 1.0, "to_s": 1.238, "value": 238.0,
    "n_cycles": 1,
}  # fmt: skip
FINDING = {"class": AF, "certainty": "probable", "localisations": [PLACE], "measurements": [PR]}
CONTENT = {
    "findings": [FINDING],
    "not_assessable": [NOISE],
    "quality": "poor",
    "problems": [{"kind": "noise", "leads": ["V2"]}],
    "comment": "",
}
NOTHING = {"findings": [], "not_assessable": [], "problems": [], "comment": ""}


@pytest.fixture
def as_ana(ana):
    client = APIClient()
    client.force_login(ana)
    return client


@kept
def sheet(assign, ana):
    return assign(ana)


def address(assignment, path=""):
    return f"/api/assignments/{assignment.pk}/{path}"


def send(client, assignment, key=None, **changes):
    body = {"based_on": 0, **CONTENT, **changes}
    headers = {"Idempotency-Key": str(key or uuid.uuid4())}
    return client.post(address(assignment, "reading/"), body, headers=headers)


def get_assignment(client, assignment):
    return client.get(address(assignment)).json()


def test_a_reading_is_returned_as_sent(as_ana, sheet):
    assert send(as_ana, sheet).status_code == 201
    reading = get_assignment(as_ana, sheet)["reading"]
    assert {name: reading[name] for name in CONTENT} == CONTENT
    assert reading["outcome"] == "read"


def test_a_draft_is_returned_as_saved(as_ana, sheet):
    saved = as_ana.put(address(sheet, "draft/"), {"based_on": 0, "content": CONTENT})
    assert (saved.status_code, get_assignment(as_ana, sheet)["draft"]["content"]) == (200, CONTENT)


def test_resending_a_draft_keeps_its_version(as_ana, sheet):
    for _ in range(2):
        saved = as_ana.put(address(sheet, "draft/"), {"based_on": 0, "content": CONTENT})
        assert saved.json() == {"version": 1}


def test_an_old_draft_has_empty_defaults_for_later_fields(as_ana, sheet, now):
    finding = {"class": AF, "certainty": "definite"}
    old = {"findings": [finding], "quality": "", "comment": ""}
    Draft.objects.create(assignment=sheet, version=1, content=old, saved_at=now)
    content = get_assignment(as_ana, sheet)["draft"]["content"]
    assert content["findings"] == [{**finding, "localisations": [], "measurements": []}]
    assert (content["not_assessable"], content["problems"]) == ([], [])


def test_reading_times_and_tools_are_stored(as_ana, sheet):
    tools = {"calipers": 3, "filter_40": 1}
    assert send(as_ana, sheet, idle_ms=900, active_ms=100, tools=tools).status_code == 201
    reading = Reading.objects.get()
    assert (reading.idle_ms, reading.active_ms, reading.tools) == (900, 100, tools)


def test_a_mark_drawn_backward_is_normalized(as_ana, sheet):
    drawn = {**PLACE, "from_s": PLACE["to_s"], "to_s": PLACE["from_s"], "leads": ["V1", "II"]}
    send(as_ana, sheet, findings=[{**FINDING, "localisations": [drawn]}])
    assert Finding.objects.get().localisations == [PLACE]


def test_times_are_rounded_to_four_decimals(as_ana, sheet):
    drawn = {**PLACE, "from_s": 0.123456, "to_s": 1}
    send(as_ana, sheet, findings=[{**FINDING, "localisations": [drawn]}])
    assert Finding.objects.get().localisations[0]["from_s"] == 0.1235


def test_a_measurement_without_a_lead_is_stored_without_one(as_ana, sheet):
    free = {name: value for name, value in PR.items() if name not in {"lead", "n_cycles"}}
    send(as_ana, sheet, findings=[{**FINDING, "measurements": [free]}])
    assert Finding.objects.get().measurements == [{**free, "lead": None}]


def marks(**changes):
    """Return a body with a localization that ``changes`` make invalid."""
    return {"findings": [{**FINDING, "localisations": [{**PLACE, **changes}]}]}


def measures(**changes):
    """Return a body with a measurement that ``changes`` make invalid."""
    return {"findings": [{**FINDING, "measurements": [{**PR, **changes}]}]}


OF_PLACE, OF_MEASURE = "findings.0.localisations.0.", "findings.0.measurements.0."


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (marks(tracing=0), OF_PLACE + "tracing"),
        (marks(tracing=2), "findings"),
        (marks(leads=[]), OF_PLACE + "leads"),
        (marks(leads="II"), OF_PLACE + "leads"),
        (marks(leads=["V7"]), OF_PLACE + "leads"),
        (marks(leads=[{}]), OF_PLACE + "leads"),
        (marks(from_s=-0.1), OF_PLACE + "from_s"),
        (marks(to_s=3600.1), OF_PLACE + "to_s"),
        (marks(to_s="1"), OF_PLACE + "to_s"),
        (marks(to_s=True), OF_PLACE + "to_s"),
        (marks(to_s=None), OF_PLACE + "to_s"),
        (marks(to_s=10**400), OF_PLACE + "to_s"),
        (marks(note="here"), OF_PLACE + "note"),
        (measures(kind="angle"), OF_MEASURE + "kind"),
        (measures(lead="V7"), OF_MEASURE + "lead"),
        (measures(value=-1), OF_MEASURE + "value"),
        (measures(kind="amplitude", value=1001), OF_MEASURE + "value"),
        (measures(kind="amplitude", value=0), OF_MEASURE + "value"),
        (measures(kind="amplitude", value=-0.0049), OF_MEASURE + "value"),
        (measures(value=0.4), OF_MEASURE + "value"),
        (measures(value=3_600_001), OF_MEASURE + "value"),
        (measures(n_cycles=0), OF_MEASURE + "n_cycles"),
        ({"findings": [{**FINDING, "localisations": [PLACE] * 21}]}, "findings.0.localisations"),
        ({"findings": [{**FINDING, "measurements": [PR] * 21}]}, "findings.0.measurements"),
        ({"findings": [{**FINDING, "localisations": None}]}, "findings.0.localisations"),
        ({"not_assessable": [AF]}, "not_assessable"),
        ({"not_assessable": ["no_such_class"]}, "findings"),
        ({"not_assessable": [NOISE, NOISE]}, "findings"),
        ({"not_assessable": [""]}, "not_assessable.0"),
        ({"not_assessable": ["a\0"]}, "not_assessable.0"),
        ({"not_assessable": ["x"] * 101}, "not_assessable"),
        ({"problems": [{"kind": "tired", "leads": []}]}, "problems.0.kind"),
        ({"problems": [{"kind": "noise", "leads": []}] * 11}, "problems"),
        ({"quality": ""}, "quality"),
        ({"quality": "unreadable"}, "findings"),
        ({"outcome": "asleep"}, "outcome"),
        ({"outcome": "abstained"}, "outcome"),
        ({**NOTHING, "outcome": "abstained", "quality": "unreadable"}, "outcome"),
        ({"idle_ms": -1}, "idle_ms"),
        ({"tools": {"Calipers": 1}}, "tools"),
        ({"tools": {"": 1}}, "tools"),
        ({"tools": {"a\n": 1}}, "tools"),
        ({"tools": {"x" * 41: 1}}, "tools"),
        ({"tools": {"calipers": -1}}, "tools.calipers"),
        ({"tools": {"calipers": 10_001}}, "tools.calipers"),
        ({"tools": {f"tool_{n}": 1 for n in range(31)}}, "tools"),
        ({"tools": []}, "tools"),
        ({"supersedes": "yesterday"}, "supersedes"),
    ],
)
def test_errors_are_listed_by_field(as_ana, sheet, changes, field):
    refusal = send(as_ana, sheet, **changes)
    assert (refusal.status_code, refusal.json()["status"]) == (400, 400)
    assert field in refusal.json()["errors"]
    assert not Reading.objects.exists()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_not_a_number_and_infinity_are_refused(as_ana, sheet, number):
    body = (
        '{"based_on": 0, "quality": "good", "findings": [{"class": "artifact", "certainty":'
        f' "definite", "localisations": [{{"tracing": 1, "leads": ["II"], "from_s": {number},'
        ' "to_s": 1}]}]}'
    )
    refusal = as_ana.post(
        address(sheet, "reading/"),
        body,
        content_type="application/json",
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    assert refusal.status_code == 400


class TestAbstaining:
    def test_needs_no_other_field(self, as_ana, sheet):
        body = {"based_on": 0, "outcome": "abstained", "findings": []}
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        accepted = as_ana.post(address(sheet, "reading/"), body, headers=headers)
        assert accepted.status_code == 201
        payload = get_assignment(as_ana, sheet)
        assert (payload["state"], payload["reading"]["outcome"]) == ("submitted", "abstained")

    def test_may_state_the_signal_quality(self, as_ana, sheet):
        accepted = send(as_ana, sheet, **NOTHING, outcome="abstained", quality="good")
        assert accepted.status_code == 201


class TestDeferral:
    @pytest.fixture
    def queue(self, make_batch, make_exam, ana):
        batch = make_batch([make_exam() for _ in range(3)], [ana])
        return list(batch.assignments.all().in_reading_order())

    def test_returns_the_next_assignment(self, as_ana, queue):
        first, second, _ = queue
        response = as_ana.post(address(first, "deferral/"), {})
        assert (response.status_code, response.json()) == (200, {"next": second.pk})

    def test_sent_again_returns_the_same(self, as_ana, queue):
        first, second = (as_ana.post(address(queue[0], "deferral/"), {}) for _ in range(2))
        assert first.json() == second.json()

    def test_of_the_only_exam_has_no_next_assignment(self, as_ana, sheet):
        assert as_ana.post(address(sheet, "deferral/"), {}).json() == {"next": None}

    def test_is_shown_with_the_assignment(self, as_ana, queue):
        as_ana.post(address(queue[0], "deferral/"), {})
        assert [get_assignment(as_ana, item)["is_deferred"] for item in queue] == [
            True,
            False,
            False,
        ]
        listed = as_ana.get("/api/assignments/").json()["results"]
        assert [item["is_deferred"] for item in listed] == [True, False, False]

    def test_comes_last_on_the_page_of_the_worklist(self, as_ana, queue):
        as_ana.post(address(queue[0], "deferral/"), {})
        page = as_ana.get("/worklist/").content.decode()
        place = {item.pk: page.index(item.code) for item in queue}
        assert place[queue[1].pk] < place[queue[2].pk] < place[queue[0].pk]
        assert f"/read/{queue[1].pk}/" in page

    def test_accepts_only_an_empty_object(self, as_ana, sheet):
        assert as_ana.post(address(sheet, "deferral/"), {"until": "later"}).status_code == 400

    def test_of_another_readers_exam_is_not_found(self, as_ana, assign, bruno):
        assert as_ana.post(address(assign(bruno), "deferral/"), {}).status_code == 404

    def test_of_a_submitted_exam_is_refused(self, as_ana, sheet, submit):
        submit(sheet)
        refusal = as_ana.post(address(sheet, "deferral/"), {})
        assert (refusal.status_code, refusal.json()["type"][-17:]) == (409, "already-submitted")


class TestUndo:
    def test_is_offered_for_60_seconds(self, as_ana, sheet):
        accepted = send(as_ana, sheet).json()
        ends = datetime.fromisoformat(accepted["undo_until"])
        begins = datetime.fromisoformat(accepted["submitted_at"])
        assert ends - begins == timedelta(seconds=60)
        assert get_assignment(as_ana, sheet)["undo_until"] == accepted["undo_until"]

    def test_is_not_offered_before_a_submission(self, as_ana, sheet):
        assert get_assignment(as_ana, sheet)["undo_until"] is None

    def test_is_not_offered_long_after_a_submission(self, as_ana, sheet, submit):
        submit(sheet)  # ``now`` of the tests is in March, long before the real clock
        assert get_assignment(as_ana, sheet)["undo_until"] is None

    def test_replaces_the_reading(self, as_ana, sheet):
        first = send(as_ana, sheet).json()
        second = send(as_ana, sheet, findings=[], supersedes=first["id"])
        assert second.status_code == 201
        payload = get_assignment(as_ana, sheet)
        assert (payload["reading"]["id"], payload["reading"]["findings"]) == (
            second.json()["id"],
            [],
        )
        listed = as_ana.get("/api/readings/").json()["results"]
        assert [item["id"] for item in listed] == [second.json()["id"]]

    def test_sent_again_gives_the_same_response(self, as_ana, sheet):
        first, key = send(as_ana, sheet).json(), uuid.uuid4()
        responses = [send(as_ana, sheet, key, supersedes=first["id"]) for _ in range(2)]
        assert [item.status_code for item in responses] == [201, 200]
        assert responses[0].json() == responses[1].json()

    def test_is_not_offered_for_a_replaced_reading(self, as_ana, sheet):
        key = uuid.uuid4()
        first = send(as_ana, sheet, key).json()
        send(as_ana, sheet, supersedes=first["id"])
        again = send(as_ana, sheet, key)
        assert (again.status_code, again.json()["undo_until"]) == (200, None)

    def test_twice_is_refused(self, as_ana, sheet):
        first = send(as_ana, sheet).json()
        send(as_ana, sheet, supersedes=first["id"])
        refusal = send(as_ana, sheet, supersedes=first["id"])
        assert (refusal.status_code, refusal.json()["type"][-14:]) == (409, "not-the-latest")

    def test_of_another_exam_is_refused(self, as_ana, sheet, assign, ana):
        first = send(as_ana, assign(ana)).json()
        refusal = send(as_ana, sheet, supersedes=first["id"])
        assert (refusal.status_code, refusal.json()["type"][-14:]) == (409, "not-the-latest")

    def test_too_late_is_refused(self, as_ana, sheet, submit):
        first = submit(sheet)  # ``now`` of the tests is in March, long before the real clock
        refusal = send(as_ana, sheet, supersedes=str(first.idempotency_key))
        assert (refusal.status_code, refusal.json()["type"][-13:]) == (409, "reading-final")

    def test_needs_the_superseded_reading(self, as_ana, sheet):
        send(as_ana, sheet)
        assert send(as_ana, sheet).json()["type"].endswith("already-submitted")

    def test_ends_when_suggestions_are_shown(self, as_ana, sheet):
        first = send(as_ana, sheet).json()
        submitted_at = datetime.fromisoformat(first["submitted_at"])
        model = SuggestionModel.objects.create(
            name="m", version="1", covered_classes=[AF], created_at=submitted_at
        )
        SuggestionRun.objects.create(
            exam=sheet.exam, model=model, requested_at=submitted_at, finished_at=submitted_at
        )
        assert as_ana.get(address(sheet, "suggestions/")).status_code == 200
        assert get_assignment(as_ana, sheet)["undo_until"] is None
        refusal = send(as_ana, sheet, supersedes=first["id"])
        assert refusal.json()["type"].endswith("reading-final")
