"""The playbooks of an operator, against this machine as a host without root and systemd."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest
import requests

pytestmark = pytest.mark.timeout(300)

Run = Callable[..., str]
Changes = Callable[[str], int]

ROOT = Path(__file__).parents[2]
AT_ONCE = ("-e", "uninstall_drain_seconds=0", "-e", "uninstall_force=true")


@attrs.frozen
class Site:
    """A deployment by playbooks: an inventory of one host, and where it deploys to."""

    root: Path
    port: int
    inventory: Path
    environment: dict[str, str]
    run: Run

    def play(self, name: str, *options: str, succeeds: bool = True) -> str:
        """Run a playbook of the collection, as an operator does."""
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        command = [program, "-i", str(self.inventory), f"galaxyops.pulsar.{name}", *options]
        return self.run(command, self.environment, cwd=self.inventory.parent, succeeds=succeeds)

    @property
    def token(self) -> str:
        return (self.root / "config" / "private_token").read_text().strip()

    def ask(self, method: str, path: str, **query: str) -> int:
        """Send a request with the token, and return the status of the answer."""
        url = f"http://127.0.0.1:{self.port}/{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, url, params=query, headers=headers, timeout=10).status_code


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    collections: Path,
    run: Run,
    free_port: Callable[[], int],
) -> Iterator[Site]:
    """A host on which nothing is deployed yet."""
    home = tmp_path_factory.mktemp("site")
    environment = {
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_REMOTE_TMP": str(home / "modules"),
    }
    made = Site(home / "pulsar", free_port(), home / "inventory.json", environment, run)
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "pulsar_build_dir": str(ROOT / ".cache" / "wheels"),
        "pulsar_port": made.port,
        "pulsar_python": sys.executable,
        "pulsar_root": str(made.root),
        "pulsar_service": "script",
        "verify_minimum_free_mb": 1,
    }
    made.inventory.write_text(json.dumps({"pulsar_hosts": {"hosts": {"here": {}}, "vars": variables}}))
    yield made
    # Jobs that were set up and never submitted count as active: Galaxy may be sending their inputs.
    made.play("uninstall", *AT_ONCE, "-e", "pulsar_remove_data=true")
    assert not made.root.exists()


@pytest.fixture(scope="module")
def deployed(site: Site) -> Site:
    """That host, deployed; every test leaves it running."""
    site.play("site")
    return site


def test_a_dry_run_on_a_bare_host_has_nothing_to_verify(site: Site) -> None:
    existed = site.root.exists()
    site.play("site", "--check")
    assert site.root.exists() is existed


def test_a_second_run_changes_nothing_and_verifies_all_the_same(deployed: Site, changes: Changes) -> None:
    output = deployed.play("site")
    assert changes(output) == 0
    for check in ("units: running as process", "listener: http", "permissions: closed", "free space: "):
        assert f"ok     {check}" in output
    assert "TASK [Run a job from the control node]" in output


def test_verifying_shows_no_secret(deployed: Site) -> None:
    assert deployed.token not in deployed.play("verify", "-vvv", "--diff")


def test_everything_that_does_not_hold_is_named_and_fails_the_play(deployed: Site) -> None:
    secret = deployed.root / "config" / "private_token"
    service = deployed.root / "bin" / "pulsar-service"
    secret.chmod(0o644)
    deployed.run([str(service), "stop"], {})
    try:
        output = deployed.play("verify", "-e", "verify_minimum_free_mb=1000000000", succeeds=False)
    finally:
        secret.chmod(0o600)
        # The program only starts the server; the role also waits until it answers, as the next test expects.
        deployed.play("site")
    assert f"FAILED units: the server does not run: {service} start" in output
    assert "FAILED listener: " in output
    assert f"FAILED permissions: {secret} has mode 0644: chmod 0640 {secret}" in output
    assert "FAILED free space: " in output
    assert "wanted are 1000000000 or more" in output


def test_a_clock_that_differs_is_named(deployed: Site) -> None:
    """Every clock differs by more than less than nothing."""
    output = deployed.play("verify", "-e", "verify_clock_seconds=-60", succeeds=False)
    assert "FAILED clock: the host's differs from that of the control node by more than -60 s" in output


def test_a_job_that_cannot_be_run_fails_the_play_with_its_phase(deployed: Site) -> None:
    program = str(deployed.root / "current" / "bin" / "pulsar-runtime")
    config = ["--config", str(deployed.root / "config" / "app.yml")]
    deployed.run([program, "drain", *config], {})
    try:
        output = deployed.play("verify", succeeds=False)
    finally:
        deployed.run([program, "resume", *config], {})
    assert "setup: POST http" in output
    assert "the server takes nothing now: it is being drained" in output


def test_a_server_that_was_never_deployed_is_named(deployed: Site, tmp_path: Path) -> None:
    output = deployed.play("verify", "-e", f"pulsar_root={tmp_path}", succeeds=False)
    assert f"FAILED descriptor: {tmp_path}/config/endpoint.json cannot be read" in output


def test_active_jobs_keep_a_server_and_its_data_outlive_it(deployed: Site, changes: Changes) -> None:
    """Refused while a job runs; cancelled and gone when told so; the data is found by the next deployment."""
    assert deployed.ask("POST", "jobs", job_id="kept") == 200
    assert deployed.ask("POST", "jobs", job_id="active") == 200
    assert deployed.ask("POST", "jobs/active/submit", command_line="sleep 600") == 200
    refused = " ".join(deployed.play("uninstall", "-e", "uninstall_drain_seconds=1", succeeds=False).split())
    assert "2 jobs are still active after 1 s, and nothing was removed." in refused
    assert "galaxyops.pulsar.drain -e drain_state=resumed" in refused
    assert deployed.ask("POST", "jobs", job_id="refused") == 503
    assert deployed.ask("GET", "jobs/active/status") == 200

    token = deployed.token
    output = deployed.play("uninstall", *AT_ONCE)
    assert "item=_default_ active" in output
    assert not (deployed.root / "current").exists()
    assert (deployed.root / "files" / "staging" / "kept").is_dir()
    assert changes(deployed.play("uninstall", *AT_ONCE)) == 0

    deployed.play("site")
    assert deployed.token == token
    assert deployed.ask("POST", "jobs", job_id="new") == 200


def test_wheels_are_gathered_once_for_each_platform(deployed: Site, changes: Changes, tmp_path: Path) -> None:
    """Named as the role looks for them."""
    wheelhouse = tmp_path / "wheels"
    options = ("-e", f"pulsar_wheelhouse_dir={wheelhouse}")
    assert changes(deployed.play("wheelhouse", *options)) == 1
    version = f"py{sys.version_info.major}.{sys.version_info.minor}"
    (folder,) = wheelhouse.iterdir()
    assert folder.name == f"{version}-{platform.machine()}-glibc"
    assert list(folder.glob("flask-*.whl"))
    assert changes(deployed.play("wheelhouse", *options)) == 0
    other = ("-e", "wheelhouse_platform=py3.13-x86_64-musl")
    assert "a platform looks like py3.13-x86_64-glibc" in deployed.play(
        "wheelhouse", *options, *other, succeeds=False
    )
    assert "pulsar_wheelhouse_dir is not set" in deployed.play("wheelhouse", succeeds=False)
