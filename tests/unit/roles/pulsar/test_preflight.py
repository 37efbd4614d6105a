from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roles.pulsar.files import preflight


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def instance(directory: Path, port: int, **settings: object) -> dict[str, Any]:
    """Describe an instance as the role does, as far as preflight looks at it."""
    return {
        "name": "pulsar",
        "prefix": "pulsar",
        "state": "started",
        "transport": "http",
        "outdated": [str(directory / "broker_url")],
        "host": "127.0.0.1",
        "port": port,
        "listen": f"127.0.0.1:{port}",
        "config_dir": str(directory),
        "staging_dir": str(directory),
        "persistence_dir": str(directory),
        "endpoint_file": str(directory / "endpoint.json"),
        "token_file": str(directory / "private_token"),
        "program": str(directory / "pulsar-service"),
        **settings,
    }


def test_an_old_python_is_named_with_what_is_needed() -> None:
    assert preflight.python_problems((3, 9)) == [
        f"{sys.executable} is Python 3.9: set pulsar_python to Python 3.11 or later"
    ]


def test_the_oldest_python_that_the_runtime_accepts_is_accepted() -> None:
    pyproject = Path(__file__).parents[4] / "runtime" / "pyproject.toml"
    assert (
        f'requires-python = ">={preflight.OLDEST_PYTHON[0]}.{preflight.OLDEST_PYTHON[1]}"'
        in pyproject.read_text()
    )
    assert preflight.python_problems(preflight.OLDEST_PYTHON) == []


def test_directories_that_can_be_made_are_no_problem(tmp_path: Path) -> None:
    assert preflight.directory_problems([tmp_path, tmp_path / "deep" / "down"]) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "pulsar").write_text("")
    problems = preflight.directory_problems([tmp_path / "pulsar" / "config"])
    assert problems == [f"{tmp_path}/pulsar/config cannot be made: {tmp_path}/pulsar is not a directory"]


def test_a_directory_closed_to_this_user_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # noqa: ARG005 (the tests may run as root)
    problems = preflight.directory_problems([tmp_path / "config"])
    assert problems == [
        f"this user may not write to {tmp_path}: let it, or set pulsar_root to a directory where it may"
    ]


def test_a_free_port_is_no_problem(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    assert preflight.address_problems(instance(tmp_path, free)) == []


def test_a_taken_port_is_named(tmp_path: Path, taken_port: int) -> None:
    assert preflight.address_problems(instance(tmp_path, taken_port)) == [
        f"port {taken_port} of 127.0.0.1 is taken by another program: stop it, or choose another pulsar_port"
    ]


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    """192.0.2.0/24 is kept for documentation (RFC 5737): it is nobody's address."""
    (problem,) = preflight.address_problems(instance(tmp_path, 8913, host="192.0.2.1"))
    assert problem.startswith("nothing can listen at 192.0.2.1:8913: ")
    assert problem.endswith(": set pulsar_host and pulsar_port")


@pytest.mark.parametrize(
    ("described", "exit_code", "ours"),
    [("127.0.0.1:1", 0, True), ("127.0.0.1:1", 3, False), ("127.0.0.1:2", 0, False)],
    ids=["running", "stopped", "running elsewhere"],
)
@pytest.mark.parametrize("form", ["system", "user", "script"])
def test_our_own_server_is_known_by_its_descriptor_and_by_what_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, described: str, exit_code: int, *, ours: bool
) -> None:
    (tmp_path / "endpoint.json").write_text(json.dumps({"listen": described}))
    for program in ("pulsar-service", "systemctl"):
        (tmp_path / program).write_text(f"#!/bin/sh\nexit {exit_code}\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert preflight.runs_already(instance(tmp_path, 1), form) is ours


def test_nothing_of_ours_runs_where_nothing_was_deployed(tmp_path: Path) -> None:
    assert preflight.runs_already(instance(tmp_path, 1), "script") is False


def test_a_linux_that_is_too_old_is_named() -> None:
    assert preflight.kernel_problems("5.5.19-generic") == [
        "this host runs Linux 5.5.19-generic: the server needs 5.6 or later"
    ]
    assert preflight.kernel_problems("5.6.0") == preflight.kernel_problems("6.12-rc1") == []


def test_a_disk_that_is_too_small_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(0, 0, 5 << 20))  # noqa: ARG005, SLF001
    (problem,) = preflight.disk_problems(tmp_path / "pulsar")
    assert problem == (
        f"{tmp_path}/pulsar has 5 MB free, and a release needs 300 MB: make room, or set pulsar_root to a "
        "larger disk"
    )


@pytest.mark.parametrize(
    ("directory", "kind"),
    [("/home/alice/files", "nfs4"), ("/home/bob", "lustre"), ("/homework", None), ("/mnt/a b/c", "beegfs")],
)
def test_a_job_store_on_a_network_file_system_is_refused(
    tmp_path: Path, directory: str, kind: str | None
) -> None:
    """The file is as proc(5) has it: the mount that is nearest to the directory counts."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/vda1 / ext4 rw 0 0\nserver:/h /home nfs4 rw 0 0\n"
        "l /home/bob lustre rw 0 0\nb /mnt/a\\040b fuse.beegfs rw 0 0\n"
    )
    problems = preflight.network_disk_problems(Path(directory), mounts)
    assert problems == (
        [f"{directory} is on {kind}: set pulsar_persistence_dir to a directory on a local disk"]
        if kind
        else []
    )


def test_missing_accounts_are_named_with_the_cure() -> None:
    assert preflight.account_problems("nobody-has-this-name", "root") == [
        "pulsar_user nobody-has-this-name does not exist: make it, or set pulsar_create_user to true"
    ]


def test_other_releases_are_listed_from_the_latest_to_those_that_were_never_complete(tmp_path: Path) -> None:
    for name, seconds in (("old", 1), ("latest", 3), ("new", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "complete").touch()
        os.utime(tmp_path / name / "complete", (seconds, seconds))
    (tmp_path / "broken").mkdir()
    assert preflight.other_releases(tmp_path, "latest") == ["new", "old", "broken"]
    assert preflight.other_releases(tmp_path / "nowhere", "latest") == []


def test_a_token_is_reported_by_the_hash_of_its_text(tmp_path: Path) -> None:
    """From `printf secret | sha256sum`: a newline at the end of the file is not part of the token."""
    token = tmp_path / "token"
    assert preflight.token_hash(token) == ""
    token.write_text("secret\n")
    assert preflight.token_hash(token) == "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
    assert not preflight.token_is_empty(token)
    token.write_text("\n")
    assert preflight.token_is_empty(token)


def question(directory: Path, port: int, **settings: object) -> dict[str, Any]:
    return {
        "form": "script",
        "state": "started",
        "root": str(directory),
        "user": "pulsar",
        "group": "pulsar",
        "create_user": True,
        "release": "1-py{python}-abc",
        "instances": [instance(directory, port)],
        "launcher": {"needed": False, "files": [str(directory / "launcher")]},
        **settings,
    }


def ask(question: dict[str, Any]) -> dict[str, Any]:
    answer = subprocess.run(
        [sys.executable, preflight.__file__, json.dumps(question)], check=True, capture_output=True
    )
    report: dict[str, Any] = json.loads(answer.stdout)
    return report


def test_every_problem_is_reported_at_once(tmp_path: Path, taken_port: int) -> None:
    (tmp_path / "private_token").touch()
    report = ask(question(tmp_path, taken_port))
    assert [problem.split(maxsplit=1)[0] for problem in report["problems"]] == [
        f"{tmp_path}/private_token",
        "port",
    ]


def test_a_server_at_a_broker_needs_neither_port_nor_token(tmp_path: Path, taken_port: int) -> None:
    (tmp_path / "private_token").touch()
    by_broker = instance(tmp_path, taken_port, transport="amqp")
    assert ask(question(tmp_path, taken_port, instances=[by_broker]))["problems"] == []


def test_the_report_names_what_another_transport_has_left(tmp_path: Path, taken_port: int) -> None:
    assert ask(question(tmp_path, taken_port))["outdated"] == []
    (tmp_path / "broker_url").touch()
    assert ask(question(tmp_path, taken_port))["outdated"] == [str(tmp_path / "broker_url")]


def test_the_report_names_a_launcher_that_is_not_needed_any_more(tmp_path: Path, taken_port: int) -> None:
    assert ask(question(tmp_path, taken_port))["launcher"] is False
    (tmp_path / "launcher").touch()
    assert ask(question(tmp_path, taken_port))["outdated"] == [str(tmp_path / "launcher")]
    needed = {"needed": True, "files": [str(tmp_path / "launcher")]}
    report = ask(question(tmp_path, taken_port, launcher=needed))
    assert (report["outdated"], report["launcher"]) == ([], True)


def test_root_runs_the_launcher_with_no_python_that_others_can_change(tmp_path: Path) -> None:
    assert preflight.launcher_problems(Path("/bin/sh")) == []
    changeable = tmp_path / "python"
    changeable.touch()
    changeable.chmod(0o777)
    (problem,) = preflight.launcher_problems(changeable)
    assert problem.startswith(f"{changeable} can be changed by others than root: set pulsar_python ")


def test_what_is_to_be_removed_need_not_be_fit_to_run(tmp_path: Path, taken_port: int) -> None:
    assert ask(question(tmp_path, taken_port, state="absent"))["problems"] == []


def test_the_report_names_the_release_and_the_wheels_for_this_python(tmp_path: Path, taken_port: int) -> None:
    report = ask(question(tmp_path, taken_port))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert report["release"] == f"1-py{version}-abc"
    assert report["wheels"].startswith(f"py{version}-{os.uname().machine}-")
    assert report["installed"] is False
    (tmp_path / "releases" / report["release"]).mkdir(parents=True)
    (tmp_path / "releases" / report["release"] / "complete").touch()
    assert ask(question(tmp_path, taken_port))["installed"] is True


def test_the_wrong_user_for_a_form_is_told_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "service_manager_problems", list)
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    (problem,) = preflight.form_problems(question(tmp_path, 1, form="system"))
    assert "set become to true" in problem
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (problem,) = preflight.form_problems(question(tmp_path, 1, form="user"))
    assert "this user is root" in problem


def test_a_user_who_cannot_linger_is_told_whom_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (problem,) = preflight.linger_problems("alice-of-nowhere")
    assert problem.startswith("services of alice-of-nowhere end with the session: have an administrator")
    assert "'loginctl enable-linger alice-of-nowhere', or set pulsar_service to script" in problem
    (tmp_path / "pkcheck").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "pkcheck").chmod(0o755)
    assert preflight.linger_problems("alice-of-nowhere") == []
