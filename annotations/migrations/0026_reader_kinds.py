"""Readers have a kind: people, who vote, and models and references, which are compared only.

All existing readers are people.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotations", "0025_keys_per_reader")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="kind",
            field=models.CharField(
                choices=[("person", "Person"), ("model", "Model"), ("reference", "Reference")],
                default="person",
                max_length=10,
                verbose_name="kind of reader",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["person", "model", "reference"])),
                name="user_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "person"), ("is_active", False), _connector="OR"),
                name="user_only_people_are_active",
            ),
        ),
    ]
