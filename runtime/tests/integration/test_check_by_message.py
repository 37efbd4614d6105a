"""``pulsar-runtime check`` without a URL: a real job through the broker."""

from __future__ import annotations

import json

from runtime.tests.broker import PASSWORD
from runtime.tests.integration.site import Site

LOOKING = ["connect", "agent"]
RUNNING = ["setup", "run", "clean"]


def check(site: Site, *arguments: str) -> dict[str, object]:
    done = site.run("check", "--manager", site.manager, "--json", *arguments)
    assert PASSWORD not in done.stdout + done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    assert answer["ok"] is (done.returncode == 0), done.stderr
    return answer


def phases(answer: dict[str, object]) -> list[str]:
    found = answer["phases"]
    assert isinstance(found, list)
    return [phase["name"] for phase in found]


def test_a_job_runs_and_is_removed_and_galaxy_loses_no_message(site: Site) -> None:
    with site.running() as galaxy:
        galaxy.set_up("1", "true")
        galaxy.wait_for_update("1")
        answer = check(site)
        assert phases(answer) == [*LOOKING, *RUNNING]
        galaxy.set_up("2", "true")
        galaxy.wait_for_update("2")
        # Galaxy was told of the probe too, under an id that cannot be one of its jobs'.
        (probe,) = {update["job_id"] for update in galaxy.updates} - {"1", "2"}
        assert len(probe) == 32
        galaxy.wait_for_update(probe, "complete")
    jobs = json.loads(site.run("jobs", "list", "--json").stdout)
    assert [job["job_id"] for job in jobs] == ["1", "2"]


def test_a_dry_run_finds_the_agent_and_runs_nothing(site: Site) -> None:
    with site.running():
        assert phases(check(site, "--dry-run")) == LOOKING
    assert json.loads(site.run("jobs", "list", "--json").stdout) == []


def test_an_agent_that_does_not_run_is_named(site: Site) -> None:
    answer = check(site, "--dry-run", "--timeout", "0.5")
    assert answer["phase"] == "agent"
    assert f"nobody reads the queue pulsar_{site.manager}__kill: does the agent run" in str(answer["error"])


def test_a_drained_server_is_there_and_takes_no_job(site: Site) -> None:
    with site.running() as galaxy:
        check(site, "--dry-run")
        site.command("drain")
        # It looks whether it may take jobs when one comes.
        galaxy.set_up("1", "true")
        galaxy.wait(lambda: galaxy.waiting("setup") == 1, "the job is back in its queue")
        assert check(site, "--dry-run")["ok"] is True
        answer = check(site, "--timeout", "0.5")
    assert answer["phase"] == "setup"
    assert "it takes no jobs now: it is being drained" in str(answer["error"])


def test_a_job_that_does_not_end_in_time_is_told_to_end(site: Site) -> None:
    busy = site.changed(managers={site.manager: {"type": "queued_python", "num_concurrent_jobs": 1}})
    with busy.running() as galaxy:
        galaxy.set_up("1", "sleep 600")
        galaxy.wait_for_update("1", "running")
        answer = check(busy, "--timeout", "1")
        assert answer["phase"] == "run"
        assert "is its manager free? It was told to end" in str(answer["error"])
        galaxy.wait(lambda: any(len(one["job_id"]) == 32 for one in galaxy.updates), "the probe has ended")
        galaxy.kill("1")
        galaxy.wait_for_update("1")


def test_a_broker_that_is_away_is_named_with_its_address(site: Site) -> None:
    away = site.changed(message_queue_url="amqp://site:secret@127.0.0.1:1/v")
    answer = check(away)
    assert answer["phase"] == "connect"
    assert "refused" in str(answer["error"])


def test_a_broker_that_refuses_is_named_with_the_cure(site: Site) -> None:
    refused = site.changed(message_queue_url=site.broker.url.replace("site:", "stranger:"))
    answer = check(refused)
    assert answer["phase"] == "connect"
    assert "check user, password and permissions in message_queue_url" in str(answer["error"])


def test_an_unknown_manager_is_named_with_those_that_there_are(site: Site) -> None:
    done = site.run("check", "--manager", "other")
    assert done.returncode == 1
    assert f"there is no manager other; name one of {site.manager}" in done.stderr


def test_without_a_url_and_a_broker_there_is_nothing_to_check(site: Site) -> None:
    without = site.changed(message_queue_url=None)
    done = without.run("check")
    assert done.returncode == 2
    assert "name a URL, or a --config with message_queue_url" in done.stderr
