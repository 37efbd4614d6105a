"""The reference page of the configuration is what the code says."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from pulsar_runtime.config.describe import page
from pulsar_runtime.config.manager_places import ManagerPlaces
from pulsar_runtime.config.option import options
from pulsar_runtime.config.schema import MANAGER_TYPES, SECTIONS, Config, Token

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"

SETTINGS: tuple[type[attrs.AttrsInstance], ...] = (
    Config,
    ManagerPlaces,
    *MANAGER_TYPES.values(),
    Token,
    *SECTIONS.values(),
)

#: Attributes that hold more than one value; the page has a section, or a row of its own, for each.
COMPOSED = {
    "tokens",
    *SECTIONS,
    "managers",
    "environment",
    *(attribute for settings in MANAGER_TYPES.values() for attribute in settings.families.values()),
}


def test_the_page_is_up_to_date() -> None:
    """Make it anew with ``python -m pulsar_runtime.config.describe > docs/reference/configuration.md``."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_field_is_explained(settings: type[attrs.AttrsInstance]) -> None:
    explained = {
        option.name for option in options(settings) if option.help.endswith(".") and option.kind.name
    }
    assert {attribute.name for attribute in attrs.fields(settings)} - COMPOSED <= explained


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_key_is_on_the_page(settings: type[attrs.AttrsInstance]) -> None:
    text = page()
    families = {"env_": "environment", **getattr(settings, "families", {})}
    named = {attribute: f"{prefix}<NAME>" for prefix, attribute in families.items()}
    for attribute in attrs.fields(settings):
        assert f"| `{named.get(attribute.name, attribute.name)}` |" in text
