"""All processes of a launch are found and signalled, and nobody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pulsar_runtime.managers.processes import MARK_VARIABLE, members, send

_LIMIT_SECONDS = 10.0

#: Starts processes that each write their number and then wait for ever.
_WAIT = 'echo $$ >> "$PIDS"; exec sleep 1000'

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def mark() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    """Return the file into which started processes write their numbers."""
    path = tmp_path / "pids"
    path.touch()
    return path


@pytest.fixture
def start(pids: Path) -> Iterator[Start]:
    """Return a function that runs shell text in a new session; all of it is killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(text: str, *, mark: str | None = None) -> subprocess.Popen[bytes]:
        environ = {"PATH": os.environ["PATH"], "PIDS": str(pids), "WAIT": _WAIT}
        if mark is not None:
            environ[MARK_VARIABLE] = mark
        process = subprocess.Popen(["/bin/sh", "-c", text], env=environ, start_new_session=True)
        started.append(process)
        return process

    yield start
    for pid in {*numbers(pids), *(process.pid for process in started)}:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for process in started:
        process.wait(_LIMIT_SECONDS)


def numbers(pids: Path) -> list[int]:
    return [int(line) for line in pids.read_text().split()]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def written(pids: Path, count: int) -> set[int]:
    """Return the numbers of the processes, once so many have written theirs."""
    wait_until(lambda: len(numbers(pids)) == count)
    return {*numbers(pids)}


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def stop(pid: int) -> None:
    """Make a process keep what is sent to it."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")


def was_sent(number: signal.Signals, pid: int) -> bool:
    """Tell whether a stopped process has this signal before it (proc(5), ShdPnd)."""
    lines = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(lines["ShdPnd"], 16) & 1 << (number - 1))


def test_the_whole_session_of_a_keeper_is_found_but_not_the_keeper(
    start: Start, pids: Path, mark: str
) -> None:
    keeper = start('for i in 1 2 3; do sh -c "$WAIT" & done; wait')
    found = written(pids, 3)
    assert members(mark, keeper.pid) == found


def test_what_left_the_session_is_found_by_its_mark(start: Start, pids: Path, mark: str) -> None:
    keeper = start('sh -c "$WAIT" & setsid sh -c "$WAIT" & wait', mark=mark)
    found = written(pids, 2)
    assert members(mark, keeper.pid) == found


def test_daemons_whose_parents_are_gone_are_found_without_a_keeper(
    start: Start, pids: Path, mark: str
) -> None:
    keeper = start("setsid sh -c 'setsid sh -c \"$WAIT\" &'", mark=mark)
    daemon = written(pids, 1)
    assert keeper.wait(_LIMIT_SECONDS) == 0
    assert members(mark, None) == daemon


def test_a_child_that_dropped_the_mark_is_found_by_its_parent(start: Start, pids: Path, mark: str) -> None:
    start(
        f'setsid env -u {MARK_VARIABLE} sh -c "$WAIT" & echo $$ >> "$PIDS"; wait',
        mark=mark,
    )
    found = written(pids, 2)
    assert members(mark, None) == found


def test_other_launches_and_strangers_are_left_out(start: Start, pids: Path, mark: str) -> None:
    start(f"export {MARK_VARIABLE}=; {_WAIT}")
    start(_WAIT, mark=mark + "0")
    start(_WAIT, mark=uuid.uuid4().hex)
    start(f"export OTHER_{MARK_VARIABLE}={mark}; {_WAIT}")
    start(_WAIT)
    written(pids, 5)
    assert members(mark, None) == set()


def test_a_name_that_looks_like_the_mark_is_not_one(start: Start, pids: Path, mark: str) -> None:
    """Only the environment counts, not what a process says in its arguments."""
    start(f": {MARK_VARIABLE}={mark}; {_WAIT}")
    written(pids, 1)
    assert members(mark, None) == set()


def test_a_zombie_is_no_member(start: Start, mark: str) -> None:
    ended = start("exit 0", mark=mark)
    wait_until(lambda: not lives(ended.pid))
    assert members(mark, None) == set()


def test_the_number_of_a_keeper_that_is_gone_is_not_asked_for(start: Start, pids: Path, mark: str) -> None:
    """Whoever has that number by now, and its whole session, is a stranger."""
    stranger = start('sh -c "$WAIT" & wait')
    written(pids, 1)
    assert members(mark, None) == set()
    assert members(mark, stranger.pid) == {*numbers(pids)}


def test_a_process_with_a_confusing_name_is_read_right(tmp_path: Path, mark: str) -> None:
    """The name stands between brackets in stat, and may hold brackets itself (proc(5))."""
    program = tmp_path / "a) S 1 1 ("
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(program), "1000"], env={MARK_VARIABLE: mark}, start_new_session=True)
    try:
        wait_until(lambda: members(mark, None) == {process.pid})
    finally:
        process.kill()
        process.wait(_LIMIT_SECONDS)


def test_members_are_signalled(start: Start, pids: Path, mark: str) -> None:
    keeper = start('trap : TERM; sh -c "$WAIT" & setsid sh -c "$WAIT" & wait; wait; exit 9', mark=mark)
    found = written(pids, 2)
    send(found, signal.SIGTERM, mark, keeper.pid)
    assert keeper.wait(_LIMIT_SECONDS) == 9
    wait_until(lambda: not any(map(lives, found)))


def test_who_is_not_a_member_any_more_is_not_signalled(start: Start, pids: Path, mark: str) -> None:
    """Its number may have gone to somebody else since the list was made."""
    stranger = start(_WAIT)
    written(pids, 1)
    gone = start("exit 0")
    gone.wait(_LIMIT_SECONDS)
    stop(stranger.pid)
    send({stranger.pid, gone.pid}, signal.SIGTERM, mark, None)
    send({stranger.pid}, signal.SIGTERM, mark, stranger.pid)
    assert not was_sent(signal.SIGTERM, stranger.pid)


def test_signalling_nobody_does_nothing(start: Start, pids: Path, mark: str) -> None:
    job = start(_WAIT, mark=mark)
    written(pids, 1)
    stop(job.pid)
    send(set(), signal.SIGTERM, mark, None)
    assert not was_sent(signal.SIGTERM, job.pid)
    send({job.pid}, signal.SIGTERM, mark, None)
    assert was_sent(signal.SIGTERM, job.pid)


def test_no_descriptor_stays_open(start: Start, pids: Path, mark: str) -> None:
    start(_WAIT, mark=mark)
    found = written(pids, 1)
    before = os.listdir("/proc/self/fd")
    send(found, signal.SIGCONT, mark, None)
    members(mark, None)
    assert os.listdir("/proc/self/fd") == before
