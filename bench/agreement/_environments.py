"""Environments for peers that do not go with ours: made for a run, removed after it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def peer_environment(requirement: str, folder: Path) -> Path | None:
    """Make an environment with one package; return its Python, or None when it cannot be had."""
    python = folder / "peer" / "bin" / "python"
    print(f"Installing {requirement} …", flush=True)
    steps = [
        [sys.executable, "-m", "venv", str(folder / "peer")],
        [str(python), "-m", "pip", "install", "--quiet", "--no-input", requirement],
    ]
    for step in steps:
        if subprocess.run(step, check=False, capture_output=True).returncode != 0:
            print(f"{requirement} cannot be installed here (is the registry reachable?): no peer.")
            return None
    return python
