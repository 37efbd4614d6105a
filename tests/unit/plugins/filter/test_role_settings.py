from __future__ import annotations

from typing import Any

import pytest

from plugins.filter.role_settings import FilterModule

role_settings = FilterModule().filters()["role_settings"]
OPTIONS: dict[str, Any] = {
    "pulsar_create_user": {"type": "bool"},
    "pulsar_instances": {"type": "dict"},
    "pulsar_port": {"type": "int"},
    "pulsar_root": {"type": "str"},
    "pulsar_yaml_config": {"type": "dict", "no_log": True},
}


@pytest.mark.parametrize(
    ("text", "value"), [("false", False), ("no", False), ("true", True), (True, True), (False, False)]
)
def test_what_the_command_line_calls_false_is_false(text: object, *, value: bool) -> None:
    assert role_settings({"pulsar_create_user": text}, OPTIONS) == {"create_user": value}


def test_numbers_that_were_typed_as_text_are_numbers_for_instances_too() -> None:
    values = {"pulsar_port": "8913", "pulsar_instances": {"one": {"port": "8914"}, "two": None}}
    assert role_settings(values, OPTIONS) == {
        "port": 8913,
        "instances": {"one": {"port": 8914}, "two": None},
    }


def test_what_cannot_be_read_as_its_type_or_is_not_known_stays_as_it_is() -> None:
    """Somebody else says what is wrong with it."""
    values = {"pulsar_instances": {"one": {"port": "many", "prot": 1}, "two": [1]}}
    assert role_settings(values, OPTIONS) == {"instances": values["pulsar_instances"]}


def test_the_content_of_what_is_given_does_not_change() -> None:
    values = {"pulsar_root": "/srv/a b", "pulsar_yaml_config": {"tokens": [{"name": "x"}]}}
    assert role_settings(values, OPTIONS) == {
        "root": "/srv/a b",
        "yaml_config": {"tokens": [{"name": "x"}]},
    }
