"""What a job configuration in XML says, and how entries are written in it. Private to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from .conf import JobConf
from .error import JobConfError
from .section import ENVIRONMENTS, LIMITS, RUNNERS, TOOLS
from .xml_tree import Element


class Tags(NamedTuple):
    """How a section and its entries are called, and what an entry needs for Galaxy not to pass over it."""

    section: str
    entry: str
    needed: tuple[str, ...]


TAGS: Mapping[str, Tags] = {
    RUNNERS: Tags("plugins", "plugin", ("id", "type", "load")),
    ENVIRONMENTS: Tags("destinations", "destination", ("id", "runner")),
    TOOLS: Tags("tools", "tool", ("id",)),
    LIMITS: Tags("limits", "limit", ("type",)),
}
_STEP = "    "
_TRUE = ("true", "yes", "on", "1")


def entries_of(root: Element, section: str) -> list[Element]:
    """Return the entries of a section that Galaxy reads."""
    tags = TAGS[section]
    element = root.find(tags.section)
    found = element.all(tags.entry) if element else []
    return [entry for entry in found if all(name in entry.attributes for name in tags.needed)]


def read_conf(root: Element) -> JobConf:
    """Return what a document says; raises `JobConfError` if it is no job configuration."""
    if root.tag != "job_conf":
        raise JobConfError(f"it begins with {root.tag}, not with job_conf")
    destinations = root.find("destinations")
    attributes = destinations.attributes if destinations else {}
    default = next(
        (value for name, value in attributes.items() if name.startswith("default")),
        None,
    )
    plugins = [each for each in entries_of(root, RUNNERS) if each.attributes["type"] == "runner"]
    return JobConf(
        runners={each.attributes["id"]: _runner(each) for each in plugins},
        environments={each.attributes["id"]: _environment(each) for each in entries_of(root, ENVIRONMENTS)},
        default=default,
        tools=[_tool(each) for each in entries_of(root, TOOLS)],
        limits=[_limit(each) for each in entries_of(root, LIMITS)],
        rest=_rest(root),
    )


def write_entries(section: str, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines of entries of a section."""
    writers = {
        RUNNERS: _write_runner,
        ENVIRONMENTS: _write_environment,
        TOOLS: _write_tool,
        LIMITS: _write_limit,
    }
    return [
        line.encode("ascii", "xmlcharrefreplace").decode()
        for entry in entries
        for line in writers[section](entry)
    ]


def _runner(element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {"load": element.attributes["load"]}
    workers = element.attributes.get("workers")
    if workers is not None:
        if not workers.isdigit():
            raise JobConfError(f"the workers of {element.attributes['id']} are no number")
        found["workers"] = int(workers)
    return {**found, "params": _params(element)}


def _environment(element: Element) -> dict[str, Any]:
    attributes = element.attributes
    tags = [tag.strip() for tag in attributes.get("tags", "").split(",") if tag.strip()]
    resubmits = [
        _given({**each.attributes, "environment": each.attributes.get("destination")}, _OF_RESUBMIT)
        for each in element.all("resubmit")
    ]
    found = {
        "runner": attributes["runner"],
        "tags": tags,
        "env": [_variable(each) for each in element.all("env")],
        "resubmit": resubmits,
        "metrics": attributes.get("metrics"),
    }
    return {**{key: value for key, value in found.items() if value}, "params": _params(element)}


_OF_RESUBMIT = ("condition", "environment", "handler", "delay")


def _variable(element: Element) -> dict[str, Any]:
    attributes = element.attributes
    found = {
        "name": attributes.get("id"),
        "value": element.text,
        "file": attributes.get("file"),
        "execute": attributes.get("exec"),
        "raw": attributes.get("raw", "").lower() in _TRUE,
    }
    return {key: value for key, value in found.items() if value}


def _tool(element: Element) -> dict[str, Any]:
    attributes = {**element.attributes, "environment": element.attributes.get("destination")}
    return _given(attributes, ("id", "environment", "handler", "resources", "class"))


def _limit(element: Element) -> dict[str, Any]:
    kind = element.attributes["type"].replace("destination_", "environment_")
    return {"type": kind, **_given(element.attributes, ("id", "tag", "window")), "value": element.text}


def _given(attributes: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: attributes[name] for name in names if attributes.get(name)}


def _params(element: Element) -> dict[str, Any]:
    return {param.attributes.get("id", ""): param.text for param in element.all("param")}


def _rest(root: Element) -> list[Any]:
    """Return everything but the entries of sections."""
    sections = {tags.section: tags.entry for tags in TAGS.values()}
    rest: list[Any] = []
    for child in root.children:
        own = sections.get(child.tag)
        content = _content(child)
        if own:
            kept = [each for each in content[3] if each[0] != own]
            attributes = {name: value for name, value in content[1].items() if not name.startswith("default")}
            if kept or attributes:
                rest.append((child.tag, attributes, None, kept))
        else:
            rest.append(content)
    return rest


def _content(element: Element) -> tuple[str, dict[str, str], str | None, list[Any]]:
    children = [_content(child) for child in element.children]
    return element.tag, element.attributes, (element.text or "").strip(), children


def _write_runner(runner: Mapping[str, Any]) -> Iterator[str]:
    attributes = {
        "id": runner["id"],
        "type": "runner",
        "load": runner["load"],
        "workers": runner.get("workers"),
    }
    return _write_element("plugin", attributes, _write_params(runner))


def _write_environment(environment: Mapping[str, Any]) -> Iterator[str]:
    attributes = {
        "id": environment["id"],
        "runner": environment["runner"],
        "tags": ",".join(environment.get("tags", ())) or None,
    }
    if "metrics" in environment:
        # Galaxy takes the attribute for true or false before it takes it for a path, and does not start.
        raise JobConfError(f"{environment['id']}: metrics works in YAML only: move the configuration there")
    variables = [
        _one_line(
            "env",
            {
                "id": each.get("name"),
                "file": each.get("file"),
                "exec": each.get("execute"),
                "raw": each.get("raw"),
            },
            each.get("value"),
        )
        for each in environment.get("env", ())
    ]
    return _write_element("destination", attributes, [*variables, *_write_params(environment)])


def _write_tool(tool: Mapping[str, Any]) -> Iterator[str]:
    yield _one_line("tool", {"id": tool["id"], "destination": tool["environment"]}, None)


def _write_limit(limit: Mapping[str, Any]) -> Iterator[str]:
    kind = limit["type"].replace("environment_", "destination_")
    yield _one_line("limit", {"type": kind, "id": limit.get("id"), "tag": limit.get("tag")}, limit["value"])


def _write_params(entry: Mapping[str, Any]) -> list[str]:
    for name, value in entry["params"].items():
        if isinstance(value, (dict, list)) or name in ("container", "container_override"):
            raise JobConfError(
                f"{entry['id']}: {name} has a structure that XML has no form for: move the configuration to "
                "YAML"
            )
    return [_one_line("param", {"id": name}, value) for name, value in entry["params"].items()]


def _write_element(tag: str, attributes: Mapping[str, Any], children: Sequence[str]) -> Iterator[str]:
    if not children:
        yield _one_line(tag, attributes, None)
        return
    yield f"<{tag}{_attributes(attributes)}>"
    for child in children:
        yield f"{_STEP}{child}"
    yield f"</{tag}>"


def _one_line(tag: str, attributes: Mapping[str, Any], value: object) -> str:
    start = f"<{tag}{_attributes(attributes)}"
    return f"{start}/>" if value is None else f"{start}>{escape(_text(value), {chr(13): '&#13;'})}</{tag}>"


def _attributes(attributes: Mapping[str, Any]) -> str:
    return "".join(
        f" {name}={quoteattr(_text(value))}" for name, value in attributes.items() if value is not None
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
