"""Exams have the official split of their source."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotations", "0059_consensus_scope")]

    operations = [
        migrations.AddField(
            model_name="exam",
            name="official_split",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text='Split of the source that releases keep, such as "test".',
                max_length=40,
            ),
        ),
    ]
