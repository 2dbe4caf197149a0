"""Archives of exports, created by a worker; only the owner of the tables sees them."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SHA256 = "^[0-9a-f]{64}$"
NO_FILE = (("digest", ""), ("n_bytes", 0), ("state", ""))
READY = models.Q(
    ("digest__regex", SHA256),
    ("failure", ""),
    ("finished_at__isnull", False),
    ("n_bytes__gt", 0),
    ("state__regex", SHA256),
)
UNFINISHED = models.Q(("digest", ""), ("finished_at", None), ("n_bytes", 0), ("state", ""))
FAILED = models.Q(models.Q(("failure", ""), _negated=True), *NO_FILE)

# Neither role has a right to them: services check who asks, and read as the owner.
PROTECT = """
alter table annotations_archive enable row level security;
alter table annotations_archivechunk enable row level security;
-- A file is compressed already.
alter table annotations_archivechunk alter column content set storage external;
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0030_verdicts")]

    operations = [
        migrations.CreateModel(
            name="Archive",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("requested_at", models.DateTimeField()),
                ("n_attempts", models.PositiveSmallIntegerField(default=0)),
                ("started_at", models.DateTimeField(help_text="The last attempt.", null=True)),
                ("n_done", models.PositiveSmallIntegerField(default=0)),
                ("n_total", models.PositiveSmallIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        help_text="Name of the error that ended the last attempt.",
                        max_length=80,
                    ),
                ),
                ("state", models.CharField(blank=True, max_length=64)),
                (
                    "batches",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "digest",
                    models.CharField(blank=True, help_text="SHA-256 of the file.", max_length=64),
                ),
                ("n_bytes", models.PositiveBigIntegerField(default=0)),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="archives",
                        to="annotations.study",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("key",), name="archive_key_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at", None)),
                        fields=("study",),
                        name="archive_unfinished_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(READY, UNFINISHED, FAILED, _connector="OR"),
                        name="archive_ready_is_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ArchiveChunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                (
                    "archive",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chunks",
                        to="annotations.archive",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("archive", "number"), name="archive_chunk_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("content", b""), _negated=True),
                        name="archive_chunk_has_content",
                    ),
                ],
            },
        ),
        migrations.RunSQL(PROTECT, migrations.RunSQL.noop),
    ]
