from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from plugins.filter.tls_authority import FilterModule

tls_authority = FilterModule().filters()["tls_authority"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"tls_ca_dir": "/ca"}, "/ca/ca.pem"),
        ({"pulsar_secrets_file": "/kept/secrets.yml"}, "/kept/pulsar_ca/ca.pem"),
        ({"tls_ca_dir": "/ca", "pulsar_secrets_file": "/kept/secrets.yml"}, "/ca/ca.pem"),
        ({"tls_source": "files", "tls_ca_file": "/site/ca.pem"}, "/site/ca.pem"),
        ({"tls_source": "files"}, ""),
        ({"tls_source": "acme", "tls_ca_file": "/site/ca.pem"}, ""),
    ],
)
def test_clients_trust_what_vouches_for_the_host(variables: dict[str, Any], expected: str) -> None:
    assert tls_authority(variables) == expected


def test_the_private_authority_is_beside_the_inventory_like_the_secrets(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").touch()
    sources = [str(tmp_path / "hosts.yml")]
    assert tls_authority({"ansible_inventory_sources": sources}) == f"{tmp_path}/pulsar_ca/ca.pem"


def test_without_an_inventory_file_its_place_has_to_be_given() -> None:
    with pytest.raises(AnsibleFilterError, match="set tls_ca_dir to an absolute path"):
        tls_authority({})
