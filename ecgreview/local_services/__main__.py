"""Run any program with the embedded services: ``python -m ecgreview.local_services pytest -q``."""

import subprocess
import sys

from ecgreview import local_services
from ecgreview.local_services import commandline


def main(arguments: list[str]) -> int:
    """Run the program in ``arguments`` and return its exit code."""
    if not arguments:
        sys.stderr.write("Usage: python -m ecgreview.local_services PROGRAM [ARGUMENT...]\n")
        return 2
    try:
        with commandline.services_for(["program"]):
            return subprocess.run(arguments, check=False).returncode
    except (local_services.ServicesFailed, commandline.HalfConfigured) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
