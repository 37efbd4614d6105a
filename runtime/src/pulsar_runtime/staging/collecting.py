"""Which files of a job are outputs, and what each becomes on Galaxy's side (protocol section 3.7)."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

import attrs

from pulsar_runtime.domain.errors import UnsafePath
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import DiscoveredFiles, ExpectedOutputs

logger = logging.getLogger(__name__)

#: The suffix of datasets, which their directory of extra files does not have.
_DATASET_SUFFIX = ".dat"
_VERSION_FILE = "COMMAND_VERSION"


@attrs.frozen
class Output:
    """A file of a job, and its path on Galaxy's side."""

    file: JobFile
    target: str


def collect(
    expected: ExpectedOutputs, contents: Mapping[Directory, Sequence[str]], realized: Sequence[str]
) -> list[Output]:
    """Choose the outputs from what the directories of a job hold, each file and target once.

    *realized* are the texts of the dynamic sources.
    """
    # A file may be found in several ways.
    return list(dict.fromkeys(_Collector(expected, contents, _References.read(realized)).found()))


@attrs.frozen
class _References:
    """The names that dynamic sources speak of."""

    files: frozenset[str]
    prefixes: tuple[str, ...]

    @classmethod
    def read(cls, texts: Sequence[str]) -> _References:
        files: set[str] = set()
        prefixes: set[str] = set()
        for text in texts:
            for document in _documents(text):
                for key, value in _pairs(document):
                    if key == "filename":
                        files.add(value)
                    elif key == "extra_files" and value:
                        prefixes.add(value)
        return cls(frozenset(files), tuple(sorted(prefixes)))

    def name(self, entry: str) -> bool:
        """Tell whether they speak of a file."""
        return entry in self.files or entry.startswith(self.prefixes)


class _Names:
    """The names in one directory, in their order, also by their first component."""

    def __init__(self, names: Sequence[str]) -> None:
        self.all = dict.fromkeys(names)
        self._by_first: dict[str, list[str]] = {}
        for name in names:
            self._by_first.setdefault(name.partition("/")[0], []).append(name)

    def below(self, directory: str) -> list[str]:
        """Return what lies below a directory."""
        candidates = self._by_first.get(directory.partition("/")[0], ())
        return [name for name in candidates if name.startswith(f"{directory}/")]


class _Collector:
    """One run of the algorithm."""

    def __init__(
        self,
        expected: ExpectedOutputs,
        contents: Mapping[Directory, Sequence[str]],
        references: _References,
    ) -> None:
        self._expected = expected
        self._names = {directory: _Names(contents.get(directory, ())) for directory in Directory}
        self._references = references

    def found(self) -> Iterator[Output]:
        """Yield outputs in the order of the algorithm, some more than once."""
        moved = set()
        for source, target in self._expected.from_work_dir:
            yield from self._from_work_dir(source, target)
            moved.add(target)
        for target in self._expected.outputs:
            yield from self._declared(target, moved=target in moved)
        version = self._expected.version_file
        if version and _VERSION_FILE in self._names[Directory.OUTPUTS].all:
            yield _output(Directory.OUTPUTS, _VERSION_FILE, version)
        for directory, root in (
            (Directory.WORKING, self._expected.working_directory),
            (Directory.METADATA, self._expected.metadata_directory),
            (Directory.JOB, self._expected.job_directory),
        ):
            if root is not None:
                yield from self._dynamic(directory, root)

    def _from_work_dir(self, source: str, target: str) -> Iterator[Output]:
        name = os.path.relpath(source, self._expected.working_directory or "/")
        names = self._names[Directory.WORKING]
        below = names.below(name)
        if below:
            for each in below:
                yield _output(Directory.WORKING, each, target + each.removeprefix(name))
            return
        match = name if name in names.all else next((n for n in names.all if fnmatchcase(n, name)), None)
        if match is not None:
            yield _output(Directory.WORKING, match, target)

    def _declared(self, target: str, *, moved: bool) -> Iterator[Output]:
        parent, name = os.path.split(target)
        names = self._names[Directory.OUTPUTS]
        if not moved and name in names.all:
            yield _output(Directory.OUTPUTS, name, target)
        for each in names.below(f"{name[: -len(_DATASET_SUFFIX)]}_files"):
            yield _output(Directory.OUTPUTS, each, os.path.join(parent, each))

    def _dynamic(self, directory: Directory, root: str) -> Iterator[Output]:
        for name in self._names[directory].all:
            if self._references.name(name) or any(
                _is_discovered(rule, name) for rule in self._expected.discovered
            ):
                try:
                    yield _output(directory, name, os.path.join(root, name))
                except UnsafePath:
                    # A file of the server's own, or a directory of the job.
                    continue


def _output(directory: Directory, name: str, target: str) -> Output:
    return Output(JobFile(directory, RelativePath.parse(name)), target)


def _is_discovered(rule: DiscoveredFiles, name: str) -> bool:
    if rule.directory is not None:
        if not name.startswith(f"{rule.directory}/"):
            return False
        name = name[len(rule.directory) + 1 :]
    return re.match(rule.pattern, name) is not None


def _documents(text: str) -> Iterator[object]:
    """Yield the JSON documents of a dynamic source: one, or one in each line."""
    try:
        yield json.loads(text)
    except ValueError:
        for line in filter(None, map(str.strip, text.splitlines())):
            try:
                yield json.loads(line)
            except ValueError:
                logger.info("a dynamic source holds a line that is not JSON", extra={"action": "not_json"})


def _pairs(document: object) -> Iterator[tuple[str, str]]:
    """Yield every key with a text as its value, however deep."""
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield from ((key, text) for key, text in value.items() if isinstance(text, str))
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
