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

#: Says who it is and what it was asked for, in place of a batch system's command.
_PROGRAM = """
echo "uid $(id -u)"; echo "groups $(id -G)"; echo "umask $(umask)"; echo "arguments $*"; echo "input $(cat)"
exec 3>&-
tr '\\0' '\\n' < /proc/$$/environ | sed 's/^/environment /'
exit 3
"""


def shell(program: str) -> list[str]:
    return ["/bin/sh", "-c", program, "program"]


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    staging = tmp_path / "staging"
    staging.mkdir()
    return staging


@pytest.fixture
def instance(staging: Path) -> dict[str, Any]:
    return {
        "agent": AGENT.pw_name,
        "staging": [str(staging)],
        "lowest_uid": 1000,
        "programs": {"sbatch": shell(_PROGRAM)},
        "environment": {"SLURM_CONF": "/etc/slurm.conf"},
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
    return {"action": action, "user": USER.pw_name, "directory": str(job), "program": "sbatch", **more}


def ask(instance: dict[str, Any], action: str, job: Path, **more: object) -> int:
    """Ask as the agent does; sudo tells who asks."""
    return grant([instance], str(AGENT.pw_uid), asked(action, job, **more))


def said(text: str) -> dict[str, list[str]]:
    """Return what the program said, by the first words of its lines."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        found.setdefault(word, []).append(rest)
    return found


def owners(job: Path) -> set[str]:
    return {place.owner() for place in (job, *job.rglob("*")) if not place.is_symlink()}


# --- what it does ------------------------------------------------------------------------------------------


def test_a_job_is_handed_over(instance: dict[str, Any], job: Path) -> None:
    assert ask(instance, "hand_over", job) == 0
    assert owners(job) == {USER.pw_name}


def test_a_program_runs_as_the_user_with_the_jobs_arguments_and_input(
    instance: dict[str, Any], job: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = ask(instance, "run", job, arguments=["--name", "a b", "$(id)"], input="#!/bin/sh\n")
    heard = said(capfd.readouterr().out)
    assert code == 3
    assert heard["uid"] == [str(USER.pw_uid)]
    assert heard["groups"] == [str(USER.pw_gid)]
    assert heard["arguments"] == ["--name a b $(id)"]
    assert heard["input"] == ["#!/bin/sh"]
    assert heard["umask"] == ["0007"]


def test_the_launcher_may_become_a_program_without_input(
    tmp_path: Path, instance: dict[str, Any], job: Path
) -> None:
    ended = call(tmp_path, instance, str(AGENT.pw_uid), json.dumps(asked("become", job, arguments=["x"])))
    heard = said(ended.stdout)
    assert ended.returncode == 3
    assert heard["uid"] == [str(USER.pw_uid)]
    assert heard["groups"] == [str(USER.pw_gid)]
    assert (heard["arguments"], heard["input"], heard["umask"]) == (["x"], [""], ["0007"])
    assert "environment SLURM_CONF=/etc/slurm.conf" in ended.stdout


def test_the_agent_reads_and_writes_on_by_its_group_and_nobody_else_does(
    instance: dict[str, Any], job: Path
) -> None:
    ask(instance, "hand_over", job)
    found = job.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o2770, AGENT.pw_gid)
    assert stat.S_IMODE((job / "working" / "deep" / "input").stat().st_mode) == 0o660


def test_the_program_sees_nothing_of_the_agents_environment(
    instance: dict[str, Any], job: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LD_PRELOAD_OF_THE_AGENT", "evil")
    ask(instance, "run", job)
    seen = dict(word.split("=", 1) for word in said(capfd.readouterr().out)["environment"])
    assert seen["HOME"] == USER.pw_dir
    assert seen["SLURM_CONF"] == "/etc/slurm.conf"
    assert set(seen) == {"HOME", "LOGNAME", "USER", "PATH", "SLURM_CONF"}


def test_programs_are_found_on_the_search_path_that_root_says(
    instance: dict[str, Any], job: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = "/opt/slurm/bin:/usr/bin:/bin"
    instance |= {"programs": {"sbatch": ["sh", "-c", 'echo "$PATH"']}, "environment": {"PATH": path}}
    assert ask(instance, "run", job) == 0
    assert capfd.readouterr().out == f"{path}\n"


def test_what_the_job_made_is_taken_back(instance: dict[str, Any], job: Path) -> None:
    ask(instance, "hand_over", job)
    made = job / "working" / "result"
    made.write_text("r")
    os.chown(made, USER.pw_uid, USER.pw_gid)
    ask(instance, "take_back", job)
    assert owners(job) == {AGENT.pw_name}


def test_a_program_that_a_signal_ends_has_a_shells_code(instance: dict[str, Any], job: Path) -> None:
    instance["programs"] = {"sbatch": shell("kill -TERM $$")}
    assert ask(instance, "run", job) == 128 + 15


def test_each_instance_has_programs_and_an_environment_of_its_own(
    instance: dict[str, Any], job: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = {**instance, "staging": [str(tmp_path / "other")], "programs": {}}
    assert grant([other, instance], str(AGENT.pw_uid), asked("run", job)) == 3
    with pytest.raises(RefusedError, match="'sbatch' is none of the programs"):
        grant([other, instance], str(AGENT.pw_uid), asked("run", tmp_path / "other" / "7"))
    assert "uid" in capfd.readouterr().out


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
    instance: dict[str, Any], job: Path, user: str, words: str
) -> None:
    for action in ("hand_over", "take_back", "run", "become"):
        with pytest.raises(RefusedError, match=words):
            ask(instance, action, job, user=user)
    assert owners(job) == {AGENT.pw_name}


@pytest.mark.parametrize(
    "place",
    ["/etc", "{staging}", "{staging}/", "{staging}/..", "{staging}/.", "{staging}/7/working", "7", ""],
)
def test_only_job_directories_change_hands(
    instance: dict[str, Any], job: Path, staging: Path, place: str
) -> None:
    for action in ("hand_over", "take_back", "run", "become"):
        with pytest.raises(RefusedError, match="no job's directory"):
            ask(instance, action, job, directory=place.format(staging=staging))


@pytest.mark.parametrize("program", ["bash", "/bin/bash", "", "sbatch "])
def test_no_other_program_runs(instance: dict[str, Any], job: Path, program: str) -> None:
    for action in ("run", "become"):
        with pytest.raises(RefusedError, match="is none of the programs in"):
            ask(instance, action, job, program=program)


def test_a_link_in_place_of_a_job_directory_is_not_followed(
    instance: dict[str, Any], staging: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.chown(elsewhere, AGENT.pw_uid, AGENT.pw_gid)
    (staging / "8").symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"Not a directory|symbolic"):
        ask(instance, "hand_over", staging / "8")
    assert elsewhere.owner() == AGENT.pw_name


def test_a_directory_of_somebody_else_is_left_alone(instance: dict[str, Any], job: Path) -> None:
    os.chown(job, 0, 0)
    with pytest.raises(RefusedError, match="belongs to somebody else"):
        ask(instance, "hand_over", job)
    assert job.owner() == "root"


def test_what_is_only_linked_from_the_job_stays_whose_it_is(
    instance: dict[str, Any], job: Path, tmp_path: Path
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
    ask(instance, "hand_over", job)
    assert (secret.owner(), stat.S_IMODE(secret.stat().st_mode)) == (AGENT.pw_name, 0o600)
    assert (roots.owner(), stat.S_IMODE(roots.stat().st_mode)) == ("root", 0o600)
    assert directory.owner() == AGENT.pw_name


@pytest.mark.parametrize("mode", [0o666, 0o664])
def test_a_configuration_that_others_may_write_is_not_believed(
    tmp_path: Path, instance: dict[str, Any], mode: int
) -> None:
    path = tmp_path / "launcher.json"
    path.write_text(json.dumps({"instances": [instance]}))
    path.chmod(mode)
    with pytest.raises(RefusedError, match="must belong to root"):
        launcher._instances(str(path))  # noqa: SLF001 - the program has no other way in
    path.chmod(0o644)
    os.chown(path, AGENT.pw_uid, 0)
    with pytest.raises(RefusedError, match="must belong to root"):
        launcher._instances(str(path))  # noqa: SLF001 - the same


@pytest.mark.parametrize("caller", [None, "0", str(USER.pw_uid)])
def test_only_the_agent_is_served(
    tmp_path: Path, instance: dict[str, Any], job: Path, caller: str | None
) -> None:
    ended = call(tmp_path, instance, caller, json.dumps(asked("hand_over", job)))
    assert ended.returncode == 1
    assert ended.stderr.startswith("pulsar-runtime-launcher: only the agents in ")
    assert owners(job) == {AGENT.pw_name}


@pytest.mark.parametrize("request_text", ["", "x", "[]", "{}", '{"action": "rm", "user": "nobody"}'])
def test_what_is_no_request_is_refused_in_one_line(
    tmp_path: Path, instance: dict[str, Any], request_text: str
) -> None:
    ended = call(tmp_path, instance, str(AGENT.pw_uid), request_text)
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("pulsar-runtime-launcher: ")


def call(
    directory: Path, instance: dict[str, Any], caller: str | None, text: str
) -> subprocess.CompletedProcess[str]:
    """Run the program as sudo does, with another configuration."""
    path = directory / "launcher.json"
    path.write_text(json.dumps({"instances": [instance]}))
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
