"""Run the static checks, fast ones first, and stop at the first failure.

Usage: python -m scripts.check [TOOL ...]; by default, all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent
FROM_NPM = REPOSITORY / "node_modules" / ".bin"

CHECKS = [
    ["ruff", "check"],
    ["ruff", "format", "--check"],
    ["lint-imports"],
    ["djlint", "--quiet", "--lint", "templates"],
    ["prettier", "--check", "--log-level=warn", "--cache", "--cache-location=.cache/prettier", "."],
    ["tsc", "--project", "."],
    ["mypy"],
]
# mypy's Django plugin imports the settings but opens no connection.
SETTINGS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "for-the-type-checker-only-0123456789-abcdefghijklmnopqrstuvwxyz",
    "SITE_URL": "https://nowhere.invalid",
}


TOOLS_IN_ORDER = list(dict.fromkeys(tool for tool, *_ in CHECKS))
NPM_TOOLS = {"prettier", "tsc"}
SLOW = "mypy"
QUICK = [tool for tool in TOOLS_IN_ORDER if tool != SLOW]


def main(tools: list[str]) -> int:
    """Run the checks of ``tools``, by default all; return the first nonzero exit code."""
    environment = {**os.environ, **SETTINGS}
    for tool, *arguments in CHECKS:
        if tool not in (tools or TOOLS_IN_ORDER):
            continue
        program = (FROM_NPM if tool in NPM_TOOLS else TOOLS) / tool
        if tool in NPM_TOOLS and not program.exists():
            print(f"SKIPPED: {tool}, because npm has not installed it.", flush=True)
            continue
        began = time.monotonic()
        print(f"$ {tool} {' '.join(arguments)}".rstrip(), flush=True)
        done = subprocess.run(
            [str(program), *arguments], cwd=REPOSITORY, env=environment, check=False
        )
        if done.returncode != 0:
            return done.returncode
        print(f"  {time.monotonic() - began:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
