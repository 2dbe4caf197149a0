"""An index on the latest readings of a reader, because many pages show their pace."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotations", "0010_mapping_keeps")]

    operations = [
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(fields=["reader", "-id"], name="reading_latest"),
        ),
    ]
