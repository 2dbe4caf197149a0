"""Record in the audit trail what it did not contain, as it is on the day of the upgrade.

From now on, the trail records the ECG of each reading, and classes, protocols, reports and accounts
are compared with their events. Nothing proves earlier states of existing rows: their events
(``audit.recorded``) only cover later changes. The formulas are those of
``annotations.services.integrity`` when this migration was written; a test compares them.
"""

import json

from django.db import migrations
from django.utils import timezone

from ecgreview import (hash_chain)

WHY = "Older than this record; as it stood on the day of the upgrade."
AT_ONCE = 500

# The worker computes these again and records them.
CONSENSUS_IS_DUE = """
update annotations_batch b set consensus_is_due = true
 where b.closed_at is not null and b.purpose not in ('practice', 'qualification')
   and exists (select from annotations_consensus c where c.study_id = b.study_id);
"""

REPORT = (
    *("study_id", "batch_id", "number", "taxonomy_id", "protocol_version", "method_version"),
    *("inputs_digest", "computed_at", "n_readings", "results"),
)
TAXONOMY = ("name", "version", "status", "banner", "banner_pt")
GROUP = ("code", "name", "name_pt", "position")
CLASS = (
    *("group__code", "code", "abbreviation", "position", "name", "name_pt", "definition"),
    *("definition_pt", "is_exclusive", "codes", "evidence", "sources", "note"),
)
RELATION = ("source__code", "target__code", "kind")


def record(apps, schema_editor):
    AuditEvent = apps.get_model("annotations", "AuditEvent")
    now, events = timezone.now(), []
    for kind, pk, study, after in _found(apps):
        events.append(
            AuditEvent(
                at=now,
                action="audit.recorded",
                study_id=study,
                object_type=kind,
                object_id=str(pk),
                after=hash_chain.canonical_json(after),
                reason=WHY,
            )
        )
        if len(events) == AT_ONCE:
            AuditEvent.objects.bulk_create(events)
            events = []
    AuditEvent.objects.bulk_create(events)


def _found(apps):
    yield from _readings(apps)
    yield from _taxonomies(apps)
    yield from _protocols(apps)
    for report in apps.get_model("annotations", "AgreementReport").objects.values("pk", *REPORT):
        pk = report.pop("pk")
        yield "agreementreport", pk, report["study_id"], {"digest": hash_chain.content_digest(report)}
    for user in apps.get_model("annotations", "User").objects.prefetch_related("groups"):
        yield "user", user.pk, None, {
            "roles": sorted(group.name for group in user.groups.all()),
            "is_active": user.is_active,
            "is_staff": user.is_staff,
            "is_superuser": user.is_superuser,
        }


def _readings(apps):
    """Record for each reading the ECG that it belongs to now."""
    AuditEvent = apps.get_model("annotations", "AuditEvent")
    Tracing = apps.get_model("annotations", "Tracing")
    readings = apps.get_model("annotations", "Reading").objects.select_related(
        "assignment__batch", "assignment__exam"
    )
    submitted = AuditEvent.objects.filter(action="reading.submitted", object_type="reading")
    last = 0
    while block := list(readings.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = block[-1].pk
        ids = [str(reading.pk) for reading in block]
        contents = {
            event.object_id: _digest(event.after) for event in submitted.filter(object_id__in=ids)
        }
        exams = {reading.assignment.exam_id for reading in block}
        hashes = {}
        rows = Tracing.objects.filter(exam__in=exams).order_by("exam", "position")
        for exam, content_hash in rows.values_list("exam", "content_hash"):
            hashes.setdefault(exam, []).append(content_hash)
        for reading in block:
            tracings = hashes.get(reading.assignment.exam_id, [])
            study = reading.assignment.batch.study_id
            content = contents.get(str(reading.pk))
            yield "reading", reading.pk, study, _bound(reading, content, tracings)


def _bound(reading, content, tracings):
    assignment, key = reading.assignment, reading.idempotency_key
    exam = assignment.exam
    given = {
        "assignment": assignment.pk,
        "study": assignment.batch.study_id,
        "batch": assignment.batch_id,
        "exam": exam.code,
        "reader": assignment.reader_id,
        "occurrence": assignment.occurrence,
        "arm": assignment.arm,
    }
    seen = {
        "code": exam.code,
        "age_years": exam.age_years,
        "sex": exam.sex,
        "tracings": tracings,
    }
    parts = {
        "content": content,
        "given": hash_chain.content_digest({"key": key, **given}),
        "exam": hash_chain.content_digest({"key": key, **seen}),
    }
    return {**parts, "version": 2, "digest": hash_chain.content_digest({"version": 2, **parts})}


def _digest(after):
    return json.loads(after).get("digest")


def _taxonomies(apps):
    of = {name: apps.get_model("annotations", name).objects for name in (
        "DiagnosticGroup", "DiagnosticClass", "ClassRelation")}  # fmt: skip
    for row in apps.get_model("annotations", "Taxonomy").objects.order_by("pk"):
        groups = of["DiagnosticGroup"].filter(taxonomy=row).order_by("position")
        classes = of["DiagnosticClass"].filter(taxonomy=row).order_by("position")
        relations = of["ClassRelation"].filter(source__taxonomy=row).order_by(*RELATION)
        content = {
            "taxonomy": [getattr(row, name) for name in TAXONOMY],
            "groups": [list(one) for one in groups.values_list(*GROUP)],
            "classes": [list(one) for one in classes.values_list(*CLASS)],
            "relations": [list(one) for one in relations.values_list(*RELATION)],
        }
        yield "taxonomy", row.pk, None, {"digest": hash_chain.content_digest(content)}


def _protocols(apps):
    """Record protocol versions that are older than the trail and have no event."""
    AuditEvent = apps.get_model("annotations", "AuditEvent")
    opened = set(
        AuditEvent.objects.filter(action="study.opened").values_list("object_id", flat=True)
    )
    amended = set(
        AuditEvent.objects.filter(action="study.amended").values_list("object_id", flat=True)
    )
    for version in apps.get_model("annotations", "ProtocolVersion").objects.order_by("pk"):
        is_known = str(version.pk) in amended or (
            version.version == 1 and str(version.study_id) in opened
        )
        if not is_known:
            yield "protocolversion", version.pk, version.study_id, {"digest": version.digest}


class Migration(migrations.Migration):
    dependencies = [("annotations", "0033_vouching")]

    operations = [
        migrations.RunPython(record, migrations.RunPython.noop),
        migrations.RunSQL(CONSENSUS_IS_DUE, migrations.RunSQL.noop),
    ]
