"""The user logs in `recorded` were written by HTCondor 23.9.6 (Debian 13)."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.condor.user_log import History, read

RECORDED = Path(__file__).with_name("recorded")


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.log").read_text()


def after(text: str) -> History:
    history, understood = read(text)
    assert understood == len(text)
    return history


def up_to(name: str, event: str) -> History:
    """Read a log as it was after the first event of this number."""
    text = recorded(name)
    return after(text[: text.index("\n...\n", text.index(f"{event} (")) + len("\n...\n")])


def test_a_job_is_followed_from_the_queue_to_its_exit_code() -> None:
    assert up_to("exited", "000").observation.state is SchedulerState.PENDING
    assert up_to("exited", "000").cluster == 11
    assert up_to("exited", "001").observation.state is SchedulerState.RUNNING
    ended = after(recorded("exited"))
    assert (ended.ended, ended.observation.exit_code, ended.observation.reason) == (True, 3, "")


def test_a_job_that_a_signal_ended_has_the_code_of_a_shell_and_says_so() -> None:
    ended = after(recorded("signalled")).observation
    assert (ended.exit_code, ended.reason) == (128 + 9, "it was ended by signal 9")


def test_a_job_that_an_administrator_removed_has_his_words() -> None:
    ended = after(recorded("removed")).observation
    assert ended.state is SchedulerState.ENDED
    assert ended.exit_code is None
    assert ended.reason == "HTCondor ended it: the administrator says no (by user pulsar)"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("too_long", "The job exceeded allowed job duration of 00:03"),
        ("held_by_policy", "The job attribute PeriodicHold expression"),
    ],
)
def test_a_job_that_a_limit_stopped_is_held_for_a_reason(name: str, words: str) -> None:
    held = up_to(name, "012")
    assert held.observation.state is SchedulerState.PENDING
    assert words in held.hold_reason
    assert held.observation.reason == held.hold_reason


def test_a_job_that_somebody_holds_is_meant_to_wait() -> None:
    held = up_to("held_by_hand", "012")
    assert held.hold_reason == ""
    assert held.observation.reason == "HTCondor holds it: the disk is being replaced (by user pulsar)"
    released = up_to("held_by_hand", "013").observation
    assert (released.state, released.reason) == (SchedulerState.PENDING, "")


def test_a_job_that_was_evicted_waits_again() -> None:
    assert up_to("removed", "001").observation.state is SchedulerState.RUNNING
    assert up_to("removed", "004").observation.state is SchedulerState.PENDING


def test_a_log_that_grows_byte_by_byte_says_the_same() -> None:
    text = recorded("exited")
    history, place = History(), 0
    for end in range(len(text) + 1):
        history, understood = read(text[place:end], history)
        place += understood
    assert history == after(text)


@pytest.mark.parametrize("text", ["", "...", "garbage\n...\n", "\n...\n\n...\n", "999 (1", "<xml/>\n...\n"])
def test_what_is_no_event_changes_nothing(text: str) -> None:
    before = up_to("exited", "001")
    assert read(text, before)[0] == before


def test_an_event_that_nobody_knows_changes_nothing() -> None:
    before = up_to("exited", "001")
    assert read("777 (011.000.000) 2030-01-01 00:00:00 Something new.\n\t1\n...\n", before)[0] == before
