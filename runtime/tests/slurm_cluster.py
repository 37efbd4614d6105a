"""A real Slurm on this machine: controller and node in a directory of their own, and no munge."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

SBIN = Path("/usr/sbin")
START_LIMIT = 60.0
STOP_LIMIT = 10.0

#: Authentication by nobody and nothing that needs control groups: whatever the kernel has, a test may use.
#: A time limit of less than a minute cannot be set, and ends are noticed up to half a minute later.
_CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={directory}/jwt_key
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool
SlurmctldPidFile={directory}/controller.pid
SlurmdPidFile={directory}/node.pid
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
MinJobAge={min_job_age}
KillWait=2
DefMemPerCPU=50
NodeName=n1 NodeAddr=127.0.0.1 NodeHostname=n1 CPUs=4 RealMemory=2000
PartitionName=main Nodes=n1 Default=YES MaxTime=INFINITE
PartitionName=short Nodes=n1 MaxTime=5
"""


def missing_programs() -> list[str]:
    """Return what of Slurm is not installed here."""
    programs = [SBIN / "slurmctld", SBIN / "slurmd", SBIN / "slurmrestd"]
    programs += map(Path, ("/usr/bin/sbatch", "/usr/bin/squeue"))
    return [str(program) for program in programs if not program.exists()]


class SlurmCluster:
    """One controller and one node of four CPUs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.configuration = directory / "slurm.conf"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("state", "spool"):
            (directory / name).mkdir(parents=True)
        key = directory / "jwt_key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(32))
        text = _CONFIGURATION.format(
            host=socket.gethostname().partition(".")[0],
            controller_port=_free_port(),
            node_port=_free_port(),
            user=Path("~").expanduser().owner(),
            directory=directory,
            min_job_age=5,
        )
        self.configuration.write_text(text)
        # A version that knows "disabled" needs it; 22.05 does not, and takes what the kernel has.
        plugin = "disabled" if self.version() >= (23, 2) else "cgroup/v1"
        (directory / "cgroup.conf").write_text(f"CgroupPlugin={plugin}\n")

    @property
    def environment(self) -> Mapping[str, str]:
        """What commands need to find this cluster."""
        return {**os.environ, "SLURM_CONF": str(self.configuration)}

    def start(self) -> None:
        """Start controller and node, and wait until jobs would run."""
        self.start_controller()
        self._start("node", [str(SBIN / "slurmd"), "-D", "-N", "n1"])
        self.await_answer("idle", "sinfo", "--noheader", "--format=%T")

    def start_rest(self) -> str:
        """Start slurmrestd at a socket, and return its URL once it is there."""
        path = self.directory / "slurmrestd.sock"
        # Without a database, there are no books to tell of. It would not run as who runs the tests.
        api = "openapi/v0.0.38" if self.version() < (23, 2) else "slurmctld"
        under = ["env", "SLURM_JWT=daemon", "SLURMRESTD_SECURITY=disable_user_check"]
        command = [str(SBIN / "slurmrestd"), "-a", "rest_auth/jwt", "-s", api, f"unix:{path}"]
        self._start("rest", [*under, *command])
        deadline = time.monotonic() + START_LIMIT
        while not path.exists():
            if time.monotonic() > deadline:
                raise AssertionError(f"slurmrestd is not there within {START_LIMIT} s\n{self.log_tail()}")
            time.sleep(0.1)
        return f"unix:{path}"

    def token(self, seconds: int) -> str:
        """Return a token that is good for so long, as scontrol prints it."""
        user = Path("~").expanduser().owner()
        return self.command("scontrol", "token", f"username={user}", f"lifespan={seconds}")

    def start_controller(self) -> None:
        """Start the controller."""
        self._start("controller", [str(SBIN / "slurmctld"), "-D"])

    def stop_controller(self) -> None:
        """Stop the controller as an administrator would; jobs go on.

        One that is killed forgets what it was told in the last seconds, and runs jobs a second time.
        """
        self._end("controller", signal.SIGTERM)

    def command(self, *argv: str) -> str:
        """Run a command of Slurm's; return what it prints, also if it fails."""
        ended = subprocess.run(
            argv, env=self.environment, capture_output=True, text=True, timeout=START_LIMIT, check=False
        )
        return ended.stdout

    def await_answer(self, wanted: str, *argv: str) -> None:
        """Wait until a command prints these words."""
        deadline = time.monotonic() + START_LIMIT
        while wanted not in self.command(*argv):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {START_LIMIT} s: {argv} says {wanted}\n{self.log_tail()}")
            time.sleep(0.1)

    def close(self) -> None:
        """End all jobs, and everything of the cluster."""
        if "controller" in self._processes:
            self.command("scancel", "--user", Path("~").expanduser().owner())
        for name in ("rest", "controller", "node"):
            self._end(name)

    def log_tail(self) -> str:
        """Return the end of what controller and node have written."""
        logs = sorted(self.directory.glob("*.log"))
        return "\n".join(f"{log.name}: {line}" for log in logs for line in log.read_text().splitlines()[-15:])

    def version(self) -> tuple[int, int]:
        """Return which Slurm it is."""
        said = self.command("sinfo", "--version") or self.command(str(SBIN / "slurmctld"), "-V")
        major, minor, *_ = said.split()[-1].split(".")
        return int(major), int(minor)

    def _start(self, name: str, argv: list[str]) -> None:
        with (self.directory / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                argv,
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _end(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        process = self._processes.pop(name, None)
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(STOP_LIMIT)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def running_cluster(directory: Path) -> Iterator[SlurmCluster]:
    """Run a cluster in *directory* for as long as the block lasts; nothing of it runs afterwards."""
    missing = missing_programs()
    assert not missing, f"not installed: {missing}; tests/debian_packages.sh installs them"
    cluster = SlurmCluster(directory)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()
        shutil.rmtree(directory / "spool", ignore_errors=True)
