"""Qualification and practice: graded against a reference and excluded from study data."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from annotations import row_security, tasks
from annotations.models import (
    AgreementReport,
    Assignment,
    AuditEvent,
    Batch,
    Reading,
    Reference,
    Seat,
    StudyReader,
)
from annotations.services.agreement import refresh
from annotations.services.assignment import batches, guards, qualification, qualification_feedback
from annotations.services.consensus import labels
from annotations.services.studies import lifecycle, protocols, roster
from tests.app.kept import factory, kept

pytestmark = pytest.mark.django_db

EMPTY = {"findings": [], "not_assessable": [], "problems": [], "quality": "good", "comment": ""}
AF, RBBB = "atrial_fibrillation", "right_bundle_branch_block"


@kept
def qualifying_study(study, davi, now):
    """A study that requires a qualification with a pass mark of 0.8 before reading data."""
    rules = protocols.protocol_of(study)
    qualifying = replace(rules.qualification, required=True, pass_mark=0.8)
    lifecycle.amend(
        study_id=study.pk, protocol=replace(rules, qualification=qualifying), reason="pilot",
        actor=davi, now=now,
    )  # fmt: skip
    study.refresh_from_db()
    return study


@factory
def make_set(qualifying_study, make_exam, ana, davi, now):
    """Create a set with one exam per list of reference codes, by default for Ana."""

    def make(*answers, readers=None, purpose="qualification", name=None) -> Batch:
        exams = [make_exam() for _ in answers]
        return qualification.make(
            study=qualifying_study,
            name=name or f"Set {Batch.objects.count()}",
            references={exam.code: codes for exam, codes in zip(exams, answers, strict=True)},
            readers=readers or [ana],
            created_by=davi,
            now=now,
            purpose=purpose,
        )

    return make


@pytest.fixture
def answer(submit):
    """Read a set and answer each exam as in its reference.

    Each of ``others`` is a pair (reference, answer): exams with this reference get this answer.
    The last ``leave`` exams stay unread.
    """

    def make(batch, reader, *others, leave=0):
        own = batch.assignments.filter(reader=reader).select_related("reader").order_by("position")
        right = dict(Reference.objects.filter(batch=batch).values_list("exam", "codes"))
        rows = list(own)[: own.count() - leave]
        for assignment in rows:
            codes: list[str] | None = right[assignment.exam_id]
            for reference, answered in others:
                if codes == reference:
                    codes = answered
            if codes is None:
                submit(assignment, quality="unreadable")
            else:
                submit(assignment, *codes)
        return Seat.objects.get(batch=batch, reader=reader)

    return make


def notice_kinds(user):
    return list(user.notices.order_by("pk").values_list("kind", flat=True))


# -- Passing and failing ------------------------------------------------------------------------


def test_answers_equal_to_the_reference_pass(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB], []), ana)
    assert (seat.is_passed, seat.micro_f1, seat.right_share) == (True, 1, 1)
    assert StudyReader.objects.get(user=ana).qualified_at is not None


def test_answers_below_the_pass_mark_fail(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB]), ana, ([RBBB], [AF]))
    assert (seat.is_passed, seat.micro_f1, seat.right_share) == (False, 0.5, 0.5)
    assert StudyReader.objects.get(user=ana).qualified_at is None


def test_an_exam_marked_unreadable_counts_as_wrong(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB]), ana, ([RBBB], None))
    assert seat.right_share == 0.5


def test_a_set_is_evaluated_after_its_last_exam(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB]), ana, leave=1)
    assert seat.judged_at is None
    assert "qualification_passed" not in notice_kinds(ana)


def test_a_reader_who_passes_is_notified(make_set, answer, ana):
    answer(make_set([AF]), ana)
    assert notice_kinds(ana)[-1] == "qualification_passed"


def test_a_reader_who_fails_is_notified(make_set, answer, ana):
    answer(make_set([AF]), ana, ([AF], [RBBB]))
    assert notice_kinds(ana)[-1] == "qualification_failed"


def test_the_result_is_audited_without_labels(make_set, answer, ana):
    answer(make_set([AF]), ana)
    event = AuditEvent.objects.get(action="reader.qualified")
    assert event.object_id == str(ana.pk)
    assert AF not in event.after


def test_a_reader_who_failed_can_pass_another_set(make_set, answer, ana):
    answer(make_set([AF]), ana, ([AF], [RBBB]))
    answer(make_set([RBBB]), ana)
    assert StudyReader.objects.get(user=ana).qualified_at is not None


def test_failing_a_later_set_keeps_the_qualification(make_set, answer, ana):
    answer(make_set([AF]), ana)
    answer(make_set([RBBB]), ana, ([RBBB], [AF]))
    assert StudyReader.objects.get(user=ana).qualified_at is not None


def test_the_pass_mark_is_that_of_the_sets_protocol_version(
    make_set, answer, qualifying_study, ana, davi, now
):
    batch = make_set([AF], [RBBB])
    rules = protocols.protocol_of(qualifying_study)
    easier = replace(rules, qualification=replace(rules.qualification, pass_mark=0.1))
    lifecycle.amend(
        study_id=qualifying_study.pk, protocol=easier, reason="pilot", actor=davi, now=now
    )
    assert answer(batch, ana, ([RBBB], [AF])).is_passed is False


def test_practice_is_not_evaluated(make_set, answer, ana):
    seat = answer(make_set([AF], purpose="practice"), ana)
    assert seat.judged_at is None


def test_the_task_evaluates_the_remaining_sets(make_set, answer, ana, now, monkeypatch):
    monkeypatch.setattr(qualification, "settle", lambda assignment, now: None)
    answer(make_set([AF]), ana)
    tasks.judge_qualifications()
    assert not qualification.evaluate_next(now=now)
    assert Seat.objects.get(reader=ana).is_passed


def test_readers_are_evaluated_independently(make_set, answer, ana, bruno):
    batch = make_set([AF], [RBBB], readers=[ana, bruno])
    answer(batch, ana)
    assert Seat.objects.get(batch=batch, reader=bruno).judged_at is None


def test_a_data_batch_is_not_evaluated(make_batch, submit, ana, now):
    batch = make_batch(readers=[ana])
    submit(batch.assignments.get(), AF)
    assert not Seat.objects.all().to_evaluate().exists()
    assert not qualification.evaluate_next(now=now)


# -- Reading after a qualification --------------------------------------------------------------


def test_data_batches_are_served_after_passing(make_set, answer, make_batch, ana):
    data = make_batch(readers=[ana])
    qualifying = make_set([AF])
    assert list(Batch.objects.serving(ana)) == [qualifying]
    answer(qualifying, ana)
    assert set(Batch.objects.serving(ana)) == {qualifying, data}


def test_passing_opens_data_only_for_that_reader(make_set, answer, make_batch, ana, bruno):
    make_batch(readers=[ana, bruno])
    qualifying = make_set([AF], readers=[ana, bruno])
    answer(qualifying, ana)
    assert list(Batch.objects.serving(bruno)) == [qualifying]


@kept
def data(make_set, make_batch, ana, make_exam):
    """Three data assignments of Ana, who has not read her qualification set yet."""
    make_set([AF])
    batch = make_batch([make_exam() for _ in range(3)], [ana])
    return list(batch.assignments.select_related("reader").in_reading_order())


ENDPOINTS = {
    "reading": ("post", "reading/", {"based_on": 0, **EMPTY}),
    "draft": ("put", "draft/", {"based_on": 0, "content": EMPTY}),
    "deferral": ("post", "deferral/", {}),
    "tracing": ("get", "tracings/1/", None),
    "prior": ("get", "prior/tracings/1/", None),
    "suggestions": ("get", "suggestions/", None),
    "viewing": ("post", "viewing/", {"shown_ms": 5}),
}


def send(browser, assignment, endpoint):
    method, path, body = ENDPOINTS[endpoint]
    payload = {} if body is None else {"data": body, "content_type": "application/json"}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    address = f"/api/assignments/{assignment.pk}/{path}"
    return getattr(browser, method)(address, headers=headers, **payload)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_endpoint_refuses_data_before_the_set_is_passed(data, ana, signed_in, endpoint):
    refusal = send(signed_in(ana), data[0], endpoint)
    assert (refusal.status_code, refusal.json()["type"]) == (409, "/api/docs/#not-served")


@pytest.mark.parametrize("endpoint", ["reading", "draft", "tracing"])
def test_endpoints_serve_data_after_the_set_is_passed(data, answer, ana, signed_in, endpoint):
    answer(Batch.objects.get(purpose="qualification"), ana)
    assert send(signed_in(ana), data[0], endpoint).status_code in {200, 201}


@pytest.mark.parametrize("endpoint", ["reading", "draft", "tracing"])
def test_the_qualification_set_can_be_read_before_passing(make_set, ana, signed_in, endpoint):
    own = make_set([AF]).assignments.get()
    assert send(signed_in(ana), own, endpoint).status_code in {200, 201}


def test_submitting_data_before_the_set_is_passed_is_refused(data, submit):
    with pytest.raises(guards.ReaderNotEligible):
        submit(data[0], AF)
    assert not Reading.objects.exists()


# -- Excluded from study data -------------------------------------------------------------------


def test_sets_do_not_count_for_agreement(make_set, answer, close, ana, bruno, now):
    batch = make_set([AF], readers=[ana, bruno])
    answer(batch, ana)
    answer(batch, bruno)
    close(batch)
    refresh.refresh(batch=batch, now=now)
    assert AgreementReport.objects.get(batch=batch).n_readings == 0
    assert not Reading.objects.counted().exists()


def test_sets_do_not_count_for_consensus(make_set, answer, close, qualifying_study, ana, now):
    batch = make_set([AF])
    answer(batch, ana)
    close(batch)
    labels.compute(study=qualifying_study, now=now)
    assert not qualifying_study.consensus.exists()


# -- Feedback -----------------------------------------------------------------------------------


def test_feedback_lists_hits_misses_and_extra_findings(make_set, answer, ana):
    seat = answer(make_set([AF, RBBB]), ana, (sorted([AF, RBBB]), [AF, "artifact"]))
    (line,) = qualification_feedback.lines(
        qualification_feedback.seat_of(batch_id=seat.batch_id, reader=ana)
    )
    codes = [[item.code for item in part] for part in (line.hits, line.missed, line.extra)]
    assert codes == [[AF], [RBBB], ["artifact"]]


def test_feedback_needs_the_whole_set(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB]), ana, leave=1)
    with pytest.raises(qualification_feedback.NotEvaluatedYet):
        qualification_feedback.lines(
            qualification_feedback.seat_of(batch_id=seat.batch_id, reader=ana)
        )


def test_practice_gives_feedback_after_each_exam(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB], purpose="practice"), ana, leave=1)
    assert (
        len(
            qualification_feedback.lines(
                qualification_feedback.seat_of(batch_id=seat.batch_id, reader=ana)
            )
        )
        == 1
    )


def test_the_feedback_page_shows_result_and_reference(make_set, answer, ana, signed_in):
    batch = make_set([AF])
    answer(batch, ana)
    page = signed_in(ana).get(f"/feedback/{batch.pk}/").content.decode()
    assert "Passed" in page
    assert "Atrial fibrillation" in page


def test_the_feedback_page_hides_the_reference_until_the_last_exam(
    make_set, answer, ana, signed_in
):
    batch = make_set([AF], [RBBB])
    answer(batch, ana, leave=1)
    page = signed_in(ana).get(f"/feedback/{batch.pk}/").content.decode()
    assert "One exam of this set is left" in page
    assert "Atrial fibrillation" not in page
    assert "Right bundle" not in page


def test_another_readers_feedback_is_not_found(make_set, answer, ana, bruno, signed_in):
    batch = make_set([AF])
    answer(batch, ana)
    assert signed_in(bruno).get(f"/feedback/{batch.pk}/").status_code == 404


def test_a_data_batch_has_no_feedback(make_batch, ana, signed_in):
    batch = make_batch()
    assert signed_in(ana).get(f"/feedback/{batch.pk}/").status_code == 404


def test_the_worklist_links_to_the_feedback(make_set, answer, ana, signed_in):
    batch = make_set([AF], [RBBB])
    browser = signed_in(ana)
    assert f"/feedback/{batch.pk}/" not in browser.get("/worklist/").content.decode()
    answer(batch, ana)
    assert f"/feedback/{batch.pk}/" in browser.get("/worklist/").content.decode()


@pytest.mark.parametrize("name", ["ana", "bruno"])
def test_the_database_hides_references_from_readers(make_set, ana, bruno, name):
    make_set([AF])
    person = {"ana": ana, "bruno": bruno}[name]
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        row_security.acting_as(person.pk),
    ):
        Reference.objects.count()


def test_the_desk_payload_has_no_reference(make_set, ana, signed_in):
    batch = make_set([AF])
    assignment = batch.assignments.get()
    browser = signed_in(ana)
    payload_of_desk = browser.get(f"/api/assignments/{assignment.pk}/").json()
    assert "reference" not in str(payload_of_desk).lower()


# -- Creating a set -----------------------------------------------------------------------------


def make(study, davi, ana, now, references, **more):
    return qualification.make(
        study=study, name="Set", references=references, readers=[ana], created_by=davi, now=now,
        **more,
    )  # fmt: skip


def test_an_unknown_exam_is_refused(study, davi, ana, now):
    with pytest.raises(qualification.UnknownExams, match="NOSUCH"):
        make(study, davi, ana, now, {"NOSUCH": []})


def test_an_unknown_class_is_refused(study, davi, ana, now, make_exam):
    with pytest.raises(qualification.UnknownClasses, match="rain"):
        make(study, davi, ana, now, {make_exam().code: ["rain"]})


def test_a_contradictory_reference_is_refused(study, davi, ana, now, make_exam, taxonomy):
    normal = taxonomy.classes.filter(is_exclusive=True)[0].code
    with pytest.raises(qualification.ContradictoryReference):
        make(study, davi, ana, now, {make_exam().code: [normal, AF]})


def test_a_set_with_purpose_data_is_refused(study, davi, ana, now, make_exam):
    with pytest.raises(qualification.NoQualification):
        make(study, davi, ana, now, {make_exam().code: [AF]}, purpose="data")


def test_the_person_who_creates_a_set_cannot_read_it(study, ana, now, make_exam):
    with pytest.raises(qualification.KnowsAnswers):
        make(study, ana, ana, now, {make_exam().code: [AF]})


def test_exams_a_reader_has_read_are_refused(study, davi, ana, now, assign, submit):
    assignment = assign(ana)
    submit(assignment, AF)
    with pytest.raises((qualification.SeenBefore, batches.MixedWithData)):
        make(study, davi, ana, now, {assignment.exam.code: [AF]})


def test_exams_used_as_data_are_refused(study, davi, ana, bruno, now, assign):
    assignment = assign(bruno)
    with pytest.raises(batches.MixedWithData):
        make(study, davi, ana, now, {assignment.exam.code: [AF]})


def test_a_withdrawn_reader_is_refused(study, davi, ana, now, make_exam):
    roster.join(study=study, readers=[ana], actor=davi, now=now)
    roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
    with pytest.raises(roster.HasLeft):
        make(study, davi, ana, now, {make_exam().code: [AF]})


# -- The command --------------------------------------------------------------------------------


@pytest.fixture
def run(study, davi, ana, tmp_path, capsys):
    """Run the command on a file with this content; return its output."""

    def make(content: str, *more: str, readers="ana") -> str:
        file = tmp_path / "set.csv"
        file.write_text(content, encoding="utf-8")
        options = ["--name", "Set", "--readers", readers, "--by", "davi", *more]
        call_command("make_qualification", study.slug, str(file), *options)
        return str(capsys.readouterr().out)

    return make


def test_a_set_is_created_from_a_file(run, make_exam, ana):
    first, other = make_exam(), make_exam()
    output = run(f"exam,codes\n{first.code},{AF};{RBBB}\n{other.code},\n")
    assert "2 exams for 1 readers" in output
    assert Reference.objects.get(exam=first).codes == sorted([AF, RBBB])
    assert Assignment.objects.filter(reader=ana).count() == 2


def test_a_practice_set_is_created_from_a_file(run, make_exam):
    run(f"exam,codes\n{make_exam().code},{AF}\n", "--purpose", "practice")
    assert Batch.objects.get().purpose == "practice"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "first line .* exam,codes"),
        ("exam;codes\n", "first line"),
        ("exam,codes\nA,b,c\n", "Check line 2"),
        ("exam,codes\nA,\nA,\n", "line 3: A is already listed"),
        ("exam,codes\nNOSUCH,\n", "Check these codes: NOSUCH"),
        ("exam,codes\n", "at least one exam"),
    ],
)
def test_errors_in_the_file_name_the_line(run, content, message):
    with pytest.raises(CommandError, match=message):
        run(content)


def test_an_unknown_reader_is_refused(run, make_exam):
    with pytest.raises(CommandError, match="no user zoe"):
        run(f"exam,codes\n{make_exam().code},\n", readers="ana,zoe")


def test_an_unknown_study_is_refused(davi, tmp_path):
    with pytest.raises(CommandError, match="There is no study 'nowhere'"):
        call_command(
            "make_qualification", "nowhere", str(tmp_path), "--name", "x", "--readers", "ana",
            "--by", "davi",
        )  # fmt: skip


def test_a_missing_file_is_refused(study, davi, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command(
            "make_qualification", study.slug, str(tmp_path / "none"), "--name", "x",
            "--readers", "davi", "--by", "davi",
        )  # fmt: skip
