"""Write the reference page of the configuration: ``python -m pulsar_runtime.config.describe > PAGE``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import attrs

from pulsar_runtime.config.manager_places import ManagerPlaces
from pulsar_runtime.config.managers import DEFAULT_TYPE
from pulsar_runtime.config.message_queue import MessageQueue
from pulsar_runtime.config.option import Option, options
from pulsar_runtime.config.reference_keys import REFERENCE_KEYS, REFERENCE_MANAGER_TYPES
from pulsar_runtime.config.schema import (
    MANAGER_TYPES,
    SECTIONS,
    Config,
    JobSettings,
    ManagerSettings,
    Token,
)

_INTRODUCTION = """\
<!-- Made by `python -m pulsar_runtime.config.describe`; a test fails when it is not up to date. -->

# Configuration

One YAML file, given with `--config FILE`. Without it, everything has its default. The keys of Pulsar's
`app.yml` are read as they are; a `server.ini` is not read.

Check a file with `pulsar-runtime config check --config FILE`: it prints every mistake at once, with the path
of its key. `pulsar-runtime config show --config FILE` prints the configuration in effect and where each value
is from.

A value comes from the first of these that has it:

1. the command line (`--bind`);
2. `PULSAR_CONFIG_OVERRIDE_<KEY>` in the environment, where `<KEY>` is a key of the top level in capitals;
3. the file;
4. `PULSAR_CONFIG_<KEY>` in the environment;
5. the default.

A key without a value counts as absent, except `maximum_stream_size`. Relative paths start at the current
directory. Numbers and booleans may be written as text. An unknown key is a mistake, and so is a key that is
written twice.
"""

_MANAGERS = f"""\
`managers` maps names to managers. A single manager may stand under `manager` instead; its name is
`_default_`, the one that Galaxy means when it names none. Without either, there is one `_default_` of type
`{DEFAULT_TYPE}`.

```yaml
managers:
  _default_:
    type: queued_python
    num_concurrent_jobs: 4
  big:
    type: queued_python
    num_concurrent_jobs: "*"
    staging_directory: /data/big
    env_OMP_NUM_THREADS: "8"
```
"""


#: Keys whose values are more than one value.
_SECTIONS = (
    ("managers", "mapping", "one `_default_`", "Managers by name, [below](#managers)."),
    ("manager", "mapping", "none", "The only manager, in place of `managers`."),
    ("web", "mapping", "see below", "The HTTP server, [below](#web)."),
    ("disk", "mapping", "see below", "The guard against a full disk, [below](#disk)."),
    ("staging", "mapping", "see below", "How the server moves files itself, [below](#staging)."),
    ("retention", "mapping", "see below", "When ended jobs are removed, [below](#retention)."),
    ("messages", "mapping", "see below", "What is taken from the message broker, [below](#messages)."),
    ("tokens", "list of mappings", "none", "Further credentials, [below](#tokens)."),
)
_MANAGER_KEYS = (
    ("type", "name of a type", f"`{DEFAULT_TYPE}`", "What runs the jobs; the types are below."),
    (
        "env_<NAME>",
        "text",
        "none",
        "Sets the environment variable `<NAME>` for every job.",
    ),
)

#: Kind, default and meaning of the members of a family of keys.
_MEMBER = (
    "text",
    "none",
    "Given on to the batch system with every job: see [schedulers](../guide/schedulers.md).",
)

_MESSAGE_QUEUE = """\
Keys of the top level too. With `message_queue_url`, or the file that holds it, the agent takes jobs from the
broker; a site that uses nothing else runs the agent alone. `amqps://` is TLS, and the broker has to prove who
it is.
"""

_REFERENCE = """\
Keys that Pulsar reads and this version does not. One that only tunes something is accepted with a warning.
One whose silent loss would be unsafe, or would leave a site without what it relies on, is a mistake, unless
its value is empty or `false`. They are judged so at the top level and in a manager.
"""


def page() -> str:
    """Return the page."""
    return "\n".join(_blocks())


def _blocks() -> Iterator[str]:
    yield _INTRODUCTION
    yield "## Top level\n"
    yield _table([*_own(Config, MessageQueue), *options(ManagerPlaces)], extra=_SECTIONS)
    yield "## Message queue\n"
    yield _MESSAGE_QUEUE
    yield _table(options(MessageQueue))
    yield "## Managers\n"
    yield _MANAGERS
    common = ", ".join(f"`{option.name}`" for option in options(JobSettings))
    yield f"Every manager may have these keys of the top level, for itself alone: {common}. Besides them:\n"
    yield _table(_own(ManagerSettings, JobSettings), extra=_MANAGER_KEYS)
    for name, settings in MANAGER_TYPES.items():
        own = _own(settings, ManagerSettings)
        yield f"### {name}\n"
        yield f"{(settings.__doc__ or '').strip()}\n"
        members = [(f"{prefix}<NAME>", *_MEMBER) for prefix in settings.families]
        yield _table(own, extra=members) if own or members else "It has no keys of its own.\n"
    for name, section in {**SECTIONS, "tokens": Token}.items():
        yield f"## {name}\n"
        yield f"{(section.__doc__ or '').strip()}\n"
        yield _table(options(section))
    yield "## Keys of Pulsar that this version does not have\n"
    yield _REFERENCE
    yield "| Keys | What happens | Why |\n| --- | --- | --- |"
    for keys in REFERENCE_KEYS:
        patterns = ", ".join(f"`{pattern}`" for pattern in keys.patterns)
        yield f"| {patterns} | {keys.effect.value} | {keys.reason} |"
    types = ", ".join(f"`{name}`" for name in REFERENCE_MANAGER_TYPES)
    yield f"\nManager types that this version does not have: {types}.\n"


def _own(settings: type[attrs.AttrsInstance], base: type[attrs.AttrsInstance]) -> list[Option]:
    inherited = {option.name for option in options(base)}
    return [option for option in options(settings) if option.name not in inherited]


def _table(keys: Iterable[Option], extra: Iterable[tuple[str, str, str, str]] = ()) -> str:
    rows = [(option.name, option.kind.name, _default(option), option.help) for option in keys]
    lines = [
        f"| `{key}` | {kind} | {default} | {_cell(text)} |" for key, kind, default, text in (*rows, *extra)
    ]
    return "\n".join(["| Key | Type | Default | Meaning |", "| --- | --- | --- | --- |", *lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(option: Option) -> str:
    if option.required:
        return "required"
    default = option.write(option.default)
    if default is None:
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    sys.stdout.write(page())
