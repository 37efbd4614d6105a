"""What the role ``tls`` makes of the certificate that a host has, and of files that a site brings.

Every case is a host of one inventory, all of them this machine: Ansible starts once.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Run = Callable[..., str]
Apply = Callable[..., str]

ROOT = Path(__file__).parents[2]
NAMES = ["broker.example.org", "10.0.0.7"]
PASSWORD = b"correct horse"


@attrs.frozen
class Certificate:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, folder: Path) -> dict[str, str]:
        """Write both, the key encrypted as a site would; return their paths."""
        folder.mkdir()
        (folder / "cert.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        vault = VaultLib([("default", VaultSecret(PASSWORD))])
        (folder / "key.pem").write_bytes(vault.encrypt(key.decode()))
        return {"tls_certificate_file": f"{folder}/cert.pem", "tls_key_file": f"{folder}/key.pem"}


def issue(authority: Certificate | None = None, *, days: int = 90, names: list[str] = NAMES) -> Certificate:
    """Return a certificate of an authority; without one, an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "host" if authority else "authority")])
    signer = authority.key if authority else key
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.certificate.subject if authority else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=60))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if authority:
        alternatives = [
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
            for name in names
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return Certificate(builder.sign(signer, hashes.SHA256()), key)


@pytest.fixture(scope="module")
def authority() -> Certificate:
    return issue()


@pytest.fixture
def apply(run: Run, collections: Path, tmp_path: Path) -> Apply:
    """Have the role look at hosts, given the variables of each; return what Ansible printed."""
    (tmp_path / "password").write_bytes(PASSWORD)

    def apply(hosts: Mapping[str, Mapping[str, object]], *, succeeds: bool = True) -> str:
        known = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory = {"all": {"hosts": hosts, "vars": {**known, "tls_names": NAMES}}}
        (tmp_path / "hosts.json").write_text(json.dumps(inventory))
        role = {"name": "galaxyops.pulsar.tls", "tasks_from": "preflight.yml", "public": True}
        keep = {"content": "{{ __tls_keeps }}", "dest": f"{tmp_path}/{{{{ inventory_hostname }}}}.keeps"}
        play = {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.include_role": role},
                {"ansible.builtin.copy": {**keep, "mode": "0600"}, "when": "tls_source == 'private_ca'"},
            ],
        }
        (tmp_path / "play.json").write_text(json.dumps([play]))
        environment = {
            "ANSIBLE_HOME": str(tmp_path / "ansible"),
            "ANSIBLE_REMOTE_TMP": str(tmp_path / "modules"),
            "ANSIBLE_COLLECTIONS_PATH": f"{collections}:{ROOT}/.cache/collections",
        }
        command = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            f"--inventory={tmp_path}/hosts.json",
            f"--vault-password-file={tmp_path}/password",
            str(tmp_path / "play.json"),
        ]
        return run(command, environment, succeeds=succeeds)

    return apply


@pytest.mark.timeout(240)
def test_a_certificate_stays_while_it_serves(apply: Apply, authority: Certificate, tmp_path: Path) -> None:
    certificates = {
        "serves": issue(authority),
        "ends": issue(authority, days=29),
        "renamed": issue(authority, names=["broker.example.org"]),
        "foreign": issue(issue()),
    }
    authority.write(tmp_path / "authority")
    (tmp_path / "authority" / "cert.pem").rename(tmp_path / "authority" / "ca.pem")
    for name, certificate in certificates.items():
        certificate.write(tmp_path / name)
    folders = [*certificates, "bare"]
    apply(
        {
            name: {"tls_directory": str(tmp_path / name), "tls_ca_dir": str(tmp_path / "authority")}
            for name in folders
        }
    )
    kept = {name: (tmp_path / f"{name}.keeps").read_text() == "True" for name in folders}
    assert kept == {"serves": True, "ends": False, "renamed": False, "foreign": False, "bare": False}


@pytest.mark.timeout(240)
def test_files_that_serve_the_host_are_taken(apply: Apply, authority: Certificate, tmp_path: Path) -> None:
    apply({"one": {"tls_source": "files", **issue(authority).write(tmp_path / "site")}})


@pytest.mark.timeout(240)
def test_what_cannot_be_meant_is_refused(apply: Apply, authority: Certificate, tmp_path: Path) -> None:
    good = issue(authority).write(tmp_path / "good")
    other = issue(authority).write(tmp_path / "other")
    brought = {"tls_source": "files"}
    cases: dict[str, tuple[dict[str, object], str]] = {
        "no_files": ({**brought}, "set tls_certificate_file and tls_key_file"),
        "other_key": ({**brought, **good, "tls_key_file": other["tls_key_file"]}, "bring two that belong"),
        "ended": ({**brought, **issue(authority, days=-1).write(tmp_path / "ended")}, "expired at"),
        "renamed": (
            {**brought, **issue(authority, names=["a.example.org"]).write(tmp_path / "renamed")},
            "is not for all of broker.example.org, 10.0.0.7",
        ),
        "no_authority": ({**brought, **good, "tls_ca_file": "/missing.pem"}, "tls_ca_file is /missing.pem"),
        "no_names": ({"tls_names": []}, "tls_names is empty"),
        "relative": ({"tls_directory": "tls"}, "tls_directory is tls"),
        "never_kept": ({"tls_days": 30}, "would be renewed by every run"),
        "address": ({"tls_source": "acme", "tls_acme_email": "a@example.org"}, "set it to names alone"),
        "nobody": ({"tls_source": "acme", "tls_names": ["a.example.org"]}, "tls_acme_email is not set"),
    }
    answer = " ".join(apply({name: given for name, (given, _) in cases.items()}, succeeds=False).split())
    assert [name for name, (_, problem) in cases.items() if problem not in answer] == []
    assert "PRIVATE KEY" not in answer
