"""Print, as a JSON list, which services run with an older configuration than the one that is there.

``outdated_services.py '{"SERVICE": ["FILE", ...]}'``: a service is outdated if one of the files that it reads
when it starts is newer than its start. So a restart is made good that an earlier run did not come to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

LIMIT = 30


def main(services: Mapping[str, Sequence[str]]) -> None:
    """Print those that have to be restarted; one that does not run is not among them."""
    outdated = [
        service for service, files in services.items() if (start := started(service)) and newer(files, start)
    ]
    sys.stdout.write(json.dumps(outdated) + "\n")


def newer(files: Sequence[str], start: float) -> bool:
    """Tell whether one of the files was written later; in a dry run, one may not be there yet."""
    return any(os.path.exists(file) and os.stat(file).st_mtime > start for file in files)


def started(service: str) -> float:
    """Return when a service began to run, in seconds since the epoch; nothing if it does not."""
    command = [
        "systemctl",
        "show",
        "--timestamp=us+utc",
        "--property=ActiveEnterTimestamp",
        "--value",
        service,
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=LIMIT, check=True)
    return seconds(done.stdout.strip())


def seconds(timestamp: str) -> float:
    """Read ``Sun 2026-11-22 22:28:49.767000 UTC``, or nothing: systemctl(1), --timestamp."""
    if not timestamp:
        return 0.0
    return datetime.strptime(timestamp[4:], "%Y-%m-%d %H:%M:%S.%f %Z").replace(tzinfo=UTC).timestamp()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
