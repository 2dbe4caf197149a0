"""Link exams that contain the same recording at another rate, gain or name."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("annotations", "0034_recorded_as_it_stands")]

    operations = [
        migrations.AddField(
            "exam",
            "fingerprint",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                null=True,
                size=None,
                help_text="Finds other exams of the same recording; null until it was looked at.",
            ),
        ),
        migrations.AddField(
            "exam",
            "duplicate_of",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="duplicates",
                to="annotations.exam",
                help_text="The exam of the same recording that studies draw instead of this one.",
            ),
        ),
        migrations.AddField(
            "importrun",
            "n_duplicates",
            models.PositiveIntegerField(
                default=0,
                db_default=0,
                help_text="Of those imported, copies of recordings of other exams.",
            ),
        ),
        migrations.AddConstraint(
            "exam",
            models.CheckConstraint(
                name="exam_duplicates_another",
                condition=Q(duplicate_of=None) | ~Q(duplicate_of=F("id")),
            ),
        ),
        migrations.AddIndex(
            "exam",
            django.contrib.postgres.indexes.GinIndex(
                name="exam_fingerprint", fields=["fingerprint"]
            ),
        ),
        migrations.AddIndex(
            "exam",
            models.Index(
                name="exam_not_fingerprinted", fields=["id"], condition=Q(fingerprint=None)
            ),
        ),
    ]
