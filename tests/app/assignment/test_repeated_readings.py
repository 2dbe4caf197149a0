"""Hidden repeats: invisible during the washout, indistinguishable from other exams after it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from annotations.models import Assignment, Exam, Purpose, Reading, Seat
from annotations.services.agreement import refresh
from annotations.services.assignment import batches, handout
from annotations.services.consensus import labels
from annotations.services.export import tables
from annotations.services.reading import content
from annotations.services.studies import roster
from tests.app import signing
from tests.app.kept import factory, kept

WASHOUT = timedelta(days=14)


@kept
def study(make_study):
    """A study with hidden repeats after a washout of 14 days."""
    return make_study(repeat_fraction=0.5, washout_days=WASHOUT.days)


@factory
def released(study, davi, now):
    """Plan a batch with these rows and release it."""

    def make(rows, name="Repeats"):
        planned = batches.make(study=study, name=name, rows=rows, created_by=davi, now=now)
        return batches.release(batch_id=planned.pk, actor=davi, now=now)

    return make


@kept
def batch(study, released, make_exam, ana, bruno, davi, now):
    """A batch of three exams for Ana and Bruno, with a hidden repeat of the first for Ana."""
    roster.join(study=study, readers=[ana, bruno], actor=davi, now=now)
    exams = [make_exam() for _ in range(3)]
    rows = [
        handout.Row(reader.pk, exam.pk, place)
        for reader in (ana, bruno)
        for place, exam in enumerate(exams, start=1)
    ]
    return released([*rows, handout.Row(ana.pk, exams[0].pk, 4, occurrence=2)])


@kept
def first(batch, ana):
    return batch.assignments.get(reader=ana, position=1)


@kept
def repeat(batch, ana):
    return batch.assignments.get(reader=ana, occurrence=2)


@pytest.fixture
def as_ana(ana):
    client = APIClient()
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    return client


@kept
def washed_out(first, repeat, submit):
    """The repeat, after the washout that follows Ana's first reading."""
    long_ago = timezone.now() - WASHOUT - timedelta(days=1)
    sign(first, long_ago)
    repeat.refresh_from_db()
    return repeat


def sign(assignment, now, *codes):
    return signing.submit_reading(
        assignment_id=assignment.pk, reader=assignment.reader, based_on=0,
        findings=[content.FindingIn(code, "definite") for code in codes], quality="good",
        comment="", idempotency_key=uuid.UUID(int=assignment.pk), active_ms=0, display={}, now=now,
    )  # fmt: skip


def listed(client):
    return [row["id"] for row in client.get("/api/assignments/").json()["results"]]


# -- During the washout -------------------------------------------------------------------------


def test_a_held_repeat_is_not_listed(as_ana, repeat):
    assert len(listed(as_ana)) == 3
    assert repeat.pk not in listed(as_ana)


def test_a_held_repeat_is_not_counted(as_ana, first):
    queue = as_ana.get(f"/api/assignments/{first.pk}/").json()["queue"]
    assert queue == {"position": 1, "total": 3, "submitted": 0}
    assert "0 of 3" in as_ana.get("/worklist/").content.decode()


@pytest.mark.parametrize("path", ["", "suggestions/", "tracings/1/"])
def test_a_held_repeat_looks_like_a_missing_assignment(as_ana, repeat, path):
    held = as_ana.get(f"/api/assignments/{repeat.pk}/{path}")
    missing = as_ana.get(f"/api/assignments/{repeat.pk ^ 1}/{path}")
    assert (held.status_code, held.content) == (404, missing.content)


def test_a_held_repeat_cannot_be_read(as_ana, repeat, now):
    body = {"based_on": 0, "content": {"findings": [], "quality": "good", "comment": ""}}
    assert as_ana.put(f"/api/assignments/{repeat.pk}/draft/", body).status_code == 404
    assert as_ana.get(f"/read/{repeat.pk}/").status_code == 404
    with pytest.raises(Assignment.DoesNotExist):
        sign(repeat, now)


def test_a_held_repeat_is_not_the_next_assignment(as_ana, batch, ana, now):
    last = batch.assignments.get(reader=ana, position=3)
    for assignment in batch.assignments.filter(reader=ana, position__lt=3):
        sign(assignment, timezone.now())
    assert as_ana.get(f"/api/assignments/{last.pk}/").json()["next"] is None


def test_the_washout_counts_from_the_first_reading(first, repeat, now):
    sign(first, now)
    repeat.refresh_from_db()
    assert repeat.not_before == now + WASHOUT


def test_another_readers_reading_does_not_start_the_washout(batch, repeat, bruno, now):
    before = repeat.not_before
    sign(batch.assignments.get(reader=bruno, exam=repeat.exam), now)
    repeat.refresh_from_db()
    assert repeat.not_before == before


# -- After the washout --------------------------------------------------------------------------


def test_a_washed_out_repeat_is_listed(as_ana, washed_out):
    assert washed_out.pk in listed(as_ana)


def test_a_washed_out_repeat_is_counted(as_ana, washed_out):
    queue = as_ana.get(f"/api/assignments/{washed_out.pk}/").json()["queue"]
    assert queue == {"position": 4, "total": 4, "submitted": 1}


def test_a_repeat_has_a_code_of_its_own(washed_out, first):
    assert washed_out.code != first.code


def test_the_payload_of_a_repeat_looks_like_any_other(as_ana, washed_out, batch, ana):
    other = batch.assignments.get(reader=ana, position=2)
    repeated, usual = (
        as_ana.get(f"/api/assignments/{assignment.pk}/").json()
        for assignment in (washed_out, other)
    )
    for own in ("id", "exam", "next"):
        del repeated[own], usual[own]
    assert (repeated["queue"].pop("position"), usual["queue"].pop("position")) == (4, 2)
    assert repeated == usual


def test_the_tracing_of_a_repeat_has_its_own_address_and_etag(as_ana, washed_out, first):
    hrefs, tags, bodies = set(), set(), set()
    for assignment in (washed_out, first):
        (tracing,) = as_ana.get(f"/api/assignments/{assignment.pk}/").json()["exam"]["tracings"]
        response = as_ana.get(tracing["href"])
        hrefs.add(tracing["href"])
        tags.add(response.headers["ETag"])
        bodies.add(response.content)
    assert (len(hrefs), len(tags), len(bodies)) == (2, 2, 1)


def test_the_etag_of_a_tracing_is_not_its_content_hash(as_ana, first):
    response = as_ana.get(f"/api/assignments/{first.pk}/tracings/1/")
    assert first.exam.tracings.get().content_hash not in str(response.headers)


def test_responses_about_a_repeat_do_not_contain_the_exam_code(as_ana, washed_out):
    for address in (f"/api/assignments/{washed_out.pk}/", "/api/assignments/", "/worklist/"):
        assert washed_out.exam.code not in as_ana.get(address).content.decode()


# -- Counting -----------------------------------------------------------------------------------


@kept
def read(batch, washed_out, bruno, now, close):
    """The batch, read and closed; Ana's repeat differs from her first reading."""
    for assignment in batch.assignments.exclude(pk=washed_out.pk).filter(readings=None):
        sign(assignment, now)
    sign(washed_out, now, "artifact")
    return close(batch)


def test_a_repeat_is_not_a_counted_reading(read, washed_out):
    assert not Reading.objects.counted().filter(assignment=washed_out).exists()
    assert Reading.objects.counted().count() == 6


def test_a_repeat_does_not_vote_in_the_consensus(read, study, now):
    labels.compute(study=study, now=now)
    assert set(study.consensus.values_list("outcome", "n_readings")) == {("agreement", 2)}


def test_a_repeat_is_not_compared_with_the_other_reader(read, now):
    report = refresh.refresh(batch=read, now=now)
    artifact = next(row for row in report.results["classes"] if row["class"] == "artifact")
    assert (report.n_readings, artifact["n_positive"]) == (6, 0)


def test_a_repeat_is_exported_with_its_occurrence(read, study):
    heading, *rows = tables.readings_long(study)
    column = {name: place for place, name in enumerate(heading)}
    classes = {row[column["class"]] for row in rows if row[column["occurrence"]] == 2}
    present = [
        row[column["class"]]
        for row in rows
        if row[column["occurrence"]] == 2 and row[column["state"]] == "present"
    ]
    assert (len(classes), present) == (66, ["artifact"])


@kept
def practice_batch(study, released, make_exam, ana, bruno, davi, now, close):
    """A closed practice batch that Ana and Bruno have read."""
    batch = batches.create(
        study=study, name="Practice", exams=[make_exam()], readers=[ana, bruno],
        created_by=davi, now=now, purpose=Purpose.PRACTICE,
    )  # fmt: skip
    for assignment in batch.assignments.all():
        sign(assignment, now, "artifact")
    return close(batch)


def test_practice_does_not_count_for_consensus(practice_batch, study, now):
    labels.compute(study=study, now=now)
    assert not study.consensus.exists()


def test_closing_a_practice_batch_makes_no_consensus_due(practice_batch):
    assert not practice_batch.consensus_is_due


def test_practice_does_not_count_for_agreement(practice_batch, now):
    assert refresh.refresh(batch=practice_batch, now=now).n_readings == 0


def test_practice_is_not_exported(practice_batch, study):
    assert len(list(tables.readings_long(study))) == 1


def test_exams_used_for_practice_cannot_become_data(practice_batch, study, ana, davi, now):
    (exam,) = Exam.objects.filter(assignments__batch=practice_batch).distinct()
    with pytest.raises(batches.MixedWithData, match=exam.code):
        batches.create(
            study=study, name="Data", exams=[exam], readers=[ana], created_by=davi, now=now
        )


def test_exams_used_as_data_cannot_become_practice(batch, study, ana, davi, now):
    exams = list(Exam.objects.filter(assignments__batch=batch).distinct())
    with pytest.raises(batches.MixedWithData):
        batches.create(
            study=study, name="Practice", exams=exams, readers=[ana], created_by=davi, now=now,
            purpose=Purpose.QUALIFICATION,
        )  # fmt: skip


def test_a_seat_counts_repeats_too(read, ana):
    seat = Seat.objects.get(batch=read, reader=ana)
    assert (seat.n_assigned, seat.n_read) == (4, 4)
