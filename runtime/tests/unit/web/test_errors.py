"""Errors as answers (the table of DESIGN section 5)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestEntityTooLarge

from pulsar_runtime.domain import errors
from pulsar_runtime.domain.errors import PulsarRuntimeError
from pulsar_runtime.web.answer import Answer
from pulsar_runtime.web.errors import answer_for

STATUS = {
    errors.MalformedRequest: 400,
    errors.UnsafePath: 400,
    errors.NotAuthorized: 401,
    errors.UnknownManager: 404,
    errors.UnknownJob: 404,
    errors.FileNotThere: 404,
    errors.NotConfigured: 404,
    errors.Conflict: 409,
    errors.RemovalFailed: 409,
    errors.Busy: 503,
    errors.DiskFull: 503,
    errors.StoreBusy: 503,
    errors.StoreCorrupt: 503,
    errors.StoreTooNew: 503,
}


def text(answer: Answer) -> str:
    body = b"".join(answer.body)
    assert answer.length == len(body)
    return str(json.loads(body)["error"])


def _request_errors(
    kind: type[PulsarRuntimeError] = errors.RequestError,
) -> Iterator[type[PulsarRuntimeError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _request_errors(below)


@pytest.mark.parametrize(("kind", "status"), STATUS.items())
def test_each_error_has_its_status(kind: type[PulsarRuntimeError], status: int) -> None:
    assert answer_for(kind("what to do")).status == status


@pytest.mark.parametrize("kind", sorted(_request_errors(), key=str))
def test_what_the_client_did_wrong_is_never_our_bug(kind: type[PulsarRuntimeError]) -> None:
    assert 400 <= answer_for(kind("what to do")).status < 500
    assert text(answer_for(kind("what to do"))) == "what to do"


def test_a_client_is_told_when_to_come_back() -> None:
    for error in (errors.Busy("x"), errors.StoreBusy("x"), errors.DiskFull("x")):
        assert int(dict(answer_for(error).all_headers())["Retry-After"]) > 0


def test_a_client_is_told_how_to_authenticate() -> None:
    headers = dict(answer_for(errors.NotAuthorized("x")).all_headers())
    assert headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("kind", [errors.StoreBusy, errors.StoreCorrupt, errors.StoreTooNew])
def test_the_path_of_the_store_is_for_the_log_alone(
    kind: type[PulsarRuntimeError], caplog: pytest.LogCaptureFixture
) -> None:
    answer = answer_for(kind("/secret/place/jobs.sqlite is damaged"))
    assert "/secret/place" not in text(answer)
    assert "/secret/place" in caplog.text


@pytest.mark.parametrize("error", [ValueError("/secret/place"), errors.IllegalTransition("/secret/place")])
def test_a_bug_of_ours_is_a_number_that_finds_its_traceback(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        try:
            raise error
        except type(error) as raised:
            answer = answer_for(raised)
    assert answer.status == 500
    said = text(answer)
    assert "/secret/place" not in said
    assert "Traceback" not in said
    number = said.split()[2].rstrip(":")
    assert number in caplog.text
    assert "Traceback" in caplog.text
    assert text(answer_for(error)) != said


@pytest.mark.parametrize("error", [NotFound(), MethodNotAllowed()])
def test_a_wrong_method_is_an_unknown_route(error: Exception) -> None:
    """Protocol section 1.1."""
    assert (answer_for(error).status, text(answer_for(error))) == (404, "no such route")


def test_another_error_of_flasks_keeps_its_status() -> None:
    assert answer_for(RequestEntityTooLarge()).status == 413


def test_no_answer_is_taken_for_a_page() -> None:
    headers = dict(answer_for(ValueError()).all_headers())
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Content-Type-Options"] == "nosniff"
