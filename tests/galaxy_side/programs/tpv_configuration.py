"""What Total Perspective Vortex makes of its files; runs with the Python that has it and Galaxy's code."""

from __future__ import annotations

from typing import Any

from tpv.commands.dryrunner import TPVDryRunner
from tpv.commands.linter import TPVConfigLinter
from tpv.core.loader import TPVConfigLoader


def read_destinations(paths: list[str]) -> dict[str, Any]:
    """Return the destinations that these files make together, and what ``tpv lint`` says about them.

    Without the lint's type check of code, for which it takes a minute.
    """
    loader = None
    for path in paths:
        loader = TPVConfigLoader.from_url_or_path(path, parent=loader)
    assert loader
    linter = TPVConfigLinter.from_url_or_path(paths)
    linter.lint_extra_fields(loader)
    linter.lint_tools(loader)
    linter.lint_destinations(loader)
    return {
        "destinations": {
            name: found.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            for name, found in loader.config.destinations.items()
        },
        "errors": [str(error) for error in linter.errors],
        "warnings": [f"{code}: {message}" for code, message in linter.warnings],
    }


def map_tool(job_conf: str, tool: str) -> dict[str, Any]:
    """Return where a job of this tool would go, by the job configuration and the files that it names."""
    found, _ = TPVDryRunner.from_params(job_conf=job_conf, tool_id=tool).run()
    assert found
    return {"id": found.id, "runner": found.runner, "params": found.params, "env": found.env}
