"""Read a YAML file into a mapping, with what is wrong with it by line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import attrs
import yaml

from pulsar_runtime.domain.errors import ConfigError

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_INI_SECTION = re.compile(r"^\[[^\],]+\]\s*$", re.MULTILINE)


class _Loader(yaml.CSafeLoader):
    """The safe loader, which leaves times as text: the reader of a key asks for their zone."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - a class attribute of PyYAML, whose type it must keep
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


@attrs.frozen
class Document:
    """A file's mapping, and the keys in it that are written twice."""

    values: Mapping[str, object]
    problems: tuple[str, ...] = ()


def read_document(path: Path) -> Document:
    """Read the YAML file *path*, or raise `ConfigError`; an empty file is an empty mapping."""
    text = _read_text(path)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        problems = tuple(_check_keys(node, "", set())) if node else ()
        values = loader.construct_document(node) if node else None
    except yaml.YAMLError as error:
        raise ConfigError(str(path), (_explain(error, text),)) from None
    except ValueError:
        # A tag such as !!int before text that is no number; the library's message would show the text.
        raise ConfigError(
            str(path), ("a value does not fit the tag (!!...) before it: remove the tag",)
        ) from None
    finally:
        loader.dispose()
    if not isinstance(values, dict | None):
        raise ConfigError(str(path), ("must hold lines `key: value`, and holds something else",))
    return Document(values or {}, problems)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(str(path), (f"cannot be read: {error.strerror}",)) from None
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), (f"is not UTF-8 text (byte {error.start + 1})",)) from None


def _explain(error: yaml.YAMLError, text: str) -> str:
    """Say what is wrong and where, without the library's excerpt, which could show a secret."""
    if _INI_SECTION.search(text):
        return (
            "is an ini file such as server.ini; give the YAML file instead, which is the one that its"
            " app_config names (app.yml unless it says otherwise)"
        )
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "holds a character that YAML does not allow"
    where = f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
    # Only these two quote what the file says.
    if isinstance(error, yaml.composer.ComposerError) and "alias" in (error.problem or ""):
        return f"{where}: an alias (*...) that nothing defines; put text that begins with '*' between quotes"
    if isinstance(error, yaml.constructor.ConstructorError):
        return f"{where}: a tag (!...) or key that cannot be; put text that begins with '!' between quotes"
    return f"{where}: {', '.join(part for part in (error.context, error.problem) if part)}"


def _check_keys(node: yaml.Node, path: str, seen: set[yaml.Node]) -> Iterator[str]:
    """Make every key text, and name each that a mapping holds twice, of which YAML keeps the last."""
    if node in seen:
        return
    seen.add(node)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _check_keys(item, f"{path}[{index}]", seen)
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                continue
            # A manager may be called 1, and a key that is called "on" is not true.
            key.tag = _TEXT
            name = cast("str", key.value)
            below = f"{path}.{name}" if path else name
            line = key.start_mark.line + 1
            if name in lines:
                yield f"{below}: is written twice, in lines {lines[name]} and {line}; keep one"
            lines[name] = line
            yield from _check_keys(value, below, seen)
