"""Studies remember what their whole consensus depends on, so that it is compared in parts."""

import django.db.models.deletion
from django.db import migrations, models

# Neither role has a right to it: it would reveal that others have read.
CLOSED = "alter table annotations_consensusscope enable row level security"


class Migration(migrations.Migration):
    dependencies = [("annotations", "0058_unassessed_classes")]

    operations = [
        migrations.CreateModel(
            name="ConsensusScope",
            fields=[
                (
                    "study",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="annotations.study",
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.AddConstraint(
            model_name="consensusscope",
            constraint=models.CheckConstraint(
                condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")),
                name="consensus_scope_is_a_digest",
            ),
        ),
        migrations.RunSQL(CLOSED, migrations.RunSQL.noop),
    ]
