"""A connection to a vanished database fails within seconds."""

import os
import shutil
import subprocess
import sys

import pytest

from ecgreview.local_services.places import REPOSITORY

NETWORK = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "-Urn"]
TIMEOUT_S = 900  # far less than the query's hour, but a busy machine starts services slowly


def can_cut() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*NETWORK, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_cut(), reason="this machine allows no network namespace to cut")
def test_a_cut_connection_is_an_error(tmp_path):
    """Without TCP keepalives, the client would wait for the query, which sleeps for an hour."""
    done = subprocess.run(
        [*NETWORK, sys.executable, "-m", "tests.platform.cut_network", str(tmp_path)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=TIMEOUT_S,
        check=False, env={**os.environ, "DJANGO_SETTINGS_MODULE": "ecgreview.settings"},
    )  # fmt: skip
    assert done.stdout.startswith("OperationalError"), done.stderr
