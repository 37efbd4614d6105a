"""Endpoints in Galaxy's job configuration, as a playbook registers them, read by Galaxy's own code."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.galaxy_side.galaxy_judge import GalaxyJudge
from tests.job_conf_shapes import ADVANCED_XML, ANCHORS, INLINE

Play = Callable[..., str]

SECRETS = ("token-word", "broker-word", "database-word", "idsecret-word")
SHAPES = {"yaml/job_conf.yml": ANCHORS, "xml/job_conf.xml": ADVANCED_XML, "inline/galaxy.yml": INLINE}
REST: dict[str, Any] = {
    "name": "rest",
    "runner": {"id": "pulsar", "load": "galaxy.jobs.runners.pulsar:PulsarRESTJobRunner"},
    "environments": [
        {
            "id": "site",
            "params": {"url": "https://pulsar.example.org:8913/"},
            "secret_params": {"private_token": "token-word"},
        }
    ],
    "tools": [{"id": "bwa"}],
    "limits": [{"type": "environment_total_concurrent_jobs", "id": "site", "value": 20}],
}
MQ: dict[str, Any] = {
    "name": "amqp",
    "runner": {
        "id": "pulsar",
        "load": "galaxy.jobs.runners.pulsar:PulsarMQJobRunner",
        "params": {"galaxy_url": "https://galaxy.example.org"},
        "secret_params": {"amqp_url": "pyamqp://galaxy:broker-word@broker.example.org:5671/site"},
    },
    "environments": [{"id": "site", "params": {"jobs_directory": "/srv/pulsar/files/staging"}}],
}


@pytest.fixture
def play(run: Callable[..., str], collections: Path, tmp_path: Path) -> Play:
    """Have a state of all endpoints in all files; return what Ansible said, in which no secret must be."""

    def apply(state: str, *options: str) -> str:
        task = {
            "name": "Register",
            "galaxyops.pulsar.job_conf_endpoint": {
                "path": "{{ paths[item] }}",
                "name": "{{ endpoints[item].name }}",
                "state": state,
                "runner": "{{ endpoints[item].runner }}",
                "environments": "{{ endpoints[item].environments }}",
                "tools": "{{ endpoints[item].tools | default([]) }}",
                "limits": "{{ endpoints[item].limits | default([]) }}",
            },
            "loop": [0, 1, 2],
        }
        playbook = tmp_path / "register.yml"
        playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
        variables = {
            "ansible_python_interpreter": sys.executable,
            "paths": [str(tmp_path / name) for name in SHAPES],
            "endpoints": [REST, MQ, MQ],
        }
        home = tmp_path / "home"
        output: str = run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                str(playbook),
                "--diff",
                "--extra-vars",
                json.dumps(variables),
                *options,
            ],
            {
                "ANSIBLE_HOME": str(home),
                "ANSIBLE_COLLECTIONS_PATH": str(collections),
                "ANSIBLE_REMOTE_TMP": str(home / "modules"),
                "LC_ALL": "C.UTF-8",
            },
        )
        for secret in SECRETS:
            assert secret not in output
        return output

    return apply


@pytest.mark.timeout(240)
def test_endpoints_come_and_go_in_every_shape(play: Play, tmp_path: Path, galaxy_judge: GalaxyJudge) -> None:
    files = {tmp_path / name: text.encode() for name, text in SHAPES.items()}
    for path, content in files.items():
        path.parent.mkdir()
        path.write_bytes(content)
    assert changes(play("present", "--check")) == 3
    assert {path: path.read_bytes() for path in files} == files
    shown = play("present", "-vvv")
    assert "pyamqp://galaxy:********@broker.example.org:5671/site" in shown
    assert changes(shown) == 3
    in_yaml, in_xml, inline = (path for path in files)
    for read in (
        galaxy_judge.job_conf(in_yaml),
        galaxy_judge.job_conf(in_xml),
        galaxy_judge.galaxy_yml(inline),
    ):
        assert read["runners"]["pulsar"]["refused"] is None
        assert read["environments"]["site"]["runner"] == "pulsar"
    assert changes(play("present")) == 0
    assert changes(play("absent")) == 3
    assert {path: path.read_bytes() for path in files} == files


def changes(output: str) -> int:
    """Return how many items of the loop changed something."""
    return len(re.findall(r"^changed: .*\(item=", output, re.MULTILINE))
