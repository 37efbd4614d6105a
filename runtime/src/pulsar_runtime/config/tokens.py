"""Read the list of tokens."""

from __future__ import annotations

from collections.abc import Collection

from pulsar_runtime.config.kind import sort_of
from pulsar_runtime.config.near_match import near_match
from pulsar_runtime.config.option import options
from pulsar_runtime.config.reading import Reading
from pulsar_runtime.config.schema import Token


def read_tokens(given: object, managers: Collection[str], reading: Reading) -> tuple[Token, ...]:
    """Read tokens, whose names must differ and whose managers must be among *managers* (none: not known)."""
    if given is None:
        return ()
    if not isinstance(given, list):
        reading.problem("tokens", f"must be a list of mappings, not {sort_of(given)}")
        return ()
    required = {option.name for option in options(Token) if option.required}
    tokens: list[Token] = []
    for index, item in enumerate(given):
        path = f"tokens[{index}]"
        arguments = reading.section(Token, item, path)
        if not required <= arguments.keys():
            continue
        token = Token(**arguments)
        if token.name in {other.name for other in tokens}:
            reading.problem(f"{path}.name", f"{token.name!r} is the name of another token; choose another")
        for unknown in sorted(set(token.managers or ()) - set(managers)) if managers else ():
            hint = near_match(unknown, managers)
            reading.problem(f"{path}.managers", f"there is no manager {unknown!r}{hint}")
        tokens.append(token)
    return tuple(tokens)
