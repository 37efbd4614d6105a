# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``galaxyops.pulsar.tpv_destination``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tpv_destination
short_description: Keep a destination for Total Perspective Vortex
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Keeps destinations for Total Perspective Vortex (TPV), which finds a destination for each job of Galaxy's,
    in a file that holds nothing else. Files that somebody else wrote are not touched.
  - Galaxy reads the file anew when it changes, if its C(watch_job_rules) is set. A restart of its job
    handlers is needed once, after the file has been added to those that TPV reads; given O(job_conf), the
    module adds it.
  - A new file is checked by C(tpv lint) before it is put into place, where TPV is installed. This takes a
    minute or two and two gigabytes of memory, and is done only if something changes.
options:
  path:
    description:
      - The file, on the host that the module runs on. It is made if it is missing, readable for its owner and
        group alone unless O(mode) says otherwise.
      - The module writes all of it. One that was not written by this module is refused.
    type: path
    required: true
  name:
    description:
      - The id of the destination.
    type: str
    required: true
  state:
    description:
      - V(present) has the destination in the file as O(destination) says.
      - V(offline) keeps new jobs away from it, and leaves those that it has. The destination requires the tag
        V(offline) then; a job whose tool or user has this tag still gets there. Without O(destination), the
        rest of it stays as it is.
      - V(absent) has it no longer in the file. With O(job_conf), a file without destinations is removed, and
        so is its entry there; otherwise it stays, for Galaxy may be told to read it.
    type: str
    choices: [present, offline, absent]
    default: present
  destination:
    description:
      - The destination as TPV has it, such as C(runner), C(inherits), C(max_accepted_cores), C(params) and
        C(scheduling). Needed if O(state=present).
      - TPV takes texts in C(params) and C(env) for Python's formatted strings, so C({cores}) is the number of
        cores of the job, and a brace is written twice.
      - Nothing in it may be a secret.
    type: dict
  secret_params:
    description:
      - Further C(params) of O(destination) that nobody is to see, such as C(private_token).
    type: dict
  job_conf:
    description:
      - Galaxy's job configuration, in which the file is to be the last one of C(tpv_config_files) - a
        C(job_conf.yml), a C(job_conf.xml), or a C(galaxy.yml) that has it inline. Every other byte of it
        stays as it is.
      - The runner of the destination has to be in it.
    type: path
  dispatcher:
    description:
      - The environment in O(job_conf) that has TPV find destinations.
    type: str
    default: tpv_dispatcher
  backup:
    description:
      - Whether to keep O(job_conf) as it was beside the changed one.
    type: bool
    default: false
  tpv:
    description:
      - The command C(tpv), which is in Galaxy's virtual environment. Without it, the one in the search path
        is used if there is one.
    type: path
  lint_with:
    description:
      - Files of TPV's that are read before O(path), such as one with a destination that others inherit from.
    type: list
    elements: path
    default: []
requirements:
  - PyYAML on the host that it runs on, if O(job_conf) is YAML
extends_documentation_fragment: ansible.builtin.files
attributes:
  check_mode:
    description: Says what would change without changing it.
    support: full
  diff_mode:
    description: Shows what changes.
    details: The values of O(secret_params) are not shown.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
  platform:
    description: Where it runs.
    platforms: posix
    support: full
seealso:
  - name: Total Perspective Vortex
    description: What a destination can say.
    link: https://total-perspective-vortex.readthedocs.io/
"""

EXAMPLES = r"""
- name: Send jobs to a Pulsar server
  galaxyops.pulsar.tpv_destination:
    path: /srv/galaxy/config/tpv_pulsar.yml
    owner: root
    group: galaxy
    job_conf: /srv/galaxy/config/job_conf.yml
    tpv: /srv/galaxy/venv/bin/tpv
    name: site1
    destination:
      runner: pulsar_site1
      max_accepted_cores: 16
      max_accepted_mem: 64
      params:
        jobs_directory: /srv/pulsar/files/staging
        default_file_action: remote_transfer
        outputs_to_working_directory: false
        submit_request_cpus: "{cores}"

- name: Send no further jobs there
  galaxyops.pulsar.tpv_destination:
    path: /srv/galaxy/config/tpv_pulsar.yml
    name: site1
    state: offline

- name: Forget it, and the file if there is nothing else in it
  galaxyops.pulsar.tpv_destination:
    path: /srv/galaxy/config/tpv_pulsar.yml
    job_conf: /srv/galaxy/config/job_conf.yml
    name: site1
    state: absent
"""

RETURN = r"""
backup_file:
  description: Where O(job_conf) was kept as it was.
  returned: if it was changed and O(backup) is set
  type: str
  sample: /srv/galaxy/config/job_conf.yml.4242.2026-11-22@19:30:00~
destinations:
  description: The ids of the destinations in the file, in its order.
  returned: success
  type: list
  elements: str
  sample: [site1, site2]
linted:
  description: Whether C(tpv lint) looked at the new file.
  returned: success
  type: bool
offline:
  description: The ids of those that are offline.
  returned: success
  type: list
  elements: str
  sample: [site2]
path:
  description: The file.
  returned: always
  type: str
  sample: /srv/galaxy/config/tpv_pulsar.yml
restart_needed:
  description: Whether Galaxy's job handlers have to be restarted, since O(job_conf) changes.
  returned: success
  type: bool
"""

import os
import re
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.job_conf.error import JobConfError
from ..module_utils.job_conf.secret import hide, in_the_open, parts
from ..module_utils.tpv_dispatcher import Dispatcher
from ..module_utils.tpv_file import TpvFile, TpvFileError, is_offline, offline
from ..module_utils.whole_file import read, replace

_NEW_MODE = 0o640
_SAID_CHARACTERS = 2000
#: The lines of TPV's linter among those of the loader and of Galaxy, with their tracebacks.
_LINT_ERROR = re.compile(r"(?m)^ERROR *: *tpv\.commands\.linter: (.*)$")
_LINT_WARNING = re.compile(r"(?m)^WARNING *: *tpv\.commands\.linter: (.*)$")
_SHAPES = (("params", dict, "a mapping"), ("scheduling", dict, "a mapping"), ("env", list, "a list"))


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "offline", "absent"], "default": "present"},
            "destination": {"type": "dict"},
            "secret_params": {"type": "dict", "no_log": True},
            "job_conf": {"type": "path"},
            "dispatcher": {"type": "str", "default": "tpv_dispatcher"},
            "backup": {"type": "bool", "default": False},
            "tpv": {"type": "path"},
            "lint_with": {"type": "list", "elements": "path", "default": []},
        },
        required_if=[("state", "present", ["destination"])],
        required_by={"secret_params": ["destination"]},
        add_file_common_args=True,
        supports_check_mode=True,
    )
    path = module.params["path"]
    try:
        results = keep(module)
    except TpvFileError as exc:
        module.fail_json(msg=f"{path}: {exc}. Nothing was changed.", path=path)
    except JobConfError as exc:
        module.fail_json(msg=f"{module.params['job_conf']} is left as it is: {exc}", path=path)
    except (OSError, UnicodeDecodeError) as exc:
        module.fail_json(msg=f"{path} cannot be read or written, and was not changed: {exc}", path=path)
    module.exit_json(path=path, **results)


def keep(module: AnsibleModule) -> dict[str, Any]:
    """Have the files as they are asked for, and return the results."""
    path, name = module.params["path"], module.params["name"]
    before = read(path)
    there = TpvFile.read(before) if before else TpvFile()
    wanted = changed_file(module.params, there)
    hide_secrets(module, there)
    hide_secrets(module, wanted)
    dispatcher = edited_dispatcher(module, wanted)
    is_needed = bool(wanted.destinations) or (bool(before) and dispatcher is None)
    after = wanted.text() if is_needed else ""
    linted = after != before and name in wanted.destinations and lint(module, path, after)
    restart_needed = dispatcher is not None and dispatcher.is_changed
    results: dict[str, Any] = {
        "destinations": list(wanted.destinations),
        "offline": [key for key, value in wanted.destinations.items() if is_offline(value)],
        "linted": linted,
        "restart_needed": restart_needed,
        "diff": [difference(path, shown(before, there), shown(after, wanted))],
    }
    if dispatcher and restart_needed:
        results["diff"].append(
            difference(f"{dispatcher.file.path}: tpv_config_files", *dispatcher.difference())
        )
    if not module.check_mode:
        # Galaxy is never told to read a file that is not there.
        if after and after != before:
            replace(path, after, new_mode=_NEW_MODE)
        if dispatcher and restart_needed:
            results["backup_file"] = dispatcher.write(module, backup=module.params["backup"])
        if before and not after:
            os.unlink(path)
    changed = correct_attributes(module, path, changed=after != before) or restart_needed
    return {"changed": changed, **{key: value for key, value in results.items() if value is not None}}


def edited_dispatcher(module: AnsibleModule, wanted: TpvFile) -> Dispatcher | None:
    """Return Galaxy's job configuration with the entry that is to be in it; raises `JobConfError`."""
    if module.params["job_conf"] is None:
        return None
    found = Dispatcher.read(module.params["job_conf"], module.params["dispatcher"])
    for warning in found.warnings:
        module.warn(warning)
    if not wanted.destinations:
        return found.without_file(module.params["path"])
    runner = wanted.destinations.get(module.params["name"], {}).get("runner")
    # In a dry run, whatever writes the runner has not written it.
    if runner and not module.check_mode:
        found.require_runner(runner)
    return found.with_file(module.params["path"])


def difference(header: str, before: str, after: str) -> dict[str, str]:
    """Return a difference in the form that Ansible shows."""
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def shown(text: str, file: TpvFile) -> str:
    """Return what is shown of a file with this text."""
    return TpvFile(hide(file.destinations)).text() if text else ""


def hide_secrets(module: AnsibleModule, file: TpvFile) -> None:
    """Keep the secrets of a file out of all results, also of what TPV says."""
    for destination in file.destinations.values():
        params = destination.get("params", {})
        module.no_log_values.update(parts({key: params[key] for key in in_the_open(params)}))


def changed_file(parameters: Mapping[str, Any], there: TpvFile) -> TpvFile:
    """Return the file with the destination as it is asked for; raises `TpvFileError`."""
    name, state = parameters["name"], parameters["state"]
    if state == "absent":
        return there.without(name)
    if parameters["destination"] is not None:
        destination = checked(parameters["destination"])
        further = parameters["secret_params"] or {}
        if further:
            destination = {**destination, "params": {**destination.get("params", {}), **further}}
    elif name in there.destinations:
        destination = there.destinations[name]
    else:
        raise TpvFileError(f"there is no destination {name} to take offline: give its destination as well")
    return there.put(name, offline(destination) if state == "offline" else destination)


def checked(destination: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a destination unless TPV could not read it or it shows a secret."""
    if not any(destination.get(key) for key in ("runner", "inherits", "abstract")):
        raise TpvFileError(
            "the destination has neither runner nor inherits: name a runner of Galaxy's job_conf"
        )
    for key, kind, meant in _SHAPES:
        if not isinstance(destination.get(key, kind()), kind):
            raise TpvFileError(f"{key} of the destination has to be {meant}")
    for key, tags in destination.get("scheduling", {}).items():
        if not isinstance(tags, list):
            raise TpvFileError(f"scheduling.{key} of the destination has to be a list of tags")
    shown = in_the_open(destination.get("params", {}))
    if shown:
        raise TpvFileError(
            f"params of the destination hold a secret ({', '.join(shown)}): move it to secret_params"
        )
    return destination


def lint(module: AnsibleModule, path: str, text: str) -> bool:
    """Have TPV look at the new file; tell whether it is installed, and raise `TpvFileError` if it objects."""
    command = module.params["tpv"] or module.get_bin_path("tpv")
    if not command:
        return False
    candidate = os.path.join(module.tmpdir, "candidate.yml")
    with open(candidate, "w", encoding="utf-8") as file:
        file.write(text)
    # T103 is about types in expressions, the business of those who write them. The check for it leaves a
    # cache where it is called.
    code, out, err = module.run_command(
        [command, "-v", "lint", "--ignore", "T103", *module.params["lint_with"], candidate], cwd=module.tmpdir
    )
    said = f"{err}{out}".replace(candidate, path)
    if code != 0:
        errors = _LINT_ERROR.findall(said) or [said.strip()[-_SAID_CHARACTERS:]]
        raise TpvFileError(f"tpv lint refuses it: {'; '.join(errors)}")
    for warning in _LINT_WARNING.findall(said):
        module.warn(f"tpv lint: {warning}")
    return True


def correct_attributes(module: AnsibleModule, path: str, *, changed: bool) -> bool:
    """Give the file the owner, group and mode that are asked for; tell whether anything has changed."""
    if not os.path.exists(path):
        return changed
    arguments = module.load_file_common_arguments(module.params, path=path)
    return bool(module.set_fs_attributes_if_different(arguments, changed))


if __name__ == "__main__":
    main()
