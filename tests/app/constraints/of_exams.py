"""Data sets, patients, exams, tracings, imports, people."""

from __future__ import annotations

from datetime import timedelta

from annotations.models import ImportIssue, ImportRun, Patient
from tests.app.constraints.acts import again, change


def dataset_name_once(the):
    again(the("dataset"))


def dataset_has_a_name(the):
    change(the("dataset"), name="")


def patient_once(the):
    again(Patient.objects.create(dataset=the("dataset"), pseudonym="p7"))


def exam_code_once(the):
    again(the("make_exam")(), source_key="another", content_hash="another")


def exam_source_key_once(the):
    again(the("make_exam")(), code="ANOTHER2", content_hash="another")


def exam_content_once(the):
    again(the("make_exam")(), code="ANOTHER2", source_key="another")


def exam_day_is_of_a_patient(the):
    change(the("make_exam")(), patient_day=3)


def exam_history_is_kept(the):
    exam = the("make_exam")()
    the("make_batch")([exam])
    exam.assignments.first().batch.study.batches.update(prior_exam="shown")
    change(exam, patient=Patient.objects.create(dataset=the("dataset"), pseudonym="p8"))


def exam_age_is_human(the):
    change(the("make_exam")(), age_years=131)


def exam_duplicates_another(the):
    exam = the("make_exam")()
    change(exam, duplicate_of=exam)


def exam_sex_is_known(the):
    change(the("make_exam")(), sex="X")


def tracing_position_once(the):
    again(the("make_exam")().tracings.get())


def tracing_is_one_of_four(the):
    change(the("make_exam")().tracings.get(), position=5)


def tracing_has_samples(the):
    change(the("make_exam")().tracings.get(), n_samples=0)


def import_ends_after_it_starts(the):
    ImportRun.objects.create(
        dataset=the("dataset"),
        source="/data",
        started_at=the("now"),
        finished_at=the("now") - timedelta(seconds=1),
    )


def issue_has_a_code(the):
    run = ImportRun.objects.create(dataset=the("dataset"), source="/data", started_at=the("now"))
    ImportIssue.objects.create(run=run, file="a.hea", code="", is_refusal=True)


def user_has_a_name(the):
    change(the("eva"), username="")


def user_level_is_known(the):
    change(the("eva"), level=4)


def user_kind_is_known(the):
    change(the("eva"), kind="committee")


def user_only_people_are_active(the):
    change(the("eva"), kind="model")
