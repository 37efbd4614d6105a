"""The playbook ``register``, for servers and a Galaxy whose directories are on this machine."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import requests

from runtime.tests.live_server import LiveServer, running_server
from tests.galaxy_side.galaxy_judge import GalaxyJudge
from tests.job_conf_shapes import SHAPES

Run = Callable[..., str]

BROKER = {"host": "mq.example.org", "port": 5671, "vhost": "meets"}
DISPATCHER = """\
# TPV decides.
runners:
  dynamic: {load: "galaxy.jobs.runners.dynamic:DynamicJobRunner"}
  local: {load: "galaxy.jobs.runners.local:LocalJobRunner"}
execution:
  default: tpv_dispatcher
  environments:
    tpv_dispatcher:
      runner: dynamic_tpv
      tpv_config_files: [own.yml] # ours
"""
#: What an administrator writes of TPV's.
OWN = """\
tools:
  cat1: {cores: 2, scheduling: {require: [pulsar_listens]}}
destinations:
  own: {runner: local}
"""
SHAPE = next(shape for shape in SHAPES if shape.name == "anchors")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that listens, with the descriptor that the role would leave there."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        config = running.directory / "root" / "config"
        config.mkdir(parents=True)
        (config / "private_token").write_text(running.token)
        described = {
            "format": 1,
            "transport": "http",
            "url": running.url,
            "managers": ["_default_"],
            "directories": {
                "staging": f"{running.directory}/staging",
                "persistence": f"{running.directory}/persisted_data",
            },
            "token_file": f"{config}/private_token",
            "service": {
                "program": str(Path(sys.executable).with_name("pulsar-runtime")),
                "config": str(running.config),
            },
        }
        (config / "endpoint.json").write_text(json.dumps(described))
        yield running


@attrs.frozen
class Galaxy:
    """The files of a Galaxy, and an inventory in which it is the only one."""

    directory: Path
    job_conf: Path
    server: LiveServer
    environment: dict[str, str]
    run: Run

    def register(self, *options: str, succeeds: bool = True, **of_servers: object) -> str:
        """Run the playbook, with variables of both servers."""
        python = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        here = {**python, "ansible_become": False, "pulsar_service": "script"}
        root = {"pulsar_root": str(self.server.directory / "root"), "galaxy_endpoint_tools": ["cat1"]}
        meets = {"pulsar_root": str(self.directory / "meets"), "pulsar_transport": "amqp"}
        galaxy = {
            "galaxy_endpoint_job_conf": str(self.job_conf),
            "galaxy_endpoint_galaxy_url": "https://galaxy.example.org/",
            "galaxy_endpoint_messages_dir": str(self.directory / "messages"),
            "galaxy_endpoint_user": getpass.getuser(),
            "galaxy_endpoint_galaxyctl": str(self.directory / "galaxyctl"),
            "pulsar_secrets_lookup": "ansible.builtin.env",
        }
        inventory = {
            "pulsar_hosts": {
                "hosts": {"listens": {**here, **root}, "meets": {**here, **meets}},
                "vars": of_servers,
            },
            "pulsar_brokers": {"hosts": {"broker": {"tls_source": "files", "tls_ca_file": self.authority}}},
            "galaxy_hosts": {"hosts": {"galaxy": {**here, **galaxy}}},
        }
        path = self.directory / "inventory.json"
        path.write_text(json.dumps(inventory))
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        command = [program, "-i", str(path), "galaxyops.pulsar.register", *options]
        return self.run(command, self.environment, cwd=self.directory, succeeds=succeeds)

    @property
    def authority(self) -> str:
        """The certificate that the broker's is checked against, on the control node."""
        path = self.directory / "authority.pem"
        path.write_text("a certificate\n")
        return str(path)

    def restarts(self) -> list[str]:
        """Return what Gravity was told."""
        told = self.directory / "told"
        return told.read_text().splitlines() if told.exists() else []


@pytest.fixture
def galaxy(server: LiveServer, collections: Path, run: Run, tmp_path: Path) -> Galaxy:
    environment = {
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_REMOTE_TMP": str(tmp_path / "modules"),
        "broker/galaxy": "s3cret/of:galaxy",
    }
    (tmp_path / "meets" / "config").mkdir(parents=True)
    described = {
        "format": 1,
        "transport": "amqp",
        "broker": BROKER,
        "managers": ["_default_"],
        "directories": {"staging": "/srv/pulsar/files/staging"},
    }
    (tmp_path / "meets" / "config" / "endpoint.json").write_text(json.dumps(described))
    galaxyctl = tmp_path / "galaxyctl"
    galaxyctl.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/told\n')
    galaxyctl.chmod(0o700)
    job_conf = tmp_path / SHAPE.file_name
    job_conf.write_bytes(SHAPE.content)
    return Galaxy(tmp_path, job_conf, server, environment, run)


def changed_hosts(output: str) -> int:
    recap = output.rpartition("PLAY RECAP")[2].splitlines()
    return sum("changed=0 " not in line for line in recap if " ok=" in line)


@pytest.mark.timeout(600)  # six playbooks
def test_servers_of_both_kinds_are_registered_and_leave_without_a_trace(
    galaxy: Galaxy, galaxy_judge: GalaxyJudge, server: LiveServer
) -> None:
    output = galaxy.register("--diff", "-vvv")
    assert server.token not in output
    assert "s3cret" not in output
    found = galaxy_judge.job_conf(galaxy.job_conf)
    assert [found["runners"][name]["refused"] for name in ("pulsar_listens", "pulsar_meets")] == [None, None]
    listens, meets = (found["environments"][name]["params"] for name in ("pulsar_listens", "pulsar_meets"))
    assert (listens["url"], listens["private_token"]) == (server.url, server.token)
    assert meets["jobs_directory"] == "/srv/pulsar/files/staging"
    assert (
        found["runners"]["pulsar_meets"]["params"]["amqp_url"]
        == "amqps://galaxy:s3cret%2Fof%3Agalaxy@mq.example.org:5671/meets"
    )
    ca_file = found["runners"]["pulsar_meets"]["params"]["amqp_connect_ssl_ca_certs"]
    assert Path(ca_file).read_text() == Path(galaxy.authority).read_text()
    assert routes(found, "cat1") == ["pulsar_listens"]
    assert galaxy.restarts() == ["graceful"]

    assert changed_hosts(galaxy.register()) == 0
    assert galaxy.restarts() == ["graceful"]

    leaves: dict[str, Any] = {"galaxy_endpoint_state": "absent"}
    assert ask(server, "POST", "jobs", job_id="active") == 200
    output = galaxy.register("-e", "register_drain_seconds=0", succeeds=False, **leaves)
    assert "pulsar_listens, pulsar_meets: stays in" in " ".join(output.split())
    found = galaxy_judge.job_conf(galaxy.job_conf)
    assert "pulsar_listens" in found["environments"]
    assert routes(found, "cat1") == []

    assert ask(server, "DELETE", "jobs/active") == 200
    forced = ("-e", "galaxy_endpoint_force=true")  # nothing answers for the server at the broker
    galaxy.register(*forced, "-e", "register_drain_seconds=5", **leaves)
    assert galaxy.job_conf.read_bytes() == SHAPE.content
    assert changed_hosts(galaxy.register(**leaves)) == 0
    assert ask(server, "POST", "jobs", job_id="later") == 200
    assert ask(server, "DELETE", "jobs/later") == 200


@pytest.mark.timeout(600)  # three playbooks, and TPV
def test_tpv_sends_a_tool_to_the_server_that_it_requires_until_that_leaves(
    galaxy: Galaxy, galaxy_judge: GalaxyJudge, server: LiveServer
) -> None:
    galaxy.job_conf.write_text(DISPATCHER)
    own, written = galaxy.directory / "own.yml", galaxy.directory / "tpv_pulsar.yml"
    own.write_text(OWN)
    for_tpv = ("-e", json.dumps({"galaxy_endpoint_tpv_file": str(written), "galaxy_endpoint_tools": []}))

    output = galaxy.register(
        "--diff", "-vvv", *for_tpv, galaxy_endpoint_params={"submit_request_cpus": "{cores}"}
    )
    assert server.token not in output
    found = galaxy_judge.tpv_map_tool(galaxy.job_conf, "cat1")
    assert found["runner"] == "pulsar_listens"
    params = found["params"]
    assert (params["url"], params["private_token"], params["submit_request_cpus"]) == (
        server.url,
        server.token,
        "2",
    )
    assert galaxy.restarts() == ["graceful"]

    galaxy.register(*for_tpv, galaxy_endpoint_state="drained")
    destinations = galaxy_judge.tpv_destinations(own, written)["destinations"]
    assert destinations["pulsar_listens"]["scheduling"]["require"] == ["pulsar_listens", "offline"]
    assert galaxy.restarts() == ["graceful"]

    forced = ("-e", "galaxy_endpoint_force=true", "-e", "register_drain_seconds=5")
    galaxy.register(*for_tpv, *forced, galaxy_endpoint_state="absent")
    assert galaxy.job_conf.read_text() == DISPATCHER
    assert not written.exists()


@pytest.mark.timeout(600)  # four playbooks
def test_a_server_that_says_nothing_keeps_what_was_registered_and_no_other_from_it(galaxy: Galaxy) -> None:
    descriptor = galaxy.directory / "meets" / "config" / "endpoint.json"
    said = descriptor.read_text()
    descriptor.unlink()
    output = galaxy.register(succeeds=False)
    assert "pulsar_meets: nothing is known of what the server says of itself" in " ".join(output.split())
    assert galaxy.job_conf.read_bytes() == SHAPE.content
    assert "pulsar_meets would be registered once deployed" in galaxy.register("--check")

    descriptor.write_text(said)
    galaxy.register()
    registered = galaxy.job_conf.read_text()
    descriptor.unlink()
    galaxy.register(galaxy_endpoint_params={"docker_enabled": "true"})
    changed = galaxy.job_conf.read_text()
    assert changed.count("docker_enabled") == 1  # of the one that listens
    assert changed.count("pulsar_meets") == registered.count("pulsar_meets")


@pytest.mark.timeout(600)  # four playbooks
def test_a_tool_moves_from_one_server_to_another_and_back(galaxy: Galaxy, galaxy_judge: GalaxyJudge) -> None:
    galaxy.register()
    moved = {"galaxy_endpoint_tools": "{{ ['cat1'] if pulsar_transport is defined else [] }}"}
    galaxy.register("-e", json.dumps(moved))
    assert routes(galaxy_judge.job_conf(galaxy.job_conf), "cat1") == ["pulsar_meets"]
    assert changed_hosts(galaxy.register("--check")) == 1
    galaxy.register()
    assert routes(galaxy_judge.job_conf(galaxy.job_conf), "cat1") == ["pulsar_listens"]


def ask(server: LiveServer, method: str, where: str, **query: str) -> int:
    headers = {"Authorization": f"Bearer {server.token}"}
    return requests.request(method, server.url + where, params=query, headers=headers, timeout=10).status_code


def routes(found: dict[str, Any], tool: str) -> list[str]:
    return [each["environment"] for each in found["tools"] if each["id"] == tool]
