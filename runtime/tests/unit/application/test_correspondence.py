"""Jobs of clients that send messages: each message counts once, and each end is said."""

from __future__ import annotations

import pytest

from pulsar_runtime.application.correspondence import Correspondence
from pulsar_runtime.domain.announcement import StatusUpdate
from pulsar_runtime.domain.errors import Draining, UnknownJob
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import Submission
from pulsar_runtime.domain.status import JobStatus
from runtime.tests.unit.application.served import ASSIGNING, Served
from runtime.tests.unit.application.supervision import A_MOMENT, MAIN

ONE = JobId("1")
A_SUBMISSION = Submission(command_line="true")


class Clients:
    """A service, and what its clients are told."""

    def __init__(self) -> None:
        self.served = Served()
        self.outbox = self.served.store.outbox
        self.use_cases = Correspondence(
            service=self.served.service, outbox=self.outbox, clock=self.served.world.clock
        )

    def set_up(self, submission: Submission = A_SUBMISSION, *, again: bool = False) -> None:
        self.use_cases.set_up(MAIN, ONE, submission, again=again)

    def run(self, code: int = 0) -> None:
        """Let the present job run to its end."""
        self.served.world.pass_time(A_MOMENT)
        self.served.world.host.end(f"{self.key}-1", code)

    @property
    def key(self) -> int:
        job = self.served.store.find(MAIN, ONE)
        assert job is not None
        return job.key

    def said(self) -> list[str]:
        """Return the statuses that were said since the last call."""
        waiting = self.outbox.unsent(100)
        self.outbox.sent([one.number for one in waiting])
        return [one.content.status.value for one in waiting if isinstance(one.content, StatusUpdate)]


@pytest.fixture
def clients() -> Clients:
    return Clients()


def test_a_job_runs_and_its_client_is_told(clients: Clients) -> None:
    clients.set_up()
    clients.run()
    assert clients.said() == ["running", "complete"]


def test_the_client_has_computed_the_layout_even_if_it_does_not_say_so(clients: Clients) -> None:
    clients.set_up(Submission(command_line="ls __PULSAR_JOB_DIRECTORY__"))
    assert clients.served.store.submission(clients.key).command_line == "ls /staging/1"


def test_a_manager_that_assigns_ids_keeps_those_of_messages(clients: Clients) -> None:
    """Trap 46: never reassign job ids in message modes."""
    clients.use_cases.set_up(ASSIGNING, ONE, A_SUBMISSION, again=False)
    job = clients.served.store.find(ASSIGNING, ONE)
    assert job is not None
    assert (job.job_id, job.alias) == ("1", None)


@pytest.mark.parametrize("again", [False, True])
def test_a_message_for_a_job_that_goes_on_changes_nothing(clients: Clients, *, again: bool) -> None:
    clients.set_up()
    first = clients.key
    clients.set_up(again=again)
    clients.run()
    assert clients.key == first
    assert clients.served.world.host.starts == [f"{first}-1"]
    assert clients.said() == ["running", "complete"]


def test_a_message_that_comes_again_after_the_end_runs_nothing_and_is_answered(clients: Clients) -> None:
    clients.set_up()
    clients.run()
    first = clients.key
    clients.said()
    clients.set_up(again=True)
    assert clients.key == first
    assert clients.said() == ["complete"]


def test_a_new_message_for_an_ended_job_begins_it_anew(clients: Clients) -> None:
    """Galaxy resubmits a job under its id."""
    clients.set_up()
    clients.run(code=1)
    first = clients.key
    clients.said()
    clients.set_up()
    clients.run()
    assert clients.key != first
    assert clients.said() == ["running", "complete"]


def test_a_job_that_failed_on_our_side_begins_anew(clients: Clients) -> None:
    clients.set_up()
    clients.served.world.pass_time(A_MOMENT)
    first = clients.key
    clients.served.world.host.vanish(f"{first}-1")
    clients.set_up()
    assert clients.key != first


def test_a_message_that_was_sent_twice_runs_once(clients: Clients) -> None:
    """A sender that loses the broker does not know whether its message arrived, and sends it again."""
    clients.set_up()
    clients.run()
    first = clients.key
    clients.said()
    clients.served.world.pass_time(50)
    clients.set_up()
    assert clients.key == first
    assert clients.said() == ["complete"]


def test_a_job_that_succeeded_long_ago_begins_anew(clients: Clients) -> None:
    clients.set_up()
    clients.run()
    first = clients.key
    clients.served.world.pass_time(70)
    clients.set_up()
    assert clients.key != first


def test_another_job_of_the_same_id_begins_at_once(clients: Clients) -> None:
    clients.set_up()
    clients.run()
    first = clients.key
    clients.set_up(Submission(command_line="another"))
    assert clients.key != first


def test_another_job_of_the_same_id_begins_even_if_its_message_comes_again(clients: Clients) -> None:
    """Its first delivery may have been lost with the agent, before anybody acted upon it."""
    clients.set_up()
    clients.run()
    first = clients.key
    clients.set_up(Submission(command_line="another"), again=True)
    assert clients.key != first


def test_a_message_whose_job_was_only_set_up_is_taken_when_it_comes_again(clients: Clients) -> None:
    clients.served.setup()
    clients.set_up(again=True)
    clients.run()
    assert clients.said() == ["running", "complete"]


def test_no_job_is_taken_while_none_shall(clients: Clients) -> None:
    clients.served.store.drain()
    with pytest.raises(Draining):
        clients.set_up()
    assert clients.said() == []


def test_a_job_can_be_ended(clients: Clients) -> None:
    clients.set_up()
    clients.served.world.pass_time(A_MOMENT)
    clients.use_cases.end(MAIN, ONE)
    clients.served.world.host.end(f"{clients.key}-1", -15)
    assert clients.said() == ["running", "cancelled"]


def test_the_status_of_a_job_is_said(clients: Clients) -> None:
    clients.set_up()
    clients.served.world.pass_time(A_MOMENT)
    clients.said()
    clients.use_cases.tell(MAIN, ONE)
    clients.run()
    clients.use_cases.tell(MAIN, ONE)
    assert clients.said() == ["running", "complete", "complete"]


def test_the_status_of_a_job_that_came_by_another_way_is_said_as_well(clients: Clients) -> None:
    clients.served.running()
    clients.use_cases.tell(MAIN, ONE)
    assert clients.said() == ["running"]


def test_nobody_knows_an_unknown_job(clients: Clients) -> None:
    with pytest.raises(UnknownJob):
        clients.use_cases.tell(MAIN, ONE)
    with pytest.raises(UnknownJob):
        clients.use_cases.end(MAIN, ONE)
    clients.use_cases.tell_lost(MAIN, ONE)
    assert clients.said() == ["lost"]


def test_a_client_is_told_why_its_job_was_refused(clients: Clients) -> None:
    clients.use_cases.tell_refused(MAIN, ONE, "no command line")
    (waiting,) = clients.outbox.unsent(10)
    assert waiting.content == StatusUpdate(
        manager=MAIN, job_id=ONE, status=JobStatus.FAILED, return_code=1, reason="no command line"
    )


def test_a_job_that_goes_on_is_not_said_to_be_refused(clients: Clients) -> None:
    """A bad message of the same id says nothing about it."""
    clients.set_up()
    clients.use_cases.tell_refused(MAIN, ONE, "no command line")
    assert "failed" not in clients.said()
