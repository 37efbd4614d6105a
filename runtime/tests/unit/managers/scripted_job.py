"""A job directory as the server lays it out, whose script is rendered and run by the real bash."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from pulsar_runtime.managers.job_script import JobScript, render

#: What setup makes (protocol section 2.3), and what the server makes before it starts the script.
_DIRECTORIES = ("inputs", "working", "outputs", "configs", "tool_files", "metadata", "tmp", "home")

#: All that a local job is started with (protocol section 8.2), less TMPDIR, so that tests choose it.
ENVIRONMENT = {"HOME": "/nowhere", "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_CTYPE": "C.UTF-8"}

_OBSERVE = """\
for name in {names}; do
    if [[ -v $name ]]; then printf '%s\\0%s\\0%s\\0' "$name" "${{!name}}" "${{!name@a}}"; fi
done >| {file}
"""


@attrs.frozen
class Variable:
    """A shell variable as the command sees it."""

    value: str
    exported: bool


@attrs.frozen
class ScriptedJob:
    """One job directory; each method call is one start of its script."""

    directory: Path

    @classmethod
    def create(cls, directory: Path) -> ScriptedJob:
        """Lay out *directory* and its subdirectories."""
        for name in _DIRECTORIES:
            (directory / name).mkdir(parents=True)
        return cls(directory)

    def write(self, command_line: str, **fields: Any) -> Path:  # noqa: ANN401 # the fields of JobScript
        """Write the script; return its path."""
        path = self.directory / "command.sh"
        script = JobScript(job_directory=str(self.directory), command_line=command_line, **fields)
        path.write_text(render(script), encoding="utf-8")
        return path

    def start(
        self, environ: Mapping[str, str] = ENVIRONMENT, *, user: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the script that was written last, in the working directory if the job still has one."""
        working = self.directory / "working"
        return subprocess.run(
            ["/bin/bash", str(self.directory / "command.sh")],
            cwd=working if working.is_dir() else self.directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            user=user,
        )

    def run(
        self,
        command_line: str,
        environ: Mapping[str, str] = ENVIRONMENT,
        **fields: Any,  # noqa: ANN401 # the fields of JobScript
    ) -> subprocess.CompletedProcess[str]:
        """Write the script and run it."""
        self.write(command_line, **fields)
        return self.start(environ)

    def observe(
        self,
        *names: str,
        environ: Mapping[str, str] = ENVIRONMENT,
        before: str = "",
        **fields: Any,  # noqa: ANN401 # the fields of JobScript
    ) -> dict[str, Variable]:
        """Run a script whose command does *before* and looks at the variables; leave out those not set."""
        seen = self.directory / "seen"
        look = _OBSERVE.format(names=" ".join(names), file=shlex.quote(str(seen)))
        ended = self.run(f"{before}\n{look}", environ, **fields)
        assert (ended.returncode, ended.stderr) == (0, "")
        parts = iter(seen.read_text(encoding="utf-8").split("\0")[:-1])
        return {
            name: Variable(value, "x" in attributes)
            for name, value, attributes in zip(*[parts] * 3, strict=True)
        }

    def value(self, name: str, **arguments: Any) -> str | None:  # noqa: ANN401 # the arguments of observe
        """Return what one variable holds, or None."""
        variable = self.observe(name, **arguments).get(name)
        return None if variable is None else variable.value

    @property
    def return_code(self) -> str | None:
        """The text that the script left in ``return_code``."""
        path = self.directory / "return_code"
        return path.read_text(encoding="ascii") if path.exists() else None
