"""Reject measurements that would be displayed as 0 ms or 0.00 mV.

Submitted readings never change, so only new rows are checked.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Func, Value

NOTHING = " || ".join(
    f'@.kind == "{kind}" && @.value > -{least} && @.value < {least}'
    for kind, least in (("interval", 0.5), ("amplitude", 0.005))
)


class Migration(migrations.Migration):
    dependencies = [("annotations", "0035_same_recordings")]

    operations = [
        AddConstraintNotValid(
            "finding",
            models.CheckConstraint(
                name="finding_measures_something",
                condition=Func(
                    F("measurements"),
                    Value(f"!exists($[*] ? ({NOTHING}))"),
                    function="jsonb_path_match",
                    output_field=models.BooleanField(),
                ),
            ),
        ),
    ]
