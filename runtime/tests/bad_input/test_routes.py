"""Methods, slashes and managers that are not there."""

from __future__ import annotations

import pytest

from runtime.tests.bad_input.answers import assert_refused
from runtime.tests.bad_input.api import Api, ask, job_path, new_id
from runtime.tests.bad_input.raw_connection import RawConnection
from runtime.tests.live_server import LiveServer


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ("GET PUT DELETE PATCH OPTIONS HEAD TRACE", "/jobs"),
        ("GET PUT DELETE PATCH OPTIONS HEAD", "/jobs/1/submit"),
        ("GET POST DELETE PATCH OPTIONS HEAD", "/jobs/1/cancel"),
        ("GET POST PUT PATCH OPTIONS HEAD", "/jobs/1"),
        ("PUT DELETE PATCH OPTIONS", "/jobs/1/files"),
        ("POST PUT DELETE PATCH OPTIONS HEAD", "/jobs/1/files/path"),
        ("GET DELETE PATCH OPTIONS HEAD", "/cache"),
        ("POST PUT DELETE PATCH OPTIONS HEAD", "/cache/status"),
        ("POST PUT DELETE PATCH OPTIONS HEAD", "/healthz"),
        ("POST PUT DELETE PATCH OPTIONS HEAD", "/metrics"),
        ("POST PUT DELETE PATCH OPTIONS HEAD", "/readyz"),
        ("HEAD", "/jobs/1/status"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/managers/other"])
def test_a_wrong_method_is_an_unknown_route(api: Api, wrong: str, path: str, prefix: str) -> None:
    """protocol.md section 1.1: 404, not 405; HEAD is there for downloads alone (issue 2)."""
    codes = {method: api.ask(method, prefix + path).code for method in wrong.split()}
    assert codes == dict.fromkeys(wrong.split(), 404)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_status_may_be_asked_for_with_any_method(api: Api, method: str) -> None:
    assert api.ask(method, "/jobs/unknown/status").json["status"] == "lost"


@pytest.mark.parametrize(
    "path",
    [
        "/healthz/",
        "/readyz/",
        "/metrics/",
        "/jobs/",
        "//jobs",
        "/jobs//",
        "/jobs//1/status",
        "/jobs//status",
        "/jobs/1//status",
        "/jobs/1/status/",
        "/jobs/1/",
        "//jobs/1/status",
        "/managers//jobs",
        "/managers/other//jobs",
        "//managers/other/jobs",
        "/jobs/1/./status",
        "/JOBS",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_that_is_almost_a_route_is_404_and_never_redirected(api: Api, path: str, method: str) -> None:
    assert_refused(api.ask(method, path, query={"job_id": "1"}), 404)


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("POST", "/jobs", {"job_id": "1"}),
        ("POST", "/jobs/1/submit", {"command_line": "true"}),
        ("GET", "/jobs/1/status", {}),
        ("PUT", "/jobs/1/cancel", {}),
        ("DELETE", "/jobs/1", {}),
        ("POST", "/jobs/1/files", {"name": "a", "type": "input"}),
        ("GET", "/jobs/1/files", {"name": "a"}),
        ("GET", "/jobs/1/files/path", {"name": "a", "type": "input"}),
    ],
)
@pytest.mark.parametrize("manager", ["unknown", "..", "Other", "_default_%20", "%00", "%C3%A9"])
def test_an_unknown_manager_is_404(
    api: Api, method: str, path: str, query: dict[str, str], manager: str
) -> None:
    assert_refused(api.ask(method, f"/managers/{manager}{path}", query=query), 404)


def test_an_unknown_job_is_lost_and_may_be_cancelled_and_removed(api: Api) -> None:
    """Clients rely on it (DESIGN section 5)."""
    job_id = new_id()
    status = api.status(job_id)
    assert (status["status"], status["complete"], status["returncode"]) == ("lost", "true", None)
    for answer in (api.cancel(job_id), api.clean(job_id)):
        assert (answer.code, answer.body) == (200, b"OK")


def test_an_unknown_job_has_nothing_to_submit_to_or_to_download(api: Api) -> None:
    job_id = new_id()
    for answer in (api.submit(job_id, "true"), api.download(job_id, "a")):
        assert_refused(answer, 404)


def test_an_unknown_file_is_404(api: Api) -> None:
    job_id = new_id()
    api.setup(job_id)
    for path_type in ("output", "output_workdir", "output_metadata", "no such type"):
        assert_refused(api.download(job_id, "missing", path_type), 404)
        assert_refused(api.download(job_id, "missing/sub", path_type), 404)
    assert_refused(api.download(job_id, "*.missing", "output_workdir"), 404)


@pytest.mark.parametrize("path_type", ["bogus", "work_dir", "input_extra", "", "INPUT", "inputs", "*any*"])
def test_an_unknown_file_type_is_400(api: Api, path_type: str) -> None:
    job_id = new_id()
    api.setup(job_id)
    assert_refused(api.upload(job_id, "a", path_type), 400)
    assert_refused(api.path(job_id, "a", path_type), 400)


def test_a_cache_token_without_a_file_is_404(api: Api) -> None:
    job_id = new_id()
    api.setup(job_id)
    assert_refused(api.upload(job_id, "a", "input", b"", cache_token="0" * 64), 404)


@pytest.mark.parametrize(
    ("method", "path", "query", "missing"),
    [
        ("POST", "/jobs", {}, "job_id"),
        ("POST", "/jobs/1/submit", {"params": "{}"}, "command_line"),
        ("POST", "/jobs/1/files", {"type": "input"}, "name"),
        ("POST", "/jobs/1/files", {"name": "a"}, "type"),
        ("GET", "/jobs/1/files", {"type": "output"}, "name"),
        ("GET", "/jobs/1/files/path", {"name": "a"}, "type"),
        ("GET", "/jobs/1/files/path", {"type": "input"}, "name"),
        ("PUT", "/cache", {}, "path"),
        ("POST", "/cache", {}, "path"),
        ("GET", "/cache/status", {}, "path"),
    ],
)
def test_a_missing_parameter_is_named(
    api: Api, method: str, path: str, query: dict[str, str], missing: str
) -> None:
    answer = api.ask(method, path, query=query)
    assert_refused(answer, 400)
    assert missing in str(answer.json["error"])


def test_parameters_in_a_form_body_are_not_read(api: Api) -> None:
    """protocol.md section 1.1: all parameters travel in the query string."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert_refused(api.ask("POST", "/jobs", body=b"job_id=form", headers=headers), 400)


def test_the_last_of_a_repeated_parameter_counts(server: LiveServer) -> None:
    job_id = new_id()
    answer = ask(
        server, "POST", f"/jobs?job_id=../x&job_id={job_id}&private_token=wrong&private_token={server.token}"
    )
    assert (answer.code, answer.json["job_id"]) == (200, job_id)


def test_names_of_the_servers_own_objects_are_ordinary_parameters(api: Api) -> None:
    """protocol.md section 1.1: they must not displace anything."""
    job_id = new_id()
    query = {"job_id": job_id, "manager": "unknown", "file_cache": "x", "object_store": "y"}
    assert api.ask("POST", "/jobs", query=query).json["job_id"] == job_id


def test_a_post_without_a_length_has_no_body(api: Api, server: LiveServer) -> None:
    """As libcurl sends it (protocol.md section 1.1)."""
    job_id = new_id()
    with RawConnection(server) as connection:
        connection.send(f"POST /jobs?job_id={job_id}&private_token={server.token} HTTP/1.1\r\n".encode())
        connection.send(b"Host: x\r\n\r\n")
        assert connection.answer().json["job_id"] == job_id
        connection.send(f"PUT {job_path(job_id)}/cancel?private_token={server.token} HTTP/1.1\r\n".encode())
        connection.send(b"Host: x\r\n\r\n")
        assert connection.answer().body == b"OK"
    assert api.wait(job_id)["status"] == "cancelled"
