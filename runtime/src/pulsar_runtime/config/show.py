"""Show the configuration that is in effect, with where each value is from."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import yaml

from pulsar_runtime.config.load import Loaded
from pulsar_runtime.config.managers import ENVIRONMENT_PREFIX
from pulsar_runtime.config.option import options
from pulsar_runtime.config.schema import SECTIONS, Token
from pulsar_runtime.config.secret import MASK


def show(loaded: Loaded) -> str:
    """Return the configuration as YAML that could be loaded again, were it not for the masked secrets."""
    config = loaded.config
    lines = [f"# {warning}" for warning in loaded.warnings]
    lines += _values(config, "", "", loaded)
    for section in SECTIONS:
        lines += [f"{section}:", *_values(getattr(config, section), f"{section}.", "  ", loaded)]
    lines.append(f"tokens:{'' if config.tokens else ' []'}  # {loaded.origin('tokens')}")
    for token in config.tokens:
        lines += _token(token)
    lines.append("managers:")
    for name, manager in config.managers.items():
        lines += [f"  {_scalar(name)}:", f"    type: {manager.type}"]
        lines += _values(manager, f"managers.{name}.", "    ", loaded)
        for variable, value in manager.environment.items():
            lines.append(f"    {ENVIRONMENT_PREFIX}{variable}: {_scalar(value)}")
    return "\n".join(lines) + "\n"


def _values(settings: attrs.AttrsInstance, path: str, indent: str, loaded: Loaded) -> Iterator[str]:
    for name, text in _written(settings):
        yield f"{indent}{name}: {text}  # {loaded.origin(path + name)}"


def _token(token: Token) -> Iterator[str]:
    # What a token leaves out must stay out: nothing does not mean "all" there.
    given = [(name, text) for name, text in _written(token) if getattr(token, name) is not None]
    for index, (name, text) in enumerate(given):
        yield f"{'    ' if index else '  - '}{name}: {text}"


def _written(settings: attrs.AttrsInstance) -> Iterator[tuple[str, str]]:
    for option in options(type(settings)):
        value = getattr(settings, option.name)
        masked = option.kind.secret and value is not None
        yield option.name, _scalar(MASK if masked else option.write(value))


def _scalar(value: object) -> str:
    """Return *value* as YAML on one line."""
    style = '"' if isinstance(value, str) and not value.isprintable() else None
    text = yaml.safe_dump(
        value, default_flow_style=True, default_style=style, allow_unicode=True, width=float("inf")
    )
    return text.removesuffix("...\n").rstrip("\n")
