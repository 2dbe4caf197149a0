"""Our scripts and styles as they are sent: esbuild writes what each imports into one file."""

from __future__ import annotations

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = REPOSITORY / "static"
FOLDERS = ("js", "css")
"""Where our own files lie below static; those of others stay as they are."""

OPTIONS = (
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2022",
    "--charset=utf8",
    "--log-level=warning",
    "--outbase=.",
    "--external:*.svg",  # named by their addresses, which collectstatic hashes
)


class Unbundled(Exception):
    """esbuild refused a file; the message is its own and names file and line."""


def program() -> Path | None:
    """Return esbuild as npm installed it for this machine, None where npm did not."""
    found = sorted((REPOSITORY / "node_modules" / "@esbuild").glob("*/bin/esbuild"))
    return found[0] if found else None


def bundle(esbuild: Path, into: Path, sources: Path | None = None) -> None:
    """Write every script and style sheet of ``sources``, by default ours, below ``into``.

    Raises:
        Unbundled: a module imports what there is not, or is no JavaScript.
    """
    sources = sources or SOURCES
    files = [
        path.relative_to(sources).as_posix()
        for folder in FOLDERS
        for path in sorted((sources / folder).rglob("*"))
        if path.suffix in (".js", ".css")
    ]
    done = subprocess.run(
        [str(esbuild), *files, *OPTIONS, f"--outdir={into}"],
        cwd=sources,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Unbundled(done.stderr.strip())
