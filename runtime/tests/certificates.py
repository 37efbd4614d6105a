"""Certificates for tests, made with the openssl command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import attrs

DAYS = "2"


@attrs.frozen
class Certificate:
    """A certificate and its key."""

    file: Path
    key: Path


def authority(directory: Path, name: str) -> Certificate:
    """Make somebody who can vouch for others."""
    made = _named(directory, name)
    extensions = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
    _openssl(made, name, *(word for text in extensions for word in ("-addext", text)))
    return made


def certificate(directory: Path, name: str, issuer: Certificate, alternative: str) -> Certificate:
    """Make a certificate for *alternative*, such as ``IP:127.0.0.1``, that *issuer* vouches for."""
    made = _named(directory, name)
    _openssl(
        made,
        name,
        *("-CA", str(issuer.file), "-CAkey", str(issuer.key), "-addext", f"subjectAltName={alternative}"),
        *("-addext", "basicConstraints=critical,CA:FALSE"),
    )
    return made


def _named(directory: Path, name: str) -> Certificate:
    directory.mkdir(parents=True, exist_ok=True)
    return Certificate(directory / f"{name}.pem", directory / f"{name}.key")


def _openssl(made: Certificate, name: str, *more: str) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", DAYS),
            *("-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(made.file), *more),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
