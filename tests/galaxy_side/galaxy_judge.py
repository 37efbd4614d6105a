"""Galaxy's own code as the judge of files that the collection writes."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

_PYTHON = Path(__file__).parents[2] / ".cache" / "venv" / "galaxy" / "bin" / "python"
_PROGRAM = Path(__file__).parent / "programs" / "judge.py"
_ANSWER_SECONDS = 150.0


class UnreadableByGalaxy(Exception):
    """Galaxy's code raised an error over a file; its message is the error."""


@attrs.frozen
class GalaxyJudge:
    """Asks the process that holds Galaxy's code."""

    _process: subprocess.Popen[bytes]
    _log: Path

    def job_conf(self, path: Path) -> dict[str, Any]:
        """Return what Galaxy reads from a job configuration file, ``.yml`` or ``.xml``.

        The keys are ``runners`` (each with ``load``, ``workers``, ``params`` and ``refused``: why a handler
        would not start with it, None for one that is fine), ``default``, ``environments`` (``runner``,
        ``params``, ``env``, ``tags``, ``shell``, ``resubmit``), ``tools`` and ``limits``.
        """
        found: dict[str, Any] = self._ask("job_conf", str(path))
        return found

    def galaxy_yml(self, path: Path) -> dict[str, Any]:
        """Return what a Galaxy reads that is started with this ``galaxy.yml``, as `job_conf` does."""
        found: dict[str, Any] = self._ask("galaxy_yml", str(path))
        return found

    def tpv_destinations(self, *paths: Path) -> dict[str, Any]:
        """Return the ``destinations`` of TPV files, and the ``errors`` and ``warnings`` of its lint."""
        found: dict[str, Any] = self._ask("tpv_destinations", [str(path) for path in paths])
        return found

    def tpv_map_tool(self, job_conf: Path, tool: str) -> dict[str, Any]:
        """Return where a job of *tool* would go: ``id``, ``runner``, ``params`` and ``env``."""
        found: dict[str, Any] = self._ask("tpv_map_tool", str(job_conf), tool)
        return found

    def api_problems(self, model: str, content: object) -> list[str]:
        """Return what Galaxy's schema finds wrong with a message of its API; *model* is a class of it."""
        found: list[str] = self._ask("api_problems", model, content)
        return found

    def _ask(self, question: str, *arguments: object) -> Any:  # noqa: ANN401 (what JSON holds)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([question, arguments]).encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._line(self._process.stdout.fileno()))
        if "error" in answer:
            raise UnreadableByGalaxy(answer["error"])
        return answer["answer"]

    def _line(self, answers: int) -> bytes:
        deadline = time.monotonic() + _ANSWER_SECONDS
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([answers], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(answers, 65536) if ready else b""
            assert piece, f"Galaxy's code gives no answer\n{self._log.read_text()[-4000:]}"
            line += piece
        return line


@contextmanager
def judging() -> Iterator[GalaxyJudge]:
    """Hold Galaxy's code in a process until the block ends."""
    assert _PYTHON.exists(), f"there is no {_PYTHON}: make .cache/venv/galaxy/complete"
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [_PYTHON, _PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=directory,
            )
        with process:
            try:
                yield GalaxyJudge(process, log)
            finally:
                process.kill()
