"""What is to be moved for a job, before it starts and after it ended; not how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from fnmatch import fnmatchcase
from typing import Literal
from urllib.parse import quote

import attrs

from pulsar_runtime.domain.paths import Directory, JobFile

# --- where the other copy of a file is ---------------------------------------------------------------------


@attrs.frozen
class Text:
    """Nowhere: the text came with the submission."""

    contents: str


@attrs.frozen
class HttpFile:
    """Behind a URL of Galaxy's; the URL carries the right to use it."""

    url: str = attrs.field(repr=False)


@attrs.frozen
class TusFile:
    """Behind a URL that takes large files in pieces (protocol section 5.4)."""

    url: str = attrs.field(repr=False)
    #: Where an upload in pieces begins.
    uploads: str = attrs.field(repr=False)


@attrs.frozen
class SharedFile:
    """On a file system that this machine has too."""

    path: str


@attrs.frozen(kw_only=True)
class SshLogin:
    """How to get to a machine with ssh; nothing said means what ssh itself would take."""

    host: str
    user: str | None = None
    port: int | None = None
    #: The private key's text.
    key: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class SshFile:
    """On another machine, copied by a program that goes through ssh."""

    path: str
    login: SshLogin
    program: Literal["rsync", "scp"]


@attrs.frozen(kw_only=True)
class StoredObject:
    """A dataset in an object store that this machine can read."""

    dataset_id: int
    dataset_uuid: str | None = None
    object_store_id: str | None = None


@attrs.frozen
class Unreachable:
    """Only behind an action that no server does."""

    #: Which, and why; for people.
    action: str


Counterpart = Text | HttpFile | TusFile | SharedFile | SshFile | StoredObject | Unreachable


@attrs.frozen
class Transfer:
    """One file of a job, and where it comes from or goes to."""

    file: JobFile
    counterpart: Counterpart


@attrs.frozen(kw_only=True)
class TransferRecord:
    """What is kept about a transfer while its job is in that phase."""

    #: The job.
    key: int
    name: str
    done: bool = False
    #: What lets it go on where it broke off: a validator of the input, or the URL of an upload in pieces.
    resume: str | None = attrs.field(default=None, repr=False)


# --- which way outputs go ----------------------------------------------------------------------------------


class Match(Enum):
    """How a rule looks at the path that a file has on Galaxy's side (protocol section 4.7)."""

    #: It begins so; not only at a separator.
    PREFIX = "prefix"
    #: It looks so; a star crosses separators.
    GLOB = "glob"
    #: A regular expression matches its beginning.
    REGEX = "regex"
    ANY = "any"


class Way(Enum):
    """How an output gets to Galaxy."""

    #: The client fetches it, or nobody has to.
    CLIENT = "client"
    HTTP = "http"
    TUS = "tus"
    COPY = "copy"
    SCP = "scp"
    RSYNC = "rsync"


@attrs.frozen(kw_only=True)
class OutputRule:
    """The way of some outputs."""

    directories: frozenset[Directory]
    match: Match
    pattern: str = ""
    way: Way
    login: SshLogin | None = None

    def applies(self, directory: Directory, target: str) -> bool:
        """Tell whether it is about the output of this directory that becomes *target*."""
        if directory not in self.directories:
            return False
        match self.match:
            case Match.PREFIX:
                return target.startswith(self.pattern)
            case Match.GLOB:
                return fnmatchcase(target, self.pattern)
            case Match.REGEX:
                return re.match(self.pattern, target) is not None
            case Match.ANY:
                return True


@attrs.frozen(kw_only=True)
class OutputUrls:
    """Where outputs of one directory go; the quoted target path is to be appended to each."""

    url: str = attrs.field(repr=False)
    uploads: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class OutputRoutes:
    """The ways of all outputs: the first rule that applies, or the default."""

    rules: tuple[OutputRule, ...] = ()
    default: Way = Way.CLIENT
    default_login: SshLogin | None = None
    urls: Mapping[Directory, OutputUrls] = attrs.field(factory=dict)
    #: Actions that they name for outputs and that no server does, for people.
    impossible: tuple[str, ...] = ()

    def counterpart(self, directory: Directory, target: str) -> Counterpart | None:
        """Say where an output goes; None when that is not the server's business."""
        for rule in self.rules:
            if rule.applies(directory, target):
                return self._along(rule.way, rule.login, directory, target)
        return self._along(self.default, self.default_login, directory, target)

    def _along(
        self, way: Way, login: SshLogin | None, directory: Directory, target: str
    ) -> Counterpart | None:
        if way is Way.COPY:
            return SharedFile(target)
        if way in (Way.SCP, Way.RSYNC) and login is not None:
            return SshFile(path=target, login=login, program="scp" if way is Way.SCP else "rsync")
        if way in (Way.HTTP, Way.TUS) and directory in self.urls:
            urls, quoted = self.urls[directory], quote(target, safe="")
            if way is Way.HTTP:
                return HttpFile(urls.url + quoted)
            return TusFile(urls.url + quoted, urls.uploads + quoted)
        return None


# --- what is an output -------------------------------------------------------------------------------------


@attrs.frozen
class DynamicFileSource:
    """A file of the working directory whose text comes with the final status (protocol section 3.6)."""

    path: str
    type: str


@attrs.frozen(kw_only=True)
class DiscoveredFiles:
    """Outputs known by what they look like; *pattern* matches the beginning of a name."""

    pattern: str
    #: Where they lie, and what their names are relative to; None for the whole working directory.
    directory: str | None = None


@attrs.frozen(kw_only=True)
class ExpectedOutputs:
    """What Galaxy expects of a job, in its own paths (protocol sections 3.7 and 4.7)."""

    working_directory: str | None = None
    metadata_directory: str | None = None
    job_directory: str | None = None
    #: Names or patterns in Galaxy's working directory, and what they become.
    from_work_dir: tuple[tuple[str, str], ...] = ()
    outputs: tuple[str, ...] = ()
    version_file: str | None = None
    discovered: tuple[DiscoveredFiles, ...] = ()
    dynamic_sources: tuple[DynamicFileSource, ...] = ()


# --- all of it ---------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class StageOutPlan:
    """What the server is to bring back to Galaxy, and how."""

    expected: ExpectedOutputs
    routes: OutputRoutes


@attrs.frozen(kw_only=True)
class StagingPlan:
    """The server's share of the staging; empty when the client moves all files."""

    stage_in: tuple[Transfer, ...] = ()
    stage_out: StageOutPlan | None = None


NOTHING_TO_STAGE = StagingPlan()
