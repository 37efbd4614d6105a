"""The module ``galaxyops.pulsar.pulsar_files``."""

# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pulsar_files
short_description: Lay out the directories, files and links of a deployment in one step
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Makes directories, writes files, points links and removes paths, in this order.
  - Every file is written beside its destination and validated first; only when all of them are complete are
    they renamed into place. A file that is refused, or a full disk, leaves every file as it was.
  - One task in place of one for each file, which matters over a slow connection.
options:
  directories:
    description: Directories to be made, grouped by whom they belong to.
    type: list
    elements: dict
    default: []
    suboptions:
      paths:
        description: Where they are, parents first.
        type: list
        elements: path
        required: true
      mode:
        description: Their permissions, in octal.
        type: str
        required: true
      owner:
        description: The name of their owner; without it the owner stays as it is.
        type: str
      group:
        description: The name of their group; without it the group stays as it is.
        type: str
  files:
    description: Files to be written; their directories are made if they are missing.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where it is.
        type: path
        required: true
      content:
        description: What it holds. Exactly one of O(files[].content) and O(files[].secret) is needed.
        type: str
      secret:
        description: What it holds, if that is to be shown neither in a difference nor in a log.
        type: str
      mode:
        description: Its permissions, in octal.
        type: str
        required: true
      owner:
        description: The name of its owner; without it the owner is the user who writes it.
        type: str
      group:
        description: The name of its group; without it the group is that of the user who writes it.
        type: str
      validate:
        description:
          - A command that fails if the file is not valid, as a list; V(%s) stands for the new file.
          - It is not run if the program is not there yet and this is a dry run.
        type: list
        elements: str
  links:
    description: Symbolic links to be pointed, each by one rename.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where the link is.
        type: path
        required: true
      target:
        description: What it points to.
        type: path
        required: true
  absent:
    description: Paths to be removed; directories with everything in them.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    description: Says what would change without changing it.
    support: full
  diff_mode:
    description: Shows what changes.
    details: The content of a file that is given as O(files[].secret) is not shown.
    support: partial
  idempotent:
    description: A second run changes nothing.
    support: full
  platform:
    description: Where it runs.
    platforms: posix
    support: full
"""

EXAMPLES = r"""
- name: Lay out a configuration
  galaxyops.pulsar.pulsar_files:
    directories:
      - { paths: [/srv/pulsar, /srv/pulsar/config], mode: "0750", owner: root, group: pulsar }
    files:
      - path: /srv/pulsar/config/app.yml
        secret: "{{ configuration | to_nice_yaml }}"
        mode: "0640"
        validate: [/srv/pulsar/current/bin/pulsar-runtime, config, check, --config, "%s"]
    links:
      - { path: /srv/pulsar/current, target: /srv/pulsar/releases/two }
"""

RETURN = r"""
paths:
  description: What was changed, or would be in a dry run.
  returned: always
  type: list
  elements: str
  sample: [/srv/pulsar/config/app.yml]
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule

#: What a file is called until it is complete.
NEW = ".pulsar-new"
HIDDEN = "(the content is not shown)\n"

if TYPE_CHECKING:  # Python 3.8, which hosts may have, does not know how to evaluate it
    Entry = Mapping[str, Any]


class Layout:
    """What is changed on the host, and what is said of it."""

    def __init__(self, module: AnsibleModule) -> None:
        """Work for *module*, which knows whether this is a dry run."""
        self.module = module
        self.dry = bool(module.check_mode)
        self.changed: list[str] = []
        self.diff: list[dict[str, str]] = []

    def note(self, path: str, before: str, after: str) -> None:
        """Remember that *path* changes."""
        self.changed.append(path)
        self.diff.append({"before_header": path, "after_header": path, "before": before, "after": after})

    def make_directory(self, entry: Entry) -> None:
        """Make a directory with its parents, or correct its attributes."""
        path = entry["path"]
        if os.path.isdir(path):
            self.correct_attributes(entry)
            return
        self.note(path, "", f"directory {entry['mode']}\n")
        if not self.dry:
            os.makedirs(path, mode=0o755, exist_ok=True)
            self.module.set_fs_attributes_if_different(attributes(entry), changed=False)

    def correct_attributes(self, entry: Entry) -> None:
        """Give an existing path its mode, owner and group."""
        if self.dry and not self.known(entry):
            return
        if self.module.set_fs_attributes_if_different(attributes(entry), changed=False):
            self.note(entry["path"], "", f"{entry['mode']} {entry['owner'] or ''} {entry['group'] or ''}\n")

    def known(self, entry: Entry) -> bool:
        """Tell whether owner and group exist: on a bare host a dry run meets those that do not yet."""
        import grp  # noqa: PLC0415 - used in a dry run alone
        import pwd  # noqa: PLC0415 - the same

        try:
            if entry["owner"]:
                pwd.getpwnam(entry["owner"])
            if entry["group"]:
                grp.getgrnam(entry["group"])
        except KeyError:
            return False
        return True

    def write_files(self, entries: list[Entry]) -> None:
        """Write all files that differ: first beside their destinations, then, all at once, into place."""
        different = [entry for entry in entries if read(entry["path"]) != wanted(entry)]
        with self.beside(different):
            for entry in different:
                hidden = entry["content"] is None
                before = read(entry["path"])
                self.note(
                    entry["path"],
                    "" if before is None else HIDDEN if hidden else before.decode(errors="replace"),
                    HIDDEN if hidden else entry["content"],
                )
            if not self.dry:
                for entry in different:
                    os.rename(entry["path"] + NEW, entry["path"])
        for entry in entries:
            if os.path.exists(entry["path"]):
                self.correct_attributes(entry)

    @contextlib.contextmanager
    def beside(self, entries: list[Entry]) -> Iterator[None]:
        """Have the new files beside their destinations, valid, while the block runs."""
        try:
            for entry in entries:
                if self.dry:
                    self.validate_dry(entry)
                else:
                    write_new(entry["path"] + NEW, wanted(entry))
                    self.module.set_fs_attributes_if_different(
                        {**attributes(entry), "path": entry["path"] + NEW}, changed=False
                    )
                    self.validate(entry, entry["path"] + NEW)
            yield
        finally:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(entry["path"] + NEW)

    def validate_dry(self, entry: Entry) -> None:
        """Validate a file from a temporary directory, if the program for it is there already."""
        if entry["validate"] and os.access(entry["validate"][0], os.X_OK):
            path = os.path.join(self.module.tmpdir, "validated")
            write_new(path, wanted(entry))
            self.validate(entry, path)

    def validate(self, entry: Entry, path: str) -> None:
        """Fail, naming the file, if its command refuses it."""
        if not entry["validate"]:
            return
        command = [argument.replace("%s", path) for argument in entry["validate"]]
        code, out, err = self.module.run_command(command)
        if code != 0:
            said = (err or out).replace(path, entry["path"]).strip()
            self.module.fail_json(msg=f"{entry['path']} was refused and nothing was changed: {said}")

    def point(self, entry: Entry) -> None:
        """Point a link, by one rename."""
        path, target = entry["path"], entry["target"]
        before = os.readlink(path) if os.path.islink(path) else None
        if before == target:
            return
        self.note(path, f"{before}\n" if before else "", f"{target}\n")
        if not self.dry:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path + NEW)
            os.symlink(target, path + NEW)
            os.rename(path + NEW, path)

    def remove(self, path: str) -> None:
        """Remove a path with everything in it."""
        if not os.path.lexists(path):
            return
        self.note(path, "present\n", "")
        if self.dry:
            return
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def attributes(entry: Entry) -> dict[str, Any]:
    """Return mode, owner and group in the form that Ansible's own functions take."""
    return {**{name: entry[name] for name in ("path", "mode", "owner", "group")}, **NO_CONTEXT}


#: Ansible's functions for attributes want these as well.
NO_CONTEXT: Mapping[str, Any] = {"secontext": [], "attributes": None}


def wanted(entry: Entry) -> bytes:
    """Return what a file is to hold."""
    text: str = entry["secret"] if entry["content"] is None else entry["content"]
    return text.encode()


def read(path: str) -> bytes | None:
    """Return what a file holds; nothing if it is not there."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write_new(path: str, content: bytes) -> None:
    """Write a file, closed to everybody else, down to the disk."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        # A write that fails does not say for which file.
        raise OSError(exc.errno, exc.strerror, path) from exc


def many(*options: Mapping[str, object], **further: object) -> dict[str, object]:
    """Return the specification of a list of dictionaries with *options*."""
    entry = {name: option for each in (*options, further) for name, option in each.items()}
    return {"type": "list", "elements": "dict", "default": [], "options": entry}


def main() -> None:
    """Lay out what is asked for."""
    place = {"path": {"type": "path", "required": True}}
    access = {"mode": {"type": "str", "required": True}, "owner": {"type": "str"}, "group": {"type": "str"}}
    module = AnsibleModule(
        argument_spec={
            "directories": many(access, paths={"type": "list", "elements": "path", "required": True}),
            "files": {
                **many(
                    {**place, **access},
                    content={"type": "str"},
                    secret={"type": "str", "no_log": True},
                    validate={"type": "list", "elements": "str"},
                ),
                "mutually_exclusive": [("content", "secret")],
                "required_one_of": [("content", "secret")],
            },
            "links": many(place, target={"type": "path", "required": True}),
            "absent": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    layout = Layout(module)
    try:
        for group in module.params["directories"]:
            for path in group["paths"]:
                layout.make_directory({**group, "path": path})
        layout.write_files(module.params["files"])
        for entry in module.params["links"]:
            layout.point(entry)
        for path in module.params["absent"]:
            layout.remove(path)
    except OSError as exc:
        module.fail_json(msg=f"{exc.filename} cannot be written, and no file was replaced: {exc.strerror}")
    module.exit_json(changed=bool(layout.changed), paths=layout.changed, diff=layout.diff)


if __name__ == "__main__":
    main()
