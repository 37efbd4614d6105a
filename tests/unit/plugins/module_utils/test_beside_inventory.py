from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.beside_inventory import NoInventoryFileError, beside_inventory


def test_it_is_beside_the_first_inventory_be_that_a_file_or_a_directory(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "hosts.yml").touch()
    expected = str(tmp_path / "secrets")
    assert beside_inventory([str(tmp_path / "hosts.yml"), "/elsewhere"], "secrets") == expected
    assert beside_inventory([str(tmp_path / "inventory")], "secrets") == expected


@pytest.mark.parametrize("sources", [None, [], ["localhost,"]])
def test_without_an_inventory_file_there_is_no_such_place(sources: list[str] | None) -> None:
    with pytest.raises(NoInventoryFileError, match="no inventory file to keep secrets beside"):
        beside_inventory(sources, "secrets")
