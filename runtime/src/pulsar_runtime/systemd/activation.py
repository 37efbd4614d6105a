"""Sockets that the service manager opened for this process (sd_listen_fds(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping, Sequence

from pulsar_runtime.domain.errors import UnfitHost

_FIRST_DESCRIPTOR = 3
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")


def inherited_descriptors(environ: MutableMapping[str, str], pid: int) -> Sequence[int]:
    """Return the descriptors that were opened for process *pid*; whatever it starts does not inherit them.

    Their variables are removed from *environ*. Raises `UnfitHost` for one that is not open.
    """
    meant_for, count, *_ = [environ.pop(name, "") for name in _VARIABLES]
    if meant_for != str(pid) or not count.isdecimal():
        return ()
    descriptors = range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + int(count))
    for descriptor in descriptors:
        try:
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - os's only spelling
        except OSError as exc:
            raise UnfitHost(
                f"LISTEN_FDS names descriptor {descriptor}, which is not open: {exc.strerror}"
            ) from exc
    return descriptors


def listening_host(descriptor: int) -> str:
    """Return the host on which a listening socket can be reached.

    Raises `UnfitHost` for a descriptor that is no listening TCP socket.
    """
    try:
        with socket.socket(fileno=os.dup(descriptor)) as found:
            if (
                found.family in (socket.AF_INET, socket.AF_INET6)
                and found.type == socket.SOCK_STREAM
                and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            ):
                host: str = found.getsockname()[0]
                return host
    except OSError:
        # Not even a socket.
        pass
    raise UnfitHost(
        f"descriptor {descriptor} from the service manager is no listening TCP socket: the socket unit needs "
        "ListenStream= with an address and a port, and Accept=no"
    )
