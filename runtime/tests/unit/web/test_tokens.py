"""Who may ask for what."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from pulsar_runtime.domain.errors import NotAuthorized
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ManagerName
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.web.tokens import AcceptedToken, TokenCheck

MAIN, OTHER = ManagerName("main"), ManagerName("other")
NOON = 1_000_000.0


def accepted(
    text: str, *, managers: set[ManagerName] | None = None, expires_at: float | None = None
) -> AcceptedToken:
    return AcceptedToken(
        name=f"name of {text}",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        managers=frozenset(managers) if managers is not None else None,
        expires_at=expires_at,
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(now=NOON)


@pytest.mark.parametrize("token", [None, "", "anything"])
def test_without_configured_tokens_everyone_may(clock: ManualClock, token: str | None) -> None:
    TokenCheck(tokens=(), clock=clock).require(token, DEFAULT_MANAGER)


@pytest.mark.parametrize("manager", [DEFAULT_MANAGER, MAIN, ManagerName("not configured")])
def test_a_token_without_managers_opens_all(clock: ManualClock, manager: ManagerName) -> None:
    TokenCheck(tokens=[accepted("secret")], clock=clock).require("secret", manager)


@pytest.mark.parametrize(
    "token", [None, "", "Secret", "secret ", " secret", "secre", "secret\0", "\u0455ecret", "\udcff"]
)
def test_any_other_text_opens_nothing(clock: ManualClock, token: str | None) -> None:
    check = TokenCheck(tokens=[accepted("secret")], clock=clock)
    with pytest.raises(NotAuthorized, match="Bearer") as raised:
        check.require(token, MAIN)
    assert "secret" not in str(raised.value).replace("valid token", "")


def test_a_digest_is_not_a_token(clock: ManualClock) -> None:
    """Whoever reads the configuration cannot log in with it."""
    token = accepted("secret")
    with pytest.raises(NotAuthorized):
        TokenCheck(tokens=[token], clock=clock).require(token.sha256, MAIN)


def test_a_token_for_some_managers_opens_those(clock: ManualClock) -> None:
    check = TokenCheck(tokens=[accepted("secret", managers={MAIN})], clock=clock)
    check.require("secret", MAIN)
    for manager in (OTHER, DEFAULT_MANAGER):
        with pytest.raises(NotAuthorized):
            check.require("secret", manager)


def test_a_token_for_no_manager_opens_nothing(clock: ManualClock) -> None:
    with pytest.raises(NotAuthorized):
        TokenCheck(tokens=[accepted("secret", managers=set())], clock=clock).require("secret", MAIN)


def test_each_of_several_tokens_opens_what_is_its_own(clock: ManualClock) -> None:
    check = TokenCheck(
        tokens=[accepted("first", managers={MAIN}), accepted("second", managers={OTHER})], clock=clock
    )
    check.require("first", MAIN)
    check.require("second", OTHER)
    for token, manager in (("first", OTHER), ("second", MAIN)):
        with pytest.raises(NotAuthorized):
            check.require(token, manager)


def test_one_token_may_be_listed_twice_for_different_managers(clock: ManualClock) -> None:
    check = TokenCheck(
        tokens=[accepted("secret", managers={MAIN}), accepted("secret", managers={OTHER})], clock=clock
    )
    check.require("secret", MAIN)
    check.require("secret", OTHER)


def test_a_token_opens_until_it_expires(clock: ManualClock) -> None:
    check = TokenCheck(tokens=[accepted("secret", expires_at=NOON + 60)], clock=clock)
    check.require("secret", MAIN)
    clock.advance(59)
    check.require("secret", MAIN)
    clock.advance(1)
    with pytest.raises(NotAuthorized, match=r"name of secret.*expired"):
        check.require("secret", MAIN)


def test_only_who_has_the_token_is_told_that_it_expired(clock: ManualClock) -> None:
    check = TokenCheck(tokens=[accepted("secret", expires_at=NOON - 1)], clock=clock)
    with pytest.raises(NotAuthorized) as raised:
        check.require("guess", MAIN)
    assert "expired" not in str(raised.value)


@pytest.mark.parametrize("token", ["first", "last", "none of them", None])
def test_every_token_is_compared_whatever_the_first_result(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    """And by the function that takes the same time for all."""
    compared: list[str] = []
    compare = hmac.compare_digest

    def count(one: str, other: str) -> bool:
        compared.append(one)
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", count)
    tokens = [accepted(text) for text in ("first", "second", "last")]
    try:
        TokenCheck(tokens=tokens, clock=clock).require(token, MAIN)
    except NotAuthorized:
        assert token not in ("first", "last")
    assert compared == [one.sha256 for one in tokens]


def test_a_digest_is_not_printed() -> None:
    assert accepted("secret").sha256 not in repr(accepted("secret"))
