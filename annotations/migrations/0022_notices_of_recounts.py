"""Notices about recounts: what they corrected, and that one failed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0021_pattern_count_guards"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="notice",
            name="notice_kind_is_known",
        ),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("batch_released", "Exams wait for you"),
                    ("batch_due", "A batch is due soon"),
                    ("batch_overdue", "A batch is overdue"),
                    ("exams_reassigned", "Exams were given to you"),
                    ("reader_paused", "Your reading is paused"),
                    ("reader_resumed", "Your reading goes on"),
                    ("reader_withdrawn", "Your reading in a study has ended"),
                    ("qualification_passed", "You passed the qualification"),
                    ("qualification_failed", "The qualification was not passed"),
                    ("study_locked", "A study was locked"),
                    ("audit_broken", "The audit trail does not verify"),
                    ("counts_repaired", "Counts behind an agreement were set right"),
                    ("recount_failed", "A nightly recount came to no end"),
                ],
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "batch_released",
                            "batch_due",
                            "batch_overdue",
                            "exams_reassigned",
                            "reader_paused",
                            "reader_resumed",
                            "reader_withdrawn",
                            "qualification_passed",
                            "qualification_failed",
                            "study_locked",
                            "audit_broken",
                            "counts_repaired",
                            "recount_failed",
                        ],
                    )
                ),
                name="notice_kind_is_known",
            ),
        ),
    ]
