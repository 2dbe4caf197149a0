"""``manage.py leak_probe``: test that readers learn nothing about each other's work."""

from __future__ import annotations

import json
import logging
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.test.utils import (
    override_settings,
    setup_test_environment,
    teardown_test_environment,
)
from django.utils import timezone

from annotations import leak_probe

PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


class Command(BaseCommand):
    help = (
        "Run the same sessions in two worlds that differ only in other people's work, compare "
        "every response byte for byte, and report. The site's data are not used: the probe "
        "creates a separate database (which needs CREATEDB) and drops it afterwards. Exit code 1 "
        "if any response differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--requests",
            type=int,
            default=10_000,
            help="minimum requests per world; default: 10000",
        )
        parser.add_argument(
            "--seed",
            type=int,
            default=66,
            help="random seed; the same seed draws the same sessions",
        )
        parser.add_argument(
            "--report", type=Path, help="also write the report to this file (.json or text)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("django.request").setLevel(logging.CRITICAL)
        report = self._conduct(options)
        text = report.as_text()
        self.stdout.write(text)
        if path := options["report"]:
            as_json = json.dumps(report.as_dict(), indent=2, ensure_ascii=False)
            path.write_text(as_json if path.suffix == ".json" else text, encoding="utf-8")
        if report.n_leaks:
            raise CommandError(f"{report.n_leaks} differences: blinding does not hold.")

    def _conduct(self, options: dict[str, Any]) -> leak_probe.Report:
        ours = str(connection.settings_dict["NAME"])
        connection.settings_dict["TEST"]["NAME"] = f"leak_probe_{secrets.token_hex(4)}"
        setup_test_environment(debug=False)
        try:
            connection.creation.create_test_db(verbosity=0, autoclobber=True)
        except (DatabaseError, SystemExit) as error:
            teardown_test_environment()
            raise CommandError(
                "The probe could not create its database. Grant the right for the run: "
                "ALTER ROLE ecg_owner CREATEDB."
            ) from error
        try:
            # Hashed names of static files are fixed when the site is built and need no probe.
            with override_settings(STORAGES={**settings.STORAGES, "staticfiles": PLAIN}):
                world = leak_probe.build(timezone.now())
                return leak_probe.conduct(
                    world,
                    n_requests=options["requests"],
                    seed=options["seed"],
                    on_progress=self._print,
                )
        finally:
            connection.creation.destroy_test_db(ours, verbosity=0)
            teardown_test_environment()

    def _print(self, text: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(text)
