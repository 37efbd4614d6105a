"""Sockets that the service manager has opened (sd_listen_fds(3)); real ones are in the rung resilience."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import UnfitHost
from pulsar_runtime.systemd.activation import inherited_descriptors, listening_host

ME = 4711


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": str(ME), "LISTEN_FDS": "0", "LISTEN_PIDFDID": "7"},
        {"LISTEN_PID": str(ME), "LISTEN_FDS": "many"},
    ],
)
def test_what_is_not_meant_for_this_process_is_left_alone_but_for_the_variables(
    environ: dict[str, str],
) -> None:
    environ["HOME"] = "/"
    assert list(inherited_descriptors(environ, ME)) == []
    assert environ == {"HOME": "/"}


def test_a_descriptor_that_is_not_open_is_named() -> None:
    most = os.sysconf("SC_OPEN_MAX")
    with pytest.raises(UnfitHost, match=r"names descriptor \d+, which is not open"):
        inherited_descriptors({"LISTEN_PID": str(ME), "LISTEN_FDS": str(most)}, ME)


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_listening_socket_tells_its_host_and_stays_open(family: socket.AddressFamily, host: str) -> None:
    with socket.create_server((host, 0), family=family) as listener:
        assert listening_host(listener.fileno()) == host
        with socket.create_connection(listener.getsockname()[:2], timeout=10):
            pass


def test_anything_else_is_refused(tmp_path: Path) -> None:
    with (
        socket.socket() as not_listening,
        socket.socket(type=socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as unix,
        (tmp_path / "file").open("w") as file,
    ):
        unix.bind(str(tmp_path / "socket"))
        unix.listen()
        for wrong in (not_listening, datagrams, unix, file):
            with pytest.raises(UnfitHost, match=r"no listening TCP socket.*ListenStream="):
                listening_host(wrong.fileno())
