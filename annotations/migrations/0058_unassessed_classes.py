"""Consensus counts the readings that have no vote on a class.

Until a consensus is computed again, classes that a reader called not assessable stand for them.
"""

from django.db import migrations, models
from django.db.models import F


def copy(apps, schema_editor):
    apps.get_model("annotations", "Consensus").objects.update(unassessed=F("not_assessable"))


class Migration(migrations.Migration):
    dependencies = [("annotations", "0057_scoring_guards")]

    operations = [
        migrations.AddField(
            model_name="consensus",
            name="unassessed",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="How many readable readings and adjudications have no vote on each class.",
            ),
        ),
        migrations.RunPython(copy, migrations.RunPython.noop),
    ]
