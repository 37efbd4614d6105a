"""An HTTP server that answers as a test tells it, and remembers what it was asked."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@attrs.frozen
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@attrs.frozen
class Reply:
    """What is answered: a status, headers, and the body in the pieces that are sent one by one."""

    body: bytes = b"OK"
    status: int = 200
    headers: dict[str, str] = attrs.field(factory=dict)
    #: What happens before the body is sent.
    pause: Callable[[], object] = attrs.field(default=lambda: None)


@attrs.define
class ScriptedServer:
    """Answers with `reply`, which a test sets."""

    url: str
    ca_path: str = ""
    asked: list[Asked] = attrs.field(factory=list)
    reply: Callable[[Asked], Reply] = attrs.field(default=lambda _asked: Reply())

    def requests(self) -> list[str]:
        """Return the requests, each as method and path."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]


@contextmanager
def serving(context: ssl.SSLContext | None = None, ca_path: str = "") -> Iterator[ScriptedServer]:
    """Serve until the block ends, over TLS if *context* says how."""
    server: ScriptedServer

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:  # the client went away, which is what some tests are about
                self.close_connection = True

        def answer(self) -> None:
            address = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(
                method=self.command,
                path=address.path,
                query=dict(parse_qsl(address.query)),
                headers=dict(self.headers),
                body=self.rfile.read(length),
            )
            server.asked.append(asked)
            reply = server.reply(asked)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for position in range(len(reply.body)):
                reply.pause()
                self.wfile.write(reply.body[position : position + 1])

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names are http.server's

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is http.server's
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Print nothing about clients that went away or refused the certificate."""

    listener = Server(("127.0.0.1", 0), Handler)
    if context:
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
    scheme = "https" if context else "http"
    server = ScriptedServer(f"{scheme}://127.0.0.1:{listener.server_port}/", ca_path)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def self_signed() -> bytes:
    """Return a key and a certificate for 127.0.0.1 that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
