"""A stand-in of slurmrestd before the stand-in of Slurm: it answers as 22.05 or 24.11 do, word for word."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping

from runtime.tests.batch_system.http_stand_in import HttpAnswer, HttpRequest, HttpStandIn
from runtime.tests.batch_system.installed import InstalledBatchSystem

#: The one user who has jobs.
USER = "somebody"
TOKEN = "token-of-the-tests"

#: What the commands of the stand-in say, and what slurmrestd makes of it.
_NUMBERS = {"Connection refused": 1800, "invalid partition": 2000, "": 2017}
_STATUSES = {1800: 502}
UNKNOWN_VERSION = HttpAnswer(404, "Unable find requested URL. Please view /openapi/v3 for API reference.")


class StandInSlurmrestd:
    """Serves one version of the API until it is closed."""

    def __init__(self, system: InstalledBatchSystem, version: str) -> None:
        self.system = system
        self.version = version
        self._server = HttpStandIn(self.answer)

    @property
    def url(self) -> str:
        return self._server.url

    def close(self) -> None:
        self._server.close()

    def answer(self, asked: HttpRequest) -> HttpAnswer:
        if asked.token != TOKEN:
            return HttpAnswer(401, "Authentication failure")
        known, _, rest = asked.path.removeprefix("/slurm/").partition("/")
        if known != self.version:
            return UNKNOWN_VERSION
        match (asked.method, rest.split("/")):
            case ("POST", ["job", "submit"]):
                given = json.loads(asked.body)
                ended = self._run("sbatch", f"--job-name={given['job']['name']}", script=given["script"])
                return self._document(ended, lambda said: {"job_id": int(said), "step_id": "batch"})
            case ("GET", ["jobs"]):
                ended = self._run("squeue")
                if ended.stdout.startswith("<html>"):
                    return HttpAnswer(502, ended.stdout)
                return self._document(ended, lambda said: {"jobs": self._jobs(said)})
            case ("DELETE", ["job", number]):
                return self._document(self._run("scancel", number), lambda _: {})
        raise AssertionError(asked)

    def _run(self, command: str, *words: str, script: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.system.commands / command), *words],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def _document(
        self, ended: subprocess.CompletedProcess[str], read: Callable[[str], Mapping[str, object]]
    ) -> HttpAnswer:
        if ended.returncode == 0:
            return HttpAnswer(200, json.dumps({**read(ended.stdout), "errors": []}))
        number = next(number for words, number in _NUMBERS.items() if words in ended.stderr)
        spelled = "error_code" if self._is_old else "error_number"
        error = {spelled: number, "error": ended.stderr.strip()}
        status = 500 if self._is_old else _STATUSES.get(number, 500)
        return HttpAnswer(status, json.dumps({"errors": [error], "jobs": []}))

    def _jobs(self, listed: str) -> list[Mapping[str, object]]:
        rows = [line.split("|") for line in listed.splitlines()[1:]]
        return [
            {
                "job_id": int(number),
                "name": name,
                "job_state": word if self._is_old else [word],
                "state_reason": reason,
                "user_name": user,
            }
            for number, name, state, reason in rows
            # Everybody's jobs are listed, and names are not unique.
            for user, word in ((USER, state), ("somebody else", "COMPLETED"))
        ]

    @property
    def _is_old(self) -> bool:
        return self.version == "v0.0.38"
