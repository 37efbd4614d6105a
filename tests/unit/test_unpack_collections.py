from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.unpack_collections import unpack


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Shaped like the wheel of the package ``ansible``."""
    path = tmp_path / "ansible.whl"
    with ZipFile(path, "w") as content:
        for name in ("community/crypto", "community/crypto_more", "ansible/posix"):
            version = json.dumps({"collection_info": {"version": "3.0.5"}})
            content.writestr(f"ansible_collections/{name}/MANIFEST.json", version)
            content.writestr(f"ansible_collections/{name}/plugins/modules/one.py", "")
    return path


def test_one_collection_is_unpacked_alone(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ZipFile(wheel) as content:
        unpack(content, "community.crypto", tmp_path / "collections")
    files = {str(path.relative_to(tmp_path)) for path in (tmp_path / "collections").rglob("*.*")}
    root = "collections/ansible_collections/community/crypto"
    assert files == {f"{root}/MANIFEST.json", f"{root}/plugins/modules/one.py"}
    assert capsys.readouterr().out == "community.crypto 3.0.5\n"


def test_a_collection_that_is_not_carried_is_named(wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel) as content, pytest.raises(SystemExit, match=r"does not carry community\.rabbitmq"):
        unpack(content, "community.rabbitmq", tmp_path)
