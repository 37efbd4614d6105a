# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``galaxyops.pulsar.pulsar_drain``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pulsar_drain
short_description: Have a Pulsar server take no new jobs, and wait for the end of those it has
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - A server that is drained takes no new jobs, over HTTP or from the message broker, and finishes those that
    it has; Galaxy can still cancel them and fetch their results. This holds across restarts.
  - Runs on the host of the server, as root or as the server's user.
options:
  path:
    description:
      - The endpoint descriptor of the server.
    type: path
    required: true
  state:
    description:
      - V(drained) has the server take no new jobs, and waits until none is active.
      - V(resumed) has it take jobs again.
    type: str
    choices: [drained, resumed]
    default: drained
  timeout:
    description:
      - How long to wait for the end of the active jobs, in seconds. If some are active then, the module
        fails, and the server stays drained.
      - V(0) does not wait, and says how many there are.
    type: int
    default: 600
attributes:
  check_mode:
    description: Can run in check mode and change nothing.
    support: full
    details: It does not wait either.
  diff_mode:
    description: Returns what has changed.
    support: none
    details: All that changes is whether jobs are taken.
  idempotent:
    description: A second run leaves everything as the first one left it.
    support: full
seealso:
  - module: galaxyops.pulsar.pulsar_job
"""

EXAMPLES = r"""
- name: Let a server finish its jobs before its host is worked on
  galaxyops.pulsar.pulsar_drain:
    path: /srv/pulsar/config/endpoint.json
    timeout: 3600

- name: Let it take jobs again
  galaxyops.pulsar.pulsar_drain:
    path: /srv/pulsar/config/endpoint.json
    state: resumed
"""

RETURN = r"""
active:
  description:
    - How many jobs have not ended. One that was set up and not submitted yet is one of them.
  returned: always, unless the server cannot be asked
  type: int
  sample: 2
by_status:
  description: How many jobs there are of each status.
  returned: always, unless the server cannot be asked
  type: dict
  sample: {running: 2, complete: 1}
draining:
  description: Whether the server takes no new jobs.
  returned: always, unless the server cannot be asked
  type: bool
ended:
  description: How many jobs have ended and were not removed yet.
  returned: always, unless the server cannot be asked
  type: int
  sample: 1
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.descriptor import DescriptorError, read_descriptor
from ..module_utils.local_runtime import LocalRuntime, RuntimeFailed


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["drained", "resumed"], "default": "drained"},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    seconds = module.params["timeout"]
    if seconds < 0:
        module.fail_json(msg=f"timeout is {seconds}: give the seconds to wait, or 0 for none")
    try:
        runtime = LocalRuntime(module, read_descriptor(module.params["path"]))
        answer = bring(runtime, module.params["state"], seconds, dry=module.check_mode)
    except (DescriptorError, RuntimeFailed) as exc:
        module.fail_json(msg=str(exc))
    known = {name: answer[name] for name in ("changed", "draining", "active", "ended", "by_status")}
    waited = module.params["state"] == "drained" and seconds and not module.check_mode
    if waited and answer["active"]:
        counts = ", ".join(f"{count} {status}" for status, count in answer["by_status"].items())
        module.fail_json(
            msg=f"{answer['active']} jobs are still active after {seconds} s ({counts}), and no new ones are "
            "taken: run this again to go on waiting, or with state resumed; if nothing moves, does the agent "
            "run?",
            **known,
        )
    module.exit_json(**known)


def bring(runtime: LocalRuntime, state: str, seconds: int, *, dry: bool) -> dict[str, Any]:
    """Bring a server into a state, or say whether that would change anything; return what is known then."""
    if dry:
        answer = runtime.ask("drain", "--dry-run")
        return {**answer, "changed": answer["draining"] is not (state == "drained")}
    if state == "drained":
        return runtime.ask("drain", "--wait", str(seconds))
    return runtime.ask("resume")


if __name__ == "__main__":
    main()
