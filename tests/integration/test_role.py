"""The role ``pulsar`` deploys a server to this machine, for a user without root and systemd."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import attrs
import pytest
import requests
import yaml

pytestmark = pytest.mark.timeout(300)

PlayRole = Callable[..., str]
Changes = Callable[[str], int]


@attrs.frozen
class Deployment:
    """A deployed server and the variables that it was deployed with."""

    root: Path
    variables: Mapping[str, object]
    first_output: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.variables['pulsar_port']}/"

    @property
    def token(self) -> str:
        return (self.root / "config" / "private_token").read_text()

    def service(self, command: str) -> int:
        return subprocess.run([self.root / "bin" / "pulsar-service", command], check=False).returncode

    def process(self) -> str:
        return (self.root / "run" / "server.pid").read_text().split()[0]

    def answer(self, path: str, token: str | None = None) -> int:
        """Return the status of the answer; 0 if nobody answers."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            return requests.get(self.url + path, headers=headers, timeout=10).status_code
        except requests.ConnectionError:
            return 0


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, play_role: PlayRole, free_port: Callable[[], int]
) -> Iterator[Deployment]:
    """A server deployed with the defaults; every test leaves it running with them."""
    root = tmp_path_factory.mktemp("deployed") / "pulsar"
    variables = {"pulsar_root": str(root), "pulsar_port": free_port()}
    yield Deployment(root, variables, play_role(variables, "--diff", "-vvv"))
    absent = {**variables, "pulsar_state": "absent"}
    play_role(absent)
    left = {str(path.relative_to(root)) for path in root.rglob("*") if path.parent.name != "persisted_data"}
    # The staging directory is empty, and would be made again.
    assert left == {"config", "config/private_token", "files", "files/persisted_data"}
    # Text, as it comes from a command line.
    play_role({**absent, "pulsar_remove_data": "true"})
    assert not root.exists()


def test_the_server_is_ready_and_asks_for_its_token(deployment: Deployment) -> None:
    assert deployment.answer("readyz") == 200
    assert deployment.answer("healthz") == 401
    assert deployment.answer("healthz", deployment.token) == 200


def test_nothing_is_open_to_other_users(deployment: Deployment) -> None:
    modes = {
        name: stat.S_IMODE((deployment.root / name).stat().st_mode)
        for name in ("config", "files/staging", "files/persisted_data", "log", "run")
    }
    assert set(modes.values()) == {0o700}
    for secret in ("app.yml", "private_token"):
        assert stat.S_IMODE((deployment.root / "config" / secret).stat().st_mode) == 0o600


def test_the_endpoint_is_described_without_its_secret(deployment: Deployment) -> None:
    text = (deployment.root / "config" / "endpoint.json").read_text()
    assert deployment.token not in text
    described = json.loads(text)
    assert described["url"] == deployment.url
    assert described["managers"] == ["_default_"]
    assert described["directories"]["staging"] == str(deployment.root / "files" / "staging")
    assert Path(described["token_file"]).read_text() == deployment.token
    collection = yaml.safe_load((Path(__file__).parents[2] / "galaxy.yml").read_text())
    assert described["versions"]["runtime"] == collection["version"]


def test_the_first_run_prints_no_secret(deployment: Deployment) -> None:
    """Not even to somebody who asks for differences and for everything that Ansible knows."""
    assert "Start, stop and report the server of one directory" in deployment.first_output
    assert deployment.token not in deployment.first_output


def test_a_second_run_changes_nothing(deployment: Deployment, play_role: PlayRole, changes: Changes) -> None:
    process = deployment.process()
    assert changes(play_role(deployment.variables)) == 0
    assert deployment.process() == process


def test_a_dry_run_over_a_deployment_says_that_nothing_changes(
    deployment: Deployment, play_role: PlayRole, changes: Changes
) -> None:
    assert changes(play_role(deployment.variables, "--check", "--diff")) == 0


def test_a_changed_configuration_restarts_the_server_and_is_not_printed(
    deployment: Deployment, play_role: PlayRole, changes: Changes
) -> None:
    process, token = deployment.process(), deployment.token
    secret = "typed-by-an-operator"
    changed = {
        "pulsar_managers": {"cluster": {"type": "unqueued"}},
        "pulsar_yaml_config": {"private_token": secret, "maximum_stream_size": 4096},
    }
    output = play_role({**deployment.variables, **changed}, "--diff", "-vvv")
    assert changes(output) > 0
    assert token not in output
    assert secret not in output
    assert deployment.process() != process
    assert deployment.token == token
    assert deployment.answer("healthz", secret) == 200
    assert deployment.answer("managers/cluster/jobs/1/status", token) == 200
    play_role(deployment.variables)
    assert deployment.answer("healthz", secret) == 401


def test_a_configuration_that_the_server_refuses_is_not_written(
    deployment: Deployment, play_role: PlayRole
) -> None:
    config = deployment.root / "config" / "app.yml"
    before = config.read_bytes()
    wrong = {"pulsar_yaml_config": {"maximum_stream_sise": 4096}}
    output = play_role({**deployment.variables, **wrong}, succeeds=False)
    assert "maximum_stream_sise" in output
    assert "maximum_stream_size" in output
    assert config.read_bytes() == before
    assert deployment.answer("readyz") == 200


def test_an_interrupted_installation_leaves_the_old_release_in_use(
    deployment: Deployment, play_role: PlayRole, tmp_path: Path
) -> None:
    """The new release stops half way, at a dependency whose hash is wrong; the next run begins it anew."""
    current = os.readlink(deployment.root / "current")
    lock = tmp_path / "runtime.txt"
    lock.write_text(f"attrs==26.1.0 --hash=sha256:{'0' * 64}\n")
    broken = {**deployment.variables, "__pulsar_requirements": str(lock)}
    for _ in range(2):
        output = play_role(broken, succeeds=False)
        assert "does not have the hash that it was locked with" in " ".join(output.split())
        assert os.readlink(deployment.root / "current") == current
    assert deployment.answer("readyz") == 200


def test_instances_share_the_release_and_nothing_else(
    deployment: Deployment, play_role: PlayRole, changes: Changes, free_port: Callable[[], int]
) -> None:
    both: dict[str, dict[str, object]] = {"one": {"port": free_port()}, "two": {"port": str(free_port())}}
    variables = {**deployment.variables, "pulsar_instances": both}
    play_role(variables)
    assert changes(play_role(variables)) == 0
    homes = {name: deployment.root / "instances" / name for name in both}
    tokens = {name: (home / "config" / "private_token").read_text() for name, home in homes.items()}
    for name, settings in both.items():
        url = f"http://127.0.0.1:{settings['port']}/healthz"
        answers = {
            owner: requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code
            for owner, token in tokens.items()
        }
        assert answers == {owner: 200 if owner == name else 401 for owner in both}
    gone = {name: {**settings, "state": "absent"} for name, settings in both.items()}
    play_role({**variables, "pulsar_instances": gone, "pulsar_remove_data": True})
    assert not any(home.exists() for home in homes.values())
    assert deployment.answer("readyz") == 200


def test_old_releases_are_removed_and_what_an_interrupted_run_has_left(
    deployment: Deployment, play_role: PlayRole, changes: Changes
) -> None:
    releases = deployment.root / "releases"
    current = os.path.basename(os.readlink(deployment.root / "current"))
    for name, seconds in (("older", 1), ("newer", 2)):
        (releases / name).mkdir()
        (releases / name / "complete").touch()
        os.utime(releases / name / "complete", (seconds, seconds))
    (releases / "unfinished").mkdir()
    keeping = {**deployment.variables, "pulsar_keep_releases": "2"}
    assert changes(play_role(keeping)) == 1
    assert {path.name for path in releases.iterdir()} == {current, "newer"}
    assert changes(play_role(keeping)) == 0


def test_a_stopped_server_stays_deployed(
    deployment: Deployment, play_role: PlayRole, changes: Changes
) -> None:
    stopped = {**deployment.variables, "pulsar_state": "stopped"}
    assert changes(play_role(stopped)) == 1
    assert deployment.answer("readyz") == 0
    assert changes(play_role(stopped)) == 0
    assert changes(play_role(deployment.variables)) == 1
    assert deployment.answer("readyz") == 200


def test_a_dry_run_on_a_bare_host_touches_nothing(
    tmp_path: Path, play_role: PlayRole, free_port: Callable[[], int], changes: Changes
) -> None:
    root = tmp_path / "pulsar"
    output = play_role({"pulsar_root": str(root), "pulsar_port": free_port()}, "--check", "--diff")
    assert changes(output) > 0
    assert not root.exists()


def test_everything_that_cannot_work_is_named_before_anything_changes(
    tmp_path: Path, play_role: PlayRole, changes: Changes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        variables = {"pulsar_root": str(tmp_path / "pulsar"), "pulsar_port": taken}
        misspelt = play_role({**variables, "pulsar_staging": "/data"}, succeeds=False)
        refused = play_role(variables, succeeds=False)
    assert "pulsar_staging is not a variable of this role: did you mean pulsar_staging_dir?" in misspelt
    assert f"port {taken} of 127.0.0.1 is taken by another program" in refused
    assert changes(misspelt) == changes(refused) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_python_that_is_not_there_is_named(tmp_path: Path, play_role: PlayRole) -> None:
    variables = {"pulsar_root": str(tmp_path / "pulsar"), "pulsar_python": "python2.4"}
    assert "python2.4 does not run on this host: set pulsar_python to Python 3.11 or later" in play_role(
        variables, succeeds=False
    )
