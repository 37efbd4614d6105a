"""The entry in Galaxy's job configuration that has TPV read the file."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from plugins.modules.tpv_destination import main
from tests.galaxy_side.galaxy_judge import GalaxyJudge
from tests.unit.run_module import run_module

RUNNERS = """\
runners:
  dynamic: {load: "galaxy.jobs.runners.dynamic:DynamicJobRunner"}
  pulsar_site: {load: "galaxy.jobs.runners.pulsar:PulsarRESTJobRunner"}
"""
LINES = f"""\
# Our jobs.
{RUNNERS}
execution:
  default: tpv_dispatcher
  environments:
    tpv_dispatcher:
      runner: dynamic_tpv
      tpv_config_files:
        - https://gxy.io/tpv/db.yml   # the shared ones
        - "own.yml" # ours come last

      # the rest
      tpv_explain_on_failure: true
tools: []
"""
BRACKETS = f"""\
{RUNNERS}execution:
  default: tpv_dispatcher
  environments:
  - {{id: tpv_dispatcher, runner: dynamic_tpv, tpv_config_files: [ own.yml ]}}"""
PARAMS = f"""\
{RUNNERS}execution:
  default: tpv_dispatcher
  environments:
    - id: other
      runner: dynamic
    - id: tpv_dispatcher
      runner: dynamic_tpv
      params:
        tpv_config_files:
        -   own.yml"""
XML = """\
<?xml version="1.0"?>
<job_conf>
  <plugins>
    <plugin id="dynamic" type="runner" load="galaxy.jobs.runners.dynamic:DynamicJobRunner"/>
    <plugin id="pulsar_site" type="runner" load="galaxy.jobs.runners.pulsar:PulsarRESTJobRunner"/>
  </plugins>
  <destinations default="tpv_dispatcher">
    <destination id="other" runner="dynamic"/>
    <destination id="tpv_dispatcher" runner="dynamic">
      <param id="function">map_tool_to_destination</param> <!-- of TPV's -->
      <param id="rules_module">tpv.rules</param>
      <param id="tpv_config_files">own.yml, second.yml
      </param>
    </destination>
  </destinations>
</job_conf>
"""
INLINE = "galaxy:\n  job_config:\n" + "".join(f"    {line}" for line in LINES.splitlines(keepends=True))
SHAPES = {
    "lines": ("job_conf.yml", LINES),
    "crlf": ("job_conf.yml", LINES.replace("\n", "\r\n")),
    "brackets": ("job_conf.yml", BRACKETS),
    "params": ("job_conf.yml", PARAMS),
    "inline": ("galaxy.yml", INLINE),
    "xml": ("job_conf.xml", XML),
}
SITE = {"runner": "pulsar_site", "params": {"url": "https://example.org/"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tpv & co.yml"


@pytest.fixture(params=SHAPES)
def job_conf(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name, text = SHAPES[request.param]
    written: Path = tmp_path / name
    written.write_bytes(text.encode())
    return written


def keep(path: Path, job_conf: Path, *, check: bool = False, **arguments: object) -> dict[str, Any]:
    places = {"path": str(path), "job_conf": str(job_conf), "name": "site"}
    return run_module(main, check=check, **places, **arguments)


def files_read(judge: GalaxyJudge, job_conf: Path) -> list[str]:
    """Return the files that Galaxy hands to TPV, which splits a text at its commas."""
    read = judge.galaxy_yml if job_conf.name == "galaxy.yml" else judge.job_conf
    found = read(job_conf)["environments"]["tpv_dispatcher"]["params"]["tpv_config_files"]
    return [name.strip() for name in (found.split(",") if isinstance(found, str) else found)]


def test_galaxy_reads_the_file_last(path: Path, job_conf: Path, galaxy_judge: GalaxyJudge) -> None:
    before = files_read(galaxy_judge, job_conf)
    result = keep(path, job_conf, destination=SITE)
    assert not result["failed"], result["msg"]
    assert result["restart_needed"]
    assert files_read(galaxy_judge, job_conf) == [*before, str(path)]


def test_a_second_run_changes_nothing(path: Path, job_conf: Path) -> None:
    keep(path, job_conf, destination=SITE)
    before = job_conf.read_bytes()
    again = keep(path, job_conf, destination=SITE)
    assert (again["changed"], again["restart_needed"]) == (False, False)
    assert job_conf.read_bytes() == before
    other = keep(path, job_conf, destination={**SITE, "max_accepted_cores": 2})
    assert (other["changed"], other["restart_needed"]) == (True, False)


def test_removal_restores_every_byte(path: Path, job_conf: Path) -> None:
    before = job_conf.read_bytes()
    keep(path, job_conf, destination=SITE)
    run_module(main, path=str(path), job_conf=str(job_conf), name="second", destination=SITE)
    assert keep(path, job_conf, state="absent")["restart_needed"] is False
    assert path.exists()
    last = run_module(main, path=str(path), job_conf=str(job_conf), name="second", state="absent")
    assert (last["changed"], last["restart_needed"], last["destinations"]) == (True, True, [])
    assert job_conf.read_bytes() == before
    assert not path.exists()
    assert keep(path, job_conf, state="absent")["changed"] is False


def test_check_mode_says_what_would_change(path: Path, job_conf: Path) -> None:
    before = job_conf.read_bytes()
    said = keep(path, job_conf, check=True, destination=SITE)
    assert (job_conf.read_bytes(), path.exists()) == (before, False)
    done = keep(path, job_conf, destination=SITE, backup=True)
    assert said["diff"] == done["diff"]
    lists = said["diff"][1]
    assert lists["after"] == f"{lists['before']}{path}\n"
    assert Path(done["backup_file"]).read_bytes() == before


def test_owner_and_permissions_of_the_configuration_stay(path: Path, job_conf: Path) -> None:
    job_conf.chmod(0o604)
    keep(path, job_conf, destination=SITE)
    assert stat.S_IMODE(job_conf.stat().st_mode) == 0o604


def test_an_entry_before_others_can_be_taken_out(path: Path, tmp_path: Path) -> None:
    for name, text in (("job_conf.yml", BRACKETS), ("job_conf.xml", XML)):
        job_conf = tmp_path / name
        job_conf.write_text(text)
        written = str(path).replace("&", "&amp;") if name.endswith("xml") else f'"{path}"'
        separator = "," if name.endswith("xml") else ", "
        job_conf.write_text(text.replace("own.yml", f"{written}{separator}own.yml"))
        keep(path, job_conf, state="absent")
        assert job_conf.read_text() == text
        job_conf.unlink()


def refused(path: Path, job_conf: Path, **arguments: Any) -> str:  # noqa: ANN401 (options of any kind)
    """Return the message of a run that fails and changes nothing."""
    before, there = job_conf.read_bytes(), path.exists()
    result = keep(path, job_conf, **arguments)
    assert result["failed"]
    assert (job_conf.read_bytes(), path.exists()) == (before, there)
    message: str = result["msg"]
    assert message.startswith(f"{job_conf} is left as it is: ")
    return message


def test_the_last_file_stays(path: Path, tmp_path: Path) -> None:
    job_conf = tmp_path / "job_conf.yml"
    job_conf.write_text(BRACKETS.replace("own.yml", f'"{path}"'))
    keep(path, job_conf, destination=SITE)
    assert "TPV does not work without any" in refused(path, job_conf, state="absent")


def test_a_runner_that_is_missing_is_named(path: Path, job_conf: Path) -> None:
    destination = {"runner": "pulsar_other"}
    assert "no runner pulsar_other" in refused(path, job_conf, destination=destination)
    # In a dry run of a whole play, nothing has written it yet.
    assert not keep(path, job_conf, check=True, destination=destination)["failed"]


def test_an_environment_that_is_missing_is_named(path: Path, job_conf: Path) -> None:
    for name in ("nobody", "other"):
        message = refused(path, job_conf, destination=SITE, dispatcher=name)
        assert f"the environment {name} has no list tpv_config_files" in message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LINES.replace("environments:", "environments: {}\nrest:"), "has no list"),
        (f"{RUNNERS}execution: {{default: tpv_dispatcher}}\n", "has no list"),
        (BRACKETS.replace("[ own.yml ]", "own.yml"), "has no list"),
        (PARAMS.replace("-   own.yml", "-\n          own.yml"), "in a line of its own"),
        (LINES.replace("own.yml", "{{ own }}"), "Jinja"),
        (LINES.replace("# Our jobs.", "# Ansible managed"), "Ansible managed"),
        ("runners: [\n", "line 2"),
    ],
)
def test_what_cannot_be_edited_is_refused(path: Path, tmp_path: Path, text: str, says: str) -> None:
    job_conf = tmp_path / "job_conf.yml"
    job_conf.write_text(text)
    assert says in refused(path, job_conf, destination=SITE)


def test_a_name_that_xml_may_spell_otherwise_is_refused(tmp_path: Path) -> None:
    job_conf = tmp_path / "job_conf.xml"
    job_conf.write_text(XML)
    assert "use plain ones" in refused(tmp_path / "t\u00e9.yml", job_conf, destination=SITE)


def test_a_configuration_without_effect_is_refused_or_warned_of(path: Path, tmp_path: Path) -> None:
    job_conf, galaxy_yml = tmp_path / "job_conf.yml", tmp_path / "galaxy.yml"
    job_conf.write_text(LINES)
    galaxy_yml.write_text(INLINE)
    assert "it has no effect" in refused(path, job_conf, destination=SITE)
    assert "as well" in str(keep(path, galaxy_yml, destination=SITE)["warnings"])
