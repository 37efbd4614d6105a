"""An endpoint: the entries that Galaxy's job configuration has for one Pulsar server.

Private to the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .conf import JobConf
from .section import ENVIRONMENTS, LIMITS, RUNNERS, TOOLS, limit_key, tool_key


class Endpoint(NamedTuple):
    """The entries of each section, in the form that `JobConf` has them, each with its `id`."""

    name: str
    runner: dict[str, Any]
    environments: Sequence[dict[str, Any]] = ()
    tools: Sequence[dict[str, Any]] = ()
    limits: Sequence[dict[str, Any]] = ()

    def section(self, section: str) -> Sequence[dict[str, Any]]:
        """Return the entries of a section."""
        sections = {
            RUNNERS: [self.runner],
            ENVIRONMENTS: self.environments,
            TOOLS: self.tools,
            LIMITS: self.limits,
        }
        return sections[section]

    def ids(self) -> list[tuple[str, str]]:
        """Return the section and the id of each entry, with repetitions if there are any."""
        return [
            (RUNNERS, str(self.runner["id"])),
            *((ENVIRONMENTS, str(each["id"])) for each in self.environments),
            *((TOOLS, tool_key(str(each["id"]))) for each in self.tools),
            *((LIMITS, limit_key(each["type"], each.get("tag") or each.get("id"))) for each in self.limits),
        ]

    def destinations(self) -> list[str]:
        """Return what its tools and limits may be for: its environments and their tags."""
        return [name for each in self.environments for name in (each["id"], *each.get("tags", ()))]


def from_options(options: Mapping[str, Any]) -> Endpoint:
    """Return the endpoint that a module's options describe."""
    runner = options["runner"]
    environments = [_environment(each, runner["id"]) for each in options["environments"] or ()]
    default = environments[0]["id"] if environments else None
    return Endpoint(
        name=options["name"],
        runner={**_given(runner, "id", "load", "workers"), "params": _params(runner)},
        environments=environments,
        tools=[
            {"id": tool["id"], "environment": tool["environment"] or default}
            for tool in options["tools"] or ()
        ],
        limits=[_given(limit, "type", "id", "tag", "value") for limit in options["limits"] or ()],
    )


def endpoints_of(conf: JobConf, owners: Mapping[tuple[str, str], str]) -> Iterator[dict[str, Any]]:
    """Return the endpoints that a configuration has, whoever wrote them: one for each runner of Pulsar's.

    *owners* maps section and id to the name of an endpoint of ours.
    """
    for runner_id, runner in conf.runners.items():
        if "galaxy.jobs.runners.pulsar" not in str(runner.get("load")):
            continue
        environments = [
            {"id": name, **each}
            for name, each in conf.environments.items()
            if each.get("runner") == runner_id
        ]
        names = {name for each in environments for name in (each["id"], *each.get("tags", ()))}
        yield {
            "name": owners.get((RUNNERS, runner_id)),
            "runner": {"id": runner_id, **runner},
            "environments": environments,
            "tools": [tool for tool in conf.tools if tool.get("environment") in names],
            "limits": [limit for limit in conf.limits if (limit.get("tag") or limit.get("id")) in names],
        }


def _environment(options: Mapping[str, Any], runner_id: str) -> dict[str, Any]:
    env = [{key: value for key, value in each.items() if value is not None} for each in options["env"] or ()]
    environment = {
        "id": options["id"],
        "runner": runner_id,
        "tags": options["tags"],
        "env": env,
        "metrics": options["metrics"],
    }
    params = _params(options)
    # Galaxy's own default for this may be true, with which outputs are lost now and then.
    params.setdefault("outputs_to_working_directory", False)
    return {**{key: value for key, value in environment.items() if value}, "params": params}


def _params(options: Mapping[str, Any]) -> dict[str, Any]:
    return {**(options["params"] or {}), **(options["secret_params"] or {})}


def _given(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if options.get(name) is not None}
