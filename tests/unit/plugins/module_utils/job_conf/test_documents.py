"""Shapes that are too odd to be edited, and what each document says."""

from __future__ import annotations

import pytest

from plugins.module_utils.job_conf.conf import JobConf
from plugins.module_utils.job_conf.document import Document
from plugins.module_utils.job_conf.edit import ensure
from plugins.module_utils.job_conf.endpoint import Endpoint
from plugins.module_utils.job_conf.error import JobConfError
from plugins.module_utils.job_conf.xml_document import XmlDocument
from plugins.module_utils.job_conf.yaml_document import YamlDocument

ENDPOINT = Endpoint(
    "site1",
    {"id": "r", "load": "x", "params": {}},
    [{"id": "e", "runner": "r", "metrics": "metrics.yml", "params": {}}],
    [{"id": "t", "environment": "e"}],
)
END = "runners: {local: {}}\nexecution: {default: e, environments: {}}\n"


def document(text: str) -> Document:
    return XmlDocument(text) if text.startswith("<") else YamlDocument(text)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("runners:\n- id: a\nexecution: {}\n", "runners is no mapping, which Galaxy needs"),
        ("runners: {a: 1}\n", "a runner is no mapping"),
        ("runners: {a: {}}\nexecution: {environments: {a: 1}}\n", "an environment is no mapping"),
        (
            "runners: {a: {}}\nexecution: {environments: 1}\n",
            "execution.environments is neither a mapping nor",
        ),
        ("runners: {a: {}}\nexecution: [1]\n", "line 2: execution is no mapping"),
        ("runners: null\nexecution: {environments: {}}\n", "line 1: runners is neither a mapping nor a list"),
        (END + "tools:\n- !x\n  id: a\n", "could not determine a constructor for the tag '!x'"),
        (END + "all:\n- &a {id: x}\ntools:\n- *a\n", "line 5: tools begins with an alias: write it out"),
        ("? runners\n: local: {load: x}\n", "line 2: runners begins in the line of its name"),
        (END + "tools: [{id: t}]\n", "tools: t in line 3 shares its line with others: remove it by hand"),
        (END + "runners: {}\n", "runners is there twice, in lines 1 and 3: make one of them"),
        ("<!DOCTYPE a [<!ENTITY e '<b/>'>]><job_conf>&e;</job_conf>", "the element b comes from an entity"),
        ("<job_conf><destinations></destinations></job_conf>", "e: metrics works in YAML only"),
    ],
)
def test_what_is_too_odd_is_refused(text: str, because: str) -> None:
    with pytest.raises(JobConfError) as error:
        ensure(document(text), ENDPOINT, adopt=True)
    assert because in str(error.value)


def test_a_list_that_is_in_order_is_added_to() -> None:
    """Its dashes are where its name is; its first item is on a line of its own."""
    text = END + "tools:\n# why\n- # this\n\n  # and that\n    id: a\n    environment: e\n- id: b\n"
    assert ensure(YamlDocument(text), ENDPOINT, adopt=False).text.startswith(
        "runners: {\n  # begin galaxyops.pulsar site1 runners\n"
    )
    assert [tool["id"] for tool in ensure(YamlDocument(text), ENDPOINT, adopt=False).conf.tools] == [
        "t",
        "a",
        "b",
    ]


def test_parameters_may_be_on_their_own() -> None:
    """Galaxy reads nothing but these, then."""
    conf = YamlDocument(
        "runners: {r: {load: x, workers: 2, kwds: {a: 1}}}\n"
        "execution: {environments: {e: {runner: r, params: {b: 2}, metrics: {src: path, path: m.yml}}}}\n"
    ).conf
    assert conf.runners == {"r": {"load": "x", "workers": 2, "params": {"a": 1}}}
    assert conf.environments == {"e": {"runner": "r", "metrics": "m.yml", "params": {"b": 2}}}


def test_a_limit_is_the_same_under_both_of_its_names() -> None:
    limit = "limits: [{type: destination_total_concurrent_jobs, id: e, value: 1}]\n"
    limits = [{"type": "environment_total_concurrent_jobs", "id": "e", "value": 3}]
    with pytest.raises(
        JobConfError, match="limits: environment_total_concurrent_jobs of e in line 3 belongs"
    ):
        ensure(YamlDocument(END + limit), ENDPOINT._replace(limits=limits), adopt=False)


def test_metrics_are_written_for_galaxy() -> None:
    written = ensure(YamlDocument(END), ENDPOINT, adopt=False)
    assert written.conf.environments["e"]["metrics"] == "metrics.yml"
    assert "metrics: {src: path, path: metrics.yml}" in written.text


def test_names_that_stand_for_nothing_are_told() -> None:
    conf = JobConf(
        runners={},
        environments={"e": {"runner": "r", "resubmit": [{"environment": "gone"}, {"delay": 1}]}},
        default=None,
        tools=[{"id": "a", "environment": "b"}, {"id": "c"}],
        limits=[{"type": "l", "tag": "t"}, {"type": "walltime"}],
        rest=None,
    )
    assert conf.broken() == {
        "environment e has the runner r, which is not there",
        "environment e resubmits to gone, which is not there",
        "tool a goes to b, which is not there",
        "the limit l is for t, which is not there",
    }
    several = conf._replace(environments={"e": {}, "f": {"tags": ["g"]}})
    assert "there is more than one environment (tags count) and no default among them" in several.broken()
