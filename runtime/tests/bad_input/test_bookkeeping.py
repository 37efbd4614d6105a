"""What the server writes into a job directory: nobody else decides how a job went."""

from __future__ import annotations

import pytest

from runtime.tests.bad_input.answers import assert_refused
from runtime.tests.bad_input.api import Api, new_id
from runtime.tests.bad_input.file_tree import nothing_written
from runtime.tests.live_server import LiveServer

#: What a server of this protocol keeps directly in the job directory (protocol.md section 2.3).
RESERVED = [
    "tool_id",
    "tool_version",
    "launch_config",
    "preprocessed",
    "preprocessing_failed",
    "running",
    "final_status",
    "postprocessed",
    "cancelled",
    "submitted",
    "pid",
    "external_id",
    "command.sh",
    "command_line",
    "return_code",
    "working.orig",
    "outputs.orig",
    "configs.orig",
    "tmp",
    "home",
    "inputs",
    "working",
    "outputs",
    "configs",
    "tool_files",
    "metadata",
    "unstructured",
]


@pytest.mark.parametrize("path_type", ["jobdir", "output_jobdir"])
@pytest.mark.parametrize("name", RESERVED)
def test_an_upload_over_the_servers_own_file_is_refused(
    api: Api, server: LiveServer, name: str, path_type: str
) -> None:
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        for spelling in (name, f"a/{name}", f"../{name}", f"./{name}", f"a//{name}", f"/etc/{name}"):
            assert_refused(api.upload(job_id, spelling, path_type, b"0\n"), 400)
            assert_refused(api.path(job_id, spelling, path_type), 400)


@pytest.mark.parametrize("path_type", ["jobdir", "output_jobdir"])
def test_a_clients_own_files_go_into_the_job_directory(api: Api, path_type: str) -> None:
    """Galaxy keeps the tool's script there (protocol.md section 2.3)."""
    job_id = new_id()
    directory = api.setup(job_id)
    assert api.upload(job_id, "tool_script.sh", path_type, b"exit 5").code == 200
    assert (directory / "tool_script.sh").read_bytes() == b"exit 5"
    api.submit(job_id, f"bash {directory}/tool_script.sh")
    assert api.wait(job_id)["returncode"] == 5


def test_type_names_have_a_case(api: Api, server: LiveServer) -> None:
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        for path_type in ("JOBDIR", "JobDir", "Output_JobDir", "jobdir ", " jobdir"):
            assert_refused(api.upload(job_id, "return_code", path_type, b"0\n"), 400)


@pytest.mark.parametrize(
    "path_type", ["input", "tool", "unstructured", "output", "metadata", "output_workdir"]
)
def test_other_types_do_not_reach_the_servers_files(api: Api, server: LiveServer, path_type: str) -> None:
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        for name in ("../return_code", "a/../../command.sh", "../metadata/job_stdout"):
            assert_refused(api.upload(job_id, name, path_type), 400)


def test_no_upload_has_the_name_of_an_upload_in_progress(api: Api, server: LiveServer) -> None:
    job_id = new_id()
    api.setup(job_id)
    with nothing_written(server):
        assert_refused(api.upload(job_id, ".pulsar-partial-0123456789abcdef", "input"), 400)


def test_a_job_decides_its_exit_code_by_exiting_alone(api: Api) -> None:
    status = api.run(
        """
        echo 0 > ../return_code; echo 1 > ../pid; touch ../cancelled ../postprocessed
        echo '"cancelled"' > ../final_status; echo '"lost"' > ../running; echo true > ../preprocessing_failed
        echo 0 > return_code; chmod 444 ../return_code ../final_status
        exit 7
        """
    )
    assert (status["status"], status["complete"], status["returncode"]) == ("complete", "true", 7)


@pytest.mark.parametrize("forge", ["rm -f", "mkdir -p", "mkfifo", "ln -sfn /etc/hostname"])
def test_whatever_a_job_makes_of_the_servers_files_it_ends_as_it_exits(api: Api, forge: str) -> None:
    names = "../return_code ../final_status ../pid ../command.sh ../tool_id ../running ../cancelled"
    status = api.run(f"rm -rf {names}; for name in {names}; do {forge} $name; done; exit 9")
    assert (status["status"], status["returncode"]) == ("complete", 9)


def test_a_process_that_a_job_leaves_behind_changes_nothing_any_more(api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    forge = "echo 0 > ../return_code; echo '\"failed\"' > ../final_status; touch ../forged"
    api.submit(job_id, f"(until [ -e ../go ]; do sleep 0.05; done; {forge}) >/dev/null 2>&1 & exit 4")
    assert api.wait(job_id)["returncode"] == 4

    (directory / "go").touch()

    limit_of_polls = 200
    for _ in range(limit_of_polls):
        status = api.status(job_id)
        assert (status["status"], status["returncode"]) == ("complete", 4)
        if (directory / "forged").exists():
            break
    assert (directory / "forged").exists()


def test_a_job_cannot_end_its_keeper_to_look_successful(api: Api) -> None:
    """The keeper is its parent; killed with it, a job has not ended well."""
    status = api.run("kill -KILL $PPID; sleep 5; exit 0")
    assert status["complete"] == "true"
    assert (status["status"], status["returncode"]) != ("complete", 0)
