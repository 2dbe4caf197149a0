"""Idempotency keys are unique per reader, so nobody can find out whether somebody else used one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotations", "0024_details_taken_over")]

    operations = [
        migrations.RemoveConstraint("reading", "reading_key_once"),
        migrations.AddConstraint(
            "reading",
            models.UniqueConstraint(
                fields=["reader", "idempotency_key"], name="reading_key_once_per_reader"
            ),
        ),
        migrations.RemoveConstraint("viewing", "viewing_key_once"),
        migrations.AddConstraint(
            "viewing",
            models.UniqueConstraint(
                fields=["exposure", "key"], name="viewing_key_once_per_exposure"
            ),
        ),
    ]
