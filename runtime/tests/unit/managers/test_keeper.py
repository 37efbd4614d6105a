"""The keeper runs a job in a session of its own and writes down how it ended."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import pytest

from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers import keeper, launch_record
from pulsar_runtime.managers.processes import MARK_VARIABLE, members

_LIMIT_SECONDS = 10.0
ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/home/server", "SECRET": "of the server"}


@attrs.define
class Launcher:
    """Starts jobs in one directory, and ends what is left of them."""

    directory: Path
    started: list[keeper.Started] = attrs.field(factory=list)

    @property
    def record(self) -> str:
        return str(self.directory / "record")

    @property
    def spec(self) -> LaunchSpec:
        return LaunchSpec(
            launch_id="1-1",
            script=str(self.directory / "command.sh"),
            working_directory=str(self.directory / "working"),
            stdout=str(self.directory / "stdout"),
            stderr=str(self.directory / "stderr"),
        )

    def start(self, script: str, environ: Mapping[str, str] = ENVIRON) -> keeper.Started:
        Path(self.spec.script).write_text(script)
        (self.directory / "working").mkdir(exist_ok=True)
        started = keeper.start(self.spec, self.record, environ)
        self.started.append(started)
        return started

    def run(self, script: str, environ: Mapping[str, str] = ENVIRON) -> int | None:
        """Run a job to its end; return the exit code that was recorded."""
        self.start(script, environ).process.wait(_LIMIT_SECONDS)
        record = launch_record.read(self.record)
        assert record is not None
        return record.exit_code

    def output(self) -> str:
        return (self.directory / "stdout").read_text()


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path)
    yield launcher
    for started in launcher.started:
        for pid in members(started.mark, None):
            os.kill(pid, signal.SIGKILL)
        if started.process.poll() is None:
            started.process.kill()
        started.process.wait(_LIMIT_SECONDS)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("true", 0),
        ("exit 3", 3),
        ("exit 255", 255),
        ("kill -9 $$", 137),
        ("kill $$", 143),
        ("no-such-command", 127),
        ("if", 2),
        ("", 0),
    ],
)
def test_the_exit_code_of_the_job_is_recorded(launcher: Launcher, script: str, code: int) -> None:
    assert launcher.run(script) == code


def test_the_record_names_keeper_mark_and_boot(launcher: Launcher) -> None:
    started = launcher.start("exit 4")
    assert started.process.wait(_LIMIT_SECONDS) == 0
    assert launch_record.read(launcher.record) == launch_record.LaunchRecord(
        mark=started.mark, boot=launch_record.boot_identity(), pid=started.process.pid, exit_code=4
    )


def test_streams_and_working_directory_are_the_jobs_own(launcher: Launcher) -> None:
    launcher.run("pwd; echo problem >&2; cat; echo no input")
    assert launcher.output() == f"{launcher.directory}/working\nno input\n"
    assert (launcher.directory / "stderr").read_text() == "problem\n"


def test_a_second_start_begins_with_empty_streams(launcher: Launcher) -> None:
    launcher.run("echo a longer first line")
    Path(launcher.record).unlink()
    launcher.run("echo x")
    assert launcher.output() == "x\n"


def test_a_job_sees_little_of_the_servers_environment(launcher: Launcher) -> None:
    """HOME, PATH, TMPDIR and LC_CTYPE (protocol section 8.2), and the mark."""
    started = launcher.start("/usr/bin/env -0")
    started.process.wait(_LIMIT_SECONDS)
    seen = dict(line.split("=", 1) for line in launcher.output().split("\0")[:-1])
    for of_the_shell in ("PWD", "OLDPWD", "SHLVL", "_"):
        seen.pop(of_the_shell, None)
    assert seen == {
        "HOME": "/home/server",
        "PATH": ENVIRON["PATH"],
        "TMPDIR": seen["TMPDIR"],
        "LC_CTYPE": "C.UTF-8",
        MARK_VARIABLE: started.mark,
    }


@pytest.mark.parametrize(
    ("environ", "name", "value"),
    [
        ({"TMPDIR": "/scratch"}, "TMPDIR", "/scratch"),
        ({}, "PATH", os.defpath),
        ({"PATH": ""}, "PATH", os.defpath),
        ({"HOME": "/h"}, "HOME", "/h"),
    ],
)
def test_the_environment_is_complete(environ: Mapping[str, str], name: str, value: str) -> None:
    complete = keeper.job_environment(environ)
    assert complete[name] == value
    assert set(complete) == {"HOME", "PATH", "TMPDIR", "LC_CTYPE"}
    assert all(complete.values())


def test_a_job_gets_no_way_to_the_record(launcher: Launcher) -> None:
    """Neither a descriptor nor its name in the arguments of a process."""
    launcher.run("readlink /proc/$$/fd/*; tr '\\0' ' ' < /proc/$PPID/cmdline; env")
    assert launcher.spec.script in launcher.output()
    assert launcher.record not in launcher.output()


def test_the_job_is_in_a_session_of_its_own(launcher: Launcher) -> None:
    launcher.run("cut -d' ' -f6 /proc/$$/stat; echo $PPID")
    session, parent = launcher.output().split()
    assert session == parent == str(launcher.started[0].process.pid)
    assert int(session) != os.getsid(0)


@pytest.fixture
def _no_ignored_signals() -> Iterator[None]:
    """Begin like an agent does: what ignored signals pytest was started with is nothing to a job."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    earlier = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    yield
    for number, handler in earlier.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_no_ignored_signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_whole_session_ends_the_job_and_is_recorded(
    launcher: Launcher, number: signal.Signals
) -> None:
    started = launcher.start("echo up; sleep 1000")
    _wait_for_output(launcher, "up\n")
    os.killpg(started.process.pid, number)
    started.process.wait(_LIMIT_SECONDS)
    record = launch_record.read(launcher.record)
    assert record is not None
    assert record.exit_code == 128 + number


def test_a_job_with_a_process_that_goes_on_has_ended_when_its_script_has(launcher: Launcher) -> None:
    started = launcher.start("sleep 1000 & exit 0")
    started.process.wait(_LIMIT_SECONDS)
    assert not launch_record.keeper_lives(launcher.record)
    assert len(members(started.mark, None)) == 1


def test_the_record_is_held_while_the_job_runs_and_no_longer(launcher: Launcher) -> None:
    started = launcher.start("echo up; sleep 1000")
    _wait_for_output(launcher, "up\n")
    assert launch_record.keeper_lives(launcher.record)
    os.killpg(started.process.pid, signal.SIGKILL)
    started.process.wait(_LIMIT_SECONDS)
    assert not launch_record.keeper_lives(launcher.record)


def test_a_launch_that_was_begun_is_not_begun_again(launcher: Launcher) -> None:
    assert launcher.run("echo once") == 0
    with pytest.raises(FileExistsError):
        launcher.start("echo twice")
    assert launcher.output() == "once\n"


@pytest.mark.parametrize("missing", ["working", "stdout"])
def test_a_start_that_fails_leaves_no_record_and_no_descriptor(launcher: Launcher, missing: str) -> None:
    nowhere = str(launcher.directory / "no" / "x")
    spec = (
        attrs.evolve(launcher.spec, working_directory=nowhere)
        if missing == "working"
        else attrs.evolve(launcher.spec, stdout=nowhere)
    )
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileNotFoundError):
        keeper.start(spec, launcher.record, ENVIRON)
    assert not Path(launcher.record).exists()
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("left", ["link", "fifo", "directory"])
def test_what_an_earlier_start_left_in_place_of_a_stream_does_no_harm(launcher: Launcher, left: str) -> None:
    """A link is not followed, and a FIFO holds nobody up."""
    stream, outside = Path(launcher.spec.stdout), launcher.directory / "outside"
    outside.write_text("precious")
    if left == "link":
        stream.symlink_to(outside)
    elif left == "fifo":
        os.mkfifo(stream)
    else:
        stream.mkdir()
    with pytest.raises(OSError, match="stdout"):
        launcher.start("echo overwritten")
    assert outside.read_text() == "precious"
    assert not Path(launcher.record).exists()


def test_files_of_the_job_are_as_open_as_the_umask_says(launcher: Launcher) -> None:
    launcher.run("true")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(Path(launcher.spec.stdout).stat().st_mode) == 0o666 & ~umask


def test_each_launch_has_a_mark_of_its_own(launcher: Launcher, tmp_path: Path) -> None:
    launcher.run("true")
    (tmp_path / "other").mkdir()
    other = Launcher(tmp_path / "other")
    other.run("true")
    assert launcher.started[0].mark != other.started[0].mark


def _wait_for_output(launcher: Launcher, text: str) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while launcher.output() != text:
        assert time.monotonic() < deadline
        time.sleep(0.005)
