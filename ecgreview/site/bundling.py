"""Bundles of our scripts and styles, built with esbuild: each entry file with its imports."""

from __future__ import annotations

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = REPOSITORY / "static"
# Our own files below static; files of third parties stay unchanged.
FOLDERS = ("js", "css")

OPTIONS = (
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2022",
    "--charset=utf8",
    "--log-level=warning",
    "--outbase=.",
    "--external:*.svg",  # keep their addresses: collectstatic replaces them
)


class Unbundled(Exception):
    """esbuild rejected a file; the message is esbuild's and names file and line."""


def program() -> Path | None:
    """Return the path of esbuild for this machine, or None if npm has not installed it."""
    programs = sorted((REPOSITORY / "node_modules" / "@esbuild").glob("*/bin/esbuild"))
    return programs[0] if programs else None


def bundle(esbuild: Path, into: Path, sources: Path | None = None) -> None:
    """Bundle every script and style sheet of ``sources``, by default ours, into folder ``into``.

    Raises:
        Unbundled: a module imports a missing file, or is not valid JavaScript.
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
