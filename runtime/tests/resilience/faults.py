"""Ways to take down a server, or a part of it, with nothing but signals to its processes."""

from __future__ import annotations

import signal
from collections.abc import Callable

from runtime.tests.live_server import LiveServer
from runtime.tests.resilience.server_processes import agent, end, parent, web_master, web_workers

Fault = Callable[[LiveServer], None]


def kill_agent(server: LiveServer) -> None:
    end(server, agent(server))


def terminate_agent(server: LiveServer) -> None:
    end(server, agent(server), number=signal.SIGTERM)


def kill_one_web_worker(server: LiveServer) -> None:
    end(server, web_workers(server)[0])


def kill_all_web_workers(server: LiveServer) -> None:
    end(server, *web_workers(server))


def kill_web_master(server: LiveServer) -> None:
    end(server, web_master(server))


def kill_parent(server: LiveServer) -> None:
    """Kill the parent alone; its children have to end by themselves."""
    end(server, parent(server))
    server.stop()


def kill_everything(server: LiveServer) -> None:
    server.kill()


def terminate(server: LiveServer) -> None:
    server.stop()


#: After these the server mends itself.
PARTIAL: tuple[Fault, ...] = (
    kill_agent,
    terminate_agent,
    kill_one_web_worker,
    kill_all_web_workers,
    kill_web_master,
)
#: After these somebody has to start it again.
TOTAL: tuple[Fault, ...] = (kill_parent, kill_everything, terminate)
