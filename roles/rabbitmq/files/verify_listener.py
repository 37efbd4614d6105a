"""Look at the broker of this host as a client does: ``verify_listener.py NAME PORT AUTHORITY``.

Fails, and says why, unless it speaks AMQP over TLS with a certificate for NAME, refuses to speak it without,
and is reached from other hosts nowhere else. AUTHORITY is the file of an authority that the system need not
trust, and may be missing. Sent to the host and run by its Python.
"""

from __future__ import annotations

import os
import pwd
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

#: Protocol header of AMQP 0-9-1, section 4.2.2, and what an answer begins with: a method frame on channel 0.
HEADER = b"AMQP\x00\x00\x09\x01"
ANSWER = b"\x01\x00\x00"

SECONDS = 15

#: Whose listeners are the broker's; the second is Erlang's port mapper.
ACCOUNTS = ("rabbitmq", "epmd")

#: The state of a listener, and how the kernel writes the addresses that only the host itself reaches:
#: proc(5) on /proc/net/tcp.
LISTENS = "0A"
LOOPBACK_V4 = "7F"
LOOPBACK_V6 = "00000000000000000000000001000000"


def main(name: str, port: int, authority: str) -> None:
    """Print what is wrong, if anything is."""
    problems = [
        *without_tls(port),
        *with_tls(name, port, authority),
        *listeners(port, [Path("/proc/net/tcp"), Path("/proc/net/tcp6")], uids()),
    ]
    if problems:
        sys.exit("\n".join(problems))


def without_tls(port: int) -> Iterator[str]:
    """Tell whether the broker speaks to who does not encrypt."""
    try:
        with socket.create_connection(("127.0.0.1", port), SECONDS) as plain:
            if spoken(plain):
                yield f"port {port} speaks AMQP without TLS"
    except OSError as exc:
        yield f"nothing listens on port {port}: {exc}: see 'journalctl -u rabbitmq-server'"


def with_tls(name: str, port: int, authority: str) -> Iterator[str]:
    """Tell why a client that trusts the authority would not go on."""
    context = ssl.create_default_context(cafile=authority if os.path.exists(authority) else None)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=name) as encrypted,
        ):
            if not spoken(encrypted):
                yield f"port {port} does not answer with AMQP: see 'journalctl -u rabbitmq-server'"
    except ssl.SSLCertVerificationError as exc:
        yield (
            f"clients of {name} would not take the broker's certificate: {exc.verify_message}: correct "
            "rabbitmq_host, or what tls_source gets the certificate from"
        )
    except OSError as exc:
        yield f"port {port} does not speak TLS: {exc}"


def spoken(connection: socket.socket) -> bool:
    """Tell whether the other side answers as brokers do."""
    try:
        connection.sendall(HEADER)
        return connection.recv(len(ANSWER)) == ANSWER
    except ConnectionError:
        return False


def listeners(port: int, tables: list[Path], owners: set[int]) -> Iterator[str]:
    """Tell where else *owners* are reached from other hosts."""
    for table in tables:
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            address, _colon, number = fields[1].partition(":")
            of_host = address == LOOPBACK_V6 or (len(address) == 8 and address.endswith(LOOPBACK_V4))  # noqa: PLR2004
            if fields[3] == LISTENS and int(fields[7]) in owners and not of_host and int(number, 16) != port:
                yield f"the broker listens on port {int(number, 16)} too, where other hosts reach it"


def uids() -> set[int]:
    """Return the numbers of the accounts that there are."""
    return {account.pw_uid for account in pwd.getpwall() if account.pw_name in ACCOUNTS}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
