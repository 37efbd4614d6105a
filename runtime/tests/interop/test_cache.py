"""The file cache, which a client uses that is told `cache: true`."""

from __future__ import annotations

import hashlib

from runtime.tests.interop.galaxy_job import NewJob
from runtime.tests.live_server import LiveServer


def test_an_input_is_sent_once_and_used_by_many_jobs(new_job: NewJob, server: LiveServer) -> None:
    first, second = (new_job(manager_options={"cache": True}) for _ in range(2))
    given = first.input("dataset_1.dat", "cached\n")
    second.inputs.append((str(given), "input_path"))
    token = hashlib.sha256(f"IP:127.0.0.1:{given}".encode()).hexdigest()
    for job in (first, second):
        made = job.output("dataset_2.dat")
        job.run(f"cat {given} > {made}")
        assert made.read_text() == "cached\n"
        given.write_text("changed on Galaxy's side, and not sent again\n")
    assert (server.directory / "cache" / token).read_text() == "cached\n"
