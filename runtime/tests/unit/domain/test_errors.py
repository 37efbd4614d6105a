"""The error tree fits on one screen, and every error of it says something."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pulsar_runtime.domain import errors
from pulsar_runtime.domain.errors import ConfigError, PulsarRuntimeError


def _tree(kind: type[PulsarRuntimeError] = PulsarRuntimeError) -> Iterator[type[PulsarRuntimeError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _tree(below)


ALL = [kind for kind in _tree() if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not ConfigError])
def test_an_error_without_a_message_says_what_its_docstring_says(kind: type[PulsarRuntimeError]) -> None:
    assert str(kind())
    assert str(kind()) == (kind.__doc__ or "").splitlines()[0]
    assert str(kind("what happened")) == "what happened"


def test_what_may_succeed_later_is_a_property_of_the_type() -> None:
    """Nothing that the client did wrong, and nothing that is damaged, is worth another try."""
    transient = {kind.__name__ for kind in ALL if kind.transient}
    assert transient == {
        "BrokerUnavailable",
        "Busy",
        "DiskFull",
        "Draining",
        "QueryError",
        "StoreBusy",
        "SubmitUnavailable",
        "TransferInterrupted",
    }


def test_a_wrong_configuration_names_every_problem() -> None:
    error = ConfigError("app.yml", ("first: is wrong", "second: too"))
    assert "app.yml: 2 problem(s)" in str(error)
    assert all(problem in str(error) for problem in error.problems)
