"""E-mails about accounts: a row says what is due; the worker creates the link and sends the e-mail.

Web requests have no rights to the table; services use it as the owner.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

KINDS = [
    ("invitation", "Invitation"),
    ("new_password", "Link for a new password"),
    ("forgotten_password", "Forgotten password"),
]
FAILURES = [
    ("refused", "the mail server does not take mail for this address"),
    ("no_answer", "the mail server could not be reached"),
]


class Migration(migrations.Migration):
    dependencies = [("annotations", "0026_reader_kinds")]

    operations = [
        migrations.CreateModel(
            name="AccountMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                (
                    "address",
                    models.EmailField(
                        blank=True,
                        help_text="As typed, until it is known whose it is.",
                        max_length=254,
                    ),
                ),
                ("language", models.CharField(max_length=10)),
                (
                    "expires_at",
                    models.DateTimeField(
                        help_text="When the link of an invitation ends.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("n_attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "accepted_at",
                    models.DateTimeField(help_text="When the mail server took it.", null=True),
                ),
                ("failed_at", models.DateTimeField(null=True)),
                ("failure", models.CharField(blank=True, choices=FAILURES, max_length=10)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="account_mails",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="account_mail_kind_is_known",
                        condition=Q(kind__in=[kind for kind, _ in KINDS]),
                    ),
                    models.CheckConstraint(
                        name="account_mail_fails_for_a_reason",
                        condition=Q(failed_at=None, failure="")
                        | Q(
                            failed_at__isnull=False, failure__in=[failure for failure, _ in FAILURES]
                        ),
                    ),
                    models.CheckConstraint(
                        name="account_mail_ends_once",
                        condition=Q(accepted_at=None) | Q(failed_at=None),
                    ),
                    models.CheckConstraint(
                        name="account_mail_has_a_person_or_an_address",
                        condition=Q(user__isnull=False, address="")
                        | Q(user=None, kind="forgotten_password") & ~Q(address=""),
                    ),
                ],
                "indexes": [
                    models.Index(
                        name="account_mail_waiting",
                        fields=["due_at"],
                        condition=Q(accepted_at=None, failed_at=None),
                    ),
                ],
            },
        ),
    ]
