"""Jobs that nothing happens to."""

from __future__ import annotations

from collections.abc import Mapping

from testinfra.host import Host

from test_hosts.message_galaxy import MessageGalaxy
from test_hosts.message_jobs import MessageJob, MessageJobs


def test_galaxy_is_told_of_jobs_on_both_servers_and_has_what_they_made(
    by_message: MessageGalaxy, servers: Mapping[str, Host]
) -> None:
    jobs = MessageJobs(
        by_message,
        [MessageJob(galaxy=by_message, server=server, host=host) for server, host in servers.items()],
    )
    for job in jobs.jobs:
        job.submit()
    assert jobs.unlike_once() == {}
    for job in jobs.jobs:
        assert by_message.call("statuses", job=job.name).count("complete") == 1
