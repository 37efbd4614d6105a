from __future__ import annotations

import grp
import json
import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MODULE = Path(__file__).parents[4] / "plugins" / "modules" / "pulsar_files.py"
ME = pwd.getpwuid(os.geteuid()).pw_name
SECRET = "password-that-nobody-may-see"


def lay_out(tmp: Path, *, check: bool = False, succeeds: bool = True, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    """Run the module as Ansible does; return its result, in which the secret must not be."""
    given = {
        **arguments,
        "_ansible_check_mode": check,
        "_ansible_diff": True,
        "_ansible_remote_tmp": str(tmp),
    }
    done = subprocess.run(
        [sys.executable, str(MODULE)],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert SECRET not in done.stdout + done.stderr
    assert (done.returncode == 0) is succeeds, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def whole(root: Path) -> dict[str, Any]:
    """Return a layout with one of everything."""
    return {
        "directories": [{"paths": [f"{root}", f"{root}/config"], "mode": "0750"}],
        "files": [
            {"path": f"{root}/config/open", "content": "a: 1\n", "mode": "0644"},
            {"path": f"{root}/config/closed", "secret": f"b: {SECRET}\n", "mode": "0600"},
        ],
        "links": [{"path": f"{root}/current", "target": f"{root}/one"}],
    }


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_everything_is_laid_out_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "root"
    first = lay_out(tmp_path, **whole(root))
    assert first["paths"] == [
        str(root / name) for name in ("", "config", "config/open", "config/closed", "current")
    ]
    assert (mode(root / "config"), mode(root / "config/open"), mode(root / "config/closed")) == (
        0o750,
        0o644,
        0o600,
    )
    assert (root / "config/closed").read_text() == f"b: {SECRET}\n"
    assert os.readlink(root / "current") == f"{root}/one"
    second = lay_out(tmp_path, **whole(root))
    assert (second["changed"], second["paths"], second["diff"]) == (False, [], [])


def test_a_dry_run_says_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "root"
    arguments = {**whole(root), "absent": [str(tmp_path)]}
    assert lay_out(tmp_path, check=True, **arguments)["paths"] == [
        *(str(root / name) for name in ("", "config", "config/open", "config/closed", "current")),
        str(tmp_path),
    ]
    assert not root.exists()


def test_a_dry_run_on_a_bare_host_knows_no_accounts_yet(tmp_path: Path) -> None:
    """The role makes them first, but not in a dry run."""
    (tmp_path / "there").mkdir()
    directories = [{"paths": [f"{tmp_path}/there"], "mode": "0750", "owner": "nobody-has-this-name"}]
    assert lay_out(tmp_path, check=True, directories=directories)["changed"] is False
    assert "nobody-has-this-name" in lay_out(tmp_path, succeeds=False, directories=directories)["msg"]


def test_the_difference_of_a_file_is_shown_and_that_of_a_secret_is_not(tmp_path: Path) -> None:
    (tmp_path / "open").write_text("a: 0\n")
    files = [
        {"path": f"{tmp_path}/open", "content": "a: 1\n", "mode": "0644"},
        {"path": f"{tmp_path}/closed", "secret": SECRET, "mode": "0600"},
    ]
    shown, hidden = lay_out(tmp_path, files=files)["diff"]
    assert (shown["before"], shown["after"]) == ("a: 0\n", "a: 1\n")
    assert (hidden["before"], hidden["after"]) == ("", "(the content is not shown)\n")


@pytest.mark.parametrize("check", [False, True])
def test_a_file_that_is_refused_leaves_all_as_they_were(tmp_path: Path, *, check: bool) -> None:
    (tmp_path / "first").write_text("old\n")
    files = [
        {"path": f"{tmp_path}/first", "content": "new\n", "mode": "0644"},
        {
            "path": f"{tmp_path}/second",
            "content": "wrong\n",
            "mode": "0644",
            "validate": ["/bin/sh", "-c", "echo not in $1 >&2; ! grep -q wrong $1", "-", "%s"],
        },
    ]
    result = lay_out(tmp_path, check=check, succeeds=False, files=files)
    assert result["msg"] == (
        f"{tmp_path}/second was refused and nothing was changed: not in {tmp_path}/second"
    )
    assert (tmp_path / "first").read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_a_dry_run_does_not_miss_a_validator_that_is_not_installed_yet(tmp_path: Path) -> None:
    file = {
        "path": f"{tmp_path}/new",
        "content": "",
        "mode": "0644",
        "validate": [f"{tmp_path}/program", "%s"],
    }
    assert lay_out(tmp_path, check=True, files=[file])["changed"] is True


def test_attributes_that_were_changed_are_corrected(tmp_path: Path) -> None:
    root = tmp_path / "root"
    lay_out(tmp_path, **whole(root))
    (root / "config").chmod(0o777)
    (root / "config/closed").chmod(0o644)
    assert lay_out(tmp_path, **whole(root))["paths"] == [f"{root}/config", f"{root}/config/closed"]
    assert (mode(root / "config"), mode(root / "config/closed")) == (0o750, 0o600)


def test_owners_are_those_that_were_asked_for(tmp_path: Path) -> None:
    group = grp.getgrgid(os.getegid()).gr_name
    file = {"path": f"{tmp_path}/file", "content": "", "mode": "0640", "owner": ME, "group": group}
    assert lay_out(tmp_path, files=[file])["changed"] is True
    assert lay_out(tmp_path, files=[file])["changed"] is False
    assert (tmp_path / "file").owner() == ME


def test_a_directory_that_is_missing_for_a_file_is_made(tmp_path: Path) -> None:
    lay_out(tmp_path, files=[{"path": f"{tmp_path}/deep/down/file", "content": "", "mode": "0644"}])
    assert (tmp_path / "deep/down/file").exists()


def test_what_is_to_be_absent_is_removed_with_everything_in_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(outside)
    absent = [f"{tmp_path}/{name}" for name in ("tree", "link", "never-there")]
    assert lay_out(tmp_path, absent=absent)["paths"] == absent[:2]
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]


def test_a_link_is_moved_from_one_target_to_the_other(tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "one")
    (tmp_path / "current.pulsar-new").symlink_to("left by an interrupted run")
    result = lay_out(tmp_path, links=[{"path": str(link), "target": f"{tmp_path}/two"}])
    assert result["diff"][0]["after"] == f"{tmp_path}/two\n"
    assert os.readlink(link) == f"{tmp_path}/two"


def test_a_file_that_cannot_be_written_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "first").write_text("old\n")
    files = [
        {"path": f"{tmp_path}/first", "content": "new\n", "mode": "0644"},
        {"path": f"{tmp_path}/first/second", "content": "new\n", "mode": "0644"},
    ]
    result = lay_out(tmp_path, succeeds=False, files=files)
    assert "no file was replaced" in result["msg"]
    assert (tmp_path / "first").read_text() == "old\n"


@pytest.mark.parametrize("given", [{}, {"content": "", "secret": ""}])
def test_a_file_has_a_content_or_a_secret(tmp_path: Path, given: dict[str, str]) -> None:
    file = {"path": f"{tmp_path}/file", "mode": "0644", **given}
    assert "content" in lay_out(tmp_path, succeeds=False, files=[file])["msg"]
