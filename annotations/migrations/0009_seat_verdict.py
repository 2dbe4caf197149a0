"""The result of a qualification, stored in the seat of its reader."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("annotations", "0008_row_level_security")]

    operations = [
        migrations.AddField("seat", "judged_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("seat", "is_passed", models.BooleanField(blank=True, null=True)),
        migrations.AddField(
            "seat",
            "right_share",
            models.FloatField(blank=True, help_text="Exams answered exactly.", null=True),
        ),
        migrations.AddField(
            "seat",
            "micro_f1",
            models.FloatField(blank=True, help_text="Over all cells of the set.", null=True),
        ),
        migrations.AddConstraint(
            "seat",
            models.CheckConstraint(
                name="seat_verdict_is_whole",
                condition=Q(judged_at=None, is_passed=None, right_share=None, micro_f1=None)
                | Q(
                    judged_at__isnull=False,
                    is_passed__isnull=False,
                    right_share__gte=0,
                    right_share__lte=1,
                    micro_f1__gte=0,
                    micro_f1__lte=1,
                ),
            ),
        ),
    ]
