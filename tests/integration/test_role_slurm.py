"""What the role ``slurm`` refuses, and what it tells Slurm; the scenario of that name has it do the rest."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROLE = Path(__file__).parents[2] / "roles" / "slurm"
VAULT_PASSWORD = "the-vault-password"

Play = Callable[..., str]


@pytest.fixture
def play(run: Callable[..., str], collections: Path, tmp_path: Path) -> Play:
    """Run a play on this machine, which is in some of the groups of the inventory."""

    def play(
        tasks: Mapping[str, object],
        groups: Mapping[str, list[str]],
        variables: Mapping[str, object],
        *,
        succeeds: bool,
    ) -> str:
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        named = {name: {"hosts": dict.fromkeys(hosts)} for name, hosts in groups.items()}
        (tmp_path / "inventory.json").write_text(json.dumps({**named, "all": {"vars": local}}))
        (tmp_path / "vault-password").write_text(VAULT_PASSWORD)
        (tmp_path / "play.json").write_text(json.dumps([{"hosts": "all", "gather_facts": False, **tasks}]))
        environment = {
            "ANSIBLE_HOME": str(tmp_path),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_REMOTE_TMP": str(tmp_path / "modules"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "vault-password"),
        }
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        files = [str(tmp_path / "play.json"), "--inventory", str(tmp_path / "inventory.json")]
        given = ["--extra-vars", json.dumps(variables)]
        return run([program, *files, *given], environment, succeeds=succeeds)

    return play


BUILT = {"slurm_controllers": ["one"], "slurm_nodes": ["one"]}
TWINS = {"slurm_controllers": ["one", "two"], "slurm_nodes": ["one", "two"]}
JOINED = {"slurm_clients": ["one"]}
WRONG = {
    "slurm_cluster_name": "Our cluster",
    "slurm_partitions": {},
    "slurm_options": {"NodeName": "two"},
    "slurm_node_cpus": 4096,
    "slurm_config_server": "head",
    "slurm_munge_key_file": "/nowhere",
}


@pytest.mark.parametrize(
    ("groups", "variables", "told"),
    [
        (BUILT, WRONG, {*WRONG}),
        ({"slurm_controllers": ["one"]}, {}, {"a host in slurm_controllers and one in slurm_nodes"}),
        ({"slurm_nodes": ["one"]}, {"slurm_config_server": "head"}, {"fill both groups"}),
        (TWINS, {}, {"slurm_controllers has one and two", "the same name"}),
        (JOINED, {}, {"set one of slurm_config_file and slurm_config_server"}),
        (JOINED, {"slurm_config_file": "/nowhere"}, {"slurm_config_file is /nowhere"}),
        (JOINED, {"slurm_config_file": __file__, "slurm_config_server": "head"}, {"set one of"}),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_changed(
    play: Play, groups: Mapping[str, list[str]], variables: Mapping[str, object], told: set[str]
) -> None:
    printed = play({"roles": ["galaxyops.pulsar.slurm"]}, groups, variables, succeeds=False)
    assert [problem for problem in told if problem not in " ".join(printed.split())] == []
    assert "changed=0" in printed
    assert "Install" not in printed


@pytest.fixture
def configuration(play: Play, tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Return what the role would write into slurm.conf and cgroup.conf, given what the nodes say."""

    def configuration(nodes: Mapping[str, Mapping[str, Any]], **variables: object) -> tuple[str, str]:
        said = [
            {"stdout_lines": [json.dumps({"name": name, **size, "mb_per_cpu": 1000, "problems": []})]}
            for name, size in nodes.items()
        ]
        files = ("slurm.conf", "cgroup.conf")
        tasks = [
            {
                "ansible.builtin.template": {
                    "src": str(ROLE / "templates" / f"{file}.j2"),
                    "dest": str(tmp_path / file),
                    "mode": "0600",
                },
                "run_once": True,
            }
            for file in files
        ]
        play(
            {
                "vars_files": [str(ROLE / where / "main.yml") for where in ("defaults", "vars")],
                "tasks": tasks,
            },
            {"slurm_controllers": [*nodes][:1], "slurm_nodes": [*nodes]},
            {"__slurm_described": {"results": said}, **variables},
            succeeds=True,
        )
        slurm, cgroup = ((tmp_path / file).read_text() for file in files)
        return slurm, cgroup

    return configuration


def test_jobs_are_confined_by_control_groups_if_all_nodes_have_them(
    configuration: Callable[..., tuple[str, str]],
) -> None:
    """The scenario's machine has none of version 2."""
    big = {"cpus": 8, "memory_mb": 16000, "confines": True}
    slurm, cgroup = configuration({"one": big, "two": {**big, "cpus": 4}})
    assert "ProctrackType=proctrack/cgroup\n" in slurm
    assert "OverMemoryKill" not in slurm
    assert "ConstrainRAMSpace=yes\n" in cgroup
    assert "NodeName=two NodeAddr=two CPUs=4 RealMemory=16000\n" in slurm

    slurm, cgroup = configuration({"one": big, "two": {**big, "confines": False}})
    assert "ProctrackType=proctrack/linuxproc\n" in slurm
    assert "JobAcctGatherParams=OverMemoryKill\n" in slurm
    assert "CgroupPlugin=disabled\n" in cgroup


def test_a_site_has_its_own_options(configuration: Callable[..., tuple[str, str]]) -> None:
    slurm, cgroup = configuration(
        {"one": {"cpus": 8, "memory_mb": 16000, "confines": False}},
        slurm_options={"KillWait": 5, "JobAcctGatherParams": None, "DisableRootJobs": True},
        slurm_cgroup_options={"CgroupPlugin": "cgroup/v1"},
        slurm_partitions={"long": {}, "short": {"MaxTime": 60, "Nodes": "one"}},
        slurm_accounting=False,
    )
    assert "KillWait=5\n" in slurm
    assert "DisableRootJobs=yes\n" in slurm
    assert "JobAcctGatherParams" not in slurm
    assert "AccountingStorage" not in slurm
    assert "PartitionName=long Nodes=ALL Default=YES\n" in slurm
    assert "PartitionName=short Nodes=one Default=NO MaxTime=60\n" in slurm
    assert cgroup.splitlines()[-1] == "CgroupPlugin=cgroup/v1"
