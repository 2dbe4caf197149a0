"""``manage.py verify_audit``: verify the audit trail and all readings."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from annotations.services.verification import heads, trail
from annotations.services.verification.trail import Verification
from ecgreview import hash_chain
from ecgreview.hash_chain import START, Head


class Command(BaseCommand):
    """Verify everything and print the head to record."""

    help = "Verify the audit trail and all readings, and report the first altered row."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--head", type=_head, metavar="SEQ:DIGEST", help="a head recorded earlier"
        )
        parser.add_argument(
            "--since",
            type=_head,
            default=START,
            metavar="SEQ:DIGEST",
            help="start after this head, which was verified earlier",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, head: Head | None, since: Head, **options: Any) -> None:
        """Verify, print the result, and exit with 1 if anything was altered."""
        kept = heads.verify()
        found = kept or trail.verify(after=since, expected=head)
        heads.keep(found, now=timezone.now())
        self.stdout.write(json.dumps(_payload(found)) if options["json"] else _sentences(found))
        if not found.holds:
            sys.exit(1)


def _head(text: str) -> Head:
    try:
        return hash_chain.head(text)
    except hash_chain.MalformedHead as error:
        message = f"{text!r} is not a head. Write it as SEQ:DIGEST."
        raise ArgumentTypeError(message) from error


def _payload(found: Verification) -> dict[str, Any]:
    fault = found.fault
    return {
        "holds": found.holds,
        "n_events": found.n_events,
        "n_readings": found.n_readings,
        "head": str(found.head),
        "fault": fault
        and {
            "kind": fault.kind,
            "seq": fault.seq,
            "event": fault.event,
            "text": str(fault),
        },
    }


def _sentences(found: Verification) -> str:
    if found.fault:
        return f"{found.fault}\n{found.n_events} events before it are intact, up to {found.head}"
    return (
        f"{found.n_events} events and {found.n_readings} readings are intact.\n"
        f"Head to record: {found.head}"
    )
