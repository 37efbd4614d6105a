"""What a job leaves behind is found and comes back to where Galaxy wants it."""

from __future__ import annotations

import json

import pytest

from runtime.tests.interop.galaxy_job import NewJob

GALAXY_JSON = [{"path": "galaxy.json", "type": "galaxy"}]


def test_a_file_of_the_working_directory(new_job: NewJob) -> None:
    job = new_job()
    made = job.output("dataset_1.dat")
    job.from_work_dir("sub dir/result.txt", made)
    job.run("mkdir 'sub dir'; echo found > 'sub dir/result.txt'")
    assert made.read_text() == "found\n"


def test_a_file_of_the_working_directory_found_by_a_pattern(new_job: NewJob) -> None:
    job = new_job()
    made = job.output("dataset_1.dat")
    job.from_work_dir("out_*.t?t", made)
    job.run("echo other > out.bin; echo found > out_17.txt")
    assert made.read_text() == "found\n"


def test_a_directory_of_the_working_directory(new_job: NewJob) -> None:
    job = new_job()
    job.output("dataset_1.dat")
    made = job.data / "dataset_1_files"
    job.from_work_dir("result", made)
    job.run("mkdir -p result/sub; echo 1 > result/one; echo 2 > 'result/sub/two ☃'")
    assert (made / "one").read_text() == "1\n"
    assert (made / "sub" / "two ☃").read_text() == "2\n"


def test_a_missing_file_of_the_working_directory_spoils_nothing_else(new_job: NewJob) -> None:
    """Whether the collection as a whole failed is for the library to say: 0.16 says yes, 0.15.15 no."""
    job = new_job()
    missing = job.output("dataset_1.dat")
    job.from_work_dir("never_written.txt", missing)
    made = job.output("dataset_2.dat")
    job.submit(f"echo written > {made}")
    job.wait()
    job.finish(job.status())
    assert made.read_text() == "written\n"


def test_extra_files_of_an_output(new_job: NewJob) -> None:
    job = new_job()
    made = job.output("dataset_1.dat")
    job.run(
        f"echo page > {made}; extra=$(dirname {made})/dataset_1_files; "
        "mkdir -p $extra/sub; echo 1 > $extra/sub/a.txt"
    )
    assert made.read_text() == "page\n"
    assert made.with_name("dataset_1_files").joinpath("sub", "a.txt").read_text() == "1\n"


def test_the_version_of_the_program(new_job: NewJob) -> None:
    job = new_job()
    version = job.version_output()
    job.run(f"echo 'samtools 1.21' > {version}")
    assert version.read_text() == "samtools 1.21\n"


def test_outputs_that_the_tool_never_writes_are_empty(new_job: NewJob) -> None:
    """`touch_outputs`: Galaxy's metadata step wants every output to exist."""
    job = new_job()
    made = job.output("dataset_1.dat")
    status = job.run("true")
    assert status["outputs_directory_contents"] == ["dataset_1.dat"]
    assert made.read_text() == ""


def test_an_output_that_is_touched_keeps_what_the_tool_appends(new_job: NewJob) -> None:
    job = new_job()
    made = job.output("dataset_1.dat")
    job.run(f"echo one >> {made}; echo two >> {made}")
    assert made.read_text() == "one\ntwo\n"


def test_files_named_in_galaxy_json(new_job: NewJob) -> None:
    job = new_job()
    told = {"output1": {"elements": [{"filename": "found/one.txt"}, {"extra_files": "found/more"}]}}
    told_text = json.dumps(told)
    status = job.run(
        f"echo '{told_text}' > galaxy.json; mkdir -p found/more; echo 1 > found/one.txt; "
        "echo 2 > found/more/two.txt; echo 3 > found/three.txt",
        dynamic_file_sources=GALAXY_JSON,
    )
    assert status["realized_dynamic_file_sources"] == [{**GALAXY_JSON[0], "contents": f"{told_text}\n"}]
    collected = job.working_directory
    assert json.loads((collected / "galaxy.json").read_text()) == told
    assert (collected / "found" / "one.txt").read_text() == "1\n"
    assert (collected / "found" / "more" / "two.txt").read_text() == "2\n"
    assert not (collected / "found" / "three.txt").exists()


def test_a_galaxy_json_that_the_tool_never_writes_is_left_out(new_job: NewJob) -> None:
    status = new_job().run("true", dynamic_file_sources=GALAXY_JSON)
    assert status["realized_dynamic_file_sources"] == []


def test_discovered_datasets(new_job: NewJob) -> None:
    job = new_job()
    described = {"pattern": r"(?P<name>.+)\.fasta$", "directory": "split", "discover_via": "pattern"}
    job.run(
        "mkdir split; echo a > split/a.fasta; echo b > split/b.txt; echo c > primary_1_c.txt; echo d > d.txt",
        dataset_collector_descriptions=[described],
    )
    collected = {str(path.relative_to(job.working_directory)) for path in job.working_directory.rglob("*.*")}
    assert collected == {"split/a.fasta", "primary_1_c.txt"}


@pytest.mark.parametrize("transport", ["urllib", "curl"])
def test_files_of_the_metadata_directory(new_job: NewJob, transport: str) -> None:
    job = new_job(manager_options={"transport": transport})
    job.run("echo said; mkdir -p ../metadata/outputs_populated; echo 1 > ../metadata/outputs_populated/one")
    assert (job.metadata_directory / "tool_stdout").read_text() == "said\n"
    assert (job.metadata_directory / "outputs_populated" / "one").read_text() == "1\n"


def test_contents_are_listed_as_galaxy_reads_them(new_job: NewJob) -> None:
    """Protocol section 3.2: only the job directory's list is flat and has directories."""
    job = new_job()
    made = job.output("dataset_1.dat")
    config = job.config("params.txt", "")
    status = job.run(
        f"cat {config}; echo 1 > {made}; mkdir -p sub/empty; touch sub/file; "
        "ln -s sub linked; ln -s sub/file link; mkdir -p ../metadata/deep; touch ../metadata/deep/file"
    )
    assert sorted(status["working_directory_contents"]) == ["link", "sub/file"]
    assert status["outputs_directory_contents"] == ["dataset_1.dat"]
    assert {"tool_stdout", "tool_stderr", "deep/file"} <= set(status["metadata_directory_contents"])
    layout = {"working", "outputs", "configs", "inputs", "tool_files", "metadata"}
    assert {*layout, "tool_script.sh", f"galaxy_{job.job_id}.ec"} <= set(status["job_directory_contents"])
    assert not [name for name in status["job_directory_contents"] if "/" in name]
