"""Cut the network during a query and print the error that psycopg raises.

Run this script under ``unshare --net``, in its own network namespace. A proxy could not simulate
the cut, because the kernel would keep acknowledging packets.
"""

import fcntl
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import psycopg
from django.conf import settings

from ecgreview import local_services

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def set_loopback(*, up: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        flags = flags | IFF_UP if up else flags & ~IFF_UP
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags, b""))


def main(home: Path) -> None:
    options = dict(settings.DATABASES["default"]["OPTIONS"])
    options.pop("pool", None)
    # The server enforces statement_timeout, so a client without a connection does not notice.
    options.pop("options", None)
    set_loopback(up=True)
    with local_services.running(home) as services:
        connection = psycopg.connect(services.database_url, **options)
        threading.Timer(1.0, set_loopback, kwargs={"up": False}).start()
        began = time.monotonic()
        try:
            connection.execute("SELECT pg_sleep(3600)")
        except psycopg.OperationalError as error:
            sys.stdout.write(
                f"OperationalError after {time.monotonic() - began - 1.0:.1f} s: {error}"
            )
        set_loopback(up=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
