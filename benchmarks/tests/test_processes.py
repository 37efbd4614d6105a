from __future__ import annotations

import os
import subprocess
import sys

from benchmarks import processes

PROGRAM = """
import subprocess, sys
python = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
shell = subprocess.Popen(["sh", "-c", "read x; exit"], stdin=subprocess.PIPE)
print(python.pid, flush=True)
input()
python.communicate(b"x")
shell.communicate(b"x")
"""


def test_a_server_is_its_python_processes_and_not_what_they_run() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as root:
        assert root.stdout is not None
        python = int(root.stdout.readline())
        assert sorted(processes.server_processes(root.pid)) == sorted([root.pid, python])
        root.communicate("x", timeout=10)
    assert not processes.is_running(root.pid)


def test_cpu_time_is_that_of_the_process_itself() -> None:
    before = os.times()
    measured = processes.cpu_seconds([os.getpid()])
    after = os.times()
    assert before.user + before.system <= measured + 0.02
    assert measured <= after.user + after.system + 0.02
