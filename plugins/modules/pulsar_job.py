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
  - A server that meets Galaxy at a message broker is sent its job through that broker, with its own account
    there, and is to announce the job's end. Such a job has no files, since a server fetches them from Galaxy.
  - The job copies its input and asks for the name of its host. It is removed in any case; one that does not
    end in time is cancelled before.
extends_documentation_fragment: [galaxyops.pulsar.endpoint, galaxyops.pulsar.endpoint.connection]
options:
  url:
    description:
      - Where the server is, with the path that it is below, if any.
    type: str
  path:
    description:
      - The endpoint descriptor, on the host that the module runs on; in place of O(url).
      - Its C(token_file) is used if neither O(token) nor O(token_file) is given.
      - A server that meets Galaxy at a message broker is reached in this way alone, as root or as its user.
    type: path
  manager:
    description:
      - The manager to run the job. Without it, the one that the server calls C(_default_).
    type: str
  user:
    description:
      - Whom the job asks to run as, as Galaxy's destination says with C(submit_user), where jobs run as their
        users.
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

- name: Run a job on the server that was deployed to a host, however jobs come to it
  galaxyops.pulsar.pulsar_job:
    path: /srv/pulsar/config/endpoint.json

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
  returned: always, once there is a job; not by message
  type: str
  sample: probe-3f2a90b17c5d
job_directory:
  description: Where the job was on the server's host.
  returned: always, once there is a job; not by message
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
    - By message they are C(connect), C(agent), C(setup), C(run) and C(clean); in check mode the first two.
  returned: always; by message on success
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
  returned: success, not by message
  type: str
  sample: 0.16.0+runtime.0.1.0
working_host:
  description: The name of the host that the job ran on, which need not be that of the server.
  returned: success, not in check mode, not by message
  type: str
  sample: node-7
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.descriptor import DescriptorError, read_descriptor
from ..module_utils.endpoint import ARGUMENTS, EndpointError, endpoint_of, token_of
from ..module_utils.local_runtime import LocalRuntime, RuntimeFailed
from ..module_utils.probe_job import ProbeJob
from ..module_utils.probe_phase import run_probe


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str"},
            "path": {"type": "path"},
            "manager": {"type": "str"},
            "user": {"type": "str"},
            **ARGUMENTS,
        },
        required_one_of=[("url", "path")],
        mutually_exclusive=[("url", "path"), ("token", "token_file")],
        supports_check_mode=True,
    )
    if module.params["path"]:
        try:
            descriptor = read_descriptor(module.params["path"])
            if descriptor["transport"] == "amqp":
                run_by_message(module, LocalRuntime(module, descriptor))
                return
        except (DescriptorError, RuntimeFailed) as exc:
            module.fail_json(msg=str(exc))
        use_descriptor(module.params, descriptor)
    run_by_http(module)


def use_descriptor(parameters: dict[str, Any], descriptor: Mapping[str, Any]) -> None:
    """Take from a descriptor where the server is and, unless that was said, where its token is."""
    parameters["url"] = descriptor["url"]
    if not parameters["token"] and not parameters["token_file"]:
        parameters["token_file"] = descriptor["token_file"]


def run_by_message(module: AnsibleModule, runtime: LocalRuntime) -> None:
    """Have the server's own program send a job through the broker."""
    manager = module.params["manager"]
    words = ["check", "--timeout", str(module.params["timeout"])]
    words += ["--manager", manager] if manager else []
    words += ["--user", module.params["user"]] if module.params["user"] else []
    answer = runtime.ask(*words, *(["--dry-run"] if module.check_mode else []))
    if not answer["ok"]:
        module.fail_json(msg=f"{answer['phase']}: {answer['error']}", phase=answer["phase"])
    phases = [{"name": phase["name"], "seconds": round(phase["seconds"], 3)} for phase in answer["phases"]]
    module.exit_json(changed=False, phases=phases)


def run_by_http(module: AnsibleModule) -> None:
    """Send a job over the network."""
    try:
        endpoint = endpoint_of(module, module.params["url"], token_of(module))
    except EndpointError as exc:
        module.fail_json(msg=str(exc))
    probe = ProbeJob(endpoint, manager=module.params["manager"], user=module.params["user"])
    run_probe(module, probe, lambda: results(probe))


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
