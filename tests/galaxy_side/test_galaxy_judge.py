"""The judge is fair: it takes what Galaxy takes, and refuses what stops a handler of Galaxy's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.galaxy_side.galaxy_judge import GalaxyJudge, UnreadableByGalaxy

YAML = """\
runners:
  local: {load: galaxy.jobs.runners.local:LocalJobRunner, workers: 2}
  pulsar:
    load: galaxy.jobs.runners.pulsar:PulsarMQJobRunner
    amqp_url: pyamqp://galaxy:word@broker.example.org:5671//site
    galaxy_url: https://galaxy.example.org
execution:
  default: local
  environments:
    local: {runner: local}
    site: {runner: pulsar, jobs_directory: /srv/staging, env: [{name: LC_ALL, value: C}]}
tools: [{id: cat1, environment: site}]
limits: [{type: environment_total_concurrent_jobs, id: site, value: 3}]
"""

XML = """\
<job_conf>
  <plugins>
    <plugin id="local" type="runner" load="galaxy.jobs.runners.local:LocalJobRunner"/>
    <plugin id="pulsar" type="runner" load="galaxy.jobs.runners.pulsar:PulsarRESTJobRunner" workers="2"/>
  </plugins>
  <destinations default="local">
    <destination id="local" runner="local"/>
    <destination id="site" runner="pulsar">
      <param id="url">https://pulsar.example.org:8913/</param>
    </destination>
  </destinations>
  <tools><tool id="cat1" destination="site"/></tools>
</job_conf>
"""


@pytest.fixture
def job_conf(tmp_path: Path) -> Path:
    path = tmp_path / "job_conf.yml"
    path.write_text(YAML)
    return path


def test_a_yaml_file_is_read(galaxy_judge: GalaxyJudge, job_conf: Path) -> None:
    found = galaxy_judge.job_conf(job_conf)
    assert found["runners"]["local"]["workers"] == 2
    assert found["runners"]["pulsar"]["params"] == {
        "amqp_url": "pyamqp://galaxy:word@broker.example.org:5671//site",
        "galaxy_url": "https://galaxy.example.org",
    }
    assert found["runners"]["pulsar"]["refused"] is None
    assert found["default"] == "local"
    assert found["environments"]["site"]["runner"] == "pulsar"
    assert found["environments"]["site"]["params"] == {"jobs_directory": "/srv/staging"}
    assert found["environments"]["site"]["env"] == [{"name": "LC_ALL", "value": "C"}]
    assert found["tools"] == [{"id": "cat1", "environment": "site", "handler": None, "params": {}}]
    assert found["limits"] == {"destination_total_concurrent_jobs": {"site": 3}}


def test_an_xml_file_is_read(galaxy_judge: GalaxyJudge, tmp_path: Path) -> None:
    path = tmp_path / "job_conf.xml"
    path.write_text(XML)
    found = galaxy_judge.job_conf(path)
    assert found["runners"]["pulsar"]["workers"] == 2
    assert found["environments"]["site"]["params"]["url"] == "https://pulsar.example.org:8913/"
    assert [tool["environment"] for tool in found["tools"]] == ["site"]


def test_a_galaxy_yml_is_read_with_what_is_inline(galaxy_judge: GalaxyJudge, tmp_path: Path) -> None:
    inline = "".join(f"    {line}" for line in YAML.splitlines(keepends=True))
    path = tmp_path / "galaxy.yml"
    path.write_text(f"galaxy:\n  job_config:\n{inline}")
    assert set(galaxy_judge.galaxy_yml(path)["environments"]) == {"local", "site"}


def test_a_galaxy_yml_leads_to_its_file(galaxy_judge: GalaxyJudge, tmp_path: Path, job_conf: Path) -> None:
    path = tmp_path / "galaxy.yml"
    path.write_text(f"galaxy:\n  job_config_file: {job_conf.name}\n")
    assert set(galaxy_judge.galaxy_yml(path)["environments"]) == {"local", "site"}


def test_a_key_that_stops_a_handler_is_refused(galaxy_judge: GalaxyJudge, job_conf: Path) -> None:
    job_conf.write_text(YAML.replace("    galaxy_url:", "    amqp_republish_time: 60\n    galaxy_url:"))
    refused = galaxy_judge.job_conf(job_conf)["runners"]["pulsar"]["refused"]
    assert "amqp_republish_time" in refused


def test_nothing_is_left_beside_a_file(galaxy_judge: GalaxyJudge, job_conf: Path) -> None:
    galaxy_judge.job_conf(job_conf)
    assert [path.name for path in job_conf.parent.iterdir()] == ["job_conf.yml"]


def test_a_file_that_is_no_configuration_is_unreadable(galaxy_judge: GalaxyJudge, job_conf: Path) -> None:
    job_conf.write_text("runners: [unclosed\n")
    with pytest.raises(UnreadableByGalaxy):
        galaxy_judge.job_conf(job_conf)
    job_conf.write_text(YAML)
    assert galaxy_judge.job_conf(job_conf)["default"] == "local"


def test_tpv_files_are_read_together(galaxy_judge: GalaxyJudge, tmp_path: Path) -> None:
    first, second = tmp_path / "first.yml", tmp_path / "second.yml"
    first.write_text("destinations: {base: {runner: pulsar, abstract: true, max_accepted_cores: 4}}\n")
    second.write_text("destinations: {site: {inherits: base, params: {url: 'https://example.org/'}}}\n")
    found = galaxy_judge.tpv_destinations(first, second)
    assert found["destinations"]["site"]["params"] == {"url": "https://example.org/"}
    assert found["errors"] == []


def test_tpv_lint_says_what_is_wrong(galaxy_judge: GalaxyJudge, tmp_path: Path) -> None:
    path = tmp_path / "tpv.yml"
    path.write_text("destinations: {site: {max_accepted_cores: 4}}\n")
    (error,) = galaxy_judge.tpv_destinations(path)["errors"]
    assert "runner" in error


def test_tpv_maps_a_tool(galaxy_judge: GalaxyJudge, tmp_path: Path) -> None:
    (tmp_path / "tpv.yml").write_text(
        "destinations: {site: {runner: pulsar, params: {jobs_directory: /x}}}\n"
    )
    path = tmp_path / "job_conf.yml"
    path.write_text("""\
runners:
  dynamic: {load: "galaxy.jobs.runners.dynamic:DynamicJobRunner"}
  pulsar: {load: "galaxy.jobs.runners.pulsar:PulsarRESTJobRunner"}
execution:
  default: tpv_dispatcher
  environments:
    tpv_dispatcher: {runner: dynamic_tpv, tpv_config_files: [tpv.yml]}
""")
    found = galaxy_judge.tpv_map_tool(path, "cat1")
    assert (found["id"], found["runner"]) == ("site", "pulsar")
