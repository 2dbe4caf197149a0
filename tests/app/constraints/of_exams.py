"""Violations of the constraints on data sets, patients, exams, tracings, imports and users."""

from __future__ import annotations

from datetime import timedelta

from annotations.models import ImportIssue, ImportRun, Patient
from tests.app.constraints.acts import insert_copy, update_row


def dataset_name_once(fixture):
    insert_copy(fixture("dataset"))


def dataset_has_a_name(fixture):
    update_row(fixture("dataset"), name="")


def patient_once(fixture):
    insert_copy(Patient.objects.create(dataset=fixture("dataset"), pseudonym="p7"))


def exam_code_once(fixture):
    insert_copy(fixture("make_exam")(), source_key="another", content_hash="another")


def exam_source_key_once(fixture):
    insert_copy(fixture("make_exam")(), code="ANOTHER2", content_hash="another")


def exam_content_once(fixture):
    insert_copy(fixture("make_exam")(), code="ANOTHER2", source_key="another")


def exam_day_is_of_a_patient(fixture):
    update_row(fixture("make_exam")(), patient_day=3)


def exam_history_is_kept(fixture):
    exam = fixture("make_exam")()
    fixture("make_batch")([exam])
    exam.assignments.first().batch.study.batches.update(prior_exam="shown")
    update_row(exam, patient=Patient.objects.create(dataset=fixture("dataset"), pseudonym="p8"))


def exam_age_is_human(fixture):
    update_row(fixture("make_exam")(), age_years=131)


def exam_duplicates_another(fixture):
    exam = fixture("make_exam")()
    update_row(exam, duplicate_of=exam)


def exam_sex_is_known(fixture):
    update_row(fixture("make_exam")(), sex="X")


def tracing_position_once(fixture):
    insert_copy(fixture("make_exam")().tracings.get())


def tracing_is_one_of_four(fixture):
    update_row(fixture("make_exam")().tracings.get(), position=5)


def tracing_has_samples(fixture):
    update_row(fixture("make_exam")().tracings.get(), n_samples=0)


def import_ends_after_it_starts(fixture):
    ImportRun.objects.create(
        dataset=fixture("dataset"),
        source="/data",
        started_at=fixture("now"),
        finished_at=fixture("now") - timedelta(seconds=1),
    )


def issue_has_a_code(fixture):
    run = ImportRun.objects.create(
        dataset=fixture("dataset"), source="/data", started_at=fixture("now")
    )
    ImportIssue.objects.create(run=run, file="a.hea", code="", is_refusal=True)


def user_has_a_name(fixture):
    update_row(fixture("eva"), username="")


def user_level_is_known(fixture):
    update_row(fixture("eva"), level=4)


def user_kind_is_known(fixture):
    update_row(fixture("eva"), kind="committee")


def user_only_people_are_active(fixture):
    update_row(fixture("eva"), kind="model")
