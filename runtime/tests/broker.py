"""A real RabbitMQ in processes of its own, for the tests that exchange messages."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import kombu
from amqp.exceptions import NotFound

from runtime.tests.live_server import free_port

START_LIMIT = 60.0
STOP_LIMIT = 30.0
LOG_LINES_SHOWN = 60

#: Debian's; the command on the search path insists on a certain user.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
USER, PASSWORD, VHOST = "site", "p@ss/of:the tests", "/pulsar/site"


class Broker:
    """One node that listens on loopback alone and keeps everything in *directory*.

    Its ports and files are the same after a restart. *settings* are further lines of its configuration.
    Use `running_broker`, which also ends it.
    """

    def __init__(self, directory: Path, settings: Mapping[str, object] | None = None) -> None:
        self.directory = directory
        self.log = directory / "broker.log"
        self.port = free_port()
        self._epmd_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True)
        lines = {
            "listeners.tcp.local": f"127.0.0.1:{self.port}",
            "default_user": USER,
            "default_pass": PASSWORD,
            "default_vhost": VHOST,
            # The memory and the disk of the machine are not what is tested.
            "vm_memory_high_watermark.absolute": "512MB",
            "disk_free_limit.absolute": "1MB",
            **(settings or {}),
        }
        configuration = directory / "rabbitmq.conf"
        configuration.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
        (directory / "enabled_plugins").write_text("[].\n")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": "tests@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
            "RABBITMQ_LOGS": "-",
            # One scheduler that does not spin: the tests share the machine.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
            ),
        }

    @property
    def url(self) -> str:
        """Where it is reached, with user and password."""
        return f"amqp://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{quote(VHOST, safe='')}"

    def start(self) -> None:
        """Start the broker and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(PROGRAM)],
                cwd=self.directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process = self._process
        self._await(lambda: process.poll() is not None or self.answers(), START_LIMIT, "the broker answers")
        if process.poll() is not None:
            raise AssertionError(f"the broker ended with {process.returncode}\n{self.log_tail()}")

    def answers(self) -> bool:
        """Tell whether somebody can connect."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                pass
            with self.connection() as connection:
                connection.connect()
        except OSError:
            return False
        return True

    def has_queue(self, name: str) -> bool:
        """Tell whether somebody has declared a queue; what is sent to one before that is lost."""
        with self.connection() as connection:
            try:
                connection.default_channel.queue_declare(name, passive=True)
            except NotFound:
                return False
        return True

    def connection(self, **options: object) -> kombu.Connection:
        """Return a connection of a client, with *options* of the library; it is opened at its first use."""
        return kombu.Connection(
            hostname="127.0.0.1",
            port=self.port,
            userid=USER,
            password=PASSWORD,
            virtual_host=VHOST,
            transport="pyamqp",
            connect_timeout=5,
            transport_options=options,
        )

    def stop(self) -> None:
        """End the broker as a service manager would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the broker at once."""
        self._end(signal.SIGKILL)

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Let the broker hang for as long as the block lasts: its connections stay, and nothing happens."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._process.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Kill the broker and start it again, with its files and at its address."""
        self.kill()
        self.start()

    def close(self) -> None:
        """Kill the broker and what it started beside itself."""
        self.kill()
        # A daemon of Erlang's, in a session of its own; this ends the one at our port alone.
        subprocess.run(
            ["epmd", "-port", str(self._epmd_port), "-kill"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=STOP_LIMIT,
            check=False,
        )

    def log_tail(self) -> str:
        """Return the end of what the broker has written."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-LOG_LINES_SHOWN:])

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        self._process.wait(STOP_LIMIT)
        self._process = None

    def _await(self, condition: Callable[[], bool], limit: float, what: str) -> None:
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {limit} s: {what}\n{self.log_tail()}")
            time.sleep(0.1)


@contextlib.contextmanager
def running_broker(directory: Path, settings: Mapping[str, object] | None = None) -> Iterator[Broker]:
    """Run a broker in *directory* for as long as the block lasts; nothing of it runs afterwards."""
    broker = Broker(directory, settings)
    try:
        broker.start()
        yield broker
    finally:
        broker.close()
