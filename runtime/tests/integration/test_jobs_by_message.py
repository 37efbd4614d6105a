"""Jobs over a real broker, with an agent and no web server."""

from __future__ import annotations

import json

import pytest

from runtime.tests.integration.site import Site


def test_a_job_runs_and_galaxy_is_told(site: Site) -> None:
    with site.running() as galaxy:
        galaxy.set_up("1", "echo out; echo err >&2; echo text > ../outputs/file; sleep 0.5; exit 3")
        end = galaxy.wait_for_update("1")
    assert galaxy.statuses("1") == ["running", "complete"]
    assert (end["returncode"], end["job_stdout"], end["job_stderr"]) == (3, "out\n", "err\n")
    assert end["outputs_directory_contents"] == ["file"]
    assert end["job_directory"] == str(site.server.staging / "1")


def test_a_job_that_was_sent_before_anybody_listened_runs(site: Site) -> None:
    site.galaxy.set_up("1", "true")
    with site.running() as galaxy:
        assert galaxy.wait_for_update("1")["status"] == "complete"


def test_what_was_said_before_galaxy_listened_is_not_lost(site: Site) -> None:
    """The server makes the queue itself (protocol section 6.1)."""
    with site.running() as galaxy:
        galaxy.set_up("first", "true")
        galaxy.wait_for_update("first")
    # Galaxy is away, and so is everything that it ever made.
    with site.broker.connection() as connection:
        connection.default_channel.queue_delete(f"pulsar_{site.manager}__status_update")
    site.galaxy.set_up("second", "true")
    with site.running() as galaxy:
        assert galaxy.wait_for_update("second")["status"] == "complete"


def test_a_job_is_ended(site: Site) -> None:
    with site.running() as galaxy:
        galaxy.set_up("1", "sleep 60")
        galaxy.wait_for_update("1", "running")
        galaxy.kill("1")
        assert galaxy.wait_for_update("1")["status"] == "cancelled"


@pytest.mark.parametrize("queue", ["status", "setup"])
def test_the_status_is_told_to_those_who_ask(site: Site, queue: str) -> None:
    """Older clients ask in the setup queue (trap 42)."""
    with site.running() as galaxy:
        galaxy.set_up("1", "sleep 60")
        galaxy.wait_for_update("1", "running")
        galaxy.ask_status("1", queue)
        galaxy.wait(lambda: galaxy.statuses("1") == ["running", "running"], "the status was said again")
        galaxy.ask_status("nobody's", queue)
        lost = galaxy.wait_for_update("nobody's")
        galaxy.kill("1")
        galaxy.wait_for_update("1", "cancelled")
    assert (lost["status"], lost["returncode"], lost["outputs_directory_contents"]) == ("lost", None, [])


def test_a_job_that_cannot_be_set_up_fails_and_its_message_is_kept(site: Site) -> None:
    with site.running() as galaxy:
        body = {"job_id": "1", "command_line": 5}
        galaxy.send("setup", body)
        end = galaxy.wait_for_update("1")
        galaxy.wait(lambda: galaxy.waiting("setup_dead") == 1, "the message is kept")
    assert (end["status"], end["job_stderr"]) == ("failed", "command_line is missing or not text")
    kept = galaxy.taken("setup_dead")
    assert json.loads(kept.body) == body
    assert kept.headers == {
        "reason": "command_line is missing or not text",
        "queue": f"pulsar_{site.manager}__setup",
    }


@pytest.mark.parametrize("queue", ["setup", "kill", "status"])
@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        (b"not json", "application/json", "utf-8"),
        (b"\xff\xfe", "application/json", "utf-8"),
        (b"[]", "application/json", "utf-8"),
        (b"{}", "application/json", "utf-8"),
        (b"{}", "application/x-python-serialize", "binary"),
        (b'{"job_id": "1"}', "application/json", "utf-16"),
    ],
    ids=["text", "bytes", "list", "empty", "pickle", "encoding"],
)
def test_what_nobody_understands_is_kept_and_stops_nothing(
    site: Site, queue: str, body: bytes, content_type: str, encoding: str
) -> None:
    with site.running() as galaxy:
        galaxy.send_raw(queue, body, content_type, encoding)
        galaxy.set_up("1", "true")
        assert galaxy.wait_for_update("1")["status"] == "complete"
        galaxy.wait(lambda: galaxy.waiting(f"{queue}_dead") == 1, "the message is kept")
    kept = galaxy.taken(f"{queue}_dead")
    kept_body = kept.body.encode() if isinstance(kept.body, str) else kept.body
    assert (kept_body, kept.content_type, kept.content_encoding) == (body, content_type, encoding)
    assert kept.headers["reason"]
    assert galaxy.waiting(queue) == 0


def test_a_drained_site_leaves_jobs_to_the_broker_and_hears_the_rest(site: Site) -> None:
    with site.running() as galaxy:
        galaxy.set_up("before", "sleep 60")
        galaxy.wait_for_update("before", "running")
        site.command("drain")
        galaxy.set_up("after", "true")
        galaxy.ask_status("after")
        galaxy.kill("before")
        assert galaxy.wait_for_update("before")["status"] == "cancelled"
        assert galaxy.statuses("after") == []
        site.command("resume")
        assert galaxy.wait_for_update("after")["status"] == "complete"
        # It is not lost for having waited.
        assert "lost" not in galaxy.statuses("after")


def test_a_job_that_is_ended_while_it_waits_at_the_broker_does_not_run(site: Site) -> None:
    with site.running() as galaxy:
        galaxy.set_up("first", "true")
        galaxy.wait_for_update("first")
        site.command("drain")
        galaxy.set_up("1", f"touch {site.server.directory}/ran; sleep 60")
        galaxy.kill("1")
        galaxy.wait(lambda: galaxy.waiting("kill") == 0, "the message was taken")
        site.command("resume")
        assert galaxy.wait_for_update("1")["status"] == "cancelled"


def test_an_older_galaxy_that_asks_a_drained_site_is_answered_afterwards(site: Site) -> None:
    """It asks in the queue that is left alone meanwhile (trap 42)."""
    with site.running() as galaxy:
        galaxy.set_up("first", "true")
        galaxy.wait_for_update("first")
        site.command("drain")
        galaxy.set_up("1", "true")
        galaxy.ask_status("nobody's", "setup")
        galaxy.ask_status("1", "setup")
        galaxy.wait(lambda: "taking no jobs" in site.server.log.read_text(), "it takes none")
        site.command("resume")
        assert galaxy.wait_for_update("1")["status"] == "complete"
        assert galaxy.wait_for_update("nobody's")["status"] == "lost"
        assert "lost" not in galaxy.statuses("1")


def test_a_site_that_has_enough_leaves_jobs_to_the_broker(site: Site) -> None:
    site = site.changed(messages={"most_active_jobs": 2, "prefetch": 1})
    with site.running() as galaxy:
        for number in range(4):
            galaxy.set_up(str(number), f"until [ -e {site.server.directory}/go ]; do sleep 0.05; done")
        galaxy.wait(lambda: sum(map(len, map(galaxy.statuses, "0123"))) == 2, "two run")
        galaxy.wait(lambda: galaxy.waiting("setup") == 2, "two wait")
        (site.server.directory / "go").touch()
        for number in range(4):
            assert galaxy.wait_for_update(str(number))["status"] == "complete"


def test_a_site_whose_disk_is_full_leaves_jobs_to_the_broker(site: Site) -> None:
    full = site.changed(disk={"minimum_free_mb": 10**9})
    with full.running() as galaxy:
        galaxy.set_up("1", "true")
        galaxy.set_up("2", "true")
        galaxy.wait(lambda: "taking no jobs" in full.server.log.read_text(), "it says so")
        galaxy.ask_status("1")
        assert galaxy.wait_for_update("1", "preprocessing")
        galaxy.wait(lambda: galaxy.waiting("setup") == 2, "both wait")
    site = site.changed()
    with site.running() as galaxy:
        for job_id in ("1", "2"):
            assert galaxy.wait_for_update(job_id)["status"] == "complete"
    # However often it looked whether there was space.
    assert site.server.log.read_text().count("taking no jobs") == 1


def test_a_job_that_comes_twice_runs_once(site: Site) -> None:
    runs = site.server.directory / "runs"
    with site.running() as galaxy:
        for _ in range(2):
            galaxy.set_up("1", f"echo run >> {runs}; sleep 0.5")
        galaxy.wait_for_update("1", "complete")
        galaxy.set_up("2", "true")
        galaxy.wait_for_update("2")
    assert runs.read_text() == "run\n"


def test_galaxy_submits_a_job_again_under_its_id(site: Site) -> None:
    with site.running() as galaxy:
        galaxy.set_up("1", "exit 1")
        assert galaxy.wait_for_update("1")["returncode"] == 1
        galaxy.updates.clear()
        galaxy.set_up("1", "exit 0")
        assert galaxy.wait_for_update("1")["returncode"] == 0


def test_names_of_queues_can_be_chosen(site: Site) -> None:
    site = site.changed(amqp_key_prefix=f"site_{site.manager}")
    site.galaxy = type(site.galaxy)(site.broker, f"site_{site.manager}")
    with site.running() as galaxy:
        galaxy.set_up("1", "true")
        assert galaxy.wait_for_update("1")["status"] == "complete"


def test_a_site_that_only_speaks_leaves_messages_alone(site: Site) -> None:
    with site.running() as galaxy:
        galaxy.set_up("1", "sleep 1")
        galaxy.wait_for_update("1", "running")
    site = site.changed(message_queue_consume=False)
    with site.running() as galaxy:
        galaxy.set_up("2", "true")
        assert galaxy.wait_for_update("1")["status"] == "complete"
        assert galaxy.waiting("setup") == 1


def test_the_url_may_be_in_a_file(site: Site) -> None:
    secret = site.server.directory / "broker-url"
    secret.write_text(site.broker.url + "\n")
    site = site.changed(message_queue_url=None, message_queue_url_file=str(secret))
    with site.running() as galaxy:
        galaxy.set_up("1", "true")
        assert galaxy.wait_for_update("1")["status"] == "complete"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        ("amqps://u:hunter2@h;x", "names several brokers"),
        ("hunter2", "must be a URL such as"),
    ],
)
def test_a_file_that_holds_no_url_is_named(site: Site, content: str | None, problem: str) -> None:
    secret = site.server.directory / "broker-url"
    if content is not None:
        secret.write_text(content)
    refused = site.changed(message_queue_url=None, message_queue_url_file=str(secret)).refused_start()
    assert str(secret) in refused
    assert problem in refused
    assert "hunter2" not in refused
