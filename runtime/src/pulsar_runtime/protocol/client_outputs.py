"""What Galaxy expects of a job: ``remote_staging.client_outputs`` (protocol section 4.7)."""

from __future__ import annotations

from collections.abc import Mapping

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.paths import RelativePath
from pulsar_runtime.domain.staging import DiscoveredFiles, DynamicFileSource, ExpectedOutputs
from pulsar_runtime.protocol.values import mapping, pattern, sequence, text

_NAME = "remote_staging.client_outputs"
_PAIR = 2


def expected_outputs(value: object) -> ExpectedOutputs:
    """Read ``client_outputs``; raises `MalformedRequest` or `UnsafePath`."""
    said = mapping(value, _NAME)
    return ExpectedOutputs(
        working_directory=_path(said, "working_directory"),
        metadata_directory=_path(said, "metadata_directory"),
        job_directory=_path(said, "job_directory"),
        from_work_dir=tuple(map(_pair, _list(said, "work_dir_outputs"))),
        outputs=tuple(map(text, _list(said, "output_files"))),
        version_file=_path(said, "version_file"),
        discovered=(
            *map(_collected, _list(said, "dataset_collector_descriptions")),
            *(
                DiscoveredFiles(pattern=pattern(each, f"{_NAME}.dynamic_outputs"))
                for each in _list(said, "dynamic_outputs")
            ),
        ),
        dynamic_sources=dynamic_file_sources(said.get("dynamic_file_sources")),
    )


def dynamic_file_sources(value: object) -> tuple[DynamicFileSource, ...]:
    """Read a list of files of the working directory; raises `MalformedRequest` or `UnsafePath`."""
    sources = []
    for entry in sequence(value, "dynamic_file_sources"):
        description = mapping(entry, "dynamic_file_sources")
        path = text(description.get("path"))
        # Refused now rather than left out later: it could only be meant to read something else.
        RelativePath.parse(path)
        sources.append(DynamicFileSource(path, text(description.get("type"))))
    return tuple(sources)


def _list(said: Mapping[str, object], key: str) -> list[object]:
    return list(sequence(said.get(key), f"{_NAME}.{key}"))


def _path(said: Mapping[str, object], key: str) -> str | None:
    return text(said.get(key)) or None


def _pair(entry: object) -> tuple[str, str]:
    if not isinstance(entry, list) or len(entry) != _PAIR:
        raise MalformedRequest(f"{_NAME}.work_dir_outputs holds something that is not a pair")
    return text(entry[0]), text(entry[1])


def _collected(entry: object) -> DiscoveredFiles:
    description = mapping(entry, f"{_NAME}.dataset_collector_descriptions")
    directory = text(description.get("directory")).strip("/")
    return DiscoveredFiles(
        pattern=pattern(description.get("pattern"), f"{_NAME}.dataset_collector_descriptions"),
        directory=None if directory in ("", ".") else directory.removeprefix("./"),
    )
