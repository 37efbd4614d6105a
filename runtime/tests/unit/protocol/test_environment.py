"""The env list of a submission (the table of protocol section 4.5)."""

from __future__ import annotations

import pytest

from pulsar_runtime.domain.environment import Assign, EnvironmentStatement, Execute, SourceFile
from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.protocol.environment import statements

NOTHING: dict[str, object] = {"name": None, "value": None, "file": None, "execute": None, "raw": None}


@pytest.mark.parametrize(
    ("entry", "statement"),
    [
        ({"file": "/env.sh"}, SourceFile("/env.sh")),
        ({"execute": "module load x"}, Execute("module load x")),
        ({"name": "A", "value": "1"}, Assign("A", "1")),
        ({"name": "_a1", "value": ""}, Assign("_a1", "")),
        ({"name": "A", "value": "$HOME", "raw": True}, Assign("A", "$HOME", raw=True)),
        ({"file": "$HOME/env.sh", "raw": True}, SourceFile("$HOME/env.sh", raw=True)),
        ({"name": "A", "value": "x", "raw": "true"}, Assign("A", "x", raw=True)),
        ({"name": "A", "value": "x", "raw": False}, Assign("A", "x")),
        # Values are usually text; YAML makes numbers of some.
        ({"name": "A", "value": 4}, Assign("A", "4")),
        # All keys of a destination in XML, with nulls for the unused ones.
        ({**NOTHING, "name": "A", "value": "1"}, Assign("A", "1")),
        ({**NOTHING, "file": "/env.sh"}, SourceFile("/env.sh")),
        ({**NOTHING, "execute": "x"}, Execute("x")),
        ({"file": "", "execute": "", "name": "A", "value": "1"}, Assign("A", "1")),
        # The order of precedence.
        ({"file": "/f", "execute": "e", "name": "A", "value": "1"}, SourceFile("/f")),
        ({"execute": "e", "name": "A", "value": "1"}, Execute("e")),
        # What Galaxy adds for a tool's own variables.
        (
            {
                "name": "X",
                "value": '`cat "/c/e"`',
                "raw": True,
                "template": "t",
                "inject": None,
                "strip": False,
            },
            Assign("X", '`cat "/c/e"`', raw=True),
        ),
    ],
)
def test_an_entry_is_one_statement(entry: dict[str, object], statement: EnvironmentStatement) -> None:
    assert statements([entry]) == (statement,)


@pytest.mark.parametrize("entry", [{}, NOTHING, {"name": "A", "value": None}, {"name": "A"}, {"value": "1"}])
def test_an_entry_that_says_nothing_is_left_out(entry: dict[str, object]) -> None:
    """The reference fails the launch at a name without a value."""
    assert statements([entry, {"name": "B", "value": "2"}]) == (Assign("B", "2"),)


def test_statements_keep_their_order() -> None:
    entries = [{"name": "A", "value": "1"}, {"execute": "x"}, {"name": "A", "value": "2"}]
    assert statements(entries) == (Assign("A", "1"), Execute("x"), Assign("A", "2"))


@pytest.mark.parametrize("entries", [{"a": 1}, "text", 1, True, None])
def test_what_is_not_a_list_is_refused(entries: object) -> None:
    with pytest.raises(MalformedRequest, match="env is not a list"):
        statements(entries)


@pytest.mark.parametrize("entry", ["text", 1, None, ["name", "A"]])
def test_an_entry_that_is_not_an_object_is_refused(entry: object) -> None:
    with pytest.raises(MalformedRequest):
        statements([entry])


@pytest.mark.parametrize(
    "name", ["1A", "A-B", "A B", "A=B", "A;reboot", "$(reboot)", "\u00e9", "A\n", "A[0]"]
)
def test_a_name_that_a_shell_cannot_export_is_refused(name: str) -> None:
    with pytest.raises(MalformedRequest, match="variable"):
        statements([{"name": name, "value": "1"}])


@pytest.mark.parametrize("key", ["file", "execute", "value"])
def test_a_nul_is_refused(key: str) -> None:
    with pytest.raises(MalformedRequest, match="NUL"):
        statements([{"name": "A", key: "a\0b"}])
