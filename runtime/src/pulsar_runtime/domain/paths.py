"""Names of files inside a job directory: where they belong and what they may look like."""

from __future__ import annotations

from enum import StrEnum

import attrs

from pulsar_runtime.domain.errors import UnsafePath


class Directory(StrEnum):
    """The directories of a job; the values are their names on disk (protocol section 2.3)."""

    JOB = ""
    INPUTS = "inputs"
    WORKING = "working"
    OUTPUTS = "outputs"
    CONFIGS = "configs"
    TOOL_FILES = "tool_files"
    METADATA = "metadata"
    UNSTRUCTURED = "unstructured"


#: What setup creates; ``unstructured`` appears with its first file.
CREATED_AT_SETUP = (
    Directory.INPUTS,
    Directory.WORKING,
    Directory.OUTPUTS,
    Directory.CONFIGS,
    Directory.TOOL_FILES,
    Directory.METADATA,
)

#: Names directly in the job directory that belong to the server (protocol sections 2.3 and 14.4).
RESERVED_NAMES = frozenset(
    {
        "cancelled",
        "command.sh",
        "command_line",
        "configs.orig",
        "external_id",
        "final_status",
        "home",
        "launch_config",
        "outputs.orig",
        "pid",
        "postprocessed",
        "preprocessed",
        "preprocessing_failed",
        "return_code",
        "running",
        "started",
        "stderr",
        "submitted",
        "tmp",
        "tool_id",
        "tool_version",
        "working.orig",
    }
    | {directory.value for directory in Directory}
)

#: Uploads in progress carry this prefix; nobody else may use it, and listings leave them out.
PARTIAL_PREFIX = ".pulsar-partial-"


@attrs.frozen
class RelativePath:
    """A name that stays inside the directory it is joined to.

    Symbolic links are not its business: whoever opens the file checks where it really lies.
    """

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, name: str) -> RelativePath:
        """Accept *name*, or raise `UnsafePath` when it is empty, absolute, or climbs."""
        if not name:
            raise UnsafePath("name is empty")
        if "\0" in name:
            raise UnsafePath("name holds a NUL character")
        if name.startswith("/"):
            raise UnsafePath(f"name {name!r} is absolute: give it relative to its directory")
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        if not parts or ".." in parts or name.endswith("/"):
            raise UnsafePath(f"name {name!r} does not name a file inside its directory")
        if any(part.startswith(PARTIAL_PREFIX) for part in parts):
            raise UnsafePath(
                f"name {name!r} begins with {PARTIAL_PREFIX!r}, which the server keeps for itself"
            )
        return cls(parts)

    def __str__(self) -> str:
        return "/".join(self.parts)

    @property
    def name(self) -> str:
        """The last component."""
        return self.parts[-1]


@attrs.frozen
class JobFile:
    """A file of a job: the directory it belongs to, and its name there."""

    directory: Directory
    path: RelativePath

    def __attrs_post_init__(self) -> None:
        if self.directory is Directory.JOB and self.path.parts[0] in RESERVED_NAMES:
            raise UnsafePath(
                f"{str(self.path)!r} in the job directory belongs to the server: choose another name"
            )

    def below(self, job_directory: str) -> str:
        """Return the absolute path of this file in *job_directory*."""
        # A directory of an empty name is the job directory itself.
        return "/".join(filter(None, (job_directory, self.directory.value, *self.path.parts)))
