"""The cluster, and its administrator."""

from __future__ import annotations

import re

from test_hosts.playbook import play


def test_a_run_for_one_node_gives_it_the_file_that_all_have() -> None:
    """What the others say of themselves is in there."""
    done = play("galaxyops.pulsar.cluster", limit="node-2", variables={})
    assert done.returncode == 0, done.stdout
    assert re.search(r"^node-2 .*\bchanged=0\b", done.stdout, re.MULTILINE), done.stdout
