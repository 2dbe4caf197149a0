"""Environments for peers whose dependencies conflict with ours; deleted after the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def peer_environment(requirement: str, folder: Path) -> Path | None:
    """Create an environment with one package; return its Python, or None if that fails."""
    python = folder / "peer" / "bin" / "python"
    print(f"Installing {requirement} …", flush=True)
    steps = [
        [sys.executable, "-m", "venv", str(folder / "peer")],
        [str(python), "-m", "pip", "install", "--quiet", "--no-input", requirement],
    ]
    for step in steps:
        if subprocess.run(step, check=False, capture_output=True).returncode != 0:
            print(f"{requirement} cannot be installed here (is the registry reachable?); skipped.")
            return None
    return python
