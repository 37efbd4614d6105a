from __future__ import annotations

from plugins.filter.unknown_variables import FilterModule

unknown_variables = FilterModule().filters()["unknown_variables"]
KNOWN = ["pulsar_root", "pulsar_port"]


def test_known_variables_are_no_problem() -> None:
    assert unknown_variables(["pulsar_port", "pulsar_root"], KNOWN) == []


def test_a_misspelt_variable_is_named_with_what_was_meant() -> None:
    assert unknown_variables(["pulsar_prt", "pulsar_root"], KNOWN) == [
        "pulsar_prt is not a variable of this role: did you mean pulsar_port?"
    ]


def test_a_variable_that_resembles_nothing_gets_no_guess() -> None:
    assert unknown_variables(["pulsar_uwsgi_options"], KNOWN) == [
        "pulsar_uwsgi_options is not a variable of this role: remove it, or give it another prefix"
    ]


def test_every_unknown_variable_is_named_in_order() -> None:
    sentences = unknown_variables(["pulsar_zzz", "pulsar_aaa"], KNOWN)
    assert [sentence.split()[0] for sentence in sentences] == ["pulsar_aaa", "pulsar_zzz"]
