"""What clients are told, among in-memory twins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import pytest

from pulsar_runtime.domain.announcement import Receipt, StatusUpdate
from pulsar_runtime.domain.errors import BrokerUnavailable
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Submission
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.messaging.announcer import Announcer
from pulsar_runtime.messaging.topology import Topology
from pulsar_runtime.testing.publisher import InMemoryPublisher
from runtime.tests.unit.application.served import NEIGHBOUR, Served
from runtime.tests.unit.application.supervision import A_MOMENT, MAIN

ONE = JobId("1")


def nobody(_: object) -> NoReturn:
    raise AssertionError("no connection is made here")


class Teller:
    """An announcer, and everything behind and before it."""

    def __init__(self, repeat_seconds: float | None = None) -> None:
        self.served = Served()
        self.outbox = self.served.store.outbox
        self.publisher = InMemoryPublisher()
        self.announcer = Announcer(
            service=self.served.service,
            outbox=self.outbox,
            topology=Topology(),
            publisher=nobody,
            repeat_seconds=repeat_seconds,
        )

    def say(self) -> bool:
        return self.announcer.say(self.publisher)

    def run(self) -> None:
        """Let a job of a client that gets messages run to its end."""
        submission = Submission(command_line="true")
        self.served.setup()
        self.served.service.submit(MAIN, ONE, submission, announced=True)
        self.served.world.pass_time(A_MOMENT)
        self.served.world.host.end("1-1", 3)

    def bodies(self) -> list[Mapping[str, Any]]:
        return [json.loads(message.body) for message in self.publisher.published]


@pytest.fixture
def teller() -> Teller:
    return Teller()


def update(manager: ManagerName = MAIN, status: JobStatus = JobStatus.LOST, **more: Any) -> StatusUpdate:  # noqa: ANN401 - attributes of the update
    return StatusUpdate(manager=manager, job_id=ONE, status=status, **more)


def test_nothing_is_said_when_there_is_nothing_to_say(teller: Teller) -> None:
    assert not teller.say()
    assert teller.publisher.published == []


def test_a_job_is_told_from_its_start_to_its_end(teller: Teller) -> None:
    """In the two forms of protocol section 3."""
    teller.run()
    assert teller.say()
    running, complete = teller.bodies()
    assert running == {"complete": "false", "status": "running", "job_id": "1"}
    assert (complete["complete"], complete["status"], complete["returncode"]) == ("true", "complete", 3)
    assert complete["working_directory"] == "/staging/1/working"
    assert complete["pulsar_version"].startswith("0.16.0+runtime.")


def test_messages_are_json_in_the_queue_of_the_manager(teller: Teller) -> None:
    """Protocol sections 6.1 and 6.2."""
    teller.outbox.announce(update(NEIGHBOUR))
    teller.say()
    (message,) = teller.publisher.published
    assert message.queue == "pulsar_neighbour__status_update"
    assert (message.content_type, message.content_encoding) == ("application/json", "utf-8")
    assert message.required
    assert message.headers == {}


def test_what_was_said_is_not_said_again(teller: Teller) -> None:
    teller.run()
    assert teller.say()
    assert not teller.say()


def test_what_could_not_be_said_is_said_later_in_order(teller: Teller) -> None:
    teller.run()
    teller.publisher.faults.plan(teller.publisher.publish, BrokerUnavailable())
    with pytest.raises(BrokerUnavailable):
        teller.say()
    assert teller.say()
    assert [body["status"] for body in teller.bodies()] == ["running", "complete"]


def test_a_great_deal_is_said_in_parts(teller: Teller) -> None:
    for number in range(120):
        teller.outbox.announce(
            StatusUpdate(manager=MAIN, job_id=JobId(str(number)), status=JobStatus.RUNNING)
        )
    while teller.say():
        pass
    assert [body["job_id"] for body in teller.bodies()] == [str(number) for number in range(120)]


def test_an_unknown_job_is_told_with_the_whole_structure(teller: Teller) -> None:
    teller.outbox.announce(update())
    teller.say()
    (body,) = teller.bodies()
    assert (body["status"], body["returncode"], body["job_directory"]) == ("lost", None, "/staging/1")
    assert body["outputs_directory_contents"] == []


def test_a_job_that_was_never_set_up_is_told_with_the_reason(teller: Teller) -> None:
    teller.outbox.announce(update(status=JobStatus.FAILED, return_code=1, reason="no command line"))
    teller.say()
    (body,) = teller.bodies()
    assert (body["status"], body["returncode"], body["job_stderr"]) == ("failed", 1, "no command line")
    assert body["complete"] == "true"


def test_the_end_of_a_job_that_is_gone_is_told_all_the_same(teller: Teller) -> None:
    """The fallback of protocol section 12."""
    teller.run()
    teller.served.service.clean(MAIN, ONE)
    teller.say()
    end = teller.bodies()[-1]
    assert (end["job_id"], end["status"], end["returncode"], end["complete"]) == ("1", "complete", 3, "true")


def test_so_is_that_of_a_job_whose_manager_is_gone(teller: Teller) -> None:
    teller.outbox.announce(update(ManagerName("removed"), JobStatus.COMPLETE, return_code=0))
    teller.say()
    assert [body["status"] for body in teller.bodies()] == ["complete"]


def test_a_receipt_goes_to_the_queue_that_its_receiver_named(teller: Teller) -> None:
    teller.outbox.receive(Receipt(manager=MAIN, message_id="theirs", queue="setup_ack"))
    teller.say()
    (message,) = teller.publisher.published
    assert message.queue == "pulsar__setup_ack"
    assert json.loads(message.body) == {"acknowledge_uuid_response": "theirs"}
    # Whoever wants it has made the queue, or asks again.
    assert not message.required


def test_a_status_update_can_be_confirmed(teller: Teller) -> None:
    teller = Teller(repeat_seconds=30)
    teller.outbox.announce(update(status=JobStatus.RUNNING))
    teller.say()
    (body,) = teller.bodies()
    assert (body["acknowledge_queue"], body["acknowledge_submit_queue"]) == (
        "status_update_ack",
        "status_update",
    )
    assert teller.outbox.confirmed(body["acknowledge_uuid"])
    teller.served.world.pass_time(3600)
    assert not teller.say()


def test_it_is_said_again_until_it_is(teller: Teller) -> None:
    """With the same identifier, and without the wish to be asked again (protocol section 6.6)."""
    teller = Teller(repeat_seconds=30)
    teller.outbox.announce(update(status=JobStatus.RUNNING))
    teller.say()
    teller.served.world.pass_time(29)
    assert not teller.say()
    teller.served.world.pass_time(2)
    assert teller.say()
    first, second = teller.bodies()
    assert second == {**first, "force_noack": True}
    assert not teller.say()


def test_a_receipt_is_not_to_be_confirmed(teller: Teller) -> None:
    teller = Teller(repeat_seconds=30)
    teller.outbox.receive(Receipt(manager=MAIN, message_id="theirs", queue="setup_ack"))
    teller.say()
    teller.served.world.pass_time(3600)
    assert not teller.say()
    assert len(teller.publisher.published) == 1
