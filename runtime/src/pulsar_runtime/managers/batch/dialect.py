"""What one batch system is told, and how its answers are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from math import ceil

import attrs

from pulsar_runtime.domain.errors import QueryError
from pulsar_runtime.domain.status import SchedulerState

_PBS_SIGNALS = 256


@attrs.frozen(kw_only=True)
class CommandResult:
    """What became of a command; without an exit code it did not end, or did not even start."""

    exit_code: int | None = 0
    stdout: str = ""
    stderr: str = ""

    @property
    def words(self) -> str:
        """What it said, for people."""
        said = " ".join((self.stderr.strip() or self.stdout.strip()).split())
        return said or f"it said nothing and exited with {self.exit_code}"


@attrs.frozen
class Meaning:
    """What a word for a state means, and why a job ended in it if that was not its own doing."""

    state: SchedulerState
    cause: str = ""


PENDING = Meaning(SchedulerState.PENDING)
RUNNING = Meaning(SchedulerState.RUNNING)
ENDED = Meaning(SchedulerState.ENDED)


def ended(cause: str) -> Meaning:
    """Mean that a job was ended, for this cause."""
    return Meaning(SchedulerState.ENDED, cause)


@attrs.frozen(kw_only=True)
class Report:
    """What a batch system says of one job."""

    #: Its own id of the job.
    number: str
    name: str
    #: None for a word that the dialect does not know; then nothing follows from the report.
    meaning: Meaning | None
    #: The word that it was.
    word: str
    exit_code: int | None = None
    #: Why it will wait for ever, if it will; the job is cancelled and fails with this.
    hopeless: str = ""

    @property
    def ended(self) -> bool:
        """Tell whether the job has ended."""
        return self.meaning is not None and self.meaning.state is SchedulerState.ENDED


def report(
    states: Mapping[str, Meaning],
    number: str,
    name: str,
    word: str,
    *,
    exit_code: int | None = None,
    hopeless: str = "",
) -> Report:
    """Make a report from a word of the table *states*."""
    meaning = states.get(word)
    return Report(
        number=number, name=name, meaning=meaning, word=word, exit_code=exit_code, hopeless=hopeless
    )


@attrs.frozen(kw_only=True)
class Request:
    """What is asked for one job, which comes as a script on standard input."""

    #: Letters, digits, ``.``, ``_`` and ``-``, no longer than the dialect allows.
    name: str
    #: The manager's, in the batch system's own words.
    options: tuple[str, ...] = ()
    #: The job's, which win over all others.
    native: tuple[str, ...] = ()
    cpus: int | None = None
    memory_mb: int | None = None

    @property
    def memory_mb_per_cpu(self) -> int | None:
        """Return the memory of each of the CPUs."""
        return None if self.memory_mb is None else ceil(self.memory_mb / (self.cpus or 1))


@attrs.frozen(kw_only=True)
class Question:
    """Jobs that are not listed any more, for a batch system that keeps books."""

    #: Whose they are; None for everybody's.
    user: str | None
    names: Sequence[str]
    #: Nothing about them is older; seconds since the epoch.
    since: float


@attrs.frozen(kw_only=True)
class Dialect:
    """The words of one batch system. All functions are pure."""

    title: str
    #: What has to be on the search path, and the packages that bring it.
    commands: Sequence[str]
    packages: str
    #: Beginnings of the environment variables that its commands look at.
    variables: tuple[str, ...]
    longest_name: int
    #: Options of managers by their long names: ``job_<name>``. They take one value.
    options: Mapping[str, str]
    #: Return the command that submits a script from its standard input, and read the number it prints.
    submit: Callable[[Request], Sequence[str]]
    read_number: re.Pattern[str]
    #: Return the command that tells of all jobs of a user, or of everybody's without one, and read what it
    #: says or raise `QueryError`.
    status: Callable[[str | None], Sequence[str]]
    read_status: Callable[[CommandResult], Collection[Report]]
    #: Return the command that ends jobs of these numbers.
    cancel: Callable[[Sequence[str]], Sequence[str]]
    #: The same as for status, of jobs that have left; an answer of None is that no books are kept.
    accounting: Callable[[Question], Sequence[str]] | None = None
    read_accounting: Callable[[CommandResult], Collection[Report] | None] | None = None
    #: What a refusal says when it is none: the same submission may succeed later.
    outage: re.Pattern[str]
    #: What refusals say, and the option to look at then.
    hints: Mapping[str, str] = attrs.field(factory=dict)

    def hint(self, words: str) -> str:
        """Return the option to look at after a refusal in these words, or nothing."""
        found = (option for sign, option in self.hints.items() if re.search(sign, words, re.IGNORECASE))
        return next(found, "")


def good(result: CommandResult, command: str) -> str:
    """Return what a command printed; raises `QueryError` unless it ended well."""
    if result.exit_code != 0:
        raise QueryError(f"{command}: {result.words}")
    return result.stdout


def columns(result: CommandResult, command: str, header: Sequence[str]) -> list[list[str]]:
    """Read lines of columns between bars; raises `QueryError` unless they stand below their header.

    An answer without a single job has its header, so that it is told from no answer at all.
    """
    first, *lines = good(result, command).splitlines() or [""]
    rows = [line.split("|", len(header) - 1) for line in lines if line]
    if first.split("|") != [*header] or any(len(row) != len(header) for row in rows):
        raise QueryError(f"{command} printed what is not a list of jobs: {first[:80]!r}")
    return rows


def shell_code(status: int | None) -> int | None:
    """Return an exit status of the PBS family as a shell would; they add 256 to the number of a signal."""
    if status is None or status < 0:
        return None
    return status if status < _PBS_SIGNALS else 128 + status - _PBS_SIGNALS
