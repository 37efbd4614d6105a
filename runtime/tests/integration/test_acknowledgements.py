"""Acknowledgements between the programs, besides those of the broker (protocol section 6.6)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from runtime.tests.integration.site import Site


def outbox(site: Site) -> int:
    """Return how much there is left to say, or to be confirmed."""
    file = site.server.directory / "persisted_data" / "jobs.sqlite"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM outbox").fetchone()[0])


def test_both_sides_confirm_what_they_get(site: Site) -> None:
    site = site.changed(amqp_acknowledge=True)
    with site.running() as galaxy:
        galaxy.set_up("1", "sleep 60")
        galaxy.wait_for_update("1", "running")
        galaxy.kill("1")
        galaxy.wait_for_update("1", "cancelled")
        galaxy.wait(lambda: len(galaxy.receipts) == 2, "two receipts for two messages")
        galaxy.wait(lambda: outbox(site) == 0, "everything that was said is confirmed")
    assert galaxy.statuses("1") == ["running", "cancelled"]


def test_what_galaxy_does_not_confirm_is_said_again(site: Site) -> None:
    site = site.changed(amqp_acknowledge=True, amqp_ack_republish_time=1, status_outbox_drain_interval=0.2)
    site.galaxy.acknowledges = False
    with site.running() as galaxy:
        galaxy.set_up("1", "true")
        galaxy.wait(lambda: galaxy.statuses("1").count("complete") >= 3, "its end was said three times")
        first, second, *_ = [one for one in galaxy.updates if one["status"] == "complete"]
        assert second == {**first, "force_noack": True}
        galaxy.send("status_update_ack", {"acknowledge_uuid_response": first["acknowledge_uuid"]})
        running = [one for one in galaxy.updates if one["status"] == "running"]
        for one in running:
            galaxy.send("status_update_ack", {"acknowledge_uuid_response": one["acknowledge_uuid"]})
        galaxy.wait(lambda: outbox(site) == 0, "it is confirmed")


def test_a_server_that_wants_none_answers_all_the_same(site: Site) -> None:
    with site.running() as galaxy:
        wish = {
            "acknowledge_uuid": "a",
            "acknowledge_queue": "setup_ack",
            "acknowledge_submit_queue": "setup",
        }
        galaxy.set_up("1", "true", **wish)
        galaxy.wait(lambda: galaxy.receipts == ["a"], "the message was confirmed")
        end = galaxy.wait_for_update("1")
        assert not {"acknowledge_uuid", "force_noack"} & end.keys()


def test_a_message_that_galaxy_sends_again_counts_once(site: Site) -> None:
    wish = {"acknowledge_uuid": "a", "acknowledge_queue": "setup_ack", "acknowledge_submit_queue": "setup"}
    runs = site.server.directory / "runs"
    with site.running() as galaxy:
        galaxy.set_up("1", f"echo run >> {runs}", **wish)
        galaxy.wait_for_update("1")
        galaxy.set_up("1", f"echo run >> {runs}", **wish, force_noack=True)
        galaxy.wait(lambda: galaxy.receipts == ["a", "a"], "it was confirmed again")
        galaxy.set_up("2", "true")
        galaxy.wait_for_update("2")
    assert runs.read_text() == "run\n"
