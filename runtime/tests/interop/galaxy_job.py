"""A job as Galaxy has it: files on Galaxy's side, a tool's command line, and where it is to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from runtime.tests.interop.galaxy_client import GalaxyClient

ENDED = ("complete", "cancelled", "failed", "lost")
WAIT_LIMIT = 30.0
#: Galaxy names its own API for the job in every submission; nothing answers there.
GALAXY = "http://127.0.0.1:1/api/jobs/1"

Status = Mapping[str, Any]


@attrs.define(kw_only=True)
class GalaxyJob:
    """Describe a job with the methods that return paths, then `run` it, or take its phases one by one.

    A command and the text of configuration files speak of Galaxy's paths. They are replaced by the
    server's before the job is sent (as Galaxy's current runners do, which evaluate the tool with remote
    paths), or, if *client_rewrites*, by the client while it sends (as its legacy runner has it).
    """

    client: GalaxyClient
    directory: Path
    destination: dict[str, object]
    job_id: str
    manager_options: Mapping[str, object] = attrs.field(factory=dict)
    client_rewrites: bool = False
    inputs: list[tuple[str, str]] = attrs.field(factory=list)
    output_files: list[str] = attrs.field(factory=list)
    work_dir_outputs: list[tuple[str, str]] = attrs.field(factory=list)
    config_files: list[str] = attrs.field(factory=list)
    job_directory_files: list[str] = attrs.field(factory=list)
    version_file: str | None = None
    #: What Galaxy names as its API for the job's files.
    files_endpoint: str = f"{GALAXY}/files?job_key=1"
    #: What the server answered to setup, or the client computed.
    setup: Mapping[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for made in (self.data, self.tool_directory, self.working_directory, self.metadata_directory):
            made.mkdir(parents=True)

    @property
    def data(self) -> Path:
        """Where Galaxy keeps datasets."""
        return self.directory / "files"

    @property
    def tool_directory(self) -> Path:
        """Where the tool is installed."""
        return self.directory / "tool"

    @property
    def job_directory(self) -> Path:
        """Galaxy's own directory for the job."""
        return self.directory / "job"

    @property
    def working_directory(self) -> Path:
        """Where the tool would run on Galaxy's side, and where discovered files are collected."""
        return self.job_directory / "working"

    @property
    def metadata_directory(self) -> Path:
        """Where files for Galaxy's metadata step are prepared and collected."""
        return self.job_directory / "metadata"

    def input(self, name: str, content: str | bytes) -> Path:
        """Give the job an input dataset."""
        path = written(self.data / name, content)
        self.inputs.append((str(path), "input_path"))
        return path

    def extra_files(self, dataset: Path, contents: Mapping[str, str]) -> Path:
        """Give an input dataset extra files; return their directory."""
        directory = dataset.with_name(f"{dataset.stem}_files")
        for name, content in contents.items():
            written(directory / name, content)
        self.inputs.append((str(directory), "input_extra_files_path"))
        return directory

    def metadata_file(self, name: str, content: str) -> Path:
        """Give the job a metadata file of an input dataset."""
        path = written(self.data / "_metadata_files" / name, content)
        self.inputs.append((str(path), "input_metadata_path"))
        return path

    def output(self, name: str) -> Path:
        """Expect an output dataset; the tool writes it, or it is collected with `from_work_dir`."""
        path = self.data / name
        self.output_files.append(str(path))
        return path

    def from_work_dir(self, source: str, output: Path) -> None:
        """Have *source*, in the working directory, collected as *output*."""
        self.work_dir_outputs.append((str(self.working_directory / source), str(output)))

    def config(self, name: str, text: str) -> Path:
        """Give the job a configuration file."""
        path = written(self.job_directory / "configs" / name, text)
        self.config_files.append(str(path))
        return path

    def tool_file(self, name: str, text: str) -> Path:
        """Put a file into the directory of the tool."""
        return written(self.tool_directory / name, text)

    def version_output(self) -> Path:
        """Expect the version of the tool's program."""
        path = self.job_directory / "outputs" / "COMMAND_VERSION"
        self.version_file = str(path)
        return path

    def submit(
        self,
        command: str,
        *,
        env: Sequence[Mapping[str, object]] = (),
        packages: Sequence[str] | None = None,
        unstructured: Mapping[str, str] | None = None,
        **client_outputs: object,
    ) -> None:
        """Set the job up, stage it and submit it."""
        answer = self.client.call(
            "submit",
            str(self.directory),
            destination=self.destination,
            manager_options=self.manager_options,
            client_options={
                "files_endpoint": self.files_endpoint,
                "token_endpoint": f"{GALAXY}/oidc-tokens?job_key=1",
            },
            client_rewrites=self.client_rewrites,
            job_id=self.job_id,
            tool={"id": "interop_tool", "version": "1.0", "tool_dir": str(self.tool_directory)},
            command=self._command_line(command),
            galaxy_job_directory=str(self.job_directory),
            working_directory=str(self.working_directory),
            metadata_directory=str(self.metadata_directory),
            inputs=self.inputs,
            config_files=self.config_files,
            job_directory_files=self.job_directory_files,
            env=list(env),
            packages=packages,
            arbitrary_files=dict(unstructured or {}),
            touch_outputs=[Path(path).name for path in self.output_files],
            client_outputs={
                "output_files": self.output_files,
                "work_dir_outputs": self.work_dir_outputs,
                "version_file": self.version_file,
                **client_outputs,
            },
        )
        self.setup = answer["setup"]

    def wait(self, *until: str) -> list[str]:
        """Poll until the status is one of *until*, or the job has ended; return the statuses seen."""
        answer = self.client.call("wait", str(self.directory), until=(*until, *ENDED), limit=WAIT_LIMIT)
        seen: list[str] = answer["seen"]
        return seen

    def told(self, *until: str) -> list[Status]:
        """Wait until a message says one of *until*, or the end; return all that was said of the job."""
        answer = self.client.call(
            "told",
            str(self.directory),
            job_id=self.job_id,
            until=until or ENDED,
            limit=WAIT_LIMIT,
        )
        updates: list[Status] = answer["updates"]
        return updates

    def ask(self) -> None:
        """Ask to be told the status, by a message."""
        self.client.call("ask", str(self.directory))

    def status(self) -> Status:
        """Return everything that the server says of the job."""
        return self.client.call("full_status", str(self.directory))

    def finish(self, status: Status, *, cleanup: str = "always") -> bool:
        """Collect the outputs and clean; return whether everything came back."""
        answer = self.client.call("finish", str(self.directory), status=status, cleanup=cleanup)
        return not answer["failed"]

    def kill(self) -> None:
        """Cancel the job."""
        self.client.call("kill", str(self.directory))

    def clean(self) -> None:
        """Remove what the server keeps of the job."""
        self.client.call("clean", str(self.directory))

    def run(self, command: str, **described: Any) -> Status:  # noqa: ANN401 - arguments of `submit`
        """Submit, wait, collect and clean; return what the server said at the end."""
        self.submit(command, **described)
        self.wait()
        status = self.status()
        assert self.finish(status), "the client could not collect every output"
        return status

    def _command_line(self, command: str) -> str:
        """Wrap the tool's command as Galaxy does (protocol section 3.5)."""
        record = ""
        if self.client_rewrites:
            command = f"( {command} )"
        else:
            script = written(self.job_directory / "tool_script.sh", f"#!/bin/bash\nset -e\n{command}")
            self.job_directory_files.append(str(script))
            self.config_files.append(str(script))
            command = f"/bin/bash {script}"
            record = f"echo $return_code > {self.job_directory}/galaxy_{self.job_id}.ec; "
        streams = "> '../metadata/tool_stdout' 2> '../metadata/tool_stderr'"
        return f'{command} {streams}; return_code=$?; {record}sh -c "exit $return_code"'


NewJob = Callable[..., GalaxyJob]


def written(path: Path, content: str | bytes) -> Path:
    """Write a file with its directories and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
