"""Recorded protocols, readers, exams, broken glass."""

from __future__ import annotations

from datetime import timedelta

from annotations.models import BreakGlass, ProtocolVersion, StudyExam
from annotations.services.studies import roster
from tests.app.constraints.acts import again, change


def _version(the):
    return ProtocolVersion.objects.get(study=the("study"))


def _reader(the):
    (line,) = roster.join(
        study=the("study"), readers=[the("ana")], actor=the("davi"), now=the("now")
    )
    return line


def _glass(the):
    return BreakGlass.objects.create(
        study=the("study"), user=the("ana"), reason="A reader was harmed.", broken_at=the("now")
    )


def protocol_version_once(the):
    again(_version(the))


def protocol_version_counts_from_one(the):
    again(_version(the), version=0, reason="It was before the first.")


def protocol_amendment_has_a_reason(the):
    again(_version(the), version=2)


def protocol_version_is_immutable(the):
    change(_version(the), reason="On second thoughts")


def glass_breaks_once(the):
    again(_glass(the))


def glass_breaks_for_a_reason(the):
    change(_glass(the), reason="")


def study_reader_once(the):
    again(_reader(the))


def study_reader_status_is_known(the):
    change(_reader(the), status="asleep")


def study_reader_leaves_for_a_reason(the):
    change(_reader(the), status="withdrawn")


def study_reader_status_after_joining(the):
    change(_reader(the), status_since=the("now") - timedelta(seconds=1))


def study_exam_once(the):
    again(StudyExam.objects.create(study=the("study"), exam=the("make_exam")()))
