"""What becomes of messages, among in-memory twins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

import attrs
import pytest

from pulsar_runtime.application.admission import Admission
from pulsar_runtime.application.correspondence import Correspondence
from pulsar_runtime.domain.announcement import Receipt, StatusUpdate
from pulsar_runtime.domain.errors import DiskFull, StoreBusy, StoreCorrupt
from pulsar_runtime.messaging.handler import Dead, Delivery, Done, Later, MessageHandler, UnknownYet
from pulsar_runtime.protocol.messages import Queue
from runtime.tests.unit.application.served import Served
from runtime.tests.unit.application.supervision import A_MOMENT, MAIN

SETUP = {"job_id": "1", "command_line": "true"}
WISH = {"acknowledge_uuid": "theirs", "acknowledge_queue": "setup_ack", "acknowledge_submit_queue": "setup"}


class Site:
    """A handler, and everything behind it."""

    def __init__(self) -> None:
        self.served = Served()
        self.store = self.served.store
        self.outbox = self.store.outbox
        self.handler = MessageHandler(
            use_cases=Correspondence(
                service=self.served.service, outbox=self.outbox, clock=self.served.world.clock
            ),
            inbox=self.outbox,
            outbox=self.outbox,
            admission=Admission(store=self.store, most_active_jobs=2),
        )

    def handle(
        self, queue: Queue, body: Mapping[str, object] | bytes, *, again: bool = False
    ) -> Done | Later | UnknownYet | Dead:
        return self.handler.handle(delivery(queue, body, again=again))

    def said(self) -> list[tuple[str, str] | Receipt]:
        """Return what is to be said."""
        contents = [one.content for one in self.outbox.unsent(100)]
        return [(one.job_id, one.status.value) if isinstance(one, StatusUpdate) else one for one in contents]

    def known(self) -> list[str]:
        """Return the jobs that there are."""
        return [job.job_id for job in self.store.jobs()]


def delivery(queue: Queue, body: Mapping[str, object] | bytes, *, again: bool = False) -> Delivery:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery(manager=MAIN, queue=queue, body=text, content_type="application/json", again=again)


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_job_is_taken(site: Site) -> None:
    assert site.handle(Queue.SETUP, SETUP) == Done()
    assert site.known() == ["1"]
    assert site.store.count_active() == 1


def test_a_job_is_ended(site: Site) -> None:
    site.handle(Queue.SETUP, SETUP)
    assert site.handle(Queue.KILL, {"job_id": "1"}) == Done()
    assert [job.job_id for job in site.store.jobs() if job.cancel_requested] == ["1"]


def test_a_status_is_said(site: Site) -> None:
    site.handle(Queue.SETUP, SETUP)
    site.served.world.pass_time(A_MOMENT)
    assert site.handle(Queue.STATUS, {"request": "status", "job_id": "1"}) == Done()
    assert site.said() == [("1", "running"), ("1", "running")]


@pytest.mark.parametrize("queue", [Queue.KILL, Queue.STATUS])
def test_a_job_that_nobody_knows_may_be_on_the_way(site: Site, queue: Queue) -> None:
    assert site.handle(queue, {"job_id": "1"}) == UnknownYet()
    assert site.said() == []


def test_one_that_is_not_on_the_way_either_is_lost(site: Site) -> None:
    assert site.handler.give_up(delivery(Queue.STATUS, {"job_id": "1", **WISH})) == Done()
    assert site.said() == [
        ("1", "lost"),
        Receipt(manager=MAIN, message_id="theirs", queue="setup_ack"),
    ]


def test_one_that_is_not_on_the_way_either_need_not_be_ended(site: Site) -> None:
    assert site.handler.give_up(delivery(Queue.KILL, {"job_id": "1"})) == Done()
    assert site.said() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
@pytest.mark.parametrize("queue", Queue)
def test_what_cannot_be_read_is_dead(site: Site, queue: Queue, body: bytes) -> None:
    assert isinstance(site.handle(queue, body), Dead)
    assert site.said() == []


def test_a_job_that_cannot_be_set_up_is_dead_and_its_client_told(site: Site) -> None:
    outcome = site.handle(Queue.SETUP, {"job_id": "1", "command_line": "true", "env": 5})
    assert outcome == Dead("env is not a list")
    (waiting,) = site.outbox.unsent(10)
    assert isinstance(waiting.content, StatusUpdate)
    assert (waiting.content.status.value, waiting.content.reason) == ("failed", "env is not a list")


@pytest.mark.parametrize("queue", [Queue.KILL, Queue.STATUS])
def test_a_bad_message_of_another_kind_says_nothing_about_its_job(site: Site, queue: Queue) -> None:
    assert isinstance(site.handle(queue, {"job_id": ".."}), Dead)
    assert site.said() == []


def test_a_drained_server_takes_no_job_and_does_the_rest(site: Site) -> None:
    site.handle(Queue.SETUP, SETUP)
    site.store.drain()
    assert site.handle(Queue.SETUP, {**SETUP, "job_id": "2"}) == Later("this server is being drained")
    assert site.handle(Queue.KILL, {"job_id": "1"}) == Done()
    assert site.handle(Queue.STATUS, {"job_id": "1"}) == Done()
    assert site.known() == ["1"]


def test_a_server_that_has_enough_takes_no_job(site: Site) -> None:
    for job_id in ("1", "2"):
        assert site.handle(Queue.SETUP, {**SETUP, "job_id": job_id}) == Done()
    assert site.handle(Queue.SETUP, {**SETUP, "job_id": "3"}) == Later("this server has 2 active jobs")


def test_a_status_request_in_the_setup_queue_is_answered_all_the_same(site: Site) -> None:
    site.handle(Queue.SETUP, SETUP)
    site.store.drain()
    assert site.handle(Queue.SETUP, {"request": "status", "job_id": "1"}) == Done()


def test_a_full_disk_is_no_fault_of_the_message(site: Site) -> None:
    site.served.files.faults.plan(site.served.files.create, DiskFull("no space"))
    assert site.handle(Queue.SETUP, SETUP) == Later("no space")
    assert site.said() == []
    assert site.handle(Queue.SETUP, SETUP, again=True) == Done()


def test_a_busy_store_is_no_fault_of_the_message(site: Site) -> None:
    site.store.faults.plan(site.store.submit, StoreBusy("locked"))
    assert site.handle(Queue.SETUP, SETUP) == Later("locked")
    site.store.faults.plan(site.store.find, StoreBusy("locked"))
    assert site.handle(Queue.KILL, {"job_id": "1"}) == Later("locked")


def test_a_damaged_store_is_for_somebody_else_to_deal_with(site: Site) -> None:
    site.store.faults.plan(site.store.find, StoreCorrupt())
    with pytest.raises(StoreCorrupt):
        site.handle(Queue.SETUP, SETUP)


def test_who_wants_a_receipt_gets_it(site: Site) -> None:
    assert site.handle(Queue.SETUP, {**SETUP, **WISH}) == Done()
    assert site.said() == [Receipt(manager=MAIN, message_id="theirs", queue="setup_ack")]


def test_a_message_that_is_sent_again_counts_once_and_is_answered_again(site: Site) -> None:
    """Its sender has not heard of it (protocol section 6.6)."""
    site.handle(Queue.SETUP, {**SETUP, **WISH})
    site.served.world.pass_time(A_MOMENT)
    job = site.store.jobs()[0]
    site.served.world.host.end(f"{job.key}-1", 0)
    assert site.handle(Queue.SETUP, {**SETUP, **WISH, "force_noack": True}) == Done()
    assert [one.key for one in site.store.jobs()] == [job.key]
    receipt = Receipt(manager=MAIN, message_id="theirs", queue="setup_ack")
    assert site.said() == [receipt, ("1", "running"), ("1", "complete"), receipt]


def test_there_is_no_receipt_for_what_was_not_done(site: Site) -> None:
    site.store.drain()
    assert isinstance(site.handle(Queue.SETUP, {**SETUP, **WISH}), Later)
    assert site.handle(Queue.KILL, {"job_id": "1", **WISH}) == UnknownYet()
    assert site.said() == []


def test_there_is_one_for_what_will_never_be_done(site: Site) -> None:
    """Or its sender would go on for ever."""
    assert isinstance(site.handle(Queue.SETUP, {"job_id": "1", **WISH}), Dead)
    assert site.said()[1:] == [Receipt(manager=MAIN, message_id="theirs", queue="setup_ack")]


def test_a_wish_that_cannot_be_fulfilled_is_refused(site: Site) -> None:
    outcome = site.handle(Queue.SETUP, {**SETUP, "acknowledge_uuid": "u", "acknowledge_queue": "setup"})
    assert isinstance(outcome, Dead)
    assert site.said() == [("1", "failed")]
    assert site.known() == []


def test_an_acknowledgement_ends_the_waiting_for_it(site: Site) -> None:
    site.handle(Queue.STATUS, {"job_id": "1"})
    site.handler.give_up(delivery(Queue.STATUS, {"job_id": "1"}))
    (waiting,) = site.outbox.unsent(10)
    site.outbox.await_confirmation([waiting.number])
    body = {"acknowledge_uuid_response": waiting.message_id}
    assert site.handle(Queue.STATUS_UPDATE_ACK, body) == Done()
    assert list(site.outbox.unconfirmed(0, 10)) == []
    assert site.handle(Queue.STATUS_UPDATE_ACK, body) == Done()


def test_a_message_that_takes_down_everybody_is_given_up(site: Site) -> None:
    """An agent that dies over it finds it again, with a mark of the broker's."""

    def crash(*_: object, **__: object) -> NoReturn:
        raise SystemExit

    working = site.handler
    site.handler = attrs.evolve(working, use_cases=type("Crashing", (), {"set_up": crash})())
    with pytest.raises(SystemExit):
        site.handle(Queue.SETUP, SETUP)
    for _ in range(5):
        with pytest.raises(SystemExit):
            site.handle(Queue.SETUP, SETUP, again=True)
    site.handler = working
    outcome = site.handle(Queue.SETUP, SETUP, again=True)
    assert outcome == Dead("nobody who acted upon it 5 times came to an end")
    assert site.known() == []
    assert site.said() == [("1", "failed")]


def test_a_message_that_only_had_to_wait_is_not_given_up(site: Site) -> None:
    site.store.drain()
    for _ in range(20):
        assert isinstance(site.handle(Queue.SETUP, SETUP, again=True), Later)
    site.store.resume()
    assert site.handle(Queue.SETUP, SETUP, again=True) == Done()
