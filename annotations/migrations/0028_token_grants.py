"""Tokens have a name, a scope and a time of last use; existing tokens keep all their rights.

Web requests have no rights to the table; services use it as the owner.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

SCOPES = [
    ("read", "Read only"),
    ("label", "Read, and submit readings"),
    ("full", "Everything you may do"),
]

CASCADE = """
alter table annotations_tokengrant add constraint token_grant_goes_with_its_token
    foreign key (token_id) references knox_authtoken (digest) on delete cascade
"""


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0027_account_mail"),
        ("knox", "0009_extend_authtoken_field"),
        migrations.swappable_dependency(
            getattr(settings, "KNOX_TOKEN_MODEL", "knox.AuthToken")
        ),
    ]

    operations = [
        migrations.CreateModel(
            name="TokenGrant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=60)),
                ("scope", models.CharField(choices=SCOPES, max_length=10)),
                ("last_used_at", models.DateTimeField(null=True)),
                (
                    "token",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="grant",
                        to=getattr(settings, "KNOX_TOKEN_MODEL", "knox.AuthToken"),
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="token_grant_scope_is_known",
                        condition=Q(scope__in=[scope for scope, _ in SCOPES]),
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            CASCADE,
            "alter table annotations_tokengrant drop constraint token_grant_goes_with_its_token",
        ),
        migrations.RunSQL(
            "insert into annotations_tokengrant (token_id, name, scope)"
            " select digest, '', 'full' from knox_authtoken",
            migrations.RunSQL.noop,
        ),
    ]
