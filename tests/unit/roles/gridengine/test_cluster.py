"""The program that describes a cluster to its master, with a qconf that answers as the real one does."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from roles.gridengine.files import cluster

#: As Grid Engine 8.1.9 answers, word for word: lists that are empty are errors on the other stream, objects
#: are read from files, and a change that is not made may have the exit code 0.
QCONF = r"""#!/usr/bin/env -S python3 -IS
import json, os, sys
path = os.environ["FAKE_QCONF"]
state = json.load(open(path))
option, *rest = sys.argv[1:]
state["calls"].append(option)
lists = {"-sh": "admin", "-ss": "submit", "-sel": "node", "-sql": "cqueue"}
words = {"-ss": "submit host", "-sel": "execution host", "-sql": "cqueue list"}
code = 0
if os.environ["SGE_SINGLE_LINE"] != "1":
    sys.exit("long lines would be broken")
elif state["away"]:
    sys.exit("error: commlib error: got select error (Connection refused)")
elif option in lists:
    if state[lists[option]]:
        print("\n".join(state[lists[option]]))
    else:
        print(f"no {words[option]} defined", file=sys.stderr)
        code = 1
elif option in ("-ah", "-as", "-dh", "-ds", "-de"):
    names = state[{"h": "admin", "s": "submit", "e": "node"}[option[2]]]
    if option[1] == "a":
        names.append(rest[0])
    elif rest[0] in state["stubborn"]:
        print(f'Host object "{rest[0]}" is still referenced in host list "@allhosts".', file=sys.stderr)
    else:
        names.remove(rest[0])
elif option == "-sc":
    print(state["resources"], end="")
elif option == "-Mc":
    state["resources"] = open(rest[0]).read()
elif option in ("-sq", "-ssconf", "-se"):
    print(state["objects"][rest[0] if rest else "scheduler"], end="")
else:
    name = os.path.basename(rest[0])
    text = open(rest[0]).read()
    if "nonsense" in text:
        print('error: unknown attribute name "nonsense"', file=sys.stderr)
    elif option == "-Me" and "load_values" in text:
        print('error: unknown attribute name "load_values"', file=sys.stderr)
    else:
        state["objects"][name] = text
        if option in ("-Aq", "-Ae"):
            state["cqueue" if option == "-Aq" else "node"].append(name)
json.dump(state, open(path, "w"))
sys.exit(code)
"""

RESOURCES = """\
#name               shortcut   type      relop requestable consumable default  urgency 
#--------------------------------------------------------------------------------------
arch                a          STRING    ==    YES         NO         NONE     0
h_vmem              h_vmem     MEMORY    <=    YES         NO         0        0
# >#< starts a comment but comments are not saved across edits --------
"""  # noqa: W291 - as it is printed

NODE = """\
hostname              node
complex_values        NONE
load_values           arch=lx-amd64,num_proc=2
processors            2
"""

FRESH: Mapping[str, Any] = {
    "admin": ["master"],
    "submit": [],
    "node": [],
    "cqueue": [],
    "resources": RESOURCES,
    "objects": {"scheduler": "algorithm   default\nschedule_interval  0:0:15\n"},
    "stubborn": [],
    "away": False,
    "calls": [],
}

WANTED: Mapping[str, Any] = {
    "pretend": False,
    "admin_hosts": ["master", "node"],
    "submit_hosts": ["server"],
    "nodes": ["node"],
    "resources": {"h_vmem": {"consumable": "YES", "default": "500M"}},
    "objects": [
        {"kind": "scheduler", "name": "scheduler", "settings": {"schedule_interval": "0:0:2"}},
        {"kind": "node", "name": "node", "settings": {"complex_values": "slots=2,h_vmem=1000M"}},
        {"kind": "queue", "name": "all.q", "settings": {"qname": "all.q", "slots": "1,[master=2],[node=2]"}},
    ],
}

Describe = Callable[..., Sequence[str]]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stand-in knows, in a file."""
    program = tmp_path / "bin" / "qconf"
    program.parent.mkdir()
    program.write_text(QCONF)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    file = tmp_path / "state.json"
    file.write_text(json.dumps(FRESH))
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_QCONF", str(file))
    return file


@pytest.fixture
def describe(state: Path, capsys: pytest.CaptureFixture[str]) -> Describe:
    """Describe the cluster, with changes to what is wanted, and return what was said."""
    del state

    def describe(**changes: object) -> Sequence[str]:
        cluster.main({**WANTED, **changes})
        return capsys.readouterr().out.splitlines()

    return describe


def known(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(state.read_text())
    return found


def change(state: Path, **changes: object) -> None:
    state.write_text(json.dumps({**known(state), **changes}))


def test_a_new_master_is_told_of_everything(state: Path, describe: Describe) -> None:
    said = describe()
    assert "resource h_vmem consumable is NO, and will be YES" in said
    assert "scheduler scheduler: schedule_interval is 0:0:15, and will be 0:0:2" in said
    found = known(state)
    assert (found["admin"], found["submit"], found["node"]) == (["master", "node"], ["server"], ["node"])
    row = next(line for line in found["resources"].splitlines() if line.startswith("h_vmem"))
    assert row.split() == ["h_vmem", "h_vmem", "MEMORY", "<=", "YES", "YES", "500M", "0"]
    assert cluster.settings(found["objects"]["all.q"]) == {"qname": "all.q", "slots": "1,[master=2],[node=2]"}


def test_what_nothing_is_said_about_stays(state: Path, describe: Describe) -> None:
    describe()
    found = known(state)
    assert cluster.settings(found["objects"]["scheduler"])["algorithm"] == "default"
    assert found["resources"].splitlines()[2] == RESOURCES.splitlines()[2]


def test_a_second_time_nothing_is_changed(state: Path, describe: Describe) -> None:
    describe()
    before = known(state)
    assert describe() == []
    assert {**known(state), "calls": []} == {**before, "calls": []}


def test_lists_in_another_order_are_the_same(state: Path, describe: Describe) -> None:
    describe()
    found = known(state)["objects"]
    change(state, objects={**found, "all.q": "qname  all.q\nslots  1,[node=2],[master=2]\n"})
    assert describe() == []


def test_what_was_changed_by_hand_is_taken_back(state: Path, describe: Describe) -> None:
    describe()
    found = known(state)["objects"]
    change(state, objects={**found, "scheduler": "algorithm default\nschedule_interval 0:5:0\n"})
    assert describe() == ["scheduler scheduler: schedule_interval is 0:5:0, and will be 0:0:2"]


def test_what_a_node_reports_is_not_handed_back(state: Path, describe: Describe) -> None:
    """The master refuses that."""
    change(state, node=["node"], objects={**FRESH["objects"], "node": NODE})
    assert "node node: complex_values is NONE, and will be slots=2,h_vmem=1000M" in describe()


def test_a_dry_run_says_the_same_and_changes_nothing(state: Path, describe: Describe) -> None:
    would = describe(pretend=True)
    assert {**known(state), "calls": []} == FRESH
    assert describe() == would


@pytest.mark.parametrize("path", ["", None])
def test_a_dry_run_before_there_is_a_master_says_so(
    state: Path, describe: Describe, monkeypatch: pytest.MonkeyPatch, path: str | None
) -> None:
    """It may not be installed, or not be started."""
    change(state, away=True)
    if path is not None:
        monkeypatch.setenv("PATH", path)
    assert describe(pretend=True) == ["the master does not run yet; it would be told of everything"]


def test_hosts_that_left_are_removed(state: Path, describe: Describe) -> None:
    describe()
    change(state, admin=["master", "node", "gone"], submit=["server", "old"], node=["node", "gone"])
    assert describe() == ["qconf -de gone", "qconf -ds old", "qconf -dh gone"]
    assert known(state)["node"] == ["node"]


def test_a_host_that_cannot_be_removed_is_told_with_grid_engines_words(
    state: Path, describe: Describe
) -> None:
    describe()
    change(state, node=["node", "busy"], stubborn=["busy"])
    with pytest.raises(SystemExit, match=r"qconf -de changed nothing: .*busy.* is still referenced"):
        describe()


def test_a_setting_that_is_not_taken_is_told_although_qconf_says_that_all_is_well(describe: Describe) -> None:
    wrong = {"kind": "scheduler", "name": "scheduler", "settings": {"nonsense": "1"}}
    with pytest.raises(SystemExit, match=r"qconf -Msconf changed nothing: .*unknown attribute name"):
        describe(objects=[wrong])


def test_a_master_that_does_not_answer_is_told(
    state: Path, describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(state, away=True)
    monkeypatch.setattr(cluster, "START_SECONDS", 0.0)
    with pytest.raises(SystemExit, match=r"does not answer \(.*Connection refused\).*journalctl"):
        describe()
