"""A detail that equals that of an earlier version refers to the earlier row."""

import django.db.models.deletion
from django.db import migrations, models

HOLDS = models.Q(
    ("results__isnull", False),
    ("taken_from", None),
    models.Q(("results", {}), _negated=True),
)
NAMES = models.Q(("results__isnull", True), ("taken_from__isnull", False))


class Migration(migrations.Migration):
    dependencies = [("annotations", "0023_agreement_details")]

    operations = [
        migrations.RemoveConstraint("agreementdetail", "agreement_detail_has_results"),
        migrations.AddField(
            model_name="agreementdetail",
            name="taken_from",
            field=models.ForeignKey(
                help_text="The detail of an earlier version that holds the same results.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="annotations.agreementdetail",
            ),
        ),
        migrations.AlterField(
            model_name="agreementdetail", name="results", field=models.JSONField(null=True)
        ),
        migrations.AddConstraint(
            model_name="agreementdetail",
            constraint=models.CheckConstraint(
                condition=models.Q(HOLDS, NAMES, _connector="OR"),
                name="agreement_detail_has_results",
            ),
        ),
    ]
