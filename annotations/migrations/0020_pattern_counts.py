"""The counts of response patterns, versions of the agreement, and the runs that compute it.

Earlier results are deleted and computed again from the readings: see migration 0021.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

# Migrating back restores the policy of the old table, because migration 0008 removes it.
PROTECT_AGAIN = """
grant select on annotations_agreementreport to ecg_manager;
alter table annotations_agreementreport enable row level security;
create policy blinding_23_ecg_manager_select on annotations_agreementreport
    for select to ecg_manager
    using (batch_id = any ((select row_security_open_agreement())::bigint[]));
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0019_attempts_at_results")]

    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, PROTECT_AGAIN),
        migrations.DeleteModel("AgreementReport"),
        migrations.RemoveField("batch", "n_agreement_attempts"),
        migrations.CreateModel(
            name="AgreementReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("protocol_version", models.PositiveSmallIntegerField()),
                ("method_version", models.CharField(max_length=20)),
                (
                    "inputs_digest",
                    models.CharField(help_text="SHA-256 of all that was counted.", max_length=64),
                ),
                ("computed_at", models.DateTimeField()),
                ("checked_at", models.DateTimeField()),
                ("n_readings", models.PositiveIntegerField()),
                ("results", models.JSONField()),
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreement_reports",
                        to="annotations.batch",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreement_reports",
                        to="annotations.study",
                    ),
                ),
                (
                    "taxonomy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.taxonomy",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AgreementRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                (
                    "changed_at",
                    models.DateTimeField(help_text="When the counts last changed.", null=True),
                ),
                ("n_changes", models.PositiveIntegerField(default=0)),
                ("n_attempts", models.PositiveIntegerField(default=0)),
                ("started_at", models.DateTimeField(help_text="The last attempt.", null=True)),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("counting", "Counting new readings"),
                            ("computing", "Computing"),
                            ("storing", "Storing the report"),
                            ("done", "Done"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("n_done", models.PositiveIntegerField(default=0)),
                ("n_total", models.PositiveIntegerField(default=0)),
                ("cancelled_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "failure",
                    models.TextField(blank=True, help_text="Why the last attempt came to no end."),
                ),
                (
                    "n_repaired",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Counts that a full recount had to set right before it.",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="agreement_runs",
                        to="annotations.batch",
                    ),
                ),
                (
                    "cancelled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="annotations.agreementreport",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        help_text="Nobody: the readings changed.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="agreement_runs",
                        to="annotations.study",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ExamPattern",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "readers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="Who could read it, sorted.",
                        size=None,
                    ),
                ),
                ("states", models.JSONField(default=dict, help_text="{class: digits}")),
                ("n_unreadable", models.PositiveSmallIntegerField(default=0)),
                ("n_abstained", models.PositiveSmallIntegerField(default=0)),
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotations.batch",
                    ),
                ),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotations.exam",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotations.study",
                    ),
                ),
                (
                    "taxonomy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.taxonomy",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PatternCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "readers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("pattern", models.TextField(help_text="A digit for each reader, never all 1.")),
                ("n_exams", models.IntegerField()),
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotations.batch",
                    ),
                ),
                (
                    "diagnostic_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.diagnosticclass",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotations.study",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReaderSetCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "readers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("n_exams", models.IntegerField()),
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotations.batch",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotations.study",
                    ),
                ),
                (
                    "taxonomy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.taxonomy",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UncountedExam",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("n_attempts", models.PositiveSmallIntegerField(db_default=0, default=0)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uncounted",
                        to="annotations.batch",
                    ),
                ),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotations.exam",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="agreementreport",
            constraint=models.UniqueConstraint(
                fields=("study", "batch", "number"),
                name="agreement_number_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementreport",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1)), name="agreement_number_counts_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementreport",
            constraint=models.CheckConstraint(
                condition=models.Q(("results", {}), _negated=True), name="agreement_has_results"
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("finished_at", None)),
                fields=("study", "batch"),
                name="agreement_run_unfinished_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stage__in", ["waiting", "counting", "computing", "storing", "done"])
                ),
                name="agreement_run_stage_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cancelled_at", None), ("cancelled_by", None)),
                    models.Q(("cancelled_at__isnull", False), ("cancelled_by__isnull", False)),
                    _connector="OR",
                ),
                name="agreement_run_cancelled_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("n_done__lte", models.F("n_total"))),
                name="agreement_run_does_what_there_is",
            ),
        ),
        migrations.AddConstraint(
            model_name="exampattern",
            constraint=models.UniqueConstraint(
                fields=("study", "batch", "exam"), name="exam_pattern_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="patterncount",
            constraint=models.UniqueConstraint(
                fields=("study", "batch", "diagnostic_class", "readers", "pattern"),
                name="pattern_count_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="patterncount",
            constraint=models.CheckConstraint(
                condition=models.Q(("n_exams__gte", 1)), name="pattern_count_has_exams"
            ),
        ),
        migrations.AddConstraint(
            model_name="patterncount",
            constraint=models.CheckConstraint(
                condition=models.Q(("pattern__regex", "^[012]+$")),
                name="pattern_is_of_known_states",
            ),
        ),
        migrations.AddConstraint(
            model_name="patterncount",
            constraint=models.CheckConstraint(
                condition=models.Q(("pattern__regex", "^1+$"), _negated=True),
                name="pattern_is_not_all_absent",
            ),
        ),
        migrations.AddConstraint(
            model_name="patterncount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("readers__len", django.db.models.functions.text.Length("pattern"))
                ),
                name="pattern_has_a_state_for_each_reader",
            ),
        ),
        migrations.AddConstraint(
            model_name="readersetcount",
            constraint=models.UniqueConstraint(
                fields=("study", "batch", "taxonomy", "readers"),
                name="reader_set_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="readersetcount",
            constraint=models.CheckConstraint(
                condition=models.Q(("readers__len", 0), _negated=True),
                name="reader_set_has_readers",
            ),
        ),
        migrations.AddConstraint(
            model_name="readersetcount",
            constraint=models.CheckConstraint(
                condition=models.Q(("n_exams__gte", 1)), name="reader_set_has_exams"
            ),
        ),
        migrations.AddIndex(
            model_name="uncountedexam",
            index=models.Index(fields=["n_attempts", "id"], name="uncounted_exam_next"),
        ),
    ]
