# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``galaxyops.pulsar.pulsar_job``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pulsar_job
short_description: Run a probe job on a Pulsar server
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Runs one real job the way Galaxy does - set up, stage the input in, submit, wait, stage the outputs out,
    clean - and compares what comes back with what was sent.
  - The job copies its input and asks for the name of its host. It is removed in any case; one that does not
    end in time is cancelled before.
extends_documentation_fragment: galaxyops.pulsar.endpoint
options:
  url:
    description:
      - Where the server is, with the path that it is below, if any.
    type: str
    required: true
  manager:
    description:
      - The manager to run the job. Without it, the one that the server calls C(_default_).
    type: str
attributes:
  check_mode:
    description: Can run in check mode and change nothing.
    support: partial
    details: Asks only whether the server is ready and accepts the token; no job is run.
  diff_mode:
    description: Returns what has changed.
    support: none
    details: There is no difference; the job is removed.
  idempotent:
    description: A second run leaves everything as the first one left it.
    support: full
    details: Each run runs a job, removes it, and reports no change.
seealso:
  - module: galaxyops.pulsar.pulsar_info
"""

EXAMPLES = r"""
- name: Run a job on a server, from the server's own host
  galaxyops.pulsar.pulsar_job:
    url: http://127.0.0.1:8913/
    token_file: /srv/pulsar/config/private_token

- name: Run a job from where Galaxy is, on a manager with a name
  galaxyops.pulsar.pulsar_job:
    url: https://pulsar.example.org/
    token: "{{ vault_pulsar_token }}"
    manager: cluster
    timeout: 300
  delegate_to: galaxy.example.org
"""

RETURN = r"""
job_id:
  description: The id of the job on the server.
  returned: always, once there is a job
  type: str
  sample: probe-3f2a90b17c5d
job_directory:
  description: Where the job was on the server's host.
  returned: always, once there is a job
  type: str
  sample: /srv/pulsar/files/staging/probe-3f2a90b17c5d
phase:
  description: The phase that went wrong.
  returned: on failure
  type: str
  sample: submit
phases:
  description:
    - The phases in their order; if one failed, it is the last. They are C(ready), C(setup), C(stage_in),
      C(submit), C(run), C(stage_out) and C(clean); in check mode C(ready) alone.
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
  sample: [{name: ready, seconds: 0.012}, {name: setup, seconds: 0.004}]
job_stderr:
  description: The end of what the job wrote to its standard error.
  returned: on failure, if it wrote anything
  type: str
job_stdout:
  description: The end of what the job wrote to its standard output.
  returned: on failure, if it wrote anything
  type: str
version:
  description: The version that the server says it has.
  returned: success
  type: str
  sample: 0.16.0+runtime.0.1.0
working_host:
  description: The name of the host that the job ran on, which need not be that of the server.
  returned: success, not in check mode
  type: str
  sample: node-7
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.endpoint import ARGUMENTS, EndpointError, endpoint_of, token_of
from ..module_utils.probe_job import ProbeFailed, ProbeJob


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"url": {"type": "str", "required": True}, "manager": {"type": "str"}, **ARGUMENTS},
        mutually_exclusive=[("token", "token_file")],
        supports_check_mode=True,
    )
    try:
        endpoint = endpoint_of(module, module.params["url"], token_of(module))
    except EndpointError as exc:
        module.fail_json(msg=str(exc))
    probe = ProbeJob(endpoint, manager=module.params["manager"])
    try:
        if module.check_mode:
            probe.ask_readiness()
        else:
            probe.run()
    except ProbeFailed as exc:
        phase = probe.phases[-1]["name"]
        streams = {f"job_{name}": text for name, text in exc.streams.items() if text}
        module.fail_json(msg=f"{phase}: {exc}", phase=phase, **streams, **results(probe))
    module.exit_json(changed=False, **results(probe))


def results(probe: ProbeJob) -> dict[str, Any]:
    """Return what is known of a probe."""
    known = {
        "version": probe.version,
        "job_id": probe.job_id if probe.job_directory else "",
        "job_directory": probe.job_directory,
        "working_host": probe.working_host,
    }
    return {"phases": probe.phases, **{name: value for name, value in known.items() if value}}


if __name__ == "__main__":
    main()
