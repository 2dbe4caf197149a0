"""Gold exams: exams with a known reference that are hidden among a reader's exams."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from .exam import Exam
from .study import Study


class GoldExam(models.Model):
    """An exam of a study's gold set, with its reference answer.

    Gold exams are outside the exam pool. ``Occurrence.GOLD`` marks their assignments. Triggers
    (migration 0050) keep them out of the pool, give them only to readers of data batches, and give
    none to the same reader twice. Row-level security hides the rows from everybody who reads in the
    study.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="gold_exams")
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="+")
    codes = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    named_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="gold_exam_once", fields=["study", "exam"])]

    def __str__(self) -> str:
        return f"gold exam {self.exam_id} of study {self.study_id}"
