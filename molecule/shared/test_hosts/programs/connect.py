"""Connect to a server again and again, each time anew, and count what came of it.

A program for any host with Python. Prints one JSON document: how many requests were answered, and what went
wrong with each of the others.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

THREADS = 4
INTERVAL = 0.02
PATIENCE = 20.0


def main() -> None:
    """Connect for as long as asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("endpoint", type=Path, help="endpoint descriptor of the server")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    address = urlsplit(json.loads(options.endpoint.read_text())["url"]).netloc
    end = time.monotonic() + options.seconds
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = [
            outcome for one in pool.map(stream, [address] * THREADS, [end] * THREADS) for outcome in one
        ]
    problems = [outcome for outcome in outcomes if outcome != "200"]
    sys.stdout.write(json.dumps({"answered": len(outcomes) - len(problems), "problems": problems}) + "\n")


def stream(address: str, end: float) -> list[str]:
    """Connect until the time is up, and return what came of each connection: a status or an error."""
    outcomes = []
    while time.monotonic() < end:
        outcomes.append(connect(address))
        time.sleep(INTERVAL)
    return outcomes


def connect(address: str) -> str:
    """Ask once whether the server is ready, over a connection of its own."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz", headers={"Connection": "close"})
        return str(connection.getresponse().status)
    except OSError as error:
        return repr(error)
    finally:
        connection.close()


if __name__ == "__main__":
    main()
