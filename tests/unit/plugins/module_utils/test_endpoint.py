from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugins.module_utils.endpoint import Endpoint, EndpointError, read_token
from tests.unit.scripted_server import Reply, ScriptedServer

SECRET = "token-that-is-nobodys-business"


def endpoint(
    url: str,
    token: str | None = SECRET,
    timeout: float = 20.0,
    *,
    validate_certs: bool = True,
    ca_path: str | None = None,
) -> Endpoint:
    return Endpoint(url, token=token, timeout=timeout, validate_certs=validate_certs, ca_path=ca_path)


def failure(action: Callable[[], object]) -> str:
    with pytest.raises(EndpointError) as caught:
        action()
    assert SECRET not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_the_token_travels_in_a_header_and_nowhere_else(scripted_server: ScriptedServer) -> None:
    assert endpoint(scripted_server.url).ask("POST", "/jobs", body=b"data", query={"job_id": "a b"}) == b"OK"
    (asked,) = scripted_server.asked
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    assert (asked.path, asked.query, asked.body) == ("/jobs", {"job_id": "a b"}, b"data")


def test_without_a_token_none_is_sent(scripted_server: ScriptedServer) -> None:
    endpoint(scripted_server.url, token=None).ask("GET", "/readyz")
    assert "Authorization" not in scripted_server.asked[0].headers


@pytest.mark.parametrize("given", ["{url}", "{url}/", "{url}//"])
def test_a_path_below_the_url_is_kept(scripted_server: ScriptedServer, given: str) -> None:
    url = given.format(url=f"{scripted_server.url}pulsar")
    endpoint(url).ask("GET", "/readyz")
    assert scripted_server.asked[0].path == "/pulsar/readyz"


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "token or token_file has to hold what the endpoint's private_token holds"),
        (404, "is this URL, with its path, the server's, and the manager one of its own?"),
        (503, "the server takes nothing now: it is being drained, is busy, or lacks disk space or its agent"),
    ],
)
def test_a_refusal_says_what_was_asked_what_was_answered_and_what_to_do(
    scripted_server: ScriptedServer, status: int, advice: str
) -> None:
    scripted_server.reply = lambda _asked: Reply(b'{"error": "because"}', status)
    message = failure(lambda: endpoint(scripted_server.url).ask("GET", "/healthz"))
    assert message == f"GET {scripted_server.url}healthz was answered {status} (because): {advice}"


def test_a_server_that_says_when_to_come_back_is_quoted(scripted_server: ScriptedServer) -> None:
    scripted_server.reply = lambda _asked: Reply(b"", 503, {"Retry-After": "7"})
    message = failure(lambda: endpoint(scripted_server.url).ask("POST", "/jobs"))
    assert message.endswith("; it asks to be tried again in 7 s")


def test_a_long_page_is_cut(scripted_server: ScriptedServer) -> None:
    scripted_server.reply = lambda _asked: Reply(b"<html>" * 1000, 500)
    assert len(failure(lambda: endpoint(scripted_server.url).ask("GET", "/healthz"))) < 500


def test_a_redirection_does_not_carry_the_token_on(scripted_server: ScriptedServer) -> None:
    scripted_server.reply = lambda _asked: Reply(b"", 302, {"Location": f"{scripted_server.url}elsewhere"})
    assert "was answered 302" in failure(lambda: endpoint(scripted_server.url).ask("GET", "/healthz"))
    assert scripted_server.requests() == ["GET /healthz"]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"\xff"])
def test_what_is_no_json_object_is_not_taken_for_one(scripted_server: ScriptedServer, body: bytes) -> None:
    scripted_server.reply = lambda _asked: Reply(body)
    message = failure(lambda: endpoint(scripted_server.url).ask_json("GET", "/healthz"))
    assert "was answered with what is not Pulsar's" in message


def test_nobody_listening_is_told_apart(silent_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    assert free != silent_port
    message = failure(lambda: endpoint(f"http://127.0.0.1:{free}").ask("GET", "/readyz"))
    assert message.endswith("Connection refused: does the server run, and does it listen at this address?")


def test_silence_ends_at_the_deadline(silent_port: int) -> None:
    started = time.monotonic()
    message = failure(lambda: endpoint(f"http://127.0.0.1:{silent_port}", timeout=0.0).ask("GET", "/readyz"))
    assert "there was no answer in time" in message
    assert time.monotonic() - started < 10


def test_an_answer_that_trickles_ends_at_the_deadline(scripted_server: ScriptedServer) -> None:
    """Each piece comes in time, and all of them would take for ever."""
    gone = threading.Event()
    scripted_server.reply = lambda _asked: Reply(b"x" * 10_000, pause=lambda: gone.wait(0.2))
    try:
        message = failure(lambda: endpoint(scripted_server.url, timeout=0.0).ask("GET", "/readyz"))
    finally:
        gone.set()
    assert "there was no answer in time" in message


def test_a_certificate_that_nobody_vouches_for_is_refused_with_the_cure(
    scripted_tls_server: ScriptedServer,
) -> None:
    message = failure(lambda: endpoint(scripted_tls_server.url).ask("GET", "/readyz"))
    assert message.endswith("name its authority with ca_path, or renew the certificate")
    assert scripted_tls_server.asked == []


def test_a_certificate_can_be_vouched_for(scripted_tls_server: ScriptedServer) -> None:
    url, ca_path = scripted_tls_server.url, scripted_tls_server.ca_path
    assert endpoint(url, ca_path=ca_path).ask("GET", "/readyz") == b"OK"
    assert endpoint(url, validate_certs=False).ask("GET", "/readyz") == b"OK"


def test_a_missing_file_of_authorities_is_named(tmp_path: Path) -> None:
    message = failure(lambda: endpoint("https://127.0.0.1/", ca_path=f"{tmp_path}/none.pem"))
    assert message.startswith(f"ca_path {tmp_path}/none.pem holds no certificates that can be used")


def test_plain_speech_at_a_tls_port_and_the_other_way_round_is_no_crash(
    scripted_server: ScriptedServer, scripted_tls_server: ScriptedServer
) -> None:
    secured = scripted_server.url.replace("http:", "https:")
    assert "does the server speak TLS at this port?" in failure(
        lambda: endpoint(secured).ask("GET", "/readyz")
    )
    plain = scripted_tls_server.url.replace("https:", "http:")
    assert plain in failure(lambda: endpoint(plain).ask("GET", "/readyz"))


@pytest.mark.parametrize(
    "url", ["", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:seven/", "http://[::1/"]
)
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    assert failure(lambda: endpoint(url)).startswith("url is not that of a server")


@pytest.mark.parametrize(
    "url",
    [f"https://{SECRET}@127.0.0.1/", f"http://127.0.0.1/?private_token={SECRET}"],
    ids=["user", "query"],
)
def test_a_url_with_a_token_in_it_is_refused_and_not_repeated(url: str) -> None:
    assert "a token belongs into token or token_file" in failure(lambda: endpoint(url))


def test_a_token_is_read_without_the_end_of_its_line(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    assert read_token(str(tmp_path / "token")) == SECRET


def test_a_token_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert f"token_file {tmp_path}/token cannot be read" in failure(lambda: read_token(f"{tmp_path}/token"))
