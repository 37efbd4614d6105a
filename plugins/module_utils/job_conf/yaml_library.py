"""PyYAML, with errors of ours that say where a file is wrong. Private to the collection."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .error import JobConfError
from .yaml_nodes import YamlNode, from_library

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment] # hosts without it are told so when they need it


def compose(text: str) -> YamlNode | None:
    """Return the node of a document; None if it is empty."""
    with _explained():
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    return from_library(node) if node else None


def document_end(text: str) -> int | None:
    """Return where the line is that ends a document (``...``); None if there is none."""
    with _explained():
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.DocumentEndEvent) and event.explicit:
                return int(event.start_mark.index) if event.start_mark else None
    return None


def load(text: str) -> Any:  # noqa: ANN401 (what YAML holds)
    """Return what a document holds, as Galaxy reads it."""
    with _explained():
        return yaml.safe_load(text)


def dump(value: object) -> list[str]:
    """Return the lines of a value in block style; they are ASCII and never wrapped."""
    return _dump(value, flow=False).splitlines()


def dump_flow(value: object) -> str:
    """Return a value in one line, in flow style."""
    return _dump(value, flow=True).strip()


def _dump(value: object, *, flow: bool) -> str:
    with _explained():
        text: str = yaml.dump(
            value, Dumper=_dumper(), sort_keys=False, default_flow_style=flow, width=sys.maxsize
        )
    return text


def _dumper() -> type[yaml.SafeDumper]:
    class Dumper(yaml.SafeDumper):
        """Writes a value again where it occurs again, and a string with line breaks in one line."""

        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 (PyYAML's signature)
            return True

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = '"' if len(text.splitlines()) > 1 or text.endswith("\n") else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent)
    return Dumper


@contextmanager
def _explained() -> Iterator[None]:
    if yaml is None:
        raise JobConfError(
            f"PyYAML is missing for {sys.executable}: install the package python3-yaml, or name a Python "
            "that has it with ansible_python_interpreter (Galaxy's own virtual environment does)"
        )
    try:
        yield
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise JobConfError(f"{where}{exc.problem or exc.context}") from exc
    except yaml.YAMLError as exc:
        raise JobConfError(" ".join(str(exc).split())) from exc
