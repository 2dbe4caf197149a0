"""``manage.py verify_audit``: whether the audit trail and all readings are as they were written."""

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
    """Verify everything and print the head to write down."""

    help = "Verify the audit trail and name the first row that is not as it was written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--head", type=_head, metavar="SEQ:DIGEST", help="a head written down earlier"
        )
        parser.add_argument(
            "--since",
            type=_head,
            default=START,
            metavar="SEQ:DIGEST",
            help="begin after this head, up to which all was verified before",
        )
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *, head: Head | None, since: Head, **options: Any) -> None:
        """Verify, tell, and exit with 1 when something is wrong."""
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
        message = f"{text!r} is not SEQ:DIGEST"
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
        return f"{found.fault}\n{found.n_events} events hold before it, up to {found.head}"
    return (
        f"{found.n_events} events and {found.n_readings} readings hold.\n"
        f"Head to write down: {found.head}"
    )
