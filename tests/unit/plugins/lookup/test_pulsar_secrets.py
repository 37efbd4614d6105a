from __future__ import annotations

import re
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret

from plugins.lookup.pulsar_secrets import SecretsFile


def vault(password: bytes = b"correct horse") -> VaultLib:
    return VaultLib([("default", VaultSecret(password))])


def ask(path: Path, name: str, *, keep: bool = True) -> str:
    (secret,) = SecretsFile(str(path), vault()).secrets([name], keep=keep)
    return secret


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pulsar_secrets.yml"


def test_a_secret_is_made_up_once_and_then_stays(file: Path) -> None:
    first = ask(file, "broker/one")
    assert re.fullmatch("[A-Za-z0-9]{43}", first)
    assert ask(file, "broker/one") == first
    assert ask(file, "broker/two") != first
    assert ask(file, "broker/one") == first


def test_the_file_is_what_ansible_vault_reads_and_nobody_else_does(file: Path) -> None:
    secret = ask(file, "broker/one")
    assert secret.encode() not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    loader = DataLoader()
    loader.set_vault_secrets([("default", VaultSecret(b"correct horse"))])
    assert loader.load_from_file(str(file)) == {"broker/one": secret}
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_secret_that_somebody_chose_is_returned(file: Path) -> None:
    file.write_bytes(vault().encrypt(yaml.safe_dump({"broker/one": "chosen by hand"})))
    before = file.read_bytes()
    assert ask(file, "broker/one") == "chosen by hand"
    assert file.read_bytes() == before


def test_a_dry_run_stores_nothing(file: Path) -> None:
    assert ask(file, "broker/one", keep=False)
    assert not file.exists()


def test_processes_that_ask_at_once_get_the_same_secrets(file: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        asked = [pool.submit(ask, file, f"broker/{number % 3}") for number in range(24)]
        answers = [answer.result(timeout=30) for answer in asked]
    assert len(set(answers)) == 3
    assert [ask(file, f"broker/{number % 3}") for number in range(24)] == answers


def test_without_a_vault_password_nothing_is_made_up(file: Path) -> None:
    with pytest.raises(AnsibleLookupError, match="--vault-password-file"):
        SecretsFile(str(file), VaultLib()).secrets(["broker/one"], keep=True)
    assert not file.exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"broker/one: secret\n", "is not encrypted: run 'ansible-vault encrypt"),
        (vault(b"another").encrypt("broker/one: secret"), "the vault password that encrypted it"),
        (vault().encrypt("broker/one: {a: b}"), "is not a mapping of names to texts"),
        (vault().encrypt("- secret"), "is not a mapping of names to texts"),
        (vault().encrypt("a: [secret"), "is not YAML when it is decrypted"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_and_stays(file: Path, content: bytes, problem: str) -> None:
    file.write_bytes(content)
    with pytest.raises(AnsibleLookupError) as refused:
        ask(file, "broker/two")
    assert problem in str(refused.value)
    assert str(file) in str(refused.value)
    assert refused.value.__cause__ is None or "[secret" not in str(refused.value.__cause__)
    assert file.read_bytes() == content


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match="make that directory"):
        ask(tmp_path / "away" / "pulsar_secrets.yml", "broker/one")
