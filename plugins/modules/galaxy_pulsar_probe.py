# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``galaxyops.pulsar.galaxy_pulsar_probe``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: galaxy_pulsar_probe
short_description: Run a tool through Galaxy, and see where it ran
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Runs one tool through Galaxy's API, on a small dataset in a history of its own, and tells how the job
    ended, how long each step took, and where Galaxy sent it. History and dataset are purged in any case; a
    job that does not end in time is cancelled before.
  - Galaxy's API has no parameter for the environment of a job. Galaxy's own configuration has to send
    O(tool_id) to the endpoint, at least for the user whose key is used - by a route of the tool in the job
    configuration, which M(galaxyops.pulsar.job_conf_endpoint) writes, by a rule of Total Perspective Vortex
    for the tool or the user, or by job resource parameters, which are part of O(inputs). O(runner) has the
    module fail if the job went elsewhere.
extends_documentation_fragment: galaxyops.pulsar.endpoint.connection
options:
  url:
    description:
      - Where Galaxy is, with the path that it is below, if any.
    type: str
    required: true
  api_key:
    description:
      - The API key of a user of Galaxy's. It travels in a header, and is in no result.
      - Only an administrator is told where a job ran.
    type: str
    required: true
  tool_id:
    description:
      - The tool. V(cat1) comes with every Galaxy; its output is compared with its input.
    type: str
    default: cat1
  input_name:
    description:
      - The input of the tool that the dataset is for. If it is empty, no dataset is uploaded.
    type: str
    default: input1
  inputs:
    description:
      - Further inputs of the tool, as Galaxy's API takes them.
    type: dict
    default: {}
  runner:
    description:
      - The id of the runner that the job has to go to; each endpoint has a runner of its own.
      - This takes an administrator's key.
    type: str
  timeout:
    default: 600
attributes:
  check_mode:
    description: Can run in check mode and change nothing.
    support: partial
    details: Asks only whether Galaxy is there, takes the key, and has the tool; no job is run.
  diff_mode:
    description: Returns what has changed.
    support: none
    details: There is no difference; the history is purged.
  idempotent:
    description: A second run leaves everything as the first one left it.
    support: full
    details: Each run runs a job, purges its history, and reports no change.
seealso:
  - module: galaxyops.pulsar.job_conf_endpoint
  - module: galaxyops.pulsar.pulsar_job
"""

EXAMPLES = r"""
- name: Run a job through Galaxy
  galaxyops.pulsar.galaxy_pulsar_probe:
    url: https://galaxy.example.org/
    api_key: "{{ vault_galaxy_api_key }}"
    runner: pulsar_site1

- name: Run a tool that takes no dataset, where a menu of Galaxy's lets users choose
  galaxyops.pulsar.galaxy_pulsar_probe:
    url: https://galaxy.example.org/
    api_key: "{{ vault_galaxy_api_key }}"
    tool_id: random_numbers
    input_name: ""
    inputs:
      __job_resource|__job_resource__select: "yes"
      __job_resource|environment: site1
"""

RETURN = r"""
destination:
  description: What Galaxy tells of the place that the job was sent to, without secrets.
  returned: if the key is an administrator's, once there is a job that ended
  type: dict
  sample:
    Runner: pulsar_site1
    Runner Job ID: "1234"
    Handler: main.job-handlers.1
    jobs_directory: /srv/pulsar/files/staging
job:
  description: What Galaxy tells of the job.
  returned: always, once there is a job
  type: dict
  contains:
    id:
      description: Its id.
      type: str
    state:
      description: Its last state.
      type: str
    exit_code:
      description: The exit code of the tool.
      type: int
    create_time:
      description: When it was made.
      type: str
    update_time:
      description: When it changed last.
      type: str
    tool_id:
      description: Its tool; the upload of the dataset is a job as well.
      type: str
job_stderr:
  description: The end of what the job wrote to its standard error.
  returned: on failure, if it wrote anything
  type: str
job_stdout:
  description: The end of what the job wrote to its standard output.
  returned: on failure, if it wrote anything
  type: str
phase:
  description: The phase that went wrong.
  returned: on failure
  type: str
  sample: queue
phases:
  description:
    - The phases in their order; if one failed, it is the last. They are C(ready), C(upload), C(submit),
      C(queue), C(run), C(check) and C(clean); in check mode C(ready) alone.
    - Galaxy is asked every other second, so that a short run may be missing from C(run), and be in C(queue).
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the phase.
      type: str
    seconds:
      description: How long it took.
      type: float
  sample: [{name: ready, seconds: 0.112}, {name: upload, seconds: 6.04}]
runner:
  description: The id of the runner that the job was sent to.
  returned: if RV(destination) is
  type: str
  sample: pulsar_site1
version:
  description: Galaxy's version.
  returned: success
  type: str
  sample: "26.1"
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.endpoint import CONNECTION_ARGUMENTS, EndpointError, check_token
from ..module_utils.galaxy_api import GalaxyApi
from ..module_utils.galaxy_probe import COPYING_TOOL, GalaxyProbe
from ..module_utils.job_conf.secret import hide
from ..module_utils.probe_phase import run_probe

_OF_JOB = ("id", "state", "exit_code", "create_time", "update_time", "tool_id")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "api_key": {"type": "str", "required": True, "no_log": True},
            "tool_id": {"type": "str", "default": COPYING_TOOL},
            "input_name": {"type": "str", "default": "input1"},
            "inputs": {"type": "dict", "default": {}},
            "runner": {"type": "str"},
            **CONNECTION_ARGUMENTS,
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    try:
        probe = probe_of(module)
    except EndpointError as exc:
        module.fail_json(msg=str(exc))
    run_probe(module, probe, lambda: results(probe))


def probe_of(module: AnsibleModule) -> GalaxyProbe:
    """Return the probe that is asked for; raises `EndpointError`."""
    parameters = module.params
    check_token(parameters["api_key"])
    galaxy = GalaxyApi(
        parameters["url"],
        token=parameters["api_key"],
        timeout=parameters["timeout"],
        validate_certs=parameters["validate_certs"],
        ca_path=parameters["ca_path"],
    )
    names = ("tool_id", "input_name", "inputs", "runner")
    return GalaxyProbe(galaxy, **{name: parameters[name] for name in names})


def results(probe: GalaxyProbe) -> dict[str, Any]:
    """Return what is known of a probe."""
    known = {
        "version": probe.version,
        "job": {name: probe.job[name] for name in _OF_JOB if name in probe.job},
        "destination": hide(probe.destination),
        "runner": probe.destination.get("Runner"),
    }
    return {"phases": probe.phases, **{name: value for name, value in known.items() if value}}


if __name__ == "__main__":
    main()
