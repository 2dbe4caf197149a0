"""Preloading: gunicorn imports the site before it forks, without opening connections."""

import ast
import subprocess
import sys

from ecgreview.local_services.places import REPOSITORY

FIRST_REQUEST = """
import sys, warnings
warnings.filterwarnings("ignore", message="No directory at")
from ecgreview.site import gunicorn
gunicorn.application()
from django.db import connection
from django.test import Client
print(connection.connection is None)
before = set(sys.modules)
print(Client(SERVER_NAME="localhost").get("/livez").status_code)
print([name for name in set(sys.modules) - before if name.startswith("annotations")])
"""


def test_modules_are_imported_before_the_fork_and_connections_opened_after():
    done = subprocess.run(
        [sys.executable, "-c", FIRST_REQUEST], cwd=REPOSITORY, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert [ast.literal_eval(line) for line in done.stdout.splitlines()] == [True, 200, []]
