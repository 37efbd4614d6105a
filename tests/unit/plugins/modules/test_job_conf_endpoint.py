"""The module as Ansible calls it; whatever it writes is read by Galaxy's own code."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.modules import job_conf_endpoint, job_conf_endpoint_info
from tests.galaxy_side.galaxy_judge import GalaxyJudge
from tests.job_conf_shapes import ADVANCED_XML, ANCHORS, BASIC_XML, INLINE, MINIMAL, SHAPES, Shape
from tests.unit.run_module import run_module

GALAXY = Path(__file__).parents[4] / ".cache" / "venv" / "galaxy"

Register = Callable[..., dict[str, Any]]

#: In what the tests register, and in the shapes.
SECRETS = ("token-word", "pass%2Fword", "pass/word", "database-word", "idsecret-word", "relay-word")
REST = "galaxy.jobs.runners.pulsar:PulsarRESTJobRunner"
MQ = "galaxy.jobs.runners.pulsar:PulsarMQJobRunner"


def rest(name: str = "site1") -> dict[str, Any]:
    """Return the options of an endpoint with a REST interface, with one of everything."""
    return {
        "name": name,
        "runner": {"id": f"pulsar_{name}", "load": REST, "workers": 3, "params": {"transport": "curl"}},
        "environments": [
            {
                "id": name,
                "tags": [f"{name}-tag"],
                "params": {
                    "url": "https://pulsar.example.org:8913/",
                    "submit_native_specification": "-q {x} #1",
                },
                "secret_params": {"private_token": "token-word"},
                "env": [{"name": "LC_ALL", "value": "C"}, {"file": "/etc/profile"}],
            },
            {
                "id": f"{name}-large",
                "params": {"url": "https://pulsar.example.org:8913/", "manager": "large"},
            },
        ],
        "tools": [{"id": f"{name}_tool"}, {"id": f"x/{name}/", "environment": f"{name}-tag"}],
        "limits": [{"type": "environment_total_concurrent_jobs", "id": name, "value": 7}],
    }


def mq(name: str = "site2") -> dict[str, Any]:
    """Return the options of an endpoint behind a broker."""
    return {
        "name": name,
        "runner": {
            "id": f"pulsar_{name}",
            "load": MQ,
            "params": {
                "galaxy_url": "https://galaxy.example.org",
                "amqp_acknowledge": True,
                "amqp_ack_republish_time": 300,
                "amqp_publish_retry": True,
                "amqp_publish_delivery_mode": "persistent",
                "amqp_consumer_timeout": 2.0,
                "persistence_directory": "/srv/galaxy/var/acknowledgements",
            },
            "secret_params": {"amqp_url": "pyamqp://galaxy:pass%2Fword@broker.example.org:5671/site2"},
        },
        "environments": [{"id": name, "params": {"jobs_directory": "/srv/pulsar/files/staging"}}],
    }


def call(main: Callable[[], None], arguments: dict[str, Any]) -> dict[str, Any]:
    """Run a module in this process; return its result, in which no secret must be."""
    result = run_module(main, **arguments)
    for secret in SECRETS:
        assert secret not in json.dumps(result)
    return result


@pytest.fixture
def register(tmp_path: Path, galaxy_judge: GalaxyJudge) -> Register:
    """Run the module; what it writes must be what Galaxy reads, and starts with."""

    def run(
        path: Path,
        *,
        check: bool = False,
        succeeds: bool = True,
        **options: Any,  # noqa: ANN401 (of the module)
    ) -> dict[str, Any]:
        before = path.read_bytes() if path.exists() else None
        result = call(
            job_conf_endpoint.main,
            {
                "path": str(path),
                **options,
                "_ansible_check_mode": check,
                "_ansible_diff": True,
                "_ansible_remote_tmp": str(tmp_path),
            },
        )
        assert bool(result.get("failed")) != succeeds, result
        after = path.read_bytes() if path.exists() else None
        if check or not succeeds:
            assert after == before
            return result
        assert result["changed"] == (after != before)
        if result["changed"]:
            check_by_galaxy(galaxy_judge, path, options)
        return result

    return run


def check_by_galaxy(judge: GalaxyJudge, path: Path, options: dict[str, Any]) -> None:
    """Hold what Galaxy reads against the options."""
    read = judge.galaxy_yml(path) if path.name.startswith("galaxy") else judge.job_conf(path)
    if options.get("state") == "absent":
        assert f"pulsar_{options['name']}" not in read["runners"]
        return
    runner = read["runners"][options["runner"]["id"]]
    assert runner["refused"] is None
    assert runner["load"] == options["runner"]["load"]
    assert same(runner["params"], all_params(options["runner"]))
    for environment in options.get("environments", ()):
        found = read["environments"][environment["id"]]
        assert found["runner"] == options["runner"]["id"]
        wanted = {**all_params(environment), "outputs_to_working_directory": False}
        assert same({key: found["params"][key] for key in wanted}, wanted)
        assert (found["tags"] or []) == environment.get("tags", [])
        names = ("name", "file", "value")
        assert [
            {name: each[name] for name in names if each.get(name)} for each in found["env"] or []
        ] == environment.get("env", [])
    routes = {tool["id"]: tool["environment"] for tool in read["tools"]}
    for tool in options.get("tools", ()):
        assert routes[tool["id"]] == tool.get("environment", options["environments"][0]["id"])
    for limit in options.get("limits", ()):
        assert read["limits"]["destination_total_concurrent_jobs"][limit["id"]] == limit["value"]


def all_params(options: dict[str, Any]) -> dict[str, Any]:
    return {**options.get("params", {}), **options.get("secret_params", {})}


def same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Compare parameters, which XML has only texts for."""

    def text(params: dict[str, Any]) -> dict[str, str]:
        return {key: str(value).lower() for key, value in params.items()}

    return text(found) == text(wanted)


@pytest.fixture(params=SHAPES, ids=lambda shape: shape.name)
def shape_path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a file in one of the shapes."""
    shape: Shape = request.param
    path = tmp_path / "config" / shape.file_name
    path.parent.mkdir()
    path.write_bytes(shape.content)
    return path


@pytest.fixture
def job_conf(tmp_path: Path) -> Path:
    path = tmp_path / "job_conf.yml"
    path.write_text(ANCHORS)
    return path


def test_two_endpoints_come_and_go_and_every_byte_is_restored(shape_path: Path, register: Register) -> None:
    original = shape_path.read_bytes()
    assert register(shape_path, **rest())["changed"]
    with_one = shape_path.read_bytes()
    assert not register(shape_path, **rest())["changed"]
    assert register(shape_path, **mq())["changed"]
    assert not register(shape_path, **mq())["changed"]
    assert not register(shape_path, **rest())["changed"]
    assert register(shape_path, name="site2", state="absent")["changed"]
    assert shape_path.read_bytes() == with_one
    register(shape_path, **mq())
    assert register(shape_path, name="site1", state="absent")["changed"]
    assert register(shape_path, name="site2", state="absent")["changed"]
    assert shape_path.read_bytes() == original
    assert not register(shape_path, name="site2", state="absent")["changed"]


@pytest.mark.parametrize(
    "sample", ["job_conf.sample.yml", "job_conf.xml.sample_advanced", "job_conf.xml.sample_basic"]
)
def test_galaxys_own_samples_are_restored(tmp_path: Path, register: Register, sample: str) -> None:
    """The longest files there are, with all that Galaxy knows."""
    (original,) = GALAXY.glob(f"lib/python3*/site-packages/galaxy/config/sample/{sample}")
    path = tmp_path / sample
    path.write_bytes(original.read_bytes())
    for options in (rest(), mq()):
        assert register(path, **options)["changed"]
        assert not register(path, **options)["changed"]
    for name in ("site1", "site2"):
        assert register(path, name=name, state="absent")["changed"]
    assert path.read_bytes() == original.read_bytes()


def test_nothing_that_was_there_is_touched(shape_path: Path, register: Register) -> None:
    """Without what is inserted, the file is what it was: no byte is moved, quoted anew or wrapped."""
    original = shape_path.read_bytes()
    register(shape_path, **rest())
    remaining = iter(shape_path.read_bytes())
    assert all(byte in remaining for byte in original)
    line_breaks = shape_path.read_bytes().count(b"\n"), shape_path.read_bytes().count(b"\r\n")
    if b"\r\n" in original:
        assert line_breaks[0] == line_breaks[1]


def test_an_endpoint_that_changes_keeps_its_place(job_conf: Path, register: Register) -> None:
    register(job_conf, **mq())
    register(job_conf, **rest())
    changed = rest()
    changed["tools"], changed["environments"][0]["tags"] = [{"id": "another"}], []
    changed["limits"] = []
    result = register(job_conf, **changed)
    assert result["sections"] == ["environments", "tools", "limits"]
    assert not register(job_conf, **changed)["changed"]
    for name in ("site1", "site2"):
        register(job_conf, name=name, state="absent")
    assert job_conf.read_text() == ANCHORS


def test_a_dry_run_says_what_would_change(shape_path: Path, register: Register) -> None:
    result = register(shape_path, check=True, **rest())
    assert result["changed"]
    assert result["sections"] == ["runners", "environments", "tools", "limits"]
    assert result["diff"]["before"] == ""
    assert result["diff"]["after"] == result["stanza"]
    assert "pulsar.example.org" in result["stanza"]
    assert "********" in result["stanza"]


def test_the_difference_shows_what_changes_and_no_secret(job_conf: Path, register: Register) -> None:
    register(job_conf, **mq())
    changed = mq()
    changed["runner"]["params"]["amqp_ack_republish_time"] = 600
    diff = register(job_conf, **changed)["diff"]
    removed, added = ({*diff[one].splitlines()} for one in ("before", "after"))
    assert removed - added == {"    amqp_ack_republish_time: 300"}
    assert added - removed == {"    amqp_ack_republish_time: 600"}
    assert "    amqp_url: pyamqp://galaxy:********@broker.example.org:5671/site2" in removed & added


def test_a_secret_of_any_name_is_not_shown_when_it_changes(job_conf: Path, register: Register) -> None:
    options = rest()
    options["environments"][0]["secret_params"]["docker_env_KEY"] = SECRETS[-1]
    register(job_conf, **options)
    options["environments"][0]["secret_params"]["docker_env_KEY"] = "another"
    assert register(job_conf, **options)["sections"] == ["environments"]


def test_secrets_of_others_are_not_in_a_difference(tmp_path: Path, register: Register) -> None:
    path = tmp_path / "galaxy.yml"
    path.write_text(INLINE)
    assert set(register(path, **rest())["diff"]["before"]) == set()


def test_what_was_changed_by_hand_in_an_entry_is_put_back(job_conf: Path, register: Register) -> None:
    register(job_conf, **rest())
    written = job_conf.read_text()
    job_conf.write_text(written.replace("workers: 3", "workers: 300"))
    assert register(job_conf, **rest())["sections"] == ["runners"]
    assert job_conf.read_text() == written


@pytest.mark.parametrize(
    ("section", "start"), [("runners", "runners:"), ("execution", "execution:"), ("galaxy", "galaxy:")]
)
def test_the_stanza_is_rendered_for_a_file_that_something_else_writes(
    tmp_path: Path, register: Register, section: str, start: str
) -> None:
    path = tmp_path / ("galaxy.yml.j2" if section == "galaxy" else "job_conf.yml.j2")
    result = register(path, state="rendered", **rest())
    assert not result["changed"]
    assert start in result["stanza"].splitlines()


def test_a_rendered_stanza_is_what_galaxy_reads(
    tmp_path: Path, register: Register, galaxy_judge: GalaxyJudge
) -> None:
    options = {**rest(), "environments": rest()["environments"][1:], "tools": [], "limits": []}
    for name in ("job_conf.yml", "job_conf.xml", "galaxy.yml"):
        path = tmp_path / name
        path.write_text(register(tmp_path / f"{name}.j2", state="rendered", **options)["stanza"])
        check_by_galaxy(galaxy_judge, path, options)


def test_a_link_stays_and_what_it_leads_to_is_edited(tmp_path: Path, register: Register) -> None:
    (tmp_path / "kept").mkdir()
    real, link = tmp_path / "kept" / "real.yml", tmp_path / "job_conf.yml"
    real.write_text(ANCHORS)
    link.symlink_to("kept/real.yml")
    assert register(link, **rest())["path"] == str(real)
    assert os.readlink(link) == "kept/real.yml"
    assert "pulsar_site1" in real.read_text()


def test_what_has_no_effect_is_a_warning(job_conf: Path, register: Register) -> None:
    options = rest()
    options["environments"][0]["params"]["jobs_dir"] = "/x"
    result = register(job_conf, **options)
    assert result["problems"] == [
        "environment site1: jobs_dir is read by no runner of Pulsar's: did you mean jobs_directory?"
    ]
    assert result["problems"][0] in str(result["warnings"])


def test_what_would_lose_jobs_is_refused(job_conf: Path, register: Register) -> None:
    options = rest()
    options["environments"][0]["params"]["outputs_to_working_directory"] = True
    assert "outputs_to_working_directory has to be false, or outputs are lost" in refused(
        register, job_conf, **options
    )


def test_the_mode_stays_and_a_backup_is_made_on_demand(job_conf: Path, register: Register) -> None:
    job_conf.chmod(0o640)
    backup = Path(register(job_conf, backup=True, **rest())["backup_file"])
    assert stat.S_IMODE(job_conf.stat().st_mode) == 0o640
    assert backup.read_text() == ANCHORS
    assert "backup_file" not in register(job_conf, backup=True, **rest())


def test_an_edit_by_somebody_else_in_the_meantime_is_not_lost(
    job_conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other edit happens when the new file is complete, just before it would be renamed."""
    make: Callable[..., tuple[int, str]] = tempfile.mkstemp

    def edit_and_make(**options: Any) -> tuple[int, str]:  # noqa: ANN401 (of mkstemp)
        job_conf.write_text(ANCHORS + "# by somebody else\n")
        return make(**options)

    monkeypatch.setattr(tempfile, "mkstemp", edit_and_make)
    arguments = {"path": str(job_conf), "_ansible_remote_tmp": str(tmp_path), **rest()}
    result = call(job_conf_endpoint.main, arguments)
    assert result["msg"].endswith("somebody else changed it in the meantime: try again")
    assert job_conf.read_text() == ANCHORS + "# by somebody else\n"


def refused(register: Register, path: Path, **options: Any) -> str:  # noqa: ANN401 (options)
    """Return why an endpoint is refused; the file stays as it is, which `register` looks at."""
    message: str = register(path, succeeds=False, **{**rest(), **options})["msg"]
    assert message.startswith(f"{path} is left as it is: ")
    return message.partition(": ")[2]


def line_of(part: str, text: str = ANCHORS) -> int:
    """Return the number of the line that begins with *part* behind its indentation."""
    return 1 + [line.strip() for line in text.splitlines()].index(
        next(line.strip() for line in text.splitlines() if line.strip().startswith(part))
    )


def test_an_id_of_somebody_else_is_refused_unless_it_is_adopted(job_conf: Path, register: Register) -> None:
    options = rest()
    options["environments"][1]["id"] = "slurm_large"
    options["tools"] = [{"id": "upload1"}, {"id": "TOOLSHED.g2.bx.psu.edu/repos/iuc/spades/spades/"}]
    options["limits"] = []
    options["environments"][1]["tags"] = ["large"]
    message = refused(register, job_conf, **options)
    assert f"environments: slurm_large in line {line_of('slurm_large')} belongs to somebody else" in message
    assert f"tools: upload1 in line {line_of('- id: upload1')} belongs to somebody else" in message
    assert f"repos/iuc/spades/spades in line {line_of('- id: ' + chr(34))} belongs" in message
    options["environments"][1]["tags"].append("remote-not")
    register(job_conf, adopt=True, **options)
    assert not register(job_conf, adopt=True, **options)["changed"]
    text = job_conf.read_text()
    assert "    # slurm_gpu:\n" in text
    assert "--mem=64000" not in text
    assert text.count("upload1") == 1


@pytest.mark.parametrize("text", [ADVANCED_XML, ADVANCED_XML.replace("\n", "\r\n")])
def test_entries_of_an_xml_file_are_adopted(tmp_path: Path, register: Register, text: str) -> None:
    path = tmp_path / "job_conf.xml"
    path.write_bytes(text.encode())
    options = {**rest(), "tools": [{"id": "spades"}], "limits": []}
    options["runner"] = {**options["runner"], "id": "slurm"}
    options["environments"] = [{**options["environments"][0], "id": "slurm_small", "tags": ["cluster"]}]
    assert "runners: slurm in line 8 belongs" in refused(register, path, **options)
    register(path, adopt=True, **options)
    assert '<tool id="upload1" destination="local"/>' in path.read_text()
    assert "nativeSpecification" not in path.read_text()


def test_the_id_of_another_endpoint_is_refused(job_conf: Path, register: Register) -> None:
    register(job_conf, **rest())
    line = line_of("pulsar_site1:", job_conf.read_text())
    assert f"runners: pulsar_site1 in line {line} belongs to the endpoint site1" in refused(
        register, job_conf, name="other"
    )


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (
            ("  local: &small", "  pulsar_x: 1: 2 &small"),
            "line 6, column 14: mapping values are not allowed here",
        ),
        (("tools:", "tools: ["), f"line {line_of('- id: upload1')}, column 1: expected the node content"),
        (("    - file", "\t- file"), "found character '\\t' that cannot start any token"),
        (("  slurm:", "  local:"), "runners: local is there twice, in lines 6 and 9: remove one of them"),
        (
            ("tools:", "runners: {}\ntools:"),
            f"runners is there twice, in lines {line_of('runners:')} and {line_of('tools:')}: make one of",
        ),
        (("# Job conf", "# Ansible managed\n# Job conf"), "line 2 says that something else writes it"),
        (
            ("# Job conf", "# Maintained by Ansible. Changes will be overwritten.\n# "),
            "line 2 says that something",
        ),
        (
            ("local: {", "{% if local %}\n    local: {"),
            f"line {line_of('local: {')} holds Jinja that was not rendered",
        ),
        (('"/usr/lib', '"{{ root }}/usr/lib'), "line 12 holds Jinja that was not rendered"),
        (("---\n", "---\na: 1\n---\n"), "line 3, column 1: but found another document"),
        (("runners:", "runners: !vault x\nother:"), "could not determine a constructor for the tag '!vault'"),
        (("tools:\n", "tools: 5\nother:\n"), "tools is no list of mappings, which Galaxy needs"),
        (
            ("runners:\n", "other:\n  - &r\n    a: {load: x}\nrunners: *r\nmore:\n"),
            "line 8: runners is an alias",
        ),
        (("  environments:\n", "  environments: &all\n"), "written in a way in which this edit would change"),
    ],
)
def test_a_file_that_is_not_in_order_is_refused(
    job_conf: Path, register: Register, change: tuple[str, str], because: str
) -> None:
    assert change[0] in ANCHORS
    job_conf.write_text(ANCHORS.replace(*change, 1) + ("spare: *all\n" if "&all" in change[1] else ""))
    assert because in refused(register, job_conf)


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (("</plugins>", "</plugin>"), "line 11, column 4: mismatched tag"),
        (("<handlers", "<<handlers"), "line 12, column 6: not well-formed (invalid token)"),
        (("id='slurm'", "id='local'"), "runners: local is there twice, in lines 7 and 8: remove one of them"),
        (("job_conf>", "conf>"), "mismatched tag"),
        (("<job_conf>", "<!-- Ansible managed --><job_conf>"), "line 4 says that something else writes it"),
        (("C</env>", "{{ c }}</env>"), "line 16 holds Jinja that was not rendered"),
        (('workers="4"', 'workers="four"'), "the workers of local are no number"),
    ],
)
def test_an_xml_file_that_is_not_in_order_is_refused(
    tmp_path: Path, register: Register, change: tuple[str, str], because: str
) -> None:
    path = tmp_path / "job_conf.xml"
    assert change[0] in ADVANCED_XML
    path.write_text(ADVANCED_XML.replace(*change, 1))
    assert because in refused(register, path)


@pytest.mark.parametrize(
    ("name", "content", "because"),
    [
        ("job_conf.yml", b"", "it is no mapping"),
        ("job_conf.yml", b"- 1\n", "it is no mapping"),
        ("job_conf.yml", b"runners: {}\n\xff\n", "line 2: it is not encoded in UTF-8"),
        ("job_conf.yml", b"runners: {}\na: \x01\n", "special characters are not allowed"),
        ("job_conf.yml.j2", b"runners: {}\n", "it is a template by its name"),
        ("galaxy.yml", b"galaxy: {brand: x}\n", "it has no job_config with anything in it"),
        ("job_conf.xml", BASIC_XML.encode("utf-16"), "it is encoded in UTF-16"),
        ("job_conf.xml", b"<toolbox/>", "it begins with toolbox, not with job_conf"),
        ("job_conf.xml", b"", "line 1, column 1: no element found"),
        ("job_conf.xml", b"<job_conf/>", "it is <job_conf/>, with no room for entries"),
        ("job_conf.xml", b"<job_conf><destinations default='a'/></job_conf>", "no room for entries"),
        ("job_conf.yml", b"{runners: {}}", "it is written in braces, where execution cannot be added"),
        (
            "job_conf.yml",
            b"runners: {}\nexecution: {}\n",
            "it is written in braces, where environments cannot",
        ),
    ],
)
def test_a_file_that_is_no_job_configuration_is_refused(
    tmp_path: Path, register: Register, name: str, content: bytes, because: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert because in refused(register, tmp_path / name)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, register: Register) -> None:
    assert "it does not exist" in refused(register, tmp_path / "job_conf.yml")


def test_from_a_file_that_is_not_there_nothing_is_removed(tmp_path: Path, register: Register) -> None:
    assert not register(tmp_path / "job_conf.yml", name="site1", state="absent")["changed"]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    arguments = {"path": str(tmp_path), "_ansible_remote_tmp": str(tmp_path), **rest()}
    assert "it cannot be read: Is a directory" in call(job_conf_endpoint.main, arguments)["msg"]


def test_a_file_that_must_not_be_written_is_refused(
    job_conf: Path, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, who may write everything."""
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(job_conf) or mode != os.W_OK)
    assert f"{job_conf} must not be written by the user" in refused(register, job_conf)


def test_an_endpoint_that_others_need_is_not_removed(job_conf: Path, register: Register) -> None:
    register(job_conf, **rest())
    text = job_conf.read_text()
    job_conf.write_text(text.replace("environment: large", "environment: site1-tag"))
    message = register(job_conf, succeeds=False, name="site1", state="absent")["msg"]
    assert "goes to site1-tag, which is not there: change that first" in message
    job_conf.write_text(text.replace("default: slurm_small", "default: site1"))
    message = register(job_conf, succeeds=False, name="site1", state="absent")["msg"]
    assert "the default environment is site1, which is not there" in message
    assert "limit environment_user" not in message


def test_a_tag_does_not_take_the_name_of_an_environment(job_conf: Path, register: Register) -> None:
    options = rest()
    options["environments"][0]["tags"].append("local")
    assert "local is an environment and a tag of site1 at once" in refused(register, job_conf, **options)


def test_the_only_environment_stays_the_default(
    tmp_path: Path, register: Register, galaxy_judge: GalaxyJudge
) -> None:
    """Galaxy takes the only one for the default, and refuses to choose among several."""
    for name, text in (("job_conf.yml", MINIMAL), ("job_conf.xml", BASIC_XML)):
        path = tmp_path / name.partition(".")[2] / name
        path.parent.mkdir()
        path.write_text(text)
        register(path, **rest())
        assert galaxy_judge.job_conf(path)["default"] == "local"


def test_a_mark_that_lost_its_counterpart_is_named(job_conf: Path, register: Register) -> None:
    register(job_conf, **rest())
    job_conf.write_text(job_conf.read_text().replace("  # end galaxyops.pulsar site1 runners\n", ""))
    line = line_of("# begin galaxyops.pulsar site1 runners", job_conf.read_text())
    assert f"line {line} is a mark of galaxyops.pulsar that stands alone" in refused(register, job_conf)


def test_the_place_that_galaxy_does_not_read_is_refused(tmp_path: Path, register: Register) -> None:
    job_conf, galaxy = tmp_path / "job_conf.yml", tmp_path / "galaxy.yml"
    job_conf.write_text(ANCHORS)
    galaxy.write_text(INLINE)
    assert f"it has no effect: Galaxy reads the job_config in {galaxy}" in refused(register, job_conf)
    warning = register(galaxy, **rest())["warnings"][-1]
    assert f"there is {job_conf} as well" in str(warning)
    galaxy.write_text("galaxy:\n  job_config_file: other/job_conf.yml\n")
    assert f"by {galaxy}, Galaxy reads {tmp_path}/other/job_conf.yml" in refused(register, job_conf)
    galaxy.write_text("galaxy: {config_dir: elsewhere}\n")
    assert register(job_conf, **rest())["changed"]
    galaxy.write_text("galaxy: [\n")
    message = register(job_conf, succeeds=False, **mq())["msg"]
    assert f"{galaxy}, which says where Galaxy's job configuration is: line 2" in message


def test_galaxys_own_configuration_may_be_elsewhere(tmp_path: Path, register: Register) -> None:
    (tmp_path / "etc").mkdir()
    galaxy, path = tmp_path / "etc" / "galaxy.yml", tmp_path / "jobs.yml"
    path.write_text(ANCHORS)
    galaxy.write_text("galaxy: {job_config_file: other.yml}\n")
    assert "it has no effect" in refused(register, path, galaxy_config=str(galaxy))
    galaxy.write_text("galaxy: {job_config_file: ../jobs.yml}\n")
    assert register(path, galaxy_config=str(galaxy), **rest())["changed"]
    assert "it does not exist" in refused(register, path, galaxy_config=str(tmp_path / "gone.yml"))


def test_an_xml_file_has_no_effect_beside_a_yaml_file(tmp_path: Path, register: Register) -> None:
    (tmp_path / "job_conf.yml").write_text(ANCHORS)
    (tmp_path / "job_conf.xml").write_text(ADVANCED_XML)
    assert "Galaxy does not read it unless told to" in refused(register, tmp_path / "job_conf.xml")
    (tmp_path / "galaxy.yml").write_text("galaxy: {job_config_file: job_conf.xml}\n")
    assert register(tmp_path / "job_conf.xml", **rest())["changed"]


def test_secrets_in_the_open_are_refused(job_conf: Path, register: Register) -> None:
    options = mq()
    options["runner"]["params"]["amqp_url"] = "pyamqp://galaxy:other-word@broker.example.org/x"
    assert "pulsar_site2: amqp_url holds a secret" in refused(register, job_conf, **options)
    options = rest()
    options["environments"][0]["params"]["private_token"] = "other-word"
    assert "site1: private_token holds a secret" in refused(register, job_conf, **options)


def test_without_pyyaml_it_is_said_what_to_install(
    job_conf: Path, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.module_utils.job_conf.yaml_library.yaml", None)
    assert "install the package python3-yaml" in refused(register, job_conf)


def test_xml_needs_no_pyyaml(tmp_path: Path, register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "job_conf.xml"
    path.write_text(BASIC_XML)
    monkeypatch.setattr("plugins.module_utils.job_conf.yaml_library.yaml", None)
    assert register(path, **rest())["changed"]


def test_what_xml_cannot_hold_is_refused(tmp_path: Path, register: Register) -> None:
    path = tmp_path / "job_conf.xml"
    path.write_text(BASIC_XML)
    options = rest()
    options["environments"][0]["params"]["file_actions"] = {"paths": []}
    assert "site1: file_actions has a structure that XML has no form for" in refused(
        register, path, **options
    )
    options["environments"][0]["params"]["file_actions"] = "\x01"
    assert "not well-formed" in refused(register, path, **options)


def test_the_options_are_documented() -> None:
    import yaml  # noqa: PLC0415 (of the tests alone)

    from plugins.doc_fragments.job_conf import ModuleDocFragment  # noqa: PLC0415 (the same)

    def names(options: dict[str, Any], key: str) -> Any:  # noqa: ANN401 (a tree)
        return {name: names(each.get(key) or {}, key) for name, each in options.items()}

    shared = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    own = yaml.safe_load(job_conf_endpoint.DOCUMENTATION)["options"]
    assert names({**shared, **own}, "suboptions") == names(job_conf_endpoint.ARGUMENTS, "options")


def test_all_endpoints_are_read_back_in_one_form(tmp_path: Path, register: Register) -> None:
    found = []
    for name, text in (("job_conf.yml", ANCHORS), ("job_conf.xml", ADVANCED_XML), ("galaxy.yml", INLINE)):
        path = tmp_path / name.partition(".")[2] / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        for options in (mq(), rest()):
            register(path, **options)
        result = call(job_conf_endpoint_info.main, {"path": str(path), "_ansible_remote_tmp": str(tmp_path)})
        assert not result["changed"]
        assert "problem" not in result
        found.append(sorted(result["endpoints"], key=lambda endpoint: str(endpoint["name"])))
    site1, site2 = found[0]
    assert (site1["name"], site1["runner"]["id"], site1["runner"]["workers"]) == ("site1", "pulsar_site1", 3)
    assert site1["environments"][0]["params"]["private_token"] == "********"
    assert [tool["id"] for tool in site1["tools"]] == ["site1_tool", "x/site1/"]
    assert site2["runner"]["params"]["amqp_url"] == "pyamqp://galaxy:********@broker.example.org:5671/site2"
    assert as_texts(found[0]) == as_texts(found[1]) == as_texts(found[2])


def as_texts(value: Any) -> Any:  # noqa: ANN401 (a tree)
    """Return a tree with texts for all scalars: XML has nothing else."""
    if isinstance(value, dict):
        return {key: as_texts(each) for key, each in value.items()}
    return [as_texts(each) for each in value] if isinstance(value, list) else str(value).lower()


def test_the_reader_says_when_galaxy_reads_something_else(tmp_path: Path) -> None:
    path = tmp_path / "job_conf.yml"
    path.write_text(ANCHORS + "  - {type: x}\n")
    (tmp_path / "galaxy.yml").write_text(INLINE)
    arguments = {"path": str(path), "_ansible_remote_tmp": str(tmp_path)}
    assert "it has no effect" in call(job_conf_endpoint_info.main, arguments)["problem"]
    path.write_text("runners: [\n")
    message = call(job_conf_endpoint_info.main, arguments)["msg"]
    assert message.startswith(f"{path} is no job configuration that can be read: line 2")
