"""Request deadlines: a stuck request ends its process, not the site."""

import http.client
import subprocess
import sys
import urllib.request

import pytest

from ecgreview.local_services import service
from ecgreview.local_services.places import REPOSITORY
from ecgreview.site.deadline import WithDeadline
from tests.platform.processes import DEADLINE_SECONDS, eventually


@pytest.fixture
def site(tmp_path):
    """The URL of a gunicorn with one worker process and a deadline of one second."""
    port = service._free_port()
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--no-control-socket",
         "--worker-class", "ecgreview.serving.worker.Worker",
         "tests.platform.slow_site:application()"],
        cwd=REPOSITORY, stdout=log, stderr=log,
    ) as server:  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        assert eventually(lambda: process_of(address) is not None), (tmp_path / "log").read_text()
        yield address
        server.terminate()


def process_of(address: str) -> int | None:
    """Return the ID of the process that answers, or None if none does."""
    try:
        with urllib.request.urlopen(address, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310
            return int(answer.read())
    except (OSError, http.client.HTTPException):
        return None


def test_the_process_of_a_stuck_request_is_replaced(site):
    before = process_of(site)
    with pytest.raises((OSError, http.client.HTTPException)):
        urllib.request.urlopen(f"{site}/stuck", timeout=DEADLINE_SECONDS)  # noqa: S310
    assert eventually(lambda: process_of(site) not in {None, before})


def test_a_request_is_overdue_only_after_its_deadline():
    watched = WithDeadline(lambda environ, start: [], seconds=1e6)
    watched.started_at = {1: 0.0, 2: 5e5}
    assert (watched.overdue(1e6), watched.overdue(1.1e6)) == ([], [1])


def test_an_answered_request_is_not_watched():
    watched = WithDeadline(lambda environ, start: [b"answer"], seconds=1e6)
    assert watched({}, lambda status, headers: None) == [b"answer"]
    assert watched.started_at == {}
