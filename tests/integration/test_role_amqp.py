"""The role ``pulsar`` deploys a server that meets Galaxy at a message broker, and only there."""

from __future__ import annotations

import hashlib
import json
import stat
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import attrs
import pytest

from plugins.module_utils.broker_definitions import SITE_DECLARES, SITE_READS
from runtime.tests import broker
from runtime.tests.broker import running_broker
from runtime.tests.certificates import authority, certificate

pytestmark = pytest.mark.timeout(300)

Run = Callable[..., str]
Changes = Callable[[str], int]

#: As another lookup than ours might return it.
SECRET = "p@ss/of:the tests"
VAULT_PASSWORD = "the-vault-password"


@attrs.frozen
class Site:
    """An inventory of a broker and a site, which is this machine."""

    root: Path
    inventory: Path
    playbook: Path
    vault: Path
    environment: Mapping[str, str]
    run: Run

    def play(
        self,
        playbook: str,
        *options: str,
        variables: Mapping[str, object] | None = None,
        succeeds: bool = True,
        vault: bool = True,
    ) -> str:
        """Run a playbook."""
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        password = ["--vault-password-file", str(self.vault)] if vault else []
        command = [program, "-i", str(self.inventory), playbook, *password]
        chosen = ["-e", json.dumps(variables or {}), *options]
        return self.run([*command, *chosen], self.environment, cwd=self.root.parent, succeeds=succeeds)

    def deploy(
        self,
        variables: Mapping[str, object] | None = None,
        *options: str,
        succeeds: bool = True,
        vault: bool = True,
    ) -> str:
        """Apply the role."""
        return self.play(str(self.playbook), *options, variables=variables, succeeds=succeeds, vault=vault)

    def verify(self, **variables: object) -> str:
        """Verify what is deployed; the certificates of the tests are short-lived."""
        days = {"verify_minimum_certificate_days": 1}
        return self.play("galaxyops.pulsar.verify", "-v", variables={**days, **variables})

    def config(self, name: str) -> Path:
        return self.root / "config" / name

    def process(self) -> Path:
        return Path("/proc", (self.root / "run" / "server.pid").read_text().split()[0])


def account(user: str, vhost: str, password: str) -> dict[str, object]:
    """Return what a broker is to hold: a site as the role rabbitmq makes it, and the account of the tests.

    Passwords are hashed as https://www.rabbitmq.com/docs/passwords says.
    """

    def hashed(text: str) -> str:
        return b64encode(b"salt" + hashlib.sha256(b"salt" + text.encode()).digest()).decode()

    of_site = (SITE_DECLARES, SITE_DECLARES, SITE_READS)
    accounts = [(user, vhost, of_site, password), (broker.USER, broker.VHOST, (".*",) * 3, broker.PASSWORD)]
    return {
        "users": [{"name": one[0], "password_hash": hashed(one[3]), "tags": []} for one in accounts],
        "vhosts": [{"name": one[1]} for one in accounts],
        "permissions": [
            {"user": one[0], "vhost": one[1], "configure": one[2][0], "write": one[2][1], "read": one[2][2]}
            for one in accounts
        ],
    }


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, collections: Path, run: Run, free_port: Callable[[], int]
) -> Iterator[Site]:
    """A broker that speaks TLS, and an inventory that names it and this machine."""
    home = tmp_path_factory.mktemp("at_broker")
    ours = authority(home, "ours")
    of_broker = certificate(home, "broker", ours, "IP:127.0.0.1")
    port = free_port()
    made = Site(
        home / "pulsar",
        home / "inventory.yml",
        home / "role.yml",
        home / "vault",
        {
            "ANSIBLE_HOME": str(home / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_REMOTE_TMP": str(home / "modules"),
        },
        run,
    )
    made.vault.write_text(VAULT_PASSWORD)
    # JSON is YAML.
    secrets = home / "pulsar_secrets.yml"
    secrets.write_text(json.dumps({"broker/here": SECRET}))
    vault = str(Path(sys.executable).with_name("ansible-vault"))
    run([vault, "encrypt", "--vault-password-file", str(made.vault), str(secrets)], made.environment)
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "pulsar_build_dir": str(Path(__file__).parents[2] / ".cache" / "wheels"),
        "pulsar_python": sys.executable,
        "pulsar_service": "script",
        "pulsar_root": str(made.root),
        "pulsar_transport": "amqp",
    }
    of_group = {
        "ansible_host": "127.0.0.1",
        "rabbitmq_port": port,
        "tls_source": "files",
        "tls_ca_file": str(ours.file),
    }
    made.inventory.write_text(
        json.dumps(
            {
                "pulsar_brokers": {"hosts": {"broker": of_group}},
                "pulsar_hosts": {"hosts": {"here": variables}},
            }
        )
    )
    play = {"hosts": "pulsar_hosts", "gather_facts": False, "roles": ["galaxyops.pulsar.pulsar"]}
    made.playbook.write_text(json.dumps([play]))
    definitions = home / "definitions.json"
    definitions.write_text(json.dumps(account("here", "here", SECRET)))
    settings = {
        "load_definitions": definitions,
        "listeners.ssl.local": f"127.0.0.1:{port}",
        "ssl_options.cacertfile": ours.file,
        "ssl_options.certfile": of_broker.file,
        "ssl_options.keyfile": of_broker.key,
    }
    with running_broker(home / "node", settings):
        yield made
        made.play("galaxyops.pulsar.uninstall", variables={"pulsar_remove_data": True})
        assert not made.root.exists()


@pytest.fixture(scope="module")
def deployed(site: Site) -> tuple[Site, str]:
    """That site, deployed, and what that printed; every test leaves it as it was."""
    return site, site.deploy({}, "--diff", "-vvv")


def test_a_site_without_a_vault_password_is_refused_before_anything_changes(
    site: Site, changes: Changes, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    output = site.deploy({"pulsar_root": str(bare)}, succeeds=False, vault=False)
    assert "vault password" in " ".join(output.split())
    assert changes(output) == 0
    assert not bare.exists()


def test_a_site_without_a_broker_is_refused_before_anything_changes(site: Site, changes: Changes) -> None:
    output = site.deploy({"pulsar_broker": "brokr"}, succeeds=False)
    said = " ".join(output.split())
    assert "pulsar_broker of here is brokr, which is not in the group pulsar_brokers" in said
    assert changes(output) == 0


def test_a_dry_run_on_a_bare_host_shows_no_secret(site: Site, changes: Changes, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    output = site.deploy({"pulsar_root": str(bare)}, "--check", "--diff", "-vvv")
    assert changes(output) > 0
    assert SECRET not in output
    assert not bare.exists()


def test_the_agent_alone_runs_and_its_password_is_in_one_closed_file(deployed: tuple[Site, str]) -> None:
    site, output = deployed
    url = site.config("broker_url")
    assert stat.S_IMODE(url.stat().st_mode) == 0o600
    password = "p%40ss%2Fof%3Athe%20tests"
    assert password in url.read_text()
    command = (site.process() / "cmdline").read_bytes().decode().split("\0")
    assert command[2:-1] == ["agent", "--config", str(site.config("app.yml"))]
    places = [output, (site.process() / "environ").read_text(), *map(str, command)]
    places += [site.config(name).read_text() for name in ("app.yml", "endpoint.json")]
    places.append((site.root / "bin" / "pulsar-service").read_text())
    assert [place for place in places if SECRET in place or password in place] == []
    assert not site.config("private_token").exists()


def test_the_endpoint_is_described_by_its_broker(deployed: tuple[Site, str]) -> None:
    site, _ = deployed
    described = json.loads(site.config("endpoint.json").read_text())
    inventory = json.loads(site.inventory.read_text())
    port = inventory["pulsar_brokers"]["hosts"]["broker"]["rabbitmq_port"]
    assert described["transport"] == "amqp"
    assert described["broker"] == {"host": "127.0.0.1", "port": port, "vhost": "here"}
    assert described["managers"] == ["_default_"]
    assert not {"url", "listen", "token_file", "amqp_key_prefix"} & described.keys()


def test_a_second_run_changes_nothing(deployed: tuple[Site, str], changes: Changes) -> None:
    site, _ = deployed
    process = site.process()
    assert changes(site.deploy()) == 0
    assert site.process() == process


def test_verifying_runs_a_job_through_the_broker(deployed: tuple[Site, str], changes: Changes) -> None:
    site, _ = deployed
    output = site.verify()
    assert changes(output) == 0
    for check in ("units: running as process", "permissions: closed", "certificate: that of 127.0.0.1:"):
        assert f"ok     {check}" in output
    assert "name: run" in output
    assert SECRET not in output


def test_a_drained_site_can_be_changed_all_the_same(deployed: tuple[Site, str], changes: Changes) -> None:
    """It is connected; only jobs it takes none."""
    site, _ = deployed
    assert changes(site.play("galaxyops.pulsar.drain")) == 1
    assert changes(site.play("galaxyops.pulsar.drain")) == 0
    site.deploy({"pulsar_yaml_config": {"amqp_key_prefix": "pulsar_here"}})
    assert json.loads(site.config("endpoint.json").read_text())["amqp_key_prefix"] == "pulsar_here"
    assert changes(site.play("galaxyops.pulsar.drain", variables={"drain_state": "resumed"})) == 1
    site.deploy()


def test_a_broker_that_nobody_vouches_for_is_told_with_the_cure(
    deployed: tuple[Site, str], tmp_path: Path
) -> None:
    site, _ = deployed
    stranger = authority(tmp_path, "stranger")
    output = " ".join(site.deploy({"tls_ca_file": str(stranger.file)}, succeeds=False).split())
    assert "is not at its broker (connect: the broker (here@127.0.0.1:" in output
    assert "check amqp_connect_ssl_ca_certs" in output
    site.deploy()


def test_a_site_can_go_over_to_http_and_back(
    deployed: tuple[Site, str], free_port: Callable[[], int], changes: Changes
) -> None:
    site, _ = deployed
    listening: dict[str, object] = {"pulsar_transport": "http", "pulsar_port": free_port()}
    site.deploy(listening)
    assert not site.config("broker_url").exists()
    assert not site.config("ca.pem").exists()
    assert changes(site.deploy(listening)) == 0
    site.verify(**listening)
    assert site.config("private_token").exists()
    site.deploy()
    assert not site.config("private_token").exists()
    site.verify()
