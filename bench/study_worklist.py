"""How much slower is the next exam with a worklist a thousand times as long?

Measures requests of a reader with 1,000 assignments and of one with 1,000,000, alternately in the
same database. For comparison, the list is sorted and counted for every page, the usual way without
a stored order and counts. Prints times, rows read and ratios; returns 1 if a request takes over 25%
longer with the long list. Run with the services up:
``python -m bench.study_worklist [assignments of the long list]``.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from functools import partial

from bench._site import empty_database

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from annotations.models import Assignment, Dataset, Role, Study, User
from annotations.services.assignment import batches
from annotations.services.people import members
from annotations.services.studies import lifecycle, roster
from annotations.services.taxonomy import versions
from bench import _long_list
from bench._requests import get_page, client_of, elapsed_s
from annotations import row_security
from ecgreview.protocol import Protocol

FEW, MANY = 1_000, 1_000_000
ROUNDS, WARM_UP = 60, 5
MAX_RATIO = 1.25


def main() -> int:
    """Print the table; return 1 if the long list exceeds the limit."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    static_storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**settings.STORAGES, "staticfiles": static_storage}
    with empty_database(), override_settings(ALLOWED_HOSTS=["*"], STORAGES=storages):
        few, many = prepare(n)
        return compare(few, many, n)


def prepare(n: int) -> tuple[User, User]:
    """Return a reader with a short list and one with ``n`` assignments."""
    now = timezone.now()
    dataset = Dataset.objects.create(name="bench", created_at=now)
    owner = members.create(username="owner", roles=[Role.COORDINATOR])
    settings_ = Protocol(name="Bench", taxonomy=str(versions.install(now=now)))
    draft = lifecycle.create(protocol=settings_, created_by=owner, now=now)
    study = lifecycle.open_study(study_id=draft.pk, actor=owner, now=now)
    readers = [members.create(username=name, roles=[Role.READER]) for name in ("few", "many")]
    roster.join(study=study, readers=readers, actor=owner, now=now)
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
    _long_list.exams(dataset, n)
    for reader, size in zip(readers, (FEW, n), strict=True):
        fill(study, owner, reader, size)
    return readers[0], readers[1]


def fill(study: Study, owner: User, reader: User, size: int) -> None:
    now = timezone.now()
    batch = batches.make(study=study, name=str(size), rows=[], created_by=owner, now=now)
    _long_list.assignments(batch, reader, size)
    batches.release(batch_id=batch.pk, actor=owner, now=now)


def compare(few: User, many: User, n: int) -> int:
    print(f"{'':26}{FEW:>12,}{n:>12,}   ratio")
    worst = 0.0
    for name, address in addresses().items():
        short, long = (partial(get_page, client_of(user), address(user)) for user in (few, many))
        worst = max(worst, report_times(name, short, long))
        rows = [n_rows_read(user, address(user)) for user in (few, many)]
        print(f"{'  rows read':26}{rows[0]:>12,}{rows[1]:>12,}")
    naive = [partial(sorted_and_counted, user) for user in (few, many)]
    report_times("sort and count every time", naive[0], naive[1], rounds=5)
    print(f"highest ratio {worst:.2f} x, limit {MAX_RATIO} x")
    return int(worst > MAX_RATIO)


def addresses() -> dict[str, Callable[[User], str]]:
    """Return the requests that a reader makes for one exam."""
    return {
        "worklist page": lambda user: "/worklist/",
        "next exam in the list": lambda user: "/api/assignments/?state=open&limit=1",
        "exam with its next": lambda user: f"/api/assignments/{first_waiting(user)}/",
        "desk page": lambda user: f"/read/{first_waiting(user)}/",
    }


def first_waiting(user: User) -> int:
    waiting = Assignment.objects.filter(reader=user).waiting().order_by("batch", "position")
    return waiting.values_list("pk", flat=True)[0]


def report_times(
    name: str, short: Callable[[], None], long: Callable[[], None], rounds: int = ROUNDS
) -> float:
    """Print both medians, and return the median ratio."""
    # Interleaved, so that other load on the machine affects both alike.
    for _ in range(min(WARM_UP, rounds)):
        short()
        long()
    times = [(elapsed_s(short), elapsed_s(long)) for _ in range(rounds)]
    ratio = statistics.median(slow / fast for fast, slow in times)
    short_ms, long_ms = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    print(f"{name:26}{short_ms:>9.2f} ms{long_ms:>9.2f} ms{ratio:8.2f}")
    return ratio


def sorted_and_counted(user: User) -> None:
    """Sort by the key of each row and count, as without a stored order and counts."""
    own = Assignment.objects.filter(reader=user)
    own.filter(readings=None).order_by("order_key").first()
    own.count()
    own.filter(readings__isnull=False).count()


def n_rows_read(user: User, address: str) -> int:
    """Return how many rows the assignment queries of a request read."""
    client = client_of(user)
    with CaptureQueriesContext(connection) as captured:
        get_page(client, address)
    sqls = [query["sql"] for query in captured.captured_queries]
    about = [sql for sql in sqls if sql.startswith("SELECT") and "_assignment" in sql]
    with row_security.acting_as(user.pk):
        return sum(_long_list.statement_cost(sql).n_rows for sql in about)


if __name__ == "__main__":
    sys.exit(main())
