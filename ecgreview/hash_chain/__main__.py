"""``python -m ecgreview.hash_chain FILE``: verify an exported audit trail without the database."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import files
from .entry import Head, MalformedHead, head
from .verification import Verdict, verify


def main(arguments: list[str] | None = None) -> int:
    """Verify the file and print the result; return 0 if intact, 1 if not, 2 if unreadable."""
    chosen = _parser().parse_args(arguments)
    try:
        verdict = verify(files.read(chosen.file), expected=chosen.head, has_gaps=chosen.extract)
    except (files.MalformedFile, OSError) as error:
        print(f"{chosen.file}: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print(_message(verdict, as_json=chosen.json))  # noqa: T201
    return 0 if verdict.fault is None else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ecgreview.hash_chain", description=__doc__)
    parser.add_argument("file", type=Path, help="a CSV or JSON Lines file of export_audit")
    parser.add_argument("--head", type=_head, metavar="SEQ:DIGEST", help="a head recorded earlier")
    parser.add_argument(
        "--extract", action="store_true", help="the file is a selection: rows may be left out"
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    return parser


def _head(text: str) -> Head:
    try:
        return head(text)
    except MalformedHead as error:
        message = f"{text!r} is not SEQ:DIGEST"
        raise argparse.ArgumentTypeError(message) from error


def _message(verdict: Verdict, *, as_json: bool) -> str:
    fault = verdict.fault
    if as_json:
        return json.dumps(
            {
                "holds": fault is None,
                "n_events": verdict.n_events,
                "head": str(verdict.head),
                "fault": None if fault is None else {"kind": fault.kind, "seq": fault.seq,
                                                     "event": fault.event, "text": str(fault)},
            }
        )  # fmt: skip
    summary = f"{verdict.n_events} events are intact, up to {verdict.head}"
    return summary if fault is None else f"{fault}\n{summary}"


if __name__ == "__main__":
    sys.exit(main())
