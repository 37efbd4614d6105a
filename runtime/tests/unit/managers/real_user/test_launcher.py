"""What the launcher does as root, and what it refuses to do."""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pulsar_runtime.managers.real_user import launcher
from pulsar_runtime.managers.real_user.launcher import RefusedError, grant
from runtime.tests.bad_input.root_only import root_only

pytestmark = root_only

#: Two users that every Debian has; neither can be any of the test's own files' owner.
AGENT, USER = pwd.getpwnam("daemon"), pwd.getpwnam("nobody")

#: Says who it is and what it was asked for, in place of a batch system's library.
_PROGRAM = """
request=$(cat)
environment=$(tr '\\0' ' ' < /proc/$$/environ)
printf '{"number": "7", "uid": %s, "groups": "%s", "environment": "%s", "request": %s}' \\
    "$(id -u)" "$(id -G)" "$environment" "$request"
"""


def shell(program: str) -> list[str]:
    return ["/bin/sh", "-c", program]


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    staging = tmp_path / "staging"
    staging.mkdir()
    return staging


@pytest.fixture
def configuration(staging: Path) -> dict[str, Any]:
    return {
        "agent": AGENT.pw_name,
        "staging": [str(staging)],
        "lowest_uid": 1000,
        "program": shell(_PROGRAM),
        "environment": {"SGE_ROOT": "/var/lib/gridengine"},
    }


@pytest.fixture
def job(staging: Path) -> Path:
    """Make a job's directory as the agent has it."""
    job = staging / "7"
    (job / "working" / "deep").mkdir(parents=True)
    (job / "command.sh").write_text("#!/bin/bash\n")
    (job / "command.sh").chmod(0o700)
    (job / "working" / "deep" / "input").write_text("x")
    (job / "working" / "deep" / "input").chmod(0o600)
    for place in (job, *job.rglob("*")):
        os.chown(place, AGENT.pw_uid, AGENT.pw_gid)
    job.chmod(0o700)
    return job


def asked(action: str, job: Path, **more: object) -> dict[str, Any]:
    request = {"action": action, "user": USER.pw_name, "directory": str(job), **more}
    return {"attributes": {"wd": "x"}, "arguments": ["-c"], **request} if action == "submit" else request


def owners(job: Path) -> set[str]:
    return {place.owner() for place in (job, *job.rglob("*")) if not place.is_symlink()}


# --- what it does ------------------------------------------------------------------------------------------


def test_a_job_is_handed_over_and_submitted_as_its_user(configuration: dict[str, Any], job: Path) -> None:
    answer = grant(configuration, AGENT, asked("submit", job))
    assert answer["number"] == "7"
    assert answer["uid"] == USER.pw_uid
    assert answer["groups"].split() == [str(USER.pw_gid)]
    assert answer["request"] == {"attributes": {"wd": "x"}, "arguments": ["-c"]}
    assert owners(job) == {USER.pw_name}


def test_the_agent_reads_and_writes_on_by_its_group_and_nobody_else_does(
    configuration: dict[str, Any], job: Path
) -> None:
    grant(configuration, AGENT, asked("submit", job))
    found = job.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o2770, AGENT.pw_gid)
    assert stat.S_IMODE((job / "working" / "deep" / "input").stat().st_mode) == 0o660


def test_the_program_sees_nothing_of_the_agents_environment(
    configuration: dict[str, Any], job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_PRELOAD_OF_THE_AGENT", "evil")
    words = grant(configuration, AGENT, asked("submit", job))["environment"].split()
    seen = dict(word.split("=", 1) for word in words)
    assert seen["HOME"] == USER.pw_dir
    assert seen["SGE_ROOT"] == "/var/lib/gridengine"
    assert set(seen) == {"HOME", "LOGNAME", "USER", "PATH", "SGE_ROOT"}


def test_what_the_job_made_is_taken_back(configuration: dict[str, Any], job: Path) -> None:
    grant(configuration, AGENT, asked("submit", job))
    made = job / "working" / "result"
    made.write_text("r")
    os.chown(made, USER.pw_uid, USER.pw_gid)
    grant(configuration, AGENT, asked("take_back", job))
    assert owners(job) == {AGENT.pw_name}


def test_a_job_that_is_not_taken_is_given_back_at_once(configuration: dict[str, Any], job: Path) -> None:
    refusal = {"refused": "unknown queue", "transient": False}
    program = shell(f"echo '{json.dumps(refusal)}'")
    assert grant({**configuration, "program": program}, AGENT, asked("submit", job)) == refusal
    assert owners(job) == {AGENT.pw_name}


def test_a_program_that_cannot_speak_is_a_refusal_with_its_words(
    configuration: dict[str, Any], job: Path
) -> None:
    program = shell("echo no library >&2; exit 3")
    with pytest.raises(RefusedError, match="no library"):
        grant({**configuration, "program": program}, AGENT, asked("submit", job))
    assert owners(job) == {AGENT.pw_name}


# --- what it refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("root", "jobs cannot run as root"),
        ("no-such-user", "there is no user 'no-such-user'"),
        ("bin", "a system's user"),
        (AGENT.pw_name, "a system's user"),
        ("", "there is no user"),
        ("nobody; id", "there is no user"),
    ],
)
def test_no_job_runs_as_somebody_it_must_not(
    configuration: dict[str, Any], job: Path, user: str, words: str
) -> None:
    for action in ("submit", "take_back", "terminate"):
        with pytest.raises(RefusedError, match=words):
            grant(configuration, AGENT, asked(action, job, user=user, number="7"))
    assert owners(job) == {AGENT.pw_name}


@pytest.mark.parametrize(
    "place",
    ["/etc", "{staging}", "{staging}/", "{staging}/..", "{staging}/.", "{staging}/7/working", "7", ""],
)
def test_only_job_directories_change_hands(
    configuration: dict[str, Any], job: Path, staging: Path, place: str
) -> None:
    request = asked("submit", job, directory=place.format(staging=staging))
    with pytest.raises(RefusedError, match="no job's directory"):
        grant(configuration, AGENT, request)


def test_a_link_in_place_of_a_job_directory_is_not_followed(
    configuration: dict[str, Any], staging: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.chown(elsewhere, AGENT.pw_uid, AGENT.pw_gid)
    (staging / "8").symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"Not a directory|symbolic"):
        grant(configuration, AGENT, asked("submit", staging / "8"))
    assert elsewhere.owner() == AGENT.pw_name


def test_a_directory_of_somebody_else_is_left_alone(configuration: dict[str, Any], job: Path) -> None:
    os.chown(job, 0, 0)
    with pytest.raises(RefusedError, match="belongs to somebody else"):
        grant(configuration, AGENT, asked("submit", job))
    assert job.owner() == "root"


def test_what_is_only_linked_from_the_job_stays_whose_it_is(
    configuration: dict[str, Any], job: Path, tmp_path: Path
) -> None:
    secret, directory, roots = tmp_path / "secret", tmp_path / "directory", tmp_path / "roots"
    for place in (secret, roots):
        place.write_text("s")
        place.chmod(0o600)
    directory.mkdir()
    for place in (secret, directory):
        os.chown(place, AGENT.pw_uid, AGENT.pw_gid)
    (job / "hard").hardlink_to(secret)
    (job / "roots").hardlink_to(roots)
    (job / "soft").symlink_to(secret)
    (job / "tree").symlink_to(directory)
    grant(configuration, AGENT, asked("submit", job))
    assert (secret.owner(), stat.S_IMODE(secret.stat().st_mode)) == (AGENT.pw_name, 0o600)
    assert (roots.owner(), stat.S_IMODE(roots.stat().st_mode)) == ("root", 0o600)
    assert directory.owner() == AGENT.pw_name


@pytest.mark.parametrize("mode", [0o666, 0o664])
def test_a_configuration_that_others_may_write_is_not_believed(
    tmp_path: Path, configuration: dict[str, Any], mode: int
) -> None:
    path = tmp_path / "launcher.json"
    path.write_text(json.dumps(configuration))
    path.chmod(mode)
    with pytest.raises(RefusedError, match="must belong to root"):
        launcher._configuration(str(path))  # noqa: SLF001 - the program has no other way in
    path.chmod(0o644)
    os.chown(path, AGENT.pw_uid, 0)
    with pytest.raises(RefusedError, match="must belong to root"):
        launcher._configuration(str(path))  # noqa: SLF001 - the same


@pytest.mark.parametrize("caller", [None, "0", str(USER.pw_uid)])
def test_only_the_agent_is_served(
    tmp_path: Path, configuration: dict[str, Any], job: Path, caller: str | None
) -> None:
    path = tmp_path / "launcher.json"
    path.write_text(json.dumps(configuration))
    ended = call(path, caller, json.dumps(asked("submit", job)))
    assert ended.returncode == 1
    assert json.loads(ended.stdout) == {"refused": f"only {AGENT.pw_name} may ask"}
    assert owners(job) == {AGENT.pw_name}


@pytest.mark.parametrize("request_text", ["", "x", "[]", "{}", '{"action": "rm", "user": "nobody"}'])
def test_what_is_no_request_is_refused_in_one_line(
    tmp_path: Path, configuration: dict[str, Any], request_text: str
) -> None:
    path = tmp_path / "launcher.json"
    path.write_text(json.dumps(configuration))
    ended = call(path, str(AGENT.pw_uid), request_text)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "refused" in json.loads(ended.stdout)


def call(path: Path, caller: str | None, text: str) -> subprocess.CompletedProcess[str]:
    """Run the program as sudo does, with another configuration."""
    program = (
        f"import sys; from runpy import run_path; m = run_path({launcher.__file__!r}); "
        f"m['main'].__globals__['CONFIGURATION'] = {str(path)!r}; sys.exit(m['main']())"
    )
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        input=text,
        capture_output=True,
        text=True,
        env={} if caller is None else {"SUDO_UID": caller},
        timeout=20,
        check=False,
    )
