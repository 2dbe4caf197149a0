"""Violations of the constraints on protocol versions, study readers, study exams, broken glass."""

from __future__ import annotations

from datetime import timedelta

from annotations.models import BreakGlass, ProtocolVersion, StudyExam
from annotations.services.studies import roster
from tests.app.constraints.acts import insert_copy, update_row


def _version(fixture):
    return ProtocolVersion.objects.get(study=fixture("study"))


def _reader(fixture):
    (line,) = roster.join(
        study=fixture("study"), readers=[fixture("ana")], actor=fixture("davi"), now=fixture("now")
    )
    return line


def _glass(fixture):
    return BreakGlass.objects.create(
        study=fixture("study"),
        user=fixture("ana"),
        reason="A reader was harmed.",
        broken_at=fixture("now"),
    )


def protocol_version_once(fixture):
    insert_copy(_version(fixture))


def protocol_version_counts_from_one(fixture):
    insert_copy(_version(fixture), version=0, reason="It was before the first.")


def protocol_amendment_has_a_reason(fixture):
    insert_copy(_version(fixture), version=2)


def protocol_version_is_immutable(fixture):
    update_row(_version(fixture), reason="On second thoughts")


def glass_breaks_once(fixture):
    insert_copy(_glass(fixture))


def glass_breaks_for_a_reason(fixture):
    update_row(_glass(fixture), reason="")


def study_reader_once(fixture):
    insert_copy(_reader(fixture))


def study_reader_status_is_known(fixture):
    update_row(_reader(fixture), status="asleep")


def study_reader_leaves_for_a_reason(fixture):
    update_row(_reader(fixture), status="withdrawn")


def study_reader_status_after_joining(fixture):
    update_row(_reader(fixture), status_since=fixture("now") - timedelta(seconds=1))


def study_exam_once(fixture):
    insert_copy(StudyExam.objects.create(study=fixture("study"), exam=fixture("make_exam")()))
