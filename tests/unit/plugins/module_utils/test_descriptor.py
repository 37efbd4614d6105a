from __future__ import annotations

import json
from pathlib import Path

import pytest

from plugins.module_utils.descriptor import DescriptorError, read_descriptor


def test_a_descriptor_is_what_its_file_holds(tmp_path: Path) -> None:
    described = {"transport": "http", "managers": ["a"], "directories": {}, "service": {}, "more": 1}
    (tmp_path / "endpoint.json").write_text(json.dumps(described))
    assert read_descriptor(f"{tmp_path}/endpoint.json") == described


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no endpoint descriptor that can be read: Expecting value"),
        ("[]", "it does not name directories, managers, service, transport"),
        ('{"url": "http://127.0.0.1/", "managers": []}', "it does not name "),
    ],
)
def test_what_is_no_descriptor_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "endpoint.json").write_text(text)
    with pytest.raises(DescriptorError, match=problem) as raised:
        read_descriptor(f"{tmp_path}/endpoint.json")
    assert f"path {tmp_path}/endpoint.json" in str(raised.value)


def test_a_descriptor_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DescriptorError, match="No such file or directory"):
        read_descriptor(f"{tmp_path}/endpoint.json")
