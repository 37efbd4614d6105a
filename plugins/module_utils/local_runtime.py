"""The program of a server that is deployed on this host, run as the server's own user.

Private to the collection. It runs on hosts that have Python 3.8 or later, Ansible's ``module_utils`` and
nothing of ours.
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule


class RuntimeFailed(Exception):
    """The program did not do what it was told; says what it said."""


class LocalRuntime:
    """Calls ``pulsar-runtime`` for the server that an endpoint descriptor describes.

    The job store belongs to the server's user: root would leave files there that this user cannot open.
    """

    def __init__(self, module: AnsibleModule, descriptor: Mapping[str, Any]) -> None:
        self._module = module
        self._program = descriptor["service"]["program"]
        self._config = descriptor["service"]["config"]
        self._store = descriptor["directories"]["persistence"]

    def ask(self, *words: str) -> dict[str, Any]:
        """Return the JSON that a command prints; raises `RuntimeFailed` if it prints none.

        A command that did not succeed, but can say how far it came, prints that.
        """
        command = [*self._as_user(), self._program, *words, "--json", "--config", self._config]
        code, printed, said = self._module.run_command(command, cwd=self._store)
        try:
            answer: dict[str, Any] = json.loads(printed)
        except ValueError as exc:
            raise RuntimeFailed(f"{' '.join(command)} exited with {code}: {said.strip()}") from exc
        return answer

    def _as_user(self) -> list[str]:
        try:
            owner = os.stat(self._store).st_uid
        except OSError as exc:
            raise RuntimeFailed(f"{self._store} cannot be looked at: {exc.strerror}") from exc
        if os.geteuid() != 0 or owner == 0:
            return []
        return [self._module.get_bin_path("runuser", required=True), "-u", pwd.getpwuid(owner).pw_name, "--"]
