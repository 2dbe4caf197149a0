"""The adjudicator sees what the mode allows, and never who read the exam."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from rest_framework.test import APIClient

from annotations.models import Purpose, Reading
from annotations.services.assignment import batches
from annotations.services.blinding import reader_names
from annotations.services.consensus import adjudications
from annotations.services.studies import roster
from tests.app.adjudicating import decide
from tests.app.adjudication.conftest import AVB, LVH

pytestmark = pytest.mark.django_db

MODES = ["masked", "open", "masked_then_open"]


@pytest.fixture
def api(clara):
    client = APIClient()
    client.force_login(clara, backend="django.contrib.auth.backends.ModelBackend")
    return client


def address(assignment):
    return f"/api/assignments/{assignment.pk}/adjudication/"


def answer(api, assignment, answer="present", stage="masked", **more):
    body = {"stage": stage, "answers": [{"class": AVB, "answer": answer}], **more}
    return api.post(
        address(assignment), body, format="json", headers={"Idempotency-Key": str(uuid.uuid4())}
    )


class TestVotes:
    def test_they_are_hidden_in_masked_mode(self, send, api, clara):
        shown = api.get(address(send()[clara])).json()
        assert (shown["asked"], shown["agreed"], shown["readings"]) == ([AVB], [LVH], [])

    def test_they_are_shown_in_open_mode_under_letters(self, send, api, clara):
        shown = api.get(address(send("open")[clara])).json()
        found = {row["letter"]: [f["class"] for f in row["findings"]] for row in shown["readings"]}
        assert sorted(found) == ["A", "B"]
        assert sorted(found.values()) == [[AVB, LVH], [LVH]]

    def test_they_appear_after_the_first_decision(self, send, api, clara):
        given = send("masked_then_open")[clara]
        assert api.get(address(given)).json()["readings"] == []
        shown = answer(api, given).json()
        assert (shown["due"], len(shown["readings"])) == ("open", 2)
        assert shown["decided"][0]["answers"][0]["answer"] == "present"

    def test_what_was_shown_is_stored(self, send, clara, now):
        masked = send("masked")[clara]
        assert decide(masked, now=now).adjudication.shown == {"agreed": [LVH]}

    def test_letters_are_drawn_again_for_each_exam(
        self, study, read, make_exam, ana, bruno, clara, davi, now
    ):
        exams = [make_exam() for _ in range(12)]
        for number, exam in enumerate(exams):
            read({ana: [AVB], bruno: []}, exam, name=f"Batch {number}")
        sent = adjudications.send(
            study=study, exams=exams, readers=[clara], name="Second look", created_by=davi, now=now
        )
        first_readers = {
            Reading.objects.get(pk=case.readings[0]).reader for case in sent.cases.all()
        }
        assert first_readers == {ana, bruno}


@pytest.mark.parametrize("mode", MODES)
def test_nothing_names_a_reader(send, signed_in, study, ana, bruno, clara, now, mode):
    given = send(mode)[clara]
    client = signed_in(clara)
    sent = []
    for _ in range(2):
        sent += [client.get(f"/read/{given.pk}/").content.decode()]
        sent += [client.get(address(given)).content.decode()]
        if json.loads(sent[-1])["due"]:
            decide(given, AVB, now=now)
            given.refresh_from_db()
    for text in sent:
        for reader in (ana, bruno):
            named = [reader.username, reader.first_name, reader_names.pseudonym(study, reader.pk)]
            assert not [name for name in named if re.search(rf"\b{name}\b", text)]
        for reading in given.exam.assignments.filter(reader__in=[ana, bruno]):
            assert str(reading.pk) not in text
            assert str(reading.readings.get().idempotency_key) not in text


class TestAccess:
    def test_another_adjudicator_sees_nothing(self, send, clara, carlos):
        given = send("open")[clara]
        client = APIClient()
        client.force_login(carlos, backend="django.contrib.auth.backends.ModelBackend")
        assert client.get(address(given)).status_code == 404
        assert answer(client, given).status_code == 404

    def test_a_reader_has_no_case(self, make_batch, ana):
        client = APIClient()
        client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
        given = make_batch().assignments.get(reader=ana)
        assert client.get(address(given)).status_code == 404

    def test_an_adjudicator_reads_the_exam_for_no_other_batch(
        self, send, study, clara, make_user, davi, now
    ):
        given = send("open")[clara]
        with pytest.raises(roster.KnowsResults):
            batches.create(
                study=study, name="Later", exams=[given.exam], readers=[clara], created_by=davi,
                now=now, purpose=Purpose.DATA,
            )  # fmt: skip


def test_the_answer_says_what_comes_next(send, api, clara):
    shown = answer(api, send()[clara]).json()
    assert (shown["due"], shown["next"], shown["queue"]["submitted"]) == (None, None, 1)


def test_an_overruling_without_a_reason_is_explained(send, api, clara):
    given = send()[clara]
    body = [{"class": AVB, "answer": "absent"}, {"class": LVH, "answer": "absent"}]
    response = answer(api, given, answers=body)
    assert (response.status_code, response.json()["field"]) == (400, "answers")
    assert LVH in response.json()["detail"] + response.json()["hint"]


class TestMaskedDesk:
    """Without the votes, the desk shows nothing from which one could infer them."""

    def test_it_does_not_depend_on_other_adjudicators(self, send, api, clara, carlos, now):
        given = send(readers=[clara, carlos])
        before = api.get(address(given[clara])).content
        decide(given[carlos], AVB, now=now, overruling={LVH: "Thin chest wall"})
        assert api.get(address(given[clara])).content == before

    def test_it_does_not_depend_on_who_marked_the_class(
        self, study, read, make_exam, api, ana, bruno, clara, davi, now
    ):
        exams = [make_exam(), make_exam()]
        for number, (exam, reader) in enumerate(zip(exams, (ana, bruno), strict=True)):
            codes = {ana: [LVH], bruno: [LVH]}
            codes[reader] = [AVB, LVH]
            read(codes, exam, name=f"Batch {number}")
        sent = adjudications.send(
            study=study, exams=exams, readers=[clara], name="Second look", created_by=davi, now=now
        )
        one, other = (api.get(address(row)).json() for row in sent.assignments.all())
        own = {"id", "exam", "next", "queue"}
        assert {k: v for k, v in one.items() if k not in own} == {
            k: v for k, v in other.items() if k not in own
        }
