"""The latest readings of a reader are found where they are: their pace is asked on every page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotations", "0010_mapping_keeps")]

    operations = [
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(fields=["reader", "-id"], name="reading_latest"),
        ),
    ]
