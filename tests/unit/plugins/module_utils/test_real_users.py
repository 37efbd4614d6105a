"""What root is to do for managers whose jobs run as their users."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.real_users import COMMANDS, launcher_grant, real_user_managers
from pulsar_runtime.config.schema import MANAGER_TYPES
from pulsar_runtime.managers.batch.dialects.registry import DIALECTS


def grant(**managers: dict[str, Any]) -> dict[str, Any] | None:
    return launcher_grant(
        managers,
        agent="pulsar",
        staging={"/srv/two", "/srv/one"},
        environment={"SLURM_CONF": "/etc/slurm.conf", "NUMBER": 1},
        python="python3",
    )


def test_managers_whose_jobs_run_as_the_server_need_no_launcher() -> None:
    plain = {name: {"type": name, "job_plugin": "Slurm"} for name in MANAGER_TYPES}
    del plain["queued_external_drmaa"]
    assert grant(**plain) is None
    assert real_user_managers({"a": None, "b": {}, "c": {"real_users": False}, "d": "x"}) == {}


@pytest.mark.parametrize("value", [True, "true", "yes"])
def test_a_manager_says_whether_its_jobs_run_as_their_users(value: object) -> None:
    assert list(real_user_managers({"a": {"real_users": value}, "b": {}})) == ["a"]


def test_what_is_granted_is_that_of_the_instance() -> None:
    granted = grant(a={"type": "queued_slurm", "real_users": True})
    assert granted == {
        "agent": "pulsar",
        "staging": ["/srv/one", "/srv/two"],
        "programs": {"sbatch": ["sbatch"], "scancel": ["scancel"]},
        "environment": {"SLURM_CONF": "/etc/slurm.conf", "NUMBER": "1"},
    }


@pytest.mark.parametrize("plugin", DIALECTS)
def test_the_commands_that_submit_and_end_jobs_are_those_of_the_runtime(plugin: str) -> None:
    granted = grant(a={"type": "queued_cli", "job_plugin": plugin, "real_users": True})
    dialect = DIALECTS[plugin]
    assert granted is not None
    assert set(granted["programs"]) == {dialect.commands[0], dialect.cancel(["1"])[0]}
    assert plugin in COMMANDS


def test_the_programs_of_several_managers_are_put_together() -> None:
    granted = grant(
        a={"type": "queued_condor", "real_users": True},
        b={"type": "queued_external_drmaa"},
        c={"type": "queued_cli", "job_plugin": "LSF"},
    )
    assert granted is not None
    assert set(granted["programs"]) == {"condor_submit", "condor_rm", "drmaa"}


def test_a_site_may_bring_a_launcher_of_its_own() -> None:
    assert grant(a={"type": "queued_slurm", "real_users": True, "launcher": "/opt/launcher"}) is None
