# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``galaxyops.pulsar.job_conf_endpoint``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: job_conf_endpoint
short_description: Register a Pulsar server in Galaxy's job configuration
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Ensures, or removes, what Galaxy's job configuration says of one Pulsar server - a runner, one or more
    environments, routes of tools and limits - in a C(job_conf.yml), in a C(job_conf.xml), or inline in a
    C(galaxy.yml).
  - Every byte that it did not write stays as it is. Its entries are between two comments that name the
    endpoint, and removing the endpoint restores the file. Entries between these comments belong to the
    module; what is changed there by hand is put back.
  - The file is replaced by one rename, with the same owner and mode. A symbolic link stays, and what it leads
    to is edited.
  - Refused with nothing changed are, among others, malformed files and ids that are there twice; names of
    others; parameters that keep a handler of Galaxy's from starting or jobs from ending; an edit after which
    a name stands for nothing; files that are templates or say that something else writes them; and a place
    that Galaxy does not read.
  - Galaxy reads its job configuration when it starts. The job handlers have to be restarted after a change.
requirements:
  - PyYAML on the host that it runs on, for YAML and inline configurations, and for looking into a
    C(galaxy.yml)
extends_documentation_fragment: galaxyops.pulsar.job_conf
options:
  state:
    description:
      - V(present) ensures the endpoint, V(absent) removes everything that was written under O(name).
      - V(rendered) writes nothing and reads no file. It returns RV(stanza) for a file that something else
        writes.
    type: str
    choices: [present, absent, rendered]
    default: present
  name:
    description:
      - What the endpoint is called in the comments around its entries. It tells what belongs to whom.
      - It consists of letters, digits, dots, underscores, and single hyphens between them.
    type: str
    required: true
  runner:
    description:
      - The runner. Needed unless O(state=absent).
    type: dict
    suboptions:
      id:
        description: What it is called.
        type: str
        required: true
      load:
        description:
          - One of Galaxy's runners for Pulsar, as C(galaxy.jobs.runners.pulsar:PulsarRESTJobRunner) or
            C(galaxy.jobs.runners.pulsar:PulsarMQJobRunner).
        type: str
        required: true
      workers:
        description: How many threads of a handler work for it; Galaxy's default without it.
        type: int
      params:
        description:
          - Its other parameters. Galaxy's handlers do not start with a runner that has one that they do not
            know, so such a one is refused.
        type: dict
      secret_params:
        description:
          - Further parameters, which are in no output, such as an C(amqp_url) with its password.
        type: dict
  environments:
    description:
      - The environments that jobs are sent to, all of this runner. They are needed for O(tools) and
        O(limits).
    type: list
    elements: dict
    suboptions:
      id:
        description: What it is called.
        type: str
        required: true
      tags:
        description: Further names that jobs can be sent to, which several environments may have in common.
        type: list
        elements: str
      params:
        description:
          - Its parameters. Those that are required of its runner have to be there (C(url) or
            C(jobs_directory)); those that nothing reads are named in a warning.
          - C(outputs_to_working_directory=false) is added, since Pulsar loses outputs with what Galaxy may
            have as its own default.
        type: dict
      secret_params:
        description: Further parameters, which are in no output, such as C(private_token).
        type: dict
      env:
        description: The environment of its jobs; each has exactly one of C(name), C(file) and C(execute).
        type: list
        elements: dict
        suboptions:
          name:
            description: The name of a variable.
            type: str
          value:
            description: Its value.
            type: str
          raw:
            description: Whether the shell is to see the value without quotes.
            type: bool
          file:
            description: A file that is sourced.
            type: str
          execute:
            description: A command that is run.
            type: str
      metrics:
        description:
          - The file that says which metrics Galaxy gathers of its jobs; Galaxy's default without it.
          - Not in XML, where Galaxy 26.1 does not start with one.
        type: str
  tools:
    description:
      - The tools that are sent to this endpoint.
    type: list
    elements: dict
    suboptions:
      id:
        description: The id of the tool, with or without what the tool shed puts before and behind it.
        type: str
        required: true
      environment:
        description: The environment or tag; the first of O(environments) without it.
        type: str
  limits:
    description:
      - How many jobs may be there at a time.
    type: list
    elements: dict
    suboptions:
      type:
        description: Whether the limit is for all jobs together or for those of each user.
        type: str
        choices: [environment_total_concurrent_jobs, environment_user_concurrent_jobs]
        required: true
      id:
        description: The environment that it is for.
        type: str
      tag:
        description: The tag that it is for, for all environments that have it.
        type: str
      value:
        description: The number of jobs.
        type: int
        required: true
  adopt:
    description:
      - Whether entries of others that have the ids of this endpoint are replaced by it. Without it, they are
        refused.
      - What was replaced is not restored when the endpoint is removed.
    type: bool
    default: false
  backup:
    description:
      - Whether the file is copied before it is replaced. The copy holds what the file holds, secrets
        included.
    type: bool
    default: false
attributes:
  check_mode:
    description: Says what would change without changing it.
    support: full
  diff_mode:
    description: Shows the entries of the endpoint before and after, without secrets.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
  platform:
    description: Where it runs.
    platforms: posix
    support: full
  safe_file_operations:
    description: The file is replaced by one rename, if it is still what it was when it was read.
    support: full
seealso:
  - module: galaxyops.pulsar.job_conf_endpoint_info
  - name: Galaxy's documentation of its job configuration
    description: What runners, environments, tools and limits are.
    link: https://docs.galaxyproject.org/en/master/admin/jobs.html
"""

EXAMPLES = r"""
- name: Send two tools to a server with a REST interface
  galaxyops.pulsar.job_conf_endpoint:
    path: /srv/galaxy/config/job_conf.yml
    name: site1
    runner:
      id: pulsar_site1
      load: galaxy.jobs.runners.pulsar:PulsarRESTJobRunner
    environments:
      - id: site1
        params: { url: "https://pulsar.example.org:8913/" }
        secret_params: { private_token: "{{ token }}" }
    tools:
      - id: bwa
      - id: bwa_mem
    limits:
      - { type: environment_total_concurrent_jobs, id: site1, value: 20 }
  notify: Restart Galaxy's job handlers

- name: Register a server behind a broker, inline in galaxy.yml
  galaxyops.pulsar.job_conf_endpoint:
    path: /srv/galaxy/config/galaxy.yml
    name: site2
    runner:
      id: pulsar_site2
      load: galaxy.jobs.runners.pulsar:PulsarMQJobRunner
      params:
        galaxy_url: https://galaxy.example.org
        amqp_acknowledge: true
        amqp_ack_republish_time: 300
        persistence_directory: /srv/galaxy/var/pulsar_acknowledgements
      secret_params:
        amqp_url: "pyamqp://galaxy:{{ password }}@broker.example.org:5671/site2"
    environments:
      - id: site2
        tags: [remote]
        params: { jobs_directory: /srv/pulsar/files/staging }
        env: [{ name: LC_ALL, value: C }]

- name: Take it away again
  galaxyops.pulsar.job_conf_endpoint:
    path: /srv/galaxy/config/galaxy.yml
    name: site2
    state: absent
"""

RETURN = r"""
backup_file:
  description: The copy of the file as it was.
  returned: if O(backup=true) and the file was replaced
  type: str
  sample: /srv/galaxy/config/job_conf.yml.4242.2026-11-22@19:00:00~
path:
  description: The file that was looked at, where a link to it leads.
  returned: unless O(state=rendered)
  type: str
  sample: /srv/galaxy/config/job_conf.yml
problems:
  description: What was given and has no effect, or an unwanted one; each is a warning as well.
  returned: unless O(state=absent)
  type: list
  elements: str
sections:
  description: The sections that changed, or would in a dry run.
  returned: unless O(state=rendered)
  type: list
  elements: str
  sample: [runners, environments, tools]
stanza:
  description: The entries of the endpoint as a configuration of their own, with V(********) for secrets.
  returned: unless O(state=absent)
  type: str
  sample: |
    runners:
      pulsar_site1:
        load: galaxy.jobs.runners.pulsar:PulsarRESTJobRunner
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.job_conf.config_file import read_file, replace_file
from ..module_utils.job_conf.edit import ensure, owned, remove
from ..module_utils.job_conf.effect import refuse_without_effect
from ..module_utils.job_conf.endpoint import Endpoint, from_options
from ..module_utils.job_conf.error import JobConfError
from ..module_utils.job_conf.reading import find_settings, read_editable
from ..module_utils.job_conf.secret import hide, in_the_open, parts
from ..module_utils.job_conf.section import SECTIONS
from ..module_utils.job_conf.stanza import INLINE, XML, YAML, write_stanza
from ..module_utils.job_conf.verdict import judge

PARAMS = {"params": {"type": "dict"}, "secret_params": {"type": "dict", "no_log": True}}
REQUIRED = {"type": "str", "required": True}


def many(options: dict[str, Any], **rules: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the specification of a list of dictionaries with *options*."""
    return {"type": "list", "elements": "dict", "options": options, **rules}


ARGUMENTS: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "galaxy_config": {"type": "path"},
    "state": {"type": "str", "choices": ["present", "absent", "rendered"], "default": "present"},
    "name": REQUIRED,
    "runner": {
        "type": "dict",
        "options": {"id": REQUIRED, "load": REQUIRED, "workers": {"type": "int"}, **PARAMS},
    },
    "environments": many(
        {
            "id": REQUIRED,
            "tags": {"type": "list", "elements": "str"},
            **PARAMS,
            "env": many(
                {
                    **{name: {"type": "str"} for name in ("name", "value", "file", "execute")},
                    "raw": {"type": "bool"},
                }
            ),
            "metrics": {"type": "str"},
        }
    ),
    "tools": many({"id": REQUIRED, "environment": {"type": "str"}}),
    "limits": many(
        {
            "type": {
                "type": "str",
                "choices": ["environment_total_concurrent_jobs", "environment_user_concurrent_jobs"],
                "required": True,
            },
            "id": {"type": "str"},
            "tag": {"type": "str"},
            "value": {"type": "int", "required": True},
        },
        mutually_exclusive=[("id", "tag")],
        required_one_of=[("id", "tag")],
    ),
    "adopt": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": False},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "present", ("runner",)), ("state", "rendered", ("runner",))],
        supports_check_mode=True,
    )
    path = module.params["path"]
    try:
        result = run(module, path)
    except JobConfError as exc:
        module.fail_json(msg=f"{path} is left as it is: {exc}")
    module.exit_json(**result)


def run(module: AnsibleModule, path: str) -> dict[str, Any]:
    """Do what the options say and return what happened; raises `JobConfError`."""
    state, name, secret = module.params["state"], module.params["name"], secret_names(module)
    endpoint = None if state == "absent" else wanted(module)
    found: dict[str, Any] = {"changed": False}
    if endpoint:
        found["problems"] = problems_of(endpoint)
        for problem in found["problems"]:
            module.warn(problem)
    if state == "rendered" and endpoint:
        return {**found, "stanza": write_stanza(kind_by_name(path), hide(sections_of(endpoint), secret))}
    if state == "absent" and not os.path.exists(path):
        return {**found, "path": path, "sections": []}
    file = read_file(path)
    before = read_editable(file)
    kind = before.kind
    settings = find_settings(file, module.params["galaxy_config"], inline=kind == INLINE)
    for warning in refuse_without_effect(path, settings, inline=kind == INLINE):
        module.warn(warning)
    after = ensure(before, endpoint, adopt=module.params["adopt"]) if endpoint else remove(before, name)
    old, new = owned(before, name), owned(after, name)
    if endpoint:
        found["stanza"] = write_stanza(kind, hide(sections_of(endpoint), secret))
    found["path"] = file.real_path
    found["changed"] = after.text != before.text
    found["sections"] = [section for section in SECTIONS if old[section] != new[section]]
    found["diff"] = {
        "before_header": path,
        "after_header": path,
        "before": write_stanza(kind, hide(old, secret)),
        "after": write_stanza(kind, hide(new, secret)),
    }
    if found["changed"] and not module.check_mode:
        content = after.text.encode("latin-1" if kind == XML else "utf-8")
        saved = replace_file(module, file, content, backup=module.params["backup"])
        if saved:
            found["backup_file"] = saved
    return found


def wanted(module: AnsibleModule) -> Endpoint:
    """Return the endpoint that is asked for, and keep its secrets out of all output."""
    for options in with_params(module):
        module.no_log_values.update(parts(options["secret_params"] or {}))
        names = in_the_open(options["params"] or {})
        if names:
            raise JobConfError(
                f"{options['id']}: {', '.join(names)} holds a secret, and params are logged: give it in "
                "secret_params"
            )
    return from_options(module.params)


def with_params(module: AnsibleModule) -> list[dict[str, Any]]:
    """Return the options that have parameters: the runner and each environment, as far as they are given."""
    return [each for each in (module.params["runner"], *(module.params["environments"] or ())) if each]


def secret_names(module: AnsibleModule) -> set[str]:
    """Return what is secret because it was given as such; there may be an older one of it in the file."""
    return {name for options in with_params(module) for name in options["secret_params"] or ()}


def problems_of(endpoint: Endpoint) -> list[str]:
    """Return what is not as it should be with an endpoint; raises `JobConfError` if that does harm."""
    verdict = judge(endpoint)
    if verdict.errors:
        raise JobConfError("; ".join(verdict.errors))
    return verdict.warnings


def sections_of(endpoint: Endpoint) -> dict[str, Any]:
    """Return the entries of an endpoint in each section."""
    return {section: list(endpoint.section(section)) for section in SECTIONS}


def kind_by_name(path: str) -> str:
    """Return the form that a file should have by its name; it may be a template, or not be there."""
    if ".xml" in path:
        return XML
    return INLINE if path.rpartition("/")[2].startswith("galaxy") else YAML


if __name__ == "__main__":
    main()
