from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("annotations", "0038_rights_of_requests")]

    operations = [
        migrations.AddField(
            model_name="importissue",
            name="details",
            field=models.JSONField(
                default=dict, help_text="What was expected and found, by name."
            ),
        ),
        migrations.AlterField(
            model_name="importissue",
            name="reason",
            field=models.TextField(
                blank=True, help_text="In English, of imports before the details."
            ),
        ),
        migrations.AlterField(
            model_name="importissue",
            name="hint",
            field=models.TextField(blank=True, help_text="Likewise."),
        ),
        migrations.RemoveConstraint(model_name="importissue", name="issue_gives_a_reason"),
        migrations.AddConstraint(
            model_name="importissue",
            constraint=models.CheckConstraint(name="issue_has_a_code", condition=~Q(code="")),
        ),
    ]
