"""What certbot runs with a new certificate."""

from __future__ import annotations

import grp
import os
import stat
import subprocess
from pathlib import Path

import pytest
from jinja2 import Environment, StrictUndefined

TEMPLATE = Path(__file__).parents[4] / "roles" / "tls" / "templates" / "renewed.sh.j2"


@pytest.fixture
def lineage(tmp_path: Path) -> Path:
    """Certbot's folder of the certificate."""
    folder = tmp_path / "live"
    folder.mkdir()
    (folder / "privkey.pem").write_text("the key")
    (folder / "fullchain.pem").write_text("the chain")
    return folder


def renew(lineage: Path, directory: Path, *, command: str = "true") -> int:
    template = Environment(undefined=StrictUndefined, autoescape=False).from_string(TEMPLATE.read_text())  # noqa: S701 - a shell's script
    script = template.render(
        ansible_managed="Ansible managed",
        tls_directory=str(directory),
        tls_group=grp.getgrgid(os.getegid()).gr_name,
        tls_renewed_command=command,
        __tls_key=f"{directory}/key.pem",
        __tls_certificate=f"{directory}/cert.pem",
    )
    environment = {"PATH": os.environ["PATH"], "RENEWED_LINEAGE": str(lineage)}
    return subprocess.run(["sh", "-c", script], env=environment, check=False).returncode


def test_key_and_chain_are_put_in_place_and_the_service_is_told(lineage: Path, tmp_path: Path) -> None:
    directory = tmp_path / "tls"
    told = f"cp '{directory}/cert.pem' '{tmp_path}/seen'"
    assert renew(lineage, directory, command=told) == 0
    assert (directory / "key.pem").read_text() == "the key"
    assert (tmp_path / "seen").read_text() == "the chain"
    assert stat.S_IMODE((directory / "key.pem").stat().st_mode) == 0o640
    assert sorted(path.name for path in directory.iterdir()) == ["cert.pem", "key.pem"]


def test_a_lineage_without_its_key_changes_nothing(lineage: Path, tmp_path: Path) -> None:
    directory = tmp_path / "tls"
    assert renew(lineage, directory) == 0
    (lineage / "privkey.pem").unlink()
    (lineage / "fullchain.pem").write_text("another chain")
    assert renew(lineage, directory) != 0
    assert (directory / "cert.pem").read_text() == "the chain"


def test_a_service_that_does_not_take_it_is_an_error(lineage: Path, tmp_path: Path) -> None:
    assert renew(lineage, tmp_path / "tls", command="false") != 0
