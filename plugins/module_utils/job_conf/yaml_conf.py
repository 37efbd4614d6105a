"""What a job configuration in YAML says, and how entries are written in it. Private to the collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .conf import JobConf
from .error import JobConfError
from .section import ENVIRONMENTS, LIMITS, RUNNERS, TOOLS
from .yaml_library import dump, dump_flow

#: What is not a parameter of a runner, and of an environment (``galaxy.jobs.JobConfiguration``).
_OF_RUNNER = ("id", "load", "workers")
_OF_ENVIRONMENT = ("id", "runner", "tags", "shell", "env", "resubmit", "metrics")


def read_conf(whole: Any, above: Sequence[str]) -> JobConf:  # noqa: ANN401 (what YAML holds)
    """Return what a document says below the keys *above*; raises `JobConfError` if Galaxy could not."""
    conf = whole
    for key in above:
        conf = _mapping(conf, key)
    if not isinstance(conf, dict) or not conf:
        raise JobConfError("it is no mapping with runners and execution, and Galaxy could not load it")
    execution = _mapping(conf, "execution")
    environments = execution.get("environments") or {}
    if isinstance(environments, list):
        environments = {each.get("id"): each for each in environments if isinstance(each, dict)}
    elif not isinstance(environments, dict):
        raise JobConfError("execution.environments is neither a mapping nor a list")
    return JobConf(
        runners={str(name): _runner(each or {}) for name, each in _mapping(conf, RUNNERS).items()},
        environments={str(name): _environment(each or {}) for name, each in environments.items()},
        default=execution.get("default"),
        tools=_items(conf, TOOLS),
        limits=_items(conf, LIMITS),
        rest=_without_sections(whole, above),
    )


def write_entries(
    section: str, entries: Sequence[Mapping[str, Any]], *, as_list: bool, flow: bool
) -> list[str]:
    """Return the lines of entries of a section, as items of a list or of a mapping."""
    values: list[Any] = [_flat(section, entry) for entry in entries]
    if as_list:
        return [f"{dump_flow(each)}," for each in values] if flow else dump(values)
    named = {each.pop("id"): each for each in values}
    if flow:
        return [f"{dump_flow({name: each})[1:-1]}," for name, each in named.items()]
    return dump(named)


def _flat(section: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as people write it: parameters beside everything else."""
    flat = {key: value for key, value in entry.items() if key != "params"}
    flat.update(entry.get("params", {}))
    if section == ENVIRONMENTS and "metrics" in entry:
        flat["metrics"] = {"src": "path", "path": entry["metrics"]}
    return flat


def _runner(entry: Any) -> dict[str, Any]:  # noqa: ANN401 (the same)
    if not isinstance(entry, dict):
        raise JobConfError("a runner is no mapping")
    params = entry.get("kwds", {key: value for key, value in entry.items() if key not in _OF_RUNNER})
    return {**_given(entry, _OF_RUNNER[1:]), "params": params or {}}


def _environment(entry: Any) -> dict[str, Any]:  # noqa: ANN401 (the same)
    if not isinstance(entry, dict):
        raise JobConfError("an environment is no mapping")
    params = entry.get("params")
    if params is None:
        params = {key: value for key, value in entry.items() if key not in _OF_ENVIRONMENT}
    found = {**_given(entry, _OF_ENVIRONMENT[1:]), "params": params}
    metrics = found.get("metrics")
    if isinstance(metrics, dict) and set(metrics) == {"src", "path"} and metrics["src"] == "path":
        found["metrics"] = metrics["path"]
    return found


def _given(entry: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: entry[name] for name in names if entry.get(name) not in (None, [])}


def _mapping(conf: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 (the same)
    value = conf.get(name) if isinstance(conf, dict) else None
    if not isinstance(value, (dict, type(None))):
        raise JobConfError(f"{name} is no mapping, which Galaxy needs")
    return value or {}


def _items(conf: dict[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = conf.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise JobConfError(f"{name} is no list of mappings, which Galaxy needs")
    return value


def _without_sections(whole: dict[str, Any], above: Sequence[str]) -> dict[str, Any]:
    """Return everything else, with nothing that is empty on the way."""
    if above:
        return {**whole, above[0]: _without_sections(whole[above[0]], above[1:])}
    rest = {name: value for name, value in whole.items() if name not in (RUNNERS, TOOLS, LIMITS)}
    execution = rest.pop("execution", None) or {}
    further = {name: value for name, value in execution.items() if name not in (ENVIRONMENTS, "default")}
    return {**rest, "execution": further}
