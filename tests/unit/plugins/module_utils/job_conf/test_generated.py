from __future__ import annotations

import pytest

from plugins.module_utils.job_conf.error import JobConfError
from plugins.module_utils.job_conf.generated import refuse_generated


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: {{ b }}\n", 1),
        ("# fine\na: '{{ b | default(1.0) }}'\n", 2),
        ("{% if x %}\na: 1\n{% endif %}\n", 1),
        ("a: 1\n{%- for x in y %}\n", 2),
        ("a: b\nc: \"{{ lookup('env', 'HOME') }}\"  # {{ }}\n", 2),
    ],
)
def test_jinja_that_was_not_rendered_is_refused(text: str, line: int) -> None:
    with pytest.raises(JobConfError, match=f"line {line} holds Jinja that was not rendered"):
        refuse_generated("job_conf.yml", text, "yaml")


@pytest.mark.parametrize(
    "text",
    [
        "docker_cmd: docker ps --format '{{.Names}}'\n",
        "docker_cmd: docker ps --format '{{json .}} {{ .ID }}'\n",
        "native: '--mem={mem}G {entity.params.get(1)} date +{%Y}'\n",
        "a: 1  # {{ was }} a template {% once %}\n",
        "# {{ hello }}\n{a: {}}\n",
        "# maintained by the cluster team, who may edit it\na: 1\n",
        "a: 'do not edit, ansible managed'\n",
    ],
)
def test_what_only_looks_like_it_is_not_refused(text: str) -> None:
    refuse_generated("job_conf.yml", text, "yaml")


@pytest.mark.parametrize(
    "notice",
    [
        "Ansible managed",
        "This file is managed by Ansible.  ALL CHANGES WILL BE OVERWRITTEN.",
        "This file is maintained by Ansible - CHANGES WILL BE OVERWRITTEN",
        "changes will be automatically reverted",
        "Automatically generated",
        "DO NOT EDIT",
    ],
)
def test_a_notice_at_the_beginning_is_heeded(notice: str) -> None:
    for text, syntax in (
        (f"---\n##\n## {notice}\na: 1\n", "yaml"),
        (f"<a>\n\n<!-- {notice} -->\n</a>", "xml"),
    ):
        with pytest.raises(JobConfError, match=r"line 3 says that something else writes it"):
            refuse_generated("job_conf", text, syntax)
    refuse_generated("job_conf.yml", "a: 1\n" * 30 + f"# {notice}\n", "yaml")
