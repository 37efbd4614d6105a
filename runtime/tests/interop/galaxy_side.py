"""Play Galaxy's job runner with the published client library, in an environment of the library's own.

A program: it reads one request per line of standard input and answers each with one line, both JSON.
It imports nothing of ours. A request names an operation, a job and the operation's arguments.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

Json = dict[str, Any]


class Client(Protocol):
    """What we use of the library's client for one job."""

    def setup(self, *, tool_id: str, tool_version: str) -> Json: ...
    def get_status(self) -> str: ...
    def full_status(self) -> Json: ...
    def kill(self) -> None: ...
    def clean(self) -> None: ...


class PathMapper(Protocol):
    """What we use of the library's map from Galaxy's paths to the server's; None means *as it is*."""

    def remote_input_path_rewrite(self, local_path: str, *, client_input_path_type: str) -> str | None: ...
    def remote_output_path_rewrite(self, local_path: str) -> str | None: ...
    def remote_version_path_rewrite(self, local_path: str) -> str | None: ...


class Library:
    """The parts of the client library that Galaxy uses; 0.16 keeps them in other modules than 0.15."""

    def __init__(self) -> None:
        try:
            models = importlib.import_module("pulsar.client.staging.models")
            inputs = importlib.import_module("pulsar.client.staging.inputs")
        except ModuleNotFoundError:
            models = inputs = importlib.import_module("pulsar.client.staging")
        self.build_client_manager = importlib.import_module("pulsar.client.manager").build_client_manager
        self.PathMapper = importlib.import_module("pulsar.client.path_mapper").PathMapper
        self.submit_job = importlib.import_module("pulsar.client.staging.up").submit_job
        self.finish_job = importlib.import_module("pulsar.client.staging.down").finish_job
        self.ClientInput = inputs.ClientInput
        self.ClientInputs = inputs.ClientInputs
        self.ClientOutputs = models.ClientOutputs
        self.ClientJobDescription = models.ClientJobDescription
        self.PulsarOutputs = models.PulsarOutputs
        self.TransportError: type[Exception] = importlib.import_module(
            "pulsar.client.exceptions"
        ).PulsarClientTransportError

    def dependencies(self, packages: list[str] | None) -> object:
        """Return the description of a tool's package requirements, if it has any."""
        if packages is None:
            return None
        description = importlib.import_module("galaxy.tool_util.deps.dependencies").DependenciesDescription
        requirements = importlib.import_module("galaxy.tool_util.deps.requirements").ToolRequirements
        return description(requirements.from_list([{"name": name, "type": "package"} for name in packages]))

    def whole_tool_directory(self) -> object:
        """Return a tool's declaration that it needs every file of its directory."""
        interface = importlib.import_module("galaxy.tool_util.parser.interface")
        return interface.RequiredFiles.from_dict({"includes": [{"path": "**", "path_type": "glob"}]})


class Runner:
    """One Galaxy: its client managers and its clients, each client for one job."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.managers: dict[str, Any] = {}
        self.clients: dict[str, Client] = {}
        self.outputs: dict[str, object] = {}
        #: What servers have said by messages.
        self.told_updates: list[Json] = []
        self.changed = threading.Condition()

    def submit(self, job: str, request: Json) -> Json:
        """Set the job up, stage its inputs and submit it, in the way of Galaxy's runners."""
        client = self.clients[job] = self._client(request)
        tool = SimpleNamespace(**request["tool"])
        setup = client.setup(tool_id=tool.id, tool_version=tool.version)
        command = request["command"]
        if not request["client_rewrites"]:
            mapper = self.library.PathMapper(client, setup, request["working_directory"])
            remote = _remote_paths(mapper, setup, request)
            command = _replaced(command, remote)
            for file in [*request["config_files"], *request["job_directory_files"]]:
                Path(file).write_text(_replaced(Path(file).read_text(), remote))
        directories = {name: request[name] for name in ("working_directory", "metadata_directory")}
        self.outputs[job] = self.library.ClientOutputs(**directories, **request["client_outputs"])
        inputs = [self.library.ClientInput(path, kind) for path, kind in request["inputs"]]
        description = self.library.ClientJobDescription(
            command_line=command,
            tool=tool,
            client_inputs=self.library.ClientInputs(inputs),
            client_outputs=self.outputs[job],
            dependencies_description=self.library.dependencies(request["packages"]),
            tool_directory_required_files=self.library.whole_tool_directory(),
            rewrite_paths=request["client_rewrites"],
            **directories,
            **{
                name: request[name]
                for name in ("config_files", "job_directory_files", "arbitrary_files", "env", "touch_outputs")
            },
        )
        self.library.submit_job(client, description, setup)
        return {"setup": setup}

    def wait(self, job: str, request: Json) -> Json:
        """Poll until the status is one of *until*; return the statuses seen, each once in a row."""
        seen: list[str] = []
        deadline = time.monotonic() + request["limit"]
        while not seen or seen[-1] not in request["until"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job} is not one of {request['until']} after {seen}")
            if seen:
                time.sleep(0.02)
            status = self.clients[job].get_status()
            if seen[-1:] != [status]:
                seen.append(status)
        return {"seen": seen}

    def told(self, job: str, request: Json) -> Json:
        """Wait until a message says one of *until*; return all that was said of the job."""

        def said() -> list[Json]:
            return [one for one in self.told_updates if one["job_id"] == request["job_id"]]

        with self.changed:
            if not self.changed.wait_for(
                lambda: any(one["status"] in request["until"] for one in said()), request["limit"]
            ):
                raise TimeoutError(f"job {job} is not said to be one of {request['until']}: {said()}")
            return {"updates": said()}

    def ask(self, job: str, _request: Json) -> Json:
        """Ask to be told the status, by a message."""
        self.clients[job].get_status()
        return {}

    def full_status(self, job: str, _request: Json) -> Json:
        """Return everything that the server says of the job."""
        return self.clients[job].full_status()

    def finish(self, job: str, request: Json) -> Json:
        """Collect the outputs of an ended job and clean it as *cleanup* says; return whether that failed."""
        failed = self.library.finish_job(
            client=self.clients[job],
            cleanup_job=request["cleanup"],
            job_completed_normally=True,
            client_outputs=self.outputs[job],
            pulsar_outputs=self.library.PulsarOutputs.from_status_response(request["status"]),
        )
        return {"failed": bool(failed)}

    def kill(self, job: str, _request: Json) -> Json:
        """Cancel the job."""
        self.clients[job].kill()
        return {}

    def clean(self, job: str, _request: Json) -> Json:
        """Remove what the server keeps of the job."""
        self.clients[job].clean()
        return {}

    def _client(self, request: Json) -> Client:
        options = json.dumps(request["manager_options"], sort_keys=True)
        if options not in self.managers:
            self.managers[options] = self.library.build_client_manager(**request["manager_options"])
            if "amqp_url" in request["manager_options"]:
                self.managers[options].ensure_has_status_update_callback(self._hear)
                self.managers[options].ensure_has_ack_consumers()
        client: Client = self.managers[options].get_client(
            request["destination"], request["job_id"], **request["client_options"]
        )
        return client

    def _hear(self, update: Json) -> None:
        with self.changed:
            self.told_updates.append(update)
            self.changed.notify_all()


def _remote_paths(mapper: PathMapper, setup: Json, request: Json) -> dict[str, str]:
    """Map Galaxy's paths to the server's, as Galaxy does when it evaluates a tool for a remote server."""
    outputs = request["client_outputs"]
    found: dict[str, str | None] = {
        path: mapper.remote_input_path_rewrite(path, client_input_path_type=kind)
        for path, kind in request["inputs"]
    }
    for path in outputs["output_files"]:
        found[path] = mapper.remote_output_path_rewrite(path)
    if outputs["version_file"]:
        found[outputs["version_file"]] = mapper.remote_version_path_rewrite(outputs["version_file"])
    for path in request["config_files"]:
        found[path] = f"{setup['configs_directory']}/{Path(path).name}"
    for path in request["job_directory_files"]:
        found[path] = f"{setup['job_directory']}/{Path(path).name}"
    found[request["tool"]["tool_dir"]] = setup["tools_directory"]
    found[request["galaxy_job_directory"]] = setup["job_directory"]
    return {path: remote for path, remote in found.items() if remote}


def _replaced(text: str, remote: Mapping[str, str]) -> str:
    longest_first = sorted(remote, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda found: remote[found[0]], text)


def main() -> None:
    """Answer requests until standard input ends; any error but a refusal of the server ends the program."""
    library = Library()
    runner = Runner(library)
    names = ("submit", "wait", "told", "ask", "full_status", "finish", "kill", "clean")
    operations = {name: getattr(runner, name) for name in names}
    answers, sys.stdout = sys.stdout, sys.stderr  # what the library prints is not an answer
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = operations[request["operation"]](request["job"], request["arguments"])
        except library.TransportError as exc:
            answer = {"refused": getattr(exc, "transport_code", None)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
