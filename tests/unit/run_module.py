"""Run a module of the collection in this process, with everything that Ansible makes of its arguments."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any
from unittest.mock import patch

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args


def run_module(main: Callable[[], None], *, check: bool = False, **arguments: object) -> dict[str, Any]:
    """Return the result of a module, with ``failed`` and ``warnings``; its ``diff`` is there, too.

    Warnings are caught here: in a process with the controller's part of Ansible, they are only displayed.
    """
    flags = {"_ansible_check_mode": check, "_ansible_diff": True}
    said, warnings = io.StringIO(), list[str]()
    with (
        patch.object(AnsibleModule, "warn", lambda _module, warning: warnings.append(warning)),
        patch_module_args({**flags, **arguments}),
        redirect_stdout(said),
        pytest.raises(SystemExit),
    ):
        main()
    result: dict[str, Any] = json.loads(said.getvalue())
    return {"failed": False, "warnings": warnings, **result}
