from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.describe_role import specified

DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize("guide", ["deploy.md", "message-queue.md"])
def test_a_guide_names_only_variables_that_there_are(guide: str) -> None:
    options = specified("pulsar")["options"]
    others = {"pulsar_hosts", "pulsar_brokers", "pulsar_runtime", "pulsar_job", "pulsar_info", "pulsar_drain"}
    kept = {"pulsar_ca", "pulsar_secrets", "pulsar_secrets_lookup", "pulsar_vault"}
    named = set(re.findall(r"\bpulsar_[a-z_]+", (DOCS / "guide" / guide).read_text()))
    assert named - options.keys() - others - kept == set()
