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
    help = "Verify the audit trail and all readings, and report the first altered row."

    def add_arguments(self, parser: ArgumentParser) -> None:
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
        """Exit with 1 if anything was altered."""
        fault_of_head = heads.verify()
        result = fault_of_head or trail.verify(after=since, expected=head)
        heads.keep(result, now=timezone.now())
        self.stdout.write(json.dumps(_payload(result)) if options["json"] else _sentences(result))
        if not result.holds:
            sys.exit(1)


def _head(text: str) -> Head:
    try:
        return hash_chain.head(text)
    except hash_chain.MalformedHead as error:
        message = f"{text!r} is not a head. Write it as SEQ:DIGEST."
        raise ArgumentTypeError(message) from error


def _payload(result: Verification) -> dict[str, Any]:
    fault = result.fault
    return {
        "holds": result.holds,
        "n_events": result.n_events,
        "n_readings": result.n_readings,
        "head": str(result.head),
        "fault": fault
        and {
            "kind": fault.kind,
            "seq": fault.seq,
            "event": fault.event,
            "text": str(fault),
        },
    }


def _sentences(result: Verification) -> str:
    if result.fault:
        return f"{result.fault}\n{result.n_events} events before it are intact, up to {result.head}"
    return (
        f"{result.n_events} events and {result.n_readings} readings are intact.\n"
        f"Head to record: {result.head}"
    )
