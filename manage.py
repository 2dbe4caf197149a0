#!/usr/bin/env python
"""Django's command line. Starts the embedded services for commands that need them."""

import os
import sys

from annotations.management import readiness
from ecgreview import local_services
from ecgreview.local_services import commandline

INTERRUPTED = 130  # the exit code that shells expect after Ctrl-C


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecgreview.settings")
    try:
        with commandline.services_for(sys.argv[1:]):
            # Imported after the services have started, because the settings read their addresses.
            from django.core.management import execute_from_command_line

            if commandline.needs_services(sys.argv[1:]):
                readiness.make_ready(sys.argv[1])
            execute_from_command_line(sys.argv)
    except (
        local_services.ServicesFailed,
        commandline.HalfConfigured,
        readiness.DatabaseNotReady,
    ) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
