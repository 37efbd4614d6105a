"""Modules for Galaxy's side, as a playbook calls them, with TPV's own command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.galaxy_side.galaxy_judge import GalaxyJudge
from tests.unit.galaxy_twin import KEY, GalaxyTwin
from tests.unit.scripted_server import ScriptedServer, serving

Module = Callable[..., dict[str, Any]]

SECRET = "word-that-nobody-may-see"
TPV = Path(__file__).parents[2] / ".cache" / "venv" / "galaxy" / "bin" / "tpv"
#: Its imports take seconds, and a busy machine a minute.
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def quiet(module: Module) -> Module:
    """Run a module; return its result, in which no secret may be, nor in anything that was printed."""

    def run(name: str, /, *options: str, **arguments: object) -> dict[str, Any]:
        result = module(name, "--diff", *options, **arguments)
        assert SECRET not in result["printed"]
        assert KEY not in result["printed"]
        return result

    return run


def test_tpv_destination_in_a_play(quiet: Module, tmp_path: Path, galaxy_judge: GalaxyJudge) -> None:
    path = tmp_path / "tpv.yml"
    arguments = {
        "path": str(path),
        "name": "site",
        "destination": {"runner": "pulsar_site", "max_accepted_cores": 4},
        "secret_params": {"private_token": SECRET},
    }
    assert quiet("tpv_destination", "--check", **arguments)["changed"]
    assert not path.exists()
    result = quiet("tpv_destination", **arguments)
    assert result["changed"]
    assert '+    "site": {' in result["printed"]
    assert SECRET in path.read_text()
    assert galaxy_judge.tpv_destinations(path)["destinations"]["site"]["max_accepted_cores"] == 4
    assert not quiet("tpv_destination", **arguments)["changed"]


def test_what_tpvs_own_lint_refuses_is_not_written(quiet: Module, tmp_path: Path) -> None:
    path = tmp_path / "tpv.yml"
    destination = {"runner": "pulsar_site", "params": {"cpus": "{cores"}}
    result = quiet("tpv_destination", path=str(path), name="site", destination=destination, tpv=str(TPV))
    assert result["failed"]
    assert "tpv lint refuses it: Linting failed due to syntax errors" in result["msg"]
    assert "Traceback" not in result["msg"]
    assert not path.exists()


def test_galaxy_pulsar_probe_in_a_play(quiet: Module) -> None:
    server: ScriptedServer
    with serving() as server:
        server.reply = GalaxyTwin()
        result = quiet("galaxy_pulsar_probe", url=server.url, api_key=KEY, runner="pulsar_site")
    assert not result["failed"], result["printed"]
    assert (result["runner"], result["changed"]) == ("pulsar_site", False)
