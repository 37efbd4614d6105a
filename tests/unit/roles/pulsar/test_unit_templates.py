"""The units, rendered as Ansible does it."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

import jinja2
import pytest

TEMPLATES = Path(__file__).parents[4] / "roles" / "pulsar" / "templates"
UNITS = sorted(
    path.name for path in TEMPLATES.glob("*.j2") if path.name.endswith(("service.j2", "socket.j2"))
)
SERVICES = ("agent.service.j2", "retention.service.j2", "web.service.j2")

#: What `systemd-analyze security` of 257 looks at, from systemd.exec(5) and systemd.resource-control(5).
DIRECTIVES = (
    "CapabilityBoundingSet",
    "DynamicUser",
    "IPAddressAllow",
    "IPAddressDeny",
    "LockPersonality",
    "MemoryDenyWriteExecute",
    "NoNewPrivileges",
    "PrivateDevices",
    "PrivateNetwork",
    "PrivateTmp",
    "PrivateUsers",
    "ProcSubset",
    "ProtectClock",
    "ProtectControlGroups",
    "ProtectHome",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "ProtectProc",
    "ProtectSystem",
    "RemoveIPC",
    "RestrictAddressFamilies",
    "RestrictNamespaces",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "SystemCallArchitectures",
    "SystemCallFilter",
    "UMask",
)


#: systemd.exec(5) of 252 on NoNewPrivileges; later ones imply less.
IMPLY_NO_NEW_PRIVILEGES = (
    "NoNewPrivileges|DynamicUser|LockPersonality|MemoryDenyWriteExecute|PrivateDevices|ProtectClock"
    "|ProtectHostname|ProtectKernel|RestrictAddressFamilies|RestrictNamespaces|RestrictRealtime"
    "|RestrictSUIDSGID|SystemCall(Architectures|Filter|Log)"
)


def render(name: str, *, system: bool = True, homes: tuple[str, ...] = (), **settings: object) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 (unit files)
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["regex_replace"] = lambda text, pattern, value: re.sub(pattern, value, text)
    instance = {
        "name": "pulsar",
        "prefix": "pulsar",
        "listen": "[::1]:8913",
        "config_file": "/srv/pulsar/config/app.yml",
        "open_files": 4096,
        "web_memory_max": "",
        "agent_memory_max": "",
        "writable": ["/data", "/state"],
        "real_users": False,
        "environment": [],
        **settings,
    }
    return environment.get_template(name).render(
        instance=instance,
        pulsar_group="galaxy",
        pulsar_root="/srv/pulsar",
        pulsar_user="runner",
        pulsar_venv_dir="/srv/pulsar/current",
        __pulsar_homes=homes,
        __pulsar_managed="managed",
        __pulsar_report={"host_name": "login1"},
        __pulsar_system=system,
    )


def section(unit: str, name: str) -> dict[str, str]:
    """Return the settings of a section; the last one counts where a directive is written twice."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign] # the documented way to keep the case
    parser.read_string(unit)
    return dict(parser[name])


@pytest.mark.parametrize("name", SERVICES)
def test_every_directive_of_the_sandbox_is_set_or_left_out_for_a_reason(name: str) -> None:
    unit = render(name)
    service = section(unit, "Service")
    reasons = "\n".join(line for line in unit.splitlines() if line.startswith("#"))
    missing = [each for each in DIRECTIVES if each not in service and not re.search(rf"\b{each}\b", reasons)]
    assert missing == []


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("system", [True, False])
def test_every_line_is_a_comment_a_section_or_a_setting(name: str, *, system: bool) -> None:
    """Jinja's blocks easily eat the end of a line."""
    unit = render(name, system=system)
    wrong = [line for line in unit.splitlines() if line and not re.fullmatch(r"#.*|\[\w+\]|\w+=.*", line)]
    assert wrong == []
    assert [
        line for line in unit.splitlines() if re.search(r"\S#|=\S*[a-z]=", line) and "=PULSAR" not in line
    ] == []


@pytest.mark.parametrize("name", SERVICES)
def test_services_run_as_the_user_of_the_server_where_root_starts_them(name: str) -> None:
    service = section(render(name), "Service")
    assert (service["User"], service["Group"]) == ("runner", "galaxy")
    assert "User" not in section(render(name, system=False), "Service")


@pytest.mark.parametrize("name", UNITS)
def test_units_of_a_home_directory_that_hosts_share_run_on_one_of_them(name: str) -> None:
    assert section(render(name, system=False), "Unit")["ConditionHost"] == "login1"
    assert "ConditionHost" not in section(render(name), "Unit")


def test_the_agent_has_its_variables_as_they_were_written() -> None:
    """Quoted as systemd.syntax(7) and systemd.exec(5) say."""
    unit = render("agent.service.j2", environment=["A=one two", 'B=100% of "C:\\d"'])
    assert [line for line in unit.splitlines() if line.startswith('Environment="')] == [
        'Environment="A=one two"',
        'Environment="B=100%% of \\"C:\\\\d\\""',
    ]


def test_jobs_outlive_the_agent() -> None:
    agent = section(render("agent.service.j2"), "Service")
    assert agent["KillMode"] == "process"
    assert agent["OOMPolicy"] == "continue"
    assert agent["TasksMax"] == "infinity"
    for vanishes_with_the_agent in ("PrivateTmp", "RemoveIPC", "RuntimeDirectory"):
        assert vanishes_with_the_agent not in agent


@pytest.mark.parametrize("name", SERVICES)
def test_an_agent_whose_jobs_run_as_their_users_may_run_sudo_and_nobody_else_may(name: str) -> None:
    service = section(render(name, real_users=True), "Service")
    implied = {each for each in service if re.match(IMPLY_NO_NEW_PRIVILEGES, each)}
    assert bool(implied) == (name != "agent.service.j2")


def test_an_agent_whose_jobs_run_as_their_users_has_every_directive_or_a_reason() -> None:
    unit = render("agent.service.j2", real_users=True)
    service = section(unit, "Service")
    reasons = "\n".join(line for line in unit.splitlines() if line.startswith("#"))
    assert [
        each for each in DIRECTIVES if each not in service and not re.search(rf"\b{each}\b", reasons)
    ] == []
    granted = " ".join(line for line in unit.splitlines() if line.startswith("CapabilityBoundingSet="))
    for needed in ("CHOWN", "FOWNER", "FSETID", "SETUID", "SETGID", "DAC_OVERRIDE", "AUDIT_WRITE"):
        assert f"CAP_{needed}" in granted


def test_the_web_server_writes_to_its_directories_and_nowhere_else() -> None:
    web = section(render("web.service.j2"), "Service")
    assert web["ProtectSystem"] == "strict"
    assert web["ReadWritePaths"] == "-/data -/state"
    assert web["ProtectHome"] == "yes"


def test_home_directories_are_open_for_reading_where_the_server_is_below_them() -> None:
    assert section(render("web.service.j2", homes=("/home/galaxy",)), "Service")["ProtectHome"] == "read-only"


@pytest.mark.parametrize(("name", "other"), [("web", "agent"), ("agent", "web")])
def test_each_process_has_the_limits_that_were_chosen_for_it(name: str, other: str) -> None:
    chosen: dict[str, Any] = {f"{name}_memory_max": "2G", "open_files": 123}
    limited = section(render(f"{name}.service.j2", **chosen), "Service")
    assert (limited["MemoryMax"], limited["LimitNOFILE"]) == ("2G", "123")
    assert "MemoryMax" not in section(render(f"{other}.service.j2", **chosen), "Service")


def test_the_socket_listens_where_the_server_would() -> None:
    assert section(render("web.socket.j2"), "Socket")["ListenStream"] == "[::1]:8913"
