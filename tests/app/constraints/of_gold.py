"""Violations of the constraints on gold exams."""

from __future__ import annotations

from annotations.models import Assignment, GoldExam, Occurrence, StudyExam
from tests.app.constraints.acts import insert_copy


def _gold(fixture):
    return GoldExam.objects.create(
        study=fixture("study"), exam=fixture("make_exam")(), named_by=fixture("davi"),
        named_at=fixture("now"),
    )  # fmt: skip


def _given(fixture):
    """Return the assignment of a gold exam to Ana."""
    gold, own = _gold(fixture), fixture("assign")(fixture("ana"))
    insert_copy(own, exam=gold.exam, occurrence=Occurrence.GOLD, position=2)
    return Assignment.objects.get(exam=gold.exam)


def gold_exam_once(fixture):
    insert_copy(_gold(fixture))


def gold_exam_is_outside_the_pool(fixture):
    StudyExam.objects.create(study=fixture("study"), exam=_gold(fixture).exam)


def gold_exam_stays_once_assigned(fixture):
    GoldExam.objects.filter(exam=_given(fixture).exam).delete()


def gold_assignment_is_of_the_set(fixture):
    own = fixture("assign")(fixture("ana"))
    insert_copy(own, exam=fixture("make_exam")(), occurrence=Occurrence.GOLD, position=2)


def gold_assignment_once_per_reader(fixture):
    given = _given(fixture)
    other = fixture("make_batch")([fixture("make_exam")()], [fixture("ana")])
    insert_copy(given, batch=other, position=2)
