"""Record the kind of each account in the audit trail, because it decides whether the account votes.

Existing models and references are recorded as they are on the day of the upgrade.
"""

from django.db import migrations
from django.utils import timezone

from ecgreview import (hash_chain)

WHY = "Older than this record; as it stood on the day of the upgrade."


def record(apps, schema_editor):
    AuditEvent = apps.get_model("annotations", "AuditEvent")
    changes = AuditEvent.objects.filter(action="people.changed", object_type="user")
    known = set(changes.filter(after__contains='"kind"').values_list("object_id", flat=True))
    others = apps.get_model("annotations", "User").objects.exclude(kind="person").order_by("pk")
    AuditEvent.objects.bulk_create(
        AuditEvent(
            at=timezone.now(),
            action="audit.recorded",
            object_type="user",
            object_id=str(user.pk),
            after=hash_chain.canonical_json({"kind": user.kind}),
            reason=WHY,
        )
        for user in others
        if str(user.pk) not in known
    )


class Migration(migrations.Migration):
    dependencies = [("annotations", "0036_measurements_measure")]

    operations = [migrations.RunPython(record, migrations.RunPython.noop)]
