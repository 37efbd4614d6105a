"""One request to a DRMAA library, by a process that runs as the user whose job it is.

The request comes as a JSON object on standard input, its answer is a line of JSON on standard output. The
library may be named on the command line.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pulsar_runtime.managers.drmaa.library import INVALID_JOB, DrmaaError, Library, find


def main() -> int:
    """Submit a job or end one."""
    try:
        path = find(next(iter(sys.argv[1:]), None))
        if path is None:
            answer: dict[str, Any] = {"refused": "there is no DRMAA library on this machine"}
        else:
            answer = _answer(Library(path), json.load(sys.stdin))
    except OSError as exc:
        answer = {"refused": str(exc)}
    except DrmaaError as exc:
        gone = exc.code == INVALID_JOB
        answer = {"refused": str(exc).strip(), "transient": exc.transient, "gone": gone}
    print(json.dumps(answer), flush=True)  # noqa: T201 - its answer goes to standard output
    return int("refused" in answer)


def _answer(library: Library, request: dict[str, Any]) -> dict[str, Any]:
    library.open(None)
    try:
        if "terminate" in request:
            library.terminate(request["terminate"])
            return {"terminated": request["terminate"]}
        return {"number": library.run(request["attributes"], request["arguments"])}
    finally:
        library.close()


if __name__ == "__main__":
    sys.exit(main())
