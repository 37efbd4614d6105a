"""Many jobs that run on a server while something happens to it."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping

import attrs
from testinfra.host import Host

from .endpoint import Endpoint
from .galaxy import Galaxy
from .waiting import wait_until

LIMIT = 120.0


@attrs.frozen
class Jobs:
    """Jobs that were all submitted; *client* waits for their ends."""

    host: Host
    client: subprocess.Popen[str]
    ids: list[str]

    @classmethod
    def started(cls, host: Host, galaxy: Galaxy, endpoint: Endpoint, *, count: int, seconds: float) -> Jobs:
        """Submit jobs from Galaxy's host, and return when all are accepted and some run."""
        options = [f"--count={count}", f"--seconds={seconds}", f"--limit={LIMIT - 20}"]
        client = galaxy.start("run_jobs.py", endpoint, *options)
        if client.stdout is None:
            raise TypeError("the client's output has to be a pipe")
        jobs = cls(host, client, json.loads(client.stdout.readline()))
        wait_until(lambda: any(counts["start"] for counts in jobs.notes().values()))
        return jobs

    def endings(self) -> Mapping[str, Mapping[str, object]]:
        """Wait until all have ended, and return how, as the client was told."""
        output, _ = self.client.communicate(timeout=LIMIT)
        endings: dict[str, dict[str, object]] = json.loads(output)
        return endings

    def notes(self) -> Mapping[str, Counter[str]]:
        """Return how often each job has noted that it starts, and that it ends."""
        text = self.host.check_output("cd /var/tmp && grep -H . *.lines || true")
        notes: dict[str, Counter[str]] = {job_id: Counter() for job_id in self.ids}
        for line in text.splitlines():
            file, _, note = line.partition(":")
            if (job_id := file.removesuffix(".lines")) in notes:
                notes[job_id][note] += 1
        return notes

    def unlike_once(self) -> Mapping[str, tuple[object, Counter[str]]]:
        """Wait for the ends, and return each job that did not do its work once, as its client knows, too.

        With it come what the client was told of its end, and how often it has started and ended.
        """
        endings, notes = self.endings(), self.notes()
        once = {"status": "complete", "returncode": 0}, Counter(start=1, end=1)
        found = {job_id: (endings[job_id], notes[job_id]) for job_id in self.ids}
        return {job_id: facts for job_id, facts in found.items() if facts != once}


StartJobs = Callable[[int, float], Jobs]
