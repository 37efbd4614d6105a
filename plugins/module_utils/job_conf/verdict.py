"""What is wrong with an endpoint before anything is written. Private to the collection."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from .endpoint import Endpoint
from .keys import (
    ENVIRONMENT_KEYS,
    ENVIRONMENT_PREFIXES,
    PREFIX,
    RESERVED,
    RUNNER_CLASSES,
    RUNNER_KEYS,
    RUNNER_KEYS_ONLY,
    RunnerClass,
    is_true,
)
from .mark import NAME


class Verdict(NamedTuple):
    """What would break Galaxy or lose jobs, and what has no effect; one sentence each."""

    errors: list[str]
    warnings: list[str]


def judge(endpoint: Endpoint) -> Verdict:
    """Return what is wrong with an endpoint."""
    runner = endpoint.runner
    kind = (
        RUNNER_CLASSES.get(str(runner["load"])[len(PREFIX) :]) if runner["load"].startswith(PREFIX) else None
    )
    if kind is None:
        known = ", ".join(PREFIX + name for name in RUNNER_CLASSES)
        return Verdict([f"runner {runner['id']}: load is {runner['load']}, which is none of {known}"], [])
    errors = [*_names(endpoint), *_runner_errors(runner, kind)]
    warnings = [*_runner_warnings(runner)]
    for environment in endpoint.environments:
        errors += _environment_errors(environment, kind)
        warnings += _environment_warnings(environment, kind)
    return Verdict(errors, warnings)


def _names(endpoint: Endpoint) -> Iterator[str]:
    if not NAME.fullmatch(endpoint.name):
        yield (
            f"name is {endpoint.name}, but has to consist of letters, digits, dots, underscores and single "
            "hyphens between them"
        )
    for (section, name), times in Counter(endpoint.ids()).items():
        if times > 1:
            yield f"{section}: {name} is given {times} times"
    destinations = endpoint.destinations()
    for tool in endpoint.tools:
        if tool["environment"] not in destinations:
            yield (
                f"tool {tool['id']} goes to {tool['environment']}, which is none of this endpoint's "
                "environments"
            )
    for limit in endpoint.limits:
        place = limit.get("tag") or limit.get("id")
        if place not in destinations:
            yield f"the limit {limit['type']} is for {place}, which is none of this endpoint's environments"


def _runner_errors(runner: Mapping[str, Any], kind: RunnerClass) -> Iterator[str]:
    params, where = runner["params"], f"runner {runner['id']}"
    yield from _reserved("runners", where, params)
    for name, value in params.items():
        form = RUNNER_KEYS.get(name)
        if form is None and name not in RESERVED["runners"]:
            near = _near(name, RUNNER_KEYS)
            yield f"{where}: {name} is unknown, and Galaxy's handlers would not start with it{near}"
        elif form and not form.accepts(value):
            yield f"{where}: {name} has to be {form.description}"
    if kind.runner_needs and not any(params.get(name) for name in kind.runner_needs):
        yield f"{where}: {runner['load']} needs {' or '.join(kind.runner_needs)}"
    if is_true(params.get("amqp_acknowledge")) and not params.get("persistence_directory"):
        yield (
            f"{where}: amqp_acknowledge does nothing without persistence_directory, a directory of Galaxy's "
            "own, on the runner"
        )
    if "ssl" in _query(params.get("amqp_url")) and any(
        name.startswith("amqp_connect_ssl_") for name in params
    ):
        yield f"{where}: ?ssl= in amqp_url switches off every amqp_connect_ssl_ parameter: leave it out"


def _runner_warnings(runner: Mapping[str, Any]) -> Iterator[str]:
    params, where = runner["params"], f"runner {runner['id']}"
    if "ssl" in _query(params.get("amqp_url")):
        yield f"{where}: with ?ssl= in amqp_url, the name of the broker's host is not verified"
    without = [name for name in params if name.startswith("amqp_ack_")]
    if without and not is_true(params.get("amqp_acknowledge")):
        yield f"{where}: {', '.join(without)} does nothing without amqp_acknowledge"


def _environment_errors(environment: Mapping[str, Any], kind: RunnerClass) -> Iterator[str]:
    params, where = environment["params"], f"environment {environment['id']}"
    yield from _reserved("environments", where, params)
    for name in kind.environment_needs:
        if not params.get(name):
            yield f"{where}: {name} is missing, without which its jobs would stay queued"
    for name in sorted(RUNNER_KEYS_ONLY & params.keys()):
        yield f"{where}: {name} has no effect here: it belongs to the runner"
    if is_true(params.get("outputs_to_working_directory")):
        yield f"{where}: outputs_to_working_directory has to be false, or outputs are lost"
    for variable in environment.get("env", ()):
        if sum(name in variable for name in ("name", "file", "execute")) != 1:
            yield f"{where}: each of env has exactly one of name, file and execute"
        elif ("name" in variable) != ("value" in variable):
            yield f"{where}: a variable of env has both a name and a value"


def _environment_warnings(environment: Mapping[str, Any], kind: RunnerClass) -> Iterator[str]:
    params, where = environment["params"], f"environment {environment['id']}"
    for name in params:
        if name in kind.environment_ignores:
            yield f"{where}: this runner does not read {name}"
        elif name == "persistence_directory":
            yield f"{where}: persistence_directory does nothing here: acknowledgement needs it on the runner"
        elif name not in ENVIRONMENT_KEYS | RUNNER_KEYS_ONLY and not name.startswith(ENVIRONMENT_PREFIXES):
            yield f"{where}: {name} is read by no runner of Pulsar's{_near(name, ENVIRONMENT_KEYS)}"


def _reserved(section: str, where: str, params: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(RESERVED[section] & params.keys()):
        yield f"{where}: {name} is no parameter: give it beside params, if this module has an option for it"


def _near(name: str, names: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, names, n=1)
    return f": did you mean {found[0]}?" if found else ""


def _query(url: object) -> Mapping[str, list[str]]:
    return parse_qs(urlsplit(str(url or "")).query, keep_blank_values=True)
