"""What the source never does, or does in the places that are listed here alone."""

from __future__ import annotations

import ast
from collections import Counter
from itertools import pairwise

from runtime.tests.architecture.source import modules, nodes, package_of

#: Each is the top of something that goes on, and answers or logs what it caught.
TOPS = {"messaging/standing_connection.py": 1, "web/shortcut.py": 1, "web/worker.py": 2}

#: A forked child may never come back into its parent's program.
ENDS_THE_PROCESS = {"cli/children.py"}

#: Keys of the wire that mean nothing else; the probe speaks as a client does.
WIRE_WORDS = {
    "dependencies_description",
    "job_directory_contents",
    "metadata_directory_contents",
    "outputs_directory_contents",
    "path_separator",
    "pulsar_version",
    "realized_dynamic_file_sources",
    "returncode",
    "setup_params",
    "submit_extras",
    "system_properties",
    "tools_directory",
    "unstructured_files_directory",
    "working_directory_contents",
}
CLIENTS = {"cli/http_probe.py", "cli/message_probe.py"}


#: Programs of their own, which nobody configures.
PROGRAMS = {"managers/real_user/launcher.py"}


def _caught(handler: ast.ExceptHandler) -> str:
    return ast.unparse(handler.type) if handler.type is not None else "everything"


def test_every_error_is_caught_only_at_the_top_of_a_loop() -> None:
    found = Counter(
        module
        for module, node in nodes()
        if isinstance(node, ast.ExceptHandler) and _caught(node) in ("Exception", "everything")
    )
    assert found == TOPS


def test_who_catches_what_is_not_for_catching_raises_it_again() -> None:
    found = {
        module
        for module, node in nodes()
        if isinstance(node, ast.ExceptHandler)
        and _caught(node) == "BaseException"
        and not isinstance(node.body[-1], ast.Raise)
    }
    assert found == ENDS_THE_PROCESS


def test_no_command_goes_through_a_shell() -> None:
    """The one shell that a job needs is named as such: /bin/sh and /bin/bash, with a list of arguments."""
    found = [
        (module, node.lineno)
        for module, node in nodes()
        if isinstance(node, ast.Call)
        and (
            any(keyword.arg == "shell" for keyword in node.keywords)
            or ast.unparse(node.func)
            in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput")
        )
    ]
    assert found == []


def test_the_environment_is_read_where_the_configuration_is() -> None:
    """And in the commands; everyone else is given what they need."""
    readers = {
        package_of(module)
        for module, node in nodes()
        if isinstance(node, ast.Attribute)
        and module not in PROGRAMS
        and ast.unparse(node) in ("os.environ", "os.environb", "os.getenv", "os.getenvb")
    }
    assert readers <= {"bootstrap", "cli", "config"}


def test_wire_words_are_spelled_in_one_place() -> None:
    found = {
        module
        for module, node in nodes()
        if isinstance(node, ast.Constant) and node.value in WIRE_WORDS and package_of(module) != "protocol"
    }
    assert found == CLIENTS


def test_asserts_are_not_how_the_source_decides() -> None:
    """They vanish with -O; the one that is left tells the type checker what sqlite3 promises."""
    found = Counter(module for module, node in nodes() if isinstance(node, ast.Assert))
    assert set(found) <= {"store/job_store.py"}


def test_every_exemption_from_a_rule_has_its_reason() -> None:
    """After the code, behind a dash or a second hash, or in a comment right above."""
    without = [
        (module, line)
        for module, text in modules().items()
        for above, line in pairwise(["", *text.splitlines()])
        for mark in ("# noqa", "# type: ignore")
        if mark in line
        and not above.lstrip().startswith("#")
        and not any(sign in line.split(mark, 1)[1] for sign in (" - ", " # "))
    ]
    assert without == []
