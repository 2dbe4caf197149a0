"""Qualification and practice: answers beside a reference, and apart from all data."""

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

pytestmark = pytest.mark.django_db

EMPTY = {"findings": [], "not_assessable": [], "problems": [], "quality": "good", "comment": ""}
AF, RBBB = "atrial_fibrillation", "right_bundle_branch_block"


@pytest.fixture
def strict(study, davi, now):
    """The study, in which nobody reads data before they have passed with 0.8."""
    wanted = protocols.protocol_of(study)
    qualifying = replace(wanted.qualification, required=True, pass_mark=0.8)
    lifecycle.amend(
        study_id=study.pk, protocol=replace(wanted, qualification=qualifying), reason="pilot",
        actor=davi, now=now,
    )  # fmt: skip
    study.refresh_from_db()
    return study


@pytest.fixture
def make_set(strict, make_exam, ana, davi, now):
    """Make a set whose exams show what is given, for Ana unless others are named."""

    def make(*answers, readers=None, purpose="qualification", name=None) -> Batch:
        exams = [make_exam() for _ in answers]
        return qualification.make(
            study=strict,
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
    """Read a whole set as its reference says, but for the exams that are answered otherwise."""

    def make(batch, reader, *others, leave=0):
        own = batch.assignments.filter(reader=reader).select_related("reader").order_by("position")
        right = dict(Reference.objects.filter(batch=batch).values_list("exam", "codes"))
        rows = list(own)[: own.count() - leave]
        for assignment in rows:
            codes: list[str] | None = right[assignment.exam_id]
            for wrong_for, given in others:
                if codes == wrong_for:
                    codes = given
            if codes is None:
                submit(assignment, quality="unreadable")
            else:
                submit(assignment, *codes)
        return Seat.objects.get(batch=batch, reader=reader)

    return make


def kinds(user):
    return list(user.notices.order_by("pk").values_list("kind", flat=True))


# -- The verdict --------------------------------------------------------------------------------


def test_who_answers_like_the_reference_passes(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB], []), ana)
    assert (seat.is_passed, seat.micro_f1, seat.right_share) == (True, 1, 1)
    assert StudyReader.objects.get(user=ana).qualified_at is not None


def test_who_answers_otherwise_does_not(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB]), ana, ([RBBB], [AF]))
    assert (seat.is_passed, seat.micro_f1, seat.right_share) == (False, 0.5, 0.5)
    assert StudyReader.objects.get(user=ana).qualified_at is None


def test_an_exam_called_unreadable_is_wrong(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB]), ana, ([RBBB], None))
    assert seat.right_share == 0.5


def test_nothing_is_said_before_the_last_exam(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB]), ana, leave=1)
    assert seat.judged_at is None
    assert "qualification_passed" not in kinds(ana)


def test_the_reader_is_told(make_set, answer, ana):
    answer(make_set([AF]), ana)
    assert kinds(ana)[-1] == "qualification_passed"


def test_who_fails_is_told_what_comes_next(make_set, answer, ana):
    answer(make_set([AF]), ana, ([AF], [RBBB]))
    assert kinds(ana)[-1] == "qualification_failed"


def test_the_verdict_is_on_record_without_a_label(make_set, answer, ana):
    answer(make_set([AF]), ana)
    event = AuditEvent.objects.get(action="reader.qualified")
    assert event.object_id == str(ana.pk)
    assert AF not in event.after


def test_another_set_gives_another_chance(make_set, answer, ana):
    answer(make_set([AF]), ana, ([AF], [RBBB]))
    answer(make_set([RBBB]), ana)
    assert StudyReader.objects.get(user=ana).qualified_at is not None


def test_who_passed_stays_qualified(make_set, answer, ana):
    answer(make_set([AF]), ana)
    answer(make_set([RBBB]), ana, ([RBBB], [AF]))
    assert StudyReader.objects.get(user=ana).qualified_at is not None


def test_the_mark_is_that_of_the_protocol_the_set_was_made_under(
    make_set, answer, strict, ana, davi, now
):
    batch = make_set([AF], [RBBB])
    wanted = protocols.protocol_of(strict)
    easier = replace(wanted, qualification=replace(wanted.qualification, pass_mark=0.1))
    lifecycle.amend(study_id=strict.pk, protocol=easier, reason="pilot", actor=davi, now=now)
    assert answer(batch, ana, ([RBBB], [AF])).is_passed is False


def test_practice_judges_nobody(make_set, answer, ana):
    seat = answer(make_set([AF], purpose="practice"), ana)
    assert seat.judged_at is None


def test_what_could_not_be_judged_at_once_is_judged_later(make_set, answer, ana, now, monkeypatch):
    monkeypatch.setattr(qualification, "settle", lambda assignment, now: None)
    answer(make_set([AF]), ana)
    tasks.judge_qualifications()
    assert not qualification.judge_next(now=now)
    assert Seat.objects.get(reader=ana).is_passed


def test_each_reader_is_judged_alone(make_set, answer, ana, bruno):
    batch = make_set([AF], [RBBB], readers=[ana, bruno])
    answer(batch, ana)
    assert Seat.objects.get(batch=batch, reader=bruno).judged_at is None


def test_a_batch_of_data_that_was_read_in_full_is_not_judged(make_batch, submit, ana, now):
    batch = make_batch(readers=[ana])
    submit(batch.assignments.get(), AF)
    assert not Seat.objects.all().to_judge().exists()
    assert not qualification.judge_next(now=now)


# -- What a qualification opens -----------------------------------------------------------------


def test_data_waits_until_the_set_is_passed(make_set, answer, make_batch, ana):
    data = make_batch(readers=[ana])
    qualifying = make_set([AF])
    assert list(Batch.objects.serving(ana)) == [qualifying]
    answer(qualifying, ana)
    assert set(Batch.objects.serving(ana)) == {qualifying, data}


def test_one_readers_pass_opens_no_data_to_another(make_set, answer, make_batch, ana, bruno):
    make_batch(readers=[ana, bruno])
    qualifying = make_set([AF], readers=[ana, bruno])
    answer(qualifying, ana)
    assert list(Batch.objects.serving(bruno)) == [qualifying]


@pytest.fixture
def data(make_set, make_batch, ana, make_exam):
    """Three assignments of data, for Ana, who has not read her set yet."""
    make_set([AF])
    batch = make_batch([make_exam() for _ in range(3)], [ana])
    return list(batch.assignments.select_related("reader").in_reading_order())


DOORS = {
    "reading": ("post", "reading/", {"based_on": 0, **EMPTY}),
    "draft": ("put", "draft/", {"based_on": 0, "content": EMPTY}),
    "deferral": ("post", "deferral/", {}),
    "tracing": ("get", "tracings/1/", None),
    "prior": ("get", "prior/tracings/1/", None),
    "suggestions": ("get", "suggestions/", None),
    "viewing": ("post", "viewing/", {"shown_ms": 5}),
}


def knock(browser, assignment, door):
    method, path, body = DOORS[door]
    sent = {} if body is None else {"data": body, "content_type": "application/json"}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    address = f"/api/assignments/{assignment.pk}/{path}"
    return getattr(browser, method)(address, headers=headers, **sent)


@pytest.mark.parametrize("door", DOORS)
def test_no_door_to_data_opens_before_the_set_is_passed(data, ana, signed_in, door):
    refusal = knock(signed_in(ana), data[0], door)
    assert (refusal.status_code, refusal.json()["type"]) == (409, "/api/docs/#not-served")


@pytest.mark.parametrize("door", ["reading", "draft", "tracing"])
def test_the_doors_to_data_open_once_the_set_is_passed(data, answer, ana, signed_in, door):
    answer(Batch.objects.get(purpose="qualification"), ana)
    assert knock(signed_in(ana), data[0], door).status_code in {200, 201}


@pytest.mark.parametrize("door", ["reading", "draft", "tracing"])
def test_the_set_itself_is_read_by_who_has_not_passed(make_set, ana, signed_in, door):
    own = make_set([AF]).assignments.get()
    assert knock(signed_in(ana), own, door).status_code in {200, 201}


def test_nothing_is_signed_before_the_set_is_passed(data, submit):
    with pytest.raises(guards.ReaderNotEligible):
        submit(data[0], AF)
    assert not Reading.objects.exists()


# -- Apart from all data ------------------------------------------------------------------------


def test_no_set_reaches_agreement(make_set, answer, close, ana, bruno, now):
    batch = make_set([AF], readers=[ana, bruno])
    answer(batch, ana)
    answer(batch, bruno)
    close(batch)
    refresh.refresh(batch=batch, now=now)
    assert AgreementReport.objects.get(batch=batch).n_readings == 0
    assert not Reading.objects.counted().exists()


def test_no_set_reaches_the_consensus(make_set, answer, close, strict, ana, now):
    batch = make_set([AF])
    answer(batch, ana)
    close(batch)
    labels.compute(study=strict, now=now)
    assert not strict.consensus.exists()


# -- Feedback -----------------------------------------------------------------------------------


def test_own_answers_stand_beside_the_reference(make_set, answer, ana):
    seat = answer(make_set([AF, RBBB]), ana, (sorted([AF, RBBB]), [AF, "artifact"]))
    (line,) = qualification_feedback.lines(
        qualification_feedback.seat_of(batch_id=seat.batch_id, reader=ana)
    )
    codes = [[item.code for item in part] for part in (line.hits, line.missed, line.extra)]
    assert codes == [[AF], [RBBB], ["artifact"]]


def test_the_reference_waits_for_the_last_exam(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB]), ana, leave=1)
    with pytest.raises(qualification_feedback.NotYet):
        qualification_feedback.lines(
            qualification_feedback.seat_of(batch_id=seat.batch_id, reader=ana)
        )


def test_practice_shows_each_exam_once_it_is_read(make_set, answer, ana):
    seat = answer(make_set([AF], [RBBB], purpose="practice"), ana, leave=1)
    assert (
        len(
            qualification_feedback.lines(
                qualification_feedback.seat_of(batch_id=seat.batch_id, reader=ana)
            )
        )
        == 1
    )


def test_the_page_shows_what_was_passed(make_set, answer, ana, signed_in):
    batch = make_set([AF])
    answer(batch, ana)
    page = signed_in(ana).get(f"/feedback/{batch.pk}/").content.decode()
    assert "Passed" in page
    assert "Atrial fibrillation" in page


def test_the_page_shows_no_answer_too_early(make_set, answer, ana, signed_in):
    batch = make_set([AF], [RBBB])
    answer(batch, ana, leave=1)
    page = signed_in(ana).get(f"/feedback/{batch.pk}/").content.decode()
    assert "One exam of this set is left" in page
    assert "Atrial fibrillation" not in page
    assert "Right bundle" not in page


def test_nobody_looks_at_anothers_feedback(make_set, answer, ana, bruno, signed_in):
    batch = make_set([AF])
    answer(batch, ana)
    assert signed_in(bruno).get(f"/feedback/{batch.pk}/").status_code == 404


def test_a_batch_of_data_has_no_feedback(make_batch, ana, signed_in):
    batch = make_batch()
    assert signed_in(ana).get(f"/feedback/{batch.pk}/").status_code == 404


def test_the_worklist_leads_to_the_feedback(make_set, answer, ana, signed_in):
    batch = make_set([AF], [RBBB])
    browser = signed_in(ana)
    assert f"/feedback/{batch.pk}/" not in browser.get("/worklist/").content.decode()
    answer(batch, ana)
    assert f"/feedback/{batch.pk}/" in browser.get("/worklist/").content.decode()


@pytest.mark.parametrize("who", ["ana", "bruno"])
def test_the_database_shows_no_reference_to_a_reader(make_set, ana, bruno, who):
    make_set([AF])
    person = {"ana": ana, "bruno": bruno}[who]
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        row_security.acting_as(person.pk),
    ):
        Reference.objects.count()


def test_the_desk_says_nothing_of_the_reference(make_set, ana, signed_in):
    batch = make_set([AF])
    assignment = batch.assignments.get()
    browser = signed_in(ana)
    told = browser.get(f"/api/assignments/{assignment.pk}/").json()
    assert "reference" not in str(told).lower()


# -- Making one ---------------------------------------------------------------------------------


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


def test_a_set_is_not_for_data(study, davi, ana, now, make_exam):
    with pytest.raises(qualification.NoQualification):
        make(study, davi, ana, now, {make_exam().code: [AF]}, purpose="data")


def test_whoever_makes_a_set_does_not_read_it(study, ana, now, make_exam):
    with pytest.raises(qualification.KnowsAnswers):
        make(study, ana, ana, now, {make_exam().code: [AF]})


def test_nobody_qualifies_with_exams_they_have_read(study, davi, ana, now, assign, submit):
    assignment = assign(ana)
    submit(assignment, AF)
    with pytest.raises((qualification.SeenBefore, batches.MixedWithData)):
        make(study, davi, ana, now, {assignment.exam.code: [AF]})


def test_exams_that_are_data_qualify_nobody(study, davi, ana, bruno, now, assign):
    assignment = assign(bruno)
    with pytest.raises(batches.MixedWithData):
        make(study, davi, ana, now, {assignment.exam.code: [AF]})


def test_a_withdrawn_reader_is_no_candidate(study, davi, ana, now, make_exam):
    roster.join(study=study, readers=[ana], actor=davi, now=now)
    roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
    with pytest.raises(roster.HasLeft):
        make(study, davi, ana, now, {make_exam().code: [AF]})


# -- The command --------------------------------------------------------------------------------


@pytest.fixture
def run(study, davi, ana, tmp_path, capsys):
    """Run the command with a file of this content."""

    def make(content: str, *more: str, readers="ana") -> str:
        file = tmp_path / "set.csv"
        file.write_text(content, encoding="utf-8")
        options = ["--name", "Set", "--readers", readers, "--by", "davi", *more]
        call_command("make_qualification", study.slug, str(file), *options)
        return str(capsys.readouterr().out)

    return make


def test_a_set_comes_from_a_file(run, make_exam, ana):
    one, other = make_exam(), make_exam()
    said = run(f"exam,codes\n{one.code},{AF};{RBBB}\n{other.code},\n")
    assert "2 exams for 1 readers" in said
    assert Reference.objects.get(exam=one).codes == sorted([AF, RBBB])
    assert Assignment.objects.filter(reader=ana).count() == 2


def test_practice_comes_from_a_file(run, make_exam):
    run(f"exam,codes\n{make_exam().code},{AF}\n", "--purpose", "practice")
    assert Batch.objects.get().purpose == "practice"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "line 1: the columns must be exam,codes"),
        ("exam;codes\n", "line 1: the columns"),
        ("exam,codes\nA,b,c\n", "line 2: write one exam"),
        ("exam,codes\nA,\nA,\n", "line 3: A is listed twice"),
        ("exam,codes\nNOSUCH,\n", "Check these codes: NOSUCH"),
        ("exam,codes\n", "at least one exam"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(run, content, complaint):
    with pytest.raises(CommandError, match=complaint):
        run(content)


def test_unknown_people_are_refused(run, make_exam):
    with pytest.raises(CommandError, match="no user zoe"):
        run(f"exam,codes\n{make_exam().code},\n", readers="ana,zoe")


def test_an_unknown_study_is_refused(davi, tmp_path):
    with pytest.raises(CommandError, match="There is no study 'nowhere'"):
        call_command(
            "make_qualification", "nowhere", str(tmp_path), "--name", "x", "--readers", "ana",
            "--by", "davi",
        )  # fmt: skip


def test_a_file_that_is_not_there_is_refused(study, davi, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command(
            "make_qualification", study.slug, str(tmp_path / "none"), "--name", "x",
            "--readers", "davi", "--by", "davi",
        )  # fmt: skip
