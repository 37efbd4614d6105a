"""The submit description of a job: what HTCondor is told about it.

https://htcondor.readthedocs.io/en/latest/man-pages/condor_submit.html describes the language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pulsar_runtime.domain.errors import SubmitRejected
from pulsar_runtime.domain.job import LaunchSpec

#: An attribute of our jobs that says who follows them: the directory with their logs.
RECORDS_ATTRIBUTE = "PulsarRuntimeRecords"

#: What only we say, and statements, which are no settings. HTCondor does not distinguish case.
_OURS = frozenset({"executable", "initialdir", "output", "error", "log", "log_xml"})
_STATEMENTS = frozenset({"queue", "include", "if", "elif", "else", "endif", "warning", "use"})
_OURS_TOO = frozenset({f"+{RECORDS_ATTRIBUTE}".lower(), f"my.{RECORDS_ATTRIBUTE}".lower()})

#: Parameters of Galaxy's destinations that are meant for other managers, and of which none gets lost here.
_FOR_OTHERS = frozenset({"user", "user_email"})

_NAME = re.compile(r"\+?[A-Za-z][A-Za-z0-9_.]*")

#: What a job is granted, as its slot says it; put in by HTCondor when the job starts.
#: https://htcondor.readthedocs.io/en/latest/users-manual/submitting-a-job.html ($$ substitution)
_GRANTED = "GALAXY_SLOTS=$$(Cpus:1) GALAXY_MEMORY_MB=$$(Memory:0)"


def submit_description(
    spec: LaunchSpec,
    *,
    records: str,
    log: str,
    name: str,
    environment: Mapping[str, str],
    settings: Mapping[str, str],
) -> str:
    """Return the description of one job; *settings* are the manager's, and win over the job's own.

    The job sees *environment*, unless a setting says otherwise, and what it was granted.

    Raises `SubmitRejected` for a setting that cannot be one.
    """
    described = {"universe": "vanilla", "notification": "NEVER", "batch_name": _plain(name)}
    given = {key: value for key, value in spec.submit_params.items() if key not in _FOR_OTHERS}
    for origin in (given, settings):
        for key, value in origin.items():
            described[key.lower()] = _setting(key, value)
    described["environment"] = _environment(described.get("environment"), environment)
    described |= {
        f"+{RECORDS_ATTRIBUTE}": _plain(classad_text(records)),
        "executable": _plain(spec.script),
        "initialdir": _plain(spec.working_directory),
        "output": _plain(spec.stdout),
        "error": _plain(spec.stderr),
        "log": _plain(log),
    }
    lines = [f"{key} = {value}" for key, value in described.items() if value]
    return "\n".join([*lines, "queue", ""])


def setting_problems(settings: Mapping[str, str]) -> Iterator[str]:
    """Say which settings cannot be used, and why."""
    for key, value in settings.items():
        try:
            _setting(key, value)
        except SubmitRejected as exc:
            yield str(exc)


def _setting(key: str, value: str) -> str:
    option = f"submit_{key}"
    if key == "native_specification":
        raise SubmitRejected(f"{option}: means nothing to HTCondor; give each setting as submit_NAME")
    if key.lower() in _OURS | _OURS_TOO | _STATEMENTS or not _NAME.fullmatch(key):
        raise SubmitRejected(f"{option}: is no setting that is left to a site or a job")
    if not value.isprintable() or value.rstrip().endswith("\\"):
        raise SubmitRejected(f"{option}: must be one line of text that does not end with a backslash")
    return value.strip()


def _environment(given: str | None, usual: Mapping[str, str]) -> str:
    """Add what is granted to the environment, unless that is in the old syntax, which is left alone."""
    if given and not (len(given) > 1 and given[0] == given[-1] == '"'):
        return given
    words = [given[1:-1]] if given else [_variable(name, value) for name, value in usual.items()]
    return f'"{" ".join([*words, _GRANTED])}"'


def _variable(name: str, value: str) -> str:
    quoted = value.replace('"', '""').replace("'", "''")
    return f"'{_plain(f'{name}={quoted}')}'"


def _plain(value: str) -> str:
    """Return *value* so that it stays as it is: the dollar sign begins a macro."""
    if not value.isprintable() or value != value.strip() or value.endswith("\\"):
        raise SubmitRejected(f"HTCondor cannot be told of the path {value!r}: rename the staging directory")
    return value.replace("$", "$(DOLLAR)")


def classad_text(value: str) -> str:
    """Return *value* as a string of the ClassAd language."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
