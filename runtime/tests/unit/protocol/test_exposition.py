"""What Prometheus' own parser reads from our text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from pulsar_runtime.domain.metric import Metric, MetricKind, Sample
from pulsar_runtime.protocol import exposition


def metric(samples: Sequence[Sample], kind: MetricKind = MetricKind.GAUGE, name: str = "some") -> Metric:
    return Metric(name=name, kind=kind, help="What it is.", samples=samples)


def test_a_document_is_read_as_it_was_meant() -> None:
    """Names of counters end in _total there, and stand without it above their samples."""
    up = metric([Sample(1, {"manager": "main"}), Sample(0, {"manager": "other"})])
    outages = metric([Sample(3, {"manager": "main"})], MetricKind.COUNTER, "outages_total")
    waiting = metric([Sample(2.5)], name="waiting")
    families = [*text_string_to_metric_families(exposition.to_text([up, outages, waiting]))]
    assert [(family.name, family.type, family.documentation) for family in families] == [
        ("some", "gauge", "What it is."),
        ("outages", "counter", "What it is."),
        ("waiting", "gauge", "What it is."),
    ]
    assert [(one.name, one.labels, one.value) for family in families for one in family.samples] == [
        ("some", {"manager": "main"}, 1.0),
        ("some", {"manager": "other"}, 0.0),
        ("outages_total", {"manager": "main"}, 3.0),
        ("waiting", {}, 2.5),
    ]


def test_the_document_ends_with_a_line() -> None:
    """Or the last figure would be lost."""
    assert exposition.to_text([metric([Sample(1)])]).endswith("some 1\n")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_any_label_comes_back(label: str) -> None:
    (family,) = text_string_to_metric_families(exposition.to_text([metric([Sample(1, {"name": label})])]))
    assert family.samples[0].labels == {"name": label}


@pytest.mark.parametrize("value", [0, 1, 0.1, 1e-9, 1_763_850_000.25, 2**53, 1e300])
def test_any_figure_comes_back(value: float) -> None:
    (family,) = text_string_to_metric_families(exposition.to_text([metric([Sample(value)])]))
    assert family.samples[0].value == value
