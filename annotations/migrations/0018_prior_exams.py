"""Comparison with the patient's previous exam, if the protocol allows it.

The trigger raises ``exam_history_is_kept``: once a batch shows previous exams, all readers of an
exam compare with the same one.
"""

from django.db import migrations, models
from django.db.models import Q

KEPT = """
create function exam_keep_history() returns trigger language plpgsql as $$
begin
    if (new.patient_id, new.patient_day) is distinct from (old.patient_id, old.patient_day)
       and exists (select from annotations_assignment a
                     join annotations_batch b on b.id = a.batch_id
                     join annotations_exam e on e.id = a.exam_id
                    where b.prior_exam = 'shown'
                      and (e.id = old.id or e.patient_id in (old.patient_id, new.patient_id))) then
        raise exception 'exam % is compared with the exam before it', old.id
            using errcode = 'check_violation', constraint = 'exam_history_is_kept';
    end if;
    return new;
end $$;

create trigger exam_history_is_kept before update of patient_id, patient_day on annotations_exam
    for each row execute function exam_keep_history();
"""

UNDO_KEPT = """
drop trigger exam_history_is_kept on annotations_exam;
drop function exam_keep_history();
"""

SHOWING = [("hidden", "Not shown"), ("shown", "Shown on request, with the days in between")]


class Migration(migrations.Migration):
    """Whether the previous exam is shown, and the relative day on which an exam was recorded."""

    dependencies = [("annotations", "0017_revision_guards")]

    operations = [
        migrations.AddField(
            "batch",
            "prior_exam",
            models.CharField(choices=SHOWING, default="hidden", max_length=10),
        ),
        migrations.AddField(
            "study",
            "prior_exam",
            models.CharField(choices=SHOWING, default="hidden", max_length=10),
        ),
        migrations.AddField(
            "exam",
            "patient_day",
            models.IntegerField(
                blank=True,
                null=True,
                help_text="Counts from any day of the patient's own: never a date.",
            ),
        ),
        migrations.AddConstraint(
            "batch",
            models.CheckConstraint(
                condition=Q(prior_exam__in=["hidden", "shown"]), name="batch_prior_exam_is_known"
            ),
        ),
        migrations.AddConstraint(
            "study",
            models.CheckConstraint(
                condition=Q(prior_exam__in=["hidden", "shown"]), name="study_prior_exam_is_known"
            ),
        ),
        migrations.AddConstraint(
            "exam",
            models.CheckConstraint(
                condition=Q(patient_day=None) | Q(patient__isnull=False),
                name="exam_day_is_of_a_patient",
            ),
        ),
        migrations.RunSQL(KEPT, UNDO_KEPT),
    ]
