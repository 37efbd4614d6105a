"""A job from its setup to its removal, over each transport that the client library offers."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from packaging.version import Version

from runtime.tests.interop.galaxy_job import NewJob
from runtime.tests.live_server import LiveServer

#: protocol.md section 2.1; the tool's keys are there because Galaxy always names the tool
SETUP_KEYS = {
    "job_directory",
    "working_directory",
    "metadata_directory",
    "outputs_directory",
    "configs_directory",
    "tools_directory",
    "inputs_directory",
    "unstructured_files_directory",
    "path_separator",
    "job_id",
    "system_properties",
    "pulsar_version",
    "preserve_galaxy_python_environment",
    "tool_id",
    "tool_version",
}
#: protocol.md section 3.2
FINAL_KEYS = {
    "job_id",
    "complete",
    "status",
    "returncode",
    "stdout",
    "stderr",
    "job_stdout",
    "job_stderr",
    "working_directory",
    "metadata_directory",
    "job_directory",
    "working_directory_contents",
    "metadata_directory_contents",
    "outputs_directory_contents",
    "job_directory_contents",
    "system_properties",
    "pulsar_version",
    "realized_dynamic_file_sources",
}
#: protocol.md section 3.3: the order in which a job that ends well may be seen
ORDER = ("preprocessing", "queued", "running", "postprocessing", "complete")


@pytest.mark.parametrize("transport", ["urllib", "curl"])
@pytest.mark.parametrize("client_rewrites", [False, True])
def test_a_job_reads_its_input_and_its_output_comes_back(
    new_job: NewJob, server: LiveServer, transport: str, *, client_rewrites: bool
) -> None:
    job = new_job(manager_options={"transport": transport}, client_rewrites=client_rewrites)
    given = job.input("dataset_1.dat", "alpha\nbeta\n")
    made = job.output("dataset_2.dat")

    job.submit(f"cat {given} > {made}; echo said; echo warned >&2")
    seen = job.wait()
    status = job.status()
    job.finish(status)

    assert seen == sorted(seen, key=ORDER.index)
    assert set(status) == FINAL_KEYS
    assert (status["status"], status["complete"], status["returncode"]) == ("complete", "true", 0)
    assert (status["stdout"], status["stderr"]) == ("said\n", "warned\n")
    assert made.read_text() == "alpha\nbeta\n"
    assert not (server.staging / job.job_id).exists()
    assert job.status()["status"] == "lost"


def test_the_setup_answer_has_what_galaxy_reads(new_job: NewJob, server: LiveServer) -> None:
    job = new_job()
    job.submit("true")
    job.wait()

    assert set(job.setup) - {"touch_outputs"} == SETUP_KEYS, "the client adds touch_outputs itself"
    directory = server.staging / job.job_id
    assert job.setup["job_directory"] == str(directory)
    assert job.setup["tools_directory"] == str(directory / "tool_files")
    assert job.setup["unstructured_files_directory"] == str(directory / "unstructured")
    for name in ("working", "metadata", "outputs", "configs", "inputs"):
        assert job.setup[f"{name}_directory"] == str(directory / name)
        assert (directory / name).is_dir()
    assert job.setup["system_properties"]["separator"] == job.setup["path_separator"] == "/"
    assert (job.setup["tool_id"], job.setup["tool_version"]) == ("interop_tool", "1.0")
    for version in (job.setup["pulsar_version"], job.status()["pulsar_version"]):
        assert Version(version) >= Version("0.15.13"), "below, Galaxy leaves features out"


@pytest.mark.parametrize("code", [0, 3, 255])
def test_the_exit_code_of_the_tool_is_reported(new_job: NewJob, code: int) -> None:
    job = new_job()
    status = job.run(f"exit {code}")
    assert (status["status"], status["returncode"]) == ("complete", code)
    assert f"galaxy_{job.job_id}.ec" in status["job_directory_contents"]


def test_a_tool_that_is_killed_is_complete_with_the_code_of_its_shell(new_job: NewJob) -> None:
    assert new_job().run("kill -KILL $$")["returncode"] == 137


def test_a_job_script_that_is_killed_is_complete_with_the_signal_as_its_code(new_job: NewJob) -> None:
    status = new_job().run("kill -KILL $PPID; sleep 60 & wait")
    assert status["status"] == "complete"
    assert status["returncode"] in (-9, 137)


def test_streams_that_are_not_utf_8_are_decoded_with_replacement(new_job: NewJob) -> None:
    job = new_job()
    status = job.run(r"printf 'a\xffb'", env=[{"execute": r"printf 'c\xffd'; printf 'e\xfff' >&2"}])
    assert status["stdout"] == "a\ufffdb"
    assert (status["job_stdout"], status["job_stderr"]) == ("c\ufffdd", "e\ufffdf")


@pytest.mark.parametrize("transport", ["urllib", "curl"])
def test_names_and_contents_may_be_unicode(new_job: NewJob, transport: str) -> None:
    job = new_job(manager_options={"transport": transport})
    given = job.input("naïve ☃ 日本.dat", "grüße ☃\n")
    made = job.output("élan ☃.dat")
    config = job.config("réglages.txt", "clé=☃\n")
    job.from_work_dir("sous dossier/résultat ☃.txt", found := job.output("dataset_3.dat"))

    status = job.run(
        f"cat '{given}' '{config}' > '{made}'; echo 'ünïcödé ☃'; "
        "mkdir 'sous dossier'; echo '☃' > 'sous dossier/résultat ☃.txt'",
        env=[{"name": "GREETING", "value": "grüße"}],
    )

    assert status["stdout"] == "ünïcödé ☃\n"
    assert made.read_text() == "grüße ☃\nclé=☃\n"
    assert found.read_text() == "☃\n"


@pytest.mark.parametrize("transport", ["urllib", "curl"])
def test_a_command_line_may_be_very_long(new_job: NewJob, transport: str) -> None:
    job = new_job(client_rewrites=True, manager_options={"transport": transport})
    text = "0123456789 " * 27_000
    made = job.output("dataset_1.dat")
    job.run(f"cat > {made} <<'END'\n{text}\nEND\n")
    assert made.read_text() == f"{text}\n"


def test_a_job_may_have_a_hundred_inputs(new_job: NewJob) -> None:
    job = new_job()
    given = [job.input(f"dataset_{number}.dat", f"{number}\n") for number in range(100)]
    made = job.output("dataset_200.dat")
    job.run(f"cat {' '.join(map(str, given))} > {made}")
    assert made.read_text() == "".join(f"{number}\n" for number in range(100))


def test_binary_data_comes_back_as_it_went(new_job: NewJob) -> None:
    job = new_job()
    content = bytes(range(256)) * 8192
    given = job.input("dataset_1.dat", content)
    empty = job.input("dataset_2.dat", b"")
    made = job.output("dataset_3.dat")
    job.run(f"cat {given} {empty} > {made}")
    assert made.read_bytes() == content


def test_a_job_is_kept_until_the_client_cleans_it(new_job: NewJob, server: LiveServer) -> None:
    job = new_job()
    job.submit("true")
    job.wait()
    job.finish(job.status(), cleanup="never")
    assert (server.staging / job.job_id).is_dir()

    job.clean()

    assert not (server.staging / job.job_id).exists()
    assert job.status()["status"] == "lost"


def test_an_id_may_be_used_again_after_its_job_was_cleaned(new_job: NewJob) -> None:
    first = new_job()
    first.run("echo first")
    again = new_job(job_id=first.job_id)
    assert again.run("echo second")["stdout"] == "second\n"


def test_an_id_may_be_used_again_after_its_job_ended(new_job: NewJob) -> None:
    """Galaxy sends no DELETE after a failure and uses the id once more."""
    first = new_job()
    made = first.output("dataset_1.dat")
    first.submit(f"echo first > {made}; echo left > left_behind; exit 1")
    first.wait()
    again = new_job(job_id=first.job_id)

    status = again.run("echo second")

    assert (status["returncode"], status["stdout"]) == (0, "second\n")
    assert status["working_directory_contents"] == []
    assert status["outputs_directory_contents"] == []


def test_a_job_whose_files_cannot_be_fetched_fails_with_a_reason(new_job: NewJob) -> None:
    job = new_job(default_file_action="remote_transfer", manager="impatient")
    job.input("dataset_1.dat", "alpha\n")
    job.submit("true")
    assert job.wait()[-1] == "failed"
    status = job.status()
    assert set(status) == FINAL_KEYS
    assert status["returncode"] == 1
    assert "Connection refused" in status["job_stderr"]


def test_a_second_submit_of_a_job_does_nothing(new_job: NewJob, server: LiveServer) -> None:
    job = new_job()
    job.submit("echo once >> ../ran; sleep 0.2")
    job.wait("running")
    again = {"command_line": "echo twice >> ../ran", "private_token": server.token}
    for _ in range(2):
        answer = requests.post(f"{server.url}jobs/{job.job_id}/submit", params=again, timeout=10)
        assert (answer.status_code, answer.text) == (200, "OK")
        job.wait()
    assert Path(job.setup["job_directory"], "ran").read_text() == "once\n"
