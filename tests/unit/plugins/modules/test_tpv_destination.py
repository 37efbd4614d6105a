from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.modules.tpv_destination import main
from tests.galaxy_side.galaxy_judge import GalaxyJudge
from tests.unit.run_module import run_module

SITE: dict[str, Any] = {
    "runner": "pulsar_site",
    "max_accepted_cores": 16,
    "params": {"jobs_directory": "/srv/staging", "submit_request_cpus": "{cores}"},
}
DISPATCHER = """\
runners:
  dynamic: {load: "galaxy.jobs.runners.dynamic:DynamicJobRunner"}
  local: {load: "galaxy.jobs.runners.local:LocalJobRunner"}
  pulsar_site: {load: "galaxy.jobs.runners.pulsar:PulsarRESTJobRunner"}
execution:
  default: tpv_dispatcher
  environments:
    tpv_dispatcher: {runner: dynamic_tpv, tpv_config_files: [admin.yml, tpv.yml]}
"""
#: The administrator's own file: the same jobs could go elsewhere, and one tool goes to what is offline.
ADMIN = """\
global: {default_inherits: default}
tools:
  default: {abstract: true, cores: 2, mem: 4, scheduling: {prefer: [pulsar]}}
  tester: {scheduling: {require: [offline]}}
destinations:
  own: {runner: local}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tpv.yml"


def keep(path: Path, *, check: bool = False, **arguments: object) -> dict[str, Any]:
    return run_module(main, check=check, path=str(path), **{"name": "site", **arguments})


def linter(tmp_path: Path, *, code: int, says: str = "") -> str:
    """Make a command in place of TPV's, which remembers its arguments and the file."""
    command = tmp_path / "tpv"
    command.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "(here / 'arguments').write_text(' '.join(sys.argv[1:-1]))\n"
        "(here / 'linted').write_text(pathlib.Path(sys.argv[-1]).read_text())\n"
        f"sys.exit(sys.stderr.write({says!r}.format(sys.argv[-1])) and {code})\n"
    )
    command.chmod(0o755)
    return str(command)


def test_galaxy_finds_the_destination(path: Path, galaxy_judge: GalaxyJudge) -> None:
    result = keep(path, destination=SITE, secret_params={"private_token": "word"})
    assert (result["changed"], result["destinations"], result["offline"]) == (True, ["site"], [])
    found = galaxy_judge.tpv_destinations(path)
    assert found["errors"] == found["warnings"] == []
    site = found["destinations"]["site"]
    assert (site["runner"], site["max_accepted_cores"]) == ("pulsar_site", 16)
    assert site["params"] == {**SITE["params"], "private_token": "word"}


@pytest.mark.parametrize(
    "value",
    [
        "1e3",
        "0o14",
        "on",
        "2026-01-01",
        "",
        "a: b",
        "#",
        "'\"\\",
        "a\nb\t",
        "\x7f\x85\u2028\ufeff",
        "\U0001f600",
        " ",
    ],
)
def test_galaxy_reads_each_text_as_it_was_given(path: Path, galaxy_judge: GalaxyJudge, value: str) -> None:
    keep(path, destination={"runner": "pulsar_site", "context": {"value": value}})
    assert galaxy_judge.tpv_destinations(path)["destinations"]["site"]["context"] == {"value": value}


def test_a_job_goes_there_and_not_while_it_is_offline(
    path: Path, tmp_path: Path, galaxy_judge: GalaxyJudge
) -> None:
    job_conf = tmp_path / "job_conf.yml"
    job_conf.write_text(DISPATCHER)
    (tmp_path / "admin.yml").write_text(ADMIN)
    keep(path, destination={**SITE, "scheduling": {"accept": ["pulsar"]}})
    found = galaxy_judge.tpv_map_tool(job_conf, "cat1")
    assert (found["id"], found["params"]["submit_request_cpus"]) == ("site", "2")
    keep(path, state="offline")
    assert galaxy_judge.tpv_map_tool(job_conf, "cat1")["id"] == "own"
    assert galaxy_judge.tpv_map_tool(job_conf, "tester")["id"] == "site"


def test_a_second_run_changes_nothing(path: Path) -> None:
    for arguments in ({"destination": SITE}, {"state": "offline"}, {"state": "absent"}):
        assert keep(path, **arguments)["changed"]
        content = path.read_bytes()
        again = keep(path, **arguments)
        assert not again["changed"]
        assert again["diff"][0]["before"] == again["diff"][0]["after"] == content.decode()
        assert path.read_bytes() == content


def test_offline_keeps_the_rest_and_present_takes_it_back(path: Path, galaxy_judge: GalaxyJudge) -> None:
    site = {**SITE, "scheduling": {"require": ["pulsar"], "prefer": ["offline", "conda"]}}
    keep(path, destination=site)
    online = path.read_bytes()
    result = keep(path, state="offline")
    assert result["offline"] == ["site"]
    found = galaxy_judge.tpv_destinations(path)["destinations"]["site"]
    assert found["params"] == SITE["params"]
    assert found["scheduling"] == {"require": ["pulsar", "offline"], "prefer": ["conda"]}
    keep(path, destination=site)
    assert path.read_bytes() == online


def test_a_destination_can_begin_offline(path: Path) -> None:
    assert keep(path, state="offline", destination=SITE)["offline"] == ["site"]


def test_the_others_stay(path: Path) -> None:
    keep(path, destination=SITE)
    keep(path, name="second", destination={"inherits": "site"})
    keep(path, destination={**SITE, "max_accepted_cores": 8})
    assert keep(path, name="second", destination={"inherits": "site"})["changed"] is False
    assert keep(path, state="absent")["destinations"] == ["second"]


def test_galaxy_can_still_read_a_file_without_destinations(path: Path, galaxy_judge: GalaxyJudge) -> None:
    keep(path, destination=SITE)
    keep(path, state="absent")
    assert galaxy_judge.tpv_destinations(path)["destinations"] == {}


def test_what_was_never_there_is_absent(path: Path) -> None:
    assert keep(path, state="absent")["changed"] is False
    assert not path.exists()


def test_check_mode_says_what_would_change(path: Path) -> None:
    said = keep(path, check=True, destination=SITE)
    assert not path.exists()
    done = keep(path, destination=SITE)
    assert said["changed"]
    assert said["diff"] == done["diff"]
    before = path.read_bytes()
    assert keep(path, check=True, state="offline")["changed"]
    assert path.read_bytes() == before


def test_no_secret_is_in_a_result(path: Path) -> None:
    first = keep(path, destination=SITE, secret_params={"private_token": "old-word"})
    # The second time the old one is not among the arguments.
    second = keep(path, destination=SITE, secret_params={"private_token": "new-word"})
    assert "new-word" in path.read_text()
    assert "word" not in json.dumps([first, second]).replace("invocation", "")


def test_a_secret_in_the_open_is_refused(path: Path) -> None:
    params = {"private_token": "word"}
    result = keep(path, destination={"runner": "pulsar_site", "params": params})
    assert result["failed"]
    assert "(private_token): move it to secret_params" in result["msg"]
    assert not path.exists()


@pytest.mark.parametrize(
    ("destination", "says"),
    [
        ({"max_accepted_cores": 2}, "neither runner nor inherits"),
        ({"runner": "pulsar_site", "params": ["url"]}, "params of the destination has to be a mapping"),
        (
            {"runner": "pulsar_site", "scheduling": "offline"},
            "scheduling of the destination has to be a mapping",
        ),
        ({"runner": "pulsar_site", "scheduling": {"require": "x"}}, "scheduling.require of the destination"),
        ({"runner": "pulsar_site", "env": {"A": "b"}}, "env of the destination has to be a list"),
    ],
)
def test_a_destination_that_tpv_cannot_read_is_refused(
    path: Path, destination: dict[str, Any], says: str
) -> None:
    result = keep(path, destination=destination)
    assert result["failed"]
    assert says in result["msg"]
    assert not path.exists()


def test_what_is_not_there_cannot_be_taken_offline(path: Path) -> None:
    result = keep(path, state="offline")
    assert "there is no destination site to take offline" in result["msg"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _content: b"destinations: {}\n", "was not written by this module"),
        (lambda content: content.replace(b'"runner":', b"runner:"), "changed by hand and is no JSON"),
        (lambda content: content.replace(b'"destinations"', b'"tools"'), "destinations and nothing else"),
        (lambda content: content + b"\xff", "cannot be read"),
    ],
)
def test_a_file_that_is_not_ours_stays_as_it_is(
    path: Path, change: Callable[[bytes], bytes], says: str
) -> None:
    keep(path, destination=SITE)
    content = change(path.read_bytes())
    path.write_bytes(content)
    result = keep(path, destination=SITE)
    assert result["failed"]
    assert says in result["msg"]
    assert path.read_bytes() == content


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    result = keep(tmp_path / "nowhere" / "tpv.yml", destination=SITE)
    assert result["failed"]
    assert "nowhere" in result["msg"]


def test_permissions(path: Path) -> None:
    keep(path, destination=SITE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert keep(path, destination=SITE, mode="0600")["changed"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keep(path, state="offline")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_to_the_file_stays_one(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yml"
    link.symlink_to(path)
    keep(link, destination=SITE)
    assert link.is_symlink()
    assert keep(path, destination=SITE)["changed"] is False


def test_tpv_sees_the_file_with_those_before_it(path: Path, tmp_path: Path) -> None:
    tpv = linter(tmp_path, code=0)
    result = keep(path, destination=SITE, tpv=tpv, lint_with=["/etc/admin.yml"])
    assert result["linted"]
    assert (tmp_path / "arguments").read_text() == "-v lint --ignore T103 /etc/admin.yml"
    assert (tmp_path / "linted").read_text() == path.read_text()
    assert keep(path, destination=SITE, tpv=tpv)["linted"] is False


@pytest.mark.parametrize(
    "says",
    [
        "{} has no such parent",
        "Traceback\nERROR: tpv.commands.linter: {} has no such parent\nINFO : tpv.commands.shell: failed.\n",
    ],
)
def test_what_tpv_refuses_is_not_written(path: Path, tmp_path: Path, says: str) -> None:
    tpv = linter(tmp_path, code=1, says=says)
    for check in (True, False):
        result = keep(path, check=check, destination=SITE, tpv=tpv)
        assert result["failed"]
        assert result["msg"] == (
            f"{path}: tpv lint refuses it: {path} has no such parent. Nothing was changed."
        )
        assert not path.exists()


def test_what_tpv_warns_of_is_a_warning(path: Path, tmp_path: Path) -> None:
    says = "WARNING: tpv.commands.linter: T104: Unexpected field 'destinations.site.max_cores'\n"
    result = keep(path, destination=SITE, tpv=linter(tmp_path, code=0, says=says))
    assert result["changed"]
    assert "tpv lint: T104: Unexpected field 'destinations.site.max_cores'" in json.dumps(result["warnings"])
