"""Play Galaxy's job runner with the published client library, in an environment of the library's own.

A program: its argument is the runner's configuration; it reads one campaign per line of standard input and
answers each with one line. All of it is JSON, and times are those of the system's monotonic clock.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace

from runtime.tests.interop.galaxy_side import Json, Library


class Runner:
    """One Galaxy: it sends jobs by messages, and notes when it is told what of them."""

    def __init__(self, configuration: Json) -> None:
        self._library = Library()
        self._configuration = configuration
        self._manager = self._library.build_client_manager(
            amqp_url=configuration["amqp_url"], manager=configuration["manager"]
        )
        #: Guards what follows; notified of every update.
        self._changed = threading.Condition()
        self._updates: defaultdict[str, list[tuple[float, str, int | None]]] = defaultdict(list)
        self._awaited: frozenset[str] = frozenset()
        self._reached: set[str] = set()
        self._manager.ensure_has_status_update_callback(self._hear)

    def run(self, campaign: Json) -> Json:
        """Send jobs, so many at a time, until of each one of *until* was said or the time is up."""
        end = time.monotonic() + campaign["limit"]
        self._awaited = frozenset(campaign["until"])
        self._reached.clear()
        cpu = time.process_time()
        sent: dict[str, float] = {}
        for job in campaign["jobs"]:
            if not self._wait(lambda: len(sent) - len(self._reached) < campaign["outstanding"], end):
                break
            sent[job["job_id"]] = time.monotonic()
            self._submit(job)
        self._wait(lambda: len(self._reached) == len(sent), end)
        with self._changed:
            updates = {job_id: list(self._updates[job_id]) for job_id in sent}
        return {"sent": sent, "updates": updates, "cpu_seconds": time.process_time() - cpu}

    def _submit(self, job: Json) -> None:
        library, settings = self._library, self._configuration
        client = self._manager.get_client(
            settings["destination"], job["job_id"], files_endpoint=settings["files_endpoint"]
        )
        directories = {name: settings[name] for name in ("working_directory", "metadata_directory")}
        tool = SimpleNamespace(id="benchmark", version="1.0", tool_dir=settings["tool_directory"])
        library.submit_job(
            client,
            library.ClientJobDescription(
                command_line=job["command"],
                tool=tool,
                client_inputs=library.ClientInputs(
                    [library.ClientInput(path, "input_path") for path in job["inputs"]]
                ),
                client_outputs=library.ClientOutputs(**directories, output_files=job["outputs"]),
                dependencies_description=None,
                rewrite_paths=False,
                config_files=[],
                env=[],
                **directories,
            ),
            client.setup(tool_id=tool.id, tool_version=tool.version),
        )

    def _wait(self, condition: Callable[[], bool], end: float) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, max(0.0, end - time.monotonic()))

    def _hear(self, update: Json) -> None:
        now = time.monotonic()
        with self._changed:
            self._updates[update["job_id"]].append((now, update["status"], update.get("returncode")))
            if update["status"] in self._awaited:
                self._reached.add(update["job_id"])
            self._changed.notify_all()


def main() -> None:
    """Answer until standard input ends."""
    runner = Runner(json.loads(sys.argv[1]))
    answers, sys.stdout = sys.stdout, sys.stderr  # what the library prints is not an answer
    for line in sys.stdin:
        print(json.dumps(runner.run(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
