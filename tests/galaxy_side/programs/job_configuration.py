"""What Galaxy's own code reads from a job configuration; runs with the Python that has Galaxy's packages."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

from galaxy.config import GalaxyAppConfiguration
from galaxy.job_metrics import JobMetrics
from galaxy.jobs import JobConfiguration, JobDestination
from galaxy.util.properties import load_app_properties
from galaxy.web_stack import ApplicationStack

_PULSAR_RUNNERS = "galaxy.jobs.runners.pulsar:"


class _Stack(ApplicationStack):  # type: ignore[misc] # Galaxy's code is not in the environment for development
    """The processes of a Galaxy that is not there, with a database such as production has."""

    def supports_skip_locked(self) -> bool:
        return True


def read_galaxy_yml(path: str) -> dict[str, Any]:
    """Return the job configuration of a Galaxy that is started with this ``galaxy.yml``."""
    return _read(load_app_properties(config_file=path))


def read_job_conf(path: str) -> dict[str, Any]:
    """Return the job configuration that is in a file of its own, ``.yml`` or ``.xml``."""
    return _read({"job_config_file": path, "config_dir": os.path.dirname(path)})


def _read(settings: dict[str, Any]) -> dict[str, Any]:
    # Temporary files of this process do not belong beside the file that is asked about.
    config = GalaxyAppConfiguration(**settings, override_tempdir=False)
    app = SimpleNamespace(config=config, job_metrics=JobMetrics(), model=SimpleNamespace(context=None))
    app.application_stack = _Stack(app=app)
    configuration = JobConfiguration(app)
    return {
        "runners": {
            runner["id"]: {
                "load": runner["load"],
                "workers": runner.get("workers"),
                "params": runner.get("kwds", {}),
                "refused": _refusal(configuration, runner),
            }
            for runner in configuration.runner_plugins
        },
        "default": configuration.default_destination_id,
        "environments": {
            name: _environment(found[0])
            for name, found in configuration.destinations.items()
            if found[0].id == name
        },
        "tools": [
            {"id": tool.id, "environment": tool.destination, "handler": tool.handler, "params": tool.params}
            for tools in configuration.tools.values()
            for tool in tools
        ],
        "limits": {name: value for name, value in vars(configuration.limits).items() if value},
    }


def _environment(found: JobDestination) -> dict[str, Any]:
    names = ("runner", "params", "env", "tags", "shell", "resubmit")
    return {name: getattr(found, name) for name in names}


def _refusal(configuration: JobConfiguration, runner: dict[str, Any]) -> str | None:
    """Return why a handler would not start with this runner; None if it would.

    Only Pulsar's are made: those of clusters need the cluster's library.
    """
    if not runner["load"].startswith(_PULSAR_RUNNERS):
        return None
    configuration.handler_runner_plugins = {"judge": [runner["id"]]}
    try:
        configuration.get_job_runner_plugins("judge")
    except Exception as exc:  # noqa: BLE001 - Galaxy raises nothing narrower
        return str(exc)
    return None
