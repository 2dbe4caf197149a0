"""A database that vanishes is an error within seconds, not a request that hangs."""

import os
import shutil
import subprocess
import sys

import pytest

from ecgreview.local_services.places import REPOSITORY

NETWORK = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "-Urn"]
FAR_BELOW_THE_QUERY_SECONDS = 900  # a busy machine starts the services slowly


def can_cut() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*NETWORK, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_cut(), reason="this machine allows no network namespace to cut")
def test_a_cut_connection_is_an_error(tmp_path):
    """The query would last an hour; without our keepalives the client waits for all of it."""
    done = subprocess.run(
        [*NETWORK, sys.executable, "-m", "tests.platform.cut_network", str(tmp_path)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=FAR_BELOW_THE_QUERY_SECONDS,
        check=False, env={**os.environ, "DJANGO_SETTINGS_MODULE": "ecgreview.settings"},
    )  # fmt: skip
    assert done.stdout.startswith("OperationalError"), done.stderr
