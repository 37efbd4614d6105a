# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``galaxyops.pulsar.job_conf_endpoint_info``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: job_conf_endpoint_info
short_description: Read the Pulsar servers that Galaxy's job configuration names
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Reads every runner for Pulsar in a C(job_conf.yml), a C(job_conf.xml) or a C(galaxy.yml), whoever wrote
    it, with its environments, tools and limits, in one form for all of them.
  - Secrets are not shown.
requirements:
  - PyYAML on the host that it runs on, for YAML and inline configurations, and for looking into a
    C(galaxy.yml)
extends_documentation_fragment: galaxyops.pulsar.job_conf
attributes:
  check_mode:
    description: Can run in check mode and change nothing.
    support: full
    details: Nothing is ever changed.
  diff_mode:
    description: Returns what has changed.
    support: N/A
    details: Nothing is ever changed.
  idempotent:
    description: A second run leaves everything as the first one left it.
    support: full
    details: Nothing is ever changed.
seealso:
  - module: galaxyops.pulsar.job_conf_endpoint
"""

EXAMPLES = r"""
- name: Look at the endpoints
  galaxyops.pulsar.job_conf_endpoint_info:
    path: /srv/galaxy/config/job_conf.yml
  register: found

- name: Name those that were not registered by this collection
  ansible.builtin.debug:
    msg: "{{ found.endpoints | selectattr('name', 'none') | map(attribute='runner.id') }}"
"""

RETURN = r"""
default:
  description: The environment of jobs that are not routed; null if it is not given.
  returned: always
  type: str
  sample: local
endpoints:
  description: The endpoints, one for each runner.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description:
        - What the endpoint was called when it was registered; null if this collection did not do that.
      type: str
    runner:
      description: The runner, with C(id), C(load), C(workers) if it is given, and C(params).
      type: dict
    environments:
      description:
        - Its environments, each with C(id), C(runner), C(params) and, if they are given, C(tags), C(env),
          C(resubmit), C(shell) and C(metrics).
      type: list
      elements: dict
    tools:
      description: The tools that are sent to one of these environments or to one of their tags.
      type: list
      elements: dict
    limits:
      description: The limits for these environments and their tags.
      type: list
      elements: dict
  sample:
    - name: site1
      runner: { id: pulsar_site1, load: "galaxy.jobs.runners.pulsar:PulsarRESTJobRunner", params: {} }
      environments:
        - { id: site1, runner: pulsar_site1, params: { url: "https://pulsar.example.org:8913/" } }
      tools: [{ id: bwa, environment: site1 }]
      limits: []
path:
  description: The file, where a link to it leads.
  returned: always
  type: str
  sample: /srv/galaxy/config/job_conf.yml
problem:
  description: Why Galaxy does not read this file.
  returned: if it does not
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.job_conf.config_file import read_file
from ..module_utils.job_conf.edit import owners
from ..module_utils.job_conf.effect import refuse_without_effect
from ..module_utils.job_conf.endpoint import endpoints_of
from ..module_utils.job_conf.error import JobConfError
from ..module_utils.job_conf.reading import find_settings, read_document
from ..module_utils.job_conf.secret import hide
from ..module_utils.job_conf.stanza import INLINE


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "required": True}, "galaxy_config": {"type": "path"}},
        supports_check_mode=True,
    )
    path = module.params["path"]
    try:
        found = look(path, module.params["galaxy_config"])
    except JobConfError as exc:
        module.fail_json(msg=f"{path} is no job configuration that can be read: {exc}")
    module.exit_json(changed=False, **found)


def look(path: str, galaxy_config: str | None) -> dict[str, Any]:
    """Return what the module returns; raises `JobConfError`."""
    file = read_file(path)
    document = read_document(file)
    found: dict[str, Any] = {
        "path": file.real_path,
        "default": document.conf.default,
        "endpoints": hide(list(endpoints_of(document.conf, owners(document)))),
    }
    try:
        settings = find_settings(file, galaxy_config, inline=document.kind == INLINE)
        refuse_without_effect(path, settings, inline=document.kind == INLINE)
    except JobConfError as exc:
        found["problem"] = str(exc)
    return found


if __name__ == "__main__":
    main()
