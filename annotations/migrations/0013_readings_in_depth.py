"""Details of a reading: not assessable, signal problems, areas, measurements; abstained, superseded."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0012_roles_again"),
    ]

    operations = [
        migrations.CreateModel(
            name="NotAssessable",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "not assessable",
            },
        ),
        migrations.RemoveConstraint(
            model_name="reading",
            name="reading_once_per_stage",
        ),
        migrations.RemoveConstraint(
            model_name="reading",
            name="reading_quality_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="reading",
            name="reading_of_the_unreadable_is_empty",
        ),
        migrations.AddField(
            model_name="assignment",
            name="deferred_at",
            field=models.DateTimeField(
                blank=True, help_text="When its reader last put it off until the end.", null=True
            ),
        ),
        migrations.AddField(
            model_name="finding",
            name="localisations",
            field=models.JSONField(
                blank=True, default=list, help_text="[{tracing, leads, from_s, to_s}]"
            ),
        ),
        migrations.AddField(
            model_name="finding",
            name="measurements",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="[{kind, tracing, lead, from_s, to_s, value, n_cycles}]; value in ms or mV.",
            ),
        ),
        migrations.AddField(
            model_name="reading",
            name="idle_ms",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="reading",
            name="n_not_assessable",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="reading",
            name="outcome",
            field=models.CharField(
                choices=[("read", "Read"), ("abstained", "Abstained")],
                default="read",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="reading",
            name="problems",
            field=models.JSONField(
                blank=True, default=list, help_text="[{kind, leads}]: why the quality is not good."
            ),
        ),
        migrations.AddField(
            model_name="reading",
            name="supersedes",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="superseded_by",
                to="annotations.reading",
            ),
        ),
        migrations.AddField(
            model_name="reading",
            name="tools",
            field=models.JSONField(
                blank=True, default=dict, help_text="How often each tool was used, by its name."
            ),
        ),
        migrations.AlterField(
            model_name="reading",
            name="quality",
            field=models.CharField(
                blank=True,
                choices=[
                    ("good", "Good"),
                    ("acceptable", "Acceptable"),
                    ("poor", "Poor"),
                    ("unreadable", "Unreadable"),
                ],
                help_text="Blank only of who abstained.",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("deferred_at__isnull", False), ("state", "waiting")),
                fields=["reader", "batch", "deferred_at"],
                name="assignment_deferred",
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Func(
                    models.F("localisations"),
                    models.Value('strict $.type() == "array" && $.size() <= 20'),
                    function="jsonb_path_match",
                    output_field=models.BooleanField(),
                ),
                name="finding_localisations_are_a_short_list",
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Func(
                    models.F("measurements"),
                    models.Value('strict $.type() == "array" && $.size() <= 20'),
                    function="jsonb_path_match",
                    output_field=models.BooleanField(),
                ),
                name="finding_measurements_are_a_short_list",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.UniqueConstraint(
                condition=models.Q(("supersedes", None)),
                fields=("assignment", "stage"),
                name="reading_once_per_stage",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.UniqueConstraint(
                fields=("supersedes",), name="reading_superseded_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["read", "abstained"])),
                name="reading_outcome_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("quality__in", ["good", "acceptable", "poor", "unreadable"]),
                    models.Q(("outcome", "abstained"), ("quality", "")),
                    _connector="OR",
                ),
                name="reading_quality_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("quality", "unreadable"), _negated=True),
                    models.Q(("n_findings", 0), ("n_not_assessable", 0)),
                    _connector="OR",
                ),
                name="reading_of_the_unreadable_is_empty",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "abstained"), _negated=True),
                    models.Q(
                        ("n_findings", 0),
                        ("n_not_assessable", 0),
                        models.Q(("quality", "unreadable"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="reading_of_who_abstained_is_empty",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.CheckConstraint(
                condition=models.Func(
                    models.F("problems"),
                    models.Value('strict $.type() == "array" && $.size() <= 10'),
                    function="jsonb_path_match",
                    output_field=models.BooleanField(),
                ),
                name="reading_problems_are_a_short_list",
            ),
        ),
        migrations.AddField(
            model_name="notassessable",
            name="diagnostic_class",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="annotations.diagnosticclass",
            ),
        ),
        migrations.AddField(
            model_name="notassessable",
            name="reading",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="not_assessable",
                to="annotations.reading",
            ),
        ),
        migrations.AddConstraint(
            model_name="notassessable",
            constraint=models.UniqueConstraint(
                fields=("reading", "diagnostic_class"), name="not_assessable_once_per_reading"
            ),
        ),
    ]
