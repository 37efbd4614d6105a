"""A script that is started again begins from what its first start found (protocol section 8.3, step 9)."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.tests.unit.managers.scripted_job import ENVIRONMENT, ScriptedJob

_RESTORED = ("working", "outputs", "configs")

#: Names as the kernel takes them: all bytes but the slash and NUL, not only text.
_NAMES = st.one_of(
    st.sampled_from(
        [b".hidden", b"..twice", b"...", b"-rf", b"*", b"new\nline", "\u00e9 \u2713".encode(), b"\xff"]
    ),
    st.binary(min_size=1, max_size=8).filter(
        lambda name: not {0, ord("/")} & set(name) and name not in (b".", b"..")
    ),
)
#: A file (its bytes), a symbolic link (its target), or a directory (its entries).
_ENTRIES = st.recursive(
    st.binary(max_size=20) | st.sampled_from(["nowhere", "..", "/etc/passwd"]),
    lambda entries: st.dictionaries(_NAMES, entries, max_size=3),
    max_leaves=5,
)
_DIRECTORIES = st.fixed_dictionaries(
    {name: st.dictionaries(_NAMES, _ENTRIES, max_size=3) for name in _RESTORED}
)

#: What a first command may do to each of the three directories before it is interrupted.
_MUTATIONS = {
    "removes it": "rm -rf $d",
    "replaces it by a link": "mv $d moved.$d; ln -s moved.$d $d",
    "replaces it by a file": "rm -rf $d; : > $d",
    "adds to it": "mkdir -p $d/.new; : > $d/.new/file; ln -s / $d/..link",
    "writes into every file": "find $d -type f -exec sh -c 'for f; do echo x >> \"$f\"; done' - {} +",
    "closes it": "chmod -R a-rwx $d",
}


def _plant(directory: Path, tree: dict[bytes, object]) -> None:
    for name, entry in tree.items():
        path = directory / os.fsdecode(name)
        match entry:
            case bytes():
                path.write_bytes(entry)
            case str():
                path.symlink_to(entry)
            case dict():
                path.mkdir()
                _plant(path, entry)
            case _:
                pytest.fail(f"not an entry: {entry!r}")


def _look(path: Path) -> object:
    """Return all that can be told about *path*: its kind, mode, contents and time of change."""
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if path.is_symlink():
        return ("link", path.readlink())
    if path.is_file():
        return ("file", mode, status.st_mtime_ns, path.read_bytes())
    return ("directory", mode, {entry.name: _look(entry) for entry in path.iterdir()})


def _look_at(job: ScriptedJob) -> dict[str, object]:
    return {name: _look(job.directory / name) for name in _RESTORED}


@pytest.mark.parametrize("mutation", _MUTATIONS.values(), ids=_MUTATIONS.keys())
@settings(max_examples=12, deadline=None)
@example(
    planted={"working": {b".only": b""}, "outputs": {b"link": "nowhere"}, "configs": {b"a": {b"empty": {}}}}
)
@given(planted=_DIRECTORIES)
def test_a_rerun_starts_as_the_first_start_did(
    mutation: str, planted: dict[str, dict[bytes, object]]
) -> None:
    """The first command changes everything and is killed; the second finds what the first found."""
    with tempfile.TemporaryDirectory() as directory:
        job = ScriptedJob.create(Path(directory) / "job")
        for name, tree in planted.items():
            _plant(job.directory / name, tree)
        before = _look_at(job)
        interrupted = f"cd ..; for d in {' '.join(_RESTORED)}; do {mutation}; done; kill -KILL $$"
        job.write(f"if [[ -e ../marked ]]; then (exit 3); else : > ../marked; {interrupted}; fi")
        assert job.start().returncode == -9
        again = job.start()
        assert (again.returncode, again.stdout, again.stderr) == (3, "", "")
        assert _look_at(job) == before


def test_only_directories_that_hold_something_are_copied(job: ScriptedJob) -> None:
    (job.directory / "configs" / "given").write_text("text", encoding="ascii")
    assert job.run("true").returncode == 0
    copies = list(job.directory.glob("*.orig"))
    assert [path.name for path in copies] == ["configs.orig"]
    assert (copies[0] / "given").read_text(encoding="ascii") == "text"


def test_a_rerun_does_not_find_the_return_code_of_the_start_before(job: ScriptedJob) -> None:
    for _start in ("first", "again"):
        assert job.run("[[ ! -e ../return_code ]]").returncode == 0
        assert job.return_code == "0\n"


def test_directories_without_a_copy_come_back_as_open_or_closed_as_the_job_directory(
    job: ScriptedJob,
) -> None:
    job.directory.chmod(0o770)
    for name in _RESTORED:
        (job.directory / name).chmod(0o770)
    for _start in ("first", "again"):
        assert job.run("touch made").returncode == 0
    assert stat.S_IMODE((job.directory / "working").stat().st_mode) == 0o770


def _interrupting_cp(directory: Path) -> dict[str, str]:
    """Return an environment whose ``cp`` begins its work, kills the script and ends."""
    directory.mkdir()
    cp = directory / "cp"
    cp.write_text(
        '#!/bin/bash\nmkdir -p -- "${@: -1}"; : > "${@: -1}/half"; kill -KILL $PPID\n', encoding="ascii"
    )
    cp.chmod(0o755)
    return {**ENVIRONMENT, "PATH": f"{directory}:{ENVIRONMENT['PATH']}"}


def test_a_copy_that_was_cut_off_is_made_again(job: ScriptedJob, tmp_path: Path) -> None:
    given = job.directory / "working" / "given"
    given.write_text("text", encoding="ascii")
    before = _look_at(job)
    job.write("[[ $(< given) == text ]] && echo changed > given && touch new")
    assert job.start(_interrupting_cp(tmp_path / "bin")).returncode == -9
    assert given.exists()
    assert job.start().returncode == 0
    assert given.read_text(encoding="ascii") == "changed\n"
    assert job.start().returncode == 0
    job.write("true")
    assert job.start().returncode == 0
    assert _look_at(job) == before


def test_a_restoration_that_was_cut_off_is_made_again(job: ScriptedJob, tmp_path: Path) -> None:
    given = job.directory / "working" / "given"
    given.write_text("text", encoding="ascii")
    before = _look_at(job)
    job.write("[[ $(< given) == text ]] && echo changed > given")
    assert job.start().returncode == 0
    assert job.start(_interrupting_cp(tmp_path / "bin")).returncode == -9
    job.write("[[ $(< given) == text ]]")
    assert job.start().returncode == 0
    assert _look_at(job) == before


def test_a_command_whose_directories_cannot_be_copied_is_not_started(
    job: ScriptedJob, tmp_path: Path
) -> None:
    (job.directory / "working" / "given").touch()
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "cp").symlink_to("/bin/false")
    ended = job.run("touch ran", {**ENVIRONMENT, "PATH": f"{binaries}:{ENVIRONMENT['PATH']}"})
    assert ended.returncode == 1
    assert f"cannot copy {job.directory}/working; the command was not started" in ended.stderr
    assert job.return_code == "1\n"
    assert not (job.directory / "working" / "ran").exists()


def test_directories_that_a_command_closed_to_its_own_user_are_restored() -> None:
    """Root may do anything, so an ordinary user runs this job."""
    user = 65534 if os.geteuid() == 0 else os.geteuid()
    directory = Path(tempfile.mkdtemp())
    try:
        job = ScriptedJob.create(directory / "job")
        (job.directory / "working" / "sub").mkdir()
        (job.directory / "working" / "sub" / "given").touch()
        before = _look_at(job)
        job.write("if [[ -e ../marked ]]; then (exit 3); else : > ../marked; chmod -R a-w .; fi")
        for path in (directory, *directory.rglob("*")):
            os.chown(path, user, -1)
        assert job.start(user=user).returncode == 0
        assert job.start(user=user).returncode == 3
        assert _look_at(job) == before
    finally:
        shutil.rmtree(directory)
