"""What a job configuration says, however it is written down. Private to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .section import limit_key, tool_key


class JobConf(NamedTuple):
    """The sections that matter to an endpoint, in one form for YAML and XML.

    *runners* have `load`, `workers` and `params`; *environments* have `runner`, `params` and, where they are
    given, `tags`, `env`, `shell`, `resubmit` and `metrics`. *default* is what jobs go to that nobody routed;
    None if it is not given. *rest* is everything else, to be compared only.
    """

    runners: Mapping[str, Mapping[str, Any]]
    environments: Mapping[str, Mapping[str, Any]]
    default: str | None
    tools: Sequence[Mapping[str, Any]]
    limits: Sequence[Mapping[str, Any]]
    rest: Any

    def destinations(self) -> list[str]:
        """Return all names that a job can be sent to: the ids of environments and their tags, each once."""
        names = [*self.environments]
        names += [tag for each in self.environments.values() for tag in each.get("tags", ())]
        return list(dict.fromkeys(names))

    def broken(self) -> set[str]:
        """Return one sentence for each name that stands for nothing, and for a default that Galaxy misses."""
        return set(self._broken())

    def _broken(self) -> Iterator[str]:
        destinations = self.destinations()
        yield from self._broken_environments(destinations)
        for tool in self.tools:
            if tool.get("environment") and tool["environment"] not in destinations:
                yield f"tool {tool.get('id')} goes to {tool['environment']}, which is not there"
        for limit in self.limits:
            place = limit.get("tag") or limit.get("id")
            if place and place not in destinations:
                yield f"the limit {limit.get('type')} is for {place}, which is not there"
        if self.default is not None and self.default not in destinations:
            yield f"the default environment is {self.default}, which is not there"
        if self.default is None and len(destinations) > 1:
            yield "there is more than one environment (tags count) and no default among them"

    def _broken_environments(self, destinations: Sequence[str]) -> Iterator[str]:
        for name, environment in self.environments.items():
            for tag in environment.get("tags", ()):
                if tag in self.environments:
                    yield f"{tag} is an environment and a tag of {name} at once"
            if environment.get("runner") not in self.runners:
                yield f"environment {name} has the runner {environment.get('runner')}, which is not there"
            for resubmit in environment.get("resubmit", ()):
                if resubmit.get("environment") and resubmit["environment"] not in destinations:
                    yield f"environment {name} resubmits to {resubmit['environment']}, which is not there"


def keyed_tools(tools: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the routes of tools by what Galaxy looks up: an id, or the kind of tool they are for."""
    return {tool_key(str(tool.get("id") or f"class {tool.get('class')}")): tool for tool in tools}


def keyed_limits(limits: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return limits by what tells them apart."""
    return {limit_key(str(limit.get("type")), limit.get("tag") or limit.get("id")): limit for limit in limits}
