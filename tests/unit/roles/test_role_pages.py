from __future__ import annotations

from pathlib import Path

import pytest

from tests.describe_role import ADVICE, CHAPTERS, page, specified

DOCS = Path(__file__).parents[3] / "docs" / "reference"


@pytest.mark.parametrize("role", ADVICE)
def test_the_page_of_the_variables_is_up_to_date(role: str) -> None:
    """Make it anew with `python tests/describe_role.py ROLE > docs/reference/role_ROLE.md`."""
    assert (DOCS / f"role_{role}.md").read_text() == page(role)


@pytest.mark.parametrize("role", ADVICE)
def test_every_variable_has_a_place_on_the_page(role: str) -> None:
    options = specified(role)["options"]
    assert options.keys() >= {name for name in CHAPTERS if name.startswith(f"{role}_")}
    assert next(iter(options)) in CHAPTERS
    assert [name for name in options if f"### `{name}`" not in page(role)] == []
