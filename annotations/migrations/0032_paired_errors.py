"""A new detail of agreement versions: pairs of readers compared with a reference."""

from django.db import migrations, models

KINDS = [
    ("facts", "What is known of the study"),
    ("reader", "A reader held against a reference"),
    ("suggestions", "Suggestions shown and hidden, compared"),
    ("errors", "Pairs of readers held against a reference"),
]


class Migration(migrations.Migration):
    dependencies = [("annotations", "0031_archives")]

    operations = [
        migrations.RemoveConstraint("agreementdetail", "agreement_detail_kind_is_known"),
        migrations.AlterField(
            model_name="agreementdetail",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=11),
        ),
        migrations.AddConstraint(
            model_name="agreementdetail",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", [kind for kind, _ in KINDS])),
                name="agreement_detail_kind_is_known",
            ),
        ),
    ]
