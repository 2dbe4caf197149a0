"""Revisions after a suggestion: their reason, the decisions, and the viewing time."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0015_abstained_assignments"),
    ]

    operations = [
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("accepted", "Accepted"),
                            ("rejected", "Rejected"),
                            ("uncertain", "Uncertain"),
                        ],
                        max_length=10,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Viewing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.UUIDField(help_text="Made by the desk, so that a repeat counts once."),
                ),
                ("shown_ms", models.PositiveIntegerField()),
                ("told_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="reading",
            name="n_decisions",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="reading",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("suggestion", "The suggestion"),
                    ("second_look", "A second look"),
                    ("slip", "A slip of mine"),
                    ("other", "Another reason"),
                ],
                help_text="Why it was revised.",
                max_length=15,
            ),
        ),
        migrations.AddField(
            model_name="suggestion",
            name="marks",
            field=models.JSONField(
                blank=True, default=dict, help_text="{tracing, text, leads, intervals_s}."
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("reason__in", ["suggestion", "second_look", "slip", "other"]),
                        ("stage", "revised"),
                    ),
                    models.Q(models.Q(("stage", "revised"), _negated=True), ("reason", "")),
                    _connector="OR",
                ),
                name="reading_revision_gives_its_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome", "abstained"), ("stage", "revised"), _negated=True),
                name="reading_revision_is_no_abstention",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="diagnostic_class",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="annotations.diagnosticclass",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="reading",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="decisions",
                to="annotations.reading",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="annotations.suggestionrun",
            ),
        ),
        migrations.AddField(
            model_name="viewing",
            name="exposure",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="viewings",
                to="annotations.exposure",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                fields=("reading", "diagnostic_class"), name="decision_once_per_reading"
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["accepted", "rejected", "uncertain"])),
                name="decision_verdict_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="viewing",
            constraint=models.UniqueConstraint(fields=("key",), name="viewing_key_once"),
        ),
    ]
