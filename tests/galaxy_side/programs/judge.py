"""Answers questions about files of Galaxy's by Galaxy's own code: a line of JSON in, a line of JSON out.

Importing Galaxy takes seconds, so one process answers all questions of a test run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from api_schema import find_problems
from job_configuration import read_galaxy_yml, read_job_conf
from tpv_configuration import map_tool, read_destinations

QUESTIONS: dict[str, Callable[..., object]] = {
    "api_problems": find_problems,
    "galaxy_yml": read_galaxy_yml,
    "job_conf": read_job_conf,
    "tpv_destinations": read_destinations,
    "tpv_map_tool": map_tool,
}


def main() -> None:
    """Answer until there are no more questions."""
    # Some of what is asked prints; only answers may go where answers are read.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer: dict[str, Any] = {"answer": QUESTIONS[name](*arguments)}
        except Exception as exc:  # noqa: BLE001 - a file that Galaxy cannot read is an answer too
            answer = {"error": f"{type(exc).__name__}: {exc}"}
        print(json.dumps(answer, default=str), file=answers, flush=True)


if __name__ == "__main__":
    main()
