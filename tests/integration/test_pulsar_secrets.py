"""The lookup ``pulsar_secrets``, asked by Ansible."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]
Ask = Callable[..., str]


@pytest.fixture
def ask(run: Run, collections: Path, tmp_path: Path) -> Ask:
    """Ask for a secret with variables of the inventory and options; return what Ansible printed."""
    (tmp_path / "password").write_text("correct horse\n")

    def ask(*options: str, succeeds: bool = True, **variables: str) -> str:
        known = {"secret_name": "broker/one", **variables}
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"one": {}}, "vars": known}}))
        ansible = Path(sys.executable).with_name("ansible")
        question = "{{ lookup('galaxyops.pulsar.pulsar_secrets', secret_name) }}"
        module = ["--connection=local", "--module-name=ansible.builtin.debug", f"--args=msg='{question}'"]
        environment = {"ANSIBLE_HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": str(collections)}
        command = [str(ansible), f"--inventory={tmp_path}/hosts.json", "one", *module, *options]
        return run(command, environment, succeeds=succeeds)

    return ask


def test_a_secret_is_kept_beside_the_inventory(ask: Ask, tmp_path: Path) -> None:
    password = f"--vault-password-file={tmp_path}/password"
    assert ask(password) == ask(password)
    assert (tmp_path / "pulsar_secrets.yml").read_text().startswith("$ANSIBLE_VAULT;")


def test_the_file_is_where_a_variable_says_that_is_a_template(ask: Ask, tmp_path: Path) -> None:
    password = f"--vault-password-file={tmp_path}/password"
    ask(password, pulsar_secrets_file="{{ inventory_dir }}/chosen.yml")
    assert (tmp_path / "chosen.yml").exists()
    assert not (tmp_path / "pulsar_secrets.yml").exists()


def test_a_dry_run_stores_nothing(ask: Ask, tmp_path: Path) -> None:
    ask("--check", f"--vault-password-file={tmp_path}/password")
    assert not (tmp_path / "pulsar_secrets.yml").exists()


def test_without_a_vault_password_it_says_what_to_do(ask: Ask) -> None:
    assert "give it one with --vault-password-file" in ask(succeeds=False)


def test_another_lookup_is_asked_in_its_place(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The lookup of environment variables stands for a site's own store."""
    monkeypatch.setenv("broker/one", "from elsewhere")
    assert "from elsewhere" in ask(pulsar_secrets_lookup="ansible.builtin.env")
    assert not (tmp_path / "pulsar_secrets.yml").exists()


@pytest.mark.parametrize(
    ("lookup", "problem"),
    [("ansible.builtin.env", "store them where it looks"), ("ansible.builtin.nothing", "no such lookup")],
)
def test_another_lookup_that_has_no_secret_is_named(ask: Ask, lookup: str, problem: str) -> None:
    answer = ask(succeeds=False, pulsar_secrets_lookup=lookup)
    assert lookup in answer
    assert problem in answer
